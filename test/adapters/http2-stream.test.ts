/** Streams of `hyper-h2/http2` against Node's own servers. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { constants, type ServerHttp2Stream, sensitiveHeaders } from 'node:http2'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import type { ClientHttp2Stream } from '../../src/adapters/http2/stream.ts'
import { Decoder } from '../../src/hpack/index.ts'
import { HEADERS } from '../support/wire.ts'
import { answerOf, BytePeer, ending, open, recorded, serve } from './http2-origin.ts'

const echo = (stream: ServerHttp2Stream): void => {
  stream.respond({ ':status': 200 })
  stream.pipe(stream)
}
const ok = (stream: ServerHttp2Stream): void => {
  stream.respond()
  stream.end('ok')
}

/** A server that tells each request's fields, and a session to it. */
async function seeing(): Promise<{
  session: ReturnType<typeof open>
  seen: (stream: ClientHttp2Stream) => Promise<[Record<string, unknown>, string[]]>
}> {
  const told: [Record<string, unknown>, string[]][] = []
  const { url } = await serve((stream, headers, _flags, raw) => {
    told.push([headers, raw])
    ok(stream)
  })
  const session = open(url)
  return {
    session,
    async seen(stream) {
      await answerOf(stream)
      return told.shift()!
    },
  }
}

