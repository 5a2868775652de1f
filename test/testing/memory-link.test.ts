import { expect, it } from 'vitest'
import { MemoryLink } from '../../src/testing/memory-link.ts'
import { settled } from '../../src/testing/settled.ts'

it('holds what the server sends while the client is paused, but not the end', async () => {
  const link = new MemoryLink(undefined)
  const told: string[] = []
  link.start({ onChunk() {}, onEnd() {}, onClosed() {} })
  link.transport.start({
    onChunk: (chunk) => void told.push(String(Buffer.from(chunk))),
    onEnd: () => void told.push('end'),
    onClosed: () => void told.push('closed'),
  })
  link.transport.pause?.()
  const sent = link.send(Buffer.from('a'))
  await settled()
  expect(told).toEqual([])
  link.transport.resume?.()
  await sent
  expect(told).toEqual(['a'])
  link.transport.pause?.()
  link.transport.destroy()
  await settled()
  expect(told).toEqual(['a', 'closed'])
})
