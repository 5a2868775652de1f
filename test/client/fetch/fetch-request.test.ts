/** What a `fetch` sends: Fetch §5.4 (the constructor of `Request`), §5.1 (`Headers`), §4.5 (what is added). */
import { Readable } from 'node:stream'
import { describe, expect, it, test } from 'vitest'
import type { FetchInit } from '../../../src/client/fetch/fetch-init.ts'
import { H2Error } from '../../../src/index.ts'
import { settled } from '../../support/virtual-clock.ts'
import { answering, failure, Origins, Pieces } from './fetch-origins.ts'

const URL_A = 'https://a.test/path?q=1'
type Input = Parameters<Origins['fetch']>[0]

/** What arrives of a `fetch`. */
async function arriving(input: Input, init?: FetchInit) {
  const origins = new Origins(async (request) => ({ body: await request.text() }))
  const response = await origins.fetch(input, init)
  const content = await response.text()
  const [first] = origins.arrived
  return {
    ...first!,
    fields: Object.fromEntries(first!.headers),
    content,
    authority: first!.request.authority,
  }
}

/** What a `fetch` of ours makes of an init that the platform refuses, too. */
async function misuse(input: Input, init?: FetchInit): Promise<void> {
  const origins = answering({})
  const error = await failure(origins.fetch(input, init))
  expect(error).toBeInstanceOf(TypeError)
  expect(error).not.toBeInstanceOf(H2Error)
  expect(error.message).not.toBe('fetch failed')
  expect(origins.sent).toEqual([])
}

async function* generated(...pieces: readonly (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  for (const piece of pieces) yield piece
}

function webStream(...pieces: readonly string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece))
      controller.close()
    },
  })
}

describe('input', () => {
  it.each<[string, () => Input]>([
    ['a string', () => URL_A],
    ['a URL', () => new URL(URL_A)],
    ['a Request', () => new Request(URL_A)],
    ['what becomes a string', () => ({ toString: () => URL_A }) as unknown as URL],
    [
      'a Request of a polyfill',
      () =>
        ({
          url: URL_A,
          method: 'GET',
          headers: new Headers(),
          body: null,
          bodyUsed: false,
        }) as unknown as Request,
    ],
  ])('%s (Fetch §5.4)', async (_name, input) => {
    const { url, method } = await arriving(input())
    expect([method, url]).toEqual(['GET', URL_A])
  })

  test('a URL that is changed later is not followed', async () => {
    const url = new URL(URL_A)
    const origins = answering({ status: 302, headers: { location: 'to' } })
    const promise = origins.fetch(url, { redirect: 'manual' })
    url.pathname = '/other'
    expect((await promise).url).toBe(URL_A)
  })

  it.each<[string, unknown, FetchInit?]>([
    ['nothing', undefined],
    ['a relative URL', '/path'],
    ['no URL', 'https://'],
    ['a URL with a user', 'https://u@a.test/'],
    ['a URL with a password', 'https://:p@a.test/'],
    ['a URL object with a user', new URL('https://u@a.test/')],
  ])('%s is misuse (Fetch §5.4)', (_name, input, init) => misuse(input as string, init))

  it.each(['ftp://a.test/', 'about:blank', 'file:///etc/passwd', 'javascript:1', 'ws://a.test/'])(
    '%s is a network error (Fetch §4.2)',
    async (input) => {
      const origins = answering({})
      const error = await failure(origins.fetch(input))
      expect([error.constructor, error.message]).toEqual([TypeError, 'fetch failed'])
      expect(error.cause?.message).toMatch(/^request failed: the scheme/)
      expect(origins.sent).toEqual([])
    },
  )

  test('data: and blob: are read by the platform (Fetch §4.2)', async () => {
    const { fetch } = answering({})
    expect(await (await fetch('data:text/plain,hello%20there')).text()).toBe('hello there')
    const url = URL.createObjectURL(new Blob(['from a blob'], { type: 'a/b' }))
    const response = await fetch(url)
    expect(response.headers.get('content-type')).toBe('a/b')
    expect(await response.text()).toBe('from a blob')
    expect([...(await response.trailers)]).toEqual([])
    URL.revokeObjectURL(url)
  })
})