describe('the fields of a request', () => {
  it('are filled in, in lower case, and told by sentHeaders', async () => {
    const { session, seen } = await seeing()
    const stream = session.request({
      'X-Number': 7,
      'x-list': ['a', 'b'],
      'x-none': undefined,
      cookie: 'a=1; b=2',
    })
    const [headers] = await seen(stream)
    expect(headers).toMatchObject({
      ':method': 'GET',
      ':path': '/',
      ':scheme': 'http',
      'x-number': '7',
      'x-list': 'a, b',
      cookie: 'a=1; b=2',
    })
    expect(headers[':authority']).toMatch(/^localhost:\d+$/)
    expect(stream.sentHeaders).toMatchObject({ ':method': 'GET', 'X-Number': 7 })
    expect(Object.getPrototypeOf(stream.sentHeaders)).toBeNull()
  })

  it('as raw pairs keep their order, pseudo-header fields first', async () => {
    const { session, seen } = await seeing()
    const stream = session.request(['b', '2', ':path', '/x', 'A', '1', 'b', '3'])
    const [, raw] = await seen(stream)
    expect(raw.filter((_each, i) => i % 2 === 0)).toEqual([
      ':method',
      ':authority',
      ':scheme',
      ':path',
      'b',
      'a',
      'b',
    ])
    expect(stream.sentHeaders).toMatchObject({ b: ['2', '3'], A: '1' })
  })

  it('that no table may keep are sent so, both ways', async () => {
    const { url } = await serve((stream, headers) => {
      stream.respond({
        secret: String((headers as Record<symbol, unknown>)[sensitiveHeaders as symbol]),
        [sensitiveHeaders]: ['secret'],
      })
      stream.end()
    })
    const { headers } = await answerOf(
      open(url).request({ Token: 't', [sensitiveHeaders as symbol]: ['TOKEN'] } as object),
    )
    expect(headers.secret).toBe('token')
    expect((headers as Record<symbol, unknown>)[sensitiveHeaders as symbol]).toEqual(['secret'])
  })

  it('with host take it for the authority', async () => {
    const { session, seen } = await seeing()
    const [headers] = await seen(session.request({ host: 'other.test' }))
    expect([headers[':authority'], headers.host]).toEqual([undefined, 'other.test'])
  })

  it('may have a scheme with its colon', async () => {
    const peer = new BytePeer()
    peer.session().request({ ':scheme': 'https:' })
    peer.greet()
    const { payload } = await peer.frame(({ type }) => type === HEADERS)
    expect(new Decoder().decode(payload)).toContainEqual([':scheme', 'https:'])
  })

  it.each([
    ['a pseudo-header field that is none', { ':x': '1' }, 'ERR_HTTP2_INVALID_PSEUDOHEADER'],
    ['a field of one value twice', { 'content-type': ['a', 'b'] }, 'ERR_HTTP2_HEADER_SINGLE_VALUE'],
    ['a field of one value under two names', { age: 1, Age: 2 }, 'ERR_HTTP2_HEADER_SINGLE_VALUE'],
    ['a field of the connection', { Connection: 'close' }, 'ERR_HTTP2_INVALID_CONNECTION_HEADERS'],
    ['te with more than trailers', { te: 'gzip' }, 'ERR_HTTP2_INVALID_CONNECTION_HEADERS'],
    ['a name that is no token', { 'a b': '1' }, 'ERR_INVALID_HTTP_TOKEN'],
    ['a name that only lower case makes a token', { '\u212aey': '1' }, 'ERR_INVALID_HTTP_TOKEN'],
    ['CONNECT without an authority', { ':method': 'CONNECT' }, 'ERR_HTTP2_CONNECT_AUTHORITY'],
    [
      'CONNECT with a scheme',
      { ':method': 'CONNECT', ':authority': 'a', ':scheme': 'http' },
      'ERR_HTTP2_CONNECT_SCHEME',
    ],
    [
      'CONNECT with a path',
      { ':method': 'CONNECT', ':authority': 'a', ':path': '/' },
      'ERR_HTTP2_CONNECT_PATH',
    ],
    [
      'raw pairs with CONNECT and a path',
      [':method', 'CONNECT', ':authority', 'a', ':path', '/'],
      'ERR_HTTP2_CONNECT_PATH',
    ],
    ['raw pairs with a name that is no token', ['a b', '1'], 'ERR_INVALID_HTTP_TOKEN'],
    ['a string', 'x', 'ERR_INVALID_ARG_TYPE'],
  ])('with %s are refused', async (_name, headers, code) => {
    const { session } = await seeing()
    expect(() => session.request(headers as object)).toThrow(expect.objectContaining({ code }))
    expect(session.state).toBeDefined()
  })

  it.each([
    [{ ':path': 'a b' }],
    [{ ':path': '' }],
    [{ a: 'x\r\ny: z' }],
    [{ a: '\u0100' }],
    [{ ':status': '200' }],
    [{ ':method': 'A B' }],
  ])('that no peer takes are not sent: %j', async (headers) => {
    const { url } = await serve(() => expect.unreachable())
    const session = open(url)
    const stream = session.request(headers)
    const [error] = await once(stream, 'error')
    expect(error).toMatchObject({
      code: 'ERR_HTTP2_STREAM_ERROR',
      message: 'Stream closed with error code NGHTTP2_PROTOCOL_ERROR',
    })
    expect(session.destroyed).toBe(false)
  })

  it('larger than maxSendHeaderBlockLength are an error of the frame', async () => {
    const { url } = await serve(() => expect.unreachable())
    const session = open(url, { maxSendHeaderBlockLength: 100 })
    const stream = session.request({ a: 'x'.repeat(100) })
    const failed = once(stream, 'frameError')
    const [error] = await once(stream, 'error')
    expect((await failed).slice(0, 2)).toEqual([1, constants.NGHTTP2_FRAME_SIZE_ERROR])
    expect(error.message).toContain('NGHTTP2_REFUSED_STREAM')
  })

  it.each([
    [{ endStream: 1 }],
    [{ weight: 'x' }],
    [{ parent: 'x' }],
    [{ exclusive: 1 }],
    [{ signal: {} }],
    [7],
  ])('options %j are refused', async (options) => {
    const { session } = await seeing()
    expect(() => session.request({}, options as object)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    )
  })
})

