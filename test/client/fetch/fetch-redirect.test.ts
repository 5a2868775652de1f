/** Redirects that a `fetch` follows (Fetch §4.4), with what it takes along; cookies at every hop. */
import { describe, expect, it, test } from 'vitest'
import type { FetchInit } from '../../../src/client/fetch/fetch-init.ts'
import type { OriginResponse } from '../../../src/testing/index.ts'
import { settled } from '../../support/virtual-clock.ts'
import { failure, Origins, Pieces } from './fetch-origins.ts'

const to = (location: string, status = 302, body = 'moved'): OriginResponse => ({
  status,
  headers: { location },
  body,
})

/** Redirects from `/` to `location`; everything else is answered with what arrived. */
function from(location: string, status: number, options: ConstructorParameters<typeof Origins>[1] = {}) {
  return new Origins(
    async (request, url) => (url.pathname === '/' ? to(location, status) : { body: await request.text() }),
    options,
  )
}

describe('redirect count (Fetch §4.4)', () => {
  const chain = () =>
    new Origins((_request, url) => {
      const left = Number(url.pathname.slice(1))
      return left === 0 ? { body: 'there' } : to(`/${left - 1}`)
    })

  test('20 are followed', async () => {
    const origins = chain()
    const response = await origins.fetch('https://a.test/20')
    expect(await response.text()).toBe('there')
    expect([response.url, response.redirected]).toEqual(['https://a.test/0', true])
    expect(origins.arrived).toHaveLength(21)
    expect(await origins.openStreams()).toBe(0)
  })

  test('21 are not', async () => {
    const origins = chain()
    const error = await failure(origins.fetch('https://a.test/21'))
    expect([error.constructor, error.message, error.cause?.message]).toEqual([
      TypeError,
      'fetch failed',
      'redirect failed: more than 20 redirects (Fetch §4.4)',
    ])
    expect(await origins.openStreams()).toBe(0)
  })
})

describe('redirect mode (Fetch §4.3)', () => {
  test('error', async () => {
    const origins = from('/to', 302)
    const error = await failure(origins.fetch('https://a.test/', { redirect: 'error' }))
    expect([error.message, error.cause?.message]).toEqual([
      'fetch failed',
      'redirect failed: a redirect where init.redirect is "error" (Fetch §4.4)',
    ])
    expect(origins.arrived).toHaveLength(1)
    expect(await origins.openStreams()).toBe(0)
  })

  test('manual gives the redirect itself', async () => {
    const response = await from('/to', 302).fetch('https://a.test/', { redirect: 'manual' })
    expect([response.status, response.type, response.redirected, response.url]).toEqual([
      302,
      'basic',
      false,
      'https://a.test/',
    ])
    expect(response.headers.get('location')).toBe('/to')
    expect(await response.text()).toBe('moved')
  })

  it.each(['follow', 'manual'] as const)(
    '%s gives a redirect without location to the caller',
    async (redirect) => {
      const origins = new Origins(() => ({ status: 301, body: 'where?' }))
      const response = await origins.fetch('https://a.test/', { redirect })
      expect([response.status, response.redirected, await response.text()]).toEqual([301, false, 'where?'])
    },
  )

  it.each([200, 300, 304, 305, 306, 309, 404])('%i is no redirect (Fetch §2.2.3)', async (status) => {
    const origins = new Origins(() => ({ status, headers: { location: '/to' } }))
    expect((await origins.fetch('https://a.test/')).status).toBe(status)
  })
})

describe('location', () => {
  it.each([
    ['https://', 'location is not a URL'],
    ['data:,x', 'location leads to data:, which is not http: or https:'],
    ['https://u:p@b.test/', 'location holds a user or password'],
  ])('%s fails (Fetch §4.4)', async (location, reason) => {
    const origins = from(location, 302)
    const error = await failure(origins.fetch('https://a.test/'))
    expect(error).toBeInstanceOf(TypeError)
    expect(error.cause?.message).toBe(`redirect failed: ${reason} (Fetch §4.4)`)
    expect(await origins.openStreams()).toBe(0)
  })

  it.each([
    ['https://a.test/#f', '/to', 'https://a.test/to'],
    ['https://a.test/#f', '/to#', 'https://a.test/to'],
    ['https://a.test/', 'https://b.test:8443/to', 'https://b.test:8443/to'],
    ['https://a.test/', 'http://a.test/to', 'http://a.test/to'],
  ])('%s by %s: response.url is %s (Fetch §5.5)', async (start, location, url) => {
    expect((await from(location, 302).fetch(start)).url).toBe(url)
  })

  test('response.url without a redirect has no fragment (Fetch §5.5)', async () => {
    for (const fragment of ['', '#', '#x']) {
      const response = await from('', 302).fetch(`https://a.test/to?q${fragment}`)
      expect([response.url, response.redirected]).toEqual(['https://a.test/to?q', false])
    }
  })
})