describe('a Request and init together (Fetch §5.4)', () => {
  const request = () =>
    new Request(URL_A, { method: 'PUT', headers: { 'x-own': '1' }, body: 'own', redirect: 'manual' })

  it.each<[string, FetchInit, unknown]>([
    ['nothing', {}, ['PUT', '1', 'own']],
    ['method', { method: 'POST' }, ['POST', '1', 'own']],
    ['headers, all of them', { headers: { 'x-other': '2' } }, ['PUT', undefined, 'own']],
    ['body', { body: 'other' }, ['PUT', '1', 'other']],
    ['a null body, which is none', { body: null }, ['PUT', '1', 'own']],
  ])('init has %s', async (_name, init, expected) => {
    const { method, fields, content } = await arriving(request(), init)
    expect([method, fields['x-own'], content]).toEqual(expected)
  })

  test('what init does not say is as the Request has it', async () => {
    const { fetch } = answering({ status: 302, headers: { location: '/to' } })
    expect((await fetch(request())).status).toBe(302)
    expect((await failure(fetch(request(), { redirect: 'error' }))).message).toBe('fetch failed')
  })

  test('its body is used up, and used up it is misuse', async () => {
    const used = request()
    const { fetch } = answering({})
    await fetch(used)
    expect(used.bodyUsed).toBe(true)
    await misuse(used)
    const locked = request()
    locked.body!.getReader()
    await misuse(locked)
    const begun = request()
    const reader = begun.body!.getReader()
    await reader.read()
    reader.releaseLock()
    await misuse(begun)
    // Another body takes its place.
    expect((await arriving(used, { body: 'fresh' })).content).toBe('fresh')
  })

  test('its signal, and that of init instead', async () => {
    const { fetch } = answering({})
    const aborted = AbortSignal.abort(new Error('gone'))
    expect((await failure(fetch(new Request(URL_A, { signal: aborted })))).message).toBe('gone')
    expect((await fetch(new Request(URL_A, { signal: aborted }), { signal: null })).status).toBe(200)
  })

  test('a body at hand is bytes, unless it is long and in pieces; that and a slow one are streams', async () => {
    const origins = new Origins(async (incoming) => ({ body: String((await incoming.bytes()).length) }))
    const post = (body: string | ReadableStream) =>
      new Request(URL_A, { method: 'POST', body, duplex: 'half' } as RequestInit)
    const sizes = [0, 1, 65_536, 65_537, 300_000]
    for (const size of sizes) {
      const response = await origins.fetch(post('x'.repeat(size)))
      expect(await response.text()).toBe(String(size))
    }
    for (const size of [30_000, 32_768, 32_769]) {
      const text = 'x'.repeat(size)
      expect(await (await origins.fetch(post(webStream(text, text)))).text()).toBe(String(2 * size))
    }
    const lengths = origins.arrived.map(({ headers }) => headers.get('content-length'))
    expect(lengths).toEqual([...sizes.map(String), '60000', '65536', null])

    const pieces = new Pieces()
    const response = origins.fetch(post(Readable.toWeb(Readable.from(pieces)) as ReadableStream))
    pieces.push('ab')
    while (origins.arrived.length === lengths.length) await settled()
    pieces.push('cd')
    pieces.end()
    expect(await (await response).text()).toBe('4')
  })

  test('a body that fails before it is sent', async () => {
    const origins = answering({})
    const body = new ReadableStream({
      start(controller) {
        controller.error(new Error('broken source'))
      },
    })
    const error = await failure(
      origins.fetch(new Request(URL_A, { method: 'POST', body, duplex: 'half' } as RequestInit)),
    )
    expect([error.message, error.cause?.message]).toEqual(['fetch failed', 'broken source'])
    expect(origins.sent).toEqual([])
  })
})

describe('method', () => {
  it.each([
    ['get', 'GET'],
    ['head', 'HEAD'],
    ['pOsT', 'POST'],
    ['put', 'PUT'],
    ['delete', 'DELETE'],
    ['options', 'OPTIONS'],
    ['patch', 'patch'],
    ['PATCH', 'PATCH'],
    ['chicken', 'chicken'],
  ])('%s is sent as %s (Fetch §2.2.1, normalize)', async (given, sent) => {
    expect((await arriving(URL_A, { method: given })).method).toBe(sent)
  })

  it.each(['CONNECT', 'trace', 'Track', '', 'a b', 'é'])('%j is misuse (Fetch §2.2.1)', (method) =>
    misuse(URL_A, { method }),
  )

  it.each(['GET', 'head'])('%s with a body is misuse (Fetch §5.4)', async (method) => {
    await misuse(URL_A, { method, body: '' })
    await misuse(new Request(URL_A, { method: 'POST', body: 'x' }), { method })
  })
})