describe('a response', () => {
  it('comes as fields without a prototype, flags and raw pairs', async () => {
    const { url } = await serve((stream) => {
      stream.respond({ ':status': 201, 'set-cookie': ['a=1'], 'x-a': ['1', '2'], etag: 'e' })
      stream.end()
    })
    const stream = open(url).request()
    const [headers, flags, raw] = await once(stream, 'response')
    expect(Object.getPrototypeOf(headers)).toBeNull()
    expect(headers).toMatchObject({ ':status': 201, 'set-cookie': ['a=1'], 'x-a': '1, 2', etag: 'e' })
    expect(flags).toBe(constants.NGHTTP2_FLAG_END_HEADERS)
    expect(raw.slice(0, 2)).toEqual([':status', '201'])
  })

  it('of trailers only says so by its flags', async () => {
    const { url } = await serve((stream) => stream.respond({ 'grpc-status': '5' }, { endStream: true }))
    const stream = open(url).request({ ':method': 'POST' })
    const [, flags] = await once(stream, 'response')
    expect(flags & constants.NGHTTP2_FLAG_END_STREAM).toBe(constants.NGHTTP2_FLAG_END_STREAM)
    stream.resume()
    stream.end()
    await once(stream, 'close')
    expect(stream.rstCode).toBe(0)
  })

  it('has its events in order: headers, continue, response, data, trailers, end, close', async () => {
    const { url } = await serve((stream) => {
      stream.additionalHeaders({ ':status': 103, link: '</a>' })
      stream.additionalHeaders({ ':status': 100 })
      stream.respond({}, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-end': '1' }))
      stream.end('x')
    })
    const stream = open(url).request()
    const events = recorded(
      stream,
      'headers',
      'continue',
      'response',
      'data',
      'trailers',
      'end',
      'close',
      'aborted',
      'error',
    )
    const trailers = once(stream, 'trailers')
    await once(stream, 'close')
    expect(events).toEqual(['headers', 'headers', 'continue', 'response', 'data', 'trailers', 'end', 'close'])
    expect((await trailers).slice(0, 2)).toEqual([expect.objectContaining({ 'x-end': '1' }), 5])
  })

  it('waits for its reader: a window at a time, by a paused stream, and all of it arrives', async () => {
    const size = 1_000_000
    const { url } = await serve((stream) => {
      stream.respond()
      stream.end(Buffer.alloc(size, 'x'))
    })
    const session = open(url)
    const stream = session.request()
    await once(stream, 'readable')
    // What is not read is not granted again.
    expect(stream.readableLength).toBeLessThan(200_000)
    let length = 0
    for await (const chunk of stream) length += chunk.length
    expect(length).toBe(size)
  })

  it('closes once it is read, not before', async () => {
    const { url } = await serve(ok)
    const stream = open(url).request()
    const events = recorded(stream, 'end', 'close')
    await once(stream, 'response')
    await new Promise(setImmediate)
    expect(events).toEqual([])
    stream.resume()
    await once(stream, 'close')
    expect(events).toEqual(['end', 'close'])
    expect([stream.session, stream.state]).toEqual([undefined, {}])
  })
})

describe('content of a request', () => {
  it('is written, called back when it left, and ended', async () => {
    const { url } = await serve(echo)
    const stream = open(url).request({ ':method': 'POST' })
    const order: string[] = []
    stream.on('finish', () => order.push('finish'))
    stream.write('one ', () => order.push('one'))
    stream.write(Buffer.from('two '), () => order.push('two'))
    stream.write('ÿ', 'latin1', () => order.push('three'))
    stream.end()
    const { text } = await answerOf(stream)
    expect(text).toBe('one two \ufffd')
    expect(order).toEqual(['one', 'two', 'three', 'finish'])
  })

  it('piped is bounded by the peer, and all of it arrives', async () => {
    const { url } = await serve(echo)
    const stream = open(url).request({ ':method': 'PUT' })
    const chunks = Array.from({ length: 50 }, () => Buffer.alloc(20_000, 'y'))
    let length = 0
    stream.on('data', (chunk) => {
      length += chunk.length
    })
    const closed = once(stream, 'close')
    await pipeline(Readable.from(chunks), stream, { end: true })
    await closed
    expect(length).toBe(1_000_000)
  })

  it('is not called back while the peer takes none', async () => {
    const { url } = await serve((stream) => stream.respond())
    const stream = open(url).request({ ':method': 'POST' })
    let told = false
    expect(
      stream.write(Buffer.alloc(200_000), () => {
        told = true
      }),
    ).toBe(false)
    await once(stream, 'response')
    await new Promise(setImmediate)
    expect([told, stream.bufferSize > 0]).toEqual([false, true])
  })

  it('is none for GET, HEAD and DELETE unless asked for', async () => {
    const { url } = await serve(echo)
    const session = open(url)
    for (const method of ['GET', 'HEAD', 'DELETE']) {
      const stream = session.request({ ':method': method })
      expect(stream.writableEnded).toBe(true)
      stream.close()
    }
    const stream = session.request({}, { endStream: false })
    stream.end('body')
    expect((await answerOf(stream)).text).toBe('body')
  })

  it('ends with trailers that are waited for', async () => {
    let told: unknown
    const { url } = await serve((stream) => {
      stream.on('trailers', (trailers) => {
        told = trailers['x-end']
      })
      stream.resume()
      stream.on('end', () => ok(stream))
    })
    const stream = open(url).request({ ':method': 'POST' }, { waitForTrailers: true })
    expect(() => stream.sendTrailers({})).toThrow(
      expect.objectContaining({ code: 'ERR_HTTP2_TRAILERS_NOT_READY' }),
    )
    stream.on('wantTrailers', () => {
      expect(() => stream.sendTrailers({ ':path': '/' })).toThrow(
        expect.objectContaining({ code: 'ERR_HTTP2_INVALID_PSEUDOHEADER' }),
      )
      stream.sendTrailers({ 'x-end': 'z' })
      expect(() => stream.sendTrailers({})).toThrow(
        expect.objectContaining({ code: 'ERR_HTTP2_TRAILERS_ALREADY_SENT' }),
      )
    })
    stream.end('x')
    await answerOf(stream)
    expect([told, stream.sentTrailers]).toEqual(['z', { 'x-end': 'z' }])
    if (!stream.destroyed) await once(stream, 'close')
    expect(() => stream.sendTrailers({})).toThrow(
      expect.objectContaining({ code: 'ERR_HTTP2_INVALID_STREAM' }),
    )
  })

  it('goes on when the response has ended', async () => {
    let told: (text: string) => void
    const received = new Promise<string>((resolve) => {
      told = resolve
    })
    const { url } = await serve((stream) => {
      let text = ''
      stream.respond({}, { endStream: false })
      stream.end('early')
      stream.setEncoding('utf8')
      stream.on('data', (piece) => {
        text += piece
      })
      stream.on('end', () => told(text))
    })
    const stream = open(url).request({ ':method': 'POST' })
    expect((await answerOf(stream)).text).toBe('early')
    stream.end('late')
    await once(stream, 'close')
    expect([stream.rstCode, await received]).toEqual([0, 'late'])
  })
})

describe('the end of a stream', () => {
  it.each([
    ['a reset by the peer', constants.NGHTTP2_REFUSED_STREAM, 'NGHTTP2_REFUSED_STREAM'],
    ['another', constants.NGHTTP2_INTERNAL_ERROR, 'NGHTTP2_INTERNAL_ERROR'],
    ['one without a name', 99, '99'],
  ])('by %s is an error that names it', async (_name, code, name) => {
    const { url } = await serve((stream) => stream.close(code))
    const stream = open(url).request({ ':method': 'POST' })
    const events = recorded(stream, 'aborted', 'error', 'close')
    const [error] = await once(stream, 'error')
    expect(error).toMatchObject({
      code: 'ERR_HTTP2_STREAM_ERROR',
      message: `Stream closed with error code ${name}`,
    })
    if (!events.includes('close')) await once(stream, 'close')
    expect(events).toEqual(['aborted', 'error', 'close'])
    expect(stream.rstCode).toBe(code)
  })

  it('by CANCEL is none: aborted tells of it', async () => {
    const { url } = await serve((stream) => stream.close(constants.NGHTTP2_CANCEL))
    const stream = open(url).request({ ':method': 'POST' })
    const events = recorded(stream, 'aborted', 'error', 'close')
    await once(stream, 'close')
    expect(events).toEqual(['aborted', 'close'])
  })

  it('by close() is told to the peer, with its code', async () => {
    let told: (code: number) => void
    const code = new Promise<number>((resolve) => {
      told = resolve
    })
    const { url } = await serve((stream) => {
      stream.respond()
      stream.on('close', () => told(stream.rstCode))
    })
    const stream = open(url).request()
    await once(stream, 'response')
    const closed = new Promise<void>((done) => stream.close(constants.NGHTTP2_NO_ERROR + 11, done))
    stream.on('error', () => {})
    stream.close(5)
    expect([stream.closed, stream.rstCode, await code]).toEqual([true, 11, 11])
    await closed
    expect(() => stream.close('x' as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    )
    expect(() => stream.close(2 ** 32)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }))
  })

  it('by a signal is an AbortError, and CANCEL at the peer', async () => {
    let told: (code: number) => void
    const code = new Promise<number>((resolve) => {
      told = resolve
    })
    const { url } = await serve((stream) => {
      stream.respond()
      stream.on('close', () => told(stream.rstCode))
    })
    const controller = new AbortController()
    const session = open(url)
    const stream = session.request({}, { signal: controller.signal })
    await once(stream, 'response')
    controller.abort('why')
    const [error] = await once(stream, 'error')
    expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: 'why' })
    expect(await code).toBe(constants.NGHTTP2_CANCEL)
    const never = session.request({}, { signal: AbortSignal.abort() })
    expect((await once(never, 'error'))[0].name).toBe('AbortError')
    expect(never.destroyed).toBe(true)
  })

  it('by an exception of a listener leaves the session whole', async () => {
    const { url } = await serve(ok)
    const session = open(url)
    const stream = session.request()
    const caught = new Promise((resolve) => {
      const listeners = process.rawListeners('uncaughtException') as (() => void)[]
      process.removeAllListeners('uncaughtException')
      process.once('uncaughtException', (error) => {
        for (const listener of listeners) process.on('uncaughtException', listener)
        resolve(error)
      })
    })
    stream.once('response', () => {
      throw new Error('mine')
    })
    expect(await caught).toMatchObject({ message: 'mine' })
    expect((await answerOf(session.request())).text).toBe('ok')
  })
})

