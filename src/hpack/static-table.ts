/**
 * The static table of RFC 7541 Appendix A. One rule: the first entry has index
 * 1, so place 0 of each array is empty and never read.
 */
import { fieldSize } from './header-field.ts'

const ENTRIES: readonly (readonly [name: string, value: string])[] = [
  [':authority', ''],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  [':status', '200'],
  [':status', '204'],
  [':status', '206'],
  [':status', '304'],
  [':status', '400'],
  [':status', '404'],
  [':status', '500'],
  ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'],
  ['accept-language', ''],
  ['accept-ranges', ''],
  ['accept', ''],
  ['access-control-allow-origin', ''],
  ['age', ''],
  ['allow', ''],
  ['authorization', ''],
  ['cache-control', ''],
  ['content-disposition', ''],
  ['content-encoding', ''],
  ['content-language', ''],
  ['content-length', ''],
  ['content-location', ''],
  ['content-range', ''],
  ['content-type', ''],
  ['cookie', ''],
  ['date', ''],
  ['etag', ''],
  ['expect', ''],
  ['expires', ''],
  ['from', ''],
  ['host', ''],
  ['if-match', ''],
  ['if-modified-since', ''],
  ['if-none-match', ''],
  ['if-range', ''],
  ['if-unmodified-since', ''],
  ['last-modified', ''],
  ['link', ''],
  ['location', ''],
  ['max-forwards', ''],
  ['proxy-authenticate', ''],
  ['proxy-authorization', ''],
  ['range', ''],
  ['referer', ''],
  ['refresh', ''],
  ['retry-after', ''],
  ['server', ''],
  ['set-cookie', ''],
  ['strict-transport-security', ''],
  ['transfer-encoding', ''],
  ['user-agent', ''],
  ['vary', ''],
  ['via', ''],
  ['www-authenticate', ''],
]

/** Entries in the static table; the dynamic table begins one index later (RFC 7541 §2.3.3). */
export const STATIC_LENGTH = ENTRIES.length

/** Names by index. */
export const STATIC_NAMES: readonly string[] = ['', ...ENTRIES.map(([name]) => name)]

/** Values by index; empty for an entry that is there for its name. */
export const STATIC_VALUES: readonly string[] = ['', ...ENTRIES.map(([, value]) => value)]

/** Sizes by index (RFC 7541 §4.1). */
export const STATIC_SIZES: readonly number[] = [
  0,
  ...ENTRIES.map(([name, value]) => fieldSize(name.length, value.length)),
]
