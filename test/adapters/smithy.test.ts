/**
 * `hyper-h2/smithy`, called as smithy's clients call their request handler: the
 * request, the response, how both can end, and the handler's options.
 */
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { handlerError } from '../../src/adapters/smithy/handler-error.ts'
import {
  HyperHttpHandler,
  type HyperHttpHandlerOptions,
  type SmithyHandlerOptions,
  type SmithyRequest,
} from '../../src/adapters/smithy.ts'
import { H2Error } from '../../src/index.ts'
import {
  data,
  goaway,
  headers,
  MemoryOrigin,
  type OriginHandler,
  rstStream,
  ScriptedPeer,
  VirtualClock,
} from '../../src/testing/index.ts'
import { settled } from '../support/virtual-clock.ts'

const GET: SmithyRequest = { protocol: 'https:', hostname: 'a.test', path: '/', method: 'GET', headers: {} }
const CANCEL = 8

const uncaught: unknown[] = []
process.on('unhandledRejection', (reason) => uncaught.push(reason))
process.on('uncaughtException', (error) => uncaught.push(error))
afterEach(async () => {
  await settled()
  expect(uncaught).toEqual([])
})

function serve(handler: OriginHandler, options: HyperHttpHandlerOptions = {}) {
  const origin = new MemoryOrigin(handler)
  const http = new HyperHttpHandler({ transport: origin.dial, ...options })
  const send = (request: Partial<SmithyRequest> = {}, how?: SmithyHandlerOptions) =>
    http.handle({ ...GET, ...request }, how).then(({ response }) => response)
  return { origin, http, send }
}

function script(options: HyperHttpHandlerOptions = {}) {
  const peer = new ScriptedPeer()
  const http = new HyperHttpHandler({ transport: peer.dial, ...options })
  const send = (request: Partial<SmithyRequest> = {}, how?: SmithyHandlerOptions) =>
    http.handle({ ...GET, ...request }, how).then(({ response }) => response)
  return { peer, http, send }
}

async function textOf(stream: Readable): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of stream) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString()
}

interface HandlerErrorShape extends Error {
  readonly code?: string
  readonly $retryable?: { readonly throttling: boolean }
}

const failure = (promise: Promise<unknown>): Promise<HandlerErrorShape> =>
  promise.then(
    () => expect.fail('it should have failed'),
    (reason: HandlerErrorShape) => reason,
  )

// — the request —

test.each<[request: Partial<SmithyRequest>, authority: string, path: string]>([
  [{}, 'a.test', '/'],
  [{ port: 8443 }, 'a.test:8443', '/'],
  [{ port: 443 }, 'a.test', '/'],
  [{ hostname: '::1', port: 8443 }, '[::1]:8443', '/'],
  [{ hostname: '[::1]' }, '[::1]', '/'],
  [{ headers: { host: 'b.test' } }, 'b.test', '/'],
  [{ headers: { ':authority': 'b.test:1' } }, 'b.test:1', '/'],
  [{ path: '/a/../b//./%2E' }, 'a.test', '/a/../b//./%2E'],
  [{ path: 'a' }, 'a.test', '/a'],
  [{ query: { b: '2', a: '1' } }, 'a.test', '/?a=1&b=2'],
  [{ query: { a: ['1', '2'] } }, 'a.test', '/?a=1&a=2'],
  [{ query: { a: null, b: '' } }, 'a.test', '/?a&b='],
  [{ query: { "a'": '(*!) +é/' } }, 'a.test', '/?a%27=%28%2A%21%29%20%2B%C3%A9%2F'],
  [{ query: {} }, 'a.test', '/'],
])('%j goes to %s as %s', async (request, authority, path) => {
  const { origin, send } = serve(() => ({}))
  await send(request)
  expect([origin.requests[0]!.authority, origin.requests[0]!.path]).toEqual([authority, path])
})

test('a request of an origin and a method only is for its root, without fields', async () => {
  const { origin, http } = serve(() => ({}))
  const { response } = await http.handle({ protocol: 'https:', hostname: 'a.test', method: 'GET' })
  expect([response.statusCode, origin.requests[0]!.path]).toEqual([200, '/'])
})

test('http: is HTTP/2 with prior knowledge', async () => {
  const { peer, send } = script()
  const answer = send({ protocol: 'http:' })
  await peer.until(headers(1).get('/').endStream())
  peer.send(headers(1).status(200).endStream())
  expect((await answer).statusCode).toBe(200)
})

