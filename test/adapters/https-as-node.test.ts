/** What callers of `node:https` see at the edges: late writes, early ends, listeners that throw, values that are none. Each was seen of node:https. */

import { once } from 'node:events'
import http from 'node:http'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ClientRequest } from '../../src/adapters/https/client-request.ts'
import type { IncomingMessage } from '../../src/adapters/https/incoming-message.ts'
import { request as send } from '../../src/adapters/https.ts'
import type { H2ErrorCode } from '../../src/index.ts'
import { expectNoneUncaught, Pair, record, turns } from './https-origin.ts'

const uncaught = expectNoneUncaught()

const echo = (): Pair => new Pair(async (request) => ({ body: await request.text() }))
const stalling = (): Pair =>
  new Pair(({ signal }) => ({
    body: (async function* () {
      yield 'first'
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    })(),
  }))

function answered(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve) => request.once('response', resolve))
}

/** Errors are no matter here: they are looked at by themselves. */
function closed(request: ClientRequest): Promise<void> {
  return new Promise((resolve) => request.once('close', resolve))
}

describe('writing', () => {
  test.each([
    ['write', (request: ClientRequest, told: (error: unknown) => void) => request.write('late', told)],
    ['end', (request: ClientRequest, told: (error: unknown) => void) => request.end('late', told)],
  ])('%s behind the end is an error, and the request goes on and closes', async (_what, late) => {
    const pair = echo()
    const request = pair.request({ method: 'POST' })
    const errors: unknown[] = []
    const told: unknown[] = []
    request.on('error', (error) => errors.push(error))
    request.write('in ')
    request.end('time')
    late(request, (error) => told.push(error))
    const response = await answered(request)
    const over = closed(request)
    expect(Buffer.concat(await response.toArray()).toString()).toBe('in time')
    await over
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_STREAM_WRITE_AFTER_END' })])
    expect(told).toEqual(errors)
    expect(pair.open).toBe(0)
  })

  test('nothing counts as written that the request was destroyed before', async () => {
    const request = echo().request({ method: 'POST' })
    request.on('error', () => {})
    const told: unknown[] = []
    for (const piece of ['a', 'b']) request.write(piece, (error: unknown) => told.push(error))
    request.destroy()
    await closed(request)
    await turns()
    const hangUp = expect.objectContaining({ code: 'ECONNRESET' })
    expect(told).toEqual([hangUp, hangUp])
  })

  test('a body that is not as long as its content-length has the code of node:http', async () => {
    const request = echo().request({ method: 'POST', headers: { 'content-length': 9 } })
    request.end('short')
    const [error] = await once(request, 'error')
    expect(error).toMatchObject({ code: 'ERR_HTTP_CONTENT_LENGTH_MISMATCH', cause: expect.any(RangeError) })
  })
})

describe('ending', () => {
  test('abort() before there is a socket was asked for: it is no error', async () => {
    const pair = echo()
    const request = pair.request()
    const seen = record({ request }, 'error', 'abort', 'close')
    request.abort()
    request.end()
    await turns()
    expect(seen).toEqual(['request abort', 'request close'])
    expect(pair.origin.requests).toEqual([])
  })

  test('an error that a response is destroyed with is one of the request too', async () => {
    const pair = stalling()
    const request = pair.request()
    request.end()
    const response = await answered(request)
    const seen = record({ request, response }, 'error', 'close')
    response.destroy(new Error('mine'))
    await turns()
    expect(seen.filter((event) => event.endsWith('error'))).toEqual(['request error', 'response error'])
    expect(seen.filter((event) => event === 'request close')).toHaveLength(1)
    expect(pair.open).toBe(0)
  })

  test('a response that is given up closes before its request', async () => {
    const request = stalling().request()
    request.end()
    const response = await answered(request)
    const seen = record({ request, response }, 'close', 'aborted', 'error')
    response.destroy()
    await turns()
    expect(seen).toEqual(['response aborted', 'response close', 'request close'])
  })

  test.each([
    ['destroy(error)', (request: ClientRequest) => request.destroy(new Error('mine'))],
    ['a signal', (_request: ClientRequest, signal: AbortController) => signal.abort()],
  ])('%s in the end event of the response comes too late to be an error', async (_what, give) => {
    const signal = new AbortController()
    const request = echo().request({ signal: signal.signal })
    const seen = record({ request }, 'error', 'close')
    request.end()
    const response = await answered(request)
    response.resume().on('end', () => give(request, signal))
    await turns()
    expect(seen).toEqual(['request close'])
    expect(response.complete).toBe(true)
  })

  test.each(['data', 'end'])(
    'a listener of %s that throws does not keep the request from its close',
    async (event) => {
      const body = async function* (): AsyncGenerator<string> {
        for (let i = 0; i < 20; i++) {
          yield 'x'.repeat(20_000)
          await turns(1)
        }
      }
      const pair = new Pair(() => ({ body: body() }))
      const request = pair.request()
      request.end()
      const response = await answered(request)
      const over = closed(request)
      response.on('data', () => {})
      response.once(event, () => {
        throw new Error('mine')
      })
      await over
      expect(uncaught.splice(0)).toEqual([expect.objectContaining({ message: 'mine' })])
      expect(response.complete).toBe(true)
      expect(pair.open).toBe(0)
    },
  )
})

