/** How requests of `hyper-h2/https` end: by the caller, by the peer, by time; in each phase, once, and with nothing left. */
import { once } from 'node:events'
import { constants } from 'node:os'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ClientRequest } from '../../src/adapters/https/client-request.ts'
import type { IncomingMessage } from '../../src/adapters/https/incoming-message.ts'
import { H2Error } from '../../src/index.ts'
import { expectNoneUncaught, Pair, record, turns } from './https-origin.ts'

const uncaught = expectNoneUncaught()

/** Answers with a head and the first of a body, and then nothing, until the client gives up. */
const stalling = (): Pair =>
  new Pair((request) => {
    if (request.path === '/wait') return new Promise(() => {})
    return {
      body: (async function* () {
        yield 'first'
        await new Promise((resolve) => request.signal.addEventListener('abort', resolve))
      })(),
    }
  })

interface Phase {
  readonly request: ClientRequest
  readonly response?: IncomingMessage
}

const PHASES: readonly [string, (pair: Pair) => Promise<Phase>][] = [
  [
    'before it is sent',
    async (pair) => ({ request: pair.request({ url: 'https://a.test/wait', method: 'POST' }) }),
  ],
  [
    'in the turn in which it is sent',
    async (pair) => {
      const request = pair.request({ url: 'https://a.test/wait' })
      request.end()
      return { request }
    },
  ],
  [
    'in the middle of its body',
    async (pair) => {
      const request = pair.request({ url: 'https://a.test/wait', method: 'POST' })
      request.write('begun')
      await turns()
      return { request }
    },
  ],
  [
    'while it waits for the response',
    async (pair) => {
      const request = pair.request({ url: 'https://a.test/wait' })
      request.end()
      await turns()
      return { request }
    },
  ],
  [
    'in the middle of the response',
    async (pair) => {
      const request = pair.request()
      request.end()
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      await once(response, 'data')
      return { request, response }
    },
  ],
]

const WAYS: readonly [string, (request: ClientRequest) => void, object | undefined][] = [
  ['destroy()', (request) => request.destroy(), { code: 'ECONNRESET', message: 'socket hang up' }],
  ['destroy(error)', (request) => request.destroy(new Error('mine')), { message: 'mine' }],
  ['abort()', (request) => request.abort(), { code: 'ECONNRESET', message: 'socket hang up' }],
  ['socket.destroy()', (request) => request.socket?.destroy() ?? request.destroy(), { code: 'ECONNRESET' }],
]

describe.each(PHASES)('%s', (phase, reach) => {
  test.each(WAYS)('%s: one error, then one close, and nothing is left', async (way, give, expected) => {
    const pair = stalling()
    const { request, response } = await reach(pair)
    const errors: unknown[] = []
    const seen = record({ request }, 'error', 'close', 'abort')
    request.on('error', (error) => errors.push(error))
    const broken: unknown[] = []
    response?.on('error', (error) => broken.push(error))
    give(request)
    give(request)
    await new Promise((resolve) => request.on('close', resolve))
    await turns()
    // As with node:http: a request that was answered is destroyed in silence, its response breaks off.
    // And who aborts one that has no socket yet asked for it.
    const early = way === 'abort()' && request.socket === null
    const silent = early || (response !== undefined && way !== 'destroy(error)')
    expect(errors).toEqual(silent ? [] : [expect.objectContaining(expected!)])
    expect(seen.filter((event) => event === 'request close')).toHaveLength(1)
    expect(request.aborted).toBe(way === 'abort()')
    if (response !== undefined) {
      expect(broken).toEqual([expect.objectContaining({ code: 'ECONNRESET', message: 'aborted' })])
      expect(response).toMatchObject({ aborted: true, complete: false, destroyed: true })
    }
    expect(pair.open).toBe(0)
    expect(pair.origin.requests.every(({ signal }) => signal.aborted)).toBe(true)
  })

  test('its signal', async () => {
    const pair = stalling()
    const controller = new AbortController()
    const inner = pair.request.bind(pair)
    pair.request = (options) => inner({ ...options, signal: controller.signal })
    const { request, response } = await reach(pair)
    response?.on('error', () => {})
    const failed = once(request, 'error')
    controller.abort('enough')
    expect((await failed)[0]).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: 'enough' })
    await turns()
    expect(pair.open).toBe(0)
  })

  test('the agent is destroyed', async () => {
    const pair = stalling()
    const { request, response } = await reach(pair)
    if (phase === 'before it is sent') request.end()
    const broken = response === undefined ? once(request, 'error') : once(response, 'error')
    await turns(1)
    pair.agent.destroy()
    expect((await broken)[0]).toMatchObject({ code: 'ECONNRESET' })
  })

  test('the connection is cut', async () => {
    const pair = stalling()
    const { request, response } = await reach(pair)
    request.end()
    const broken = response === undefined ? once(request, 'error') : once(response, 'error')
    await turns()
    pair.origin.destroy()
    expect((await broken)[0]).toMatchObject({ code: 'ECONNRESET', cause: expect.any(H2Error) })
    await turns()
    expect(pair.open).toBe(0)
  })
})

