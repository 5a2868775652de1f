/**
 * `hyper-h2/connect`, called as the transports of `@connectrpc/connect` call
 * their `httpClient`: in the order of a call's life, then how it can end.
 */
import { afterEach, describe, expect, test } from 'vitest'
import { rpcError } from '../../src/adapters/connect/rpc-error.ts'
import { createHttpClient, type RpcClientOptions, type RpcResponse } from '../../src/adapters/connect.ts'
import { H2Error, type H2ErrorCode } from '../../src/index.ts'
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

const URL = 'https://a.test/eliza.v1.ElizaService/Say'
const GRPC = { 'content-type': 'application/grpc+proto', te: 'trailers' }

const uncaught: unknown[] = []
process.on('unhandledRejection', (reason) => uncaught.push(reason))
afterEach(async () => {
  await settled()
  expect(uncaught).toEqual([])
})

function serve(handler: OriginHandler, options: RpcClientOptions = {}) {
  const origin = new MemoryOrigin(handler)
  const httpClient = createHttpClient({ transport: origin.dial, ...options })
  const call = (
    body?: AsyncIterable<Uint8Array>,
    header: Readonly<Record<string, string>> = GRPC,
    signal?: AbortSignal,
  ) => httpClient({ url: URL, method: 'POST', header: new Headers(header), body, signal })
  return { origin, httpClient, call }
}

function script(options: RpcClientOptions = {}) {
  const peer = new ScriptedPeer()
  const httpClient = createHttpClient({ transport: peer.dial, ...options })
  const call = (body?: AsyncIterable<Uint8Array>, signal?: AbortSignal) =>
    httpClient({ url: URL, method: 'POST', header: new Headers(GRPC), body, signal })
  return { peer, httpClient, call }
}

const bytes = (text: string) => new TextEncoder().encode(text)

async function* give(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield bytes(text)
}

async function textOf(response: RpcResponse): Promise<string> {
  let text = ''
  for await (const piece of response.body) text += new TextDecoder().decode(piece)
  return text
}

/** What passes for a `ConnectError`: what its `instanceof` looks at. */
interface ConnectErrorShape extends Error {
  readonly code: number
  readonly rawMessage: string
}

async function failure(promise: Promise<unknown>): Promise<ConnectErrorShape> {
  const error = await promise.then(
    () => expect.fail('it should have failed'),
    (reason: unknown) => reason as ConnectErrorShape,
  )
  expect(error).toMatchObject({ name: 'ConnectError', details: [] })
  expect(error).toHaveProperty('cause')
  expect(error).toHaveProperty('metadata', expect.any(Headers))
  expect(error.message).toMatch(/^\[[a-z_]+\] ./)
  expect(error.message.endsWith(error.rawMessage)).toBe(true)
  return error
}

// — a call —

test('a call has the head that the transport made, and what the server answers', async () => {
  const { origin, call } = serve(async (request) => ({
    status: 200,
    headers: { 'content-type': 'application/grpc+proto', 'x-a': '1' },
    body: await request.bytes(),
    trailers: { 'grpc-status': '0', 'x-b': '2' },
  }))
  const response = await call(give('he', 'llo'), { ...GRPC, 'grpc-timeout': '100m', 'user-agent': 'mine' })
  expect([response.status, response.header.get('x-a')]).toEqual([200, '1'])
  expect([...response.trailer]).toEqual([])
  expect(await textOf(response)).toBe('hello')
  expect([...response.trailer]).toEqual([
    ['grpc-status', '0'],
    ['x-b', '2'],
  ])
  const [request] = origin.requests
  expect([request!.method, request!.path]).toEqual(['POST', '/eliza.v1.ElizaService/Say'])
  expect(Object.fromEntries(request!.headers)).toEqual({
    ...GRPC,
    'grpc-timeout': '100m',
    'user-agent': 'mine',
  })
})

test('trailers are there before the body ends, and once only', async () => {
  const { call } = serve(() => ({ body: 'x', trailers: { 'grpc-status': '0' } }))
  const { body, trailer } = await call(give())
  const pieces = body[Symbol.asyncIterator]()
  expect((await pieces.next()).done).toBe(false)
  expect(trailer.has('grpc-status')).toBe(false)
  expect(await pieces.next()).toEqual({ done: true, value: undefined })
  expect(trailer.get('grpc-status')).toBe('0')
  expect(await pieces.next()).toEqual({ done: true, value: undefined })
  expect(trailer.get('grpc-status')).toBe('0')
})