describe('headers', () => {
  it.each<[string, unknown]>([
    ['a record', { 'X-Own': ' a\t' }],
    ['pairs', [['X-Own', '\r\n a \r\n']]],
    ['Headers', new Headers({ 'X-Own': 'a' })],
    ['a Map', new Map([['X-Own', 'a']])],
    ['pairs that are no arrays', new Set([new Set(['x-own', 'a'])])],
  ])('%s (Fetch §5.1)', async (_name, headers) => {
    expect((await arriving(URL_A, { headers: headers as Headers })).fields['x-own']).toBe('a')
  })

  it.each<[string, unknown, string]>([
    ['a number', { 'x-own': 5 }, '5'],
    ['undefined, as the platform has it', { 'x-own': undefined }, 'undefined'],
    ['an array', { 'x-own': ['a', 'b'] }, 'a, b'],
    [
      'the same name twice',
      [
        ['x-own', 'a'],
        ['X-OWN', 'b'],
      ],
      'a, b',
    ],
    ['names that differ in case', { 'x-own': 'a', 'X-Own': 'b' }, 'a, b'],
    ['nothing', { 'x-own': '' }, ''],
    ['Latin-1', { 'x-own': 'é' }, 'é'],
  ])('a value that is %s', async (_name, headers, value) => {
    expect((await arriving(URL_A, { headers: headers as Headers })).fields['x-own']).toBe(value)
  })

  test('cookies given apart are one field', async () => {
    const headers: [string, string][] = [
      ['cookie', 'a=1'],
      ['Cookie', 'b=2'],
    ]
    expect((await arriving(URL_A, { headers })).fields.cookie).toBe('a=1; b=2')
  })

  it.each<[string, unknown]>([
    ['null', null],
    ['a string', 'x: 1'],
    ['pairs of one', [['a']]],
    ['pairs of three', [['a', 'b', 'c']]],
    ['strings for pairs', ['ab']],
    ['a name that is no token', { 'a b': '1' }],
    ['an empty name', { '': '1' }],
    ['a name that only lower case makes one', { '\u212A': '1' }],
    ['a pseudo-header field', { ':path': '/' }],
    ['a value of two lines', { a: 'b\r\nc: d' }],
    ['a value with NUL', { a: 'b\0c' }],
    ['a value beyond Latin-1', { a: '€' }],
    ['a symbol', { a: Symbol('x') }],
  ])('%s is misuse (Fetch §5.1)', (_name, headers) => misuse(URL_A, { headers: headers as Headers }))

  test('fields of the connection are left out (RFC 9113 §8.2.2)', async () => {
    const { fields } = await arriving(URL_A, {
      headers: {
        Connection: 'keep-alive',
        'Keep-Alive': 'timeout=5',
        'Proxy-Connection': 'x',
        'Transfer-Encoding': 'chunked',
        Upgrade: 'h2c',
        'HTTP2-Settings': 'x',
        TE: 'gzip',
        'X-Own': '1',
      },
    })
    expect(Object.keys(fields).sort()).toEqual([
      'accept',
      'accept-encoding',
      'accept-language',
      'user-agent',
      'x-own',
    ])
    expect((await arriving(URL_A, { headers: { te: 'trailers' } })).fields.te).toBe('trailers')
  })

  test('host becomes the authority (RFC 9113 §8.3.1)', async () => {
    const origins = answering({})
    await origins.fetch(URL_A, { headers: { Host: 'b.test' } })
    expect(origins.arrived[0]!.request.authority).toBe('b.test')
    expect(origins.arrived[0]!.headers.has('host')).toBe(false)
  })

  it.each<[string, FetchInit, Record<string, string | undefined>]>([
    ['nothing', {}, { accept: '*/*', 'accept-language': '*', 'cache-control': undefined, pragma: undefined }],
    [
      'its own',
      { headers: { accept: 'a/b', 'accept-language': 'fr' } },
      { accept: 'a/b', 'accept-language': 'fr' },
    ],
    ['no-cache', { cache: 'no-cache' }, { 'cache-control': 'max-age=0', pragma: undefined }],
    ['no-store', { cache: 'no-store' }, { 'cache-control': 'no-cache', pragma: 'no-cache' }],
    ['reload', { cache: 'reload' }, { 'cache-control': 'no-cache', pragma: 'no-cache' }],
    ['force-cache', { cache: 'force-cache' }, { 'cache-control': undefined, pragma: undefined }],
    [
      'no-cache and a field of its own',
      { cache: 'no-cache', headers: { 'cache-control': 'x' } },
      { 'cache-control': 'x' },
    ],
    [
      'reload and fields of its own',
      { cache: 'reload', headers: { 'cache-control': 'x', pragma: 'y' } },
      { 'cache-control': 'x', pragma: 'y' },
    ],
    [
      'a condition',
      { headers: { 'if-none-match': '"x"' } },
      { 'cache-control': 'no-cache', pragma: 'no-cache' },
    ],
    [
      'a condition and force-cache',
      { cache: 'force-cache', headers: { 'if-none-match': '"x"' } },
      { pragma: undefined },
    ],
    ['a range', { headers: { range: 'bytes=0-1' } }, { 'accept-encoding': 'identity' }],
    [
      'a range and codings of its own',
      { headers: { range: 'bytes=0-1', 'accept-encoding': 'br' } },
      { 'accept-encoding': 'br' },
    ],
  ])('added where init has %s (Fetch §4.5)', async (_name, init, expected) => {
    const { fields } = await arriving(URL_A, init)
    for (const name in expected) expect([name, fields[name]]).toEqual([name, expected[name]])
  })
})

