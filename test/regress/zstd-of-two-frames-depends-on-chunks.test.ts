import { expect, test } from 'vitest'
import { decoder } from '../../src/transport/node-decode.ts'
import { ZSTD_FRAMES, ZSTD_TEXT } from '../transport/zstd-samples.ts'

/** The text twice, with a frame that is to be skipped between (RFC 8878 §3.1). */
const FRAMES = [ZSTD_FRAMES[0]!, ZSTD_FRAMES.at(-1)!, ZSTD_FRAMES[1]!]
const CONTENT = Buffer.from(FRAMES.map(([, hex]) => hex).join(''), 'hex')

async function outcome(size: number): Promise<string> {
  async function* source(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < CONTENT.length; at += size) yield CONTENT.subarray(at, at + size)
  }
  const decode = decoder('zstd')
  if (decode === undefined) return 'this runtime has no zstd'
  const pieces: Uint8Array[] = []
  for await (const piece of decode(source())) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

test.each([1, 7, 22, 23, 1000])('zstd of several frames in chunks of %i is all of them', async (size) => {
  const expected = decoder('zstd') === undefined ? 'this runtime has no zstd' : ZSTD_TEXT + ZSTD_TEXT
  expect(await outcome(size)).toBe(expected)
})
