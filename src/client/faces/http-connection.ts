/**
 * `HTTPConnection`: one origin over whatever TLS agreed on, HTTP/2 or else
 * HTTP/1.1, in the shape of `HTTP20Connection`. A pool of one connection does
 * the work. Its one rule: nothing is assumed of the protocol before the dial.
 */
import { destroyed, errorOf, Rejection, transportLost } from '../failure.ts'
import { observerOf } from '../observe/observers.ts'
import { recordersOf } from '../observe/recorder.ts'
import { type ConnectionState, type ConnectionStats, connectionStats } from '../observe/stats.ts'
import { checkPerOrigin } from '../pool/connection-limits.ts'
import type { OriginPool } from '../pool/origin-pool.ts'
import { Pool } from '../pool/pool.ts'
import { checkRetry } from '../pool/retry-policy.ts'
import { WaitingLine } from '../pool/waiting-line.ts'
import { checkPlanned, type PlannedRequest } from '../request/request-init.ts'
import type { HttpVersion } from '../response/incoming.ts'
import type { Exchange } from '../session/exchange.ts'
import { checkOptions, type HTTP20ConnectionOptions } from '../settings/options.ts'
import { closeWithin } from './close-limit.ts'
import { ConnectionFace } from './connection-face.ts'

/**
 * A connection to one origin by HTTP/2 if the server takes it, else by
 * HTTP/1.1, which carries one request at a time. `http:` targets are HTTP/1.1.
 * It dials when it is first needed, and can be used again after it was closed
 * or has failed.
 *
 * @example
 * await using conn = new HTTPConnection('example.com')
 * const response = await conn.getResponse(conn.request('GET', '/'))
 * console.log(conn.httpVersion, response.status, await response.text())
 */
export class HTTPConnection extends ConnectionFace {
  readonly #pool: Pool
  /** Requests that wait until `close` is done. */
  readonly #gate: WaitingLine
  #closing: Promise<void> | undefined
  #version: HttpVersion

  /**
   * @param target `'host'`, `'host:port'`, `'[::1]:8443'`, an `http:` or `https:` URL. No scheme means TLS
   * unless `secure: false`; the default port is 443, or 80 when not secure.
   * @throws TypeError, RangeError naming the argument or option that is wrong
   */
  constructor(target: string | URL, options?: HTTP20ConnectionOptions) {
    super(target, checkOptions(options))
    const { clock, enablePush, logger } = this.settings
    this.#pool = new Pool({
      retry: checkRetry(undefined),
      limitPerOrigin: checkPerOrigin(1),
      limit: Number.POSITIVE_INFINITY,
      idleTimeout: Number.POSITIVE_INFINITY,
      maxAge: Number.POSITIVE_INFINITY,
      clock,
      logger,
      recorder: this.recorder,
      pushed: enablePush ? (parent, head) => this.pushes.promised(parent, head) : undefined,
    })
    this.#gate = new WaitingLine(
      this.settings,
      observerOf(this.origin, logger, recordersOf(this.recorder, this.origin)),
      () => {},
    )
    this.#closing = undefined
    this.#version = '2'
  }

  /** The version of HTTP that the connection speaks, or the last one spoke; `'2'` before the first. */
  get httpVersion(): HttpVersion {
    const session = this.#existing?.first?.session
    if (session !== undefined) this.#version = session.httpVersion
    return this.#version
  }

  /** What the connection is doing. */
  get state(): ConnectionState {
    const origin = this.#existing
    if (origin === undefined) return 'idle'
    if (origin.first !== undefined) return 'open'
    return origin.dialling > 0 ? 'connecting' : 'draining'
  }

  /** Plain, small data: streams, bytes, round trip, windows, addresses. */
  get stats(): ConnectionStats {
    const origin = this.#existing
    return connectionStats(this.state, origin?.waiting ?? 0, origin?.first?.session)
  }

  /** Connects, if it is not. Never needed: the first request connects. Rejects with an `H2Error`. */
  async connect(): Promise<void> {
    await this.#closing
    await this.#origin.connect()
  }

  /** @internal */
  protected override begin(exchange: Exchange, planned: PlannedRequest): void {
    const { signal } = planned.plan
    if (signal?.aborted === true) {
      exchange.planned = planned
      exchange.fail(new Rejection(signal.reason))
    } else if (this.#closing !== undefined) {
      checkPlanned(planned)
      exchange.planned = planned
      this.#gate.join(exchange, false)
    } else this.#submit(exchange, planned)
  }

  #submit(exchange: Exchange, planned: PlannedRequest): void {
    const origin = this.#origin
    try {
      origin.submit(exchange, planned)
    } catch (error) {
      origin.settle()
      throw error
    }
  }

  get #existing(): OriginPool | undefined {
    return this.#pool.find(this.origin)
  }

  get #origin(): OriginPool {
    const { origin: key, settings, target } = this
    return this.#existing ?? this.#pool.add({ key, target, settings, h2c: false })
  }

  /**
   * Sends a PING (RFC 9113 §6.7) and resolves with the round trip in
   * milliseconds. Connects if need be. Rejects with an `H2Error` on HTTP/1.1,
   * which has none.
   */
  async ping(): Promise<number> {
    await this.connect()
    // It may have gone between two promises.
    const session = this.#existing?.first?.session
    if (session === undefined) throw errorOf(transportLost(undefined), 0)
    return session.ping()
  }

  /**
   * Finishes what is in flight and closes, on HTTP/2 with GOAWAY and
   * `errorCode`. Then the object is as new, and responses that nobody asked for
   * are forgotten. Bodies have to be read for it to finish; one that nobody
   * reads is given up after ten seconds, and all of it after `timeouts.close`.
   */
  override close(errorCode = 0): Promise<void> {
    if (!Number.isInteger(errorCode) || errorCode < 0 || errorCode > 0xffffffff) {
      return Promise.reject(new RangeError('errorCode must be an unsigned 32-bit integer'))
    }
    this.#closing ??= this.#close(errorCode)
    return this.#closing
  }

  async #close(errorCode: number): Promise<void> {
    const existing = this.#existing
    if (existing !== undefined) {
      await closeWithin(existing.close(errorCode), this.settings, (reason) => existing.destroy(reason))
    }
    this.#closing = undefined
    this.forgetUnasked()
    this.pushes.end()
    for (let exchange = this.#gate.shift(); exchange !== undefined; exchange = this.#gate.shift()) {
      this.#submit(exchange, exchange.planned!)
    }
  }

  /** Ends now: every open request rejects with an `H2Error` whose `cause` is `reason`. */
  destroy(reason?: unknown): void {
    this.#existing?.destroy(reason)
    this.#gate.fail({ ...destroyed(reason), processed: 'no' })
  }
}
