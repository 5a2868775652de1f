import { describe, expect, it, test } from 'vitest'
import { HTTP20Connection } from '../../../src/index.ts'
import { settled } from '../../support/virtual-clock.ts'
import { data, GOAWAY, PING, ping, response, uint32At, WINDOW_UPDATE } from '../../support/wire.ts'
import { codeOf, Pair, rejection } from './peer.ts'

async function answer(pair: Pair, streamId: number): Promise<void> {
  await pair.wire.send(response(streamId, 200), data(streamId, `answer ${streamId}`, true))
}

describe('connecting', () => {
  test('nothing is dialled before it is needed; connect is optional and a second call is a no-op', async () => {
    const pair = new Pair()
    expect([pair.connection.state, pair.connection.httpVersion, pair.connection.origin]).toEqual([
      'idle',
      '2',
      'https://a.test',
    ])
    const both = Promise.all([pair.connection.connect(), pair.connection.connect()])
    expect(pair.connection.state).toBe('connecting')
    await both
    await pair.connection.connect()
    expect(pair.connection.state).toBe('open')
    expect(pair.wires.length).toBe(1)
  })

  test('requests made in one turn leave with the preface, in order, in one write (RFC 9113 §3.4)', async () => {
    const pair = new Pair({}, { silent: true })
    const streams = ['/1', '/2', '/3'].map((path) => pair.connection.request('GET', path))
    expect(streams.map((stream) => stream.streamId)).toEqual([undefined, undefined, undefined])
    await settled()
    expect(streams.map((stream) => stream.streamId)).toEqual([1, 3, 5])
    expect([1, 3, 5].map((id) => pair.wire.head(id)[':path'])).toEqual(['/1', '/2', '/3'])
  })

  test('ping connects, and answers with the round trip in milliseconds', async () => {
    const pair = new Pair()
    const trip = pair.connection.ping()
    await settled()
    await pair.clock.advance(25)
    await pair.wire.send(ping(pair.wire.of(PING)[0]!.payload, true))
    expect(await trip).toBe(25)
    expect(pair.connection.stats.roundTripTime).toBeLessThanOrEqual(25)
  })

  test('what is done in the turn of a ping, before it is written, is none of its round trip', async () => {
    const pair = await Pair.open()
    const trip = pair.connection.ping()
    pair.clock.spend(40)
    await settled()
    await pair.clock.advance(25)
    await pair.wire.send(ping(pair.wire.of(PING)[0]!.payload, true))
    expect(await trip).toBe(25)
  })

  test('a ping without an answer rejects when the connection ends', async () => {
    const pair = await Pair.open()
    const code = codeOf(pair.connection.ping())
    pair.connection.destroy()
    expect(await code).toBe('H2_CONNECTION_CLOSED')
  })

  test('stats are plain data', async () => {
    const pair = await Pair.open()
    pair.connection.request('GET', '/')
    await settled()
    const { stats } = pair.connection
    expect(structuredClone(stats)).toEqual(stats)
    expect(stats).toMatchObject({ state: 'open', streamsOpen: 1, streamsQueued: 0, sendWindow: 65_535 })
    expect(stats.bytesSent).toBeGreaterThan(50)
    expect(stats.bytesReceived).toBeGreaterThan(8)
  })
})

describe('getResponse', () => {
  test('without a stream: the oldest request that nobody has asked for', async () => {
    const pair = await Pair.open()
    const { connection } = pair
    const [first, second] = [connection.request('GET', '/1'), connection.request('GET', '/2')]
    connection.request('GET', '/3')
    await settled()
    for (const id of [5, 3, 1]) await answer(pair, id)
    expect(await (await connection.getResponse(second)).text()).toBe('answer 3')
    expect(await (await connection.getResponse()).text()).toBe('answer 1')
    expect(await (await connection.getResponse()).text()).toBe('answer 5')
    expect(() => connection.getResponse()).toThrow(TypeError)
    expect(await connection.getResponse(first)).toBe(await first.response)
  })

  test('a response taken through its stream is not given again', async () => {
    const pair = await Pair.open()
    const [first] = [pair.connection.request('GET', '/1'), pair.connection.request('GET', '/2')]
    await settled()
    const response = first!.response
    const other = pair.connection.getResponse()
    for (const id of [1, 3]) await answer(pair, id)
    expect(await (await other).text()).toBe('answer 3')
    expect(await (await response).text()).toBe('answer 1')
  })
})