test('fields of a connection are left out, the rest is sent as it is', async () => {
  const { origin, send } = serve(() => ({}))
  await send({
    headers: {
      Connection: 'keep-alive',
      'Keep-Alive': 'x',
      'Transfer-Encoding': 'chunked',
      Upgrade: 'h2c',
      'Proxy-Connection': 'x',
      'HTTP2-Settings': 'x',
      TE: 'gzip',
      'X-Amz-Date': 'now',
      'x-none': undefined,
      'user-agent': 'sdk',
    },
  })
  expect(Object.fromEntries(origin.requests[0]!.headers)).toEqual({
    'x-amz-date': 'now',
    'user-agent': 'sdk',
  })
})

test.each<[request: Partial<SmithyRequest>, authorization: string | null]>([
  [{ username: 'u', password: 'p' }, 'Basic dTpw'],
  [{ username: 'u' }, 'Basic dTo='],
  [{ username: 'u', headers: { Authorization: 'AWS4' } }, 'AWS4'],
  [{}, null],
])('%j is authorized by %s', async (request, authorization) => {
  const { origin, send } = serve(() => ({}))
  await send(request)
  expect(origin.requests[0]!.headers.get('authorization')).toBe(authorization)
})

test.each<[what: string, body: () => unknown, length: string | null]>([
  ['text', () => 'héllo', '6'],
  ['bytes', () => Buffer.from('héllo'), '6'],
  ['an ArrayBuffer', () => new TextEncoder().encode('héllo').buffer, '6'],
  ['a Blob', () => new Blob(['héllo'], { type: 'text/made-up' }), null],
  ['a Node stream', () => Readable.from([Buffer.from('h'), 'éllo']), null],
  ['a Web stream', () => new Blob(['héllo']).stream(), null],
])('a body of %s is sent without a type that was not signed', async (_what, body, length) => {
  const { origin, send } = serve(async (request) => ({ body: await request.text() }))
  const response = await send({ method: 'PUT', body: body() })
  expect(await textOf(response.body)).toBe('héllo')
  expect(origin.requests[0]!.headers.get('content-type')).toBeNull()
  expect(origin.requests[0]!.headers.get('content-length')).toBe(length)
})

test.each([[undefined], [null], ['']])('no body: %j', async (body) => {
  const { origin, send } = serve(async (request) => ({ body: await request.text() }))
  expect(await textOf((await send({ method: 'POST', body })).body)).toBe('')
  expect(origin.requests[0]!.headers.get('content-length')).toBe('0')
})

// — expect: 100-continue —

const EXPECT = { Expect: '100-continue', 'content-length': '2' }

test('content waits for 100 (Continue)', async () => {
  const { peer, send } = script()
  const answer = send({ method: 'PUT', headers: EXPECT, body: 'hi' })
  await peer.until(headers(1))
  await settled()
  await peer.sync()
  expect(peer.connection.frames.some(({ type }) => type === 0)).toBe(false)
  peer.send(headers(1).status(103))
  await peer.sync()
  expect(peer.connection.frames.some(({ type }) => type === 0)).toBe(false)
  peer.send(headers(1).status(100))
  await peer.until(data(1, 'hi'))
  peer.send(headers(1).status(200).endStream())
  expect((await answer).statusCode).toBe(200)
})

test('content that a final response makes useless is not sent, and its source is let go', async () => {
  const clock = new VirtualClock()
  const body = Readable.from([Buffer.from('hi')])
  const { peer, send } = script({ clock })
  const answer = send({ method: 'PUT', headers: EXPECT, body })
  await peer.until(headers(1))
  peer.send(headers(1).status(403))
  const response = await answer
  await clock.advance(2_000)
  peer.send(data(1, 'no').endStream())
  expect([response.statusCode, await textOf(response.body)]).toEqual([403, 'no'])
  await peer.until(rstStream(1))
  expect(peer.connection.frames.some(({ type }) => type === 0)).toBe(false)
  await turn()
  expect(body.destroyed).toBe(true)
})

test('content does not wait for ever', async () => {
  const clock = new VirtualClock()
  const { peer, send } = script({ clock })
  const answer = send({ method: 'PUT', headers: EXPECT, body: 'hi' })
  await peer.until(headers(1))
  await clock.advance(1_000)
  await peer.until(data(1, 'hi'))
  peer.send(headers(1).status(200).endStream())
  expect((await answer).statusCode).toBe(200)
})

// — the response —

