/** What must not go wrong in a pool whatever the order of events: each test is named by what was seen. */
import { describe, expect, it, test } from 'vitest'
import { Client, HTTPConnection } from '../../../src/index.ts'
import { MemoryOrigin } from '../../../src/testing/index.ts'
import { memoryPair } from '../../../src/transport/memory.ts'
import { settled, VirtualClock } from '../../support/virtual-clock.ts'
import { data, goaway, HEADERS, response, rstStream, settings } from '../../support/wire.ts'
import { PlainOrigin } from '../faces/plain-origin.ts'
import { codeOf, rejection } from '../session/peer.ts'
import { PoolPair } from './pool-peer.ts'

const URL_A = 'https://a.test/'

async function turns(): Promise<void> {
  for (let i = 0; i < 6; i++) await settled()
}

/** A request whose failure is nobody's business. */
function ask(pair: PoolPair, url: string, init: object = {}): Promise<unknown> {
  const answer = pair.client.request(url, init)
  answer.catch(() => {})
  return answer
}

describe('room for connections', () => {
  test('an origin that stopped waiting for room keeps it from nobody', async () => {
    const pair = new PoolPair({ maxConnections: 2 }, { settings: { 3: 1 } })
    const first = ask(pair, 'https://a.test/') as Promise<{ bytes(): Promise<unknown> }>
    ask(pair, 'https://b.test/')
    await turns()
    const abort = new AbortController()
    ask(pair, 'https://b.test/2', { signal: abort.signal })
    ask(pair, 'https://c.test/')
    abort.abort()
    await turns()
    await pair.wires[0]!.send(response(1, 200, true))
    await (await first).bytes()
    await turns()
    expect(pair.dials.map(({ target }) => target.host)).toEqual(['a.test', 'b.test', 'c.test'])
  })

  test('a burst for one origin closes one idle connection of the others, not one for each request', async () => {
    const pair = new PoolPair({ maxConnections: 3 })
    for (const name of ['a', 'b', 'c']) {
      const answer = pair.client.request(`https://${name}.test/`)
      await turns()
      await pair.wires.at(-1)!.send(response(1, 200, true))
      await (await answer).bytes()
      await turns()
    }
    for (let i = 0; i < 10; i++) ask(pair, 'https://d.test/')
    await turns()
    expect(pair.wires.map(({ ended }) => ended)).toEqual([true, false, false, false])
  })

  test('a request that does not fit its idle connection leaves that idle: it makes room, and closes in time', async () => {
    const clock = new VirtualClock()
    const server = new PlainOrigin()
    const client = new Client({ clock, transport: server.dial, maxConnections: 1 })
    await (await client.request('http://a.test/')).bytes()
    await turns()
    await expect(client.request('http://a.test/', { method: 'CONNECT' })).rejects.toThrow(TypeError)
    await (await client.request('http://b.test/')).bytes()
    await turns()
    await expect(client.request('http://b.test/', { method: 'CONNECT' })).rejects.toThrow(TypeError)
    await clock.advance(95_000)
    expect(client.stats().connections).toBe(0)
  })

  test('a long line over HTTP/1.1 does not keep another origin waiting until it is done', async () => {
    const clock = new VirtualClock()
    const server = new PlainOrigin({ delayMs: 50, clock })
    const client = new Client({ clock, transport: server.dial, maxConnections: 2 })
    let done = 0
    const line = Array.from({ length: 200 }, async () => {
      await (await client.request('http://busy.test/')).bytes()
      done += 1
    })
    await clock.advance(100)
    let doneBefore = 0
    const starved = client.request('http://starved.test/').then(async (answer) => {
      await answer.bytes()
      doneBefore = done
    })
    await clock.advance(12_000)
    await Promise.all([starved, ...line])
    expect(doneBefore).toBeLessThan(100)
    await client.close()
    expect(clock.pending).toBe(0)
  })

  test('an origin that always has requests gives a connection up for one that has none', async () => {
    const origin = new MemoryOrigin(() => ({ body: 'x' }), { maxConcurrentStreams: 1 })
    const clock = new VirtualClock()
    const client = new Client({ transport: origin.dial, clock, maxConnections: 1 })
    let asked = 0
    let over = false
    const forEver = async (): Promise<void> => {
      while (!over) {
        asked += 1
        await (await client.request('https://busy.test/')).bytes()
        await settled()
      }
    }
    const busy = [forEver(), forEver(), forEver()]
    await turns()
    const before = asked
    const answer = client.request('https://starved.test/')
    await turns()
    await clock.advance(1_000)
    expect((await answer).status).toBe(200)
    await (await answer).bytes()
    await clock.advance(1_000)
    over = true
    await Promise.all(busy)
    expect(asked).toBeGreaterThan(before)
    await client.close()
    expect(clock.pending).toBe(0)
  })

  test('the limit on waiting for a stream counts where there is no room for a connection', async () => {
    const pair = new PoolPair({ maxConnections: 1, timeouts: { queue: 5_000 } })
    ask(pair, 'https://a.test/never-answered')
    await turns()
    const outcome = codeOf(pair.client.request('https://b.test/'))
    await pair.clock.advance(5_000)
    expect(await outcome).toBe('H2_TIMEOUT_QUEUE')
  })
})