describe('members of a stream', () => {
  it('are there before and after it is sent', async () => {
    const { url } = await serve((stream) => stream.respond())
    const session = open(url)
    const stream = session.request()
    expect([stream.pending, stream.id, stream.session, stream.headersSent, stream.state]).toEqual([
      true,
      undefined,
      session,
      true,
      {},
    ])
    await once(stream, 'ready')
    expect([stream.pending, stream.id]).toEqual([false, 1])
    expect(stream.state).toMatchObject({ weight: 16, localClose: 0, remoteClose: 0 })
    expect(stream.priority({ weight: 1 })).toBeUndefined()
    expect(() => stream.priority({ weight: 'x' } as object)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    )
    await once(stream, 'response')
    expect(stream.state).toMatchObject({
      localClose: 1,
      state: constants.NGHTTP2_STREAM_STATE_HALF_CLOSED_LOCAL,
    })
    stream.destroy()
    expect(() => stream.priority({})).toThrow(expect.objectContaining({ code: 'ERR_HTTP2_INVALID_STREAM' }))
  })

  it('can be reached through a Proxy, and written by others', async () => {
    const { url } = await serve(ok)
    const session = open(url)
    const stream = session.request()
    const proxied = new Proxy(stream, {})
    expect([proxied.id, proxied.closed]).toEqual([stream.id, false])
    proxied.setTimeout(0)
    Object.assign(stream, { headers: {}, statusCode: 200 })
    Object.assign(session, { request: session.request.bind(session) })
    expect((await answerOf(proxied)).text).toBe('ok')
  })
})

