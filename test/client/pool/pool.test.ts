import { describe, expect, it, test } from 'vitest'
import { Client, type ClientOptions } from '../../../src/index.ts'
import { MemoryOrigin } from '../../../src/testing/index.ts'
import type { TlsOptions } from '../../../src/transport/transport.ts'
import { settled, VirtualClock } from '../../support/virtual-clock.ts'
import { GOAWAY, goaway, HEADERS, PING, ping, response, rstStream, settings } from '../../support/wire.ts'
import { codeOf, rejection } from '../session/peer.ts'
import { PoolPair } from './pool-peer.ts'

const URL_A = 'https://a.test/'

function many(pair: PoolPair, count: number, path = ''): Promise<unknown>[] {
  return Array.from({ length: count }, (_, i) => {
    const answer = pair.client.request(`${URL_A}${path}${i}`)
    answer.catch(() => {})
    return answer
  })
}

describe('how many connections', () => {
  test('a cold burst of any size dials once', async () => {
    const pair = new PoolPair({}, { settings: { 3: 500 } })
    many(pair, 500)
    await settled()
    expect(pair.dials).toHaveLength(1)
  })

  test('before SETTINGS came, one request is sent and the others wait', async () => {
    const pair = new PoolPair({}, { silent: true })
    many(pair, 10)
    await settled()
    expect(pair.opened).toEqual([1])
    await pair.wires[0]!.send(settings({ 3: 5 }))
    expect(pair.opened[0]).toBe(5)
  })

  test('limits.initialConcurrentStreams is what is sent before SETTINGS came', async () => {
    const pair = new PoolPair({ limits: { initialConcurrentStreams: 4 } }, { silent: true })
    many(pair, 10)
    await settled()
    expect(pair.opened).toEqual([4])
  })

  test('a new connection to an origin whose limit is known is given as many at once', async () => {
    const pair = await PoolPair.open({ idleTimeout: 1_000 }, { settings: { 3: 3 } })
    await pair.clock.advance(1_000)
    expect(pair.wires[0]!.ended).toBe(true)
    const late = new PoolPairPeek(pair)
    many(pair, 10)
    await settled()
    expect(late.openedBeforeSettings).toBe(3)
  })

  test.each([
    [2, 10, [2, 2, 2, 2, 2]],
    [1, 8, [1, 1, 1, 1, 1, 1]],
    [100, 100, [100]],
    [100, 101, [100, 1]],
  ])('a limit of %i streams and %i requests: streams on each connection %j', async (limit, count, opened) => {
    const pair = new PoolPair({}, { settings: { 3: limit } })
    many(pair, count)
    for (let i = 0; i < 10; i++) await settled()
    expect(pair.opened).toEqual(opened)
  })

  test('an origin that takes no request is dialled once, and served when it does take some', async () => {
    const pair = new PoolPair({}, { settings: { 3: 0 } })
    many(pair, 10)
    await pair.clock.advance(100)
    expect(pair.dials).toHaveLength(1)
    await pair.wires[0]!.send(settings({ 3: 10 }))
    await settled()
    expect(pair.opened).toEqual([10])
  })

  test('no more than maxConnectionsPerOrigin', async () => {
    const pair = new PoolPair({ maxConnectionsPerOrigin: 2 }, { settings: { 3: 1 } })
    const answers = many(pair, 3)
    for (let i = 0; i < 5; i++) await settled()
    expect(pair.opened).toEqual([1, 1])
    await pair.wires[1]!.send(response(1, 200, true))
    await answers[1]
    expect(pair.opened).toEqual([1, 2])
  })

  test('no more than maxConnections: an idle one of another origin makes room', async () => {
    const pair = new PoolPair({ maxConnections: 2 })
    for (const name of ['a', 'b', 'c']) {
      const answer = pair.client.request(`https://${name}.test/`)
      for (let i = 0; i < 3; i++) await settled()
      await pair.wires.at(-1)!.send(response(1, 200, true))
      await (await answer).bytes()
      await settled()
    }
    expect(pair.wires.map((wire) => wire.ended)).toEqual([true, false, false])
    expect(pair.client.stats().connections).toBe(2)
  })

  test('no more than maxConnections: without an idle one, requests wait', async () => {
    const pair = new PoolPair({ maxConnections: 1 })
    const first = pair.client.request('https://a.test/')
    await settled()
    const second = pair.client.request('https://b.test/')
    await settled()
    expect(pair.dials).toHaveLength(1)
    await pair.wires[0]!.send(response(1, 200, true))
    await (await first).bytes()
    for (let i = 0; i < 5; i++) await settled()
    expect(pair.dials.map(({ target }) => target.host)).toEqual(['a.test', 'b.test'])
    await pair.wires[1]!.send(response(1, 200, true))
    expect((await second).status).toBe(200)
  })

  test('requests are served in the order in which they were made', async () => {
    const origin = new MemoryOrigin(() => ({ body: 'x' }), { maxConcurrentStreams: 3 })
    const client = new Client({ transport: origin.dial, maxConnectionsPerOrigin: 1 })
    const paths = Array.from({ length: 50 }, (_, i) => `/${i}`)
    await Promise.all(paths.map(async (path) => (await client.request(`https://a.test${path}`)).bytes()))
    expect(origin.requests.map(({ path }) => path)).toEqual(paths)
    await client.close()
  })
})

