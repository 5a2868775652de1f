/** What callers' code, servers and long lives must not do to a `Client`: each test is named by what was seen. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { getEventListeners } from 'node:events'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { Client, type ClientOptions, HTTPConnection } from '../../../src/index.ts'
import { MemoryOrigin } from '../../../src/testing/index.ts'
import { settled, VirtualClock } from '../../support/virtual-clock.ts'
import { headers, response } from '../../support/wire.ts'
import { PlainOrigin } from '../faces/plain-origin.ts'
import { codeOf, rejection } from '../session/peer.ts'
import { PoolPair } from './pool-peer.ts'

const URL_A = 'https://a.test/'

/** A client whose server answers with these statuses, one after the other, the last for ever. */
function answering(
  statuses: readonly number[],
  options: ClientOptions = {},
  fields: Record<string, string> = {},
) {
  let count = 0
  const clock = new VirtualClock()
  const origin = new MemoryOrigin(() => {
    const status = statuses[Math.min(count, statuses.length - 1)]!
    count += 1
    return { status, headers: fields, body: 'x' }
  })
  const client = new Client({ transport: origin.dial, clock, retry: { statuses: [503] }, ...options })
  return { client, clock, origin }
}

describe('answers with a status to repeat', () => {
  test('timeouts.total is for all attempts together', async () => {
    const { client, clock, origin } = answering([503], {}, { 'retry-after': '4' })
    const answer = client.request(URL_A, { timeouts: { total: 10_000 } })
    await clock.advance(4_000)
    await clock.advance(4_000)
    // A third wait would pass the limit: an answer is better than none.
    expect((await answer).status).toBe(503)
    expect(origin.requests).toHaveLength(3)
  })

  test('destroy ends the wait between two attempts', async () => {
    const { client, clock } = answering([503], {}, { 'retry-after': '50' })
    const answer = rejection(client.request(URL_A))
    await clock.advance(1_000)
    const cause = new Error('enough')
    client.destroy(cause)
    expect(await answer).toMatchObject({ code: 'H2_CONNECTION_CLOSED', cause })
    await client.close()
    expect(clock.pending).toBe(0)
  })

  test('close waits for the attempts to come', async () => {
    const { client, clock, origin } = answering([503, 200], {}, { 'retry-after': '5' })
    const answer = client.request(URL_A)
    await clock.advance(1_000)
    let closed = false
    const closing = client.close().then(() => (closed = true))
    await settled()
    expect(closed).toBe(false)
    await clock.advance(4_000)
    expect((await answer).status).toBe(200)
    await (await answer).bytes()
    await closing
    expect(origin.requests).toHaveLength(2)
  })

  test('a server in trouble is not stormed: attempts draw on the budget of their origin', async () => {
    const { client, clock, origin } = answering([503])
    const answers = Array.from({ length: 100 }, () => client.request(URL_A))
    await clock.advance(60_000)
    expect((await Promise.all(answers)).every(({ status }) => status === 503)).toBe(true)
    expect(origin.requests.length).toBeLessThan(150)
  })

  test('a URL that is changed while its request is under way changes no attempt', async () => {
    const { client, clock, origin } = answering([503, 200], {}, { 'retry-after': '1' })
    const url = new URL('https://a.test/mine')
    const answer = client.request(url)
    await settled()
    url.href = 'https://b.test/other'
    await clock.advance(1_000)
    await answer
    expect(origin.requests.map(({ authority, path }) => authority + path)).toEqual([
      'a.test/mine',
      'a.test/mine',
    ])
  })

  it.each([
    ['soon', 1],
    ['1, 2', 1],
    ['2000', 0],
    ['-1', 1],
    ['61', 0],
    ['99999999999999999999', 1],
  ])('retry-after: %s is neither guessed at nor waited for without end', async (value, resent) => {
    const { client, clock, origin } = answering([503, 200], {}, { 'retry-after': value })
    const answer = client.request(URL_A)
    // What is no number of seconds is as if it were missing: 100 ms, not at once.
    await clock.advance(79)
    expect(origin.requests).toHaveLength(1)
    await clock.advance(1_000)
    await answer
    expect(origin.requests).toHaveLength(1 + resent)
  })
})

