import { describe, expect, it, test } from 'vitest'
import { ZstdFrames } from '../../src/transport/zstd-frames.ts'
import { ZSTD_FRAMES } from './zstd-samples.ts'

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'))
}

/** Where frames end, or chunks within them, in all that is pushed. */
function ends(frames: ZstdFrames, ...chunks: Uint8Array[]): number[] {
  const found: number[] = []
  let before = 0
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      at += frames.push(chunk.subarray(at))
      found.push(before + at)
    }
    before += chunk.length
  }
  return found
}

function isComplete(...chunks: Uint8Array[]): boolean {
  const frames = new ZstdFrames()
  ends(frames, ...chunks)
  return frames.complete
}

describe('a Zstandard frame (RFC 8878 §3.1)', () => {
  test.each(ZSTD_FRAMES)('%s: is complete with its last byte, and not before', (_name, hex) => {
    const frame = bytes(hex)
    expect(isComplete(frame)).toBe(true)
    for (let end = 1; end < frame.length; end++) {
      expect(isComplete(frame.subarray(0, end))).toBe(false)
      expect(isComplete(frame.subarray(0, end), frame.subarray(end))).toBe(true)
    }
    expect(isComplete(...Array.from(frame, (byte) => Uint8Array.of(byte)))).toBe(true)
  })

  it('may follow another', () => {
    const all = ZSTD_FRAMES.map(([, hex]) => hex).join('')
    expect(isComplete(bytes(all))).toBe(true)
    expect(isComplete(bytes(all).subarray(0, -1))).toBe(false)
    let end = 0
    const expected = ZSTD_FRAMES.map(([, hex]) => {
      end += hex.length / 2
      return end
    })
    expect(ends(new ZstdFrames(), bytes(all))).toEqual(expected)
  })

  it('is not looked for in other data, on which the decoder passes judgement', () => {
    expect(isComplete(bytes('00112233445566'))).toBe(true)
  })

  it('is not missing where there is no data', () => {
    expect(isComplete()).toBe(true)
  })
})