describe('origins are forgotten', () => {
  it.each<[string, object]>([
    ['with a head that breaks a rule', { headers: { 'bad name': '1' } }],
    ['with an option that does not exist', { nonsense: 1 }],
    ['whose signal was aborted before', { signal: AbortSignal.abort() }],
  ])('1,000 requests %s leave no origin behind', async (_name, init) => {
    const pair = new PoolPair()
    for (let i = 0; i < 1_000; i++) await pair.client.request(`https://h${i}.test/`, init).catch(() => {})
    expect(pair.client.stats().origins).toHaveLength(0)
  })

  test('after 3,000 origins that were dialled in vain, and as many that answered, nothing is left', {
    timeout: 60_000,
  }, async () => {
    const clock = new VirtualClock()
    const origin = new MemoryOrigin(() => ({ body: 'x' }))
    const client = new Client({
      clock,
      maxConnections: 10,
      transport: (target, options, signal) => {
        if (target.host.startsWith('bad')) throw new Error('no route')
        return origin.dial(target, options, signal)
      },
    })
    const outcomes = Array.from({ length: 3_000 }, async (_, i) => {
      await client.request(`https://bad${i}.test/`).catch(() => {})
      await (await client.request(`https://good${i}.test/`)).bytes()
    })
    await Promise.all(outcomes)
    await clock.advance(90_001)
    expect(client.stats()).toEqual({ connections: 0, waiting: 0, open: 0, origins: [] })
    expect(clock.pending).toBe(0)
  })
})

describe('connections that end', () => {
  test('connections of an origin that answered, all told to go at once, cost no request', async () => {
    const pair = new PoolPair({ maxConnectionsPerOrigin: 5 }, { settings: { 3: 1 } })
    const answers = Array.from({ length: 5 }, () => ask(pair, URL_A))
    for (let i = 0; i < 5; i++) await turns()
    expect(pair.opened).toEqual([1, 1, 1, 1, 1])
    for (const wire of pair.wires) await wire.send(response(1, 200))
    for (const answer of answers) await expect(answer).resolves.toMatchObject({ status: 200 })
    const waits = ask(pair, URL_A) as Promise<{ status: number }>
    await Promise.all(pair.wires.map((wire) => wire.send(goaway(1, 0))))
    await turns()
    await pair.wires[5]!.send(response(1, 204, true))
    expect((await waits).status).toBe(204)
  })

  test('a server that ends each connection before it is used is not dialled for ever', async () => {
    let dials = 0
    const clock = new VirtualClock()
    const client = new Client({
      clock,
      transport: async () => {
        dials += 1
        const [ours, theirs] = memoryPair({ alpn: 'h2' })
        // Gone before anyone listens: what is told is told within `start`.
        theirs.start({ onChunk() {}, onEnd() {}, onClosed() {} })
        const start = ours.start.bind(ours)
        ours.start = (handler) => {
          handler.onChunk(settings())
          handler.onChunk(goaway(0, 0))
          start(handler)
        }
        return ours
      },
    })
    const outcome = codeOf(client.request(URL_A))
    await clock.advance(60_000)
    expect(await outcome).toBe('H2_CONNECTION_CLOSED')
    expect(dials).toBeLessThan(10)
    expect(client.stats().origins).toEqual([])
  })

  test('a reader who takes his time is not failed because his connection has become too old', async () => {
    const pair = await PoolPair.open({ keepAlive: false, maxAge: 20_000 })
    const answer = pair.client.request(URL_A)
    await turns()
    await pair.wires[0]!.send(response(3, 200), data(3, 'part'))
    const got = await answer
    await pair.clock.advance(30_000)
    ask(pair, URL_A)
    await turns()
    expect(pair.dials).toHaveLength(2)
    await pair.clock.advance(120_000)
    await pair.wires[0]!.send(data(3, 'end', true))
    expect(await got.text()).toBe('partend')
  })

  test('a reader who takes his time is not failed because his response ends its connection', async () => {
    const clock = new VirtualClock()
    const [ours, theirs] = memoryPair()
    theirs.start({ onChunk() {}, onEnd: () => theirs.end(), onClosed() {} })
    const client = new Client({ clock, transport: async () => ours })
    const answer = client.request('http://a.test/')
    await turns()
    const head = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 7\r\n\r\npart'
    theirs.write(new TextEncoder().encode(head), () => {})
    const got = await answer
    await clock.advance(120_000)
    theirs.write(new TextEncoder().encode('end'), () => {})
    expect(await got.text()).toBe('partend')
    client.destroy()
  })

  test('dials that failed beside a connection are no reason to wait once there is none', async () => {
    let made = 0
    const pair = new PoolPair(
      { maxConnectionsPerOrigin: 2 },
      {
        settings: { 3: 1 },
        onDial: () => {
          made += 1
          if (made === 2) throw new Error('no more')
        },
      },
    )
    ask(pair, URL_A)
    await turns()
    const waits = ask(pair, URL_A) as Promise<{ status: number }>
    await turns()
    expect(made).toBe(2)
    await pair.wires[0]!.send(goaway(1, 0))
    await turns()
    expect(made).toBe(3)
    await pair.wires[1]!.send(response(1, 204, true))
    expect((await waits).status).toBe(204)
  })

  test('an idle connection that its server is about to close is not used, though no timer has rung yet', async () => {
    const server = new PlainOrigin({ fields: 'Keep-Alive: timeout=5\r\n' })
    const clock = new VirtualClock()
    let late = 0
    const now = (): number => clock.now() + late
    const client = new Client({
      transport: server.dial,
      clock: {
        now,
        setTimer: (ring, ms) => clock.setTimer(ring, ms),
        clearTimer: (timer) => clock.clearTimer(timer),
      },
    })
    await (await client.request('http://a.test/')).bytes()
    await turns()
    late = 4_500
    await (await client.request('http://a.test/')).bytes()
    expect(server.connections).toBe(2)
    client.destroy()
  })
})