test('a response is what smithy reads', async () => {
  const { send } = serve(() => ({
    status: 201,
    headers: [
      ['x-a', '1'],
      ['x-a', '2'],
      ['content-encoding', 'gzip'],
    ],
    body: 'not gzip at all',
  }))
  const response = await send()
  expect(response.statusCode).toBe(201)
  expect(response.headers).toMatchObject({ 'x-a': '1, 2', 'content-encoding': 'gzip' })
  expect(response.body).toBeInstanceOf(Readable)
  expect(await textOf(response.body)).toBe('not gzip at all')
})

test('events go both ways at once', async () => {
  const { send } = serve((request) => ({ body: request.body() }))
  const body = new Readable({ objectMode: true, read() {} })
  const response = await send({ method: 'POST', body }, { isEventStream: true })
  const heard = response.body[Symbol.asyncIterator]()
  for (const word of ['a', 'b', 'c']) {
    body.push(Buffer.from(word))
    expect(`${(await heard.next()).value}`).toBe(word)
  }
  body.push(null)
  expect((await heard.next()).done).toBe(true)
})

test('a reader that waits holds the server back', async () => {
  let given = 0
  const { send } = serve(() => ({
    body: (async function* () {
      for (;;) {
        given += 10_000
        yield new Uint8Array(10_000)
      }
    })(),
  }))
  const { body } = await send()
  body.read()
  await settled()
  const before = given
  await settled()
  expect(given).toBe(before)
  body.destroy()
})

test('leaving the body is RST_STREAM with CANCEL', async () => {
  const { peer, send } = script()
  const answer = send()
  await peer.until(headers(1))
  peer.send(headers(1).status(200), data(1, 'a'))
  for await (const _ of (await answer).body) break
  await peer.until(rstStream(1, CANCEL))
})

// — how a request ends —

test.each<[reason: unknown, message: string]>([
  [undefined, 'Request aborted'],
  [new Error('enough'), 'Request aborted'],
  ['enough', 'enough'],
])('an abort because of %s before the response is an AbortError, and CANCEL', async (reason, message) => {
  const { peer, send } = script()
  const controller = new AbortController()
  const answer = failure(send({}, { abortSignal: controller.signal }))
  await peer.until(headers(1))
  controller.abort(reason)
  await peer.until(rstStream(1, CANCEL))
  expect(await answer).toMatchObject({ name: 'AbortError', message })
})

test('an abort before the request sends nothing', async () => {
  const { origin, send } = serve(() => ({}))
  const error = await failure(send({}, { abortSignal: AbortSignal.abort() }))
  expect([error.name, origin.requests.length]).toEqual(['AbortError', 0])
})

test("smithy's own kind of signal", async () => {
  const { peer, send } = script()
  const signal = { aborted: false, onabort: null as null | (() => void) }
  const answer = failure(send({}, { abortSignal: signal }))
  await peer.until(headers(1))
  signal.onabort!()
  expect((await answer).name).toBe('AbortError')
  expect((await failure(send({}, { abortSignal: { aborted: true, onabort: null } }))).name).toBe('AbortError')
})

test('an abort in the body breaks it off with an AbortError', async () => {
  const { peer, send } = script()
  const controller = new AbortController()
  const answer = send({}, { abortSignal: controller.signal })
  await peer.until(headers(1))
  peer.send(headers(1).status(200), data(1, 'a'))
  const { body } = await answer
  const error = await failure(
    (async () => {
      for await (const _ of body) controller.abort()
    })(),
  )
  expect(error.name).toBe('AbortError')
  await peer.until(rstStream(1, CANCEL))
})

test('a body that breaks off while nobody listens ends no process', async () => {
  const { peer, send } = script()
  const answer = send()
  await peer.until(headers(1))
  peer.send(headers(1).status(200), data(1, 'a'))
  const { body } = await answer
  body.resume()
  const closed = new Promise((resolve) => body.on('close', resolve))
  peer.send(rstStream(1, 2))
  await closed
})

test('an abort ends a source, but not before the caller knows why', async () => {
  const { send } = serve(() => new Promise(() => {}))
  const controller = new AbortController()
  const body = new Readable({ read() {} })
  const told: string[] = []
  body.on('close', () => told.push('source'))
  const answer = failure(send({ method: 'PUT', body }, { abortSignal: controller.signal })).then(() =>
    told.push('caller'),
  )
  await settled()
  controller.abort()
  await answer
  await turn()
  await turn()
  expect(told).toEqual(['caller', 'source'])
})

