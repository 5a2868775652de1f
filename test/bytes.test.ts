import { describe, expect, it } from 'vitest'
import { OutputBuffer } from '../src/bytes.ts'

/** A buffer with so many octets in it. */
function filled(count: number): OutputBuffer {
  const out = new OutputBuffer(0)
  out.copy(new Uint8Array(count).fill(7))
  return out
}

describe('the memory of an output buffer', () => {
  it('grows with what is written, and keeps it', () => {
    const out = new OutputBuffer(0)
    for (let i = 0; i < 5000; i++) out.uint8(i)
    expect(out.take()).toEqual(Uint8Array.from({ length: 5000 }, (_, i) => i))
  })

  it('goes to the next buffer that needs some, once it is given up', () => {
    const first = filled(100_000)
    const memory = first.bytes
    first.release()
    expect([first.length, first.bytes.length]).toEqual([0, 0])
    const second = filled(3)
    expect(second.bytes).toBe(memory)
    expect(second.take()).toEqual(Uint8Array.of(7, 7, 7))
    expect(filled(3).bytes).not.toBe(memory)
  })

  it('is not given up twice', () => {
    const out = filled(100_000)
    const memory = out.bytes
    out.release()
    out.release()
    expect([filled(1).bytes, filled(1).bytes].filter((bytes) => bytes === memory)).toHaveLength(1)
  })

  it('is left to the garbage collector if there is much of it', () => {
    const out = filled(200_000)
    const memory = out.bytes
    out.release()
    expect(filled(1).bytes).not.toBe(memory)
  })

  it('is used again for what was taken', () => {
    const out = filled(600)
    out.take(400)
    out.compact()
    expect([out.start, out.end]).toEqual([0, 200])
    out.copy(new Uint8Array(800).fill(8))
    expect(out.bytes.length).toBe(1024)
  })
})
