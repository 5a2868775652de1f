import { describe, expect, it, test } from 'vitest'
import {
  checkOctets,
  maxLiteralLength,
  newScratch,
  StringLiteral,
  writeLiteral,
} from '../../src/hpack/string-literal.ts'
import { hex, octets } from './hex.ts'

describe('RFC 7541 §5.2: string literals', () => {
  test.each([
    ['plain', '00 03 616263', 'abc'],
    ['Huffman-coded', '00 86 a8eb10649cbf', 'no-cache'],
    ['empty', '00 00', ''],
    ['empty, Huffman-coded', '00 80', ''],
  ])('reads one that is %s, at the cursor', (_, wire, text) => {
    const buf = octets(`${wire} ff`)
    const cursor = { buf, at: 1, end: buf.length }
    const literal = new StringLiteral(newScratch())
    literal.read(cursor)
    expect(literal.length).toBe(text.length)
    expect(literal.text()).toBe(text)
    expect(cursor.at).toBe(buf.length - 1)
    literal.release()
    expect(literal.text()).toBe('')
  })

  it('makes text of every length, one character for each octet', () => {
    const literal = new StringLiteral(newScratch())
    for (let length = 0; length < 70; length++) {
      const text = String.fromCharCode(...Array.from({ length }, (_, i) => (i * 37 + 128) & 0xff))
      const buf = Uint8Array.of(length, ...Array.from(text, (c) => c.charCodeAt(0)))
      literal.read({ buf, at: 0, end: buf.length })
      expect(literal.text()).toBe(text)
    }
  })

  test.each([
    ['shorter with Huffman', 'no-cache', '86a8eb10649cbf'],
    ['as long with Huffman', 'X', '0158'],
    ['longer with Huffman', '\x00\x01', '020001'],
    ['empty', '', '00'],
  ])('writes one that is %s', (_, text, wire) => {
    const bytes = new Uint8Array(maxLiteralLength(text))
    expect(hex(bytes.subarray(0, writeLiteral(bytes, 0, text)))).toBe(wire)
  })

  it('finds what cannot be octets', () => {
    expect(() => checkOctets('\xff')).not.toThrow()
    expect(() => checkOctets('\u0100')).toThrow(TypeError)
    expect(() => checkOctets(1)).toThrow(TypeError)
  })
})
