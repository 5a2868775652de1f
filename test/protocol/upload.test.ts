import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { OutputBuffer } from '../../src/bytes.ts'
import { NO_CONTENT_LENGTH } from '../../src/protocol/fields-received.ts'
import { Upload } from '../../src/protocol/upload.ts'

it('an upload gives its octets in order, however they were written and are taken', () => {
  const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 9 }), { maxLength: 150 })
  const takes = fc.infiniteStream(fc.integer({ min: 0, max: 25 }))
  const property = fc.property(chunks, takes, fc.infiniteStream(fc.boolean()), (written, sizes, pauses) => {
    const upload = new Upload(NO_CONTENT_LENGTH)
    const out = new OutputBuffer(16)
    let queued = 0
    const take = () => {
      const size = Math.min(upload.length, sizes.next().value as number)
      upload.moveTo(out, size)
      queued -= size
      expect(upload.length).toBe(queued)
    }
    for (const chunk of written) {
      upload.push(chunk)
      queued += chunk.length
      if (pauses.next().value) take()
    }
    upload.moveTo(out, upload.length)
    expect(upload.length).toBe(0)
    expect([...out.take()]).toEqual(written.flatMap((chunk) => [...chunk]))
  })
  fc.assert(property, { numRuns: 100 })
})

it('an upload borrows its chunks: what is changed before it is taken goes out changed', () => {
  const upload = new Upload(NO_CONTENT_LENGTH)
  const out = new OutputBuffer(16)
  const chunk = Uint8Array.of(1, 2, 3)
  upload.push(chunk)
  upload.moveTo(out, 1)
  chunk.fill(9)
  upload.moveTo(out, 2)
  expect([...out.take()]).toEqual([1, 9, 9])
})

it('an upload that is written as it is sent keeps nothing of what is sent', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const upload = new Upload(NO_CONTENT_LENGTH)
  const out = new OutputBuffer(1024)
  const chunk = Uint8Array.of(1)
  const heap = () => {
    collect()
    return process.memoryUsage().heapUsed
  }
  const write = (chunks: number) => {
    for (let i = 0; i < chunks; i++) {
      upload.push(chunk)
      upload.moveTo(out, 1)
      if (out.length === 1024) out.take()
      out.compact()
    }
  }
  write(1000)
  const before = heap()
  // With one chunk always queued, and with none.
  write(300_000)
  upload.push(chunk)
  write(300_000)
  expect(heap() - before).toBeLessThan(1_000_000)
})
