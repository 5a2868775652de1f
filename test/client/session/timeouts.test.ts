import { describe, expect, it, test } from 'vitest'
import { Client, type HTTP20RequestInit, type Timeouts } from '../../../src/index.ts'
import { MemoryOrigin } from '../../../src/testing/index.ts'
import { memoryPair } from '../../../src/transport/memory.ts'
import type { Dial } from '../../../src/transport/transport.ts'
import { settled, VirtualClock } from '../../support/virtual-clock.ts'
import { data, GOAWAY, goaway, PING, ping, response, windowUpdate } from '../../support/wire.ts'
import { PlainOrigin } from '../faces/plain-origin.ts'
import { codeOf, Pair, rejection } from './peer.ts'

const none = { keepAlive: false } as const

/** A server in memory that takes everything and says nothing. */
class Silent {
  /** Resolves once it was sent something. */
  readonly arrived: Promise<void>
  readonly dial: Dial

  constructor() {
    let onChunk = (): void => {}
    this.arrived = new Promise((resolve) => {
      onChunk = resolve
    })
    this.dial = async () => {
      const [ours, theirs] = memoryPair()
      theirs.start({ onChunk, onEnd: () => theirs.end(), onClosed() {} })
      return ours
    }
  }
}

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

/** A source that gives a piece, waits for `ms`, gives another and ends. */
function slowly(clock: VirtualClock, ms: number): () => AsyncGenerator<string> {
  return async function* () {
    yield 'a'
    await new Promise<void>((resolve) => clock.setTimer(resolve, ms))
    yield 'b'
  }
}

describe('headers counts once, from the moment the request was sent', () => {
  it.each<[string, HTTP20RequestInit]>([
    ['nothing', {}],
    ['bytes', { body: '{}' }],
    ['a source', { body: ['a', 'b'] }],
    ['trailers', { body: 'a', trailers: { b: 'c' } }],
  ])('with %s behind the head, over HTTP/2', async (_, init) => {
    const pair = await Pair.open({ ...none, timeouts: { headers: 100 } })
    const error = codeOf(pair.connection.request('POST', '/', init).response)
    await settled()
    expect(pair.wire.finished(1)).toBe(true)
    await pair.clock.advance(99)
    expect(pair.wire.resets).toEqual([])
    await pair.clock.advance(1)
    expect(await error).toBe('H2_TIMEOUT_HEADERS')
  })

  it.each<[string, HTTP20RequestInit]>([
    ['nothing', {}],
    ['bytes', { body: '{}' }],
    ['a source', { body: ['a', 'b'] }],
  ])('with %s behind the head, over HTTP/1.1', async (_, init) => {
    const clock = new VirtualClock()
    const server = new Silent()
    const client = new Client({ clock, transport: server.dial, timeouts: { headers: 100 } })
    let code: unknown
    const request = client.request('http://a.test/', { method: 'POST', ...init })
    request.catch((error) => {
      code = error.code
    })
    await server.arrived
    await clock.advance(99)
    expect(code).toBe(undefined)
    await clock.advance(1)
    expect(code).toBe('H2_TIMEOUT_HEADERS')
    client.destroy()
  })

  test('a source that takes its time is not the peer, over HTTP/2', async () => {
    const pair = await Pair.open({ ...none, timeouts: { headers: 100, bodyIdle: 100 } })
    const body = slowly(pair.clock, 5_000)
    const error = codeOf(pair.connection.request('POST', '/', { body }).response)
    await settled()
    await pair.clock.advance(5_099)
    expect(pair.wire.content(1)).toBe('ab')
    expect(pair.wire.resets).toEqual([])
    await pair.clock.advance(1)
    expect(await error).toBe('H2_TIMEOUT_HEADERS')
  })

  test('a source that takes its time is not the peer, over HTTP/1.1', async () => {
    const clock = new VirtualClock()
    const server = new Silent()
    const client = new Client({ clock, transport: server.dial, timeouts: { headers: 100 } })
    const request = client.request('http://a.test/', { method: 'POST', body: slowly(clock, 5_000) })
    let code: unknown
    request.catch((error) => {
      code = error.code
    })
    await server.arrived
    await clock.advance(5_099)
    expect(code).toBe(undefined)
    await clock.advance(1)
    expect(code).toBe('H2_TIMEOUT_HEADERS')
    client.destroy()
  })

  test('a response that began early waits for the source, too', async () => {
    const pair = await Pair.open({ ...none, timeouts: { bodyIdle: 100 } })
    const stream = pair.connection.request('POST', '/', { body: slowly(pair.clock, 5_000) })
    await settled()
    await pair.wire.send(response(1, 200))
    const error = codeOf((await stream.response).text())
    await pair.clock.advance(5_099)
    expect(pair.wire.content(1)).toBe('ab')
    expect(pair.wire.resets).toEqual([])
    await pair.clock.advance(1)
    expect(await error).toBe('H2_TIMEOUT_BODY')
  })

  test('a peer that takes none of the content is told apart', async () => {
    const pair = await Pair.open({ ...none, timeouts: { headers: 100 } })
    const error = rejection(pair.connection.request('POST', '/', { body: new Uint8Array(100_000) }).response)
    await settled()
    // What was taken when the wait began is found out when it ends.
    await pair.clock.advance(200)
    expect(await error).toMatchObject({
      code: 'H2_TIMEOUT_HEADERS',
      message: 'stream 1 failed: timed out: none of the content taken in 100 ms',
    })
  })
})

