/**
 * `Client`: requests to any origin, over a pool of connections. Owns what a
 * user holds, and leaves every decision to the pool and the policies. Its one
 * rule: misuse rejects the promise of the request, and touches nothing else.
 */

import type { Recording } from '../../trace/recording.ts'
import { inContext } from '../context.ts'
import { clientClosed, destroyed, errorOf, Rejection } from '../failure.ts'
import { createFetch, type Fetch } from '../fetch/fetch.ts'
import { Recorder, recordingOf } from '../observe/recorder.ts'
import type { OriginStats } from '../observe/stats.ts'
import type { OriginPool } from '../pool/origin-pool.ts'
import { Pool } from '../pool/pool.ts'
import { Router } from '../pool/router.ts'
import { StatusRetries } from '../pool/status-retries.ts'
import type { ClientRequestInit, SendRequest } from '../request/client-request.ts'
import { initNames, type PlannedRequest, planRequest } from '../request/request-init.ts'
import { type HTTP20Response, toHeaders } from '../response/http20-response.ts'
import { Exchange } from '../session/exchange.ts'
import type { ConnectionSettings } from '../settings/options.ts'
import { type ClientOptions, checkClientOptions } from './client-options.ts'
import { closeWithin } from './close-limit.ts'

/** Plain data on a client. */
export interface ClientStats {
  /** Connections and dials of all origins. */
  readonly connections: number
  /** Requests that wait for a connection, or for a stream on one. */
  readonly waiting: number
  /** Requests that were sent and are not finished. */
  readonly open: number
  /** Origins that have a connection, or a request that waits for one. */
  readonly origins: readonly OriginStats[]
}

const NAMES = initNames('method', 'path', 'servername', 'onInformational', 'onConnection')
const NO_INIT: ClientRequestInit = {}

/**
 * An HTTP client for any number of origins. Connections are made when they are
 * needed, shared by requests, replaced when they end, and closed when idle.
 *
 * @example
 * await using client = new Client({ timeouts: { connect: 5_000, headers: 30_000 } })
 * const response = await client.request('https://example.com/', { method: 'POST', body: 'x' })
 * console.log(response.status, await response.text())
 */
export class Client {
  readonly #pool: Pool
  readonly #recorder: Recorder | undefined
  readonly #router: Router
  readonly #statusRetries: StatusRetries
  /**
   * `fetch` as the Fetch standard has it, over the connections of this client;
   * it can be passed on by itself. Failures are a TypeError whose `cause` is an
   * `H2Error`; an aborted signal rejects with its own reason.
   *
   * @example
   * const { fetch } = new Client({ timeouts: { headers: 10_000 } })
   * const response = await fetch('https://example.com/', { method: 'POST', body: 'x' })
   */
  readonly fetch: Fetch
  readonly #settings: ConnectionSettings
  #closing: Promise<void> | undefined
  #destroyed: boolean