/** Notes what the next connection sends before its peer greets. */
class PoolPairPeek {
  readonly #pair: PoolPair
  readonly #before: number

  constructor(pair: PoolPair) {
    this.#pair = pair
    this.#before = pair.wires.length
  }

  get openedBeforeSettings(): number {
    return this.#pair.wires[this.#before]!.of(HEADERS).length
  }
}

describe('an equal security context', () => {
  const cases: [string, ClientOptions, string[], number][] = [
    ['the same origin in other words', {}, ['https://a.test/', 'HTTPS://A.test:443/x'], 1],
    ['another port', {}, ['https://a.test/', 'https://a.test:444/'], 2],
    ['another host', {}, ['https://a.test/', 'https://b.test/'], 2],
    ['another scheme', { h2c: true }, ['https://a.test/', 'http://a.test:443/'], 2],
    [
      'another proxy',
      { proxy: (url) => `http://p.test:1/${url.pathname.slice(1)}` },
      ['https://a.test/1', 'https://a.test/2', 'https://a.test/1'],
      2,
    ],
    [
      'other credentials of a proxy',
      { proxy: (url) => `http://u:${url.pathname.slice(1)}@p.test` },
      ['https://a.test/1', 'https://a.test/2'],
      2,
    ],
    [
      'TLS options made anew each time, and equal',
      { tls: () => ({ servername: 'x', ca: [Buffer.from('ca'), 'ca'] }) },
      ['https://a.test/', 'https://a.test/'],
      1,
    ],
    [
      'TLS options made anew each time, and not equal',
      {
        tls: ((made: string[]) => () => ({ servername: made.push('') % 2 ? 'x' : 'y' }))([]),
      },
      ['https://a.test/', 'https://a.test/', 'https://a.test/', 'https://a.test/'],
      2,
    ],
    [
      'the same TLS options',
      {
        tls: (
          (options) => () =>
            options
        )({ servername: 'x' }),
      },
      ['https://a.test/', 'https://a.test/'],
      1,
    ],
  ]
  it.each(cases)('%s', async (_name, options, urls, connections) => {
    const pair = new PoolPair(options)
    for (const url of urls) {
      pair.client.request(url).catch(() => {})
      for (let i = 0; i < 3; i++) await settled()
    }
    expect(pair.dials).toHaveLength(connections)
  })

  it.each<[string, (tls: TlsOptions) => ClientOptions['tls']]>([
    ['given once', (tls) => tls],
    ['given by a function', (tls) => () => tls],
  ])('octets of TLS options, %s, that are written over', async (_how, give) => {
    const ca = Buffer.from('one ca')
    const pair = new PoolPair({ tls: give({ ca }) })
    const dialsAfterRequest = async (): Promise<number> => {
      pair.client.request('https://a.test/').catch(() => {})
      for (let i = 0; i < 3; i++) await settled()
      return pair.dials.length
    }
    expect([await dialsAfterRequest(), await dialsAfterRequest()]).toEqual([1, 1])
    ca.write('two')
    expect([await dialsAfterRequest(), await dialsAfterRequest()]).toEqual([2, 2])
    const used = pair.dials.map(({ options }) => Buffer.from(options.tls!.ca as Uint8Array).toString())
    expect(used).toEqual(['one ca', 'two ca'])
    ca.write('one')
    expect(await dialsAfterRequest()).toBe(2)
  })
})

