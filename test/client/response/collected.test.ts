import { describe, expect, it, test } from 'vitest'
import { Collected } from '../../../src/client/response/collected.ts'

const PIECE = new Uint8Array(16_384).fill(7)

/** Octets of memory that collecting so many octets takes, with so many announced. */
function taken(octets: number, announced: number, bodies: number): number {
  const before = process.memoryUsage().arrayBuffers
  const kept = Array.from({ length: bodies }, () => {
    const collected = new Collected(new Uint8Array(0), announced)
    for (let at = 0; at < octets; at += PIECE.length) {
      collected.push(PIECE, 0, Math.min(PIECE.length, octets - at))
    }
    return collected
  })
  const most = process.memoryUsage().arrayBuffers - before
  for (const one of kept) expect(one.take().length).toBe(octets)
  return most
}

// RFC 9110 §8.6: content-length is what the sender says.
test.each([0, 1_000_000, 100_000_000, 2 ** 40])(
  '40 bodies of 8 KiB that announce %i octets cost a few times what they are, and not what they say',
  (announced) => {
    expect(taken(8192, announced, 40)).toBeLessThan(40 * 16 * 8192 + 1_000_000)
  },
)

describe('all that was announced', () => {
  it.each([1, 16_384, 65_536, 1_000_000, 20_000_000])('is given in one array: %i octets', (octets) => {
    const collected = new Collected(new Uint8Array(0), octets)
    for (let at = 0; at < octets; at += PIECE.length) {
      collected.push(PIECE, 0, Math.min(PIECE.length, octets - at))
    }
    const all = collected.take()
    expect([all.length, all.buffer.byteLength, all[0], all.at(-1)]).toEqual([octets, octets, 7, 7])
  })
})

test('more than was announced is collected, too', () => {
  const collected = new Collected(new Uint8Array(0), 20_000)
  for (let i = 0; i < 10; i++) collected.push(PIECE, 0, PIECE.length)
  expect(collected.take()).toEqual(new Uint8Array(163_840).fill(7))
})