test('a response of trailers only has its status in the header', async () => {
  const { peer, call } = script()
  const answer = call(give('x'))
  await peer.until(data(1).endStream())
  peer.send(headers(1).status(200).field('grpc-status', '12').endStream())
  const response = await answer
  expect(response.header.get('grpc-status')).toBe('12')
  expect(await textOf(response)).toBe('')
})

test('a request without a body, as GET of the Connect protocol is', async () => {
  const { origin, httpClient } = serve(() => ({ body: 'got' }))
  const response = await httpClient({ url: `${URL}?message=x`, method: 'GET', header: new Headers() })
  expect(await textOf(response)).toBe('got')
  expect([origin.requests[0]!.method, origin.requests[0]!.path]).toEqual([
    'GET',
    '/eliza.v1.ElizaService/Say?message=x',
  ])
})

test.each<[contentType: string, length: string | null]>([
  ['application/proto', '5'],
  ['application/json', '5'],
  ['application/json; charset=utf-8', '5'],
  ['application/connect+proto', null],
  ['application/grpc', null],
  ['application/grpc+proto', null],
  ['application/grpc-web+proto', null],
])('a body of %s has content-length %s', async (contentType, length) => {
  const { origin, call } = serve(async (request) => ({ body: await request.bytes() }))
  expect(await textOf(await call(give('he', 'llo'), { 'content-type': contentType }))).toBe('hello')
  expect(origin.requests[0]!.headers.get('content-length')).toBe(length)
})

test('messages go both ways, one after the other', async () => {
  const { call } = serve((request) => ({ body: request.body() }))
  let give: (text: string) => void = () => {}
  async function* talk() {
    for (;;)
      yield bytes(
        await new Promise<string>((resolve) => {
          give = resolve
        }),
      )
  }
  const { body } = await call(talk())
  const heard = body[Symbol.asyncIterator]()
  for (const text of ['a', 'b', 'c']) {
    await settled()
    give(text)
    expect(new TextDecoder().decode((await heard.next()).value)).toBe(text)
  }
  await heard.return!()
})

test('content codings are left to the library', async () => {
  const { origin, call } = serve(() => ({ headers: { 'content-encoding': 'gzip' }, body: 'not gzip at all' }))
  expect(await textOf(await call(give('x')))).toBe('not gzip at all')
  expect(origin.requests[0]!.headers.has('accept-encoding')).toBe(false)
})

test('a source is not asked for more than the server takes', async () => {
  let given = 0
  async function* endless() {
    for (;;) {
      given += 10_000
      yield new Uint8Array(10_000)
    }
  }
  const { call } = serve(() => new Promise(() => {}))
  const controller = new AbortController()
  const answer = failure(call(endless(), GRPC, controller.signal))
  await settled()
  expect(given).toBeLessThan(500_000)
  controller.abort()
  await answer
})

test('a reader that waits holds the server back', async () => {
  let given = 0
  async function* endless() {
    for (;;) {
      given += 10_000
      yield new Uint8Array(10_000)
    }
  }
  const { call } = serve(() => ({ body: endless() }))
  const { body } = await call(give('x'))
  await settled()
  const before = given
  await settled()
  expect(given).toBe(before)
  await body[Symbol.asyncIterator]().return!()
})

// — defaults —

test('a call may be silent for as long as its deadline says', async () => {
  const clock = new VirtualClock()
  const { peer, call } = script({ clock })
  const answer = call(give('x'))
  await peer.until(data(1).endStream())
  await clock.advance(300_000)
  peer.send(headers(1).status(200))
  const piece = (await answer).body[Symbol.asyncIterator]().next()
  await clock.advance(300_000)
  peer.send(data(1, 'late').endStream())
  expect(new TextDecoder().decode((await piece).value)).toBe('late')
})

test('no PING in the five minutes in which servers of gRPC take it for an attack', async () => {
  const clock = new VirtualClock()
  const { peer, call } = script({ clock })
  call(give('x')).catch(() => {})
  await peer.until(data(1).endStream())
  await clock.advance(300_000)
  const pings = () => peer.connection.frames.filter(({ type }) => type === 6).length
  const before = pings()
  expect(before).toBe(0)
  await clock.advance(40_000)
  expect(pings()).toBe(1)
  await peer.close()
})

