/** What becomes of requests when dials fail, hang or are not allowed. */
import { describe, expect, it, test } from 'vitest'
import { H2Error, HTTPConnection } from '../../../src/index.ts'
import { settled } from '../../support/virtual-clock.ts'
import { data, goaway, headers, response } from '../../support/wire.ts'
import { codeOf } from '../session/peer.ts'
import { PoolPair, type PoolPeerOptions } from './pool-peer.ts'

const URL_A = 'https://a.test/'

async function turns(): Promise<void> {
  for (let i = 0; i < 6; i++) await settled()
}

function failing(code: string): Error {
  return Object.assign(new Error(code), { code })
}

/** A dial that never ends by itself. */
function hanging(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal!.addEventListener('abort', () => reject(signal!.reason))
  })
}

/** What a dial rejects with that ran out of time. */
function outOfTime(): H2Error {
  return new H2Error('TLS handshake with a.test:443 failed: timed out after 10000 ms', {
    code: 'H2_TIMEOUT_TLS',
    scope: 'transport',
    initiator: 'local',
    errorCode: 2,
    errorName: 'INTERNAL_ERROR',
    processed: 'no',
  })
}

/** Fails as a dial does that ran out of time. */
function late(pair: () => PoolPair, ms: number, signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const { clock } = pair()
    const timer = clock.setTimer(() => reject(outOfTime()), ms)
    signal!.addEventListener('abort', () => {
      clock.clearTimer(timer)
      reject(signal!.reason)
    })
  })
}

const refuse = (count: number): PoolPeerOptions => ({
  onDial: (dial) => {
    if (dial <= count) throw failing('ECONNREFUSED')
  },
})