describe('silence', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('a limit that a caller puts on the socket or the response is no event of the request', async () => {
    const request = stalling().request()
    request.end()
    const response = await answered(request)
    const { socket } = response
    const seen = record({ request, response, socket }, 'timeout')
    socket.setTimeout(50)
    vi.advanceTimersByTime(50)
    response.setTimeout(50)
    vi.advanceTimersByTime(50)
    expect(seen.filter((event) => event === 'request timeout')).toEqual([])
    expect(seen).toHaveLength(4)
    request.destroy()
    response.on('error', () => {})
    await turns()
  })

  test('the limit is a property, and clearTimeout() ends it', async () => {
    const request = stalling().request({ timeout: 50 })
    const seen = record({ request }, 'timeout')
    expect(request.timeout).toBe(50)
    request.clearTimeout()
    vi.advanceTimersByTime(500)
    expect(seen).toEqual([])
    expect(request.timeout).toBe(0)
    request.on('error', () => {}).destroy()
    await turns()
  })
})

describe('values', () => {
  test('a response is an http.IncomingMessage, with headers that are plain objects', async () => {
    const pair = new Pair(() => ({
      headers: [
        ['constructor', 'a'],
        ['x-own', 'b'],
      ],
      body: 'x',
    }))
    const { response } = await pair.exchange()
    expect(response).toBeInstanceOf(http.IncomingMessage)
    expect(Object.prototype.isPrototypeOf.call(Object.prototype, response.headers)).toBe(true)
    expect(response.headers).toMatchObject({ constructor: 'a', 'x-own': 'b' })
    expect(Object.prototype.isPrototypeOf.call(Object.prototype, response.trailers)).toBe(true)
    response.trailers = { a: 'b' }
    expect(response.trailers).toEqual({ a: 'b' })
  })

  test('a header that is written as a list has no authorization but its own', async () => {
    const pair = echo()
    await pair.exchange({ auth: 'a:b', headers: ['x-own', 'c'] as never })
    const headers = pair.origin.requests[0]!.headers
    expect([headers.get('authorization'), headers.get('x-own')]).toEqual([null, 'c'])
  })

  const agent = new Pair(() => ({})).agent
  test.each([
    ['a port of letters', () => send({ agent, port: 'x' }), 'ERR_SOCKET_BAD_PORT'],
    ['a port too large', () => send('https://a.test', { agent, port: 70_000 }), 'ERR_SOCKET_BAD_PORT'],
    ['a signal that is none', () => send({ agent, signal: {} as AbortSignal }), 'ERR_INVALID_ARG_TYPE'],
    [
      'a name that is none',
      () =>
        echo()
          .request()
          .getHeader(1 as never),
      'ERR_INVALID_ARG_TYPE',
    ],
    [
      'headers that are none',
      () =>
        echo()
          .request()
          .setHeaders({} as never),
      'ERR_INVALID_ARG_TYPE',
    ],
  ])('%s throws with the code of node:https', (_what, run, code) => {
    expect(run).toThrow(expect.objectContaining({ code }))
  })

  test('no options at all are those of a request to this machine', () => {
    const request = send(undefined as never, { agent } as never)
    expect(request.host).toBe('localhost')
    request.on('error', () => {}).destroy()
  })
})

test.each([
  ['lookup', new TypeError('my lookup'), 'H2_CONNECT'],
  ['checkServerIdentity', new Error('my verdict'), 'H2_TLS'],
])('an error of a %s of the caller is shown as it is', async (_what, error, code) => {
  const { toNodeError } = await import('../../src/adapters/https/node-error.ts')
  const { H2Error } = await import('../../src/index.ts')
  const failed = new H2Error('failed', {
    code: code as H2ErrorCode,
    scope: 'transport',
    initiator: 'local',
    errorCode: 2,
    errorName: 'INTERNAL_ERROR',
    processed: 'no',
    cause: error,
  })
  expect(toNodeError(failed)).toBe(error)
})