test('a signal that is aborted already', async () => {
  const pair = stalling()
  const request = pair.request({ signal: AbortSignal.abort('no') })
  request.end()
  expect((await once(request, 'error'))[0]).toMatchObject({ name: 'AbortError' })
  expect(pair.origin.requests).toEqual([])
})

test('a signal is let go when the request is over', async () => {
  const pair = new Pair(() => ({ body: 'x' }))
  const { signal } = new AbortController()
  const removed = vi.spyOn(signal, 'removeEventListener')
  const added = vi.spyOn(signal, 'addEventListener')
  await pair.exchange({ signal })
  await turns()
  expect(removed.mock.calls.length).toBe(added.mock.calls.length)
})

test('a response that nobody hears fail ends in silence, as with node:http', async () => {
  const pair = stalling()
  const request = pair.request()
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  response.resume()
  response.destroy()
  await once(request, 'close')
  expect(pair.open).toBe(0)
})

test('a sink that fails gives the request up', async () => {
  const pair = stalling()
  const request = pair.request()
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const sink = new Writable({
    write(_chunk, _encoding, callback) {
      callback(new Error('full'))
    },
  })
  await expect(pipeline(response, sink)).rejects.toThrow('full')
  await turns()
  expect(pair.open).toBe(0)
})

test('a handler that throws is uncaught, as with node:http, and harms nobody else', async () => {
  const pair = new Pair(() => ({ body: 'x' }))
  const request = pair.request()
  request.on('response', () => {
    throw new Error('mine')
  })
  request.end()
  await turns()
  expect(uncaught.splice(0)).toEqual([expect.objectContaining({ message: 'mine' })])
  expect((await pair.exchange()).text).toBe('x')
  request.destroy()
  await turns()
  expect(pair.open).toBe(0)
})

describe('silence', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test.each([
    ['options.timeout', (pair: Pair) => pair.request({ url: 'https://a.test/wait', timeout: 50 })],
    ['setTimeout', (pair: Pair) => pair.request({ url: 'https://a.test/wait' }).setTimeout(50)],
  ])('%s is an event, on the socket too, and ends nothing', async (_what, begin) => {
    const pair = stalling()
    const request = begin(pair)
    const seen = record({ request }, 'timeout', 'error')
    request.end()
    await turns()
    const onSocket = record({ socket: request.socket! }, 'timeout')
    vi.advanceTimersByTime(49)
    expect(seen).toEqual([])
    vi.advanceTimersByTime(1)
    expect([...seen, ...onSocket]).toEqual(['request timeout', 'socket timeout'])
    request.on('error', () => {})
    request.destroy()
    await turns()
    vi.advanceTimersByTime(500)
    expect([...seen, ...onSocket]).toEqual(['request timeout', 'request error', 'socket timeout'])
  })

  test('in the middle of the response is an event of it', async () => {
    const pair = stalling()
    const request = pair.request()
    request.end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    response.on('error', () => {}).resume()
    let told = 0
    response.setTimeout(50, () => told++)
    vi.advanceTimersByTime(50)
    expect(told).toBe(1)
    request.destroy()
  })

  test('begins anew with what is sent', async () => {
    const pair = stalling()
    const request = pair.request({ url: 'https://a.test/wait', method: 'POST', timeout: 50 })
    const seen = record({ request }, 'timeout')
    for (let i = 0; i < 3; i++) {
      request.write('more')
      await turns()
      vi.advanceTimersByTime(40)
    }
    expect(seen).toEqual([])
    vi.advanceTimersByTime(10)
    expect(seen).toEqual(['request timeout'])
    request.on('error', () => {}).destroy()
    await turns()
  })

  test('0 and the end of the response turn it off', async () => {
    const pair = new Pair(() => ({ body: 'x' }))
    const request = pair.request({ timeout: 50 })
    const seen = record({ request }, 'timeout')
    request.setTimeout(0)
    vi.advanceTimersByTime(500)
    request.setTimeout(50)
    request.end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    response.resume()
    await once(request, 'close')
    request.setTimeout(50)
    vi.advanceTimersByTime(500)
    expect(seen).toEqual([])
  })
})

