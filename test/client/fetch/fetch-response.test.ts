/** The response of a `fetch`: Fetch §5.5 (`Response`), §5.2 (`Body`). */
import { Readable } from 'node:stream'
import { inspect } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, test } from 'vitest'
import { FetchResponse } from '../../../src/client/fetch/fetch-response.ts'
import { H2Error } from '../../../src/index.ts'
import type { OriginResponse } from '../../../src/testing/index.ts'
import { settled } from '../../support/virtual-clock.ts'
import { answering, failure, Origins, Pieces } from './fetch-origins.ts'

/** What is used of `WebAssembly`, which Node's types do not have. */
interface Streaming {
  compileStreaming(response: Promise<Response>): Promise<unknown>
  readonly Module: new () => unknown
}

const URL_A = 'https://a.test/'
const bytesOf = (text: string) => new TextEncoder().encode(text)
const get = (response: OriginResponse) => answering(response).fetch(URL_A)

/** Content that comes in two parts and breaks off behind them, and its origin. */
async function broken(): Promise<FetchResponse> {
  const pieces = new Pieces()
  const origins = new Origins(() => ({ body: pieces }))
  const response = await origins.fetch(URL_A)
  pieces.push('ab')
  await settled()
  origins.origin('https://a.test').destroy()
  return response
}

describe('as a Response of the platform', () => {
  test('instanceof, its name, and no constructor called', async () => {
    const response = await get({})
    expect(response instanceof Response).toBe(true)
    expect(Object.prototype.toString.call(response)).toBe('[object Response]')
    expect(response.constructor).toBe(Response)
    expect(Object.keys(response)).toEqual([])
  })

  test('every member of the platform is here', () => {
    const own = new Set(Reflect.ownKeys(FetchResponse.prototype))
    const members = Reflect.ownKeys(Response.prototype).filter((key) => !own.has(key))
    expect(members).toEqual([])
  })

  test('status, ok, statusText, url, redirected, type, httpVersion', async () => {
    const response = await get({ status: 404 })
    const { status, ok, statusText, url, redirected, type, httpVersion } = response
    expect({ status, ok, statusText, url, redirected, type, httpVersion }).toEqual({
      status: 404,
      ok: false,
      statusText: '',
      url: URL_A,
      redirected: false,
      type: 'basic',
      httpVersion: '2',
    })
  })

  it.each([
    [200, true],
    [299, true],
    [300, false],
    [500, false],
  ])('%i is ok: %s (Fetch §2.2.3)', async (status, ok) => {
    expect((await get({ status })).ok).toBe(ok)
  })

  test('headers are a Headers, set-cookie kept apart (Fetch §5.1)', async () => {
    const { headers } = await get({
      headers: [
        ['set-cookie', 'a=1, x'],
        ['set-cookie', 'b=2'],
        ['x-own', '1'],
        ['x-own', '2'],
      ],
    })
    expect(headers).toBeInstanceOf(Headers)
    expect(headers.getSetCookie()).toEqual(['a=1, x', 'b=2'])
    expect(headers.get('x-own')).toBe('1, 2')
  })

  test('it is shown without being used', async () => {
    const response = await get({ body: 'x' })
    const text = inspect(response)
    expect(text).toMatch(/^Response \{/)
    expect(text).toMatch(/status: 200/)
    expect(text).toMatch(/url: 'https:\/\/a\.test\/'/)
    expect(await response.text()).toBe('x')
    expect(inspect({ response }, { depth: 0 })).toMatch(/Response/)
  })

  test('it can be made into one', async () => {
    const ours = await get({ status: 201, headers: { 'x-own': '1' }, body: 'content' })
    const theirs = new Response(ours.body, ours)
    expect([theirs.status, theirs.headers.get('x-own'), await theirs.text()]).toEqual([201, '1', 'content'])
    const Constructor = ours.constructor as typeof Response
    expect(await new Constructor('x').text()).toBe('x')
  })

  test('streaming compilation of WebAssembly takes it', async () => {
    const module = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)
    const response = get({ headers: { 'content-type': 'application/wasm' }, body: module })
    const { WebAssembly } = globalThis as unknown as { WebAssembly: Streaming }
    expect(await WebAssembly.compileStreaming(response)).toBeInstanceOf(WebAssembly.Module)
  })

  test('trailers', async () => {
    const response = await get({ body: 'x', trailers: { 'x-digest': 'abc' } })
    const { trailers } = response
    expect(trailers).toBe(response.trailers)
    await response.text()
    expect((await trailers).get('x-digest')).toBe('abc')
  })
})

