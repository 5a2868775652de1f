/** What an `HTTP20Connection` sends again by itself, and what it does not. */
import { describe, expect, test } from 'vitest'
import { HTTP20Connection, type HTTP20ConnectionOptions } from '../../../src/index.ts'
import { settled } from '../../support/virtual-clock.ts'
import { goaway, response, rstStream, settings } from '../../support/wire.ts'
import { PoolPair, type PoolPeerOptions } from '../pool/pool-peer.ts'
import { codeOf, rejection } from '../session/peer.ts'

function connection(
  options: HTTP20ConnectionOptions = {},
  peer: PoolPeerOptions = {},
): { conn: HTTP20Connection; pair: PoolPair } {
  const pair = new PoolPair({}, peer)
  const conn = new HTTP20Connection('a.test', { transport: pair.dial, clock: pair.clock, ...options })
  return { conn, pair }
}

async function turns(): Promise<void> {
  for (let i = 0; i < 6; i++) await settled()
}

describe('what waits for a stream when the peer says GOAWAY (RFC 9113 §6.8)', () => {
  test('goes to the next connection, POST too; what was sent and not taken fails', async () => {
    const { conn, pair } = connection({}, { settings: { 3: 2 } })
    await conn.connect()
    await turns()
    const asked = Array.from({ length: 5 }, () => conn.getResponse(conn.request('POST', '/', { body: 'x' })))
    const outcomes = asked.map((answer) =>
      answer.then(
        ({ status }) => status,
        ({ code }) => code,
      ),
    )
    await turns()
    expect(pair.opened).toEqual([2])
    await pair.wires[0]!.send(goaway(1, 0), response(1, 200, true))
    await turns()
    expect(pair.opened).toEqual([2, 2])
    await pair.wires[1]!.send(response(1, 201, true), response(3, 201, true))
    await turns()
    await pair.wires[1]!.send(response(5, 201, true))
    expect(await Promise.all(outcomes)).toEqual([200, 'H2_GOAWAY', 201, 201, 201])
  })

  test('connections that answer nothing, one after the other, come to an end, later and later', async () => {
    const { conn, pair } = connection({}, { settings: { 3: 0 } })
    await conn.connect()
    await turns()
    const outcome = codeOf(conn.getResponse(conn.request('GET', '/')))
    const moments: number[] = []
    for (let step = 0; step < 40; step++) {
      await pair.clock.advance(50)
      const wire = pair.wires.at(-1)!
      if (wire.ended || wire.closed) continue
      moments.push(step)
      await wire.send(goaway(0, 0))
    }
    expect(await outcome).toBe('H2_GOAWAY')
    expect(moments).toHaveLength(4)
    expect(moments[3]! - moments[2]!).toBeGreaterThan(5)
  })
})

describe('REFUSED_STREAM (RFC 9113 §8.7)', () => {
  test('of a cold burst: what the peer refused waits for its turn, and is answered', async () => {
    const { conn, pair } = connection({}, { silent: true })
    const answers = Array.from({ length: 5 }, () =>
      conn.getResponse(conn.request('POST', '/', { body: 'x' })),
    )
    await turns()
    const wire = pair.wires[0]!
    expect(pair.opened).toEqual([5])
    await wire.send(settings({ 3: 2 }), rstStream(5, 7), rstStream(7, 7), rstStream(9, 7))
    await wire.send(response(1, 200, true), response(3, 200, true))
    await wire.send(response(11, 200, true), response(13, 200, true))
    await wire.send(response(15, 200, true))
    const statuses = (await Promise.all(answers)).map(({ status }) => status)
    expect(statuses).toEqual([200, 200, 200, 200, 200])
    expect(pair.dials).toHaveLength(1)
  })

  test('of a request within the limit is the caller’s to judge', async () => {
    const { conn, pair } = connection({}, { silent: true })
    const outcome = codeOf(conn.getResponse(conn.request('GET', '/')))
    await turns()
    await pair.wires[0]!.send(settings({ 3: 2 }), rstStream(1, 7))
    expect(await outcome).toBe('H2_STREAM_REFUSED')
  })

  test('of a request that left with the limit known is the caller’s to judge', async () => {
    const { conn, pair } = connection()
    await conn.connect()
    await turns()
    const outcome = codeOf(conn.getResponse(conn.request('GET', '/')))
    await turns()
    await pair.wires[0]!.send(rstStream(1, 7))
    expect(await outcome).toBe('H2_STREAM_REFUSED')
  })
})

