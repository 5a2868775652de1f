/**
 * `HyperDispatcher`: what undici and the runtime's `fetch` take for one of
 * their dispatchers, over a `Client`. Its one rule: nothing of undici is
 * loaded, and no generation of its handlers is favoured.
 */

import { EventEmitter } from 'node:events'
import { Client, type ClientOptions, type ClientStats, type Clock } from '../../index.ts'
import type { Dispatch, DispatcherLike, DispatchHandler, DispatchOptions, Interceptor } from './contract.ts'
import { type ConnectionWatcher, type RemoteEnd, watchConnections } from './diagnostics.ts'
import { DispatchedRequest } from './dispatched-request.ts'
import { DispatchError, goneAway, invalidArgument, toDispatchError } from './errors.ts'
import { BothGenerations, checkHandler, faceOf, type HandlerFace } from './handler-face.ts'
import { OpenRequests } from './open-requests.ts'
import type { RequestHost } from './request-host.ts'
import { type Prepared, prepare } from './request-options.ts'

/** How a dispatcher's WebSockets are limited; read by undici. */
export interface WebSocketLimits {
  /** Default 131,072. */
  readonly maxFragments?: number | undefined
  /** Octets. Default 134,217,728. */
  readonly maxPayloadSize?: number | undefined
}

/** Options of a `HyperDispatcher`: those of its `Client`, and what only dispatchers have. */
export interface HyperDispatcherOptions extends Omit<ClientOptions, 'decompress'> {
  /** Takes upgrades that HTTP/2 cannot make: WebSockets of servers without RFC 8441. Default: they fail. */
  readonly fallback?: DispatcherLike | undefined
  /** Tell every handler of informational (1xx) responses. Default false: those whose options have `onInfo`. */
  readonly informational?: boolean | undefined
  readonly webSocket?: WebSocketLimits | undefined
  readonly eventSource?: { readonly maxEventSize?: number | undefined } | undefined
}

/** Called when it is done; the first argument is an error or null. */
type Done = (error: Error | null, data: null) => void

/** Undici waits five minutes where a `Client` waits one, and its callers rely on it. */
const TIMEOUTS = { headers: 300_000, bodyIdle: 300_000, queue: 300_000 }
/** Requests for each connection that an origin may have, unanswered, before callers are asked to wait. */
const UNANSWERED_PER_CONNECTION = 100
const CONNECTIONS = 6
const MAX_FRAGMENTS = 131_072
const MAX_PAYLOAD_SIZE = 134_217_728
/** The longest string that every supported engine makes. */
const MAX_EVENT_SIZE = 536_870_888

const NOWHERE: RemoteEnd = {}

/** One origin, as a dispatcher keeps count of it. */
interface OriginState {
  unanswered: number
  /** Callers were told to wait for `drain`. */
  needsDrain: boolean
  /** Connections that stand. An origin with none, and with nothing asked of it, is forgotten. */
  connections: number
  remote: RemoteEnd
  /** Told of the next connection, once. */
  awaiting: ((remote: RemoteEnd) => void)[]
  /** Why a connection ends that has not ended yet. */
  ending: unknown
  /** Connections whose end was told when GOAWAY came, and that stand. */
  draining: number
}

/**
 * A dispatcher for undici 6, 7 and 8, and for the `fetch` of Node.js. Requests
 * go over HTTP/2, or HTTP/1.1 where the server has no other.
 *
 * @example
 * import { setGlobalDispatcher } from 'undici'
 * import { HyperDispatcher } from 'hyper-h2/undici'
 *
 * setGlobalDispatcher(new HyperDispatcher({ timeouts: { connect: 5_000 } }))
 */
export class HyperDispatcher extends EventEmitter implements DispatcherLike {
  readonly #client: Client
  readonly #host: RequestHost
  readonly #origins: Map<string, OriginState>
  /** Requests whose handlers will hear more. */
  readonly #open: OpenRequests<DispatchedRequest>
  readonly #limit: number
  readonly #h2c: boolean
  readonly #fallback: DispatcherLike | undefined
  readonly #webSocket: WebSocketLimits
  readonly #maxEventSize: number
  #closing: Promise<void> | undefined
  #destroyed: boolean
  #over: boolean
  readonly #unwatch: () => void
  /** Held here, for the channels hold it weakly. */
  readonly #watcher: ConnectionWatcher

