/** The contract of an adapter of axios, by a caller that is not axios. */
import { type PassThrough, Readable } from 'node:stream'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Config, ProgressEvent } from '../../src/adapters/axios/config.ts'
import { fullUrl } from '../../src/adapters/axios/url.ts'
import { toNodeError } from '../../src/adapters/https/node-error.ts'
import { AxiosPair, failure } from './axios-pair.ts'
import { turns } from './https-origin.ts'

const echo = new AxiosPair(async (request) => ({
  status: Number(request.headers.get('x-status') ?? 200),
  body: await request.bytes(),
  headers: { 'x-method': request.method },
}))

describe('the URL', () => {
  test.each<[string, Config, string]>([
    ['url', { url: 'https://a.test/p' }, 'https://a.test/p'],
    ['base and path', { baseURL: 'https://a.test/b/', url: '/p' }, 'https://a.test/b/p'],
    ['base alone', { baseURL: 'https://a.test/b', url: '' }, 'https://a.test/b'],
    [
      'an absolute url before the base',
      { baseURL: 'https://a.test', url: 'https://b.test/' },
      'https://b.test/',
    ],
    [
      'allowAbsoluteUrls: false',
      { baseURL: 'https://a.test', url: 'https://b.test/', allowAbsoluteUrls: false },
      'https://a.test/https://b.test/',
    ],
    ['a fragment goes', { url: 'https://a.test/p#x', params: { a: 1 } }, 'https://a.test/p?a=1'],
    ['a query stays', { url: 'https://a.test/p?a=1', params: { b: 2 } }, 'https://a.test/p?a=1&b=2'],
    ['nothing to add', { url: '/p', params: { a: null, b: undefined } }, '/p'],
    ['a list', { url: '/', params: { a: [1, 2] } }, '/?a%5B%5D=1&a%5B%5D=2'],
    [
      'a list, indexes: null',
      { url: '/', params: { a: [1, 2] }, paramsSerializer: { indexes: null } },
      '/?a=1&a=2',
    ],
    [
      'a list, indexes: true',
      { url: '/', params: { a: [1] }, paramsSerializer: { indexes: true } },
      '/?a%5B0%5D=1',
    ],
    ['a nested object', { url: '/', params: { a: { b: { c: 1 } } } }, '/?a%5Bb%5D%5Bc%5D=1'],
    ['dots', { url: '/', params: { a: { b: 1 } }, paramsSerializer: { dots: true } }, '/?a.b=1'],
    ['objects in a list', { url: '/', params: { a: [{ b: 1 }] } }, '/?a%5B0%5D%5Bb%5D=1'],
    ['JSON by name', { url: '/', params: { 'a{}': { b: 1 } } }, '/?a%7B%7D=%7B%22b%22:1%7D'],
    ['a date', { url: '/', params: { a: new Date(0) } }, '/?a=1970-01-01T00:00:00.000Z'],
    ['what is left readable', { url: '/', params: { a: ': $,[]' } }, '/?a=:+$,%5B%5D'],
    ['URLSearchParams', { url: '/', params: new URLSearchParams('a=b c') }, '/?a=b+c'],
    ['a serializer', { url: '/', params: { a: 1 }, paramsSerializer: () => 'own' }, '/?own'],
    [
      'an encoder',
      { url: '/', params: { a: 'b' }, paramsSerializer: { encode: (text) => `<${text}>` } },
      '/?<a>=<b>',
    ],
  ])('%s', (_what, config, expected) => {
    expect(fullUrl(config)).toBe(expected)
  })

  test('an object that holds itself is an error', () => {
    const params: { self?: unknown } = {}
    params.self = { params }
    expect(() => fullUrl({ url: '/', params })).toThrow(/Circular/)
  })

  test.each([
    ['not a URL', 'nonsense', 'ERR_INVALID_URL'],
    ['another scheme', 'ftp://a.test/', 'ERR_BAD_REQUEST'],
  ])('%s', async (_what, url, code) => {
    expect(await failure(echo.send({ url }))).toMatchObject({ isAxiosError: true, code })
  })
})