describe('a push', () => {
  it('is a stream of the session, with its request and its response', async () => {
    const { url } = await serve((stream) => {
      stream.pushStream({ ':path': '/pushed' }, (_error, pushed) => {
        pushed.respond({ 'x-a': '1' })
        pushed.end('pushed')
      })
      ok(stream)
    })
    const session = open(url)
    const pushed = new Promise<[ClientHttp2Stream, Record<string, unknown>]>((told) => {
      session.on('stream', (stream, headers) => told([stream, headers]))
    })
    const answer = answerOf(session.request())
    const [stream, request] = await pushed
    const response = once(stream, 'push')
    let text = ''
    stream.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
    })
    expect(request).toMatchObject({ ':method': 'GET', ':path': '/pushed' })
    expect((await response)[0]).toMatchObject({ ':status': 200, 'x-a': '1' })
    await once(stream, 'close')
    expect([text, stream.id, (await answer).text]).toEqual(['pushed', 2, 'ok'])
  })

  it.each([
    ['nobody listens for', {}, false],
    ['is one more than maxReservedRemoteStreams', { maxReservedRemoteStreams: 0 }, true],
  ])('that %s is refused with CANCEL', async (_name, options, listens) => {
    let told: (code: number) => void
    const code = new Promise<number>((resolve) => {
      told = resolve
    })
    const { url } = await serve((stream) => {
      stream.pushStream({ ':path': '/pushed' }, (_error, pushed) => {
        pushed.on('close', () => told(pushed.rstCode))
        pushed.respond()
      })
      ok(stream)
    })
    const session = open(url, options)
    if (listens) session.on('stream', () => expect.unreachable())
    await answerOf(session.request())
    expect(await code).toBe(constants.NGHTTP2_CANCEL)
  })
})