describe('close', () => {
  test('finishes what is in flight, says GOAWAY with the code, closes (RFC 9113 §6.8)', async () => {
    const pair = await Pair.open({}, { settings: { 3: 1 } })
    const open = pair.connection.request('GET', '/1')
    const queued = pair.connection.request('GET', '/2')
    await settled()
    let closed = false
    const closing = pair.connection.close(5).then(() => {
      closed = true
    })
    expect(pair.connection.state).toBe('draining')
    await answer(pair, 1)
    expect([closed, pair.wire.of(GOAWAY)]).toEqual([false, []])
    await answer(pair, 3)
    await closing
    expect(await (await open.response).text()).toBe('answer 1')
    expect(await (await queued.response).text()).toBe('answer 3')
    expect(pair.wire.of(GOAWAY).map((one) => uint32At(one.payload, 4))).toEqual([5])
    expect([pair.wire.ended, pair.wire.closed, pair.connection.state]).toEqual([true, true, 'idle'])
    expect(pair.wire.validator.faults).toEqual([])
  })

  test('then the object is as new', async () => {
    const pair = await Pair.open()
    for (let round = 0; round < 3; round++) {
      const stream = pair.connection.request('GET', '/')
      await settled()
      expect(stream.streamId).toBe(1)
      await answer(pair, 1)
      expect(await (await pair.connection.getResponse(stream)).text()).toBe('answer 1')
      await pair.connection.close()
      expect(pair.connection.state).toBe('idle')
    }
    expect(pair.wires.length).toBe(3)
  })

  test('what nobody asked for until then is forgotten', async () => {
    const pair = await Pair.open()
    const stream = pair.connection.request('GET', '/')
    await settled()
    await answer(pair, 1)
    await pair.connection.close()
    expect(() => pair.connection.getResponse()).toThrow(TypeError)
    expect(await (await pair.connection.getResponse(stream)).text()).toBe('answer 1')
  })

  test('calls at the same time share; idle there is nothing to do', async () => {
    const pair = new Pair()
    await pair.connection.close()
    await pair.connection.connect()
    await Promise.all([pair.connection.close(), pair.connection.close()])
    expect(pair.wire.of(GOAWAY).length).toBe(1)
    await pair.connection.close()
    expect(pair.wires.length).toBe(1)
  })

  test('a request meanwhile waits for it, and connects again', async () => {
    const pair = await Pair.open()
    const first = pair.connection.request('GET', '/1')
    await settled()
    const closing = pair.connection.close()
    const second = pair.connection.request('GET', '/2')
    await settled()
    expect(pair.wires.length).toBe(1)
    await answer(pair, 1)
    await closing
    await settled()
    expect(pair.wires.length).toBe(2)
    await answer(pair, 1)
    expect((await second.response).status).toBe(200)
    expect((await first.response).status).toBe(200)
  })

  test('while the dial is under way: requests are made, then it closes', async () => {
    const pair = new Pair()
    const stream = pair.connection.request('GET', '/')
    const closing = pair.connection.close()
    await settled()
    await answer(pair, 1)
    await closing
    expect((await stream.response).status).toBe(200)
  })

  test('while the dial is under way for nobody: it is given up', async () => {
    let aborted = false
    const pair = new Pair({
      transport: (_target, _options, signal) =>
        new Promise((_, reject) => {
          signal!.addEventListener('abort', () => {
            aborted = true
            reject(signal!.reason)
          })
        }),
    })
    const code = codeOf(pair.connection.connect())
    await settled()
    await pair.connection.close()
    expect(aborted).toBe(true)
    expect(await code).toBe('H2_CONNECTION_CLOSED')
  })

  test('a body that nobody reads does not hold it for ever', async () => {
    const pair = await Pair.open({ timeouts: { bodyIdle: 100 }, keepAlive: false })
    const stream = pair.connection.request('GET', '/')
    await settled()
    await pair.wire.send(response(1, 200), data(1, 'abc'))
    const closing = pair.connection.close()
    await pair.clock.advance(200)
    await closing
    expect(await codeOf((await stream.response).text())).toBe('H2_TIMEOUT_BODY')
  })

  test.each([-1, 1.5, 2 ** 32])('error code %s', async (code) => {
    await expect(new Pair().connection.close(code)).rejects.toBeInstanceOf(RangeError)
  })

  test('await using', async () => {
    let kept: Pair | undefined
    {
      await using pairs = new AsyncDisposables()
      kept = pairs.use(await Pair.open())
      const stream = kept.connection.request('GET', '/')
      await settled()
      await answer(kept, 1)
      expect((await stream.response).status).toBe(200)
    }
    expect([kept.wire.closed, kept.connection.state]).toEqual([true, 'idle'])
    expect(kept.wire.of(GOAWAY).length).toBe(1)
  })
})