describe('body', () => {
  const form = () => {
    const data = new FormData()
    data.append('a', 'b')
    return data
  }
  it.each<[string, () => unknown, string, string | undefined, string | undefined]>([
    ['a string', () => 'aé', 'aé', '3', 'text/plain;charset=UTF-8'],
    ['bytes', () => new TextEncoder().encode('abc'), 'abc', '3', undefined],
    ['a view', () => new DataView(new TextEncoder().encode('abc').buffer, 1), 'bc', '2', undefined],
    ['an ArrayBuffer', () => new TextEncoder().encode('abc').buffer, 'abc', '3', undefined],
    ['a Blob', () => new Blob(['abc'], { type: 'A/B' }), 'abc', '3', 'a/b'],
    [
      'URLSearchParams',
      () => new URLSearchParams({ a: 'b c' }),
      'a=b+c',
      '5',
      'application/x-www-form-urlencoded;charset=UTF-8',
    ],
    ['an iterable', () => ['a', new TextEncoder().encode('bc')], 'abc', undefined, undefined],
    ['a function', () => () => 'abc', 'abc', undefined, undefined],
    ['a number, as text', () => 5, '5', '1', 'text/plain;charset=UTF-8'],
    [
      'an object that is none, as text',
      () => ({ toString: () => 'abc' }),
      'abc',
      '3',
      'text/plain;charset=UTF-8',
    ],
  ])('%s (Fetch §5.2, extract)', async (_name, body, content, length, type) => {
    const init = { method: 'POST', body: body() as string }
    const arrived = await arriving(URL_A, init)
    expect([arrived.content, arrived.fields['content-length'], arrived.fields['content-type']]).toEqual([
      content,
      length,
      type,
    ])
    const own = await arriving(URL_A, { ...init, body: body() as string, headers: { 'Content-Type': 'x/y' } })
    expect(own.fields['content-type']).toBe('x/y')
  })

  it.each<[string, () => unknown]>([
    ['a Web stream', () => webStream('ab', 'c')],
    ['a Node stream', () => Readable.from([Buffer.from('abc')])],
    ['an async iterable', () => generated('ab', 'c')],
  ])("%s needs duplex: 'half' (Fetch §5.4)", async (_name, body) => {
    await misuse(URL_A, { method: 'POST', body: body() as ReadableStream<Uint8Array> })
    const { content } = await arriving(URL_A, {
      method: 'POST',
      body: body() as ReadableStream<Uint8Array>,
      duplex: 'half',
    })
    expect(content).toBe('abc')
  })

  test('a form has a length, and a boundary in its type', async () => {
    const { content, fields } = await arriving(URL_A, { method: 'POST', body: form() })
    expect(fields['content-length']).toBe(String(content.length))
    const boundary = /^multipart\/form-data; boundary=(.+)$/.exec(fields['content-type']!)![1]!
    expect(content.startsWith(`--${boundary}\r\n`)).toBe(true)
  })

  test('bytes that are changed later are sent as they were', async () => {
    const origins = new Origins(async (request) => ({ body: await request.text() }))
    const bytes = new TextEncoder().encode('abc')
    for (const body of [Buffer.from('abc'), bytes, bytes.slice().buffer]) {
      const response = origins.fetch(URL_A, { method: 'POST', body })
      new Uint8Array(body instanceof ArrayBuffer ? body : body.buffer).fill(0)
      expect(await (await response).text()).toBe('abc')
    }
  })

  it.each<[string, FetchInit]>([
    ['a stream that is locked', { body: locked(), duplex: 'half' }],
    ['duplex of another kind', { body: 'x', duplex: 'full' as 'half' }],
    ['a content-length that is not its own', { body: 'x', headers: { 'content-length': '2' } }],
  ])('%s is misuse', async (_name, init) => {
    const { fetch } = answering({})
    const error = await failure(fetch(URL_A, { method: 'POST', ...init }))
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).not.toBe('fetch failed')
  })

  function locked(): ReadableStream<Uint8Array> {
    const stream = webStream('x')
    stream.getReader()
    return stream
  }
})