describe('a response without content (Fetch §2.2.3, null body status)', () => {
  it.each([204, 205, 304])('%i', async (status) => {
    const response = await get({ status })
    expect([response.body, response.bodyUsed, await response.text()]).toEqual([null, false, ''])
    // None of it can be used up (Fetch §5.2).
    expect([await response.text(), response.bodyUsed, (await response.bytes()).length]).toEqual([
      '',
      false,
      0,
    ])
    expect(response.clone().body).toBe(null)
    expect([...(await response.trailers)]).toEqual([])
  })

  test('to HEAD', async () => {
    const origins = answering({ headers: { 'content-length': '5' } })
    const response = await origins.fetch(URL_A, { method: 'HEAD' })
    expect([response.body, await response.text(), response.headers.get('content-length')]).toEqual([
      null,
      '',
      '5',
    ])
    expect(await origins.openStreams()).toBe(0)
  })

  test('205 with content, which nobody will read', async () => {
    const origins = new Origins(() => ({
      status: 205,
      body: (async function* () {
        for (;;) yield new Uint8Array(16_384)
      })(),
    }))
    expect((await origins.fetch(URL_A)).body).toBe(null)
    const { signal } = origins.arrived[0]!.request
    for (let i = 0; i < 50 && !signal.aborted; i++) await settled()
    expect(await origins.openStreams()).toBe(0)
  })
})