class AsyncDisposables {
  readonly #pairs: Pair[] = []

  use(pair: Pair): Pair {
    this.#pairs.push(pair)
    return pair
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { connection } of this.#pairs) await connection[Symbol.asyncDispose]()
  }
}

describe('destroy', () => {
  const reason = new Error('enough')

  it.each<[string, (pair: Pair) => Promise<void>]>([
    ['with requests open', async () => settled()],
    ['while connecting', async () => {}],
  ])('%s: every one rejects, with the reason as cause', async (_, before) => {
    const pair = new Pair()
    const streams = ['/1', '/2'].map((path) => pair.connection.request('GET', path))
    await before(pair)
    pair.connection.destroy(reason)
    const errors = await Promise.all(streams.map((stream) => rejection(stream.response)))
    for (const error of errors) {
      expect(error).toMatchObject({ code: 'H2_CONNECTION_CLOSED', initiator: 'user', cause: reason })
    }
    expect(errors[0]).not.toBe(errors[1])
    await settled()
    for (const wire of pair.wires) expect(wire.closed).toBe(true)
    expect(pair.connection.state).toBe('idle')
    const next = pair.connection.request('GET', '/3')
    await settled()
    await answer(pair, 1)
    expect((await next.response).status).toBe(200)
  })

  test('idle, twice, after close: nothing', async () => {
    const pair = new Pair()
    pair.connection.destroy()
    await pair.connection.connect()
    await pair.connection.close()
    pair.connection.destroy()
    pair.connection.destroy()
    expect(pair.wires.length).toBe(1)
  })

  test('ends a close that waits', async () => {
    const pair = await Pair.open()
    const stream = pair.connection.request('GET', '/')
    await settled()
    const closing = pair.connection.close()
    pair.connection.destroy(reason)
    expect(await codeOf(stream.response)).toBe('H2_CONNECTION_CLOSED')
    await closing
  })
})

test('an idle connection does not keep the process alive; one with work does', async () => {
  const pair = await Pair.open()
  const { client } = pair.wire
  expect(client.referenced).toBe(false)
  const stream = pair.connection.request('GET', '/')
  await settled()
  expect(client.referenced).toBe(true)
  await answer(pair, 1)
  expect(client.referenced).toBe(false)
  expect((await stream.response).status).toBe(200)
  const trip = pair.connection.ping()
  await settled()
  expect(client.referenced).toBe(true)
  await pair.wire.send(ping(pair.wire.of(PING)[0]!.payload, true))
  await trip
  await settled()
  expect(client.referenced).toBe(false)
})

test('a thousand requests, answered in any order, never mixed up', async () => {
  const pair = await Pair.open({ limits: { maxConcurrentStreams: 1000 } }, { chunk: 113 })
  const streams = Array.from({ length: 300 }, (_, i) => pair.connection.request('GET', `/${i}`))
  await settled()
  const ids = streams
    .map((stream) => stream.streamId!)
    .sort((a, b) => ((a * 7919) % 613) - ((b * 7919) % 613))
  for (const id of ids) await pair.wire.send(response(id, 200))
  for (const id of ids.reverse()) await pair.wire.send(data(id, `answer ${id}`, true))
  const texts = await Promise.all(streams.map(async (stream) => (await stream.response).text()))
  expect(texts).toEqual(streams.map((stream) => `answer ${stream.streamId}`))
  expect(pair.wire.of(WINDOW_UPDATE).every((one) => uint32At(one.payload) > 0)).toBe(true)
  expect(pair.wire.validator.faults).toEqual([])
})

test('a connection object that is not used does nothing', () => {
  expect(new HTTP20Connection('a.test').stats).toMatchObject({ state: 'idle', bytesSent: 0, streamsOpen: 0 })
})
