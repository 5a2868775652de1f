import { describe, expect, it, test } from 'vitest'
import { ZstdFrames } from '../../src/transport/zstd-frames.ts'
import { ZSTD_FRAMES } from './zstd-samples.ts'

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'))
}

function isComplete(...chunks: Uint8Array[]): boolean {
  const frames = new ZstdFrames()
  for (const chunk of chunks) frames.push(chunk)
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
  })

  it('is not looked for in other data, on which the decoder passes judgement', () => {
    expect(isComplete(bytes('00112233445566'))).toBe(true)
  })

  it('is not missing where there is no data', () => {
    expect(isComplete()).toBe(true)
  })
})