describe('idleness and age', () => {
  test('a connection that nobody uses closes after idleTimeout, and its origin is forgotten', async () => {
    const pair = await PoolPair.open()
    await pair.clock.advance(89_000)
    expect(pair.wires[0]!.ended).toBe(false)
    await pair.clock.advance(1_001)
    expect(pair.wires[0]!.ended).toBe(true)
    expect(pair.client.stats()).toEqual({ connections: 0, waiting: 0, open: 0, origins: [] })
    expect(pair.clock.pending).toBe(0)
  })

  test('idleTimeout: 0 keeps it', async () => {
    const pair = await PoolPair.open({ idleTimeout: 0 })
    await pair.clock.advance(10_000_000)
    expect(pair.wires[0]!.ended).toBe(false)
  })

  test('a request during the last moment of idleness keeps the connection', async () => {
    const pair = await PoolPair.open({ keepAlive: false })
    await pair.clock.advance(89_999)
    many(pair, 1)
    await pair.clock.advance(5_000)
    expect(pair.wires[0]!.ended).toBe(false)
    expect(pair.opened).toEqual([2])
  })

  test('maxAge: an old connection takes no new request and finishes what it has', async () => {
    const pair = await PoolPair.open({ maxAge: 10_000, keepAlive: false })
    const long = pair.client.request(`${URL_A}long`)
    await settled()
    await pair.clock.advance(11_001)
    many(pair, 1)
    await settled()
    expect(pair.opened).toEqual([2, 1])
    await pair.wires[0]!.send(response(3, 200, true))
    expect((await long).status).toBe(200)
    expect(pair.wires[0]!.of(GOAWAY)).toHaveLength(1)
  })

  test('after 10 s of idleness a PING asks first, and the request waits for its answer', async () => {
    const pair = await PoolPair.open()
    await pair.clock.advance(10_000)
    many(pair, 1)
    await settled()
    const asked = pair.wires[0]!.of(PING).filter((one) => one.flags === 0)
    expect(asked).toHaveLength(1)
    expect(pair.opened).toEqual([1])
    await pair.wires[0]!.send(ping(asked[0]!.payload, true))
    expect(pair.opened).toEqual([2])
    expect(pair.dials).toHaveLength(1)
  })

  test('a connection that does not answer is replaced, and nothing is lost', async () => {
    const pair = await PoolPair.open()
    await pair.clock.advance(10_000)
    const answer = pair.client.request(`${URL_A}x`, { method: 'POST', body: 'once' })
    await pair.clock.advance(2_000)
    expect(pair.opened).toEqual([1, 1])
    await pair.wires[1]!.send(response(1, 204, true))
    expect((await answer).status).toBe(204)
  })

  test('less than 10 s of idleness: no PING', async () => {
    const pair = await PoolPair.open()
    await pair.clock.advance(9_999)
    many(pair, 1)
    await settled()
    expect(pair.opened).toEqual([2])
  })
})

describe('dials that fail', () => {
  test('all that wait fail with it, and the next request dials anew', async () => {
    let broken = true
    const pair = new PoolPair(
      {},
      {
        onDial: () => {
          if (broken) throw new Error('no route')
        },
      },
    )
    const failures = await Promise.all(many(pair, 3).map(rejection))
    expect(failures.map(({ code, processed, retryable }) => [code, processed, retryable])).toEqual(
      Array(3).fill(['H2_CONNECT', 'no', true]),
    )
    expect(new Set(failures).size).toBe(3)
    expect(pair.dials).toHaveLength(1)
    broken = false
    many(pair, 1)
    await settled()
    expect(pair.dials).toHaveLength(2)
  })

  test('beside connections that work, it costs nobody anything and is tried again after a while', async () => {
    let made = 0
    const pair = new PoolPair(
      {},
      {
        settings: { 3: 1 },
        onDial: () => {
          made += 1
          if (made === 2) throw new Error('no more')
        },
      },
    )
    const answers = many(pair, 2)
    for (let i = 0; i < 5; i++) await settled()
    expect(made).toBe(2)
    await pair.clock.advance(999)
    expect(made).toBe(2)
    await pair.clock.advance(1)
    expect(made).toBe(3)
    await pair.wires[1]!.send(response(1, 200, true))
    await expect(answers[1]).resolves.toMatchObject({ status: 200 })
  })
})