test('http: is HTTP/2 with prior knowledge unless said otherwise', async () => {
  const { origin, httpClient } = serve(() => ({ body: 'plain' }))
  const response = await httpClient({ url: 'http://a.test/', method: 'GET', header: new Headers() })
  expect(await textOf(response)).toBe('plain')
  expect(origin.requests[0]!.scheme).toBe('http')
})

test('options that are wrong throw when the client is made', () => {
  expect(() => createHttpClient({ maxConnections: 0 })).toThrow(RangeError)
  expect(() => createHttpClient({ nonsense: 1 } as RpcClientOptions)).toThrow(TypeError)
})

// — how a call ends —

const CANCEL = 8

test('an abort before the call sends nothing', async () => {
  const { origin, call } = serve(() => ({}))
  const error = await failure(call(give('x'), GRPC, AbortSignal.abort()))
  expect([error.code, origin.requests.length]).toEqual([1, 0])
})

test('an abort before the response is RST_STREAM with CANCEL', async () => {
  const { peer, call } = script()
  const controller = new AbortController()
  const answer = failure(call(give('x'), controller.signal))
  await peer.until(data(1).endStream())
  controller.abort()
  await peer.until(rstStream(1, CANCEL))
  expect((await answer).code).toBe(1)
})

test('an abort while the request is being sent ends its source', async () => {
  const { peer, call } = script()
  const controller = new AbortController()
  let left = false
  async function* endless() {
    try {
      for (;;) {
        yield bytes('x')
        await settled()
      }
    } finally {
      left = true
    }
  }
  const answer = failure(call(endless(), controller.signal))
  await peer.until(data(1))
  controller.abort()
  await peer.until(rstStream(1, CANCEL))
  await answer
  await settled()
  await settled()
  expect(left).toBe(true)
})

test('an abort in the body is RST_STREAM with CANCEL, and the body rejects', async () => {
  const { peer, httpClient, call } = script()
  const controller = new AbortController()
  const answer = call(give('x'), controller.signal)
  await peer.until(data(1).endStream())
  peer.send(headers(1).status(200), data(1, 'a'))
  const pieces = (await answer).body[Symbol.asyncIterator]()
  await pieces.next()
  const rest = failure(pieces.next())
  controller.abort()
  await peer.until(rstStream(1, CANCEL))
  expect((await rest).code).toBe(1)
  expect(httpClient.client.stats().open).toBe(0)
})

test('an abort after the end does nothing', async () => {
  const { call, httpClient } = serve(() => ({ body: 'x' }))
  const controller = new AbortController()
  expect(await textOf(await call(give('x'), GRPC, controller.signal))).toBe('x')
  controller.abort()
  await settled()
  expect(httpClient.client.stats().open).toBe(0)
})

test.each<[how: 'return' | 'throw']>([['return'], ['throw']])(
  'a body that the library leaves by %s is RST_STREAM with CANCEL',
  async (how) => {
    const { peer, call } = script()
    const answer = call(give('x'))
    await peer.until(data(1).endStream())
    peer.send(headers(1).status(200), data(1, 'a'))
    const pieces = (await answer).body[Symbol.asyncIterator]()
    await pieces.next()
    if (how === 'return') await pieces.return!()
    else await expect(pieces.throw!(new Error('parse'))).rejects.toThrow('parse')
    await peer.until(rstStream(1, CANCEL))
    expect(await pieces.next()).toEqual({ done: true, value: undefined })
  },
)

const timeout = new DOMException('too late', 'TimeoutError')
const connectError = Object.assign(new Error('[deadline_exceeded] late'), {
  name: 'ConnectError',
  code: 4,
  rawMessage: 'late',
  metadata: new Headers(),
  details: [],
  cause: undefined,
})

test.each<[reason: unknown, code: number]>([
  [undefined, 1],
  ['enough', 1],
  [new Error('enough'), 1],
  [timeout, 4],
])('an abort because of %s has code %i', async (reason, code) => {
  const { call } = serve(() => new Promise(() => {}))
  const controller = new AbortController()
  const answer = failure(call(give('x'), GRPC, controller.signal))
  await settled()
  controller.abort(reason)
  const error = await answer
  expect(error.code).toBe(code)
  expect(error.cause).toBe(controller.signal.reason)
})

test("a deadline's own ConnectError is what the call rejects with", async () => {
  const { call } = serve(() => new Promise(() => {}))
  const controller = new AbortController()
  const answer = call(give('x'), GRPC, controller.signal)
  await settled()
  controller.abort(connectError)
  await expect(answer).rejects.toBe(connectError)
})