describe('method and body (Fetch §4.4)', () => {
  it.each([
    [301, 'POST', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [303, 'POST', 'GET', ''],
    [303, 'PUT', 'GET', ''],
    [301, 'PUT', 'PUT', 'content'],
    [302, 'patch', 'patch', 'content'],
    [307, 'POST', 'POST', 'content'],
    [308, 'POST', 'POST', 'content'],
  ])('%i of %s becomes %s with %j', async (status, method, becomes, content) => {
    const origins = from('/to', status)
    const response = await origins.fetch('https://a.test/', {
      method,
      body: 'content',
      headers: { 'content-language': 'fr', 'content-encoding': 'identity', 'x-own': '1' },
      trailers: { 'x-digest': 'd' },
    })
    expect(await response.text()).toBe(content)
    const last = origins.arrived[1]!
    expect(last.method).toBe(becomes)
    expect(last.headers.get('x-own')).toBe('1')
    const described = ['content-type', 'content-language', 'content-encoding', 'content-length']
    expect(described.filter((name) => last.headers.has(name))).toHaveLength(content === '' ? 0 : 4)
    expect((await last.request.trailers).get('x-digest')).toBe(content === '' ? null : 'd')
  })

  const form = new FormData()
  form.append('a', new File(['b'], 'c'))
  it.each<[string, () => NonNullable<FetchInit['body']>]>([
    ['a string', () => 'abc'],
    ['bytes', () => new Uint8Array(3)],
    ['a Blob', () => new Blob(['abc'])],
    ['a form', () => form],
    ['URLSearchParams', () => new URLSearchParams('a=b')],
    ['a function', () => () => 'abc'],
    ['a function that gives a stream', () => () => new Blob(['abc']).stream()],
  ])('%s is sent again by 307', async (_name, body) => {
    const received: string[] = []
    const origins = new Origins(async (request, url) => {
      received.push(await request.text())
      return url.pathname === '/' ? to('/to', 307) : {}
    })
    await origins.fetch('https://a.test/', { method: 'POST', body: body() })
    expect(received).toHaveLength(2)
    expect(received[0]).not.toBe('')
    expect(received[1]).toBe(received[0])
  })

  test('a short body of a Request is sent again by 307', async () => {
    const request = new Request('https://a.test/', { method: 'POST', body: 'content' })
    expect(await (await from('/to', 307).fetch(request)).text()).toBe('content')
  })

  it.each([301, 302, 307, 308])('a stream fails with %i', async (status) => {
    const origins = from('/to', status)
    const body = new Blob(['content']).stream()
    const error = await failure(origins.fetch('https://a.test/', { method: 'POST', body, duplex: 'half' }))
    expect(error.cause?.message).toBe(
      'redirect failed: the body is a stream, which cannot be sent again (Fetch §4.4)',
    )
    expect(origins.arrived).toHaveLength(1)
  })

  test('a stream is left behind by 303', async () => {
    const body = new Blob(['content']).stream()
    const response = await from('/to', 303).fetch('https://a.test/', { method: 'POST', body, duplex: 'half' })
    expect([response.status, await response.text()]).toEqual([200, ''])
  })
})

describe('what only one origin may see (Fetch §4.4)', () => {
  const SECRETS = { authorization: 'a', 'proxy-authorization': 'b', cookie: 'c=1', 'x-own': '1' }
  it.each([
    ['/to', true],
    ['https://a.test:443/to', true],
    ['https://b.test/to', false],
    ['https://a.test:444/to', false],
    ['http://a.test/to', false],
  ])('to %s is shown: %s', async (location, shown) => {
    const origins = from(location, 302)
    await origins.fetch('https://a.test/', { headers: SECRETS })
    const { headers } = origins.arrived[1]!
    for (const name of ['authorization', 'proxy-authorization', 'cookie']) {
      expect([name, headers.has(name)]).toEqual([name, shown])
    }
    expect(headers.get('x-own')).toBe('1')
  })

  test('what was left behind does not come back', async () => {
    const origins = new Origins((_request, url) => {
      if (url.pathname === '/') return to('https://b.test/back')
      return url.pathname === '/back' ? to('https://a.test/to') : {}
    })
    await origins.fetch('https://a.test/', { headers: SECRETS })
    expect(origins.arrived[2]!.url).toBe('https://a.test/to')
    expect(origins.arrived[2]!.headers.has('authorization')).toBe(false)
  })

  test('host goes to its own origin only', async () => {
    const origins = from('https://b.test/to', 302)
    await origins.fetch('https://a.test/', { headers: { host: 'c.test' } })
    expect(origins.arrived.map(({ request }) => request.authority)).toEqual(['c.test', 'b.test'])
  })

  test('mode same-origin does not leave', async () => {
    const there = await from('/to', 302).fetch('https://a.test/', { mode: 'same-origin' })
    expect(there.status).toBe(200)
    const origins = from('https://b.test/to', 302)
    const error = await failure(origins.fetch('https://a.test/', { mode: 'same-origin' }))
    expect(error.cause?.message).toMatch(/leaves the origin/)
  })
})

describe('the content of a redirect', () => {
  test('is read if it is short', async () => {
    const origins = new Origins((_request, url) => (url.pathname === '/' ? to('/to') : {}))
    await origins.fetch('https://a.test/')
    expect(await origins.openStreams()).toBe(0)
    expect(origins.arrived[0]!.request.signal.aborted).toBe(false)
  })

  test('is given up if it does not end, and is not waited for', async () => {
    const origins = new Origins((_request, url) => ({
      ...(url.pathname === '/' ? to('/to') : {}),
      ...(url.pathname === '/' ? { body: endless() } : {}),
    }))
    expect((await origins.fetch('https://a.test/')).status).toBe(200)
    for (let i = 0; i < 50 && !origins.arrived[0]!.request.signal.aborted; i++) await settled()
    expect(origins.arrived[0]!.request.signal.aborted).toBe(true)
    expect(await origins.openStreams()).toBe(0)
  })

  test('that never comes is given up when its target has answered, and holds no stream', async () => {
    const pieces = new Pieces()
    const origins = new Origins((_request, url) =>
      url.pathname === '/' ? { ...to('/to'), body: pieces } : {},
    )
    expect((await origins.fetch('https://a.test/')).status).toBe(200)
    expect(await origins.openStreams()).toBe(0)
    expect(origins.arrived[0]!.request.signal.aborted).toBe(true)
  })

  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield new Uint8Array(16_384)
  }
})

