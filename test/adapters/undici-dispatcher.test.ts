import { describe, expect, test, vi } from 'vitest'
import {
  type DispatchHandler,
  HyperDispatcher,
  type HyperDispatcherOptions,
  type Interceptor,
  installGlobal,
  type LegacyHandler,
  type NewHandler,
} from '../../src/adapters/undici.ts'
import { MemoryOrigin, type OriginHandler } from '../../src/testing/index.ts'
import { settled } from '../support/virtual-clock.ts'
import { GENERATIONS, Recorder } from './recorder.ts'

const GET = { origin: 'https://a.test', path: '/', method: 'GET' } as const

function made(handler: OriginHandler = () => ({ body: 'x' }), options: HyperDispatcherOptions = {}) {
  const origin = new MemoryOrigin(handler)
  return { origin, dispatcher: new HyperDispatcher({ transport: origin.dial, ...options }) }
}

describe('drain', () => {
  test('dispatch returns false at 100 unanswered requests a connection, and says when there are half as many', async () => {
    const answers: (() => void)[] = []
    const { dispatcher } = made(
      async () => {
        await new Promise<void>((resolve) => answers.push(resolve))
        return { status: 204 }
      },
      { maxConnectionsPerOrigin: 1 },
    )
    const drained = vi.fn()
    dispatcher.on('drain', drained)
    const taken = Array.from({ length: 101 }, () => dispatcher.dispatch(GET, new Recorder('new').handler))
    expect(taken.slice(0, 99).every(Boolean)).toBe(true)
    expect(taken.slice(99)).toEqual([false, false])
    // Of another origin there may be as many.
    expect(dispatcher.dispatch({ ...GET, origin: 'https://b.test' }, new Recorder('new').handler)).toBe(true)
    await settled()
    for (const answer of answers.slice(0, 50)) answer()
    await settled()
    expect(drained).not.toHaveBeenCalled()
    answers[50]!()
    await settled()
    expect(drained).toHaveBeenCalledTimes(1)
    expect(drained.mock.calls[0]).toEqual([new URL('https://a.test'), [dispatcher]])
    expect(dispatcher.dispatch(GET, new Recorder('new').handler)).toBe(true)
    await dispatcher.destroy()
  })
})

