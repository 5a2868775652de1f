import { expect, it, test } from 'vitest'
import { Client, fetch } from '../../../src/index.ts'
import { MemoryOrigin } from '../../../src/testing/index.ts'
import { settled } from '../../support/virtual-clock.ts'
import { END_HEADERS, END_STREAM, goaway, headers, response } from '../../support/wire.ts'
import { PoolPair } from '../pool/pool-peer.ts'
import { rejection } from '../session/peer.ts'

test('client.fetch can be passed on by itself', async () => {
  const origin = new MemoryOrigin((request) => ({ body: request.path }))
  const { fetch } = new Client({ transport: origin.dial })
  const answer = await fetch('https://a.test/x')
  expect(answer).toBeInstanceOf(Response)
  expect(await answer.text()).toBe('/x')
})

test('client.fetch and client.request share connections', async () => {
  const origin = new MemoryOrigin(() => ({ body: 'x' }))
  const client = new Client({ transport: origin.dial })
  await (await client.fetch('https://a.test/')).text()
  await (await client.request('https://a.test/')).text()
  expect(origin.connectionsMade).toBe(1)
  await client.close()
})

it.each<[string, unknown]>([
  ['text', 'x'],
  ['bytes', new Uint8Array([120])],
  [
    'a form',
    (() => {
      const form = new FormData()
      form.append('a', 'x')
      return form
    })(),
  ],
  ['a small platform Request', undefined],
])('a POST of %s above GOAWAY is sent again', async (name, body) => {
  const pair = await PoolPair.open()
  const input = name.includes('Request')
    ? new Request('https://a.test/', { method: 'POST', body: 'x' })
    : 'https://a.test/'
  const answer = pair.client.fetch(
    input,
    body === undefined ? undefined : { method: 'POST', body: body as string },
  )
  for (let i = 0; i < 10; i++) await settled()
  await new Promise((resolve) => setTimeout(resolve, 0))
  await settled()
  await pair.wires[0]!.send(goaway(1, 0))
  for (let i = 0; i < 6; i++) await settled()
  expect(pair.wires[1]!.content(1)).toContain('x')
  await pair.wires[1]!.send(response(1, 201, true))
  expect((await answer).status).toBe(201)
})

test('timeouts.total counts through redirects', async () => {
  const pair = await PoolPair.open()
  const outcome = rejection(pair.client.fetch('https://a.test/', { timeouts: { total: 1_000 } }))
  for (let i = 0; i < 4; i++) await settled()
  await pair.clock.advance(900)
  await pair.wires[0]!.send(
    headers(
      3,
      [
        [':status', '302'],
        ['location', '/next'],
      ],
      END_HEADERS | END_STREAM,
    ),
  )
  for (let i = 0; i < 4; i++) await settled()
  expect(pair.opened).toEqual([3])
  await pair.clock.advance(100)
  expect(pair.wires[0]!.resets).toEqual([[5, 8]])
  expect(await outcome).toMatchObject({ cause: { code: 'H2_TIMEOUT_TOTAL' } })
})

test('cookies and middleware are options of a client', async () => {
  const origin = new MemoryOrigin((request) => ({
    headers: { 'set-cookie': 'a=1' },
    body: `${request.headers.get('cookie')} ${request.headers.get('x-added')}`,
  }))
  const kept: string[] = []
  const client = new Client({
    transport: origin.dial,
    cookies: { getCookieString: () => kept.join('; '), setCookie: (line: string) => kept.push(line) },
    middleware: [
      (request, next) => {
        request.headers.set('x-added', 'yes')
        return next(request)
      },
    ],
  })
  expect(await (await client.fetch('https://a.test/')).text()).toBe('null yes')
  expect(await (await client.fetch('https://a.test/')).text()).toBe('a=1 yes')
  await client.close()
})

it.each([
  [{ cookies: {} }, 'cookies must have the methods getCookieString and setCookie'],
  [{ cookies: null }, 'cookies must have the methods getCookieString and setCookie'],
  [{ middleware: [1] }, 'middleware must be an array of functions'],
  [{ middleware: () => {} }, 'middleware must be an array of functions'],
  [{ cache: {} }, /^cache is not an option; known are tls, /],
  [{ h2c: 1 }, 'h2c must be a boolean'],
  [{ tls: 1 }, 'tls must be an object or a function of the origin'],
  [{ maxConnections: 0 }, 'maxConnections must be an integer, 1 or more'],
  [{ maxConnectionsPerOrigin: 1.5 }, 'maxConnectionsPerOrigin must be an integer, 1 or more'],
  [{ idleTimeout: -1 }, 'idleTimeout must be milliseconds, 0 for never'],
  [{ maxAge: '1' }, 'maxAge must be milliseconds, 0 for never'],
  [{ proxy: 'ftp://x' }, 'proxy must be an http: or https: URL'],
  [{ timeouts: { x: 1 } }, /^timeouts\.x is not an option/],
  [{ limits: { x: 1 } }, /^limits\.x is not an option/],
  [{ settings: { x: 1 } }, /^settings\.x is not an option/],
  [{ windowManager: 1 }, /^windowManager/],
])('a client with %j is refused', (options, message) => {
  expect(() => new Client(options as never)).toThrow(message as string)
})

it.each(['ftp://a.test/', 'x', 'https://', 'https://u:p@a.test/', 7])(
  'request of %j rejects with TypeError',
  async (url) => {
    expect(await rejection(new Client().request(url as string))).toBeInstanceOf(TypeError)
  },
)

test('the plain fetch rejects as any other', async () => {
  const failure = await rejection(fetch('https://localhost:2/'))
  expect(failure).toBeInstanceOf(TypeError)
  expect(failure).toMatchObject({ message: 'fetch failed', cause: { code: 'H2_CONNECT', processed: 'no' } })
})