// gRPC over HTTP/2, "Errors", and connect-node's table where that one is silent.
test.each<[errorCode: number, name: string, code: number]>([
  [0x0, 'NO_ERROR', 13],
  [0x1, 'PROTOCOL_ERROR', 13],
  [0x2, 'INTERNAL_ERROR', 13],
  [0x3, 'FLOW_CONTROL_ERROR', 13],
  [0x4, 'SETTINGS_TIMEOUT', 13],
  [0x6, 'FRAME_SIZE_ERROR', 13],
  [0x7, 'REFUSED_STREAM', 14],
  [0x8, 'CANCEL', 1],
  [0x9, 'COMPRESSION_ERROR', 13],
  [0xa, 'CONNECT_ERROR', 13],
  [0xb, 'ENHANCE_YOUR_CALM', 8],
  [0xc, 'INADEQUATE_SECURITY', 7],
])(
  'RST_STREAM with code %s, %s, has code %i, before the response and in the body',
  async (errorCode, name, code) => {
    const { peer, call } = script({ retry: false })
    const answer = failure(call(give('x')))
    await peer.until(data(1).endStream())
    peer.send(rstStream(1, errorCode))
    const error = await answer
    expect([error.code, (error.cause as H2Error).errorName]).toEqual([code, name])
    expect(error.message).toContain(`http/2 stream closed with error code ${name}`)
    expect(H2Error.is(error.cause)).toBe(true)

    const second = call(give('x'))
    await peer.until(data(3).endStream())
    peer.send(headers(3).status(200), data(3, 'a'))
    const pieces = (await second).body[Symbol.asyncIterator]()
    await pieces.next()
    const rest = failure(pieces.next())
    peer.send(rstStream(3, errorCode))
    expect((await rest).code).toBe(code)
  },
)

test.each<[what: string, act: (peer: ScriptedPeer) => void, code: number]>([
  ['a connection that is cut', (peer) => peer.cut(), 14],
  ['a connection that is reset', (peer) => peer.reset(), 14],
  ['a connection error of ours', (peer) => peer.send(data(0, 'x')), 13],
  [
    'GOAWAY with the call in it, then the end',
    (peer) => {
      peer.send(goaway(1, 0))
      peer.end()
    },
    14,
  ],
])('%s has code %#', async (_what, act, code) => {
  const { peer, call } = script({ retry: false })
  const answer = failure(call(give('x')))
  await peer.until(data(1).endStream())
  act(peer)
  expect((await answer).code).toBe(code)
})

test('a dial that fails has code unavailable', async () => {
  const dial = () => Promise.reject(new Error('no route'))
  const httpClient = createHttpClient({ transport: dial })
  const error = await failure(httpClient({ url: URL, method: 'GET', header: new Headers() }))
  expect(error.code).toBe(14)
})

// What a script cannot bring about in few lines.
test.each<[code: string, facts: Partial<ConstructorParameters<typeof H2Error>[1]>, expected: number]>([
  ['H2_TIMEOUT_CONNECT', { scope: 'transport', initiator: 'local' }, 14],
  ['H2_TIMEOUT_TLS', { scope: 'transport', initiator: 'local' }, 14],
  ['H2_TIMEOUT_QUEUE', { initiator: 'local', processed: 'no' }, 4],
  ['H2_TLS', { scope: 'transport', initiator: 'local', processed: 'no' }, 14],
  ['H2_CONNECTION_ERROR', { scope: 'connection', initiator: 'local', errorName: 'ENHANCE_YOUR_CALM' }, 13],
  ['H2_CONNECTION_ERROR', { scope: 'connection', initiator: 'peer', errorName: 'ENHANCE_YOUR_CALM' }, 8],
  ['H2_STREAM_RESET', { errorName: 'HTTP_1_1_REQUIRED' }, 7],
])('%s of %j has code %i', (code, facts, expected) => {
  const init = {
    code: code as H2ErrorCode,
    scope: 'stream',
    initiator: 'peer',
    errorCode: 0,
    errorName: 'NO_ERROR',
    ...facts,
  } as const
  const known = { signal: undefined, http1: false, responded: false }
  expect(rpcError(new H2Error('stream failed: so', init), known)).toMatchObject({ code: expected })
})