describe('compose', () => {
  const idle: Interceptor = (dispatch) => (options, handler) => dispatch(options, handler)

  test.each(GENERATIONS)(
    'interceptors of either generation see a handler of the %s one',
    async (generation) => {
      const { dispatcher } = made(() => ({
        headers: [
          ['set-cookie', 'a'],
          ['set-cookie', 'b'],
        ],
        body: 'content',
        trailers: { t: 'v' },
      }))
      const seen: string[] = []
      const fresh: Interceptor = (dispatch) => (options, handler) => {
        const to = handler as NewHandler
        return dispatch(options, {
          onRequestStart: (...args) => to.onRequestStart(...args),
          onResponseStart: (controller, status, headers) => {
            seen.push('new')
            to.onResponseStart?.(controller, status, headers)
          },
          onResponseData: (...args) => to.onResponseData?.(...args),
          onResponseEnd: (...args) => to.onResponseEnd?.(...args),
          onResponseError: (...args) => to.onResponseError?.(...args),
        })
      }
      const told = new Recorder(generation)
      dispatcher.compose(fresh, null, [idle]).dispatch(GET, told.handler)
      await told.over
      expect(told.calls).toEqual(['start', 'head', 'data', 'end'])
      expect(told.heads[0]!.fields.slice(0, 2)).toEqual([
        ['set-cookie', 'a'],
        ['set-cookie', 'b'],
      ])
      expect(told.trailers).toEqual([['t', 'v']])
      expect(seen).toEqual(['new'])
      await dispatcher.close()
    },
  )

  test('an interceptor of undici 6 sees a legacy handler', async () => {
    const { dispatcher } = made()
    const old: Interceptor = (dispatch) => (options, handler) => {
      const to = handler as unknown as Record<string, (...args: unknown[]) => unknown>
      const passed = ['onConnect', 'onHeaders', 'onData', 'onComplete', 'onError'].map(
        (name) => [name, (...args: unknown[]) => to[name]!(...args)] as const,
      )
      return dispatch(options, Object.fromEntries(passed) as DispatchHandler)
    }
    const told = new Recorder('legacy')
    dispatcher.compose(old).dispatch(GET, told.handler)
    await told.over
    expect(told.calls).toEqual(['start', 'head', 'data', 'end'])
    await dispatcher.close()
  })

  test('a legacy handler behind an interceptor pauses, but not at an informational response', async () => {
    const { dispatcher } = made((request) => {
      request.inform(103)
      return { body: 'content' }
    })
    const told = new Recorder('legacy', { onData: () => false })
    dispatcher.compose(idle).dispatch({ ...GET, onInfo() {} }, told.handler)
    await settled()
    expect(told.calls).toEqual(['start', 'informational', 'head', 'data'])
    told.steer.resume()
    expect(told.calls.at(-1)).toBe('end')
    const held = new Recorder('legacy')
    const handler = held.handler as LegacyHandler
    const onHeaders = handler.onHeaders!
    handler.onHeaders = (...args) => {
      onHeaders(...args)
      return false
    }
    dispatcher.compose(idle).dispatch(GET, handler)
    await settled()
    expect(held.calls).toEqual(['start', 'head'])
    held.steer.resume()
    expect(held.calls).toEqual(['start', 'head', 'data', 'end'])
    await dispatcher.close()
  })

  test('the last interceptor is the first to see a request; composed ones compose', async () => {
    const { dispatcher, origin } = made()
    const named =
      (name: string): Interceptor =>
      (dispatch) =>
      (options, handler) =>
        dispatch({ ...options, path: `${options.path}${name}` }, handler)
    const told = new Recorder('new')
    const composed = dispatcher.compose(named('a'), named('b')).compose(named('c'))
    composed.dispatch(GET, told.handler)
    await told.over
    expect(origin.requests[0]!.path).toBe('/cba')
    expect(composed).toBeInstanceOf(HyperDispatcher)
    expect(composed.isMockActive).toBe(false)
    await composed.close()
    expect(dispatcher.closed).toBe(true)
    expect(composed.closed).toBe(true)
  })

  test.each<[string, unknown]>([
    ['no function', 7],
    ['of one that takes no two arguments', () => (): boolean => true],
    ['of one that makes nothing', () => undefined],
  ])('what is %s throws TypeError', (_, interceptor) => {
    expect(() => made().dispatcher.compose(interceptor as Interceptor)).toThrow(TypeError)
  })
})

test('a dispatcher that is closed is destroyed: more of anything is refused so', async () => {
  const { dispatcher } = made()
  const [first, second] = [dispatcher.close(), dispatcher.close()]
  await Promise.all([first, second])
  await expect(dispatcher.close()).rejects.toMatchObject({ code: 'UND_ERR_DESTROYED' })
  const told = new Recorder('new')
  dispatcher.dispatch(GET, told.handler)
  expect(told.error.code).toBe('UND_ERR_DESTROYED')
  await dispatcher.destroy()
  await dispatcher[Symbol.asyncDispose]()
})