describe('limits of time', () => {
  test('the wait for a stream is not counted anew because one connection of many is replaced', async () => {
    const options = { timeouts: { queue: 3_000 }, maxConnectionsPerOrigin: 2, keepAlive: false as const }
    const pair = await PoolPair.open(options, { settings: { 3: 1 } })
    for (let i = 0; i < 3; i++) ask(pair, URL_A)
    const fourth = codeOf(pair.client.request(URL_A))
    await turns()
    expect(pair.opened).toEqual([2, 1])
    await pair.clock.advance(2_000)
    await pair.wires[1]!.send(goaway(1, 0), response(1, 200, true))
    await turns()
    expect(pair.opened).toEqual([2, 1, 1])
    await pair.clock.advance(1_000)
    expect(await Promise.race([fourth, turns()])).toBe('H2_TIMEOUT_QUEUE')
  })

  test('a request that is sent again after a while has its limit on waiting for a stream', async () => {
    const pair = await PoolPair.open(
      { timeouts: { queue: 1_000 }, maxConnectionsPerOrigin: 1, keepAlive: false },
      { settings: { 3: 1 } },
    )
    const outcome = codeOf(pair.client.request(URL_A))
    await turns()
    await pair.wires[0]!.send(rstStream(3, 7))
    await turns()
    await pair.wires[0]!.send(rstStream(5, 7))
    ask(pair, `${URL_A}never-answered`)
    await pair.clock.advance(2_000)
    expect(await Promise.race([outcome, settled()])).toBe('H2_TIMEOUT_QUEUE')
  })

  test('nobody waits: no timer is left of the next dial', async () => {
    const pair = await PoolPair.open()
    const abort = new AbortController()
    const answer = rejection(pair.client.request(URL_A, { signal: abort.signal }))
    await settled()
    await pair.wires[0]!.send(goaway(1, 11))
    abort.abort()
    await answer
    await pair.clock.advance(10)
    pair.clock.advance(0)
    expect(pair.client.stats().origins).toEqual([])
    expect(pair.clock.pending).toBe(0)
  })
})

describe('the end of a client', () => {
  test('close does not wait for a transport that never hears of an abort', async () => {
    const pair = new PoolPair({ transport: () => new Promise(() => {}) })
    const abort = new AbortController()
    const answer = rejection(pair.client.request(URL_A, { signal: abort.signal }))
    await settled()
    abort.abort()
    await answer
    await pair.client.close()
    expect(pair.client.stats().connections).toBe(0)
  })

  test('a transport that comes after destroy is closed', async () => {
    let stand: (() => void) | undefined
    const pair = new PoolPair({}, { onDial: () => new Promise<void>((resolve) => (stand = resolve)) })
    const { dial } = pair
    const client = new Client({ clock: pair.clock, transport: (target, options) => dial(target, options) })
    const answer = codeOf(client.request(URL_A))
    await settled()
    client.destroy()
    expect(await answer).toBe('H2_CONNECTION_CLOSED')
    await client.close()
    stand!()
    await turns()
    expect(pair.wires[0]!.closed || pair.wires[0]!.ended).toBe(true)
    expect(client.stats().connections).toBe(0)
  })

  test('windows that cannot be made fail the request, and nothing else', async () => {
    const origin = new MemoryOrigin(() => ({ body: 'x' }))
    let broken = true
    const client = new Client({
      transport: origin.dial,
      windowManager: (size: number) => {
        if (broken) throw new Error('no windows today')
        return { windowSize: size, onDataReceived: () => 0, onDataConsumed: () => 0 } as never
      },
    })
    expect(await codeOf(client.request(URL_A))).toBe('H2_CONNECT')
    broken = false
    expect(client.stats().connections).toBe(0)
    await client.close()
  })
})

