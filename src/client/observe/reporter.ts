/**
 * What is said of connections and requests: lines to a `logger`, messages to
 * `diagnostics_channel`. Its one rule: nothing is put together unless someone
 * listens, and no field value is ever told.
 */
import { platform } from '#platform'
import type { Failure } from '../../protocol/index.ts'
import type { Transport } from '../../transport/transport.ts'
import { errorOf } from '../failure.ts'
import { type ObservedRequest, Observer } from '../session/observer.ts'
import type { Logger } from '../settings/logger.ts'

const CHANNELS = {
  connectionStart: platform.channel('hyper:connection:start'),
  connectionOpen: platform.channel('hyper:connection:open'),
  connectionClose: platform.channel('hyper:connection:close'),
  connectionError: platform.channel('hyper:connection:error'),
  connectionDraining: platform.channel('hyper:connection:draining'),
  requestQueued: platform.channel('hyper:request:queued'),
  requestRetry: platform.channel('hyper:request:retry'),
  requestStart: platform.channel('hyper:request:start'),
  requestInformational: platform.channel('hyper:request:informational'),
  requestResponse: platform.channel('hyper:request:response'),
  requestEnd: platform.channel('hyper:request:end'),
  requestError: platform.channel('hyper:request:error'),
}

/** What every message on a request tells. */
interface RequestFacts {
  /** The same in all messages on one request, of no other in this process. */
  readonly id: number
  readonly origin: string
  readonly method: string
  readonly path: string
  /** Undefined before HEADERS were sent, and on HTTP/1.1. */
  readonly streamId: number | undefined
}

const ids = new WeakMap<ObservedRequest, number>()
let lastId = 0

/** Numbers are given out when the first message on a request is. */
function idOf(request: ObservedRequest): number {
  let id = ids.get(request)
  if (id === undefined) {
    lastId += 1
    id = lastId
    ids.set(request, id)
  }
  return id
}

/** Says what it is told to a logger and to the channels. */
export class Reporter extends Observer {
  readonly #origin: string
  readonly #logger: Logger | undefined
  readonly #debug: boolean
  readonly #warns: boolean

  constructor(origin: string, logger: Logger | undefined) {
    super()
    this.#origin = origin
    this.#logger = logger
    this.#debug = hears(logger, 'debug')
    this.#warns = hears(logger, 'warn')
  }

  override connecting(): undefined {
    const channel = CHANNELS.connectionStart
    if (channel.hasSubscribers) channel.publish({ origin: this.#origin })
    this.#say('info', `${this.#origin} connecting`)
  }

  override opened({ alpn, info }: Transport, elapsedMs: number): void {
    const channel = CHANNELS.connectionOpen
    if (channel.hasSubscribers) channel.publish({ origin: this.#origin, alpn, elapsedMs, ...info })
    this.#say('info', `${this.#origin} open after ${ms(elapsedMs)}`)
  }

  override closed(): void {
    const channel = CHANNELS.connectionClose
    if (channel.hasSubscribers) channel.publish({ origin: this.#origin })
    this.#say('info', `${this.#origin} closed`)
  }

  override failed(error: unknown): void {
    const channel = CHANNELS.connectionError
    if (channel.hasSubscribers) channel.publish({ origin: this.#origin, error })
    this.#say('warn', `${this.#origin} ${textOf(error)}`)
  }

  override draining(errorCode: number, debugData: string): void {
    const channel = CHANNELS.connectionDraining
    if (channel.hasSubscribers) channel.publish({ origin: this.#origin, errorCode, debugData })
    const text = debugData === '' ? '' : `: ${debugData}`
    this.#say('info', `${this.#origin} is draining, GOAWAY with code ${errorCode}${text}`)
  }

  override notice(text: string): void {
    this.#say('info', `${this.#origin} ${text}`)
  }

  /** True if making an error for `failed` is worth the while. */
  override get hearsFailures(): boolean {
    return CHANNELS.connectionError.hasSubscribers || this.#warns
  }

  /** It waits for a connection, or for a stream on one. */
  override requestQueued(request: ObservedRequest): void {
    const channel = CHANNELS.requestQueued
    if (channel.hasSubscribers) channel.publish(this.#facts(request))
    if (this.#debug) this.#line(request, 'waits')
  }

  /** It is sent again, after `delayMs`. */
  override requestResent(request: ObservedRequest, failure: Failure, delayMs: number): void {
    const channel = CHANNELS.requestRetry
    if (channel.hasSubscribers) {
      const error = errorOf(failure, request.streamId)
      channel.publish({ ...this.#facts(request), attempt: request.resent, delayMs, error })
    }
    if (this.#debug) this.#line(request, `is sent again in ${ms(delayMs)}, ${failure.reason}`)
  }

  /** It is given to a connection, `now`. */
  override requestStarted(request: ObservedRequest, now: number): void {
    const channel = CHANNELS.requestStart
    if (channel.hasSubscribers) {
      channel.publish({ ...this.#facts(request), queuedMs: now - request.startedAt })
    }
    if (this.#debug) this.#line(request, 'sent')
  }

  override informed(request: ObservedRequest, status: number, now: number): void {
    const channel = CHANNELS.requestInformational
    if (!channel.hasSubscribers) return
    channel.publish({ ...this.#facts(request), status, elapsedMs: now - request.startedAt })
  }

  override responded(request: ObservedRequest, now: number): void {
    const channel = CHANNELS.requestResponse
    if (!channel.hasSubscribers && !this.#debug) return
    const { status } = request.incoming
    const elapsedMs = now - request.startedAt
    if (channel.hasSubscribers) channel.publish({ ...this.#facts(request), status, elapsedMs })
    if (this.#debug) this.#line(request, `answered ${status} after ${ms(elapsedMs)}`)
  }

  override settled(request: ObservedRequest, now: number): void {
    const { ending, status } = request.incoming
    const channel = ending === undefined ? CHANNELS.requestEnd : CHANNELS.requestError
    if (!channel.hasSubscribers && !this.#debug) return
    const elapsedMs = now - request.startedAt
    const error = ending === undefined ? undefined : errorOf(ending, request.streamId)
    if (channel.hasSubscribers) {
      const facts = { ...this.#facts(request), status, elapsedMs }
      channel.publish(error === undefined ? facts : { ...facts, error })
    }
    if (!this.#debug) return
    this.#line(request, error === undefined ? `done after ${ms(elapsedMs)}` : textOf(error))
  }

  /** What a log throws must not fail a request. */
  #say(level: keyof Logger, line: string): void {
    try {
      this.#logger?.[level]?.(line)
    } catch {}
  }

  #facts(request: ObservedRequest): RequestFacts {
    const { method, path } = request.plan
    const id = idOf(request)
    return { id, origin: this.#origin, method, path, streamId: request.streamId || undefined }
  }

  #line(request: ObservedRequest, what: string): void {
    const { method, path } = request.plan
    const stream = request.streamId === 0 ? '' : ` (stream ${request.streamId})`
    this.#say('debug', `${method} ${this.#origin}${path}${stream} ${what}`)
  }
}

/** Whether a logger takes lines of this level. */
function hears(logger: Logger | undefined, level: keyof Logger): boolean {
  try {
    return typeof logger?.[level] === 'function'
  } catch {
    return false
  }
}

function ms(elapsed: number): string {
  return `${elapsed.toFixed(1)} ms`
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