describe('a request that crosses the end of its connection (RFC 9110 §9.2.2)', () => {
  test.each([
    ['GET', 2, 1],
    ['POST', 2, 0],
  ])('%s', async (method, onFirst, onSecond) => {
    const { conn, pair } = connection()
    const first = conn.getResponse(conn.request('GET', '/'))
    await turns()
    await pair.wires[0]!.send(response(1, 200, true))
    await (await first).bytes()
    const answer = conn.getResponse(conn.request(method, '/'))
    const outcome = answer.then(
      ({ status }) => status,
      ({ processed }) => processed,
    )
    await turns()
    pair.wires[0]!.end.destroy()
    await turns()
    expect([pair.opened[0], pair.opened[1] ?? 0]).toEqual([onFirst, onSecond])
    if (onSecond > 0) await pair.wires[1]!.send(response(1, 204, true))
    expect(await outcome).toBe(onSecond > 0 ? 204 : 'unknown')
  })

  test('on a connection that had served nothing it fails', async () => {
    const { conn, pair } = connection()
    const outcome = rejection(conn.getResponse(conn.request('GET', '/')))
    await turns()
    pair.wires[0]!.end.destroy()
    expect(await outcome).toMatchObject({ code: 'H2_CONNECTION_CLOSED', processed: 'unknown' })
    expect(pair.dials).toHaveLength(1)
  })
})

describe('the dial', () => {
  const refused = (): never => {
    throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  }

  test('that is refused is tried again twice, after about 100 and 400 ms', async () => {
    const { conn, pair } = connection({}, { onDial: (dial) => dial < 3 && refused() })
    const answer = conn.getResponse(conn.request('POST', '/', { body: 'x' }))
    await pair.clock.advance(79)
    expect(pair.dials).toHaveLength(1)
    await pair.clock.advance(42)
    expect(pair.dials).toHaveLength(2)
    await pair.clock.advance(278)
    expect(pair.dials).toHaveLength(2)
    await pair.clock.advance(202)
    await turns()
    await pair.wires[0]!.send(response(1, 201, true))
    expect((await answer).status).toBe(201)
  })

  test('that is refused thrice fails', async () => {
    const { conn, pair } = connection({}, { onDial: refused })
    const outcome = codeOf(conn.getResponse(conn.request('GET', '/')))
    await pair.clock.advance(1_000)
    expect(await outcome).toBe('H2_CONNECT')
    expect(pair.dials).toHaveLength(3)
    expect(pair.clock.pending).toBe(0)
  })

  test('that hangs has another beside it, and whichever comes first is used', async () => {
    const aborted: number[] = []
    const hang = (dial: number, signal: AbortSignal | undefined): Promise<never> =>
      new Promise((_, reject) => {
        signal!.addEventListener('abort', () => {
          aborted.push(dial)
          reject(signal!.reason)
        })
      })
    const { conn, pair } = connection({}, { onDial: (dial, _, signal) => dial < 3 && hang(dial, signal) })
    const answer = conn.getResponse(conn.request('GET', '/'))
    await pair.clock.advance(999)
    expect(pair.dials).toHaveLength(1)
    await pair.clock.advance(1_001)
    await turns()
    await pair.wires[0]!.send(response(1, 200, true))
    expect((await answer).status).toBe(200)
    expect(aborted).toEqual([1, 2])
  })
})