describe('those who watch', () => {
  it('have the context of the call that made the request', async () => {
    const { url } = await serve(ok)
    const storage = new AsyncLocalStorage<number>()
    const session = storage.run(0, () => open(url))
    const seen: (number | undefined)[] = []
    const ask = (id: number): Promise<unknown> =>
      storage.run(id, () => {
        const stream = session.request()
        for (const event of ['response', 'data', 'end']) stream.on(event, () => seen.push(storage.getStore()))
        return once(stream, 'close')
      })
    await Promise.all([ask(1), ask(2)])
    expect([...seen].sort()).toEqual([1, 1, 1, 2, 2, 2])
  })

  it('are told on the channels of Node', async () => {
    const seen: string[] = []
    for (const name of ['created', 'start', 'bodyChunkSent', 'bodySent', 'finish', 'close', 'error']) {
      const each = channel(`http2.client.stream.${name}`)
      const listener = (): number => seen.push(name)
      each.subscribe(listener)
      ending(() => each.unsubscribe(listener))
    }
    const { url } = await serve(echo)
    const session = open(url)
    await once(session, 'connect')
    const stream = session.request({ ':method': 'POST' })
    stream.end('x')
    await answerOf(stream)
    if (!stream.destroyed) await once(stream, 'close')
    expect(seen.sort()).toEqual(['bodyChunkSent', 'bodySent', 'close', 'created', 'finish', 'start'])
    const failed = session.request()
    failed.destroy(new Error('x'))
    await once(failed, 'error')
    expect(seen).toContain('error')
  })
})