describe('a dial that is refused', () => {
  it.each(['ECONNREFUSED', 'ECONNRESET', 'EPIPE'])(
    '%s: is tried again twice, after about 100 and 400 ms',
    async (code) => {
      const pair = new PoolPair(
        {},
        {
          onDial: (dial) => {
            if (dial < 3) throw failing(code)
          },
        },
      )
      const answer = pair.client.request(URL_A, { method: 'POST', body: 'x' })
      await pair.clock.advance(79)
      expect(pair.dials).toHaveLength(1)
      await pair.clock.advance(42)
      expect(pair.dials).toHaveLength(2)
      await pair.clock.advance(278)
      expect(pair.dials).toHaveLength(2)
      await pair.clock.advance(202)
      await pair.wires[0]!.send(response(1, 201, true))
      expect((await answer).status).toBe(201)
    },
  )

  it.each([2, 3, 50])(
    '%i requests at once over HTTP/1.1: all fail after three rounds, and close() resolves',
    async (count) => {
      const pair = new PoolPair({ maxConnectionsPerOrigin: 4 }, refuse(1_000))
      const codes = Promise.all(
        Array.from({ length: count }, () => codeOf(pair.client.request('http://a.test/'))),
      )
      await pair.clock.advance(1_000)
      expect(new Set(await codes)).toEqual(new Set(['H2_CONNECT']))
      expect(pair.dials.length).toBe(Math.min(count, 4) + 2)
      await pair.client.close()
      expect(pair.clock.pending).toBe(0)
    },
  )

  test('one at a time until one succeeds', async () => {
    let stands: (() => void) | undefined
    const onDial = (dial: number): Promise<void> | undefined => {
      if (dial <= 5) throw failing('ECONNREFUSED')
      return dial > 6 ? undefined : new Promise((resolve) => (stands = resolve))
    }
    const pair = new PoolPair({}, { onDial, alpn: undefined, silent: true })
    for (let i = 0; i < 5; i++) pair.client.request('http://a.test/').catch(() => {})
    await settled()
    expect(pair.dials).toHaveLength(5)
    await pair.clock.advance(900)
    expect(pair.dials).toHaveLength(6)
    stands!()
    // What speaks HTTP/1.1 has to be loaded first.
    while (pair.dials.length < 10) await settled()
  })

  test('each request has its own tries', async () => {
    const pair = new PoolPair({}, refuse(4))
    const early = codeOf(pair.client.request(URL_A))
    await pair.clock.advance(130)
    const answer = pair.client.request(URL_A)
    await pair.clock.advance(1_500)
    expect(await early).toBe('H2_CONNECT')
    await pair.wires[0]!.send(response(1, 200, true))
    expect((await answer).status).toBe(200)
  })

  it.each([
    [0, 1],
    [5, 6],
  ])('retry.dials: %i', async (dials, made) => {
    const pair = new PoolPair({ retry: { dials } }, refuse(1_000))
    const code = codeOf(pair.client.request(URL_A))
    await pair.clock.advance(5_000)
    expect(await code).toBe('H2_CONNECT')
    expect(pair.dials).toHaveLength(made)
  })

  it.each(['ENOTFOUND', 'CERT_HAS_EXPIRED', 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL'])(
    '%s is no passing failure: the request fails at once',
    async (code) => {
      const pair = new PoolPair(
        {},
        {
          onDial: () => {
            throw failing(code)
          },
        },
      )
      expect(await codeOf(pair.client.request(URL_A))).toBe('H2_CONNECT')
      expect(pair.dials).toHaveLength(1)
    },
  )

  test('an HTTPConnection dials again, too', async () => {
    const pair = new PoolPair({}, refuse(2))
    const conn = new HTTPConnection('a.test', { transport: pair.dial, clock: pair.clock })
    const answer = conn.getResponse(conn.request('GET', '/'))
    await pair.clock.advance(700)
    await pair.wires[0]!.send(response(1, 200, true))
    expect((await answer).status).toBe(200)
  })
})

describe('a dial that hangs', () => {
  it.each([1, 6])(
    'has another beside it, with maxConnectionsPerOrigin %i',
    async (maxConnectionsPerOrigin) => {
      const pair = new PoolPair(
        { maxConnectionsPerOrigin },
        { onDial: (dial, _, signal) => (dial === 1 ? hanging(signal) : undefined) },
      )
      const answer = pair.client.request(URL_A)
      await pair.clock.advance(999)
      expect(pair.dials).toHaveLength(1)
      await pair.clock.advance(1)
      await turns()
      await pair.wires[0]!.send(response(1, 200, true))
      expect((await answer).status).toBe(200)
      expect(pair.client.stats().connections).toBe(1)
    },
  )

  test('and all others, too: no more than three beside each other', async () => {
    const pair = new PoolPair({}, { onDial: (_dial, _, signal) => hanging(signal) })
    pair.client.request(URL_A).catch(() => {})
    await pair.clock.advance(60_000)
    expect(pair.dials).toHaveLength(3)
    pair.client.destroy()
    await settled()
    expect(pair.clock.pending).toBe(0)
  })

  test('until its time is over takes those with it that had as much, and nobody else', async () => {
    let pair: PoolPair | undefined
    pair = new PoolPair(
      { maxConnectionsPerOrigin: 1 },
      {
        onDial: (dial, _, signal) => (dial < 4 ? late(() => pair!, 10_000, signal) : undefined),
      },
    )
    const early = codeOf(pair.client.request(URL_A))
    await pair.clock.advance(9_700)
    const answer = pair.client.request(URL_A)
    await pair.clock.advance(300)
    expect(await early).toBe('H2_TIMEOUT_TLS')
    await turns()
    await pair.wires[0]!.send(response(1, 200, true))
    expect((await answer).status).toBe(200)
  })
})

describe('connections that drain count', () => {
  test('a server that drains behind each head gets the limit and one more', async () => {
    const pair = new PoolPair({ maxConnectionsPerOrigin: 2 }, { settings: { 3: 1 } })
    const answers = Array.from({ length: 5 }, () => pair.client.request(URL_A))
    for (const answer of answers) answer.catch(() => {})
    for (let i = 0; i < 5; i++) {
      await turns()
      const wire = pair.wires[i]
      if (wire === undefined) break
      await wire.send(headers(1, [[':status', '200']]), data(1, 'x'), goaway(1, 0))
    }
    expect(pair.opened).toEqual([1, 1, 1])
    await pair.wires[0]!.send(data(1, 'x', true))
    await (await answers[0]!).bytes()
    await turns()
    expect(pair.opened).toEqual([1, 1, 1, 1])
    pair.client.destroy()
  })
})

test.each([
  ['HTTP/1.1, on which the server waits for a request: it closes', 'http/1.1', [0]],
  ['HTTP/2: it is kept', 'h2', [1]],
])('a connection that stands when its request has been given up, %s', async (_what, alpn, left) => {
  let stands = (): void => {}
  const dialled = new Promise<void>((resolve) => {
    stands = resolve
  })
  const pair = new PoolPair({}, { alpn, silent: alpn !== 'h2', onDial: () => dialled })
  const abort = new AbortController()
  const answer = pair.client.request(URL_A, { signal: abort.signal })
  await turns()
  abort.abort()
  await expect(answer).rejects.toThrow()
  stands()
  await turns()
  const { origins } = pair.client.stats()
  expect([origins.flatMap(({ connections }) => connections).length]).toEqual(left)
})

test('a connection of HTTP/1.1 that somebody asked to be made is kept without a request', async () => {
  const pair = new PoolPair({}, { alpn: 'http/1.1', silent: true })
  const connection = new HTTPConnection(URL_A, { transport: pair.dial, clock: pair.clock })
  await connection.connect()
  await turns()
  expect(pair.wires).toHaveLength(1)
  expect(pair.wires[0]!.closed).toBe(false)
})
