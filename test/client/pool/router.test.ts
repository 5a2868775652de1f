/** From URLs to origins and paths: whatever way a URL takes, it leads to the same place. */
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { type ClientOptions, checkClientOptions } from '../../../src/client/faces/client-options.ts'
import { Pool } from '../../../src/client/pool/pool.ts'
import { Router } from '../../../src/client/pool/router.ts'
import { Client } from '../../../src/index.ts'
import { MemoryOrigin } from '../../../src/testing/index.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'
import { rejection } from '../session/peer.ts'

function made(options: ClientOptions = {}): Router {
  const settings = checkClientOptions({ clock: new VirtualClock(), ...options })
  const pool = new Pool({
    retry: settings.retry,
    limitPerOrigin: { http2: 1, http1: 1 },
    limit: 1,
    idleTimeout: 1,
    maxAge: 1,
    clock: settings.connection.clock,
    logger: undefined,
    recorder: undefined,
    pushed: undefined,
  })
  return new Router(pool, settings)
}

/** Where a URL leads; the same router for all, so that origins are known the second time. */
const uniform = made()
function place(url: string): [origin: string, path: string] {
  const origin = uniform.route(url)
  return [origin.target.origin, uniform.path]
}

/** As the URL standard and RFC 9110 §7.1 have it. */
function expected(text: string): [string, string] | undefined {
  let url: URL
  try {
    // Not asked by `URL.canParse`: that of Node.js 20 says no to é once it is hot.
    url = new URL(text)
  } catch {
    return undefined
  }
  if (!/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '' || url.port === '0')
    return undefined
  return [url.origin, url.href.slice(url.origin.length).replace(/#.*$/s, '')]
}

const TRICKY = [
  'https://a.test/',
  'https://a.test',
  'https://a.test/x?',
  'https://a.test/?',
  'https://a.test/x?#',
  'https://a.test/#',
  'https://a.test/x#y?z',
  'https://a.test/./x',
  'https://a.test/x/..',
  'https://a.test/x/../y?/../z',
  'https://a.test/%2e/x',
  'https://a.test//x',
  'https://a.test//',
  'https://a.test/x?y=/..',
  'https://a.test/x\\y',
  'https://a.test\\x',
  'https://a.test/x y',
  'https://a.test/x\ty',
  'https://a.test/x\n',
  'https://a.test/\r\nx: y',
  ' https://a.test/',
  'https://a.test/ ',
  'https://a.test/x\u0000',
  "https://a.test/?'",
  'https://a.test/"<>`{}|^',
  'https://a.test/é',
  'https://a.test/?é',
  'https://a.test:443/x',
  'https://a.test:0443/x',
  'https://a.test:444/x',
  'https://A.test/x',
  'HTTPS://a.test/x',
  'https:a.test/x',
  'https:/a.test/x',
  'https:///a.test/x',
  'https://a.test@b.test/x',
  'https://@a.test/x',
  'https://a.test:x/',
  'https://a.test./x',
  'https://[::1]/x',
  'https://[0:0::1]/x',
  'https://127.1/x',
  'https://0x7f.1/x',
  'http://a.test/x',
  'http://a/b',
  'http://a.test:443/x',
  'http://a.test:80/x',
  'https://a.test/x;y=1,2',
  'https://a.test/..',
  'https://a.test/.',
  'https://a.test/...',
  'https://a.test/x/.y',
  'https://a.test/:80',
  'https://a.test/@b',
  'https://xn--/x',
  'https://ａ.test/x',
  'https://a.test/\u202e',
  'https://a.test/%',
  'https://a.test/%zz',
  'https://a.test/\ud800',
  'https://b.test/https://a.test/',
]

describe('the short way and the long way', () => {
  it.each(TRICKY)('%j', (url) => {
    for (let i = 0; i < 2; i++) {
      const wanted = expected(url)
      if (wanted === undefined) expect(() => place(url)).toThrow(/^(url|port) /)
      else expect(place(url)).toEqual(wanted)
    }
  })

  test('any text behind an origin that is known', () => {
    const piece = fc.constantFrom(
      ...'/?#.%2eE\\ \t\n:@&=;,+~*\'"<>^`{|}[]é\u0000ab'.split(''),
      '/..',
      '/./',
      '%2E%2e',
      '//',
    )
    const tail = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
    const origin = fc.constantFrom(
      'https://a.test',
      'http://a',
      'https://[::1]:8443',
      'https://A.test',
      'https://a.test:443',
      'http:/a',
    )
    place('https://a.test/')
    place('http://a/')
    place('https://[::1]:8443/')
    fc.assert(
      fc.property(origin, tail, (start, end) => {
        const url = start + end
        const wanted = expected(url)
        if (wanted === undefined) expect(() => place(url)).toThrow()
        else expect(place(url)).toEqual(wanted)
      }),
      { numRuns: 5_000 },
    )
  })

  test('a URL and its text lead to the same place', () => {
    for (const text of TRICKY.filter((url) => expected(url) !== undefined)) {
      const origin = uniform.route(new URL(text))
      expect([origin.target.origin, uniform.path]).toEqual(place(text))
    }
  })
})

describe('functions of the user', () => {
  const origin = new MemoryOrigin(({ authority, path }) => ({ body: `${authority}${path}` }))
  const options = { transport: origin.dial, clock: new VirtualClock() }

  test.each<[string, (ask: (url: string) => void) => ClientOptions]>([
    ['tls', (ask) => ({ tls: () => void ask('https://nested.test/nested') as undefined })],
    ['proxy', (ask) => ({ proxy: () => void ask('https://nested.test/nested') as undefined })],
  ])(
    'a %s function that makes a request does not bend the path of the one it was called for',
    async (_name, given) => {
      const client: Client = new Client({ ...options, ...given((url) => once(url)) })
      let asked = false
      const once = (url: string): void => {
        if (asked) return
        asked = true
        void client.request(url).then((answer) => answer.bytes())
      }
      const answer = await client.request('https://a.test/mine?x')
      expect(await answer.text()).toBe('a.test/mine?x')
      await client.close()
    },
  )

  test('a proxy function that changes its URL changes no request', async () => {
    const client = new Client({
      ...options,
      proxy: (url) => {
        url.href = 'https://evil.test/evil'
        return undefined
      },
    })
    expect(await (await client.request('https://a.test/mine')).text()).toBe('a.test/mine')
    await client.close()
  })

  test.each<[string, object]>([
    ['a promise', Promise.resolve({ rejectUnauthorized: false })],
    ['text', 'x' as unknown as object],
  ])(
    'a tls function that gives %s: the request is refused, not sent with other options',
    async (_name, given) => {
      const client = new Client({ ...options, tls: () => given as never })
      expect(await rejection(client.request('https://a.test/'))).toMatchObject({ name: 'TypeError' })
      expect(client.stats().origins).toEqual([])
    },
  )

  test.each<[string, keyof ClientOptions]>([
    ['tls', 'tls'],
    ['proxy', 'proxy'],
  ])(
    'a %s function that closes the client: the request is refused, and nothing is dialled',
    async (_name, option) => {
      const made = origin.connectionsMade
      const client: Client = new Client({ ...options, [option]: () => void client.close() })
      expect(await rejection(client.request('https://a.test/'))).toMatchObject({ code: 'H2_CLIENT_CLOSED' })
      expect(client.stats().origins).toEqual([])
      expect(origin.connectionsMade).toBe(made)
    },
  )
})

describe('the name that TLS has to meet', () => {
  const nameOf = (router: Router, url: string, servername?: string): unknown =>
    router.route(url, servername).settings.tls?.servername

  it.each<[what: string, options: ClientOptions, url: string, servername: string | undefined, name: unknown]>(
    [
      ['none is given', {}, 'https://a.test/', undefined, undefined],
      ['another than the host', {}, 'https://192.0.2.1/', 'a.test', 'a.test'],
      ['the case of a name means nothing', {}, 'https://192.0.2.1/', 'A.test', 'a.test'],
      ['the host itself', {}, 'https://a.test/', 'a.test', undefined],
      ['in place of that of tls', { tls: { servername: 'b.test' } }, 'https://c.test/', 'a.test', 'a.test'],
      [
        'the host, in place of that of tls',
        { tls: { servername: 'b.test' } },
        'https://a.test/',
        'a.test',
        'a.test',
      ],
      [
        'in place of what a function gives',
        { tls: () => ({ servername: 'b.test' }) },
        'https://c.test/',
        'a.test',
        'a.test',
      ],
      ['plain text has none', {}, 'http://192.0.2.1/', 'a.test', undefined],
    ],
  )('%s', (_what, options, url, servername, name) => {
    expect(nameOf(made(options), url, servername)).toBe(name)
  })

  it('is part of what connections are shared by', () => {
    const router = made()
    const [a, b, none] = ['a.test', 'b.test', undefined].map((name) =>
      router.route('https://192.0.2.1/', name),
    )
    expect(new Set([a, b, none]).size).toBe(3)
    expect(router.route('https://192.0.2.1/x', 'A.test')).toBe(a)
    expect(router.route('http://192.0.2.1/', 'a.test')).toBe(router.route('http://192.0.2.1/'))
  })

  it('keeps what else tls says', () => {
    const ca = 'a certificate'
    const { tls } = made({ tls: { ca } }).route('https://192.0.2.1/', 'a.test').settings
    expect(tls).toEqual({ ca, servername: 'a.test' })
  })

  it.each([[''], ['a b'], ['a\r\nb'], ['[::1]'], ['a.test:443'], ['é.test'], [5]])(
    '%j is refused',
    (name) => {
      expect(() => made().route('https://a.test/', name as string)).toThrow(TypeError)
    },
  )
})