describe('what is sent', () => {
  test.each<[string, unknown, string, string | null]>([
    ['text', 'text', 'text', '4'],
    ['bytes', Buffer.from('bytes'), 'bytes', '5'],
    ['an ArrayBuffer', new TextEncoder().encode('buffer').buffer, 'buffer', '6'],
    ['a view', new DataView(new TextEncoder().encode('view').buffer), 'view', '4'],
    ['a Blob', new Blob(['blob']), 'blob', '4'],
    ['a stream of Node', () => Readable.from(['str', 'eam']), 'stream', null],
    ['a stream of the web', () => new Blob(['web']).stream(), 'web', null],
    ['an old stream', () => oldStream('old'), 'old', '3'],
    ['nothing', undefined, '', '0'],
  ])('%s', async (_what, given, body, length) => {
    const data = typeof given === 'function' ? given() : given
    expect((await echo.send({ method: 'post', data })).data).toBe(body)
    expect(echo.origin.requests.at(-1)!.headers.get('content-length')).toBe(length)
  })

  test('a form has its own type, with its boundary', async () => {
    const data = new FormData()
    data.set('field', 'value')
    const headers = { toJSON: () => ({ 'Content-Type': 'application/x-www-form-urlencoded' }) }
    expect((await echo.send({ method: 'post', data, headers })).data).toContain('value')
    expect(echo.origin.requests.at(-1)!.headers.get('content-type')).toMatch(
      /^multipart\/form-data; boundary=/,
    )
  })

  test('what is no body is refused', async () => {
    expect(await failure(echo.send({ method: 'post', data: 5 }))).toMatchObject({ code: 'ERR_BAD_REQUEST' })
  })

  test.each([
    ['auth', { auth: { username: 'u', password: 'p' } }],
    ['the URL', { url: 'https://u:p@a.test/' }],
    [
      'auth before a header',
      { auth: { username: 'u', password: 'p' }, headers: { toJSON: () => ({ Authorization: 'x' }) } },
    ],
  ])('credentials of %s', async (_what, config) => {
    await echo.send(config)
    expect(echo.origin.requests.at(-1)!.headers.get('authorization')).toBe('Basic dTpw')
  })

  test('fields of the connection, and those set to nothing, are not', async () => {
    await echo.send({
      headers: { toJSON: () => ({ Connection: 'close', 'x-a': null, 'x-b': false, 'x-c': 0 }) },
    })
    const { headers } = echo.origin.requests.at(-1)!
    expect(['connection', 'x-a', 'x-b', 'x-c'].map((name) => headers.get(name))).toEqual([
      null,
      null,
      null,
      '0',
    ])
  })
})

describe('how it settles', () => {
  test.each([
    [200, undefined],
    [299, undefined],
    [404, 'ERR_BAD_REQUEST'],
    [500, 'ERR_BAD_RESPONSE'],
    [304, 'ERR_BAD_RESPONSE'],
  ])('%i', async (status, code) => {
    const sent = echo.send({ headers: { toJSON: () => ({ 'x-status': String(status) }) } })
    if (code === undefined) expect(await sent).toMatchObject({ status, config: expect.anything(), data: '' })
    else {
      const message = `Request failed with status code ${status}`
      expect(await failure(sent)).toMatchObject({
        isAxiosError: true,
        code,
        message,
        status,
        response: { status },
      })
    }
  })

  test('without validateStatus everything is good', async () => {
    const headers = { toJSON: () => ({ 'x-status': '500' }) }
    expect((await echo.send({ headers, validateStatus: null })).status).toBe(500)
  })

  test.each([
    ['arraybuffer', Buffer.from('\ufeffx')],
    ['text', 'x'],
    ['json', 'x'],
    [undefined, 'x'],
  ])('responseType %s', async (responseType, expected) => {
    const config = responseType === undefined ? {} : { responseType }
    expect((await echo.send({ method: 'post', data: '\ufeffx', ...config })).data).toEqual(expected)
  })

  test('responseType blob', async () => {
    const { data } = await echo.send({ method: 'post', data: 'x', responseType: 'blob' })
    expect(await (data as Blob).text()).toBe('x')
  })

  test('responseEncoding', async () => {
    const { data } = await echo.send({
      method: 'post',
      data: Buffer.from([0xe4]),
      responseEncoding: 'latin1',
    })
    expect(data).toBe('ä')
  })

  test("axios's own class is found in its transform, and asked for once", async () => {
    class Own extends Error {
      readonly isAxiosError = true
    }
    const asked = vi.fn(() => {
      throw new Own('bad JSON')
    })
    const transformResponse = [Object.defineProperty(asked, 'name', { value: 'transformResponse' })]
    for (let i = 0; i < 2; i++) {
      expect(await failure(echo.send({ url: 'ftp://a/', transformResponse }))).toBeInstanceOf(Own)
    }
    expect(asked).toHaveBeenCalledTimes(1)
  })

  test('a transform of the caller is not called', async () => {
    const mine = vi.fn()
    await failure(echo.send({ url: 'ftp://a/', transformResponse: [mine] }))
    expect(mine).not.toHaveBeenCalled()
  })
})

