/** What every face shows, and sends, where the server has HTTP/1.1 only. */
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { hyperAdapter } from '../../src/adapters/axios.ts'
import type { IncomingMessage } from '../../src/adapters/https/incoming-message.ts'
import { Agent, request } from '../../src/adapters/https.ts'
import { HyperHttpHandler } from '../../src/adapters/smithy.ts'
import { HyperDispatcher } from '../../src/adapters/undici.ts'
import { Client, HTTPConnection } from '../../src/index.ts'
import { MemoryOrigin } from '../../src/testing/index.ts'
import type { Dial } from '../../src/transport/transport.ts'
import { PlainLink } from '../support/plain-link.ts'

const PHRASE = 'Not Allowed For Tenant 7 \xfc'

/** A GET by each face, with a field called `X-Tenant`. Gives the phrase that the face shows. */
const faces: readonly (readonly [face: string, ask: (url: string, dial: Dial) => Promise<unknown>])[] = [
  [
    'HTTPConnection',
    async (url, transport) => {
      const connection = new HTTPConnection(url, { transport })
      const stream = connection.request('GET', '/', { headers: { 'X-Tenant': '7' } })
      return (await connection.getResponse(stream)).statusText
    },
  ],
  [
    'HTTPConnection, piece by piece',
    async (url, transport) => {
      const connection = new HTTPConnection(url, { transport })
      const stream = connection.putRequest('GET', '/')
      connection.putHeader('X-Tenant', '7', stream)
      connection.endHeaders(undefined, true, stream)
      return (await connection.getResponse(stream)).statusText
    },
  ],
  [
    'Client',
    async (url, transport) => {
      const response = await new Client({ transport }).request(url, { headers: [['X-Tenant', '7']] })
      return response.statusText
    },
  ],
  [
    'fetch',
    async (url, transport) => {
      const response = await new Client({ transport }).fetch(url, { headers: { 'X-Tenant': '7' } })
      return response.statusText
    },
  ],
  [
    'https',
    async (url, transport) => {
      const agent = new Agent({ client: { transport } })
      const asked = request(url, { agent, headers: { 'X-Tenant': '7' } })
      asked.end()
      const [response] = (await once(asked, 'response')) as [IncomingMessage]
      return response.statusMessage
    },
  ],
  [
    'axios',
    async (url, transport) => {
      const httpsAgent = new Agent({ client: { transport } })
      const response = await hyperAdapter({
        url,
        method: 'get',
        headers: { 'X-Tenant': '7' },
        httpAgent: httpsAgent,
        httpsAgent,
        validateStatus: null,
      })
      return response.statusText
    },
  ],
  [
    'undici',
    async (url, transport) => {
      const dispatcher = new HyperDispatcher({ transport })
      return new Promise((resolve, reject) => {
        dispatcher.dispatch(
          { origin: url, path: '/', method: 'GET', headers: { 'X-Tenant': '7' } },
          {
            onRequestStart() {},
            onResponseStart: (_controller, _status, _headers, statusText) => resolve(statusText),
            onResponseError: (_controller, error) => reject(error),
          },
        )
      })
    },
  ],
  [
    'undici, as it was',
    async (url, transport) => {
      const dispatcher = new HyperDispatcher({ transport })
      return new Promise((resolve, reject) => {
        dispatcher.dispatch(
          { origin: url, path: '/', method: 'GET', headers: { 'X-Tenant': '7' } },
          {
            onConnect() {},
            onHeaders: (_status, _headers, _resume, statusText) => resolve(statusText),
            onData() {},
            onComplete() {},
            onError: reject,
          },
        )
      })
    },
  ],
]