  /** @throws TypeError, RangeError naming the option that is wrong */
  constructor(options: HyperDispatcherOptions = {}) {
    super()
    const { fallback, informational, webSocket, eventSource, ...ofClient } = options
    if ('decompress' in ofClient && ofClient.decompress === true) {
      throw new TypeError('decompress must be false: who dispatches undoes the content codings')
    }
    if (fallback !== undefined && typeof fallback?.dispatch !== 'function') {
      throw new TypeError('fallback must be a dispatcher')
    }
    const timeouts = { ...TIMEOUTS, ...ofClient.timeouts }
    this.#client = new Client({ ...ofClient, timeouts, decompress: false })
    this.#origins = new Map()
    this.#open = new OpenRequests()
    const { maxConnectionsPerOrigin: most = CONNECTIONS } = ofClient
    this.#limit = UNANSWERED_PER_CONNECTION * (typeof most === 'number' ? most : (most.http2 ?? CONNECTIONS))
    this.#webSocket = webSocket ?? {}
    this.#maxEventSize = eventSource?.maxEventSize ?? MAX_EVENT_SIZE
    this.#closing = undefined
    this.#destroyed = false
    this.#over = false
    this.#h2c = ofClient.h2c === true
    this.#fallback = fallback
    this.#host = this.#hostOf(informational ?? false, timeouts, ofClient.clock)
    this.#watcher = this.#watcherOf()
    this.#unwatch = watchConnections(this.#watcher)
  }

  /**
   * Sends a request and tells `handler`. False: wait for `drain` before the next
   * to this origin. Throws `InvalidArgumentError` for what is no handler; all
   * else is told the handler.
   */
  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean {
    const face = faceOf(handler)
    let request: DispatchedRequest
    try {
      const prepared = this.#accept(options)
      checkHandler(handler, prepared.tunnel)
      // Without HTTP/2 there is nothing to try first.
      if (
        prepared.protocol !== undefined &&
        this.#fallback !== undefined &&
        this.#isHttp1(prepared, options)
      ) {
        return this.#fallback.dispatch(options, handler)
      }
      request = new DispatchedRequest(this.#host, prepared, options, face)
    } catch (error) {
      this.#tell(face, toDispatchError(error))
      return false
    }
    const { origin } = request.prepared
    const state = this.#stateOf(origin)
    state.unanswered += 1
    this.#open.add(request)
    request.start()
    if (state.unanswered < this.#limit) return true
    state.needsDrain = true
    return false
  }

  /** A dispatcher like this whose requests go through interceptors, the last of which is the first to see them. */
  compose(
    ...interceptors: (Interceptor | null | undefined | readonly (Interceptor | null | undefined)[])[]
  ): this {
    return composed(this, (options, handler) => this.dispatch(options, handler), interceptors.flat())
  }

  /** Takes no more requests, and finishes those it has. */
  close(): Promise<void>
  close(done: Done): void
  close(done?: Done): Promise<void> | undefined {
    if (done !== undefined && typeof done !== 'function') throw invalidArgument('invalid callback')
    if (done !== undefined) {
      settle(this.close(), done)
      return undefined
    }
    if (this.destroyed) return Promise.reject(destroyedError())
    this.#closing ??= this.#client.close().finally(() => this.#ended())
    return this.#closing
  }

  /** Ends now: the handler of every open request is told `error`. */
  destroy(error?: Error | null): Promise<void>
  destroy(error: Error | null | undefined, done: Done): void
  destroy(done: Done): void
  destroy(given?: Error | null | Done, last?: Done): Promise<void> | undefined {
    const done = typeof given === 'function' ? given : last
    const error = typeof given === 'function' ? undefined : given
    if (done !== undefined && typeof done !== 'function') throw invalidArgument('invalid callback')
    if (!this.#destroyed) this.#end(error ?? destroyedError())
    const ended = this.#client.close().finally(() => this.#ended())
    if (done === undefined) return ended
    settle(ended, done)
    return undefined
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.destroyed ? Promise.resolve() : this.close()
  }

  get closed(): boolean {
    return this.#closing !== undefined
  }

  /** True after `destroy`, and once everything was finished after `close`. */
  get destroyed(): boolean {
    return this.#destroyed || this.#over
  }

  /** Plain data on connections and requests. */
  get stats(): ClientStats {
    return this.#client.stats()
  }

  /** False: this is no mock. Undici's `fetch` asks. */
  get isMockActive(): boolean {
    return false
  }

  get webSocketOptions(): { maxFragments: number; maxPayloadSize: number } {
    const { maxFragments = MAX_FRAGMENTS, maxPayloadSize = MAX_PAYLOAD_SIZE } = this.#webSocket
    return { maxFragments, maxPayloadSize }
  }

  get eventSourceOptions(): { maxEventSize: number } {
    return { maxEventSize: this.#maxEventSize }
  }

  #isHttp1({ origin }: Prepared, { allowH2 }: DispatchOptions): boolean {
    return allowH2 === false || (!this.#h2c && origin.startsWith('http:'))
  }

  #accept(options: DispatchOptions): Prepared {
    if (typeof options !== 'object' || options === null) throw invalidArgument('opts must be an object.')
    if (this.destroyed) throw destroyedError()
    if (this.#closing !== undefined) throw new DispatchError('UND_ERR_CLOSED', 'The client is closed')
    return prepare(options)
  }

  #ended(): void {
    this.#over = true
    this.#unwatch()
  }

  #end(error: Error): void {
    this.#destroyed = true
    for (const request of this.#open.all()) request.abort(error)
    this.#client.destroy(error)
  }

  #stateOf(origin: string): OriginState {
    let state = this.#origins.get(origin)
    if (state === undefined) {
      state = {
        unanswered: 0,
        needsDrain: false,
        connections: 0,
        remote: NOWHERE,
        awaiting: [],
        ending: undefined,
        draining: 0,
      }
      this.#origins.set(origin, state)
    }
    return state
  }

  #hostOf(informational: boolean, timeouts: RequestHost['timeouts'], clock: Clock | undefined): RequestHost {
    return {
      client: this.#client,
      fallback: this.#fallback,
      informational,
      timeouts,
      clock,
      remoteOf: (origin) => this.#origins.get(origin)?.remote ?? null,
      whenConnected: (origin, tell) => {
        const { connections, remote, awaiting } = this.#stateOf(origin)
        if (connections > 0) tell(remote)
        else awaiting.push(tell)
      },
      answered: (origin) => this.#answered(origin),
      settled: (request) => this.#open.remove(request),
      handlerFailed: (error) => this.#report(error),
    }
  }

  #answered(origin: string): void {
    const state = this.#stateOf(origin)
    state.unanswered -= 1
    this.#forget(origin, state)
    if (!state.needsDrain || state.unanswered > this.#limit / 2) return
    state.needsDrain = false
    this.emit('drain', new URL(origin), [this])
  }

  #forget(origin: string, state: OriginState): void {
    if (state.unanswered === 0 && state.connections <= 0) this.#origins.delete(origin)
  }