describe('limits', () => {
  const big = new AxiosPair(async (request) => {
    await request.bytes()
    return { body: new Uint8Array(200_000) }
  })

  test.each([
    ['buffered', {}],
    ['with progress', { onDownloadProgress: () => {} }],
  ])('maxContentLength, %s', async (_what, config) => {
    const error = await failure(big.send({ maxContentLength: 100_000, ...config }))
    expect(error).toMatchObject({
      code: 'ERR_BAD_RESPONSE',
      message: 'maxContentLength size of 100000 exceeded',
    })
    await turns()
    expect(big.open).toBe(0)
    expect((await big.send({ maxContentLength: 200_000, responseType: 'arraybuffer' })).data).toHaveLength(
      200_000,
    )
  })

  test('maxContentLength of a stream', async () => {
    const { data } = await big.send({ maxContentLength: 100_000, responseType: 'stream' })
    expect(await failure((data as Readable).toArray())).toMatchObject({ code: 'ERR_BAD_RESPONSE' })
    await turns()
    expect(big.open).toBe(0)
  })

  test.each([
    ['bytes', () => new Uint8Array(1_001)],
    ['a Blob', () => new Blob([new Uint8Array(1_001)])],
    ['a stream', () => Readable.from([new Uint8Array(600), new Uint8Array(401)])],
    ['an old stream that knows its length', () => oldStream('x'.repeat(1_001))],
  ])('maxBodyLength of %s', async (_what, make) => {
    const error = await failure(big.send({ method: 'post', data: make(), maxBodyLength: 1_000 }))
    expect(error).toMatchObject({
      code: 'ERR_BAD_REQUEST',
      message: 'Request body larger than maxBodyLength limit',
    })
    await turns()
    expect(big.open).toBe(0)
  })
})

