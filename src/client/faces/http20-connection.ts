/**
 * `HTTP20Connection`: one origin, one HTTP/2 connection at a time, in the shape
 * of Python's `http.client`. Owns which session takes a request, and nothing
 * that happens on it. Its one rule: a session that ended in any way is
 * forgotten, and the next request begins anew.
 */
import type { SessionCache } from '../../transport/transport.ts'
import { Rejection } from '../failure.ts'
import { observerOf } from '../observe/observers.ts'
import { recordersOf } from '../observe/recorder.ts'
import { type ConnectionState, type ConnectionStats, connectionStats } from '../observe/stats.ts'
import { persistentDial } from '../pool/persistent-dial.ts'
import type { PlannedRequest } from '../request/request-init.ts'
import type { Exchange } from '../session/exchange.ts'
import { Http2Session } from '../session/http2-session.ts'
import type { Session, SessionOwner } from '../session/session.ts'
import { type ConnectionSettings, checkOptions, type HTTP20ConnectionOptions } from '../settings/options.ts'
import { closeWithin } from './close-limit.ts'
import { ConnectionFace } from './connection-face.ts'
import { Http20Resender, SessionCarriage } from './http20-resender.ts'

/**
 * An HTTP/2 connection to one origin. It dials when it is first needed, carries
 * any number of requests at a time, and can be used again after it was closed
 * or has failed.
 *
 * @example
 * await using conn = new HTTP20Connection('nghttp2.org:443')
 * const stream = conn.request('GET', '/')
 * const response = await conn.getResponse(stream)
 * console.log(response.status, await response.text())
 */
export class HTTP20Connection extends ConnectionFace {
  readonly #owner: SessionOwner
  /** The session that takes requests. */
  #session: Http2Session
  /** The same, as the requests on it know it. */
  #carriage: SessionCarriage
  readonly #resender: Http20Resender
  /** Sessions that take no more requests and are not gone. */
  #leaving: Session[]
  /** `close` in progress: new sessions wait for it. */
  #closing: Promise<void> | undefined