describe('the rest of init (Fetch §5.4)', () => {
  it.each<[string, object]>([
    ['mode', { mode: 'x' }],
    ['mode null', { mode: null }],
    ['mode navigate', { mode: 'navigate' }],
    ['credentials', { credentials: 'x' }],
    ['cache', { cache: 'x' }],
    ['cache only-if-cached without mode same-origin', { cache: 'only-if-cached' }],
    ['redirect', { redirect: 'x' }],
    ['referrer', { referrer: 'http://%%' }],
    ['referrerPolicy', { referrerPolicy: 'x' }],
    ['signal', { signal: {} }],
    ['window', { window: 1 }],
    ['priority', { priority: 'x' }],
    ['urgency', { priority: { urgency: 8 } }],
    ['onInformational', { onInformational: 1 }],
    ['init itself', 'x' as unknown as object],
  ])('%s is checked', (_name, init) => misuse(URL_A, init as FetchInit))

  it.each<[string, object]>([
    ['timeouts', { timeouts: { headers: -1 } }],
    ['timeouts by another name', { timeouts: { header: 1 } }],
  ])('%s is checked', async (_name, init) => {
    const error = await failure(answering({}).fetch(URL_A, init))
    expect(error).toBeInstanceOf(TypeError)
  })

  it.each<[string, object | null]>([
    ['null', null],
    ['what is not ours', { dispatcher: {}, agent: 1, next: { revalidate: 1 } }],
    [
      'every word of the standard',
      { mode: 'no-cors', credentials: 'include', keepalive: true, window: null },
    ],
    ['a referrer', { referrer: 'about:client', referrerPolicy: 'no-referrer' }],
    ['no referrer', { referrer: '' }],
    ['undefined', { method: undefined, headers: undefined, body: undefined, signal: undefined }],
  ])('%s is fine', async (_name, init) => {
    expect((await arriving(URL_A, init as FetchInit)).method).toBe('GET')
  })

  test('only-if-cached finds no cache (Fetch §4.5)', async () => {
    const error = await failure(answering({}).fetch(URL_A, { cache: 'only-if-cached', mode: 'same-origin' }))
    expect([error.message, error.cause?.message]).toEqual([
      'fetch failed',
      'request failed: there is no cache (Fetch §4.5)',
    ])
  })

  it.each<[FetchInit['priority'], string | undefined]>([
    ['high', 'u=1'],
    ['low', 'u=5'],
    ['auto', undefined],
    [{ urgency: 2, incremental: true }, 'u=2, i'],
  ])('priority %j (RFC 9218 §4)', async (priority, field) => {
    expect((await arriving(URL_A, { priority })).fields.priority).toBe(field)
  })

  test('trailers, timeouts and informational responses', async () => {
    const origins = new Origins(async (request) => {
      request.inform(103, { link: '</a>' })
      await request.bytes()
      return { body: (await request.trailers).get('x-digest')! }
    })
    const seen: number[] = []
    const response = await origins.fetch(URL_A, {
      method: 'POST',
      body: 'x',
      trailers: { 'x-digest': 'abc' },
      timeouts: { headers: 5_000 },
      onInformational: ({ status }) => seen.push(status),
    })
    expect(await response.text()).toBe('abc')
    expect(seen).toEqual([103])
    expect(origins.sent[0]!.init.timeouts).toEqual({ headers: 5_000 })
  })
})

test('it is a fetch as the types of the platform have it', async () => {
  const { fetch } = answering({ body: 'x' })
  const platform: typeof globalThis.fetch = fetch
  expect(await (await platform(URL_A)).text()).toBe('x')
})

test('misuse rejects; nothing throws', () => {
  const { fetch } = answering({})
  for (const bad of [undefined, 'x', 'https://u:p@a.test/']) {
    expect(() => fetch(bad as string).catch(() => {})).not.toThrow()
  }
})
