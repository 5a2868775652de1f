import { expect, test } from 'vitest'
import { STATIC_LENGTH, STATIC_NAMES, STATIC_SIZES, STATIC_VALUES } from '../../src/hpack/static-table.ts'

/** RFC 7541 Appendix A, in order; the rows with a value have it behind an equals sign. */
const PRINTED = `
:authority
:method=GET
:method=POST
:path=/
:path=/index.html
:scheme=http
:scheme=https
:status=200
:status=204
:status=206
:status=304
:status=400
:status=404
:status=500
accept-charset
accept-encoding=gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate
`
  .trim()
  .split('\n')

test('RFC 7541 Appendix A: each of the 61 entries is the one printed, at its index', () => {
  expect(STATIC_LENGTH).toBe(61)
  const ours = STATIC_NAMES.map((name, index) =>
    STATIC_VALUES[index] === '' ? name : `${name}=${STATIC_VALUES[index]}`,
  )
  expect(ours).toEqual(['', ...PRINTED])
})

test.each([
  [1, 42],
  [2, 42],
  [16, 60],
  [61, 48],
])('RFC 7541 §4.1: entry %i counts for %i octets', (index, size) => {
  expect(STATIC_SIZES[index]).toBe(size)
})
