import { Readable } from 'node:stream'
import { describe, expect, it, test } from 'vitest'
import type { ClientOptions, RequestBody } from '../../../src/index.ts'
import { settled } from '../../support/virtual-clock.ts'
import { goaway, HEADERS, headers, response, rstStream } from '../../support/wire.ts'
import { codeOf, rejection } from '../session/peer.ts'
import { PoolPair } from './pool-peer.ts'

const URL_A = 'https://a.test/'

async function turns(): Promise<void> {
  for (let i = 0; i < 6; i++) await settled()
}

/** Sends one request and has its first attempt refused. */
async function refusedOnce(
  options: ClientOptions,
  init: object,
): Promise<{ pair: PoolPair; answer: Promise<unknown> }> {
  const pair = await PoolPair.open(options)
  const answer = pair.client.request(URL_A, init)
  answer.catch(() => {})
  await turns()
  await pair.wires[0]!.send(rstStream(3, 7))
  await turns()
  return { pair, answer }
}

describe('REFUSED_STREAM (RFC 9113 §8.7)', () => {
  it.each<[string, RequestBody | undefined, string]>([
    ['no content', undefined, ''],
    ['text', 'once more', 'once more'],
    ['bytes', new TextEncoder().encode('bytes'), 'bytes'],
    ['a Blob', new Blob(['a blob']), 'a blob'],
    ['URLSearchParams', new URLSearchParams({ a: 'b' }), 'a=b'],
  ])('a POST with %s is sent again, in whole', async (_name, body, content) => {
    const { pair, answer } = await refusedOnce({}, { method: 'POST', body })
    const wire = pair.wires[0]!
    expect(wire.of(HEADERS).map(({ streamId }) => streamId)).toEqual([1, 3, 5])
    expect(wire.sections(5)).toEqual(wire.sections(3))
    expect(wire.content(5)).toBe(content)
    expect(wire.finished(5)).toBe(true)
    await wire.send(response(5, 201, true))
    await expect(answer).resolves.toMatchObject({ status: 201 })
  })

  it.each<[string, () => RequestBody]>([
    ['a Web stream', () => new Blob(['x']).stream()],
    ['a Node stream', () => Readable.from(['x'])],
    [
      'a generator',
      () =>
        (function* () {
          yield 'x'
        })(),
    ],
  ])('%s that was read from is not sent again', async (_name, body) => {
    const { pair, answer } = await refusedOnce({}, { method: 'PUT', body: body() })
    expect(await rejection(answer)).toMatchObject({
      code: 'H2_STREAM_REFUSED',
      processed: 'no',
      retryable: true,
    })
    expect(pair.opened).toEqual([2])
  })

  test('three times, the later ones after a while, then it fails', async () => {
    const { pair, answer } = await refusedOnce({}, {})
    const wire = pair.wires[0]!
    await wire.send(rstStream(5, 7))
    expect(pair.opened).toEqual([3])
    await pair.clock.advance(79)
    expect(pair.opened).toEqual([3])
    await pair.clock.advance(41)
    expect(pair.opened).toEqual([4])
    await wire.send(rstStream(7, 7))
    await pair.clock.advance(319)
    expect(pair.opened).toEqual([4])
    await pair.clock.advance(161)
    expect(pair.opened).toEqual([5])
    await wire.send(rstStream(9, 7))
    expect(await codeOf(answer)).toBe('H2_STREAM_REFUSED')
    await pair.clock.advance(10_000)
    expect(pair.opened).toEqual([5])
  })

  test('retry: false', async () => {
    const { pair, answer } = await refusedOnce({ retry: false }, {})
    expect(await codeOf(answer)).toBe('H2_STREAM_REFUSED')
    expect(pair.opened).toEqual([2])
  })

  test('after response fields it proves nothing (RFC 9113 §8.1)', async () => {
    const pair = await PoolPair.open()
    const answer = pair.client.request(URL_A)
    answer.catch(() => {})
    await turns()
    await pair.wires[0]!.send(headers(3, [[':status', '103']]), rstStream(3, 7))
    expect(await rejection(answer)).toMatchObject({ processed: 'yes', retryable: false })
    expect(pair.opened).toEqual([2])
  })

  test('a signal that is aborted while the request is put off ends it', async () => {
    const controller = new AbortController()
    const { pair, answer } = await refusedOnce({}, { signal: controller.signal })
    await pair.wires[0]!.send(rstStream(5, 7))
    controller.abort('enough')
    expect(await rejection(answer)).toBe('enough')
    await pair.clock.advance(1_000)
    expect(pair.opened).toEqual([3])
  })

  test('timeouts.total counts through all attempts', async () => {
    const { pair, answer } = await refusedOnce({ timeouts: { total: 100 } }, {})
    const outcome = codeOf(answer)
    await pair.clock.advance(60)
    await pair.wires[0]!.send(rstStream(5, 7))
    await pair.clock.advance(40)
    expect(await outcome).toBe('H2_TIMEOUT_TOTAL')
  })
})