describe('errors', () => {
  test.each([['a stream that is reset', new Pair(() => Promise.reject(new Error('handler'))), 'ECONNRESET']])(
    '%s',
    async (_what, pair, code) => {
      const request = pair.request({ method: 'POST' })
      request.end('x')
      const [error] = await once(request, 'error')
      expect(error).toMatchObject({ code, cause: expect.any(H2Error) })
      expect(error.message).toMatch(/^socket hang up/)
    },
  )

  test('a dial that fails with an error of the system', async () => {
    const cause = Object.assign(new Error('getaddrinfo ENOTFOUND a.test'), {
      code: 'ENOTFOUND',
      syscall: 'getaddrinfo',
      errno: -3008,
      hostname: 'a.test',
    })
    const init = {
      code: 'H2_DNS',
      scope: 'transport',
      initiator: 'local',
      errorCode: 2,
      errorName: 'INTERNAL_ERROR',
      processed: 'no',
      retryable: false,
      cause,
    } as const
    const pair = new Pair(() => ({}))
    const { Agent, request: send } = await import('../../src/adapters/https.ts')
    const agent = new Agent({
      client: { transport: () => Promise.reject(new H2Error('connect failed: no name', init)) },
    })
    const request = send('https://a.test/', { agent })
    request.end()
    const [error] = await once(request, 'error')
    expect(error).toMatchObject({
      code: 'ENOTFOUND',
      syscall: 'getaddrinfo',
      errno: -3008,
      hostname: 'a.test',
      message: cause.message,
    })
    expect(error).not.toBe(cause)
    expect(error.cause).toBeInstanceOf(H2Error)
    expect(pair.origin.requests).toEqual([])
  })

  test('a handshake that broke is a write that failed, as with node:https', async () => {
    const { toNodeError } = await import('../../src/adapters/https/node-error.ts')
    const cause = Object.assign(new Error('alert number 70'), {
      code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    })
    const facts = {
      scope: 'transport',
      initiator: 'peer',
      errorCode: 2,
      errorName: 'INTERNAL_ERROR',
    } as const
    const inHandshake = new H2Error('TLS failed', { code: 'H2_TLS', ...facts, cause })
    expect(toNodeError(inHandshake)).toMatchObject({
      code: 'EPROTO',
      errno: -constants.errno.EPROTO,
      syscall: 'write',
      message: 'write EPROTO alert number 70',
      cause: inHandshake,
    })
    const later = new H2Error('transport failed', { code: 'H2_CONNECTION_CLOSED', ...facts, cause })
    expect(toNodeError(later)).toMatchObject({ code: cause.code })
  })

  test.each([
    ['H2_TIMEOUT_CONNECT', 'transport', 'local', 'ETIMEDOUT'],
    ['H2_TLS', 'transport', 'local', 'EPROTO'],
    ['H2_ALPN', 'transport', 'peer', 'EPROTO'],
    ['H2_CONNECTION_ERROR', 'connection', 'local', 'EPROTO'],
    ['H2_STREAM_RESET', 'stream', 'peer', 'ECONNRESET'],
    ['H2_CONNECTION_CLOSED', 'transport', 'peer', 'ECONNRESET'],
  ] as const)('%s of %s by %s is %s', async (code, scope, initiator, expected) => {
    const { toNodeError } = await import('../../src/adapters/https/node-error.ts')
    const error = new H2Error('it failed: why', {
      code,
      scope,
      initiator,
      errorCode: 1,
      errorName: 'PROTOCOL_ERROR',
    })
    expect(toNodeError(error)).toMatchObject({ code: expected, cause: error })
  })
})