describe('progress', () => {
  test.each([
    ['bytes', () => new Uint8Array(150_000), 150_000],
    ['a stream', () => Readable.from([new Uint8Array(100_000), new Uint8Array(50_000)]), undefined],
  ])('of %s', async (_what, make, total) => {
    const up: ProgressEvent[] = []
    const down: ProgressEvent[] = []
    const config = {
      onUploadProgress: (event: ProgressEvent) => up.push(event),
      onDownloadProgress: (event: ProgressEvent) => down.push(event),
    }
    await echo.send({ method: 'post', data: make(), responseType: 'arraybuffer', ...config })
    await turns(2)
    expect(up.at(-1)).toMatchObject({ loaded: 150_000, total, progress: total && 1, upload: true })
    expect(down.at(-1)).toMatchObject({
      loaded: 150_000,
      total: 150_000,
      lengthComputable: true,
      download: true,
    })
    expect(up.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(150_000)
  })
})

describe('redirects (RFC 9110 §15.4)', () => {
  const pair = new AxiosPair(async (request) => {
    const to = request.headers.get('x-to')
    const body = await request.text()
    if (request.path !== '/' || to === null) return { body }
    return { status: Number(request.headers.get('x-status')), headers: { location: to } }
  })
  const send = (status: number, to: string, config: Config = {}, headers: object = {}) =>
    pair.send({
      ...config,
      headers: { toJSON: () => ({ 'x-status': String(status), 'x-to': to, ...headers }) },
    })

  test.each([
    [301, 'post', 'GET', ''],
    [302, 'post', 'GET', ''],
    [303, 'put', 'GET', ''],
    [303, 'head', 'HEAD', ''],
    [302, 'put', 'PUT', 'body'],
    [307, 'post', 'POST', 'body'],
    [308, 'post', 'POST', 'body'],
  ])('%i of %s', async (status, method, then, body) => {
    const data = method === 'head' ? undefined : 'body'
    const result = await send(status, '/next', { method, data }, { 'content-type': 'a/b' })
    expect(result.data).toBe(body)
    const { headers, method: sent } = pair.origin.requests.at(-1)!
    expect(sent).toBe(then)
    if (method !== 'head') expect(headers.has('content-type')).toBe(body !== '')
    expect(result.request.res!.responseUrl).toBe('https://a.test/next')
  })

  test.each([
    ['bytes', () => new Uint8Array(10), 10],
    ['a Blob', () => new Blob([new Uint8Array(10)]), 10],
    ['a stream', () => Readable.from([new Uint8Array(4), new Uint8Array(6)]), 10],
  ])('%s is sent again', async (_what, make, length) => {
    const { data } = await send(307, '/next', { method: 'post', data: make(), responseType: 'arraybuffer' })
    expect(data).toHaveLength(length)
  })

  test('a stream that was too long to be kept is not', async () => {
    const data = Readable.from(Array.from({ length: 11 }, () => new Uint8Array(1_048_576)))
    expect(await failure(send(307, '/next', { method: 'post', data }))).toMatchObject({
      code: 'ERR_FR_REDIRECTION_FAILURE',
    })
  })

  test.each([
    ['the same origin', 'https://a.test/next', true],
    ['another host', 'https://b.test/next', false],
    ['another port', 'https://a.test:444/next', false],
    ['a host beneath it', 'https://x.a.test/next', false],
  ])('credentials to %s', async (_what, to, kept) => {
    const secrets = { Authorization: 'a', Cookie: 'b=c', 'Proxy-Authorization': 'd', 'X-Key': 'e' }
    await send(302, to, { sensitiveHeaders: ['x-key'] }, { ...secrets, 'x-open': 'f' })
    const { headers } = pair.origin.requests.at(-1)!
    for (const name of Object.keys(secrets)) expect(headers.has(name)).toBe(kept)
    expect(headers.get('x-open')).toBe('f')
  })

  test('no more than maxRedirects', async () => {
    const loop = new AxiosPair(() => ({ status: 302, headers: { location: '/' } }))
    expect(await failure(loop.send({ maxRedirects: 2 }))).toMatchObject({ code: 'ERR_FR_TOO_MANY_REDIRECTS' })
    expect(loop.origin.requests).toHaveLength(3)
    expect((await loop.send({ maxRedirects: 0, validateStatus: null })).status).toBe(302)
    await turns()
    expect(loop.open).toBe(0)
  })

  test.each([
    ['a scheme that is not ours', 'ftp://a.test/'],
    ['no URL', 'https://['],
  ])('%s', async (_what, to) => {
    expect(await failure(send(302, to))).toMatchObject({
      isAxiosError: true,
      code: 'ERR_FR_REDIRECTION_FAILURE',
    })
  })

  test('beforeRedirect may change the request, and may refuse', async () => {
    await send(302, '/next', {
      beforeRedirect: (options) => {
        options.headers['x-hook'] = 'yes'
        options.path = '/hooked'
      },
    })
    const { headers, path } = pair.origin.requests.at(-1)!
    expect([headers.get('x-hook'), path]).toEqual(['yes', '/hooked'])
    const beforeRedirect = (): void => {
      throw new Error('no')
    }
    expect(await failure(send(302, '/next', { beforeRedirect }))).toMatchObject({
      message: 'Redirected request failed: no',
    })
  })

  test('sensitiveHeaders has to be a list of names', async () => {
    expect(await failure(send(302, '/', { sensitiveHeaders: [5] as never }))).toMatchObject({
      code: 'ERR_BAD_OPTION_VALUE',
    })
  })
})

describe('given up', () => {
  const slow = new AxiosPair((request) => {
    if (request.path === '/wait') return new Promise(() => {})
    return {
      body: (async function* () {
        yield 'first'
        await new Promise((resolve) => request.signal.addEventListener('abort', resolve))
      })(),
    }
  })
  afterEach(async () => {
    await turns()
    expect(slow.open).toBe(0)
  })

  test.each(['https://a.test/wait', 'https://a.test/'])('by signal: %s', async (url) => {
    const controller = new AbortController()
    const removed = vi.spyOn(controller.signal, 'removeEventListener')
    const sent = failure(slow.send({ url, signal: controller.signal }))
    await turns()
    controller.abort()
    // Without __CANCEL__: axios throws its own class then.
    expect(await sent).toMatchObject({ name: 'CanceledError', code: 'ERR_CANCELED' })
    expect(removed).toHaveBeenCalled()
  })

  test('by a signal that is aborted already', async () => {
    const before = slow.origin.requests.length
    expect(await failure(slow.send({ signal: AbortSignal.abort() }))).toMatchObject({ code: 'ERR_CANCELED' })
    expect(slow.origin.requests).toHaveLength(before)
  })

  test('by token, whose reason it is', async () => {
    const listeners = new Set<(reason: unknown) => void>()
    const cancelToken = {
      subscribe: (listener: (reason: unknown) => void) => listeners.add(listener),
      unsubscribe: (listener: (reason: unknown) => void) => listeners.delete(listener),
    }
    const sent = failure(slow.send({ cancelToken: cancelToken as never }))
    await turns()
    const reason = new Error('mine')
    for (const listener of listeners) listener(reason)
    expect(await sent).toBe(reason)
    expect(listeners.size).toBe(0)
  })

  test.each([
    ['', {}, 'ECONNABORTED', 'timeout of 20ms exceeded'],
    ['clarified', { transitional: { clarifyTimeoutError: true } }, 'ETIMEDOUT', 'timeout of 20ms exceeded'],
    ['with a message', { timeoutErrorMessage: 'late' }, 'ECONNABORTED', 'late'],
    ['as text', { timeout: '20' }, 'ECONNABORTED', 'timeout of 20ms exceeded'],
  ])('by time %s', async (_what, config, code, message) => {
    expect(await failure(slow.send({ timeout: 20, ...config }))).toMatchObject({
      isAxiosError: true,
      code,
      message,
    })
  })

  test('a time that is none', async () => {
    expect(await failure(slow.send({ timeout: 'soon' }))).toMatchObject({ code: 'ERR_BAD_OPTION_VALUE' })
  })

  test('a stream that is destroyed, and one whose signal aborts', async () => {
    const { data } = await slow.send({ responseType: 'stream', timeout: 50 })
    ;(data as Readable).destroy()
    const controller = new AbortController()
    const second = await slow.send({ responseType: 'stream', signal: controller.signal })
    controller.abort()
    expect(await failure((second.data as Readable).toArray())).toMatchObject({ name: 'CanceledError' })
  })

  test('the source of the body fails', async () => {
    const data = Readable.from(
      (async function* () {
        yield 'a'
        await turns(2)
        throw new Error('mine')
      })(),
    )
    expect(await failure(slow.send({ url: 'https://a.test/wait', method: 'post', data }))).toMatchObject({
      isAxiosError: true,
      message: 'mine',
    })
  })
})

describe('failures and what is not supported', () => {
  test('a reset before the response', async () => {
    const pair = new AxiosPair(() => Promise.reject(new Error('handler')))
    const error = await failure(pair.send({ method: 'post', data: 'x' }))
    expect(error).toMatchObject({
      isAxiosError: true,
      code: 'ECONNRESET',
      cause: { cause: { name: 'H2Error' } },
    })
    expect(Object.keys(error)).not.toContain('cause')
  })

  test('a response that breaks off', async () => {
    const pair = new AxiosPair(() => ({
      body: (async function* () {
        yield 'first'
        throw new Error('handler')
      })(),
    }))
    const error = await failure(pair.send())
    expect(error).toMatchObject({
      code: 'ERR_BAD_RESPONSE',
      message: 'stream has been aborted',
      response: { status: 200 },
    })
  })

  test.each<[string, Config]>([['a proxy beside an agent of ours', { proxy: { host: 'p', port: 1 } }]])(
    '%s',
    async (_what, config) => {
      expect(await failure(echo.send(config))).toMatchObject({ isAxiosError: true, code: 'ERR_NOT_SUPPORT' })
    },
  )

  test('errors of any kind are errors', () => {
    expect(toNodeError('text')).toBeInstanceOf(Error)
  })
})

/** A stream as form-data has it: it pipes, it knows its length and its type, and cannot be iterated. */
function oldStream(text: string): object {
  return {
    pipe: (to: PassThrough) => to.end(text),
    on: () => {},
    getHeaders: () => ({ 'content-type': 'multipart/form-data; boundary=x' }),
    getLength: (callback: (error: null, length: number) => void) => callback(null, text.length),
  }
}