  /** @throws TypeError, RangeError naming the option that is wrong */
  constructor(options?: ClientOptions) {
    const settings = checkClientOptions(options)
    const { clock, logger, record } = settings.connection
    this.#recorder = record && new Recorder(record, clock)
    this.#pool = new Pool({
      retry: settings.retry,
      limitPerOrigin: settings.maxConnectionsPerOrigin,
      limit: settings.maxConnections,
      idleTimeout: settings.idleTimeout,
      maxAge: settings.maxAge,
      clock,
      logger,
      recorder: this.#recorder,
      pushed: undefined,
    })
    this.#router = new Router(this.#pool, settings)
    this.#statusRetries = new StatusRetries(settings.retry, clock)
    const { cookies, middleware } = settings
    const send: SendRequest = (url, init = NO_INIT, startedAt) => this.#request(url, init, startedAt)
    this.fetch = createFetch(send, { cookies, middleware, now: () => clock.now() })
    this.#settings = settings.connection
    this.#closing = undefined
    this.#destroyed = false
  }

  /**
   * Sends a request and gives its response; a redirect is one like any other.
   * Rejects with an `H2Error`, with TypeError or RangeError for misuse, or with
   * the reason of the signal. The response has to be read or cancelled.
   */
  request(url: string | URL, init: ClientRequestInit = NO_INIT): Promise<HTTP20Response> {
    return this.#request(url, init, undefined)
  }

  #request(
    url: string | URL,
    init: ClientRequestInit,
    startedAt: number | undefined,
  ): Promise<HTTP20Response> {
    try {
      const sent = this.#send(url, init, undefined, startedAt)
      if (!this.#statusRetries.wanted) return sent.response()
      const text = String(url)
      return this.#statusRetries.answer(sent, (before) => this.#send(text, init, before, before.startedAt))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** `before`: the attempt that this one follows; `startedAt`: when the caller asked, if not now. */
  #send(
    url: string | URL,
    init: ClientRequestInit,
    before: Exchange | undefined,
    startedAt: number | undefined,
  ): Exchange {
    this.#checkOpen(before)
    const origin = this.#router.route(url, init.servername)
    const { path } = this.#router
    let submitted = false
    try {
      const planned = plan(origin, path, init)
      const exchange = new Exchange(planned.plan)
      hearCallbacks(exchange, init)
      if (before !== undefined) exchange.resent = before.resent + 1
      if (startedAt !== undefined) exchange.startedAt = startedAt
      const { signal } = planned.plan
      if (signal?.aborted === true) {
        exchange.planned = planned
        exchange.fail(new Rejection(signal.reason))
        return exchange
      }
      // Getters and iterators of the caller's may have closed the client, or used the origin up.
      this.#checkOpen(before)
      const ready = origin.forgotten ? this.#router.route(url, init.servername) : origin
      ready.submit(exchange, planned)
      submitted = true
      return exchange
    } finally {
      if (!submitted) origin.settle()
    }
  }

  /** A client that is being closed still sends again what it has. */
  #checkOpen(before: Exchange | undefined): void {
    if (this.#closing === undefined || (before !== undefined && !this.#destroyed)) return
    throw errorOf(clientClosed(), 0)
  }

  /**
   * What was recorded, as a copy: frames, requests, and what held each of them. Throws TypeError
   * unless the option `record` is set.
   */
  recording(): Recording {
    return recordingOf(this.#recorder)
  }

  /** Plain, small data: connections, and what waits and is open on them. */
  stats(): ClientStats {
    const origins = [...this.#pool.origins].map((origin) => origin.stats)
    return {
      connections: this.#pool.count,
      waiting: sum(origins, (origin) => origin.waiting),
      open: sum(origins, (origin) => sum(origin.connections, (connection) => connection.streamsOpen)),
      origins,
    }
  }

  /**
   * Takes no more requests, finishes those it has, then closes every connection. Bodies have to be read for
   * that; one that nobody reads is given up after ten seconds, and all of it after `timeouts.close`.
   */
  close(): Promise<void> {
    this.#closing ??= closeWithin(this.#close(), this.#settings, (reason) => this.destroy(reason))
    return this.#closing
  }

  async #close(): Promise<void> {
    if (this.#statusRetries.busy) await this.#statusRetries.over()
    await this.#pool.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Ends now: every request that waits or is open rejects with an `H2Error` whose `cause` is `reason`. */
  destroy(reason?: unknown): void {
    this.#destroyed = true
    void this.close()
    this.#statusRetries.fail(destroyed(reason))
    this.#pool.destroy(reason)
  }
}

/** Takes a request apart. Throws TypeError or RangeError that names what is wrong. */
function plan({ settings, defaults }: OriginPool, path: string, init: ClientRequestInit): PlannedRequest {
  const { timeouts, decoding } = settings
  const method = init.method ?? 'GET'
  // The target of a tunnel is an authority (RFC 9113 §8.5): a URL has it where others have their path.
  const tunnel = method === 'CONNECT' && init.protocol === undefined
  const target = init.path ?? (tunnel ? path.slice(1) : path)
  return planRequest(defaults, timeouts, decoding, method, target, init, NAMES)
}

function hearCallbacks(exchange: Exchange, { onInformational, onConnection }: ClientRequestInit): void {
  if (onInformational !== undefined) {
    const tell = told(exchange, 'onInformational', onInformational)
    exchange.onInformationalResponse = ({ status, fields }) => tell({ status, headers: toHeaders(fields) })
  }
  if (onConnection !== undefined) exchange.onConnection = told(exchange, 'onConnection', onConnection)
}

/** What a caller's callback throws, its request rejects with. Throws TypeError for what is no function. */
function told<T>(exchange: Exchange, name: string, callback: (value: T) => void): (value: T) => void {
  if (typeof callback !== 'function') throw new TypeError(`${name} must be a function`)
  return inContext((value) => {
    try {
      callback(value)
    } catch (error) {
      exchange.abort(new Rejection(error))
    }
  })
}

function sum<T>(items: readonly T[], amount: (item: T) => number): number {
  let total = 0
  for (const item of items) total += amount(item)
  return total
}