describe('in the words of the library’s own client', () => {
  const lost = {
    code: 'H2_CONNECTION_CLOSED',
    scope: 'transport',
    initiator: 'peer',
    errorCode: 0,
    errorName: 'NO_ERROR',
  } as const

  test.each([
    ['before the response', false, '[aborted] socket hang up'],
    ['behind its head', true, '[aborted] aborted'],
  ])('a connection of HTTP/1.1 that is lost %s', (_when, responded, message) => {
    const facts = { signal: undefined, http1: true, responded }
    expect(rpcError(new H2Error('transport failed: so', lost), facts)).toMatchObject({ code: 10, message })
  })

  test('one of HTTP/2 that is lost, and one on which nothing was sent: unavailable', () => {
    const facts = { signal: undefined, http1: false, responded: false }
    expect(rpcError(new H2Error('transport failed: so', lost), facts)).toMatchObject({ code: 14 })
    const unsent = new H2Error('transport failed: so', { ...lost, processed: 'no' })
    expect(rpcError(unsent, { ...facts, http1: true })).toMatchObject({ code: 14 })
  })

  test('a reset', () => {
    const init = {
      ...lost,
      code: 'H2_STREAM_RESET',
      scope: 'stream',
      errorCode: 8,
      errorName: 'CANCEL',
    } as const
    const facts = { signal: undefined, http1: false, responded: true }
    expect(rpcError(new H2Error('stream failed: so', init), facts)).toMatchObject({
      code: 1,
      message: '[canceled] http/2 stream closed with error code CANCEL (0x8)',
    })
  })

  test('the system’s code of a dial is that of the cause', () => {
    const cause = Object.assign(new Error('getaddrinfo ENOTFOUND a.test'), {
      code: 'ENOTFOUND',
      syscall: 'getaddrinfo',
      hostname: 'a.test',
    })
    const error = new H2Error('connect failed: so', { ...lost, code: 'H2_DNS', processed: 'no', cause })
    expect(rpcError(error, { signal: undefined, http1: false, responded: false })).toMatchObject({
      code: 14,
      message: '[unavailable] getaddrinfo ENOTFOUND a.test',
      cause: { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: 'a.test', cause: error },
    })
  })
})

test.each<[which: string, options: RpcClientOptions, code: number]>([
  ['headers', { timeouts: { headers: 1_000 } }, 4],
  ['total', { timeouts: { total: 1_000 } }, 4],
])('the time limit of %s has code %#', async (_which, options, code) => {
  const clock = new VirtualClock()
  const { peer, call } = script({ clock, ...options })
  const answer = failure(call(give('x')))
  await peer.until(data(1).endStream())
  // Progress of the upload was the last thing, so it counts from there.
  await clock.advance(2_000)
  expect((await answer).code).toBe(code)
})

test.each<[what: string, thrown: unknown, message: string]>([
  ['its own ConnectError', connectError, '[deadline_exceeded] late'],
  ['an Error', new Error('no more'), '[internal] no more'],
  ['text', 'no more', '[internal] no more'],
])('a call whose source throws %s has its words and nothing else', async (_what, thrown, message) => {
  async function* broken() {
    yield bytes('x')
    await settled()
    throw thrown
  }
  const { peer, call } = script()
  const answer = failure(call(broken()))
  await peer.until(rstStream(1, CANCEL))
  const error = await answer
  expect(error.message).toBe(message)
  expect(error === thrown || error.cause === thrown).toBe(true)
})

test.each<[what: string, leave: () => unknown]>([
  [
    'throws',
    () => {
      throw new Error('left')
    },
  ],
  ['rejects', () => Promise.reject(new Error('left'))],
  ['gives nothing', () => undefined],
])('a call is canceled whatever its source does when it is left: it %s', async (_what, leave) => {
  const hanging = { next: () => new Promise<never>(() => {}), return: leave }
  const source = { [Symbol.asyncIterator]: () => hanging } as AsyncIterable<Uint8Array>
  for (const type of ['application/grpc', 'application/proto']) {
    const { call, httpClient } = serve(() => new Promise(() => {}))
    const controller = new AbortController()
    const answer = failure(call(source, { 'content-type': type }, controller.signal))
    await settled()
    controller.abort()
    expect((await answer).message).toBe('[canceled] This operation was aborted')
    expect(httpClient.client.stats().open).toBe(0)
  }
})

