/** Heads of responses (RFC 9113 §8.2, §8.3.2) of any fields, held against the rules stated once more. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { EnginePair } from '../support/engine.ts'
import { headers, RST_STREAM } from '../support/wire.ts'
import { FUZZ_TIMEOUT, fuzz } from './rounds.ts'

type Field = readonly [name: string, value: string]

const octets = fc
  .uint8Array({ maxLength: 8 })
  .map((bytes) => Array.from(bytes, (octet) => String.fromCharCode(octet)).join(''))
const SPECIAL = ['te', 'connection', 'upgrade', 'keep-alive', 'transfer-encoding', 'proxy-connection']
const field: fc.Arbitrary<Field> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constantFrom('server', 'x-a', 'host', 'set-cookie'), fc.constant('a b')),
  },
  { weight: 1, arbitrary: fc.tuple(octets, octets) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('x'), octets) },
  { weight: 1, arbitrary: fc.tuple(octets, fc.constant('')) },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constant('content-length'),
      fc.constantFrom('1', '1', '01', '-1', '', '2', '9'.repeat(16)),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom(...SPECIAL, ':path', ':status', 'X-A'), fc.constant('200')),
  },
)
const status = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('200', '204', '404', '103', '999') },
  { weight: 1, arbitrary: fc.constantFrom('101', '099', '1000', '20', '2e2', ' 20', '') },
  { weight: 1, arbitrary: octets },
)
const head = fc
  .tuple(status, fc.array(field, { maxLength: 6 }), fc.nat(30))
  .map(([code, fields, at]): Field[] => {
    const rest = [...fields]
    // Mostly in front, where it belongs.
    rest.splice(at > 27 ? 1 : 0, 0, [':status', code])
    return rest
  })

function isNameOctet(code: number): boolean {
  const upperCase = code >= 0x41 && code <= 0x5a
  return code > 0x20 && code < 0x7f && !upperCase && code !== 0x3a
}

function isMalformed([first, ...rest]: readonly Field[]): boolean {
  if (first?.[0] !== ':status' || !/^[1-9][0-9][0-9]$/.test(first[1]) || first[1] === '101') return true
  const lengths = new Set<number>()
  for (const [name, value] of rest) {
    if (name.length === 0 || [...name].some((char) => !isNameOctet(char.charCodeAt(0)))) return true
    if (['\0', '\r', '\n'].some((char) => value.includes(char))) return true
    if ([' ', '\t'].some((char) => value.startsWith(char) || value.endsWith(char))) return true
    if (SPECIAL.includes(name) || name === 'http2-settings') return true
    if (name !== 'content-length') continue
    if (value.length === 0 || value.length > 15 || [...value].some((char) => char < '0' || char > '9'))
      return true
    lengths.add(Number(value))
  }
  return lengths.size > 1
}

it('a response head is told as it came if it keeps the rules, and is a stream error if not', {
  timeout: FUZZ_TIMEOUT,
}, async () => {
  const property = fc.property(head, (fields) => {
    const pair = EnginePair.ready()
    const request = pair.open()
    pair.frames()
    pair.receive(headers(1, fields))
    const resets = pair.frames().filter(({ type }) => type === RST_STREAM).length
    expect(pair.closed).toBe(false)
    if (isMalformed(fields)) {
      expect([request.failure?.errorCode, request.status, resets]).toEqual([1, 0, 1])
      return
    }
    const code = Number(fields[0]![1])
    const told = code < 200 ? request.informational[0] : request
    expect([request.failure, resets, told?.status]).toEqual([undefined, 0, code])
    expect(told?.fields).toEqual(fields.slice(1).flat())
  })
  await fuzz(property, 1500)
})