describe('the reason phrase (RFC 9112 §4)', () => {
  test.each(faces)('%s shows it over HTTP/1.1', async (_, ask) => {
    const link = new PlainLink(`HTTP/1.1 418 ${PHRASE}\r\nContent-Length: 0\r\n\r\n`)
    expect(await ask('http://a.test/', link.dial)).toBe(PHRASE)
  })

  test.each(faces)('%s shows none that is not there', async (_, ask) => {
    const link = new PlainLink('HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n')
    expect(await ask('http://a.test/', link.dial)).toBe('')
  })

  test('over HTTP/2 there is none: https and axios show the registered one', async () => {
    const shown: unknown[] = []
    for (const [, ask] of faces) {
      shown.push(await ask('https://a.test/', new MemoryOrigin(() => ({ status: 418 })).dial))
    }
    expect(shown).toEqual(['', '', '', '', "I'm a Teapot", "I'm a Teapot", '', ''])
  })

  test('smithy calls it reason', async () => {
    for (const [phrase, reason] of [
      [PHRASE, PHRASE],
      ['', undefined],
    ]) {
      const link = new PlainLink(`HTTP/1.1 418 ${phrase}\r\nContent-Length: 0\r\n\r\n`)
      const handler = new HyperHttpHandler({ transport: link.dial, h2c: false })
      const target = { protocol: 'http:', hostname: 'a.test', path: '/', method: 'GET', headers: {} }
      expect((await handler.handle(target)).response.reason).toBe(reason)
    }
  })
})

describe('names of fields', () => {
  const kept = faces.filter(([face]) => !face.startsWith('undici') && face !== 'fetch')

  test.each(kept)('%s sends them over HTTP/1.1 as they were written', async (_, ask) => {
    const link = new PlainLink('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    await ask('http://a.test/', link.dial)
    expect(link.received).toContain('\r\nX-Tenant: 7\r\n')
  })

  test('are in lower case over HTTP/2, however they were written (RFC 9113 §8.2)', async () => {
    for (const [face, ask] of faces) {
      const origin = new MemoryOrigin(() => ({ status: 200 }))
      await ask('https://a.test/', origin.dial)
      expect(origin.requests[0]!.headers.get('x-tenant'), face).toBe('7')
    }
  })

  test('of https are all as its caller wrote them, and host is of its own', async () => {
    const link = new PlainLink('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    const agent = new Agent({ client: { transport: link.dial } })
    const asked = request('http://a.test/', { agent, headers: { COOKIE: ['a', 'b'], 'X-List': ['1', '2'] } })
    asked.end()
    await once(asked, 'response')
    expect(link.received).toBe(
      'GET / HTTP/1.1\r\nHost: a.test\r\nconnection: keep-alive\r\nCOOKIE: a; b\r\nX-List: 1\r\nX-List: 2\r\n\r\n',
    )
  })
})

describe('content of https', () => {
  const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'

  /** Writes `ab` and then `cd`, and gives what was sent behind the first line. */
  async function sent(headers: Record<string, string>, whole: RegExp, trailers = false): Promise<string> {
    const link = new PlainLink(OK, whole)
    const agent = new Agent({ client: { transport: link.dial } })
    const asked = request('http://a.test/', { agent, method: 'POST', headers })
    asked.write('ab')
    if (trailers) asked.addTrailers({ Sum: '1' })
    asked.end('cd')
    await once(asked, 'response')
    return link.received.slice(link.received.indexOf('\r\n') + 2)
  }

  test('is of the length that the caller announced, not chunked', async () => {
    expect(await sent({ 'Content-Length': '4' }, /abcd$/)).toBe(
      'Host: a.test\r\nconnection: keep-alive\r\nContent-Length: 4\r\n\r\nabcd',
    )
  })

  test('is chunked where nothing was, with what trailers there are', async () => {
    expect(await sent({}, /0\r\n.*\r\n\r\n$/s, true)).toMatch(
      /transfer-encoding: chunked\r\n\r\n.*\r\n0\r\nsum: 1\r\n\r\n$/s,
    )
  })

  test('is chunked where trailers were announced, too (RFC 9110 §6.6.2)', async () => {
    const text = await sent({ 'Content-Length': '4', Trailer: 'Sum' }, /0\r\n.*\r\n\r\n$/s, true)
    expect(text).not.toContain('Content-Length')
    expect(text).toMatch(/Trailer: Sum\r\n.*\r\n0\r\nsum: 1\r\n\r\n$/s)
  })

  test('has no trailers behind a length, as with node:https', async () => {
    expect(await sent({ 'Content-Length': '4' }, /abcd$/, true)).toMatch(/\r\n\r\nabcd$/)
  })
})
