/** Requests of `hyper-h2/https`, rule by rule of the shape of `node:https`. */
import { once } from 'node:events'
import type http from 'node:http'
import { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { describe, expect, test } from 'vitest'
import type { IncomingMessage } from '../../src/adapters/https/incoming-message.ts'
import https, { Agent, get } from '../../src/adapters/https.ts'
import { H2Error } from '../../src/index.ts'
import { Pair, record, turns } from './https-origin.ts'

const echo = new Pair(async (request) => ({
  body: await request.text(),
  headers: { 'x-method': request.method },
}))

describe('arguments', () => {
  test.each([
    ['a string', ['https://a.test:444/p?q'], 'a.test:444', '/p?q'],
    ['a URL', [new URL('https://a.test/p?q')], 'a.test', '/p?q'],
    ['a string and options that win', ['https://a.test/p', { path: '/o' }], 'a.test', '/o'],
    ['options alone', [{ hostname: 'a.test', port: 8443, path: '/p' }], 'a.test:8443', '/p'],
    ['host and no hostname', [{ host: 'a.test' }], 'a.test', '/'],
    ['hostname before host', [{ host: 'b.test', hostname: 'a.test' }], 'a.test', '/'],
    ['an address of IPv6', [{ hostname: '::1', port: 444 }], '[::1]:444', '/'],
    ['a query and no path', [{ host: 'a.test', path: '?q' }], 'a.test', '/?q'],
    ['a URL with an address', ['https://[::1]/'], '[::1]', '/'],
  ])('%s', async (_what, [input, options], authority, path) => {
    const merged = typeof input === 'string' || input instanceof URL ? options : input
    const url = typeof input === 'string' || input instanceof URL ? input : undefined
    const given = { ...(merged as object), agent: echo.agent }
    const request = url === undefined ? get(given) : get(url, given)
    const [response] = await once(request, 'response')
    response.resume()
    const { authority: asked, path: askedPath } = echo.origin.requests.at(-1)!
    expect([asked, askedPath]).toEqual([authority, path])
    await finished(response)
  })

  test.each([
    ['a protocol', { protocol: 'ftp:' }, 'ERR_INVALID_PROTOCOL'],
    ['a path with a space', { path: '/a b' }, 'ERR_UNESCAPED_CHARACTERS'],
    ['a path with CR LF', { path: '/a\r\nx: y' }, 'ERR_UNESCAPED_CHARACTERS'],
    ['a path with a fragment', { path: '/a#b' }, 'ERR_UNESCAPED_CHARACTERS'],
    ['a path in absolute form', { path: 'http://a/' }, 'ERR_INVALID_ARG_VALUE'],
    ['a method that is no token', { method: 'GE T' }, 'ERR_INVALID_HTTP_TOKEN'],
    ['a method that is no text', { method: 5 as never }, 'ERR_INVALID_ARG_TYPE'],
    ['CONNECT', { method: 'CONNECT', path: '/' }, 'ERR_METHOD_NOT_SUPPORTED'],
    ['a host that is no text', { hostname: 5 as never }, 'ERR_INVALID_ARG_TYPE'],
    ['an agent that is none', { agent: {} }, 'ERR_INVALID_ARG_TYPE'],
    ['a socket of the caller', { createConnection: () => undefined as never }, 'ERR_INVALID_ARG_VALUE'],
    ['a field name', { headers: { 'a b': 'c' } }, 'ERR_INVALID_HTTP_TOKEN'],
    ['a field value', { headers: { a: 'b\r\nc: d' } }, 'ERR_INVALID_CHAR'],
    ['a time limit', { timeout: -1 }, 'ERR_OUT_OF_RANGE'],
    ['a time limit that is no number', { timeout: 'x' as never }, 'ERR_INVALID_ARG_TYPE'],
  ])('%s is misuse, as with node:https', (_what, options, code) => {
    expect(() => echo.request(options)).toThrow(expect.objectContaining({ code }))
  })

  test.each([
    ['as it stands', 'GET', '/a/../b/%7e|x', '/a/../b/%7e|x'],
    ['that no URL has', 'GET', '/\u00e4/../%2e%2e', '/%C3%A4/../%2e%2e'],
    ['of the server itself', 'OPTIONS', '*', '*'],
  ])('a path %s', async (_what, method, path, sent) => {
    await echo.exchange({ method, path })
    expect(echo.origin.requests.at(-1)!.path).toBe(sent)
  })

  test('null and objects are texts as values, as with node:http', async () => {
    const headers = { 'x-null': null, 'x-object': {}, 'x-list': ['a', 'b'] } as never
    await echo.exchange({ headers })
    const { headers: sent } = echo.origin.requests.at(-1)!
    expect([sent.get('x-null'), sent.get('x-object'), sent.get('x-list')]).toEqual([
      'null',
      '[object Object]',
      'a, b',
    ])
  })

  test('a socket is one by instanceof, and no lookup is told of an address', async () => {
    const events: string[] = []
    const transport: typeof echo.origin.dial = async (...asked) => {
      await turns()
      return echo.origin.dial(...asked)
    }
    const agent = new Agent({ client: { transport } })
    for (const hostname of ['a.test', '192.0.2.1']) {
      const request = echo.request({ url: `https://${hostname}:1/`, agent })
      request.flushHeaders()
      request.on('socket', (socket) => {
        expect(socket).toBeInstanceOf(Socket)
        for (const name of ['lookup', 'connect']) socket.on(name, () => events.push(`${name} ${hostname}`))
      })
      request.end()
      const [response] = await once(request, 'response')
      response.resume()
      await finished(response)
    }
    expect(events).toEqual(['lookup a.test', 'connect a.test', 'connect 192.0.2.1'])
  })

  test('a callback is told of the response', async () => {
    const response = await new Promise<http.IncomingMessage>((resolve) => {
      get('https://a.test/', { agent: echo.agent }, resolve)
    })
    expect(response.statusCode).toBe(200)
    response.resume()
    await finished(response)
  })

  test('the module has a default, as node:https has', () => {
    expect(Object.keys(https)).toEqual(expect.arrayContaining(['request', 'get', 'Agent', 'globalAgent']))
  })
})

describe('header', () => {
  test('is written and read as with node:http', async () => {
    const request = echo.request({ headers: { 'X-One': '1', cookie: ['a=b', 'c=d'] } })
    request.setHeader('X-Two', ['2', '3'])
    request.appendHeader('x-one', '4')
    request.setHeaders(new Map([['x-three', 'y']]))
    expect(request.getHeader('X-TWO')).toEqual(['2', '3'])
    expect(request.getHeader('x-one')).toEqual(['1', '4'])
    expect(request.getRawHeaderNames()).toContain('X-One')
    expect(request.getHeaderNames()).toContain('x-two')
    expect({ ...request.getHeaders() }).toMatchObject({ host: 'a.test', 'x-three': 'y' })
    request.removeHeader('X-Three')
    expect(request.hasHeader('x-three')).toBe(false)
    request.end()
    expect(() => request.setHeader('a', 'b')).toThrow(
      expect.objectContaining({ code: 'ERR_HTTP_HEADERS_SENT' }),
    )
    expect(() => request.removeHeader('a')).toThrow(
      expect.objectContaining({ code: 'ERR_HTTP_HEADERS_SENT' }),
    )
    const [response] = await once(request, 'response')
    response.resume()
    await finished(response)
    const { headers } = echo.origin.requests.at(-1)!
    expect(headers.get('x-two')).toBe('2, 3')
    expect(headers.get('cookie')).toBe('a=b; c=d')
  })

  test.each([
    ['connection', 'keep-alive'],
    ['Keep-Alive', 'timeout=5'],
    ['transfer-encoding', 'chunked'],
    ['upgrade', 'websocket'],
    ['proxy-connection', 'close'],
    ['http2-settings', 'x'],
    ['te', 'gzip'],
  ])('%s is not sent (RFC 9113 §8.2.2)', async (name, value) => {
    await echo.exchange({ headers: { [name]: value } })
    expect(echo.origin.requests.at(-1)!.headers.has(name)).toBe(false)
  })

  test.each([
    ['none is named', {}, null],
    ['one is named', { 'user-agent': 'mine' }, 'mine'],
  ])('user-agent where %s', async (_what, headers, sent) => {
    await echo.exchange({ headers })
    expect(echo.origin.requests.at(-1)!.headers.get('user-agent')).toBe(sent)
  })

  test.each([
    ['a list of names and values', ['x-a', '1', 'x-a', '2'], '1, 2'],
    ['pairs', [['x-a', '1']], '1'],
    ['numbers', { 'x-a': 5 }, '5'],
    ['undefined', { 'x-a': undefined }, null],
  ])('%s', async (_what, headers, sent) => {
    await echo.exchange({ headers: headers as never })
    expect(echo.origin.requests.at(-1)!.headers.get('x-a')).toBe(sent)
  })

  test('credentials, and a host that is another', async () => {
    await echo.exchange({ auth: 'user:word', headers: { host: 'b.test' }, rejectUnauthorized: false })
    const { headers, authority } = echo.origin.requests.at(-1)!
    expect(headers.get('authorization')).toBe(`Basic ${Buffer.from('user:word').toString('base64')}`)
    expect(authority).toBe('b.test')
  })
})

describe('body', () => {
  test.each([
    ['ended with it', (body: string) => echo.exchange({ method: 'POST' }, body), '5'],
    [
      'written and ended',
      async (body: string) => {
        const request = echo.request({ method: 'POST' })
        request.write(body.slice(0, 2))
        request.write(body.slice(2))
        return { text: await answerOf(request) }
      },
      null,
    ],
    [
      'written to a request with a length',
      async (body: string) => {
        const request = echo.request({ method: 'POST', headers: { 'content-length': '5' } })
        request.write(body)
        return { text: await answerOf(request) }
      },
      '5',
    ],
  ])('%s', async (_what, send, length) => {
    const { text } = await send('hello')
    expect(text).toBe('hello')
    expect(echo.origin.requests.at(-1)!.headers.get('content-length')).toBe(length)
  })

  test.each([
    ['GET', null],
    ['DELETE', null],
    ['POST', '0'],
  ])('%s without one', async (method, length) => {
    await echo.exchange({ method })
    expect(echo.origin.requests.at(-1)!.headers.get('content-length')).toBe(length)
  })

  test('a server that does not read holds the writer (RFC 9113 §5.2)', async () => {
    let taken = 0
    const pair = new Pair(async (request) => {
      await turns(50)
      taken = (await request.bytes()).length
      return {}
    })
    const request = pair.request({ method: 'POST' })
    const piece = new Uint8Array(16_384)
    let written = 0
    while (written < 100 * piece.length) {
      const more = request.write(piece)
      written += piece.length
      if (!more) {
        const drained = await Promise.race([
          once(request, 'drain').then(() => true),
          turns(10).then(() => false),
        ])
        if (!drained) break
      }
    }
    // The peer's window, the engine's queue and the stream's own: no more.
    expect(written).toBeLessThan(600_000)
    expect(taken).toBe(0)
    request.end()
    const [response] = await once(request, 'response')
    response.resume()
    await once(request, 'close')
    expect(taken).toBe(written)
  })

  test('a reader that stops holds the server', async () => {
    let given = 0
    const pair = new Pair(() => ({
      body: (async function* () {
        for (; given < 400; given++) yield new Uint8Array(65_536)
      })(),
    }))
    const request = pair.request()
    request.end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    await turns(50)
    expect(given).toBeLessThan(400)
    let length = 0
    for await (const piece of response) length += piece.length
    expect(length).toBe(400 * 65_536)
    await turns()
    expect(pair.open).toBe(0)
  })

  test('a source that fails fails the request with its own error', async () => {
    const request = echo.request({ method: 'POST' })
    request.on('error', () => {})
    const source = Readable.from(
      (async function* () {
        yield 'first'
        await turns(5)
        throw new Error('my own')
      })(),
    )
    await expect(pipeline(source, request)).rejects.toThrow('my own')
    await turns()
    expect(echo.open).toBe(0)
  })

  test('more than the length that was announced fails it', async () => {
    const request = echo.request({ method: 'POST', headers: { 'content-length': '3' } })
    request.write('hello')
    const [error] = await once(request, 'error')
    expect(error).toMatchObject({ code: 'ERR_HTTP_CONTENT_LENGTH_MISMATCH', cause: expect.any(H2Error) })
  })

  test('an answer before the end of the body ends the exchange', async () => {
    const pair = new Pair(() => ({ status: 413, body: 'too large' }))
    const request = pair.request({ method: 'POST' })
    request.write('a')
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    response.resume()
    await once(response, 'end')
    request.write('b')
    request.end('c')
    await once(request, 'close')
    expect(pair.open).toBe(0)
  })
})

describe('response', () => {
  test('in the shape of http.IncomingMessage', async () => {
    const pair = new Pair(() => ({
      headers: [
        ['x-a', '1'],
        ['x-a', '2'],
        ['content-type', 'a/b'],
        ['content-type', 'c/d'],
        ['set-cookie', 'a=1'],
      ],
      trailers: { 'x-end': 'yes' },
      body: 'body',
    }))
    const { response, request } = await pair.exchange()
    expect(response).toMatchObject({
      statusCode: 200,
      statusMessage: 'OK',
      httpVersion: '2.0',
      httpVersionMajor: 2,
      complete: true,
      aborted: false,
      req: request,
      url: '',
    })
    expect({ ...response.headers }).toEqual({
      'x-a': '1, 2',
      'content-type': 'a/b',
      'set-cookie': ['a=1'],
      'content-length': '4',
    })
    expect(response.headersDistinct['x-a']).toEqual(['1', '2'])
    expect(response.rawHeaders.slice(0, 4)).toEqual(['x-a', '1', 'x-a', '2'])
    expect({ ...response.trailers }).toEqual({ 'x-end': 'yes' })
    expect(response.rawTrailers).toEqual(['x-end', 'yes'])
    expect(response.trailersDistinct['x-end']).toEqual(['yes'])
  })

  test('joinDuplicateHeaders joins what has one value otherwise', async () => {
    const pair = new Pair(() => ({
      headers: [
        ['age', '1'],
        ['age', '2'],
      ],
    }))
    const { response } = await pair.exchange({ joinDuplicateHeaders: true })
    expect(response.headers.age).toBe('1, 2')
  })

  test('content codings are left to the caller', async () => {
    const pair = new Pair(() => ({ headers: { 'content-encoding': 'gzip' }, body: 'not gzip' }))
    const { text } = await pair.exchange()
    expect(text).toBe('not gzip')
    expect(pair.origin.requests[0]!.headers.has('accept-encoding')).toBe(false)
  })

  test('that nobody listens for is read and let fall', async () => {
    const request = echo.request({ method: 'POST' })
    request.end('x')
    await once(request, 'close')
    expect(echo.open).toBe(0)
  })

  test('HEAD, 204 and 304 have an end and no body', async () => {
    const pair = new Pair((request) => ({ status: Number(request.path.slice(1)), headers: { 'x-a': 'b' } }))
    for (const [method, status] of [
      ['HEAD', 200],
      ['GET', 204],
      ['GET', 304],
    ] as const) {
      const { text, response } = await pair.exchange({ url: `https://a.test/${status}`, method })
      expect([text, response.statusCode, response.complete]).toEqual(['', status, true])
    }
  })

  test('informational ones are events', async () => {
    const pair = new Pair((request) => {
      request.inform(100)
      request.inform(103, { link: '<a>' })
      return {}
    })
    const request = pair.request({ headers: { expect: '100-continue' } })
    const seen: unknown[] = []
    request.on('continue', () => seen.push('continue'))
    request.on('information', ({ statusCode, headers }) => seen.push([statusCode, headers.link]))
    request.on('continue', () => request.end())
    request.on('response', (response) => response.resume())
    request.flushHeaders()
    await once(request, 'close')
    expect(seen).toEqual(['continue', [100, undefined], [103, '<a>']])
  })

  test('trailers of the request', async () => {
    let got: string | null = null
    const pair = new Pair(async (request) => {
      await request.text()
      got = (await request.trailers).get('x-sum')
      return {}
    })
    const request = pair.request({ method: 'POST', headers: { trailer: 'x-sum' } })
    request.write('body')
    request.addTrailers({ 'x-sum': '42' })
    await answerOf(request)
    expect(got).toBe('42')
  })
})

async function answerOf(request: { end(): unknown } & NodeJS.EventEmitter): Promise<string> {
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const pieces: Buffer[] = []
  for await (const piece of response) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString()
}

test('events come in the order of node:https', async () => {
  const request = echo.request({ method: 'POST' })
  const seen = record({ request }, 'socket', 'finish', 'response', 'close', 'error', 'abort')
  request.once('response', (response: IncomingMessage) => {
    for (const event of ['end', 'close']) response.on(event, () => seen.push(`response ${event}`))
    response.resume()
  })
  request.end('x')
  await once(request, 'close')
  await turns(2)
  expect(seen.filter((event) => event !== 'response close')).toEqual([
    'request socket',
    'request finish',
    'request response',
    'response end',
    'request close',
  ])
  expect(request).toMatchObject({ destroyed: true, finished: true, writableFinished: true })
})
