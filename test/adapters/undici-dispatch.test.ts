import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  type DispatchOptions,
  HyperDispatcher,
  type HyperDispatcherOptions,
} from '../../src/adapters/undici.ts'
import { MemoryOrigin, type OriginHandler, type OriginRequest } from '../../src/testing/index.ts'
import { settled, VirtualClock } from '../support/virtual-clock.ts'
import { type Behaviour, GENERATIONS, type Generation, Recorder } from './recorder.ts'

const GET = { origin: 'https://a.test', path: '/', method: 'GET' } as const

const unhandled: unknown[] = []
const note = (error: unknown): void => void unhandled.push(error)
process.on('unhandledRejection', note)
process.on('uncaughtException', note)

/** A dispatcher over an origin in memory. */
class Bench {
  readonly origin: MemoryOrigin
  readonly clock = new VirtualClock()
  readonly dispatcher: HyperDispatcher

  constructor(handler: OriginHandler, options: HyperDispatcherOptions = {}) {
    this.origin = new MemoryOrigin(handler)
    this.dispatcher = new HyperDispatcher({
      transport: this.origin.dial,
      clock: this.clock,
      keepAlive: false,
      ...options,
    })
  }

  send(generation: Generation, behaviour?: Behaviour, options: Partial<DispatchOptions> = {}): Recorder {
    const recorder = new Recorder(generation, behaviour)
    this.dispatcher.dispatch({ ...GET, ...options }, recorder.handler)
    return recorder
  }

  /** Nothing is open, and nothing waits. */
  async quiet(): Promise<void> {
    await settled()
    expect(this.dispatcher.stats).toMatchObject({ open: 0, waiting: 0 })
  }
}

async function* never(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  yield Buffer.from('part')
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
}

afterEach(() => {
  expect(unhandled).toEqual([])
})

