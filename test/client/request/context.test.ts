/**
 * Code of the caller's runs in the asynchronous context of its own request,
 * whoever opened the connection, whenever it is called.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { Client, HTTP20Connection, type HTTP20RequestInit } from '../../../src/index.ts'
import { MemoryOrigin } from '../../../src/testing/index.ts'

const storage = new AsyncLocalStorage<string>()
/** Larger than all windows and queues: most of it is asked for when the connection has room again. */
const PIECES = 40
const PIECE = new Uint8Array(65_536)

const origin = new MemoryOrigin(async (request) => {
  request.inform(103, { link: '</a>' })
  await request.bytes()
  return { body: 'ok', headers: { 'set-cookie': 'a=b' } }
})

/** Notes in which context it is called. */
class Seen {
  readonly contexts = new Set<string | undefined>()
  note = (): void => {
    this.contexts.add(storage.getStore())
  }
}

/** The value, once the context is noted. */
function noted<T>(note: () => void, value: T): T {
  note()
  return value
}

async function* generated(note: () => void): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < PIECES; i++) {
    note()
    yield PIECE
  }
}

function* iterated(note: () => void): Generator<Uint8Array> {
  for (let i = 0; i < PIECES; i++) {
    note()
    yield PIECE
  }
}

function webStream(note: () => void): ReadableStream<Uint8Array> {
  let left = PIECES
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    note()
    if (left-- > 0) controller.enqueue(PIECE)
    else controller.close()
  }
  return new ReadableStream({ pull }, { highWaterMark: 0 })
}

const BODIES: [string, (note: () => void) => HTTP20RequestInit][] = [
  ['an asynchronous generator', (note) => ({ body: generated(note) })],
  ['a generator', (note) => ({ body: iterated(note) })],
  ['a stream’s pull', (note) => ({ body: webStream(note) })],
  ['a stream of Node', (note) => ({ body: Readable.from(generated(note)) })],
  ['a function, and what it gives', (note) => ({ body: () => noted(note, generated(note)) })],
  [
    'a function for trailers',
    (note) => ({ body: generated(() => {}), trailers: () => noted(note, { a: 'b' }) }),
  ],
]

describe('a body', () => {
  it.each(BODIES)('%s, on a connection that another opened', async (_, init) => {
    await using connection = new HTTP20Connection('a.test', { transport: origin.dial })
    await storage.run('another', () => connection.connect())
    const seen = new Seen()
    const response = await storage.run('own', () => connection.request('POST', '/', init(seen.note)).response)
    expect(await response.text()).toBe('ok')
    expect([...seen.contexts]).toEqual(['own'])
  })

  test('of which a part is sent later, in the context of that call', async () => {
    await using connection = new HTTP20Connection('a.test', { transport: origin.dial })
    const seen = new Seen()
    const stream = storage.run('first', () => connection.putRequest('POST', '/'))
    storage.run('first', () => connection.endHeaders(undefined, false, stream))
    await storage.run('second', () => connection.send(generated(seen.note), true, stream))
    await (await stream.response).bytes()
    expect([...seen.contexts]).toEqual(['second'])
  })

  test('that nobody asks for any more is told in it', async () => {
    await using connection = new HTTP20Connection('a.test', { transport: origin.dial })
    const seen = new Seen()
    const body = {
      [Symbol.iterator]: () => ({
        next: () => ({ done: false, value: PIECE }),
        return: () => noted(seen.note, { done: true as const, value: undefined }),
      }),
    }
    await storage.run('another', () => connection.connect())
    const stream = storage.run('own', () => connection.request('POST', '/', { body }))
    stream.response.catch(() => {})
    storage.run('another', () => stream.cancel())
    expect([...seen.contexts]).toEqual(['own'])
  })
})

describe('of a Client', () => {
  const server = http.createServer((request, response) => {
    response.writeEarlyHints({ link: '</a>' })
    request.resume().on('end', () => response.end('ok'))
  })
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
  afterAll(() => new Promise((resolve) => server.close(resolve)))

  it.each(['HTTP/2', 'HTTP/1.1'])('callbacks and bodies, over %s', async (version) => {
    const { port } = server.address() as AddressInfo
    const url = version === 'HTTP/2' ? 'https://a.test/' : `http://127.0.0.1:${port}/`
    const options = version === 'HTTP/2' ? { transport: origin.dial } : {}
    await using client = new Client({ ...options, maxConnectionsPerOrigin: 1 })
    await storage.run('another', async () => (await client.request(url)).bytes())
    const [body, informed, connected, given] = [new Seen(), new Seen(), new Seen(), new Seen()]
    await storage.run('own', async () => {
      const response = await client.request(url, {
        method: 'POST',
        body: generated(body.note),
        onInformational: informed.note,
        onConnection: connected.note,
      })
      await new Promise<void>((resolve) => {
        const onEnd = (): void => resolve(noted(given.note, undefined))
        response.pushTo({ onData: () => noted(given.note, true), onEnd, onError: onEnd })
      })
    })
    for (const seen of [body, informed, connected, given]) expect([...seen.contexts]).toEqual(['own'])
  })

  test('middleware and cookie jar of fetch', async () => {
    const [around, jar] = [new Seen(), new Seen()]
    await using client = new Client({
      transport: origin.dial,
      middleware: [
        async (request, next) => {
          around.note()
          const response = await next(request)
          around.note()
          return response
        },
      ],
      cookies: {
        getCookieString: async () => noted(jar.note, ''),
        setCookie: async () => jar.note(),
      },
    })
    await storage.run('another', async () => (await client.request('https://a.test/')).bytes())
    await storage.run('own', async () => (await client.fetch('https://a.test/')).text())
    expect([...around.contexts, ...jar.contexts]).toEqual(['own', 'own'])
  })
})