describe('waiting', () => {
  test.each<[string, ClientOptions, number, string]>([
    [
      'no stream becomes free',
      { timeouts: { queue: 1_000 }, maxConnectionsPerOrigin: 1 },
      1_000,
      'H2_TIMEOUT_QUEUE',
    ],
    [
      'all of it takes too long',
      { timeouts: { total: 500 }, maxConnectionsPerOrigin: 1 },
      500,
      'H2_TIMEOUT_TOTAL',
    ],
  ])('%s: the request fails, and no other', async (_name, options, ms, code) => {
    const pair = await PoolPair.open(options, { settings: { 3: 1 } })
    const [, waits] = many(pair, 2)
    const outcome = codeOf(waits!)
    await pair.clock.advance(ms)
    expect(await outcome).toBe(code)
    expect(pair.client.stats().waiting).toBe(0)
  })

  test('the queue limit does not count the dial', async () => {
    let dialled: (() => void) | undefined
    const pair = new PoolPair(
      { timeouts: { queue: 1_000 } },
      { onDial: () => new Promise<void>((resolve) => (dialled = resolve)) },
    )
    const answer = pair.client.request(URL_A)
    await pair.clock.advance(5_000)
    dialled!()
    for (let i = 0; i < 3; i++) await settled()
    await pair.wires[0]!.send(response(1, 200, true))
    expect((await answer).status).toBe(200)
  })

  test('an abort while dialling, while in line, and before the call: the reason itself', async () => {
    const pair = await PoolPair.open({ maxConnectionsPerOrigin: 1 }, { settings: { 3: 1 } })
    many(pair, 1)
    const reason = { my: 'reason' }
    const controller = new AbortController()
    const { signal } = controller
    const inLine = rejection(pair.client.request(URL_A, { signal }))
    const dialling = rejection(pair.client.request('https://b.test/', { signal }))
    controller.abort(reason)
    expect(await inLine).toBe(reason)
    expect(await dialling).toBe(reason)
    expect(await rejection(pair.client.request(URL_A, { signal }))).toBe(reason)
    expect(pair.client.stats().waiting).toBe(0)
  })
})

describe('the end', () => {
  test('close finishes what waits and what is open, and takes no more', async () => {
    const pair = await PoolPair.open({ maxConnectionsPerOrigin: 1 }, { settings: { 3: 1 } })
    const answers = many(pair, 3)
    const closed = pair.client.close()
    expect(await codeOf(pair.client.request(URL_A))).toBe('H2_CLIENT_CLOSED')
    await settled()
    for (const id of [3, 5, 7]) await pair.wires[0]!.send(response(id, 200, true))
    for (const answer of answers) await expect(answer).resolves.toMatchObject({ status: 200 })
    await closed
    expect(pair.client.stats().origins).toEqual([])
    expect(pair.clock.pending).toBe(0)
  })

  test('close of a client that did nothing', async () => {
    await new Client().close()
  })

  test('close while dialling for nobody gives the dial up', async () => {
    const pair = new PoolPair(
      {},
      { onDial: (_n, _t, signal) => new Promise((resolve) => signal!.addEventListener('abort', resolve)) },
    )
    const controller = new AbortController()
    const answer = rejection(pair.client.request(URL_A, { signal: controller.signal }))
    await settled()
    controller.abort('enough')
    await answer
    await pair.client.close()
    expect(pair.wires).toHaveLength(0)
  })

  test('destroy fails what waits, dials and is open, each with the cause', async () => {
    const pair = await PoolPair.open({ maxConnectionsPerOrigin: 1 }, { settings: { 3: 1 } })
    const answers = [...many(pair, 2), pair.client.request('https://b.test/')]
    const cause = new Error('enough')
    const failures = Promise.all(answers.map(rejection))
    pair.client.destroy(cause)
    for (const failure of await failures) {
      expect(failure).toMatchObject({ code: 'H2_CONNECTION_CLOSED', initiator: 'user', cause })
    }
    await pair.client.close()
    expect(pair.clock.pending).toBe(0)
  })
})