describe.each(GENERATIONS)('a handler of the %s generation', (generation) => {
  test('is told start, head, data and end, in this order', async () => {
    const bench = new Bench(() => ({
      status: 201,
      headers: [
        ['x-a', '1'],
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
        ['set-cookie', 'c=3'],
      ],
      body: 'content',
      trailers: { 'x-end': 'yes' },
    }))
    const told = bench.send(generation)
    expect(told.calls).toEqual(['start'])
    await told.over
    expect(told.calls).toEqual(['start', 'head', 'data', 'end'])
    expect(told.heads[0]!.status).toBe(201)
    expect(told.heads[0]!.fields.slice(0, 4)).toEqual([
      ['x-a', '1'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['set-cookie', 'c=3'],
    ])
    expect(told.text).toBe('content')
    expect(Buffer.isBuffer(told.chunks[0])).toBe(true)
    expect(told.trailers).toEqual([['x-end', 'yes']])
    await bench.quiet()
  })

  test('has a response without content ended at once', async () => {
    const told = new Bench(() => ({ status: 204 })).send(generation)
    await told.over
    expect(told.calls).toEqual(['start', 'head', 'end'])
    expect(told.trailers).toEqual([])
  })

  test.each<[string, Partial<DispatchOptions>, HyperDispatcherOptions, string[]]>([
    ['not told of by default', {}, {}, ['start', 'head', 'end']],
    ['told of to whom has onInfo', { onInfo() {} }, {}, ['start', 'informational', 'head', 'end']],
    [
      'told of to everybody with informational',
      {},
      { informational: true },
      ['start', 'informational', 'head', 'end'],
    ],
  ])('informational responses are %s', async (_, options, own, calls) => {
    const bench = new Bench((request) => {
      request.inform(103, { link: '</a>' })
      return { status: 204 }
    }, own)
    const told = bench.send(generation, {}, options)
    await told.over
    expect(told.calls).toEqual(calls)
    if (calls.includes('informational'))
      expect(told.heads[0]).toEqual({ status: 103, fields: [['link', '</a>']] })
  })

  test('that pauses is given nothing until it resumes, and holds the peer back', async () => {
    let sent = 0
    const bench = new Bench(
      () => ({
        body: (async function* () {
          for (; sent < 400; sent++) yield new Uint8Array(65_536)
        })(),
      }),
      { settings: { initialWindowSize: 65_535 } },
    )
    let paused = true
    const told = bench.send(generation, { onData: () => !paused })
    await settled()
    const { length } = told.chunks
    expect(length).toBe(1)
    await settled()
    expect(told.chunks).toHaveLength(1)
    expect(sent).toBeLessThan(100)
    paused = false
    told.steer.resume()
    await told.over
    expect(told.chunks.reduce((sum, chunk) => sum + chunk.length, 0)).toBe(400 * 65_536)
    expect(told.calls.at(-1)).toBe('end')
  })

  test.each<[string, Behaviour, string[]]>([
    ['at its start', { onStart: (abort) => abort(new Error('mine')) }, ['start', 'error']],
    ['at the head', { onHead: ({ abort }) => abort(new Error('mine')) }, ['start', 'head', 'error']],
    [
      'in the content',
      {
        onData: (_, steer) => {
          steer.abort(new Error('mine'))
          return undefined
        },
      },
      ['start', 'head', 'data', 'error'],
    ],
  ])('that aborts %s is told its own reason, once, and nothing else', async (_, behaviour, calls) => {
    const bench = new Bench((request) => ({ body: never(request.signal) }))
    const told = bench.send(generation, bound(behaviour))
    expect(await told.over).toBe('error')
    await bench.quiet()
    expect(told.calls).toEqual(calls)
    expect(told.error.message).toBe('mine')
    expect(bench.origin.requests.every(({ signal }) => signal.aborted)).toBe(true)
  })

  test('that aborts before the response has its stream reset', async () => {
    let asked: OriginRequest | undefined
    const bench = new Bench((request) => {
      asked = request
      return new Promise(() => {})
    })
    const told = bench.send(generation)
    await settled()
    told.steer.abort()
    expect(told.calls).toEqual(['start', 'error'])
    expect(told.error).toMatchObject({ code: 'UND_ERR_ABORTED', name: 'AbortError' })
    expect(Reflect.get(told.error, Symbol.for('undici.error.UND_ERR_ABORT'))).toBe(true)
    await bench.quiet()
    expect(asked!.signal.aborted).toBe(true)
  })

  test('that aborts while it waits for a connection leaves nothing behind', async () => {
    const bench = new Bench(() => ({}), { transport: () => new Promise(() => {}) })
    const told = bench.send(generation)
    told.steer.abort(new Error('mine'))
    expect(told.calls).toEqual(['start', 'error'])
    await bench.quiet()
  })

  test('that aborts after the end changes nothing', async () => {
    const told = new Bench(() => ({ body: 'x' })).send(generation)
    await told.over
    told.steer.abort(new Error('late'))
    expect(told.calls).toEqual(['start', 'head', 'data', 'end'])
  })

  test.each<[string, Behaviour, string[]]>([
    ['start', { onStart: thrower }, ['start', 'error']],
    ['head', { onHead: thrower }, ['start', 'head', 'error']],
    ['data', { onData: thrower }, ['start', 'head', 'data', 'error']],
    ['end', { onEnd: thrower }, ['start', 'head', 'data', 'end', 'error']],
  ])('that throws at %s is told its own error, and harms nobody else', async (_, behaviour, calls) => {
    const bench = new Bench(() => ({ body: 'x' }))
    const other = bench.send(generation)
    const told = bench.send(generation, behaviour)
    await Promise.all([told.over, other.over])
    expect(told.calls).toEqual(calls)
    expect(told.error.message).toBe('thrown by the handler')
    expect(other.calls.at(-1)).toBe('end')
    await bench.quiet()
    expect(bench.origin.connectionsMade).toBe(1)
  })

  test('that throws when it is told of an error is reported to who listens for that', async () => {
    const bench = new Bench(() => ({}))
    const heard = vi.fn()
    const abort = { onStart: (stop: () => void) => stop(), onError: thrower }
    bench.dispatcher.on('error', heard)
    bench.send(generation, abort)
    expect(heard).toHaveBeenCalledTimes(1)
    expect(heard.mock.calls[0]![0]).toMatchObject({ message: 'thrown by the handler' })
  })

  test('that throws when it is told of an error, and nobody listens: it is caught by nobody', async () => {
    const bench = new Bench(() => ({ body: 'content' }))
    const harmless = bench.send(generation)
    bench.send(generation, { onStart: (stop: () => void) => stop(), onError: thrower })
    await harmless.over
    expect(harmless.text).toBe('content')
    await new Promise((resolve) => setImmediate(resolve))
    expect(unhandled.splice(0)).toMatchObject([{ message: 'thrown by the handler' }])
  })

  test('that pauses and resumes while it is told of the head is given the content, once', async () => {
    const bench = new Bench(() => ({ body: 'content' }))
    const told = bench.send(generation, {
      onHead: (steer) => {
        ;(steer as { pause?: () => void }).pause?.()
        steer.resume()
      },
    })
    expect(await told.over).toBe('end')
    expect(told.calls).toEqual(['start', 'head', 'data', 'end'])
    expect(told.text).toBe('content')
  })

  test('that pauses and resumes while it is told of content is given the rest', async () => {
    const bench = new Bench(() => ({ body: pieces() }))
    const told = bench.send(generation, {
      onData: (_chunk, steer) => {
        ;(steer as { pause?: () => void }).pause?.()
        steer.resume()
        return true
      },
    })
    expect(await told.over).toBe('end')
    expect(told.text).toBe('abc')
  })

  test('is told of a body that breaks off behind what arrived', async () => {
    const bench = new Bench(() => ({
      body: (async function* () {
        yield 'part'
        throw new Error('broken')
      })(),
    }))
    const told = bench.send(generation)
    expect(await told.over).toBe('error')
    expect(told.calls).toEqual(['start', 'head', 'data', 'error'])
    expect(told.text).toBe('part')
    expect(told.error).toMatchObject({ code: 'UND_ERR_INFO', http2ErrorCode: 2 })
  })

  test.each<[string, OriginHandler, Partial<DispatchOptions>, string]>([
    ['headersTimeout', () => new Promise(() => {}), { headersTimeout: 100 }, 'UND_ERR_HEADERS_TIMEOUT'],
    ['bodyTimeout', ({ signal }) => ({ body: never(signal) }), { bodyTimeout: 100 }, 'UND_ERR_BODY_TIMEOUT'],
  ])('%s', async (_, handler, options, code) => {
    const bench = new Bench(handler)
    const told = bench.send(generation, {}, options)
    await bench.clock.advance(99)
    expect(told.errors).toEqual([])
    await bench.clock.advance(1)
    expect(told.error.code).toBe(code)
    await bench.quiet()
  })

  test('by default waits five minutes, as undici does', async () => {
    const bench = new Bench(() => new Promise(() => {}))
    const told = bench.send(generation)
    await bench.clock.advance(299_999)
    expect(told.errors).toEqual([])
    await bench.clock.advance(1)
    expect(told.error.code).toBe('UND_ERR_HEADERS_TIMEOUT')
  })

  test('that is paused is told of the end when it resumes, and of a failure at once', async () => {
    let fail: (() => void) | undefined
    const bench = new Bench(({ path }) => ({
      body: (async function* () {
        yield 'part'
        if (path === '/') return
        await new Promise<void>((resolve) => {
          fail = resolve
        })
        throw new Error('broken')
      })(),
    }))
    const whole = bench.send(generation, { onData: () => false })
    const broken = bench.send(generation, { onData: () => false }, { path: '/broken' })
    await settled()
    expect(whole.calls).toEqual(['start', 'head', 'data'])
    whole.steer.resume()
    expect(whole.calls).toEqual(['start', 'head', 'data', 'end'])
    fail!()
    await settled()
    expect(broken.calls).toEqual(['start', 'head', 'data', 'error'])
  })
})

/** Methods of a steer that is taken apart need not know their object. */
function bound(behaviour: Behaviour): Behaviour {
  const { onHead } = behaviour
  if (onHead === undefined) return behaviour
  return {
    ...behaviour,
    onHead: (steer) => onHead({ abort: (reason) => steer.abort(reason), resume: () => steer.resume() }),
  }
}

async function* pieces(): AsyncGenerator<string> {
  for (const piece of 'abc') {
    await settled()
    yield piece
  }
}

function thrower(): never {
  throw new Error('thrown by the handler')
}

test('a controller of the new generation tells its state', async () => {
  const bench = new Bench((request) => ({ body: never(request.signal) }))
  const told = bench.send('new')
  const controller = told.controller!
  expect(controller).toMatchObject({ aborted: false, paused: false, reason: null })
  controller.pause()
  expect(controller.paused).toBe(true)
  await settled()
  // Paused before the head: it is told, and no data.
  expect(told.calls).toEqual(['start', 'head'])
  controller.resume()
  expect(controller.paused).toBe(false)
  expect(told.calls).toEqual(['start', 'head', 'data'])
  controller.abort(new Error('mine'))
  expect(controller).toMatchObject({ aborted: true, reason: { message: 'mine' } })
})
