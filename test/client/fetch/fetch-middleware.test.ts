/** Functions around a `fetch`. */
import { describe, expect, it, test } from 'vitest'
import type { FetchInit } from '../../../src/client/fetch/fetch-init.ts'
import type { Middleware } from '../../../src/client/fetch/fetch-middleware.ts'
import { failure, Origins } from './fetch-origins.ts'

const URL_A = 'https://a.test/'

const echo = (...middleware: Middleware[]) =>
  new Origins(
    async (request, url) =>
      url.pathname === '/moved'
        ? { status: 307, headers: { location: '/' } }
        : { body: await request.text(), trailers: { t: (await request.trailers).get('t') ?? '' } },
    { middleware },
  )
const pass: Middleware = (request, next) => next(request)

test('the outermost comes first, and each sees what the next one answers', async () => {
  const seen: string[] = []
  const named =
    (name: string): Middleware =>
    async (request, next) => {
      seen.push(`${name} asked`)
      const response = await next(request)
      seen.push(`${name} answered`)
      return response
    }
  await echo(named('outer'), named('inner')).fetch(URL_A)
  expect(seen).toEqual(['outer asked', 'inner asked', 'inner answered', 'outer answered'])
})

test('it has a Request of the platform, and may change or replace it', async () => {
  const origins = echo(
    (request, next) => {
      expect(request).toBeInstanceOf(Request)
      expect([request.method, request.url, request.headers.get('x-own')]).toEqual(['PUT', URL_A, '1'])
      request.headers.set('x-own', '2')
      return next(request)
    },
    async (request, next) => next(new Request(`${request.url}other`, request)),
  )
  await origins.fetch(URL_A, { method: 'put', headers: { 'x-own': '1' } })
  const [{ url, method, headers }] = origins.arrived as [Origins['arrived'][number]]
  expect([url, method, headers.get('x-own')]).toEqual([`${URL_A}other`, 'PUT', '2'])
})

test('it may answer itself, and its answer has what ours have', async () => {
  const origins = echo(async () => new Response('mine', { status: 203 }))
  const response = await origins.fetch(URL_A)
  expect([response.status, await response.text()]).toEqual([203, 'mine'])
  expect([...(await response.trailers)]).toEqual([])
  expect(response.httpVersion).toBe('1.1')
  expect(origins.sent).toEqual([])
})

test('what ours have is left as it is', async () => {
  const response = await echo(pass).fetch(URL_A, { method: 'POST', body: 'x', trailers: { t: 'own' } })
  expect([response.httpVersion, await response.text()]).toEqual(['2', 'x'])
  expect((await response.trailers).get('t')).toBe('own')
})

test('what a Request cannot carry arrives all the same', async () => {
  const origins = echo(pass)
  const init: FetchInit = { priority: 'high', timeouts: { headers: 1_000 }, onInformational: () => {} }
  await origins.fetch(URL_A, init)
  const { priority, timeouts, onInformational } = origins.sent[0]!.init
  expect([priority, timeouts, onInformational]).toEqual([
    { urgency: 1 },
    { headers: 1_000 },
    init.onInformational,
  ])
})

describe('bodies', () => {
  it.each<[string, () => NonNullable<FetchInit['body']>]>([
    ['a string', () => 'abc'],
    ['bytes', () => new TextEncoder().encode('abc')],
    ['a Blob', () => new Blob(['abc'])],
    ['a stream', () => new Blob(['abc']).stream()],
    ['an iterable', () => ['a', new TextEncoder().encode('bc')]],
    ['a function', () => () => 'abc'],
  ])('%s', async (_name, body) => {
    const init = { method: 'POST', body: body(), duplex: 'half' as const }
    expect(await (await echo(pass).fetch(URL_A, init)).text()).toBe('abc')
  })

  test('of a Request', async () => {
    const request = new Request(URL_A, { method: 'POST', body: 'abc' })
    expect(await (await echo(pass).fetch(request)).text()).toBe('abc')
    expect(request.bodyUsed).toBe(true)
  })

  test('a short one is sent again by a redirect, and by a second try of a clone', async () => {
    const twice: Middleware = async (request, next) => {
      await (await next(request.clone())).text()
      return next(request)
    }
    const origins = echo(twice)
    expect(await (await origins.fetch(`${URL_A}moved`, { method: 'POST', body: 'abc' })).text()).toBe('abc')
    expect(origins.arrived).toHaveLength(4)
  })
})

test('redirects are followed beneath', async () => {
  let calls = 0
  const origins = echo((request, next) => {
    calls += 1
    return next(request)
  })
  const response = await origins.fetch(`${URL_A}moved`)
  expect([response.redirected, calls]).toEqual([true, 1])
})

describe('failures', () => {
  test('misuse rejects before anybody is asked', async () => {
    const origins = echo(() => {
      throw new Error('not reached')
    })
    expect((await failure(origins.fetch('no URL'))).message).toMatch(/^not a URL/)
  })

  test('what it throws is rejected with', async () => {
    const origins = echo(() => {
      throw new Error('its own')
    })
    expect((await failure(origins.fetch(URL_A))).message).toBe('its own')
  })

  test('an abort does not wait for it', async () => {
    const controller = new AbortController()
    const origins = echo(() => new Promise(() => {}))
    const promise = failure(origins.fetch(URL_A, { signal: controller.signal }))
    controller.abort('why')
    expect(await promise).toBe('why')
  })
})