describe('by default', () => {
  /** Answers with one piece of a body after `ms`, and ends that as late. */
  const late = (clock: VirtualClock, ms: number): MemoryOrigin =>
    new MemoryOrigin(async () => {
      const pass = (): Promise<void> => new Promise((resolve) => clock.setTimer(resolve, ms))
      await pass()
      return {
        body: (async function* () {
          yield 'a'
          await pass()
          yield 'b'
        })(),
      }
    })

  test('a peer over HTTP/2 that answers PING may be silent', async () => {
    const clock = new VirtualClock()
    const client = new Client({ clock, transport: late(clock, 3_600_000).dial })
    const text = client.request('https://a.test/', { method: 'POST', body: 'x' }).then((r) => r.text())
    await clock.advance(7_200_000)
    expect(await text).toBe('ab')
    client.destroy()
  })

  it.each([
    ['over HTTP/2, where it is not asked', 299_999, 'ab'],
    ['over HTTP/2, where it is not asked, and no longer', 300_001, 'H2_TIMEOUT_HEADERS'],
  ])('for five minutes %s', async (_, ms, expected) => {
    const clock = new VirtualClock()
    const client = new Client({ clock, transport: late(clock, ms).dial, keepAlive: false })
    const told = client.request('https://a.test/').then((r) => r.text())
    const outcome = told.catch((error) => error.code)
    await clock.advance(2 * ms)
    expect(await outcome).toBe(expected)
    client.destroy()
  })

  it.each([
    [299_999, 'ok'],
    [300_001, 'H2_TIMEOUT_HEADERS'],
  ])('over HTTP/1.1, after %i ms', async (delayMs, expected) => {
    const clock = new VirtualClock()
    const client = new Client({ clock, transport: new PlainOrigin({ clock, delayMs }).dial })
    const told = client.request('http://a.test/').then((r) => r.text())
    const outcome = told.catch((error) => error.code)
    await clock.advance(delayMs)
    expect(await outcome).toBe(expected)
    client.destroy()
  })
})

describe('close()', () => {
  it.each<[string, string[], number, string]>([
    ['content that nobody reads, after ten seconds', ['abc'], 10_000, 'H2_TIMEOUT_BODY'],
    ['a body that does not go on, once timeouts.close has passed', [], 60_000, 'H2_TIMEOUT_CLOSE'],
  ])('gives up %s', async (_, pieces, ms, code) => {
    const pair = await Pair.open({ ...none, timeouts: { close: 60_000, headers: 0, bodyIdle: 0 } })
    const stream = pair.connection.request('GET', '/')
    await settled()
    await pair.wire.send(response(1, 200), ...pieces.map((piece) => data(1, piece)))
    const answer = await stream.response
    await pair.clock.advance(100_000)
    let closed = false
    void pair.connection.close().then(() => {
      closed = true
    })
    await pair.clock.advance(ms - 1)
    expect(closed).toBe(false)
    await pair.clock.advance(1)
    pair.wire.end.destroy()
    await settled()
    expect(closed).toBe(true)
    await answer.read(10).catch(() => {})
    expect(await codeOf(answer.read(10))).toBe(code)
  })

  it.each<[string, ConstructorParameters<typeof Client>[0], string]>([
    ['over HTTP/2', {}, 'https://a.test/'],
    ['over HTTP/1.1', { transport: new Silent().dial }, 'http://a.test/'],
  ])('of a client gives up what is not answered, %s', async (_, options, url) => {
    const clock = new VirtualClock()
    const origin = new MemoryOrigin(() => new Promise(() => {}))
    const client = new Client({
      transport: origin.dial,
      ...options,
      clock,
      timeouts: { close: 60_000, headers: 0 },
    })
    const error = rejection(client.request(url))
    await settled()
    let closed = false
    void client.close().then(() => {
      closed = true
    })
    await clock.advance(59_999)
    expect(closed).toBe(false)
    await clock.advance(1)
    expect(await error).toMatchObject({
      code: 'H2_TIMEOUT_CLOSE',
      message: 'connection failed: timed out: not over 60000 ms after close() (timeouts.close)',
    })
    // A peer that does not close is left after a second.
    await clock.advance(1_000)
    expect([closed, clock.pending]).toEqual([true, 0])
  })

  test('of the peer’s: content that nobody reads is given up after a minute', async () => {
    const pair = await Pair.open(none)
    const stream = pair.connection.request('GET', '/')
    await settled()
    await pair.wire.send(response(1, 200), data(1, 'abc'))
    await stream.response
    await pair.clock.advance(100_000)
    await pair.wire.send(goaway(1, 0))
    await pair.clock.advance(59_999)
    expect(pair.wire.resets).toEqual([])
    await pair.clock.advance(1)
    // The connection has ended with it, and nothing is reset any more.
    expect(await codeOf((await stream.response).text())).toBe('H2_TIMEOUT_BODY')
  })

  test('a reader that reads is waited for', async () => {
    const pair = await Pair.open({ ...none, timeouts: { bodyIdle: 0 } })
    const stream = pair.connection.request('GET', '/')
    await settled()
    await pair.wire.send(response(1, 200), data(1, 'x'))
    const text = (await stream.response).text()
    const closed = pair.connection.close()
    await pair.clock.advance(60_000)
    await pair.wire.send(data(1, 'y', true))
    expect(await text).toBe('xy')
    pair.wire.end.destroy()
    await closed
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
