/** Content whose DATA frames come in parts, as a reader sees it. */
import { describe, expect, it, test } from 'vitest'
import type { HTTP20ConnectionOptions, HTTP20Response } from '../../../src/index.ts'
import { settled } from '../../support/virtual-clock.ts'
import { data, response } from '../../support/wire.ts'
import { codeOf, Pair } from './peer.ts'

/** A response of which the head came, on stream 1. */
async function begun(options: HTTP20ConnectionOptions = {}): Promise<{ pair: Pair; answer: HTTP20Response }> {
  const pair = await Pair.open({ keepAlive: false, ...options })
  const stream = pair.connection.request('GET', '/')
  await settled()
  await pair.wire.send(response(1, 200))
  return { pair, answer: await stream.response }
}

/** Reads on and on. Gives how many octets it was given so far. */
function reading(answer: HTTP20Response): () => number {
  let given = 0
  const read = async (): Promise<void> => {
    for await (const piece of answer) given += piece.length
  }
  read().catch(() => {})
  return () => given
}

describe('a reader that waits', () => {
  it.each([1, 9, 10, 500, 1008])(
    'is not told of a frame of 1,000 octets before it is whole: %i, then the rest',
    async (cut) => {
      const { pair, answer } = await begun()
      const given = reading(answer)
      const frame = data(1, new Uint8Array(1000))
      await pair.wire.send(frame.subarray(0, cut))
      expect(given()).toBe(0)
      await pair.wire.send(frame.subarray(cut))
      expect(given()).toBe(1000)
    },
  )

  it('is given whole frames at once, and the beginning behind them', async () => {
    const { pair, answer } = await begun()
    const given = reading(answer)
    const second = data(1, new Uint8Array(300))
    await pair.wire.send(data(1, 'abc'), second.subarray(0, 109))
    expect(given()).toBe(103)
    await pair.wire.send(second.subarray(109))
    expect(given()).toBe(303)
  })

  it('is given 16 KiB of a larger frame as soon as they are there', async () => {
    const { pair, answer } = await begun({ settings: { maxFrameSize: 1_000_000 } })
    const given = reading(answer)
    const frame = data(1, new Uint8Array(50_000))
    await pair.wire.send(frame.subarray(0, 9 + 16_383))
    expect(given()).toBe(0)
    await pair.wire.send(frame.subarray(9 + 16_383, 9 + 16_384))
    expect(given()).toBe(16_384)
  })

  it('is given what came of a frame when the connection breaks', async () => {
    const { pair, answer } = await begun()
    const given = reading(answer)
    await pair.wire.send(data(1, 'abcdef').subarray(0, 12))
    pair.wire.end.destroy()
    await settled()
    expect(given()).toBe(3)
  })
})

it('is given to who asks later, too, as far as it came', async () => {
  const { pair, answer } = await begun()
  await pair.wire.send(data(1, 'abcdef').subarray(0, 12))
  expect((await answer.read(100)).length).toBe(3)
})

describe('a peer that stops within a frame is late', () => {
  test('for a reader that waits', async () => {
    const { pair, answer } = await begun({ timeouts: { bodyIdle: 100 } })
    const read = answer.read(100)
    await pair.wire.send(data(1, 'abcdef').subarray(0, 12))
    await pair.clock.advance(100)
    expect((await read).length).toBe(3)
    expect(await codeOf(answer.read(100))).toBe('H2_TIMEOUT_BODY')
    expect(pair.wire.resets).toEqual([[1, 8]])
  })

  test('not for one that was told of enough, and takes its time', async () => {
    const { pair, answer } = await begun({ timeouts: { bodyIdle: 100 } })
    await pair.wire.send(data(1, 'abc'), data(1, 'abcdef').subarray(0, 12))
    await pair.clock.advance(10_000)
    expect(pair.wire.resets).toEqual([])
    expect((await answer.read(100)).length).toBe(3)
    expect((await answer.read(100)).length).toBe(3)
  })

  test('also behind content that was taken', async () => {
    const { pair, answer } = await begun({ timeouts: { bodyIdle: 100 } })
    await pair.wire.send(data(1, 'abcdef').subarray(0, 12))
    expect((await answer.read(1)).length).toBe(1)
    await pair.clock.advance(10_000)
    expect(pair.wire.resets).toEqual([])
    expect((await answer.read(100)).length).toBe(2)
    const rest = codeOf(answer.read(100))
    await pair.clock.advance(100)
    expect(await rest).toBe('H2_TIMEOUT_BODY')
  })
})