describe('content at once (Fetch §5.2)', () => {
  it.each<[string, Uint8Array, string]>([
    ['UTF-8', bytesOf('aé€😀'), 'aé€😀'],
    ['a byte order mark', Uint8Array.of(0xef, 0xbb, 0xbf, 0x61), 'a'],
    ['what is no UTF-8', Uint8Array.of(0x61, 0xff), 'a\ufffd'],
    ['nothing', new Uint8Array(), ''],
  ])('text of %s', async (_name, body, text) => {
    expect(await (await get({ body, headers: { 'content-type': 'text/plain;charset=latin1' } })).text()).toBe(
      text,
    )
  })

  test('json', async () => {
    expect(await (await get({ body: '\ufeff{"a":[1]}' })).json()).toEqual({ a: [1] })
    expect(await failure((await get({ body: '' })).json())).toBeInstanceOf(SyntaxError)
  })

  test('bytes and arrayBuffer, in memory of their own', async () => {
    const bytes = await (await get({ body: 'abc' })).bytes()
    expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype)
    expect(bytes).toEqual(bytesOf('abc'))
    const buffer = await (await get({ body: 'abc' })).arrayBuffer()
    expect(buffer).toBeInstanceOf(ArrayBuffer)
    expect(new Uint8Array(buffer)).toEqual(bytesOf('abc'))
  })

  test('blob, its type from content-type', async () => {
    const blob = await (await get({ body: 'abc', headers: { 'content-type': 'Text/HTML' } })).blob()
    expect([blob.type, await blob.text()]).toEqual(['text/html', 'abc'])
    expect((await (await get({ body: 'abc' })).blob()).type).toBe('')
  })

  test('formData of either type, and of none', async () => {
    const params = await get({
      body: 'a=b+c',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    expect((await params.formData()).get('a')).toBe('b c')
    const multipart = await get({
      body: '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
    })
    expect((await multipart.formData()).get('a')).toBe('b')
    expect(await failure((await get({ body: 'x' })).formData())).toBeInstanceOf(TypeError)
  })

  test('codings are undone', async () => {
    const body = new Uint8Array(gzipSync('plain'))
    const response = await get({ body, headers: { 'content-encoding': 'gzip' } })
    expect(await response.text()).toBe('plain')
    const streamed = await get({ body, headers: { 'content-encoding': 'gzip' } })
    expect(await new Response(streamed.body).text()).toBe('plain')
  })

  it.each(['text', 'json', 'bytes', 'arrayBuffer', 'blob', 'formData'] as const)(
    'only once: %s (Fetch §5.2, consume)',
    async (member) => {
      const response = await get({ body: '1' })
      expect(response.bodyUsed).toBe(false)
      const first = response.text()
      expect(response.bodyUsed).toBe(true)
      await first
      const error = await failure(response[member]() as Promise<unknown>)
      expect(error).toBeInstanceOf(TypeError)
      expect(error.message).toMatch(/unusable/)
      expect(() => response.clone()).toThrow(TypeError)
      expect(response.body!.locked).toBe(true)
    },
  )
})

describe('content as a stream (Fetch §5.2)', () => {
  const large = 'hyper '.repeat(50_000)

  test('the same each time, read once', async () => {
    const response = await get({ body: 'abc' })
    const { body } = response
    expect(body).toBe(response.body)
    expect([body!.locked, response.bodyUsed]).toEqual([false, false])
    // Looking at it does not use it.
    expect(await response.text()).toBe('abc')
    expect(body!.locked).toBe(true)
  })

  test('locked, it is not for others', async () => {
    const response = await get({ body: 'abc' })
    const reader = response.body!.getReader()
    expect(response.bodyUsed).toBe(false)
    expect(await failure(response.text())).toBeInstanceOf(TypeError)
    expect(() => response.clone()).toThrow(TypeError)
    reader.releaseLock()
    expect(await response.text()).toBe('abc')
  })

  test('begun, it is not for others', async () => {
    const response = await get({ body: large })
    const reader = response.body!.getReader()
    await reader.read()
    reader.releaseLock()
    expect(response.bodyUsed).toBe(true)
    expect(await failure(response.text())).toBeInstanceOf(TypeError)
  })

  it.each<[string, (body: ReadableStream<Uint8Array>) => Promise<string>]>([
    ['pipeThrough', async (body) => joined(body.pipeThrough(new TextDecoderStream() as never))],
    ['for await', async (body) => joined(body as never)],
    ['Readable.fromWeb', async (body) => joined(Readable.fromWeb(body as never))],
    ['a Response', async (body) => new Response(body).text()],
    ['tee', async (body) => (await Promise.all(body.tee().map((one) => new Response(one).text())))[1]!],
    ['BYOB', readByob],
  ])('by %s', async (_name, read) => {
    expect(await read((await get({ body: large })).body!)).toBe(large)
    expect(await read((await get({ body: large })).clone().body!)).toBe(large)
    expect(await read((await get({ body: '' })).body!)).toBe('')
  })

  async function joined(pieces: AsyncIterable<string | Uint8Array>): Promise<string> {
    let text = ''
    for await (const piece of pieces) text += typeof piece === 'string' ? piece : Buffer.from(piece)
    return text
  }

  async function readByob(body: ReadableStream<Uint8Array>): Promise<string> {
    const reader = body.getReader({ mode: 'byob' })
    let text = ''
    for (let memory = new Uint8Array(1_000); ; ) {
      const { done, value } = await reader.read(memory)
      if (done) return text
      text += Buffer.from(value)
      memory = new Uint8Array(value.buffer)
    }
  }

  test('what it gives may be transferred', async () => {
    for await (const piece of (await get({ body: large })).body!) {
      structuredClone(piece.buffer, { transfer: [piece.buffer as ArrayBuffer] })
    }
  })

  test('cancelled, it gives the response up', async () => {
    const origins = new Origins(() => ({ body: new Pieces() }))
    const response = await origins.fetch(URL_A)
    await response.body!.cancel()
    expect(response.bodyUsed).toBe(true)
    expect(await origins.openStreams()).toBe(0)
    expect(origins.arrived[0]!.request.signal.aborted).toBe(true)
  })

  test('let go of, it is given up', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const origins = new Origins(() => ({ body: new Pieces() }))
    await origins.fetch(URL_A)
    const kept = (await origins.fetch(URL_A)).body!.getReader()
    const [dropped, read] = origins.arrived.map(({ request }) => request.signal)
    for (let i = 0; i < 50 && !dropped!.aborted; i++) {
      collect()
      await settled()
    }
    expect([dropped!.aborted, read!.aborted]).toEqual([true, false])
    await kept.cancel()
  })

  test('it is read no faster than its reader', async () => {
    let given = 0
    const origins = new Origins(() => ({
      body: (async function* () {
        for (; given < 100_000_000; given += 16_384) yield new Uint8Array(16_384)
      })(),
    }))
    const reader = (await origins.fetch(URL_A)).body!.getReader()
    await reader.read()
    for (let i = 0; i < 20; i++) await settled()
    expect(given).toBeLessThan(4_000_000)
    await reader.cancel()
  })
})