  /**
   * @param target `'host'`, `'host:port'`, `'[::1]:8443'`, an `http:` or `https:` URL. No scheme means TLS
   * unless `secure: false`; the default port is 443, or 80 when not secure.
   * @throws TypeError, RangeError naming the argument or option that is wrong
   */
  constructor(target: string | URL, options?: HTTP20ConnectionOptions) {
    super(target, checkOptions(options))
    const { transport, clock } = this.settings
    const tlsSessions: SessionCache = { session: undefined }
    this.#owner = {
      target: this.target,
      settings: { ...this.settings, transport: persistentDial(transport, clock) },
      observer: observerOf(this.origin, this.settings.logger, recordersOf(this.recorder, this.origin)),
      tlsSessions,
      // No getter: an object with one of its own takes several times the memory.
      isClosing: () => this.#closing !== undefined,
      sessionDraining: (session) => this.#leave(session),
      sessionClosed: (session) => this.#ended(session),
      sessionTurned: ignore,
      pushed: (parent, head) => this.pushes.promised(parent, head),
    }
    this.#leaving = []
    this.#closing = undefined
    // Made now, so that bad settings throw now.
    this.#session = new Http2Session(this.#owner)
    this.#carriage = new SessionCarriage(this.#session)
    this.#resender = new Http20Resender((exchange, delayMs) => this.#again(exchange, delayMs))
  }

  /** `'2'`. */
  get httpVersion(): '2' {
    return '2'
  }

  /** What the connection is doing. */
  get state(): ConnectionState {
    const { state } = this.#session
    if (state === 'idle' && this.#leaving.length > 0) return 'draining'
    return state === 'closed' ? 'idle' : state
  }

  /** Plain, small data: streams, bytes, round trip, windows, addresses. */
  get stats(): ConnectionStats {
    return connectionStats(this.state, this.#session.engine.queuedStreams, this.#session)
  }

  /** Connects, if it is not. Never needed: the first request connects. Rejects with an `H2Error`. */
  connect(): Promise<void> {
    this.#dial(this.settings)
    return this.#session.connected()
  }

  /** @internal */
  protected override begin(exchange: Exchange, planned: PlannedRequest): void {
    const { signal, limits } = planned.plan
    if (signal?.aborted === true) {
      exchange.planned = planned
      exchange.fail(new Rejection(signal.reason))
      return
    }
    exchange.planned = planned
    this.#carry(exchange, planned)
    this.#dial({ timeouts: limits })
  }

  #carry(exchange: Exchange, planned: PlannedRequest): void {
    this.#resender.carried(exchange, this.#carriage)
    this.#session.carry(exchange, planned)
  }

  /** What was withdrawn goes to the session that takes requests now. */
  #again(exchange: Exchange, delayMs: number): void {
    const { engine } = this.#session
    if (engine.closed || engine.draining) this.#leave(this.#session)
    this.#carry(exchange, exchange.planned!)
    this.#dial({ timeouts: exchange.plan.limits }, delayMs)
  }

  /** Dials, if the session was not yet dialled. */
  #dial({ timeouts }: Pick<ConnectionSettings, 'timeouts'>, delayMs = 0): void {
    if (this.#session.state !== 'idle') return
    const { clock } = this.settings
    const gate =
      delayMs === 0
        ? this.#closing
        : new Promise<void>((resolve) => {
            clock.setTimer(resolve, delayMs, true)
          }).then(() => this.#closing)
    this.#session.dial(timeouts, gate)
  }

  /** Sends a PING (RFC 9113 §6.7) and resolves with the round trip in milliseconds. Connects if need be. */
  ping(): Promise<number> {
    const answer = this.#session.ping()
    this.#dial(this.settings)
    return answer
  }

  /**
   * Finishes what is in flight, says GOAWAY with `errorCode`, and closes. Then
   * the object is as new, and responses that nobody asked for are forgotten.
   * Bodies have to be read for it to finish; one that nobody reads is given up
   * after ten seconds, and all of it after `timeouts.close`.
   */
  override close(errorCode = 0): Promise<void> {
    if (!Number.isInteger(errorCode) || errorCode < 0 || errorCode > 0xffffffff) {
      return Promise.reject(new RangeError('errorCode must be an unsigned 32-bit integer'))
    }
    if (this.#closing !== undefined) return this.#closing
    const sessions: Session[] = [...this.#leaving]
    if (this.#session.state !== 'idle') {
      sessions.push(this.#session)
      this.#leave(this.#session)
    }
    if (sessions.length === 0) return Promise.resolve()
    const gone = Promise.all(sessions.map((session) => session.gone()))
    const giveUp = (reason: unknown): void => {
      for (const session of sessions) session.destroy(reason)
    }
    const closing = closeWithin(gone, this.settings, giveUp).then(() => {
      this.#closing = undefined
      this.forgetUnasked()
    })
    this.#closing = closing
    for (const session of sessions) void session.close(errorCode)
    return closing
  }

  /** Ends now: every open request rejects with an `H2Error` whose `cause` is `reason`. */
  destroy(reason?: unknown): void {
    const sessions: Session[] = [...this.#leaving]
    if (this.#session.state !== 'idle') sessions.push(this.#session)
    for (const session of sessions) session.destroy(reason)
  }

  /** A session takes no more requests: a fresh one takes its place. */
  #leave(session: Session): void {
    if (session === this.#session) {
      this.#session = new Http2Session(this.#owner)
      this.#carriage = new SessionCarriage(this.#session)
    }
    this.#leaving.push(session)
    void session.gone().then(() => {
      this.#leaving = this.#leaving.filter((other) => other !== session)
    })
  }

  #ended(session: Session): void {
    if (session === this.#session) this.#leave(session)
    this.pushes.end()
  }
}

function ignore(): void {}
