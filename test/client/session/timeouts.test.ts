import { describe, expect, it, test } from 'vitest'
import type { HTTP20RequestInit, Timeouts } from '../../../src/index.ts'
import { settled } from '../../support/virtual-clock.ts'
import { data, GOAWAY, PING, ping, response, windowUpdate } from '../../support/wire.ts'
import { codeOf, Pair, rejection } from './peer.ts'

const none = { keepAlive: false } as const

describe('each limit of time has its code, and resets the stream once', () => {
  test('queue: no free stream', async () => {
    const pair = await Pair.open({ ...none, timeouts: { queue: 100 } }, { settings: { 3: 1 } })
    pair.connection.request('GET', '/1')
    const waiting = pair.connection.request('GET', '/2')
    const error = rejection(waiting.response)
    await pair.clock.advance(99)
    expect(pair.connection.stats.streamsQueued).toBe(1)
    await pair.clock.advance(1)
    expect(await error).toMatchObject({ code: 'H2_TIMEOUT_QUEUE', processed: 'no', retryable: true })
    expect(pair.wire.resets).toEqual([])
    expect(pair.connection.stats).toMatchObject({ streamsOpen: 1, streamsQueued: 0 })
  })

  test('queue does not count the dial', async () => {
    const pair = new Pair({
      ...none,
      timeouts: { queue: 100 },
      transport: () => new Promise(() => {}),
    })
    let rejected = false
    pair.connection.request('GET', '/').response.catch(() => {
      rejected = true
    })
    await pair.clock.advance(5000)
    expect(rejected).toBe(false)
    pair.connection.destroy()
    await settled()
    expect(rejected).toBe(true)
  })

  test('headers: no response', async () => {
    const pair = await Pair.open({ ...none, timeouts: { headers: 100 } })
    const error = rejection(pair.connection.request('GET', '/').response)
    await settled()
    await pair.clock.advance(99)
    expect(pair.wire.resets).toEqual([])
    await pair.clock.advance(1)
    expect(await error).toMatchObject({
      code: 'H2_TIMEOUT_HEADERS',
      scope: 'stream',
      initiator: 'local',
      processed: 'unknown',
      message: 'stream 1 failed: timed out: no response in 100 ms',
    })
    expect(pair.wire.resets).toEqual([[1, 8]])
  })

  it.each<[string, HTTP20RequestInit['body']]>([
    ['bytes', new Uint8Array(200_000)],
    ['a source', [new Uint8Array(100_000), new Uint8Array(100_000)]],
  ])('headers: progress of an upload of %s starts it anew', async (_, body) => {
    const pair = await Pair.open({ ...none, timeouts: { headers: 100 } })
    const error = codeOf(pair.connection.request('POST', '/', { body }).response)
    await settled()
    for (let i = 0; i < 5; i++) {
      await pair.clock.advance(90)
      await pair.wire.send(windowUpdate(0, 10_000), windowUpdate(1, 10_000))
      expect(pair.wire.resets).toEqual([])
    }
    expect(pair.wire.content(1).length).toBe(115_535)
    await pair.clock.advance(300)
    expect(await error).toBe('H2_TIMEOUT_HEADERS')
    expect(pair.wire.resets).toEqual([[1, 8]])
  })

  test('bodyIdle: between two pieces of a body that is being read', async () => {
    const pair = await Pair.open({ ...none, timeouts: { bodyIdle: 100 } })
    const stream = pair.connection.request('GET', '/')
    await settled()
    await pair.wire.send(response(1, 200))
    const error = rejection((await stream.response).text())
    for (let i = 0; i < 5; i++) {
      await pair.clock.advance(90)
      await pair.wire.send(data(1, 'x'))
    }
    await pair.clock.advance(100)
    expect(await error).toMatchObject({ code: 'H2_TIMEOUT_BODY', processed: 'yes' })
    expect(pair.wire.resets).toEqual([[1, 8]])
  })

  test('bodyIdle: a reader that takes its time is not the peer', async () => {
    const pair = await Pair.open({ ...none, timeouts: { bodyIdle: 100 } })
    const stream = pair.connection.request('GET', '/')
    await settled()
    await pair.wire.send(response(1, 200), data(1, 'abc'))
    const answer = await stream.response
    await pair.clock.advance(10_000)
    expect((await answer.read(10)).length).toBe(3)
    const error = codeOf(answer.read(10))
    await pair.clock.advance(99)
    expect(pair.wire.resets).toEqual([])
    await pair.clock.advance(1)
    expect(await error).toBe('H2_TIMEOUT_BODY')
  })

  test('what arrived before can still be read', async () => {
    const pair = await Pair.open({ ...none, timeouts: { total: 100 } })
    const stream = pair.connection.request('GET', '/')
    await settled()
    await pair.wire.send(response(1, 200), data(1, 'abc'))
    const answer = await stream.response
    await pair.clock.advance(100)
    expect((await answer.read(10)).length).toBe(3)
    expect(await codeOf(answer.read(10))).toBe('H2_TIMEOUT_TOTAL')
  })

  it.each<[string, (pair: Pair) => Promise<void>]>([
    ['while the response is awaited', async () => {}],
    ['while the body trickles', async (pair) => pair.wire.send(response(1, 200), data(1, 'x'))],
  ])('total, %s', async (_, before) => {
    const pair = await Pair.open({ ...none, timeouts: { total: 1000 } })
    const stream = pair.connection.request('GET', '/')
    await settled()
    await before(pair)
    const error = codeOf(stream.response.then((answer) => answer.text()))
    for (let i = 0; i < 11; i++) {
      await pair.clock.advance(90)
      if (_.includes('trickles')) await pair.wire.send(data(1, 'x'))
    }
    expect(pair.wire.resets).toEqual([])
    await pair.clock.advance(10)
    expect(await error).toBe('H2_TIMEOUT_TOTAL')
    expect(pair.wire.resets).toEqual([[1, 8]])
  })

  test('total counts the dial', async () => {
    const pair = new Pair({ ...none, transport: () => new Promise(() => {}) })
    const error = codeOf(pair.connection.request('GET', '/', { timeouts: { total: 50 } }).response)
    await settled()
    await pair.clock.advance(50)
    expect(await error).toBe('H2_TIMEOUT_TOTAL')
  })

  test('a request has limits of its own', async () => {
    const pair = await Pair.open({ ...none, timeouts: { headers: 100 } })
    const patient = pair.connection.request('GET', '/1', { timeouts: { headers: 0 } })
    const hasty = codeOf(pair.connection.request('GET', '/2', { timeouts: { headers: 10 } }).response)
    await settled()
    await pair.clock.advance(10)
    expect(await hasty).toBe('H2_TIMEOUT_HEADERS')
    await pair.clock.advance(100_000)
    await pair.wire.send(response(1, 200, true))
    expect((await patient.response).status).toBe(200)
  })

  test('connect and tls are the dial’s, of the request that begins it', async () => {
    const seen: [number, number][] = []
    const transport = (_: unknown, options: { connectTimeoutMs: number; tlsTimeoutMs: number }) => {
      seen.push([options.connectTimeoutMs, options.tlsTimeoutMs])
      return Promise.reject(new Error('no'))
    }
    const { connection } = new Pair({ transport, timeouts: { connect: 1, tls: 2 } })
    await codeOf(connection.connect())
    await codeOf(connection.request('GET', '/', { timeouts: { connect: 3 } }).response)
    expect(seen).toEqual([
      [1, 2],
      [3, 2],
    ])
  })
})