  #watcherOf(): ConnectionWatcher {
    return {
      h2c: this.#h2c,
      serves: (origin) => this.#origins.has(origin),
      opened: (origin, remote) => {
        const state = this.#stateOf(origin)
        state.connections += 1
        state.remote = remote
        for (const tell of state.awaiting.splice(0)) tell(remote)
        this.emit('connect', new URL(origin), [this])
      },
      draining: (origin, errorCode) => {
        this.#stateOf(origin).draining += 1
        this.emit('disconnect', new URL(origin), [this], goneAway(errorCode))
      },
      closed: (origin) => {
        const state = this.#stateOf(origin)
        state.connections -= 1
        this.#forget(origin, state)
        const error = state.ending ?? this.#whyClosed()
        state.ending = undefined
        if (state.draining > 0) state.draining -= 1
        else this.emit('disconnect', new URL(origin), [this], error)
      },
      failed: (origin, error) => {
        const state = this.#stateOf(origin)
        const stood = state.connections > 0 && (error as { code?: unknown }).code === 'UND_ERR_SOCKET'
        if (stood) state.ending = error
        else {
          state.awaiting = []
          this.emit('connectionError', new URL(origin), [this], error)
        }
        return !stood
      },
    }
  }

  /** What a connection ended with that nothing was wrong with. */
  #whyClosed(): DispatchError {
    return this.closed || this.#destroyed
      ? destroyedError()
      : new DispatchError('UND_ERR_INFO', 'the connection was closed')
  }

  #tell(face: HandlerFace, error: unknown): void {
    try {
      face.error(null, error)
    } catch (thrown) {
      this.#report(thrown)
    }
  }

  /** A handler threw where it is told of errors: whoever listens for `error` hears of it, else it is caught by nobody. */
  #report(error: unknown): void {
    if (this.listenerCount('error') > 0) this.emit('error', error)
    else process.nextTick(rethrow, error)
  }
}

function rethrow(error: unknown): void {
  throw error
}

function destroyedError(): DispatchError {
  return new DispatchError('UND_ERR_DESTROYED', 'The client is destroyed')
}

function settle(promise: Promise<void>, done: Done): void {
  promise.then(
    () => done(null, null),
    (error) => done(error, null),
  )
}

/** A dispatcher that is as `base`, but for how it dispatches. */
function composed<T extends HyperDispatcher>(
  base: T,
  innermost: Dispatch,
  interceptors: readonly (Interceptor | null | undefined)[],
): T {
  let dispatch = innermost
  for (const interceptor of interceptors) {
    if (interceptor === null || interceptor === undefined) continue
    if (typeof interceptor !== 'function') {
      throw new TypeError(`invalid interceptor, expected function received ${typeof interceptor}`)
    }
    const next = interceptor(dispatch)
    if (typeof next !== 'function' || next.length !== 2) throw new TypeError('invalid interceptor')
    dispatch = (options, handler) => next(options, BothGenerations.of(handler))
  }
  const outermost = dispatch
  const compose = (...more: Parameters<T['compose']>): T =>
    composed(base, outermost, more.flat() as (Interceptor | null | undefined)[])
  return new Proxy(base, {
    get(target, name) {
      if (name === 'dispatch') return outermost
      if (name === 'compose') return compose
      const value: unknown = Reflect.get(target, name, target)
      // What others have added goes by what is composed; what is ours knows its own object only.
      const isOurs = typeof value === 'function' && name in HyperDispatcher.prototype
      return isOurs ? value.bind(target) : value
    },
  })
}
