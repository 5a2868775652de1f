import { PassThrough, Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { type DispatchOptions, HyperDispatcher } from '../../src/adapters/undici.ts'
import {
  headers,
  MemoryOrigin,
  type OriginRequest,
  rstStream,
  ScriptedPeer,
} from '../../src/testing/index.ts'
import { settled } from '../support/virtual-clock.ts'
import { type Generation, Recorder } from './recorder.ts'

const POST = { origin: 'https://a.test', path: '/', method: 'POST' } as const

interface Seen {
  readonly request: OriginRequest
  readonly text: string
}

/** Sends one request, and gives what the origin saw of it. */
async function seen(options: Partial<DispatchOptions>, generation: Generation = 'new'): Promise<Seen> {
  const { told, origin, texts } = await sent(options, generation)
  expect(told.errors).toEqual([])
  return { request: origin.requests[0]!, text: texts[0]! }
}

async function sent(options: Partial<DispatchOptions>, generation: Generation = 'new', handler = {}) {
  const texts: string[] = []
  const origin = new MemoryOrigin(async (request) => {
    texts.push(await request.text())
    return { status: 204 }
  })
  const dispatcher = new HyperDispatcher({ transport: origin.dial })
  const told = new Recorder(generation)
  dispatcher.dispatch({ ...POST, ...options }, Object.assign(told.handler, handler))
  await told.over
  await dispatcher.close()
  return { told, origin, texts }
}

describe('headers', () => {
  test.each<[string, DispatchOptions['headers']]>([
    ['a record', { 'X-A': '1', 'x-b': ['2', '3'], 'x-n': 4, 'x-u': undefined, 'x-0': null }],
    ['a flat array', ['X-A', '1', 'x-b', ['2', '3'], 'x-n', '4', 'x-0', '']],
    [
      'pairs',
      [
        ['X-A', '1'],
        ['x-b', '2'],
        ['x-b', '3'],
        ['x-n', '4'],
        ['x-0', ''],
      ][Symbol.iterator]() as never,
    ],
    [
      'a Map',
      new Map<string, unknown>([
        ['X-A', '1'],
        ['x-b', ['2', '3']],
        ['x-n', 4],
        ['x-0', null],
      ]),
    ],
  ])('as %s', async (_, headers) => {
    const { request } = await seen({ headers })
    expect([...request.headers]).toEqual([
      ['content-length', '0'],
      ['x-0', ''],
      ['x-a', '1'],
      ['x-b', '2, 3'],
      ['x-n', '4'],
    ])
  })

  test('nothing is added, and no user-agent', async () => {
    const { request } = await seen({ method: 'GET' })
    expect([...request.headers]).toEqual([])
  })

  test('connection is of HTTP/1.1 and is left out; host is the authority (RFC 9113 §8.2.2, §8.3.1)', async () => {
    const { request } = await seen({ method: 'GET', headers: { connection: 'keep-alive', host: 'b.test' } })
    expect(request.authority).toBe('b.test')
    expect([...request.headers]).toEqual([])
  })
})

describe('path', () => {
  test.each<[string, Partial<DispatchOptions>, string]>([
    ['with a query', { path: '/a', query: { b: [1, 2], c: 'd e' } }, '/a?b=1&b=2&c=d%20e'],
    ['with an empty query', { path: '/a', query: {} }, '/a'],
    ['as it stands', { path: '/a?b=%20' }, '/a?b=%20'],
    ['that a URL would change', { path: '/a/%2e%2e/../b' }, '/a/%2e%2e/../b'],
    ['beyond ASCII', { path: '/\u00e4' }, '/%C3%A4'],
    ['beneath an origin that is a URL', { origin: new URL('https://a.test/'), path: '/b' }, '/b'],
  ])('%s', async (_, options, path) => {
    expect((await seen(options)).request.path).toBe(path)
  })
})

describe('body', () => {
  const bytes = new TextEncoder().encode('content')
  test.each<[string, () => unknown, string | null]>([
    ['a string', () => 'content', '7'],
    ['a Buffer', () => Buffer.from('content'), '7'],
    ['an ArrayBuffer', () => bytes.buffer.slice(0, 7), '7'],
    ['a view', () => new DataView(bytes.buffer, 0, 7), '7'],
    ['a Readable', () => Readable.from(['con', 'tent']), null],
    ['an iterable', () => ['con', bytes.subarray(3)], null],
    ['a generator', () => pieces('con', 'tent'), null],
    ['a web stream', () => new Blob(['content']).stream(), null],
    ['a Blob', () => new Blob(['content']), '7'],
    ['somebody else’s Blob', () => ({ [Symbol.toStringTag]: 'Blob', stream: () => pieces('content') }), null],
  ])('%s', async (_, make, length) => {
    const { request, text } = await seen({ body: make() })
    expect(text).toBe('content')
    expect(request.headers.get('content-length')).toBe(length)
    expect(request.headers.get('content-type')).toBe(null)
  })

  test.each<[string, unknown]>([
    ['no body', undefined],
    ['an empty string', ''],
    ['an empty Buffer', Buffer.alloc(0)],
  ])('%s: content-length that a redirect left behind is not sent', async (_, body) => {
    const { request, text } = await seen({ body, headers: { 'content-length': '5' } })
    expect(text).toBe('')
    expect(request.headers.get('content-length')).not.toBe('5')
  })

  test('a form of another class is sent as one of ours', async () => {
    const entries: [string, string | File][] = [
      ['a', 'b'],
      ['f', new File(['x'], 'f.txt')],
    ]
    const form = {
      [Symbol.toStringTag]: 'FormData',
      entries: () => entries,
      [Symbol.iterator]: () => entries[Symbol.iterator](),
    }
    const { request, text } = await seen({ body: form })
    expect(request.headers.get('content-type')).toMatch(/^multipart\/form-data; boundary=/)
    expect(text).toMatch(/name="a"\r\n\r\nb\r\n/)
    expect(text).toMatch(/filename="f.txt"/)
  })

  test.each<[string, Record<string, string>, string]>([
    [
      'of announced length is collected, and sent again where it was refused',
      { 'content-length': '7' },
      'head',
    ],
    ['of unknown length is not', {}, 'error'],
  ])('a generator %s (RFC 9113 §8.7)', async (_, fields, outcome) => {
    const peer = new ScriptedPeer()
    const dispatcher = new HyperDispatcher({ transport: peer.dial })
    const told = new Recorder('new')
    dispatcher.dispatch({ ...POST, body: pieces('con', 'tent'), headers: fields }, told.handler)
    await peer.expect(headers(1).field(':method', 'POST'))
    await settled()
    peer.send(rstStream(1, 7))
    await settled()
    peer.send(headers(3).status(204).endStream())
    await told.over
    expect(told.calls[1]).toBe(outcome)
    await dispatcher.destroy()
  })

  test.each<[string, Partial<DispatchOptions>]>([
    ['a string', { body: 'abc', headers: { 'content-length': '5' } }],
    ['a short generator', { body: pieces('abc'), headers: { 'content-length': '5' } }],
    ['a long generator', { body: pieces('abc', 'def'), headers: { 'content-length': '5' } }],
    ['a large generator', { body: pieces('abc'), headers: { 'content-length': '500000' } }],
  ])('content-length that lies about %s', async (_, options) => {
    const { told, texts } = await sent(options)
    expect(told.error.code).toBe('UND_ERR_REQ_CONTENT_LENGTH_MISMATCH')
    expect(texts).toEqual([])
  })

  test.each<[string, () => unknown]>([
    ['a generator', () => failing()],
    ['a Readable', () => Readable.from(failing())],
    ['a stream that fails at once', () => failedStream()],
  ])('the failure of %s is told as it is', async (_, make) => {
    const { told } = await sent({ body: make() })
    expect(told.calls).toEqual(['start', 'error'])
    expect(told.error.message).toBe('no more')
  })

  test('a stream is destroyed with its request', async () => {
    const body = new PassThrough()
    const dispatcher = new HyperDispatcher({ transport: () => new Promise(() => {}) })
    const told = new Recorder('legacy', {
      onStart: (abort) => queueMicrotask(() => abort(new Error('mine'))),
    })
    dispatcher.dispatch({ ...POST, body }, told.handler)
    await told.over
    await settled()
    expect(body.destroyed).toBe(true)
    // This dial never ends.
    void dispatcher.destroy()
  })

  test('a generator that is collected is told that nobody wants it', async () => {
    let returned = false
    const body = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<never>(() => {}),
        return: async () => {
          returned = true
          return { done: true as const, value: undefined }
        },
      }),
    }
    const dispatcher = new HyperDispatcher({ transport: new MemoryOrigin(() => ({})).dial })
    const told = new Recorder('new')
    dispatcher.dispatch({ ...POST, body, headers: { 'content-length': '7' } }, told.handler)
    told.steer.abort()
    expect(returned).toBe(true)
    await dispatcher.close()
  })

  test.each<[string, () => unknown, string[]]>([
    ['bytes', () => 'content', ['content']],
    ['a generator', () => pieces('con', 'tent'), ['con', 'tent']],
  ])('who wants to know is told what is sent of %s', async (_, make, expected) => {
    const chunks: string[] = []
    let done = 0
    await sent({ body: make() }, 'legacy', {
      onBodySent: (chunk: Uint8Array) => void chunks.push(Buffer.from(chunk).toString()),
      onRequestSent: () => void done++,
    })
    expect(chunks).toEqual(expected)
    expect(done).toBe(1)
  })
})

