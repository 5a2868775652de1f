/** What lies unread holds up nobody until it is too much of all connections of a client; then requests wait, and know why. */
import { describe, expect, it, test } from 'vitest'
import { Client, HTTP20Connection } from '../../../src/index.ts'
import { MemoryOrigin } from '../../../src/testing/index.ts'
import { settled } from '../../support/virtual-clock.ts'
import { data, HEADERS, response } from '../../support/wire.ts'
import { Pair, rejection } from '../session/peer.ts'
import { PoolPair } from './pool-peer.ts'

const KILO = 1024

describe('a thousand responses that nobody reads', () => {
  it('hold up no request beside them on their connection, and all arrive once they are read', async () => {
    const body = new Uint8Array(600 * KILO).fill(7)
    const origin = new MemoryOrigin(({ path }) => ({ body: path === '/small' ? 'ok' : body }), {
      maxConcurrentStreams: 2000,
    })
    await using client = new Client({
      transport: origin.dial,
      settings: { initialWindowSize: 256 * KILO },
      limits: { maxUnread: 300 * KILO * KILO },
    })
    const paused = await Promise.all(
      Array.from({ length: 1000 }, (_, i) => client.request(`https://a.test/${i}`)),
    )
    expect(await (await client.request('https://a.test/small')).text()).toBe('ok')
    expect(client.stats().origins[0]?.connections).toHaveLength(1)
    for (const one of paused) expect((await one.bytes()).length).toBe(body.length)
  }, 60_000)
})

describe('where limits.maxUnread is reached', () => {
  const limits = { maxUnread: 2000 }

  /** A client that has read nothing of a response of 2,000 octets. */
  async function full() {
    const pair = await PoolPair.open({ limits, timeouts: { queue: 5000 } }, { settings: { 3: 100 } })
    const answer = pair.client.request('https://a.test/unread')
    await settled()
    await pair.wires[0]!.send(response(3, 200), data(3, new Uint8Array(2000)))
    return { pair, unread: await answer }
  }

  it('requests wait, dial nothing, and go once enough was read', async () => {
    const { pair, unread } = await full()
    const waiting = ['https://a.test/', 'https://a.test/', 'https://b.test/'].map((url) =>
      pair.client.request(url),
    )
    await settled()
    expect(pair.dials.map(({ target }) => target.host)).toEqual(['a.test', 'b.test'])
    expect(pair.opened).toEqual([2, 0])
    await unread.read(499)
    await settled()
    expect(pair.opened).toEqual([2, 0])
    await unread.read(1)
    await settled()
    expect(pair.opened).toEqual([4, 1])
    pair.client.destroy()
    for (const one of waiting) await rejection(one)
  })

  it('one that waits too long is told why', async () => {
    const { pair } = await full()
    const asked = pair.client.request('https://a.test/')
    const failed = rejection(asked)
    await settled()
    await pair.clock.advance(5000)
    const { code, message, retryable } = await failed
    expect([code, retryable]).toEqual(['H2_TIMEOUT_QUEUE', true])
    expect(message).toContain('while 2000 octets of responses lie unread (limits.maxUnread)')
  })

  it('it is no different on a connection alone', async () => {
    const pair = await Pair.open({ limits, timeouts: { queue: 5000 } })
    const first = pair.connection.request('GET', '/')
    await settled()
    await pair.wire.send(response(1, 200), data(1, new Uint8Array(2000)))
    const [second, third] = [pair.connection.request('GET', '/'), pair.connection.request('GET', '/')]
    await settled()
    expect(pair.wire.of(HEADERS)).toHaveLength(1)
    await (await first.response).read(500)
    await settled()
    expect(pair.wire.of(HEADERS)).toHaveLength(3)
    await pair.wire.send(response(3, 200, true), response(5, 200, true))
    expect([(await second.response).status, (await third.response).status]).toEqual([200, 200])
  })

  it('a quarter beyond the response that holds most fails, and what it held is let go', async () => {
    const pair = await Pair.open({ limits })
    const streams = [1, 2, 3].map(() => pair.connection.request('GET', '/'))
    await settled()
    await pair.wire.send(response(1, 200), response(3, 200), response(5, 200))
    await pair.wire.send(
      data(1, new Uint8Array(1000)),
      data(3, new Uint8Array(1400)),
      data(5, new Uint8Array(101)),
    )
    const [small, large, last] = await Promise.all(streams.map(({ response: answer }) => answer))
    const error = await rejection(large!.read(1))
    expect(error).toMatchObject({ code: 'H2_UNREAD_TOO_LARGE', streamId: 3, retryable: false })
    expect((await small!.read(5000)).length + (await last!.read(5000)).length).toBe(1101)
    expect(pair.wire.resets).toEqual([[3, 8]])
  })
})

test('limits.maxUnread is a number of octets, or Infinity', () => {
  expect(() => new HTTP20Connection('a.test', { limits: { maxUnread: 0 } })).toThrow('limits.maxUnread')
  expect(() => new Client({ limits: { maxUnread: Number.POSITIVE_INFINITY } })).not.toThrow()
})