describe('what undici reads of a dispatcher', () => {
  test('limits of WebSocket and EventSource', () => {
    const { dispatcher } = made()
    expect(dispatcher.webSocketOptions).toEqual({ maxFragments: 131_072, maxPayloadSize: 134_217_728 })
    expect(dispatcher.eventSourceOptions).toEqual({ maxEventSize: 536_870_888 })
    const own = made(undefined, {
      webSocket: { maxPayloadSize: 5 },
      eventSource: { maxEventSize: 6 },
    }).dispatcher
    expect(own.webSocketOptions).toEqual({ maxFragments: 131_072, maxPayloadSize: 5 })
    expect(own.eventSourceOptions).toEqual({ maxEventSize: 6 })
  })

  test('events of connections, with the origin and the dispatcher', async () => {
    const { dispatcher, origin } = made()
    const heard: unknown[] = []
    for (const name of ['connect', 'disconnect'] as const) {
      dispatcher.on(name, (url: URL, targets: unknown[]) =>
        heard.push([name, url.href, targets[0] === dispatcher]),
      )
    }
    const told = new Recorder('new')
    dispatcher.dispatch(GET, told.handler)
    await told.over
    origin.destroy()
    await settled()
    expect(heard).toEqual([
      ['connect', 'https://a.test/', true],
      ['disconnect', 'https://a.test/', true],
    ])
    await dispatcher.close()
  })

  test('connectionError', async () => {
    const refused = Object.assign(new Error('no'), { code: 'ECONNREFUSED' })
    const { dispatcher } = made(undefined, { transport: () => Promise.reject(refused), retry: false })
    const heard = vi.fn()
    dispatcher.on('connectionError', heard)
    const told = new Recorder('new')
    dispatcher.dispatch(GET, told.handler)
    await told.over
    expect(heard.mock.calls[0]![2]).toBe(refused)
    // An origin without a connection and without requests is forgotten: those of others are not ours.
    dispatcher.on('connect', heard)
    const other = made()
    const well = new Recorder('new')
    other.dispatcher.dispatch(GET, well.handler)
    await well.over
    expect(heard).toHaveBeenCalledTimes(1)
    await other.dispatcher.destroy()
    await dispatcher.destroy()
  })
})

describe('installGlobal', () => {
  const SYMBOLS = [1, 2].map((generation) => Symbol.for(`undici.globalDispatcher.${generation}`))
  const globals = globalThis as unknown as Record<symbol, unknown>

  test('the runtime’s own fetch is ours until it is undone', async () => {
    const origin = new MemoryOrigin(async (request) => ({
      headers: { 'x-a': '1' },
      body: `${request.method} ${await request.text()}`,
    }))
    void globalThis.Response
    const before = SYMBOLS.map((symbol) => globals[symbol])
    const uninstall = installGlobal({ transport: origin.dial })
    for (const symbol of SYMBOLS) expect(globals[symbol]).toBeInstanceOf(HyperDispatcher)
    const response = await fetch('https://a.test/', { method: 'POST', body: 'from fetch' })
    expect(response.headers.get('x-a')).toBe('1')
    expect(await response.text()).toBe('POST from fetch')
    const closed = uninstall()
    expect(SYMBOLS.map((symbol) => globals[symbol])).toEqual(before)
    await closed
    await uninstall()
  })

  test('what somebody else has put there meanwhile stays', async () => {
    const before = SYMBOLS.map((symbol) => globals[symbol])
    const uninstall = installGlobal()
    const other = { dispatch() {} }
    Object.defineProperty(globalThis, SYMBOLS[0]!, { value: other, writable: true, configurable: false })
    await uninstall()
    expect(globals[SYMBOLS[0]!]).toBe(other)
    SYMBOLS.forEach((symbol, i) => {
      Object.defineProperty(globalThis, symbol, { value: before[i], writable: true, configurable: false })
    })
  })

  test.each(GENERATIONS)(
    'upgrades that HTTP/2 cannot make go to who was there before, %s generation',
    async (generation) => {
      const before = SYMBOLS.map((symbol) => globals[symbol])
      const asked = SYMBOLS.map(() => vi.fn(() => true))
      SYMBOLS.forEach((symbol, i) => {
        Object.defineProperty(globalThis, symbol, {
          value: { dispatch: asked[i] },
          writable: true,
          configurable: false,
        })
      })
      const uninstall = installGlobal()
      const { handler } = new Recorder(generation)
      ;(globals[SYMBOLS[0]!] as HyperDispatcher).dispatch(
        { ...GET, origin: 'http://a.test', upgrade: 'websocket' },
        handler,
      )
      expect(asked.map(({ mock }) => mock.calls.length)).toEqual(generation === 'legacy' ? [1, 0] : [0, 1])
      await uninstall()
      SYMBOLS.forEach((symbol, i) => {
        Object.defineProperty(globalThis, symbol, { value: before[i], writable: true, configurable: false })
      })
    },
  )
})