describe('cookies (RFC 6265 §5.3, §5.4)', () => {
  /** A jar that keeps a cookie for each host. */
  class Jar {
    readonly kept = new Map<string, string>()
    readonly lines: string[] = []
    readonly later: boolean

    constructor(later: boolean) {
      this.later = later
    }

    getCookieString(url: string): string | Promise<string> {
      const cookie = this.kept.get(new URL(url).hostname) ?? ''
      return this.later ? settled().then(() => cookie) : cookie
    }

    setCookie(line: string, url: string): unknown {
      this.lines.push(`${line} from ${url}`)
      if (line === 'bad') throw new Error('not a cookie')
      const keep = (): void => {
        this.kept.set(new URL(url).hostname, line.split(';')[0]!)
      }
      return this.later ? settled().then(keep) : keep()
    }
  }

  const login = (jar: Jar) =>
    new Origins(
      (_request, url) => {
        if (url.pathname !== '/login') return {}
        return {
          ...to('https://b.test/next'),
          headers: [
            ['location', '/next'],
            ['set-cookie', 'a=1; Path=/'],
          ],
        }
      },
      { cookies: jar },
    )

  it.each([
    ['at once', false],
    ['later', true],
  ])('of every hop, from a jar that answers %s', async (_name, later) => {
    const jar = new Jar(later)
    const origins = login(jar)
    await origins.fetch('https://a.test/login')
    await origins.fetch('https://b.test/')
    expect(origins.arrived.map(({ headers }) => headers.get('cookie'))).toEqual([null, 'a=1', null])
    expect(jar.lines).toEqual(['a=1; Path=/ from https://a.test/login'])
  })

  test('none are added to those of the caller, but what is set is kept', async () => {
    const jar = new Jar(false)
    jar.kept.set('a.test', 'jar=1')
    const origins = login(jar)
    await origins.fetch('https://a.test/login', { headers: { cookie: 'own=1' } })
    expect(origins.arrived.map(({ headers }) => headers.get('cookie'))).toEqual(['own=1', 'own=1'])
    expect(jar.lines).toHaveLength(1)
  })

  test('none with credentials omit, either way', async () => {
    const jar = new Jar(false)
    jar.kept.set('a.test', 'jar=1')
    const origins = login(jar)
    await origins.fetch('https://a.test/login', { credentials: 'omit' })
    expect(origins.arrived.map(({ headers }) => headers.get('cookie'))).toEqual([null, null])
    expect(jar.lines).toEqual([])
  })

  test('one that the jar refuses is no reason to fail', async () => {
    const jar = new Jar(false)
    const origins = new Origins(
      () => ({
        headers: [
          ['set-cookie', 'bad'],
          ['set-cookie', 'good=1'],
        ],
      }),
      {
        cookies: jar,
      },
    )
    expect((await origins.fetch('https://a.test/')).status).toBe(200)
    expect(jar.kept.get('a.test')).toBe('good=1')
  })

  test('a jar that hangs does not hold an abort', async () => {
    const never = () => new Promise<string>(() => {})
    for (const cookies of [
      { getCookieString: never, setCookie: () => {} },
      { getCookieString: () => '', setCookie: never },
    ]) {
      const origins = new Origins(() => ({ headers: { 'set-cookie': 'a=1' } }), { cookies })
      const controller = new AbortController()
      const promise = failure(origins.fetch('https://a.test/', { signal: controller.signal }))
      await settled()
      controller.abort(new Error('enough'))
      expect((await promise).message).toBe('enough')
    }
  })
})