describe('what is wrong is an InvalidArgumentError, and nothing is sent', () => {
  test.each<[string, Record<string, unknown>, string?]>([
    ['method', { method: 'A B' }],
    ['method', { method: 1 }],
    ['path', { path: 'a' }],
    ['path', { path: '/a b' }],
    ['path', { path: 7 }],
    ['query beside a query', { path: '/a?b', query: { c: 'd' } }],
    ['origin', { origin: undefined }],
    ['origin', { origin: 'ftp://a.test' }],
    ['upgrade', { upgrade: 7 }],
    ['headersTimeout', { headersTimeout: -1 }],
    ['bodyTimeout', { bodyTimeout: '1' }],
    ['headers of odd length', { headers: ['a'] }],
    ['headers', { headers: 'a' }],
    ['pair', { headers: new Set(['a']) }],
    ['field name', { headers: { 'a b': 'c' } }],
    ['field value', { headers: { a: 'b\nc' } }],
    ['field value', { headers: { a: {} } }],
    ['field transfer-encoding', { headers: { 'transfer-encoding': 'chunked' } }],
    ['field keep-alive', { headers: { 'Keep-Alive': '1' } }],
    ['field upgrade', { headers: { upgrade: 'h2c' } }],
    ['field connection', { headers: { connection: 'a b' } }],
    ['field connection', { headers: { connection: ['close'] } }],
    ['field host', { headers: { host: ['b.test'] } }],
    ['field host, twice', { headers: ['host', 'b.test', 'host', 'c.test'] }],
    ['reset', { reset: 1 }],
    ['expectContinue', { expectContinue: 'yes' }],
    ['typeOfService', { typeOfService: 256 }],
    ['redirects', { maxRedirections: 2 }],
    ['origin with a path', { origin: 'https://a.test/b' }],
    ['upgrade', { upgrade: 'a\r\nb' }],
    ['field expect', { headers: { expect: '100-continue' } }, 'UND_ERR_NOT_SUPPORTED'],
    ['content-length', { headers: { 'content-length': 'x' } }],
    ['content-length, twice', { body: 'x', headers: ['content-length', '1', 'content-length', '1'] }],
    ['body', { body: 7 }],
    ['body', { body: {} }],
    ['piece of a body', { body: [7] }],
  ])('%s (%j)', async (_, options, code = 'UND_ERR_INVALID_ARG') => {
    for (const generation of ['new', 'legacy'] as const) {
      const { told, texts } = await sent(options as Partial<DispatchOptions>, generation)
      expect(told.calls.at(-1)).toBe('error')
      expect(told.calls.filter((call) => call === 'error')).toHaveLength(1)
      expect(told.error.code).toBe(code)
      expect(texts).toEqual([])
    }
  })

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a function', () => {}],
    ['one without onError', { onConnect() {} }],
    ['one without onResponseError', { onRequestStart() {} }],
  ])('a handler that is %s is thrown', (_, handler) => {
    const dispatcher = new HyperDispatcher()
    expect(() => dispatcher.dispatch(POST, handler as never)).toThrow(
      expect.objectContaining({ code: 'UND_ERR_INVALID_ARG' }),
    )
  })

  test.each<[string, Record<string, unknown>]>([
    ['invalid A header', { headers: { A: 'b\nc' } }],
    ['invalid A header', { headers: { A: ['b', 'c\0'] } }],
    ['invalid header key', { headers: { 'a b': 'c' } }],
    ['invalid host header', { headers: { host: [] } }],
    ['duplicate host header', { headers: ['host', 'a', 'host', 'b'] }],
    ['opts.origin must be a non-empty string or URL.', { origin: '' }],
  ])('says what undici says: %s (%j)', async (message, options) => {
    const { told } = await sent(options as Partial<DispatchOptions>)
    expect(told.error.message).toBe(message)
    expect(told.calls).toEqual(['error'])
  })

  test('an empty host is that of the origin', async () => {
    const { request } = await seen({ headers: { host: '' } })
    expect(request.authority).toBe('a.test')
  })

  test.each<[string, object, object?]>([
    ['onConnect', { onHeaders() {}, onData() {}, onComplete() {} }],
    ['onHeaders', { onConnect() {}, onData() {}, onComplete() {} }],
    ['onData', { onConnect() {}, onHeaders() {}, onComplete() {} }],
    ['onComplete', { onConnect() {}, onHeaders() {}, onData() {} }],
    ['onUpgrade', { onConnect() {} }, { method: 'CONNECT' }],
    ['onBodySent', { onConnect() {}, onHeaders() {}, onData() {}, onComplete() {}, onBodySent: '42' }],
  ])('a legacy handler without %s is told so before anything is sent', async (name, methods, options) => {
    const heard: unknown[] = []
    const handler = { ...methods, onError: (error: unknown) => heard.push(error) }
    const texts = await dispatchedTo(handler, options)
    expect(heard).toEqual([
      expect.objectContaining({ code: 'UND_ERR_INVALID_ARG', message: `invalid ${name} method` }),
    ])
    expect(texts).toEqual([])
  })

  test('a legacy handler has no context, and undici’s request passes none on', async () => {
    const given: unknown[] = []
    const handler = {
      onConnect: (_abort: unknown, context: unknown) => given.push(context),
      onHeaders() {},
      onData() {},
      onComplete() {},
      onError() {},
    }
    await dispatchedTo(handler)
    expect(given).toEqual([undefined])
  })

  test.each<[string, object, object?]>([
    ['onRequestStart', {}],
    ['onRequestUpgrade', { onRequestStart() {} }, { upgrade: 'websocket' }],
    ['onRequestSent', { onRequestStart() {}, onRequestSent: 1 }],
  ])('a handler without %s is told so before anything is sent', async (name, methods, options) => {
    const heard: unknown[] = []
    const handler = {
      ...methods,
      onResponseError: (controller: unknown, error: unknown) => heard.push(controller, error),
    }
    const texts = await dispatchedTo(handler, options)
    expect(heard).toEqual([null, expect.objectContaining({ message: `invalid ${name} method` })])
    expect(texts).toEqual([])
  })

  test('options that are none are told', () => {
    const told = new Recorder('new')
    expect(new HyperDispatcher().dispatch(undefined as never, told.handler)).toBe(false)
    expect(told.error.code).toBe('UND_ERR_INVALID_ARG')
  })
})

/** Gives a request to this very handler; what reached the origin. */
async function dispatchedTo(handler: object, options: object = {}): Promise<unknown[]> {
  const origin = new MemoryOrigin(() => ({}))
  const dispatcher = new HyperDispatcher({ transport: origin.dial })
  dispatcher.dispatch({ ...POST, ...options }, handler as never)
  await settled()
  await dispatcher.close()
  return origin.requests
}

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

async function* failing(): AsyncGenerator<string> {
  yield 'a'
  throw new Error('no more')
}

function failedStream(): Readable {
  const stream = new Readable({ read() {} })
  stream.destroy(new Error('no more'))
  return stream
}
