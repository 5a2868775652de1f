import { describe, expect, test } from 'vitest'
import { HyperDispatcher, type HyperDispatcherOptions } from '../../src/adapters/undici.ts'
import { H2Error } from '../../src/index.ts'
import { data, goaway, headers, MemoryOrigin, rstStream, ScriptedPeer } from '../../src/testing/index.ts'
import type { Dial } from '../../src/testing/transport-shape.ts'
import { settled, VirtualClock } from '../support/virtual-clock.ts'
import { GENERATIONS, Recorder } from './recorder.ts'

async function* stalling(signal: AbortSignal): AsyncGenerator<string> {
  yield 'part'
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
}

const GET = { origin: 'https://a.test', path: '/', method: 'GET' } as const

/** What a handler is told if the peer behaves so. */
async function toldOf(
  script: (peer: ScriptedPeer) => void,
  options: HyperDispatcherOptions = {},
  peer = new ScriptedPeer(),
) {
  const dispatcher = new HyperDispatcher({ transport: peer.dial, retry: false, ...options })
  const told = new Recorder('new')
  dispatcher.dispatch(GET, told.handler)
  await peer.expect(headers(1).get('/'))
  script(peer)
  await told.over
  await dispatcher.destroy()
  return told
}

describe('failures have undici’s codes', () => {
  test.each<[string, (peer: ScriptedPeer) => void, object]>([
    [
      'a reset',
      (peer) => peer.send(rstStream(1, 0xb)),
      {
        code: 'UND_ERR_INFO',
        name: 'InformationalError',
        http2ErrorCode: 0xb,
        message: 'HTTP/2: "stream error" received - code 11',
      },
    ],
    [
      'a reset that says nothing',
      (peer) => peer.send(rstStream(1, 0)),
      { code: 'UND_ERR_INFO', message: 'HTTP/2: stream half-closed (remote)' },
    ],
    [
      'a reset that cancels',
      (peer) => peer.send(rstStream(1, 8)),
      { code: 'UND_ERR_INFO', message: 'HTTP/2: stream closed before the response was complete' },
    ],
    ['a refusal', (peer) => peer.send(rstStream(1, 7)), { code: 'UND_ERR_INFO', http2ErrorCode: 7 }],
    [
      'GOAWAY with an error',
      (peer) => peer.send(goaway(0, 0xb)),
      {
        code: 'UND_ERR_SOCKET',
        http2ErrorCode: 0xb,
        message: 'HTTP/2: "GOAWAY" frame received with code 11',
      },
    ],
    ['a cut', (peer) => peer.cut(), { code: 'UND_ERR_SOCKET', name: 'SocketError' }],
    ['an end', (peer) => peer.end(), { code: 'UND_ERR_SOCKET', message: 'other side closed' }],
    [
      'less content than content-length',
      (peer) => peer.send(headers(1).status(200).field('content-length', '5'), data(1, 'abc').endStream()),
      { code: 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH', name: 'ResponseContentLengthMismatchError' },
    ],
    [
      'more content than content-length',
      (peer) => peer.send(headers(1).status(200).field('content-length', '2'), data(1, 'abc').endStream()),
      { code: 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' },
    ],
    [
      'a malformed response',
      (peer) => peer.send(headers(1).field('x', 'y').endStream()),
      { code: 'UND_ERR_SOCKET' },
    ],
  ])('%s', async (_, script, error) => {
    const told = await toldOf(script)
    expect(told.error).toMatchObject(error)
    expect(told.error.cause).toBeInstanceOf(H2Error)
    expect(told.errors).toHaveLength(1)
  })

  test('of classes that any undici knows as its own', async () => {
    const told = await toldOf((peer) => peer.send(rstStream(1, 2)))
    const marks = ['UND_ERR', 'UND_ERR_INFO', 'UND_ERR_SOCKET'].map((code) =>
      Symbol.for(`undici.error.${code}`),
    )
    expect(marks.map((mark) => (told.error as unknown as Record<symbol, unknown>)[mark])).toEqual([
      true,
      true,
      undefined,
    ])
  })

  test('a head and a reset in one read: the failure is told when callers have made a body of the head', async () => {
    const peer = new ScriptedPeer()
    const dispatcher = new HyperDispatcher({ transport: peer.dial, retry: false })
    let made = false
    const told = new Recorder('new', {
      // As `fetch` does: several promises later.
      onHead: () =>
        void Array.from({ length: 50 })
          .reduce<Promise<void>>((before) => before.then(), Promise.resolve())
          .then(() => {
            made = true
          }),
      onError: () => expect(made).toBe(true),
    })
    dispatcher.dispatch(GET, told.handler)
    await peer.expect(headers(1).get('/'))
    peer.send(headers(1).status(200), data(1, 'part'), rstStream(1, 2))
    await told.over
    expect(told.calls).toEqual(['start', 'head', 'data', 'error'])
    expect(told.error).toMatchObject({ code: 'UND_ERR_INFO', http2ErrorCode: 2 })
    await dispatcher.destroy()
  })

  test('a cut that the system has a code for: its error', async () => {
    const broken = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
    const peer = new ScriptedPeer()
    let breakIt: (() => void) | undefined
    const transport: Dial = async (...asked) => {
      const made = await peer.dial(...asked)
      const start = made.start.bind(made)
      made.start = (handler) => {
        breakIt = () => handler.onClosed(broken)
        start(handler)
      }
      return made
    }
    const told = await toldOf(() => breakIt!(), { transport }, peer)
    expect(told.error).toBe(broken)
  })

  test('limits of time, in undici’s words', async () => {
    const clock = new VirtualClock()
    const memory = new MemoryOrigin(({ path, signal }) =>
      path === '/' ? new Promise(() => {}) : { body: stalling(signal) },
    )
    const dispatcher = new HyperDispatcher({ transport: memory.dial, clock, timeouts: { bodyIdle: 70 } })
    const head = new Recorder('new')
    const body = new Recorder('new')
    dispatcher.dispatch({ ...GET, headersTimeout: 50 }, head.handler)
    dispatcher.dispatch({ ...GET, path: '/stalls' }, body.handler)
    await clock.advance(100)
    expect(head.error.message).toBe('HTTP/2: "headers timeout after 50"')
    expect(body.error.message).toBe('HTTP/2: "stream timeout after 70"')
    await dispatcher.destroy()
  })

  test.each<[string, string, HyperDispatcherOptions['timeouts'], number, string]>([
    ['the wait for a stream', 'https://a.test', { queue: 50 }, 50, 'UND_ERR_HEADERS_TIMEOUT'],
    ['all of it', 'https://b.test', { total: 50 }, 50, 'UND_ERR_HEADERS_TIMEOUT'],
  ])('a limit of %s', async (_, origin, timeouts, ms, code) => {
    const clock = new VirtualClock()
    const memory = new MemoryOrigin(() => new Promise(() => {}), { maxConcurrentStreams: 1 })
    const dispatcher = new HyperDispatcher({
      transport: memory.dial,
      clock,
      timeouts,
      maxConnectionsPerOrigin: 1,
    })
    const first = new Recorder('new')
    const second = new Recorder('new')
    dispatcher.dispatch({ ...GET, origin }, first.handler)
    dispatcher.dispatch({ ...GET, origin }, second.handler)
    await clock.advance(ms)
    expect(second.error.code).toBe(code)
    await dispatcher.destroy()
  })

  test.each<[string, Error & { code?: string }]>([
    ['ECONNREFUSED', Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })],
    ['ENOTFOUND', Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })],
  ])('what the system says of a dial is passed on: %s', async (code, cause) => {
    const dispatcher = new HyperDispatcher({ transport: () => Promise.reject(cause), retry: false })
    const told = new Recorder('legacy')
    dispatcher.dispatch(GET, told.handler)
    await told.over
    expect(told.error).toBe(cause)
    expect(told.error.code).toBe(code)
    await dispatcher.destroy()
  })

  test('a time-out of a dial', async () => {
    const clock = new VirtualClock()
    const timeout = new H2Error('connect to a.test failed: no answer in 5 ms', {
      code: 'H2_TIMEOUT_CONNECT',
      scope: 'transport',
      initiator: 'local',
      errorCode: 2,
      errorName: 'INTERNAL_ERROR',
    })
    const dispatcher = new HyperDispatcher({ transport: () => Promise.reject(timeout), clock })
    const told = new Recorder('new')
    dispatcher.dispatch(GET, told.handler)
    await told.over
    expect(told.error).toMatchObject({ code: 'UND_ERR_CONNECT_TIMEOUT', name: 'ConnectTimeoutError' })
    await dispatcher.destroy()
  })
})