describe('HTTPConnection', () => {
  test('what is asked after destroy is not failed by the dial that was given up', async () => {
    let made = 0
    const origin = new MemoryOrigin(() => ({ body: 'x' }))
    const conn = new HTTPConnection('a.test', {
      transport: (target, options, signal) => {
        made += 1
        if (made > 1) return origin.dial(target, options, signal)
        return new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason)))
      },
    })
    const first = codeOf(conn.request('GET', '/').response)
    await settled()
    conn.destroy()
    const second = conn.request('GET', '/').response
    expect(await first).toBe('H2_CONNECTION_CLOSED')
    expect((await second).status).toBe(200)
    await (await second).bytes()
    await conn.close()
  })

  test('a request with a bad head during close fails alone', async () => {
    const origin = new MemoryOrigin(() => ({ body: 'x' }))
    const conn = new HTTPConnection('a.test', { transport: origin.dial })
    await conn.connect()
    const closed = conn.close()
    expect(() => conn.request('GET', '/', { headers: { 'bad name': '1' } })).toThrow(TypeError)
    const after = conn.request('GET', '/').response
    await closed
    expect((await after).status).toBe(200)
    conn.destroy()
  })

  test('destroy fails what waits for close to be done', async () => {
    const origin = new MemoryOrigin(() => new Promise(() => {}))
    const conn = new HTTPConnection('a.test', { transport: origin.dial })
    const first = codeOf(conn.request('GET', '/').response)
    await settled()
    void conn.close()
    const second = codeOf(conn.request('GET', '/').response)
    conn.destroy()
    expect([await first, await second]).toEqual(['H2_CONNECTION_CLOSED', 'H2_CONNECTION_CLOSED'])
  })

  test('close while connect waits for a dial that is put off: connect is told', async () => {
    const pair = new PoolPair()
    const conn = new HTTPConnection('a.test', { transport: pair.dial, clock: pair.clock })
    await conn.connect()
    await settled()
    await pair.wires[0]!.send(goaway(0, 11))
    await turns()
    const connected = codeOf(conn.connect())
    await settled()
    await conn.close()
    expect(await connected).toBe('H2_CONNECTION_CLOSED')
    expect(pair.clock.pending).toBe(0)
  })

  test('ping of a connection that goes as soon as it stands is an H2Error', async () => {
    const conn = new HTTPConnection('a.test', {
      transport: async () => {
        const [ours, theirs] = memoryPair({ alpn: 'h2' })
        theirs.start({ onChunk() {}, onEnd() {}, onClosed() {} })
        theirs.destroy()
        return ours
      },
    })
    expect(String(await codeOf(conn.ping()))).toMatch(/^H2_/)
    conn.destroy()
  })
})

describe('content that is never sent', () => {
  it.each<[string, (pair: PoolPair, body: ReadableStream<Uint8Array>) => Promise<unknown>]>([
    ['a dial that fails', (pair, body) => pair.client.request(URL_A, { method: 'POST', body })],
    [
      'an abort before the call',
      (pair, body) => pair.client.request(URL_A, { method: 'POST', body, signal: AbortSignal.abort() }),
    ],
  ])('%s: its stream is told', async (_name, send) => {
    const pair = new PoolPair(
      {},
      {
        onDial: () => {
          throw new Error('no route')
        },
      },
    )
    let cancelled = false
    const body = new ReadableStream<Uint8Array>({
      cancel() {
        cancelled = true
      },
    })
    await rejection(send(pair, body))
    await settled()
    expect(cancelled).toBe(true)
  })

  test('a body that cannot be opened fails its request, and leaves no stream open', async () => {
    const pair = await PoolPair.open()
    const body = {
      [Symbol.asyncIterator](): AsyncIterator<string> {
        throw new Error('not today')
      },
    }
    await expect(pair.client.request(URL_A, { method: 'POST', body })).rejects.toThrow('not today')
    await turns()
    expect(pair.client.stats().open).toBe(0)
    expect(pair.wires[0]!.of(HEADERS, 3)).toEqual([])
  })
})