describe('clone (Fetch §5.5)', () => {
  test('both give all of it, in any order, and the rest of the response', async () => {
    const text = 'abc'.repeat(100_000)
    const response = await get({ status: 203, headers: { 'x-own': '1' }, body: text, trailers: { t: '1' } })
    const clone = response.clone()
    expect(clone).toBeInstanceOf(Response)
    expect([clone.status, clone.url, clone.headers.get('x-own')]).toEqual([203, URL_A, '1'])
    expect(clone.headers).not.toBe(response.headers)
    expect(await clone.text()).toBe(text)
    expect([clone.bodyUsed, response.bodyUsed]).toEqual([true, false])
    expect(await response.text()).toBe(text)
    expect((await clone.trailers).get('t')).toBe('1')
  })

  test('at the same time, and a clone of a clone', async () => {
    const response = await get({ body: 'abc' })
    const clone = response.clone()
    const third = clone.clone()
    const texts = [response, clone, third].map((one) => one.text())
    expect(await Promise.all(texts)).toEqual(['abc', 'abc', 'abc'])
  })

  test('a stream that was touched goes on', async () => {
    const response = await get({ body: 'abc' })
    const body = response.body!
    const clone = response.clone()
    expect(await new Response(body).text()).toBe('abc')
    expect(await new Response(clone.body).text()).toBe('abc')
  })

  test('no memory is shared', async () => {
    const response = await get({ body: 'abc' })
    const clone = response.clone()
    const [one, two] = await Promise.all([response.bytes(), clone.bytes()])
    one.fill(0)
    expect(two).toEqual(bytesOf('abc'))
  })

  test('errors reach both', async () => {
    const response = await broken()
    const clone = response.clone()
    const errors = await Promise.all([failure(response.text()), failure(clone.text())])
    expect(errors.map(({ message }) => message)).toEqual(['terminated', 'terminated'])
  })

  test('one that is cancelled leaves the other alone; both cancelled give the response up', async () => {
    const pieces = new Pieces()
    const origins = new Origins(() => ({ body: pieces }))
    const response = await origins.fetch(URL_A)
    const clone = response.clone()
    await response.body!.cancel()
    pieces.push('abc')
    const reader = clone.body!.getReader()
    expect((await reader.read()).value).toEqual(bytesOf('abc'))
    expect(await origins.openStreams()).toBe(1)
    await reader.cancel()
    expect(await origins.openStreams()).toBe(0)
  })
})

describe('content that breaks off (Fetch §4.6)', () => {
  it.each(['text', 'json', 'bytes', 'arrayBuffer', 'blob'] as const)('%s', async (member) => {
    const error = await failure((await broken())[member]() as Promise<unknown>)
    expect([error.constructor, error.message]).toEqual([TypeError, 'terminated'])
    expect(error.cause).toBeInstanceOf(H2Error)
  })

  test('as a stream gives what came, then fails', async () => {
    const reader = (await broken()).body!.getReader()
    expect((await reader.read()).value).toEqual(bytesOf('ab'))
    const error = await failure(reader.read())
    expect([error.message, error.cause instanceof H2Error]).toEqual(['terminated', true])
    expect((await failure(reader.closed)).message).toBe('terminated')
  })

  test('its trailers fail, and nobody has to listen', async () => {
    const response = await broken()
    const { trailers } = response
    await settled()
    expect([(await failure(trailers)).message, (await failure(response.text())).message]).toEqual([
      'terminated',
      'terminated',
    ])
  })

  test('for another reason: a coding that is not what it says', async () => {
    const response = await get({ body: 'not gzip', headers: { 'content-encoding': 'gzip' } })
    const error = await failure(response.text())
    expect([error.message, error.cause?.code]).toEqual(['terminated', 'H2_DECODE'])
  })
})
