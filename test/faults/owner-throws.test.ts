/**
 * Code of the owner's that throws: its own request ends, all others on the same
 * connection finish, and that connection goes on.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  Client,
  type ClientOptions,
  type ClientRequestInit,
  HTTP20Connection,
  HTTPConnection,
} from '../../src/index.ts'
import { WindowManager } from '../../src/protocol/index.ts'
import { MemoryOrigin, VirtualClock } from '../../src/testing/index.ts'

const PIECE = new Uint8Array(30_000)

/** Throws once, at the call with this number, from 1. */
class Fuse {
  #left: number

  constructor(at: number) {
    this.#left = at
  }

  /** The value, unless it is time. */
  pass<T>(value: T): T {
    this.#left -= 1
    if (this.#left === 0) throw new Error('of the owner')
    return value
  }
}

const echo = (): MemoryOrigin =>
  new MemoryOrigin(async (request) => {
    request.inform(103, { link: '</a>' })
    const length = (await request.bytes()).length
    return { headers: { 'set-cookie': 'a=b' }, body: new Uint8Array(length), trailers: { a: 'b' } }
  })

/** What one request is given that throws. */
const OF_REQUESTS: Record<string, (fuse: Fuse) => ClientRequestInit> = {
  'an asynchronous generator': (fuse) => ({
    body: (async function* () {
      for (let i = 0; i < 4; i++) yield fuse.pass(PIECE)
    })(),
  }),
  'an iterator, its return too': (fuse) => ({
    body: {
      [Symbol.iterator]: () => {
        let left = 4
        fuse.pass(undefined)
        return {
          next: () =>
            fuse.pass(left-- > 0 ? { done: false, value: PIECE } : { done: true, value: undefined }),
          return: () => fuse.pass({ done: true, value: undefined }),
        }
      },
    } as Iterable<Uint8Array>,
  }),
  'the pull of a stream': (fuse) => {
    let left = 4
    return {
      body: new ReadableStream({
        pull(controller) {
          fuse.pass(undefined)
          if (left-- > 0) controller.enqueue(PIECE)
          else controller.close()
        },
        cancel: () => fuse.pass(undefined),
      }),
    }
  },
  'a reader of its own making': (fuse) => ({
    body: {
      getReader() {
        fuse.pass(undefined)
        return {
          read: () => Promise.resolve(fuse.pass({ done: false, value: PIECE })),
          cancel: () => fuse.pass(undefined),
        }
      },
    } as unknown as ReadableStream,
  }),
  'a function for a body': (fuse) => ({ body: () => [fuse.pass(PIECE)] }),
  'a function for trailers': (fuse) => ({ body: PIECE, trailers: () => fuse.pass({ a: 'b' }) }),
  'a signal': (fuse) => {
    const listeners: (() => void)[] = []
    const signal = {
      aborted: false,
      get reason() {
        return fuse.pass('gone')
      },
      addEventListener: (_: string, listener: { handleEvent(): void }) => {
        fuse.pass(undefined)
        listeners.push(() => listener.handleEvent())
      },
      removeEventListener: () => fuse.pass(undefined),
    }
    setImmediate(() => {
      for (const listener of listeners) listener()
    })
    return { body: PIECE, signal: signal as unknown as AbortSignal }
  },
}

/** The same, for faces that call back. */
const OF_CLIENTS: typeof OF_REQUESTS = {
  onInformational: (fuse) => ({ body: PIECE, onInformational: () => fuse.pass(undefined) }),
  onConnection: (fuse) => ({ body: PIECE, onConnection: () => fuse.pass(undefined) }),
}

/** What all requests share, and that throws once. */
const SHARED: Record<string, (fuse: Fuse) => ClientOptions> = {
  'the window manager of a stream, when it is made': (fuse) => ({
    windowManager: { stream: (size: number) => fuse.pass(new WindowManager(size)) },
  }),
  'the window manager of a stream, when it is asked': (fuse) => ({
    windowManager: { stream: throwing(fuse) },
  }),
  'the window manager of the connection': (fuse) => ({ windowManager: { connection: throwing(fuse) } }),
  'a logger': (fuse) => {
    const line = (): void => fuse.pass(undefined)
    return { logger: { debug: line, info: line, warn: line } }
  },
  'a clock': (fuse) => {
    const clock = new VirtualClock()
    return {
      clock: {
        now: () => fuse.pass(clock.now()),
        setTimer: (callback, ms) => fuse.pass(clock.setTimer(callback, ms)),
        clearTimer: (timer) => {
          fuse.pass(undefined)
          clock.clearTimer(timer)
        },
      },
    }
  },
}

function throwing(fuse: Fuse): new (size: number) => WindowManager {
  return class extends WindowManager {
    override onDataReceived(length: number): number {
      return fuse.pass(super.onDataReceived(length))
    }

    override onDataConsumed(length: number): number {
      return fuse.pass(super.onDataConsumed(length))
    }
  }
}

type Ask = (init: ClientRequestInit) => Promise<number>

interface Face {
  readonly ask: Ask
  close(): Promise<void>
}

const FACES: Record<string, (options: ClientOptions) => Face> = {
  HTTP20Connection: (options) => connectionFace(new HTTP20Connection('a.test', options as object)),
  HTTPConnection: (options) => connectionFace(new HTTPConnection('a.test', options as object)),
  'Client.request': (options) => {
    const client = new Client(options)
    const ask: Ask = async (init) => (await (await client.request('https://a.test/', init)).bytes()).length
    return { ask, close: () => client.close() }
  },
  fetch: (options) => {
    const client = new Client(options)
    const ask: Ask = async (init) => {
      const response = await client.fetch('https://a.test/', { duplex: 'half', ...init } as RequestInit)
      return (await response.bytes()).length
    }
    return { ask, close: () => client.close() }
  },
}

function connectionFace(connection: HTTP20Connection | HTTPConnection): Face {
  const ask: Ask = async ({ method = 'GET', ...init }) => {
    const stream = connection.request(method, '/', init)
    return (await (await stream.response).bytes()).length
  }
  return { ask, close: () => connection.close() }
}

const OTHERS = 4

/** Requests before and behind the one that throws; gives what became of each. */
async function run(make: (options: ClientOptions) => Face, options: ClientOptions, own: ClientRequestInit) {
  const origin = echo()
  const face = make({ transport: origin.dial, ...options })
  const other = { method: 'POST', body: new Uint8Array(100_000) }
  const ask: Ask = async (init) => face.ask(init)
  const before = Array.from({ length: OTHERS }, () => ask(other))
  const thrower = ask({ method: 'POST', ...own })
  const behind = Array.from({ length: OTHERS }, () => ask(other))
  const others = await Promise.allSettled([...before, ...behind])
  const [outcome] = await Promise.allSettled([thrower])
  const later = await Promise.allSettled([ask(other)])
  await face.close()
  return {
    lengths: [...others, ...later].map((one) => (one.status === 'fulfilled' ? one.value : one.reason)),
    outcome: outcome!,
    connections: origin.connectionsMade,
  }
}

const RUNS = { numRuns: 12 }

describe.each(Object.keys(FACES))('%s', (face) => {
  const make = FACES[face]!
  const callsBack = face === 'Client.request' || face === 'fetch'
  const own = callsBack && face !== 'fetch' ? { ...OF_REQUESTS, ...OF_CLIENTS } : OF_REQUESTS

  it.each(Object.keys(own))('%s that throws ends its request alone', async (kind) => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), async (at) => {
        const { lengths, connections } = await run(make, {}, own[kind]!(new Fuse(at)))
        expect(lengths).toEqual(lengths.map(() => 100_000))
        expect(connections).toBe(1)
      }),
      RUNS,
    )
  })

  it.each(Object.keys(SHARED))('%s that throws ends one request at most', async (kind) => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 60 }), async (at) => {
        const { lengths, outcome, connections } = await run(make, SHARED[kind]!(new Fuse(at)), {
          body: PIECE,
        })
        const failed = lengths.filter((length) => length !== 100_000).length
        expect(failed + (outcome.status === 'rejected' ? 1 : 0)).toBeLessThanOrEqual(1)
        expect(connections).toBe(1)
      }),
      RUNS,
    )
  })
})

describe('fetch', () => {
  it.each<[string, (fuse: Fuse) => ClientOptions]>([
    [
      'middleware',
      (fuse) => ({
        middleware: [
          async (request, next) => {
            fuse.pass(undefined)
            return fuse.pass(await next(request))
          },
        ],
      }),
    ],
    [
      'a cookie jar',
      (fuse) => ({
        cookies: { getCookieString: async () => fuse.pass(''), setCookie: async () => fuse.pass(undefined) },
      }),
    ],
    [
      'a cookie jar that throws at once',
      (fuse) => ({
        cookies: { getCookieString: () => fuse.pass(''), setCookie: () => fuse.pass(undefined) } as never,
      }),
    ],
  ])('%s that throws ends one request at most', async (_, options) => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 20 }), async (at) => {
        const { lengths, outcome, connections } = await run(FACES.fetch!, options(new Fuse(at)), {
          body: PIECE,
        })
        const failed = lengths.filter((length) => length !== 100_000).length
        expect(failed + (outcome.status === 'rejected' ? 1 : 0)).toBeLessThanOrEqual(1)
        expect(connections).toBe(1)
      }),
      RUNS,
    )
  })
})
