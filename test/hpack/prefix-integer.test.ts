import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { HPACKDecodingError } from '../../src/hpack/decoding-error.ts'
import { MAX_INTEGER_OCTETS, readInteger, writeInteger } from '../../src/hpack/prefix-integer.ts'
import { hex, octets } from './hex.ts'

const read = (wire: string, prefix: number) => {
  const buf = octets(wire)
  const cursor = { buf, at: 0, end: buf.length }
  return { value: readInteger(cursor, 2 ** prefix - 1), at: cursor.at }
}

describe('RFC 7541 §5.1: integers', () => {
  const cases: [name: string, value: number, prefix: number, pattern: number, wire: string][] = [
    ['C.1.1: 10 in five bits', 10, 5, 0x00, '0a'],
    ['C.1.2: 1337 in five bits', 1337, 5, 0x00, '1f 9a 0a'],
    ['C.1.3: 42 in eight bits', 42, 8, 0x00, '2a'],
    ['the largest that fits the prefix', 30, 5, 0x20, '3e'],
    ['the smallest that does not', 31, 5, 0x20, '3f 00'],
    ['a full continuation octet', 127 + 127, 7, 0x80, 'ff 7f'],
    ['a second continuation octet', 127 + 128, 7, 0x80, 'ff 80 01'],
    ['2^31 - 1 in seven bits', 0x7fffffff, 7, 0x80, 'ff 80 ff ff ff 07'],
    ['2^31 - 1 in four bits', 0x7fffffff, 4, 0x10, '1f f0 ff ff ff 07'],
  ]
  test.each(cases)('%s, both ways', (_, value, prefix, pattern, wire) => {
    expect(read(wire, prefix)).toEqual({ value, at: octets(wire).length })
    const bytes = new Uint8Array(8)
    const end = writeInteger(bytes, 0, pattern, 2 ** prefix - 1, value)
    expect(hex(bytes.subarray(0, end))).toBe(wire.replaceAll(' ', ''))
  })

  it('reads zeros behind the value up to the sixth octet', () => {
    expect(read('1f 80 80 80 80 00', 5)).toEqual({ value: 31, at: 6 })
  })

  const invalid: [name: string, wire: string, rule: RegExp][] = [
    ['cut off after the prefix', '1f', /cut off/],
    ['cut off in the middle', '1f 80', /cut off/],
    ['a seventh octet', '1f 80 80 80 80 80 00', /more than 6 octets/],
    ['2^31', 'ff 81 ff ff ff 07', /above 2\^31 - 1/],
    ['five full octets', '1f ff ff ff ff 7f', /above 2\^31 - 1/],
  ]
  test.each(invalid)('refuses %s', (name, wire, rule) => {
    const prefix = name === '2^31' ? 7 : 5
    expect(() => read(wire, prefix)).toThrow(HPACKDecodingError)
    expect(() => read(wire, prefix)).toThrow(rule)
  })

  it('does not look behind the end of the block', () => {
    const buf = octets('1f 80 01')
    expect(() => readInteger({ buf, at: 0, end: 2 }, 0x1f)).toThrow(/cut off/)
    expect(() => readInteger({ buf, at: 0, end: 1 }, 0x1f)).toThrow(/cut off/)
  })

  it('does not look behind the sixth octet of a long run', () => {
    let reads = 0
    const buf = new Proxy(new Uint8Array(1 << 16).fill(0x80), {
      get(target, key) {
        reads++
        return target[key as unknown as number]
      },
    })
    buf[0] = 0xff
    expect(() => readInteger({ buf, at: 0, end: 1 << 16 }, 0x7f)).toThrow(HPACKDecodingError)
    expect(reads).toBe(MAX_INTEGER_OCTETS)
  })

  it('gives back every integer in every prefix', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0x7fffffff }),
        fc.integer({ min: 4, max: 8 }),
        (value, prefix) => {
          const buf = new Uint8Array(MAX_INTEGER_OCTETS + 1)
          const end = writeInteger(buf, 1, 0, 2 ** prefix - 1, value)
          const cursor = { buf, at: 1, end }
          expect(readInteger(cursor, 2 ** prefix - 1)).toBe(value)
          expect(cursor.at).toBe(end)
        },
      ),
    )
  })
})