describe('GOAWAY (RFC 9113 §6.8)', () => {
  test('requests above its last identifier go to a new connection, POST too; the others finish', async () => {
    const pair = await PoolPair.open()
    const answers = ['GET', 'POST', 'POST', 'POST'].map((method) =>
      pair.client.request(URL_A, method === 'GET' ? {} : { method, body: 'x' }),
    )
    await turns()
    await pair.wires[0]!.send(goaway(5, 0))
    await turns()
    expect(pair.opened).toEqual([5, 2])
    await pair.wires[0]!.send(response(3, 200, true), response(5, 200, true))
    await pair.wires[1]!.send(response(1, 200, true), response(3, 200, true))
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200, 200])
  })

  test('in a loop, it ends in an error and in few dials', async () => {
    const pair: PoolPair = new PoolPair({}, {})
    const answers = Promise.all(Array.from({ length: 20 }, () => codeOf(pair.client.request(URL_A))))
    for (let i = 0; i < 40; i++) {
      await pair.clock.advance(500)
      const wire = pair.wires.at(-1)!
      if (!wire.ended) await wire.send(goaway(0, 0))
    }
    expect(new Set(await answers)).toEqual(new Set(['H2_GOAWAY']))
    expect(pair.dials.length).toBeLessThanOrEqual(4)
    expect(pair.client.stats()).toMatchObject({ waiting: 0, open: 0 })
  })

  test('many at once are all saved: the first time costs no budget', async () => {
    const pair = await PoolPair.open()
    const answers = Array.from({ length: 60 }, () =>
      pair.client.request(URL_A, { method: 'POST', body: 'x' }),
    )
    await turns()
    await pair.wires[0]!.send(goaway(1, 0))
    await turns()
    const wire = pair.wires[1]!
    for (const { streamId } of wire.of(HEADERS)) await wire.send(response(streamId, 200, true))
    expect(await Promise.all(answers.map(async (answer) => (await answer).status))).toEqual(
      Array(60).fill(200),
    )
  })
})

describe('progress', () => {
  /** Takes three requests on each connection and says GOAWAY, until nobody asks any more. */
  async function takesThree(pair: PoolPair): Promise<void> {
    for (let i = 0; pair.wires[i] !== undefined; i++) {
      await pair.wires[i]!.send(
        goaway(5, 0),
        response(1, 200, true),
        response(3, 200, true),
        response(5, 200, true),
      )
      await turns()
    }
  }

  test('a server that takes three requests a connection answers all, and is soon given no more than that', async () => {
    const pair = new PoolPair({}, { settings: { 3: 100 } })
    const answers = Array.from({ length: 24 }, () =>
      pair.client.request(URL_A, { method: 'POST', body: 'x' }),
    )
    await turns()
    await takesThree(pair)
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(24).fill(200))
    expect(pair.opened).toEqual([24, 21, 3, 3, 3, 3, 3, 3])
  })

  test('one that goes on behind that number is given as many as it takes', async () => {
    const pair = new PoolPair({}, { settings: { 3: 100 } })
    const ask = (count: number): Promise<unknown>[] =>
      Array.from({ length: count }, () => pair.client.request(URL_A))
    const taken = [response(1, 200, true), response(3, 200, true), response(5, 200, true)]
    const first = ask(7)
    await turns()
    await pair.wires[0]!.send(goaway(5, 0), ...taken)
    await turns()
    await pair.wires[1]!.send(goaway(5, 0), ...taken)
    await turns()
    await pair.wires[2]!.send(response(1, 200, true))
    await Promise.all([...first])
    const more = ask(2)
    await turns()
    await pair.wires[2]!.send(response(3, 200, true), response(5, 200, true))
    await Promise.all(more)
    for (const answer of ask(9)) answer.catch(() => {})
    await turns()
    expect(pair.opened).toEqual([7, 4, 12])
    pair.client.destroy()
  })

  test('a request that is refused again and again is sent again for as long as others are answered', async () => {
    const pair = await PoolPair.open()
    const wire = pair.wires[0]!
    const answer = pair.client.request(URL_A, { method: 'POST', body: 'x' })
    await turns()
    let id = 3
    for (let i = 0; i < 10; i++) {
      const other = pair.client.request(URL_A)
      await turns()
      await wire.send(rstStream(id, 7), response(id + 2, 200, true))
      await other
      await pair.clock.advance(500)
      id += 4
    }
    await wire.send(response(id, 201, true))
    expect((await answer).status).toBe(201)
  })
})

