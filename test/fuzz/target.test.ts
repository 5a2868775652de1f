/** Targets (RFC 3986 §3.2, RFC 6454 §4) of any text: refused, or an origin that can be dialled and sent. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseTarget, type Target } from '../../src/client/settings/target.ts'
import { FUZZ_TIMEOUT, fuzz } from './rounds.ts'

const PIECES = [
  'https://',
  'http://',
  'HTTPS://',
  'ftp://',
  '//',
  'a.test',
  'EXAMPLE.com',
  'bücher.example',
  '127.0.0.1',
  '0x7f.1',
  '[::1]',
  '[::1',
  '[v1.x]',
  '%41',
  '%',
  '@',
  'user:pass@',
  ':',
  ':0',
  ':80',
  ':443',
  ':65536',
  ':99999999999',
  '/',
  '/path',
  '?q',
  '#f',
  '\\',
  ' ',
  '\t',
  '\r\n',
  '\0',
  '\u3002',
  '\ud800',
  '.',
  '-',
]
const text = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.array(fc.constantFrom(...PIECES), { maxLength: 6 }).map((pieces) => pieces.join('')),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  { weight: 1, arbitrary: fc.string({ maxLength: 20 }).map((host) => `https://${host}`) },
)
const anything = fc.oneof(
  { weight: 20, arbitrary: text },
  { weight: 3, arbitrary: fc.webUrl().map((url) => new URL(url)) },
  { weight: 1, arbitrary: fc.anything() },
)

it('a target is refused with TypeError or RangeError, or is an origin and nothing else', {
  timeout: FUZZ_TIMEOUT,
}, async () => {
  const property = fc.property(anything, fc.constantFrom(undefined, true, false), (given, secure) => {
    let target: Target
    try {
      target = parseTarget(given, secure)
    } catch (error) {
      const { name } = error as Error
      expect(['TypeError', 'RangeError']).toContain(name)
      return
    }
    expect(target.port >= 1 && target.port <= 65_535 && Number.isInteger(target.port)).toBe(true)
    expect(target.host).not.toBe('')
    expect(target.host).not.toMatch(/[\s@/?#\\[\]]/)
    expect(target.origin).toBe(`${target.secure ? 'https' : 'http'}://${target.authority}`)
    expect(new URL(target.origin).origin).toBe(target.origin)
    expect(parseTarget(target.origin, undefined)).toEqual(target)
    expect(parseTarget(target.authority, target.secure)).toEqual(target)
  })
  await fuzz(property, 2000)
})
