/**
 * What is said of connections and requests: lines to a `logger`, messages to
 * `diagnostics_channel`. Its one rule: nothing is put together unless someone
 * listens, and no field value is ever told.
 */
import { platform } from '#platform'
import type { Failure } from '../../protocol/index.ts'
import type { Transport } from '../../transport/transport.ts'
import { errorOf } from '../failure.ts'
import type { Exchange } from '../session/exchange.ts'
import type { Observer } from '../session/observer.ts'
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

const ids = new WeakMap<Exchange, number>()
let lastId = 0

/** Numbers are given out when the first message on a request is. */
function idOf(exchange: Exchange): number {
  let id = ids.get(exchange)
  if (id === undefined) {
    lastId += 1
    id = lastId
    ids.set(exchange, id)
  }
  return id
}

/** Says what it is told to a logger and to the channels. */
export class Reporter implements Observer {
  readonly #origin: string
  readonly #logger: Logger | undefined
  readonly #debug: boolean

  constructor(origin: string, logger: Logger | undefined) {
    this.#origin = origin
    this.#logger = logger
    this.#debug = typeof logger?.debug === 'function'
  }

  connecting(): void {
    const channel = CHANNELS.connectionStart
    if (channel.hasSubscribers) channel.publish({ origin: this.#origin })
    this.#say('info', `${this.#origin} connecting`)
  }

  opened({ alpn, info }: Transport, elapsedMs: number): void {
    const channel = CHANNELS.connectionOpen
    if (channel.hasSubscribers) channel.publish({ origin: this.#origin, alpn, elapsedMs, ...info })
    this.#say('info', `${this.#origin} open after ${ms(elapsedMs)}`)
  }

  closed(): void {
    const channel = CHANNELS.connectionClose
    if (channel.hasSubscribers) channel.publish({ origin: this.#origin })
    this.#say('info', `${this.#origin} closed`)
  }

  failed(error: unknown): void {
    const channel = CHANNELS.connectionError
    if (channel.hasSubscribers) channel.publish({ origin: this.#origin, error })
    this.#say('warn', `${this.#origin} ${textOf(error)}`)
  }

  draining(errorCode: number, debugData: string): void {
    const channel = CHANNELS.connectionDraining
    if (channel.hasSubscribers) channel.publish({ origin: this.#origin, errorCode, debugData })
    const text = debugData === '' ? '' : `: ${debugData}`
    this.#say('info', `${this.#origin} is draining, GOAWAY with code ${errorCode}${text}`)
  }

  notice(text: string): void {
    this.#say('info', `${this.#origin} ${text}`)
  }

  /** True if making an error for `failed` is worth the while. */
  get hearsFailures(): boolean {
    return CHANNELS.connectionError.hasSubscribers || this.#logger?.warn !== undefined
  }

  /** It waits for a connection, or for a stream on one. */
  requestQueued(exchange: Exchange): void {
    const channel = CHANNELS.requestQueued
    if (channel.hasSubscribers) channel.publish(this.#facts(exchange))
    if (this.#debug) this.#line(exchange, 'waits')
  }

  /** It is sent again, after `delayMs`. */
  requestResent(exchange: Exchange, failure: Failure, delayMs: number): void {
    const channel = CHANNELS.requestRetry
    if (channel.hasSubscribers) {
      const error = errorOf(failure, exchange.streamId)
      channel.publish({ ...this.#facts(exchange), attempt: exchange.resent, delayMs, error })
    }
    if (this.#debug) this.#line(exchange, `is sent again in ${ms(delayMs)}, ${failure.reason}`)
  }

  /** It is given to a connection, `now`. */
  requestStarted(exchange: Exchange, now: number): void {
    const channel = CHANNELS.requestStart
    if (channel.hasSubscribers) {
      channel.publish({ ...this.#facts(exchange), queuedMs: now - exchange.startedAt })
    }
    if (this.#debug) this.#line(exchange, 'sent')
  }

  informed(exchange: Exchange, status: number, now: number): void {
    const channel = CHANNELS.requestInformational
    if (!channel.hasSubscribers) return
    channel.publish({ ...this.#facts(exchange), status, elapsedMs: now - exchange.startedAt })
  }

  responded(exchange: Exchange, now: number): void {
    const channel = CHANNELS.requestResponse
    if (!channel.hasSubscribers && !this.#debug) return
    const { status } = exchange.incoming
    const elapsedMs = now - exchange.startedAt
    if (channel.hasSubscribers) channel.publish({ ...this.#facts(exchange), status, elapsedMs })
    if (this.#debug) this.#line(exchange, `answered ${status} after ${ms(elapsedMs)}`)
  }

  settled(exchange: Exchange, now: number): void {
    const { ending, status } = exchange.incoming
    const channel = ending === undefined ? CHANNELS.requestEnd : CHANNELS.requestError
    if (!channel.hasSubscribers && !this.#debug) return
    const elapsedMs = now - exchange.startedAt
    const error = ending === undefined ? undefined : errorOf(ending, exchange.streamId)
    if (channel.hasSubscribers) {
      const facts = { ...this.#facts(exchange), status, elapsedMs }
      channel.publish(error === undefined ? facts : { ...facts, error })
    }
    if (!this.#debug) return
    this.#line(exchange, error === undefined ? `done after ${ms(elapsedMs)}` : textOf(error))
  }

  /** What a log throws must not fail a request. */
  #say(level: keyof Logger, line: string): void {
    try {
      this.#logger?.[level]?.(line)
    } catch {}
  }

  #facts(exchange: Exchange): RequestFacts {
    const { method, path } = exchange.plan
    const id = idOf(exchange)
    return { id, origin: this.#origin, method, path, streamId: exchange.streamId || undefined }
  }

  #line(exchange: Exchange, what: string): void {
    const { method, path } = exchange.plan
    const stream = exchange.streamId === 0 ? '' : ` (stream ${exchange.streamId})`
    this.#say('debug', `${method} ${this.#origin}${path}${stream} ${what}`)
  }
}

function ms(elapsed: number): string {
  return `${elapsed.toFixed(1)} ms`
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
