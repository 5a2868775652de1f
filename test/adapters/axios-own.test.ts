/** What axios's own adapter for Node does and a caller notices when another does not. */
import { PassThrough, Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { Config } from '../../src/adapters/axios/config.ts'
import { fullUrl } from '../../src/adapters/axios/url.ts'
import { AxiosPair, failure } from './axios-pair.ts'
import { turns } from './https-origin.ts'

const echo = new AxiosPair(async (request) => ({ status: 200, body: await request.bytes() }))
const sent = (name: string) => echo.origin.requests.at(-1)!.headers.get(name)
const named = (headers: object): Config => ({
  headers: { ...headers, toJSON: () => ({ ...headers }) } as never,
})

describe('fields', () => {
  test.each<[string, object, string | null]>([
    ['what is not one octet a character is left out', { 'x-a': 'a\u03a9b' }, 'ab'],
    ['what is, stays', { 'x-a': '\u00e9' }, '\u00e9'],
    ['controls are left out', { 'x-a': 'a\u0000\u007fb' }, 'ab'],
    ['of a list, each', { 'x-a': ['1\u03a9', '2'] }, '1, 2'],
    ['false is nothing', { 'x-a': false }, null],
  ])('%s', async (_what, headers, value) => {
    await echo.send(named(headers))
    expect(sent('x-a')).toBe(value)
  })

  test('te: trailers may be said (RFC 9113 §8.2.2)', async () => {
    await echo.send(named({ te: 'trailers' }))
    expect(sent('te')).toBe('trailers')
    await echo.send(named({ te: 'gzip' }))
    expect(sent('te')).toBeNull()
  })

  test('user-agent and accept-encoding can be switched off', async () => {
    const headers = { 'User-Agent': false, 'Accept-Encoding': false, toJSON: () => ({}) }
    await echo.send({ headers: headers as never })
    expect([sent('user-agent'), sent('accept-encoding')]).toEqual([null, ''])
  })

  test('null leaves a field out, one that would be added, too', async () => {
    const headers = { 'User-Agent': null, 'X-A': null, toJSON: () => ({}) }
    await echo.send({ headers: headers as never })
    expect([sent('user-agent'), sent('x-a')]).toEqual([null, null])
  })

  test.each([
    ['its type', new Blob(['x'], { type: 'text/x' }), 'text/x'],
    ['none', new Blob(['x']), 'application/octet-stream'],
    ['nothing in it', new Blob([], { type: 'text/x' }), 'application/x-www-form-urlencoded'],
  ])('a Blob has its own type before that of a form: %s', async (_what, data, type) => {
    const form = named({ 'Content-Type': 'application/x-www-form-urlencoded' })
    await echo.send({ method: 'post', data, ...form })
    expect(sent('content-type')).toBe(type)
  })

  test.each([
    ['all of them', undefined, '1'],
    ['content-only', 'content-only', null],
  ])('fields of a form: %s', async (_what, formDataHeaderPolicy, extra) => {
    const form = Object.assign(Readable.from(['x']), {
      getHeaders: () => ({ 'content-type': 'multipart/form-data; boundary=b', 'x-extra': '1' }),
    })
    await echo.send({ method: 'post', data: form, formDataHeaderPolicy } as Config)
    expect([sent('content-type'), sent('x-extra')]).toEqual(['multipart/form-data; boundary=b', extra])
  })
})

describe('the URL', () => {
  test.each([
    ['http:host', {}],
    ['https:/host/', { baseURL: 'https://a.test' }],
    [' h\tttps:u:secret@host/', {}],
    ['/path', { baseURL: 'https:host' }],
  ])('%j lacks its slashes, and is not shown', async (url, config) => {
    const error = await failure(echo.send({ baseURL: '', ...config, url }))
    expect(error).toMatchObject({
      code: 'ERR_INVALID_URL',
      message: 'Invalid URL: missing "//" after protocol',
    })
  })

  test.each([
    ['no object', 'a=1', 'ERR_BAD_REQUEST'],
    ['too deep', nested(102), 'ERR_FORM_DATA_DEPTH_EXCEEDED'],
  ])('params that are %s', async (_what, params, code) => {
    expect(await failure(echo.send({ params }))).toMatchObject({ code })
  })

  test('params may be as deep as it is said', () => {
    const params = nested(102)
    expect(fullUrl({ url: '/', params, paramsSerializer: { maxDepth: 200 } })).toMatch(/=1$/)
  })
})

function nested(depth: number): object {
  let value: object = { x: 1 }
  for (let i = 0; i < depth; i++) value = { x: value }
  return value
}

describe('data: URLs (RFC 2397)', () => {
  test.each<[string, string, string, unknown]>([
    ['octets', 'data:text/plain,a%20b%FF', 'arraybuffer', Buffer.from('a b\xff', 'latin1')],
    ['base64', 'data:;base64,AQID', 'arraybuffer', Buffer.from([1, 2, 3])],
    ['text, without its mark', 'data:text/plain,%EF%BB%BF\u00e4', 'text', '\u00e4'],
  ])('%s', async (_what, url, responseType, data) => {
    const response = await echo.send({ url, responseType })
    expect(response).toMatchObject({ status: 200, statusText: 'OK', data })
  })

  test('as a Blob and as a stream', async () => {
    const blob = await echo.send({ url: 'data:;charset=utf-8,hi', responseType: 'blob' })
    expect([(blob.data as Blob).type, await (blob.data as Blob).text()]).toEqual([
      'text/plain;charset=utf-8',
      'hi',
    ])
    const stream = await echo.send({ url: 'data:,hi', responseType: 'stream' })
    expect(Buffer.concat(await (stream.data as Readable).toArray()).toString()).toBe('hi')
  })

  test.each<[string, Config, object]>([
    ['too much', { url: 'data:,hello', maxContentLength: 4 }, { code: 'ERR_BAD_RESPONSE' }],
    ['no comma', { url: 'data:hello' }, { code: 'ERR_INVALID_URL' }],
    ['another method', { url: 'data:,hi', method: 'post' }, { response: { status: 405 } }],
    ['cancelled', { url: 'data:,hi', signal: AbortSignal.abort() }, { code: 'ERR_CANCELED' }],
  ])('%s', async (_what, config, error) => {
    expect(await failure(echo.send(config))).toMatchObject(error)
  })
})

describe('codings of a response', () => {
  const coded = (coding: string, body: Uint8Array) =>
    new AxiosPair(() => ({ status: 200, headers: { 'content-encoding': coding }, body }))

  test.each([
    ['gzip', undefined],
    ['x-gzip', undefined],
    ['identity', 'identity'],
    ['foo', 'foo'],
    ['foo, gzip', 'foo, gzip'],
  ])('%s stays named unless it was undone', async (coding, kept) => {
    const { headers } = await coded(coding, gzipSync('text')).send()
    expect(headers['content-encoding']).toBe(kept)
  })

  test.each(['compress', 'X-Compress'])('%s is gzip to axios, whole and as a stream', async (coding) => {
    const { data, headers } = await coded(coding, gzipSync('text')).send()
    expect([data, headers['content-encoding']]).toEqual(['text', undefined])
    const streamed = await coded(coding, gzipSync('text')).send({ responseType: 'stream' })
    expect(Buffer.concat(await (streamed.data as Readable).toArray()).toString()).toBe('text')
    const raw = await coded(coding, gzipSync('text')).send({ decompress: false, responseType: 'arraybuffer' })
    expect(raw.data).toEqual(gzipSync('text'))
  })

  test('compress beside another coding is left, as what is not known is', async () => {
    const { headers } = await coded('compress, gzip', gzipSync('text')).send()
    expect(headers['content-encoding']).toBe('compress, gzip')
  })

  test('maxContentLength counts what compress was undone to', async () => {
    const pair = coded('compress', gzipSync('x'.repeat(1_000)))
    const limit = { maxContentLength: 999 }
    expect(await failure(pair.send(limit))).toMatchObject({ code: 'ERR_BAD_RESPONSE' })
    const { data } = await pair.send({ ...limit, responseType: 'stream' })
    expect(await failure((data as Readable).toArray())).toMatchObject({ code: 'ERR_BAD_RESPONSE' })
    expect(pair.open).toBe(0)
  })

  test('content that is corrupt is called so', async () => {
    const pair = coded('gzip', Buffer.from('no gzip at all'))
    const corrupt = { code: 'Z_DATA_ERROR', message: 'incorrect header check' }
    expect(await failure(pair.send())).toMatchObject({ ...corrupt, response: { status: 200 } })
    const { data } = await pair.send({ responseType: 'stream' })
    expect(await failure((data as Readable).toArray())).toMatchObject(corrupt)
  })

  test('an encoding that is none is called so', async () => {
    const responseEncoding = 'bogus' as BufferEncoding
    expect(await failure(echo.send({ method: 'post', data: 'x', responseEncoding }))).toMatchObject({
      code: 'ERR_UNKNOWN_ENCODING',
    })
  })
})

test('a request stream that is destroyed while the answer is read is a cancelled request', async () => {
  const pair = new AxiosPair(({ signal }) => ({ status: 200, body: endless(signal) }))
  const source = new PassThrough()
  source.write('some')
  const { data } = await pair.send({ method: 'post', data: source, responseType: 'stream', maxRedirects: 0 })
  const read = failure((data as Readable).toArray())
  source.destroy()
  expect(await read).toMatchObject({ code: 'ERR_CANCELED', name: 'CanceledError', __CANCEL__: true })
})

async function* endless(signal: AbortSignal): AsyncGenerator<string> {
  yield 'part'
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
}

test('params of which no query can be made are the error’s, as axios says it', async () => {
  const error = await failure(echo.send({ params: { date: new Date(Number.NaN) } }))
  expect(error).toMatchObject({ exists: true, url: 'https://a.test/', isAxiosError: true })
})

describe('redirects', () => {
  const to = (location: string, status = 307) =>
    new AxiosPair(async (request) => {
      if (request.path === '/') return { status, headers: { location } }
      return { status: 200, body: await request.bytes() }
    })

  test('a stream goes on where it was when the redirect came before its end', async () => {
    const pair = to('/next')
    const data = new PassThrough()
    data.write('first ')
    const response = pair.send({ method: 'post', data })
    while (pair.origin.requests.length < 2) await turns()
    data.end('second')
    expect((await response).data).toBe('first second')
    expect(pair.open).toBe(0)
  })

  test('a stream that nobody wants any more is closed', async () => {
    const data = new PassThrough()
    data.write('first')
    await to('/next', 303).send({ method: 'post', data })
    data.write('wakes the read that is under way')
    await turns()
    expect(data.destroyed).toBe(true)
  })

  test('a stream of which nothing is kept is not sent again', async () => {
    const data = Readable.from([new Uint8Array(6 * 1_048_576), new Uint8Array(6 * 1_048_576)])
    const whole = new AxiosPair(async (request) => {
      await request.bytes()
      return { status: 307, headers: { location: '/' } }
    })
    const error = await failure(whole.send({ method: 'post', data }))
    expect(error).toMatchObject({ code: 'ERR_FR_REDIRECTION_FAILURE' })
  })

  test('credentials in a location are not taken over', async () => {
    const pair = to('https://u:p@a.test/next')
    expect(await pair.send()).toMatchObject({
      status: 200,
      request: { res: { responseUrl: 'https://a.test/next' } },
    })
    expect(pair.origin.requests[1]!.headers.has('authorization')).toBe(false)
  })

  test('an empty location is none', async () => {
    expect(await to('').send({ validateStatus: null })).toMatchObject({ status: 307 })
  })

  test('beforeRedirect sees the parts of the path', async () => {
    const seen: unknown[] = []
    await to('/next?q').send({ beforeRedirect: ({ pathname, search }) => seen.push(pathname, search) })
    expect(seen).toEqual(['/next', '?q'])
  })

  test('responseUrl has no fragment of the first request', async () => {
    const { request } = await echo.send({ url: 'https://a.test/p#x' })
    expect(request.res!.responseUrl).toBe('https://a.test/p')
  })
})

describe('ends', () => {
  const endless = new AxiosPair(
    () => ({ status: 200, body: [new Uint8Array(10), new Promise<never>(() => {})] }) as never,
  )

  test.each([Number.NaN, null, 2 ** 40])('a timeout of %s ends nothing', async (timeout) => {
    expect(await echo.send({ timeout } as Config)).toMatchObject({ status: 200 })
  })

  test('the source of the body fails: no failure of the network', async () => {
    const data = Readable.from(
      (async function* () {
        yield 'x'
        throw new Error('mine')
      })(),
    )
    const error = await failure(echo.send({ method: 'post', data }))
    expect([error.message, error.code]).toEqual(['mine', undefined])
  })

  test('a stream that fails when its request has ended is no uncaught exception', async () => {
    const data = new PassThrough()
    await failure(echo.send({ method: 'post', data, signal: AbortSignal.abort() }))
    expect(data.listenerCount('error')).toBeGreaterThan(0)
    data.destroy(new Error('late'))
    await turns()
  })

  test('what others put on every object is no option', async () => {
    const everything = Object.prototype as { [name: string]: unknown }
    everything.password = 'secret'
    everything.serialize = () => 'mine=1'
    everything.getHeaders = () => ({ 'x-mine': '1' })
    try {
      const config = { auth: { username: 'u' }, params: { a: 1 }, paramsSerializer: {} }
      await echo.send({ method: 'post', data: Readable.from(['x']), ...config })
    } finally {
      for (const name of ['password', 'serialize', 'getHeaders']) delete everything[name]
    }
    expect(sent('authorization')).toBe(`Basic ${btoa('u:')}`)
    expect(sent('x-mine')).toBeNull()
    expect(echo.origin.requests.at(-1)!.path).toBe('/?a=1')
  })

  test('an announced length is the total of the upload', async () => {
    const totals: unknown[] = []
    const data = Readable.from([Buffer.alloc(3)])
    const onUploadProgress = ({ total }: { total: number | undefined }) => totals.push(total)
    await echo.send({ method: 'post', data, onUploadProgress, ...named({ 'content-length': '3' }) })
    await turns()
    expect(totals).toEqual([3])
  })

  test.each([
    ['a list', []],
    ['a number', 5],
  ])('a lookup that gives no address but %s', async (_what, answer) => {
    const lookup = async () => answer
    const error = await failure(
      echo.send({
        url: 'https://nowhere.test/',
        httpsAgent: undefined,
        proxy: false,
        lookup,
        timeout: 2_000,
      }),
    )
    expect(error).toMatchObject({ code: 'ERR_BAD_OPTION_VALUE' })
  })

  test('a stream that nobody reads ends with its signal, as axios.isCancel knows it', async () => {
    const controller = new AbortController()
    const { data } = await endless.send({ responseType: 'stream', signal: controller.signal })
    controller.abort()
    await turns()
    expect((data as Readable).destroyed).toBe(true)
    expect((data as Readable).errored).toMatchObject({ name: 'CanceledError', __CANCEL__: true })
    expect(endless.open).toBe(0)
  })

  test('a stream of which validateStatus makes an error is given up', async () => {
    const validateStatus = (): boolean => {
      throw new Error('mine')
    }
    const error = await failure(endless.send({ responseType: 'stream', validateStatus }))
    expect(error.message).toBe('mine')
    await turns()
    expect(endless.open).toBe(0)
  })
})