describe.each(GENERATIONS)('close and destroy, a handler of the %s generation', (generation) => {
  test('after close: UND_ERR_CLOSED; what is open is finished first', async () => {
    let answer: (() => void) | undefined
    const origin = new MemoryOrigin(async () => {
      await new Promise<void>((resolve) => {
        answer = resolve
      })
      return { body: 'late' }
    })
    const dispatcher = new HyperDispatcher({ transport: origin.dial })
    const told = new Recorder(generation)
    dispatcher.dispatch(GET, told.handler)
    await settled()
    const closed = dispatcher.close()
    expect(dispatcher.closed).toBe(true)
    const refused = new Recorder(generation)
    expect(dispatcher.dispatch(GET, refused.handler)).toBe(false)
    expect(refused.calls).toEqual(['error'])
    expect(refused.error).toMatchObject({ code: 'UND_ERR_CLOSED', name: 'ClientClosedError' })
    answer!()
    expect(dispatcher.destroyed).toBe(false)
    await closed
    expect(dispatcher.destroyed).toBe(true)
    expect(told.text).toBe('late')
  })

  test('destroy: whatever is open is told, paused or not, and then UND_ERR_DESTROYED', async () => {
    const origin = new MemoryOrigin(({ path }) =>
      path === '/' ? new Promise(() => {}) : { body: 'x'.repeat(300_000) },
    )
    const dispatcher = new HyperDispatcher({ transport: origin.dial })
    const waiting = new Recorder(generation)
    const paused = new Recorder(generation, { onData: () => false })
    dispatcher.dispatch(GET, waiting.handler)
    dispatcher.dispatch({ ...GET, path: '/paused' }, paused.handler)
    await settled()
    await dispatcher.destroy(new Error('mine'))
    expect(dispatcher.destroyed).toBe(true)
    expect(waiting.error.message).toBe('mine')
    expect(paused.error.message).toBe('mine')
    const refused = new Recorder(generation)
    dispatcher.dispatch(GET, refused.handler)
    expect(refused.error.code).toBe('UND_ERR_DESTROYED')
  })
})