describe('the peer’s life (RFC 9113 §6.7)', () => {
  test('silence with a request open: PING, then the end', async () => {
    const pair = await Pair.open({ keepAlive: { interval: 100, timeout: 50 }, timeouts: { headers: 0 } })
    const error = rejection(pair.connection.request('GET', '/').response)
    await settled()
    await pair.clock.advance(100)
    expect(pair.wire.of(PING).length).toBe(1)
    await pair.wire.send(ping(pair.wire.of(PING)[0]!.payload, true))
    await pair.clock.advance(100)
    expect(pair.wire.of(PING).length).toBe(2)
    await pair.clock.advance(50)
    expect(await error).toMatchObject({ code: 'H2_TIMEOUT_PING', scope: 'connection' })
    expect(pair.wire.of(GOAWAY).length).toBe(1)
  })

  test('no PING without a request', async () => {
    const pair = await Pair.open({ keepAlive: { interval: 100, timeout: 50 } })
    await pair.clock.advance(100_000)
    expect(pair.wire.of(PING)).toEqual([])
    expect(pair.connection.state).toBe('open')
  })

  test('a peer that never says SETTINGS, counted from the moment the transport stood (RFC 9113 §3.4)', async () => {
    const pair = new Pair(none, { silent: true })
    const error = codeOf(pair.connection.request('GET', '/').response)
    await settled()
    await pair.clock.advance(9999)
    expect(pair.wire.ended).toBe(false)
    await pair.clock.advance(1)
    expect(await error).toBe('H2_TIMEOUT_PREFACE')
  })

  test('a slow dial is not the peer’s silence', async () => {
    const pair = new Pair({ ...none, timeouts: { headers: 0 } }, { silent: true, dialMs: 60_000 })
    const error = codeOf(pair.connection.request('GET', '/').response)
    await pair.clock.advance(60_000)
    expect(pair.wires.length).toBe(1)
    await pair.clock.advance(9999)
    expect(pair.connection.state).toBe('open')
    await pair.clock.advance(1)
    expect(await error).toBe('H2_TIMEOUT_PREFACE')
  })
})

test('a peer that takes nothing is left after a second', async () => {
  const pair = await Pair.open(none)
  pair.wire.end.pause()
  const error = codeOf(pair.connection.request('GET', '/').response)
  pair.connection.destroy()
  expect(await error).toBe('H2_CONNECTION_CLOSED')
  await settled()
  expect(pair.wire.client.closed).toBe(false)
  await pair.clock.advance(1000)
  expect(pair.wire.client.closed).toBe(true)
})

test('timers are few: none per request, none when all is over', async () => {
  const limits: Timeouts = { queue: 10, headers: 20, bodyIdle: 30, total: 40 }
  const pair = await Pair.open({ timeouts: limits })
  const streams = Array.from({ length: 50 }, () => pair.connection.request('GET', '/'))
  await settled()
  expect(pair.clock.pending).toBe(1)
  for (const stream of streams) await pair.wire.send(response(stream.streamId!, 200, true))
  await Promise.all(streams.map((stream) => stream.response))
  await pair.connection.close()
  expect(pair.clock.pending).toBe(0)
})