describe('code of the caller that closes the client', () => {
  const cases: [string, (client: () => Client) => [ClientOptions, object]][] = [
    [
      'a log',
      (client) => [{ logger: { info: () => client().destroy(), debug: () => client().destroy() } }, {}],
    ],
    ['onInformational', (client) => [{}, { onInformational: () => client().destroy() }]],
    ['onConnection', (client) => [{}, { onConnection: () => client().destroy() }]],
    [
      'a body',
      (client) => [
        {},
        {
          method: 'POST',
          body: (function* () {
            yield 'x'
            client().destroy()
            yield 'y'
          })(),
        },
      ],
    ],
    [
      'trailers',
      (client) => [
        {},
        {
          method: 'POST',
          body: 'x',
          trailers: () => {
            client().destroy()
            return {}
          },
        },
      ],
    ],
    [
      'fields',
      (client) => [
        {},
        {
          headers: (function* () {
            client().destroy()
            yield ['x', 'y']
          })(),
        },
      ],
    ],
    [
      'a transport',
      (client) => [
        {
          transport: () => {
            client().destroy()
            return new Promise(() => {})
          },
        },
        {},
      ],
    ],
  ]
  it.each(cases)('%s: every promise settles, and nothing is left', async (_name, given) => {
    let client: Client
    const [options, init] = given(() => client)
    const clock = new VirtualClock()
    const origin = new MemoryOrigin(() => ({ informational: [{ status: 103 }], body: 'x' }) as never)
    client = new Client({ transport: origin.dial, clock, ...options })
    const answers = [client.request(URL_A, init), client.request(URL_A), client.request('https://b.test/')]
    const outcomes = Promise.allSettled(answers.map(async (answer) => (await answer).bytes()))
    for (let i = 0; i < 10; i++) await settled()
    client.destroy()
    await outcomes
    await client.close()
    expect(client.stats()).toEqual({ connections: 0, waiting: 0, open: 0, origins: [] })
    expect(clock.pending).toBe(0)
  })

  test('a subscriber of diagnostics that asks for more: it gets it', async () => {
    const origin = new MemoryOrigin(() => ({ body: 'x' }))
    const client = new Client({ transport: origin.dial })
    let nested: Promise<unknown> | undefined
    const told = (): void => {
      nested ??= client.request('https://b.test/').then((answer) => answer.text())
    }
    subscribe('hyper:connection:open', told)
    try {
      expect(await (await client.request(URL_A)).text()).toBe('x')
      expect(await nested).toBe('x')
    } finally {
      unsubscribe('hyper:connection:open', told)
    }
    await client.close()
  })
})

test('10,000 requests with one signal leave no listener on it, and 100 at a time no warning', async () => {
  const origin = new MemoryOrigin(() => ({ body: 'x' }))
  const client = new Client({ transport: origin.dial })
  const { signal } = new AbortController()
  const warnings: unknown[] = []
  const warned = (warning: unknown): void => void warnings.push(warning)
  process.on('warning', warned)
  for (let i = 0; i < 100; i++) {
    await Promise.all(
      Array.from({ length: 100 }, async (_, j) => {
        const send = j % 2 === 0 ? client.fetch(URL_A, { signal }) : client.request(URL_A, { signal })
        await (await send).text()
      }),
    )
  }
  await client.close()
  await settled()
  process.off('warning', warned)
  expect(getEventListeners(signal, 'abort')).toEqual([])
  expect(warnings).toEqual([])
}, 20_000)

describe('secrets', () => {
  const options: ClientOptions = {
    tls: { key: 'SECRET-key', passphrase: 'SECRET-phrase', ca: 'SECRET-ca' },
    proxy: 'http://user:SECRET-password@proxy.test:8080',
  }
  const init = { headers: { authorization: 'Bearer SECRET-token' }, body: 'SECRET-body', method: 'POST' }

  test('are in nothing that is printed of a client, its requests, their failures, its log or its messages', async () => {
    const seen: unknown[] = []
    const channels = [
      'connection:start',
      'connection:open',
      'connection:error',
      'request:queued',
      'request:start',
      'request:end',
      'request:error',
      'request:response',
    ]
    const note = (message: unknown): void => void seen.push(message)
    for (const name of channels) subscribe(`hyper:${name}`, note)
    const logger = { debug: note, info: note, warn: note }
    const origin = new MemoryOrigin(() => ({ body: 'x' }))
    const good = new Client({ ...options, transport: origin.dial, logger })
    const bad = new Client({ ...options, transport: () => Promise.reject(new Error('no route')), logger })
    const conn = new HTTPConnection('a.test', {
      ...options,
      proxy: String(options.proxy),
      transport: origin.dial,
      logger,
    } as never)
    const answer = await good.request(URL_A, init)
    seen.push(good, bad, conn, answer, good.stats(), await rejection(bad.request(URL_A, init)), conn.stats)
    seen.push(
      conn.request('POST', '/', { headers: init.headers, body: init.body }),
      await rejection(good.request(URL_A, { ...init, nonsense: 1 } as never)),
    )
    for (const name of channels) unsubscribe(`hyper:${name}`, note)
    const printed = inspect(seen, { depth: Number.POSITIVE_INFINITY, showHidden: true })
    expect(printed).toContain('a.test')
    expect(printed).not.toContain('SECRET')
    expect(JSON.stringify(seen)).not.toContain('SECRET')
    good.destroy()
    conn.destroy()
  })

  test('no text in a head makes another line of it, over HTTP/1.1', async () => {
    const server = new PlainOrigin()
    const conn = new HTTPConnection('http://a.test', { transport: server.dial })
    const text = fc
      .array(fc.constantFrom('\r', '\n', '\0', ' ', ':', 'x', 'é', '\u010a', '\t'), { maxLength: 6 })
      .map((all) => all.join(''))
    await fc.assert(
      fc.asyncProperty(text, text, text, text, async (path, name, value, host) => {
        const before = server.requests.length
        try {
          await (await conn.request('GET', `/${path}`, { headers: { [name]: value, host } }).response).bytes()
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError)
          expect(server.requests).toHaveLength(before)
          return
        }
        expect(server.requests.slice(before)).toEqual([`GET /${path} HTTP/1.1`])
      }),
      { numRuns: 300 },
    )
    await conn.close()
  })
})

test('a flood of informational responses ends its request, and is not kept', async () => {
  const pair = await PoolPair.open()
  const outcome = codeOf(pair.client.request(URL_A))
  await settled()
  await pair.wires[0]!.send(
    ...Array.from({ length: 200 }, () => headers(3, [[':status', '103']])),
    response(3, 200, true),
  ).catch(() => {})
  expect(String(await outcome)).toMatch(/^H2_/)
})
