import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { Content } from '../../../src/client/response/content.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')

describe('Content', () => {
  test('gives what was put in, however it is taken', () => {
    const pieces = fc.array(fc.tuple(fc.uint8Array({ maxLength: 20 }), fc.boolean()))
    fc.assert(
      fc.property(pieces, fc.array(fc.integer({ min: 1, max: 30 })), fc.nat(300), (put, takes, announced) => {
        const content = new Content(announced)
        const all: number[] = []
        const taken: number[] = []
        const sizes = [...takes]
        for (const [bytes, frameEnd] of put) {
          const lent = Uint8Array.from([0, ...bytes, 0])
          content.push(lent, 1, 1 + bytes.length, frameEnd)
          lent.fill(0xdb)
          all.push(...bytes)
          const size = sizes.shift()
          if (size !== undefined) {
            const piece = content.take(size)
            expect(piece.length).toBeLessThanOrEqual(size)
            taken.push(...piece)
            // What was handed out is the reader's, to change or to transfer.
            piece.fill(0xee)
            if (piece.byteLength > 0)
              structuredClone(piece.buffer, { transfer: [piece.buffer as ArrayBuffer] })
          }
          expect(content.length).toBe(all.length - taken.length)
        }
        taken.push(...content.takeAll())
        expect(taken).toEqual(all)
        expect(content.length).toBe(0)
        expect(content.hasFrame).toBe(false)
      }),
    )
  })

  it.each<[string, [string, boolean][], string[]]>([
    ['a frame in one piece', [['abc', true]], ['abc']],
    ['a frame in pieces', [['a', false], ['b', false], ['c', true]], ['abc']], // biome-ignore format: a table
    ['an end of its own', [['ab', false], ['', true]], ['ab']], // biome-ignore format: a table
    ['frames without content', [['', true], ['a', true], ['', true]], ['a']], // biome-ignore format: a table
    ['two frames', [['a', true], ['bc', true]], ['a', 'bc']], // biome-ignore format: a table
  ])('frames: %s', (_, put, frames) => {
    for (const announced of [0, 3, 10]) {
      const content = new Content(announced)
      for (const [piece, frameEnd] of put) content.push(Buffer.from(piece), 0, piece.length, frameEnd)
      const found: string[] = []
      while (content.hasFrame) found.push(text(content.takeFrame()))
      expect(found).toEqual(frames)
    }
  })

  test('frames of one octet that nobody reads share memory, however many', () => {
    const content = new Content(0)
    for (let i = 0; i < 16_000; i++) content.push(Buffer.from('x'), 0, 1, true)
    let [pieces, octets] = [0, 0]
    for (let piece = content.take(65_536); piece.length > 0; piece = content.take(65_536)) {
      pieces += 1
      octets += piece.length
      expect(piece.buffer.byteLength).toBeLessThanOrEqual(4 * piece.length)
    }
    expect(octets).toBe(16_000)
    expect(pieces).toBeLessThanOrEqual(20)
  })

  test('a frame of which a part was taken', () => {
    const content = new Content(0)
    content.push(Buffer.from('abc'), 0, 3, true)
    content.push(Buffer.from('de'), 0, 2, true)
    expect(text(content.take(2))).toBe('ab')
    expect(text(content.takeFrame())).toBe('c')
    expect(text(content.takeFrame())).toBe('de')
  })

  test('more than 4,096 small frames are not kept apart, and cost no more than their octets', () => {
    const content = new Content(0)
    const octet = Buffer.from('x')
    for (let i = 0; i < 300_000; i++) content.push(octet, 0, 1, true)
    const sizes: number[] = []
    while (content.hasFrame) sizes.push(content.takeFrame().length)
    expect(sizes.length).toBe(4096)
    expect(sizes.slice(0, 4095).every((size) => size === 1)).toBe(true)
    expect(sizes[4095]).toBe(300_000 - 4095)
    content.push(octet, 0, 1, true)
    content.push(octet, 0, 1, true)
    expect(text(content.takeFrame())).toBe('x')
  })

  test('a reader that keeps up gets what a chunk brought in one piece, in no more memory than that', () => {
    const content = new Content(1_000_000)
    const chunk = new Uint8Array(5_000)
    content.push(new Uint8Array(20_000), 0, 20_000, true)
    content.take(20_000)
    for (let i = 0; i < 10; i++) {
      content.push(chunk, 0, 9, true)
      content.push(chunk, 18, 5_000, false)
      const piece = content.take(1_000_000)
      expect(piece.length).toBe(4_991)
      expect(piece.buffer.byteLength).toBeLessThanOrEqual(5_000)
    }
  })

  test('what waits is kept in large pieces, however small it came', () => {
    const content = new Content(1_000_000)
    for (let i = 0; i < 200; i++) content.push(new Uint8Array(500), 0, 500, false)
    const sizes: number[] = []
    while (content.length > 0) sizes.push(content.take(1_000_000).length)
    expect(sizes.length).toBeLessThan(60)
  })

  test('a small body that was announced is collected in one piece of memory', () => {
    const content = new Content(6)
    for (const letter of 'abcdef') content.push(Buffer.from(letter), 0, 1, false)
    const all = content.takeAll()
    expect(text(all)).toBe('abcdef')
    expect(all.buffer.byteLength).toBe(6)
  })
})