describe('a connection that breaks', () => {
  it.each<[string, ClientOptions, object, number]>([
    ['a GET on a connection that had served is sent once more (RFC 9110 §9.2.2)', {}, {}, 3],
    ['a PUT, too', {}, { method: 'PUT', body: 'x' }, 3],
    ['a GET with retry off fails', { retry: false }, {}, 2],
    ['a POST is not', { retry: { idempotent: true } }, { method: 'POST', body: 'x' }, 2],
  ])('%s', async (_name, options, init, opened) => {
    const pair = await PoolPair.open(options)
    const answer = pair.client.request(URL_A, init)
    answer.catch(() => {})
    await turns()
    pair.wires[0]!.end.destroy()
    await turns()
    expect(pair.opened.reduce((a, b) => a + b)).toBe(opened)
    if (opened === 2) {
      expect(await rejection(answer)).toMatchObject({ code: 'H2_CONNECTION_CLOSED', processed: 'unknown' })
    } else {
      await pair.wires[1]!.send(response(1, 200, true))
      await expect(answer).resolves.toMatchObject({ status: 200 })
    }
  })

  test('a GET on which something came since it was written is not', async () => {
    const pair = await PoolPair.open()
    const lost = rejection(pair.client.request(URL_A))
    const other = pair.client.request(URL_A)
    await turns()
    await pair.wires[0]!.send(response(5, 200, true))
    await other
    pair.wires[0]!.end.destroy()
    expect(await lost).toMatchObject({ code: 'H2_CONNECTION_CLOSED', processed: 'unknown' })
    expect(pair.opened).toEqual([3])
  })

  test('a GET on a connection that had served nothing is not', async () => {
    const pair = new PoolPair()
    const lost = rejection(pair.client.request(URL_A))
    await turns()
    pair.wires[0]!.end.destroy()
    expect(await lost).toMatchObject({ code: 'H2_CONNECTION_CLOSED', processed: 'unknown' })
    expect(pair.opened).toEqual([1])
  })

  test('a GET that crosses the end of two connections fails with the second', async () => {
    const pair = await PoolPair.open({ maxConnectionsPerOrigin: 2 }, { settings: { 3: 1 } })
    const both = [pair.client.request(URL_A), pair.client.request(URL_A)]
    await turns()
    await pair.wires[0]!.send(response(3, 200, true))
    await pair.wires[1]!.send(response(1, 200, true))
    await Promise.all(both)
    const lost = rejection(pair.client.request(URL_A))
    await turns()
    pair.wires[0]!.end.destroy()
    await turns()
    expect(pair.opened).toEqual([3, 2])
    pair.wires[1]!.end.destroy()
    expect(await lost).toMatchObject({ code: 'H2_CONNECTION_CLOSED', processed: 'unknown' })
    expect(pair.opened).toEqual([3, 2])
  })

  test('again and again, unanswered: what waits fails after a few dials, later and later', async () => {
    const pair = new PoolPair({}, { silent: true })
    const answers = Promise.all(Array.from({ length: 50 }, () => rejection(pair.client.request(URL_A))))
    const moments: number[] = []
    for (let i = 0; i < 40; i++) {
      await pair.clock.advance(50)
      const wire = pair.wires.at(-1)!
      if (wire.closed) continue
      moments.push(i)
      wire.end.destroy()
    }
    const failures = await answers
    expect(moments).toHaveLength(4)
    expect(moments[3]! - moments[2]!).toBeGreaterThan(5)
    expect(failures.filter(({ processed }) => processed === 'no')).toHaveLength(46)
    expect(failures.at(-1)).toMatchObject({
      code: 'H2_CONNECTION_CLOSED',
      message: expect.stringMatching(/^connection failed: its connections end unanswered, the last: \S/),
    })
  })

  test('requests that waited for it are sent on another one', async () => {
    const pair = await PoolPair.open({ maxConnectionsPerOrigin: 1 }, { settings: { 3: 1 } })
    const [sent, waits] = [
      pair.client.request(URL_A, { method: 'POST', body: 'w' }),
      pair.client.request(URL_A, { method: 'POST', body: 'x' }),
    ]
    const lost = rejection(sent!)
    await turns()
    pair.wires[0]!.end.destroy()
    await turns()
    expect(await lost).toMatchObject({ processed: 'unknown' })
    await pair.wires[1]!.send(response(1, 200, true))
    await expect(waits).resolves.toMatchObject({ status: 200 })
  })
})

describe('statuses', () => {
  test('503 with retry-after: sent again after that, when the caller named it', async () => {
    const pair = await PoolPair.open({ retry: { statuses: [503] } })
    const answer = pair.client.request(URL_A)
    await turns()
    await pair.wires[0]!.send(
      headers(
        3,
        [
          [':status', '503'],
          ['retry-after', '2'],
        ],
        0x5,
      ),
    )
    await pair.clock.advance(1_999)
    expect(pair.opened).toEqual([2])
    await pair.clock.advance(1)
    await turns()
    expect(pair.opened).toEqual([3])
    await pair.wires[0]!.send(response(5, 200, true))
    await expect(answer).resolves.toMatchObject({ status: 200 })
  })

  test('not named: the answer is the answer', async () => {
    const pair = await PoolPair.open()
    const answer = pair.client.request(URL_A)
    await turns()
    await pair.wires[0]!.send(response(3, 503, true))
    await expect(answer).resolves.toMatchObject({ status: 503 })
    expect(pair.opened).toEqual([2])
  })

  test('an abort ends the wait', async () => {
    const controller = new AbortController()
    const pair = await PoolPair.open({ retry: { statuses: [503] } })
    const answer = pair.client.request(URL_A, { signal: controller.signal })
    await turns()
    await pair.wires[0]!.send(response(3, 503, true))
    await turns()
    controller.abort('enough')
    expect(await rejection(answer)).toBe('enough')
  })
})