test('a source is not let go before the caller has the response that came early', async () => {
  const body = Readable.from(Array.from({ length: 20 }, () => Buffer.alloc(65_536)))
  const told: string[] = []
  body.on('close', () => told.push('source'))
  const { peer, send } = script()
  const answer = send({ method: 'PUT', body }).then(async (response) => {
    told.push(await textOf(response.body))
  })
  await peer.until(data(1))
  await settled()
  peer.send(headers(1).status(403), data(1, 'no').endStream())
  await answer
  await turn()
  await turn()
  expect(told).toEqual(['no', 'source'])
})

test.each<[limit: string, options: HyperHttpHandlerOptions, how: SmithyHandlerOptions]>([
  ['of the handler', { requestTimeout: 1_000 }, {}],
  ['of the request', { requestTimeout: 60_000 }, { requestTimeout: 1_000 }],
])('the time limit %s is a TimeoutError', async (_limit, options, how) => {
  const clock = new VirtualClock()
  const { peer, send } = script({ clock, ...options })
  const answer = failure(send({}, how))
  await peer.until(headers(1))
  await clock.advance(1_000)
  const error = await answer
  expect(error).toMatchObject({ name: 'TimeoutError', code: 'ETIMEDOUT' })
  expect(H2Error.is(error.cause)).toBe(true)
})

test('the time limit holds for the body too', async () => {
  const clock = new VirtualClock()
  const { peer, send } = script({ clock, requestTimeout: 1_000 })
  const answer = send()
  await peer.until(headers(1))
  peer.send(headers(1).status(200), data(1, 'a'))
  const error = failure(textOf((await answer).body))
  await settled()
  await clock.advance(1_000)
  expect((await error).name).toBe('TimeoutError')
})

test('no limit unless one is set: events may be far apart', async () => {
  const clock = new VirtualClock()
  const { peer, send } = script({ clock })
  const answer = send()
  await peer.until(headers(1))
  await clock.advance(600_000)
  peer.send(headers(1).status(200))
  const text = textOf((await answer).body)
  await clock.advance(600_000)
  peer.send(data(1, 'late').endStream())
  expect(await text).toBe('late')
})

test('a limit that the client suggests is used where there is none', async () => {
  const clock = new VirtualClock()
  const { peer, http, send } = script({ clock })
  http.updateHttpClientConfig(Symbol.for('@smithy/defaultSocketTimeout'), 1_000)
  http.updateHttpClientConfig(Symbol.for('logger'), {})
  const answer = failure(send())
  await peer.until(headers(1))
  await clock.advance(1_000)
  expect((await answer).name).toBe('TimeoutError')
})

test.each<[errorName: string, errorCode: number, retryable: { throttling: boolean } | undefined]>([
  ['REFUSED_STREAM', 0x7, { throttling: false }],
  ['ENHANCE_YOUR_CALM', 0xb, { throttling: true }],
  ['INTERNAL_ERROR', 0x2, undefined],
  ['CANCEL', 0x8, undefined],
])('RST_STREAM with %s (%i) says %j to the retry middleware', async (errorName, errorCode, retryable) => {
  const { peer, send } = script({ retry: false })
  const answer = failure(send({ method: 'PUT', body: 'x' }))
  await peer.until(data(1).endStream())
  peer.send(rstStream(1, errorCode))
  const error = await answer
  expect(error.$retryable).toEqual(retryable)
  expect((error.cause as H2Error).errorName).toBe(errorName)
  // The middleware writes on it.
  Object.assign(error, { $metadata: { attempts: 1 } })
})

test('a connection that is lost has the code of Node, which the retry middleware knows', async () => {
  const { peer, send } = script({ retry: false })
  const answer = failure(send({ method: 'PUT', body: 'x' }))
  await peer.until(data(1).endStream())
  peer.cut()
  expect(await answer).toMatchObject({ name: 'Error', code: 'ECONNRESET' })
})

test('a connection that drains without having taken the request', async () => {
  const { peer, send } = script({ retry: false })
  const answer = failure(send({ method: 'PUT', body: 'x' }))
  await peer.until(data(1).endStream())
  peer.send(goaway(0, 0))
  expect((await answer).$retryable).toEqual({ throttling: false })
})

test('ENHANCE_YOUR_CALM that we have said ourselves is no throttling', () => {
  const error = new H2Error('connection failed: too many', {
    code: 'H2_CONNECTION_ERROR',
    scope: 'connection',
    initiator: 'local',
    errorCode: 0xb,
    errorName: 'ENHANCE_YOUR_CALM',
  })
  expect(handlerError(error, undefined)).toHaveProperty('$retryable', undefined)
})