test('a unary message that cannot be made rejects, and sends nothing', async () => {
  // biome-ignore lint/correctness/useYield: it fails before the first
  async function* broken(): AsyncGenerator<Uint8Array> {
    throw connectError
  }
  const { origin, call } = serve(() => ({}))
  await expect(call(broken(), { 'content-type': 'application/proto' })).rejects.toBe(connectError)
  expect(origin.requests).toHaveLength(0)
})

test('a unary call of the Connect protocol is sent again where the server has refused it', async () => {
  const peer = new ScriptedPeer()
  const httpClient = createHttpClient({ transport: peer.dial })
  const header = new Headers({ 'content-type': 'application/proto' })
  const answer = httpClient({ url: URL, method: 'POST', header, body: give('x') })
  await peer.until(data(1).endStream())
  peer.send(rstStream(1, 7))
  await peer.until(data(3, 'x').endStream())
  peer.send(headers(3).status(200).endStream())
  expect((await answer).status).toBe(200)
})

/** Messages one by one, and whether their source was left. */
function talk() {
  const waiting: ((text: string | undefined) => void)[] = []
  const source = { left: false, give: (text?: string) => waiting.shift()!(text), messages: messages() }
  async function* messages() {
    try {
      for (;;) {
        const text = await new Promise<string | undefined>((resolve) => waiting.push(resolve))
        if (text === undefined) return
        yield bytes(text)
      }
    } finally {
      source.left = true
    }
  }
  return source
}

test.each<[what: string, refuse: (peer: ScriptedPeer) => void, streamId: number]>([
  ['RST_STREAM with REFUSED_STREAM', (peer) => peer.send(rstStream(1, 7)), 3],
  ['a GOAWAY without it', (peer) => peer.send(goaway(0, 0)), 1],
])('messages of a call that was not acted on, by %s, are given again', async (_what, refuse, streamId) => {
  const { peer, call } = script()
  const { give: say, messages } = talk()
  const answer = call(messages)
  await settled()
  say('a')
  await peer.until(data(1, 'a'))
  refuse(peer)
  if (streamId === 1) await peer.accept()
  await peer.until(data(streamId, 'a'))
  await settled()
  say('b')
  await peer.until(data(streamId, 'b'))
  say()
  await peer.until(data(streamId).endStream())
  peer.send(headers(streamId).status(200).endStream())
  expect((await answer).status).toBe(200)
})

test('messages that are too many to keep are not given again', async () => {
  const { peer, call } = script()
  const many = (async function* () {
    for (let i = 0; i < 100; i++) yield new Uint8Array(10_000)
  })()
  const answer = failure(call(many))
  await peer.until(data(1))
  await settled()
  peer.send(rstStream(1, 7))
  const error = await answer
  expect(error.code).toBe(14)
  expect(error.message).toContain('too many to keep')
})

test('an answer is the end of what may be given again, not of the messages', async () => {
  const { peer, call } = script()
  const source = talk()
  const answer = call(source.messages)
  await settled()
  source.give('a')
  await peer.until(data(1, 'a'))
  peer.send(headers(1).status(200))
  const { body } = await answer
  source.give('b')
  await peer.until(data(1, 'b'))
  const rest = failure(body[Symbol.asyncIterator]().next())
  peer.send(rstStream(1, 7))
  expect((await rest).code).toBe(14)
  source.give('c')
  await settled()
  expect(source.left).toBe(true)
})

test('a call that fails for good leaves its source', async () => {
  const { peer, call } = script({ retry: false })
  const source = talk()
  const answer = failure(call(source.messages))
  await settled()
  source.give('a')
  await peer.until(data(1, 'a'))
  peer.send(rstStream(1, 7))
  await answer
  source.give('b')
  await settled()
  expect(source.left).toBe(true)
})

test('a URL that is none has code internal', async () => {
  const { httpClient } = serve(() => ({}))
  const error = await failure(httpClient({ url: 'nonsense', method: 'GET', header: new Headers() }))
  expect([error.code, (error.cause as Error).name]).toEqual([13, 'TypeError'])
})

test('close finishes what is open; destroy does not; both refuse what comes later', async () => {
  const { httpClient, call } = serve(async (request) => ({ body: await request.text() }))
  const answer = call(give('x'))
  const closed = httpClient.close()
  expect(await textOf(await answer)).toBe('x')
  await closed
  expect((await failure(call(give('x')))).code).toBe(1)

  const other = serve(() => new Promise(() => {}))
  const open = failure(other.call(give('x')))
  await settled()
  other.httpClient.client.destroy()
  expect((await open).code).toBe(1)
})
