import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { HPACKDecodingError } from '../../src/hpack/decoding-error.ts'
import { decodeHuffman, huffmanLength, maxDecodedLength, writeHuffman } from '../../src/hpack/huffman.ts'
import { CODE_LENGTHS, CODES, EOS } from '../../src/hpack/huffman-code.ts'
import { hex, octets } from './hex.ts'

function encode(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 4)
  return bytes.subarray(0, writeHuffman(text, bytes, 0))
}

function decode(bytes: Uint8Array): string {
  const into = new Uint8Array(maxDecodedLength(bytes.length) + 1)
  return String.fromCharCode(...into.subarray(0, decodeHuffman(bytes, 0, bytes.length, into)))
}

/** Octets of a text of zeros and ones, whose length must be a multiple of eight. */
function fromBits(bits: string): Uint8Array {
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (octet) => Number.parseInt(octet, 2))
}

function codeBits(symbol: number): string {
  return CODES[symbol]!.toString(2).padStart(CODE_LENGTHS[symbol]!, '0')
}

const anyText = fc
  .array(fc.integer({ min: 0, max: 0xff }), { maxLength: 80 })
  .map((codes) => String.fromCharCode(...codes))

describe('RFC 7541 §5.2: Huffman coding', () => {
  test.each([
    ['C.4.1', 'www.example.com', 'f1e3c2e5f23a6ba0ab90f4ff'],
    ['C.4.2', 'no-cache', 'a8eb10649cbf'],
    ['C.4.3', 'custom-value', '25a849e95bb8e8b4bf'],
    ['C.6.1', 'Mon, 21 Oct 2013 20:13:21 GMT', 'd07abe941054d444a8200595040b8166e082a62d1bff'],
    ['the empty string', '', ''],
  ])('%s: %s, both ways', (_, text, wire) => {
    expect(hex(encode(text))).toBe(wire)
    expect(huffmanLength(text)).toBe(wire.length / 2)
    expect(decode(octets(wire))).toBe(text)
  })

  it('writes and reads the code of each octet at each of eight bit positions', () => {
    for (let symbol = 0; symbol < EOS; symbol++) {
      // '0' takes five bits, so up to seven of them reach every position.
      for (let before = 0; before < 8; before++) {
        const text = '0'.repeat(before) + String.fromCharCode(symbol)
        const bits = codeBits(0x30).repeat(before) + codeBits(symbol)
        const wire = fromBits(bits.padEnd(Math.ceil(bits.length / 8) * 8, '1'))
        expect(hex(encode(text))).toBe(hex(wire))
        expect(decode(wire)).toBe(text)
      }
    }
  })

  it('gives back every string', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const bytes = encode(text)
        expect(bytes.length).toBe(huffmanLength(text))
        expect(decode(bytes)).toBe(text)
      }),
    )
  })

  it('accepts one padding only for each number of bits left', () => {
    // After n times '0' (five bits each) every count of padding bits from 0 to 7 comes up.
    for (let count = 1; count <= 8; count++) {
      const bits = codeBits(0x30).repeat(count)
      const room = (8 - (bits.length % 8)) % 8
      // Fewer than five bits cannot hold a code, more than four are read as one unless they begin EOS.
      for (let padding = 0; padding < 2 ** room; padding++) {
        const tail = room === 0 ? '' : padding.toString(2).padStart(room, '0')
        const wire = fromBits(bits + tail)
        const symbol = room < 5 ? undefined : [...Array(256).keys()].find((s) => tail.startsWith(codeBits(s)))
        const rest = symbol === undefined ? tail : tail.slice(CODE_LENGTHS[symbol])
        if (rest.includes('0')) {
          expect(() => decode(wire), tail).toThrow(/Huffman padding that is not all ones/)
        } else {
          const last = symbol === undefined ? '' : String.fromCharCode(symbol)
          expect(decode(wire)).toBe('0'.repeat(count) + last)
        }
      }
    }
  })

  const invalid: [name: string, wire: string, rule: RegExp][] = [
    ['EOS', 'ff ff ff ff', /EOS/],
    ['EOS behind a symbol', '07 ff ff ff ff', /EOS/],
    ['EOS with a symbol behind it', 'ff ff ff fc 1f', /EOS/],
    ['eight bits of padding', 'ff', /more than 7 bits/],
    ['eight bits of padding behind full octets', 'f8 ff', /more than 7 bits/],
    ['29 ones, one short of EOS', '07 ff ff ff', /more than 7 bits/],
    ['zeros', '00', /not all ones/],
    ['a code cut off', 'ff c0', /not all ones/],
  ]
  test.each(invalid)('refuses %s', (_, wire, rule) => {
    expect(() => decode(octets(wire))).toThrow(HPACKDecodingError)
    expect(() => decode(octets(wire))).toThrow(rule)
  })

  it('decodes what it is given and nothing beside it', () => {
    const wire = octets('ff a8eb10649cbf ff')
    const into = new Uint8Array(20)
    expect(decodeHuffman(wire, 1, 7, into)).toBe('no-cache'.length)
  })

  it('refuses to code a character above 0xFF', () => {
    expect(() => huffmanLength('a\u0100')).toThrow(TypeError)
    expect(() => huffmanLength('\u20ac')).toThrow(TypeError)
  })
})