describe('draining', () => {
  test('after GOAWAY new requests go to a new connection, and open ones finish', async () => {
    const pair = await PoolPair.open()
    const open = pair.client.request(`${URL_A}open`)
    await settled()
    await pair.wires[0]!.send(goaway(0x7fffffff, 0))
    many(pair, 1)
    for (let i = 0; i < 3; i++) await settled()
    expect(pair.opened).toEqual([2, 1])
    await pair.wires[0]!.send(response(3, 200, true))
    expect((await open).status).toBe(200)
  })

  test('GOAWAY on every connection at once costs none of those that wait', async () => {
    const pair = new PoolPair({}, { settings: { 3: 1 } })
    const answers = many(pair, 10)
    const turns = async (): Promise<void> => {
      for (let i = 0; i < 12; i++) await settled()
    }
    await turns()
    expect(pair.opened).toEqual([1, 1, 1, 1, 1, 1])
    for (const wire of pair.wires.slice()) await wire.send(goaway(2 ** 31 - 1, 0))
    await turns()
    for (let i = 0; i < pair.wires.length; i++) {
      await pair.wires[i]!.send(response(1, 200, true))
      await turns()
    }
    expect(await Promise.allSettled(answers)).toMatchObject(answers.map(() => ({ status: 'fulfilled' })))
    expect(pair.dials).toHaveLength(10)
  })

  test('GOAWAY on an idle connection is no error, and dials nothing', async () => {
    const pair = await PoolPair.open()
    await pair.wires[0]!.send(goaway(1, 0))
    await pair.clock.advance(1_000)
    expect(pair.dials).toHaveLength(1)
    expect(pair.client.stats().connections).toBe(0)
  })

  test('a cancelled request gives its place to the next in line', async () => {
    const pair = await PoolPair.open({ maxConnectionsPerOrigin: 1 }, { settings: { 3: 1 } })
    const controller = new AbortController()
    const first = rejection(pair.client.request(URL_A, { signal: controller.signal }))
    many(pair, 1)
    await settled()
    controller.abort()
    await first
    await settled()
    // The slot is held until the peer must have seen the reset.
    const asked = pair.wires[0]!.of(PING).find((one) => one.flags === 0)
    if (asked !== undefined) await pair.wires[0]!.send(ping(asked.payload, true))
    expect(pair.opened).toEqual([3])
    expect(pair.wires[0]!.resets).toEqual([[3, 8]])
  })
})

test('HEADERS of a request are in the first write of its connection', async () => {
  const pair = new PoolPair({}, { silent: true })
  many(pair, 1)
  await settled()
  expect(pair.wires[0]!.frames[0]!.type).toBe(4)
  expect(pair.opened).toEqual([1])
  await pair.wires[0]!.send(settings(), rstStream(1, 8))
})

test('time is the only thing that a closed client leaves: none of it', async () => {
  const clock = new VirtualClock()
  const origin = new MemoryOrigin(() => ({ body: 'x' }))
  const client = new Client({ transport: origin.dial, clock })
  await (await client.request(URL_A)).bytes()
  await client.close()
  expect(clock.pending).toBe(0)
})

describe('ENHANCE_YOUR_CALM (RFC 9113 §7)', () => {
  test('GOAWAY with it: the next dial waits, and the request is not lost', async () => {
    const pair = await PoolPair.open()
    const answer = pair.client.request(URL_A)
    await settled()
    await pair.wires[0]!.send(goaway(1, 11))
    await pair.clock.advance(999)
    expect(pair.dials).toHaveLength(1)
    await pair.clock.advance(1)
    await pair.wires[1]!.send(response(1, 200, true))
    expect((await answer).status).toBe(200)
  })

  test('too_many_pings: the next connection asks half as often', async () => {
    const pair = await PoolPair.open({ keepAlive: { interval: 1_000, timeout: 500 } })
    await pair.wires[0]!.send(goaway(1, 11, 'too_many_pings'))
    many(pair, 1)
    await pair.clock.advance(1_000)
    const pings = (): number => pair.wires[1]!.of(PING).length
    await pair.clock.advance(1_900)
    expect(pings()).toBe(0)
    await pair.clock.advance(200)
    expect(pings()).toBe(1)
  })
})

test('a machine that slept: an idle connection is asked before it is used, though its clock stood still', async () => {
  let wall = 1_000_000
  const clock = Object.assign(new VirtualClock(), { wall: () => wall })
  const pair = await PoolPair.open({ clock })
  wall += 7_200_000
  many(pair, 1)
  await settled()
  expect(pair.opened).toEqual([1])
  expect(pair.wires[0]!.of(PING).filter((one) => one.flags === 0)).toHaveLength(1)
})