test.each<[systemCode: string, code: string]>([
  ['ECONNREFUSED', 'ECONNREFUSED'],
  ['EAI_AGAIN', 'EAI_AGAIN'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'H2_CONNECT'],
])('a dial that fails with %s has code %s, and keeps the first on a cause', async (systemCode, code) => {
  const refused = Object.assign(new Error(`connect ${systemCode}`), { code: systemCode })
  const http = new HyperHttpHandler({ transport: () => Promise.reject(refused), retry: false })
  const error = await failure(http.handle(GET))
  expect((error.cause as Error).cause).toBe(refused)
  expect(error.code).toBe(code)
})

test('a source that fails: the request fails with its error', async () => {
  const broken = new Error('no more')
  const body = new Readable({ read() {} })
  const { peer, send } = script()
  const answer = failure(send({ method: 'PUT', body }))
  await peer.until(headers(1))
  body.destroy(broken)
  expect(await answer).toBe(broken)
  await peer.until(rstStream(1, CANCEL))
})

test.each<[what: string, request: Partial<SmithyRequest>]>([
  ['a protocol', { protocol: 'ftp:' }],
  ['a host', { hostname: 'a b' }],
  ['a path', { path: '/a\r\nb: c' }],
  ['a field', { headers: { 'x-a': 'b\r\nc: d' } }],
  ['a body', { method: 'PUT', body: 5 }],
])('%s that cannot be sent rejects with a TypeError', async (_what, request) => {
  const { origin, send } = serve(() => ({}))
  expect((await failure(send(request))).name).toBe('TypeError')
  expect(origin.requests).toHaveLength(0)
})

// — the handler —

test('what SDKs look at', () => {
  const http = new HyperHttpHandler()
  expect(http.metadata).toEqual({ handlerProtocol: 'h2' })
  expect(new HyperHttpHandler({ handlerProtocol: 'http/1.1' }).metadata.handlerProtocol).toBe('http/1.1')
  expect(HyperHttpHandler.create(http)).toBe(http)
  expect(HyperHttpHandler.create({})).toBeInstanceOf(HyperHttpHandler)
  expect(HyperHttpHandler.create()).toBeInstanceOf(HyperHttpHandler)
})

test('options that are wrong throw when the handler is made', () => {
  expect(() => new HyperHttpHandler({ requestTimeout: -1 })).toThrow(RangeError)
  expect(() => new HyperHttpHandler({ connectionTimeout: -1 })).toThrow(RangeError)
  expect(() => new HyperHttpHandler({ nonsense: 1 } as HyperHttpHandlerOptions)).toThrow(TypeError)
})

test('options of a provider are asked for once, when they are needed', async () => {
  const origin = new MemoryOrigin(() => ({ body: 'x' }))
  let asked = 0
  const http = new HyperHttpHandler(async () => {
    asked += 1
    return { transport: origin.dial }
  })
  expect([asked, http.httpHandlerConfigs()]).toEqual([0, {}])
  await Promise.all([http.handle(GET), http.handle(GET)])
  await http.handle(GET)
  expect(asked).toBe(1)
  expect(http.httpHandlerConfigs()).toEqual({ transport: origin.dial })
})

test('a provider that fails rejects each request', async () => {
  const http = new HyperHttpHandler(() => Promise.reject(new Error('no options')))
  await expect(http.handle(GET)).rejects.toThrow('no options')
  await expect(http.handle(GET)).rejects.toThrow('no options')
})

test('an option that is changed holds for the requests to come', async () => {
  const { origin, http, send } = serve(async (request) => ({ body: await request.text() }))
  const body = new Readable({ read() {} })
  const before = send({ method: 'PUT', body })
  await settled()
  http.updateHttpClientConfig('requestTimeout', 5_000)
  expect(http.httpHandlerConfigs()).toEqual({ transport: origin.dial, requestTimeout: 5_000 })
  await send()
  body.push('still here')
  body.push(null)
  expect(await textOf((await before).body)).toBe('still here')
  expect(origin.connectionsMade).toBe(2)
})

test('destroy ends what is open; a request after that connects anew', async () => {
  const { origin, http, send } = serve((request) => (request.path === '/' ? new Promise(() => {}) : {}))
  const answer = failure(send())
  await settled()
  http.destroy()
  expect((await answer).code).toBe('H2_CONNECTION_CLOSED')
  expect((await send({ path: '/x' })).statusCode).toBe(200)
  expect(origin.connectionsMade).toBe(2)
  http.destroy()
  http.destroy()
})