test('callbacks in place of promises, as undici has them', async () => {
  const dispatcher = new HyperDispatcher()
  const order: string[] = []
  await new Promise<void>((resolve) => {
    dispatcher.close((error) => {
      order.push(`closed ${error}`)
      dispatcher.destroy(new Error('x'), (error) => {
        order.push(`destroyed ${error}`)
        dispatcher.destroy(() => resolve())
      })
    })
  })
  expect(order).toEqual(['closed null', 'destroyed null'])
  expect(() => dispatcher.close(7 as never)).toThrow(expect.objectContaining({ code: 'UND_ERR_INVALID_ARG' }))
  expect(() => dispatcher.destroy(null, 7 as never)).toThrow(
    expect.objectContaining({ code: 'UND_ERR_INVALID_ARG' }),
  )
})

test('close after destroy rejects', async () => {
  const dispatcher = new HyperDispatcher()
  await dispatcher.destroy()
  await expect(dispatcher.close()).rejects.toMatchObject({ code: 'UND_ERR_DESTROYED' })
})

test.each<[string, object, RegExp]>([
  ['an unknown one', { pipelining: 10 }, /pipelining is not an option/],
  ['decompress', { decompress: true }, /decompress must be false/],
  ['fallback', { fallback: {} }, /fallback must be a dispatcher/],
])('an option that is wrong throws TypeError: %s', (_, options, message) => {
  expect(() => new HyperDispatcher(options)).toThrow(message)
})
