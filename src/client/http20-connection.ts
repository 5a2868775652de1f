/**
 * `HTTP20Connection`: one origin, one HTTP/2 connection at a time, in the shape
 * of Python's `http.client`. Owns which session takes a request, and nothing
 * that happens on it. Its one rule: a session that ended in any way is
 * forgotten, and the next request begins anew.
 */
import type { PromisedHead } from '../protocol/index.ts'
import { StreamQueue } from '../protocol/stream-queue.ts'
import type { SessionCache, TransportInfo } from '../transport/transport.ts'
import { Exchange } from './exchange.ts'
import { Rejection } from './failure.ts'
import { Http2Session } from './http2-session.ts'
import { HTTP20Push } from './http20-push.ts'
import type { HTTP20Response } from './http20-response.ts'
import { exchangeOf, HTTP20Stream } from './http20-stream.ts'
import { Reporter } from './logging.ts'
import { type ConnectionSettings, checkOptions, type HTTP20ConnectionOptions } from './options.ts'
import { PushQueue, pushesOf } from './push-queue.ts'
import { PutRequests } from './put-requests.ts'
import { type RequestBody, takeBody } from './request-body.ts'
import { HeadDefaults } from './request-head.ts'
import { type HTTP20RequestInit, type PlannedRequest, planRequest } from './request-init.ts'
import type { Session, SessionOwner } from './session.ts'
import { parseTarget, type Target } from './target.ts'

/** `'draining'`: what is open finishes, and the next request begins a new connection. */
export type ConnectionState = 'idle' | 'connecting' | 'open' | 'draining'

/** Plain data on a connection. */
export interface ConnectionStats {
  readonly state: ConnectionState
  /** Requests whose HEADERS were sent and that are not finished. */
  readonly streamsOpen: number
  /** Requests that wait for a stream. */
  readonly streamsQueued: number
  readonly bytesReceived: number
  readonly bytesSent: number
  /** Smallest measured, in milliseconds; NaN before the first. */
  readonly roundTripTime: number
  /** Octets that may be sent, and received, on the connection now (RFC 9113 §5.2). */
  readonly sendWindow: number
  readonly recvWindow: number
  /** Addresses and TLS. */
  readonly transport: TransportInfo
}

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
export class HTTP20Connection {
  readonly #target: Target
  readonly #settings: ConnectionSettings
  readonly #defaults: HeadDefaults
  readonly #owner: SessionOwner
  /** The session that takes requests. */
  #session: Http2Session
  /** Sessions that take no more requests and are not gone. */
  readonly #leaving: Set<Session>
  /** `close` in progress: new sessions wait for it. */
  #closing: Promise<void> | undefined
  /** Requests whose response nobody asked for, oldest first. */
  readonly #unasked: StreamQueue<Exchange>
  readonly #put: PutRequests
  #pushes: PushQueue
  readonly #pushesByParent: WeakMap<Exchange, PushQueue>
  readonly #queueOfPush: WeakMap<HTTP20Push, PushQueue>

  /**
   * @param target `'host'`, `'host:port'`, `'[::1]:8443'`, an `http:` or `https:` URL. No scheme means TLS
   * unless `secure: false`; the default port is 443, or 80 when not secure.
   * @throws TypeError, RangeError naming the argument or option that is wrong
   */
  constructor(target: string | URL, options?: HTTP20ConnectionOptions) {
    const settings = checkOptions(options)
    this.#settings = settings
    this.#target = parseTarget(target, settings.secure)
    this.#defaults = new HeadDefaults(this.#target, settings.decompress)
    const tlsSessions: SessionCache = { session: undefined }
    this.#owner = {
      target: this.#target,
      settings,
      reporter: new Reporter(this.#target.origin, settings.logger),
      tlsSessions,
      sessionDraining: (session) => this.#leave(session),
      sessionClosed: (session) => this.#ended(session),
      sessionTurned: () => {},
      pushed: (parent, head) => this.#pushed(parent, head),
    }
    this.#leaving = new Set()
    this.#closing = undefined
    this.#unasked = new StreamQueue()
    this.#put = new PutRequests(this.#defaults, settings)
    this.#pushes = new PushQueue()
    this.#pushesByParent = new WeakMap()
    this.#queueOfPush = new WeakMap()
    // Made now, so that bad settings throw now.
    this.#session = new Http2Session(this.#owner)
  }

  /** `'2'`. */
  get httpVersion(): '2' {
    return '2'
  }

  /** Scheme, host and port, as in `https://example.com:8443`. */
  get origin(): string {
    return this.#target.origin
  }

  /** What the connection is doing. */
  get state(): ConnectionState {
    const { state } = this.#session
    if (state === 'idle' && this.#leaving.size > 0) return 'draining'
    return state === 'closed' ? 'idle' : state
  }

  /** Plain, small data: streams, bytes, round trip, windows, addresses. */
  get stats(): ConnectionStats {
    const { engine, info } = this.#session
    return {
      state: this.state,
      streamsOpen: engine.openStreams,
      streamsQueued: engine.queuedStreams,
      bytesReceived: engine.bytesReceived,
      bytesSent: engine.bytesSent,
      roundTripTime: engine.roundTripTime,
      sendWindow: engine.sendWindow,
      recvWindow: engine.recvWindow,
      transport: info,
    }
  }

  /** Connects, if it is not. Never needed: the first request connects. Rejects with an `H2Error`. */
  connect(): Promise<void> {
    this.#dial(this.#settings)
    return this.#session.connected()
  }

  /**
   * Makes a request; returns at once. What goes wrong later rejects the
   * response. During `close()` it waits, and then begins a new connection.
   *
   * @throws TypeError for a method, path or field that is not valid, RangeError for a content-length that is not the body's
   */
  request(method: string, path: string, init?: HTTP20RequestInit): HTTP20Stream {
    const { timeouts, decompress } = this.#settings
    const planned = planRequest(this.#defaults, timeouts, decompress, method, path, init)
    const exchange = new Exchange(planned.plan)
    this.#begin(exchange, planned)
    return new HTTP20Stream(exchange, this.#unasked)
  }

  #begin(exchange: Exchange, planned: PlannedRequest): void {
    const { signal, limits } = planned.plan
    if (signal?.aborted === true) {
      exchange.fail(new Rejection(signal.reason))
      return
    }
    this.#session.carry(exchange, planned)
    this.#dial({ timeouts: limits })
  }

  #dial({ timeouts }: Pick<ConnectionSettings, 'timeouts'>): void {
    if (this.#session.state === 'idle') this.#session.dial(timeouts, this.#closing)
  }

  // — piecemeal, as in `http.client` —

  /** Begins a request that is put together with `putHeader` and sent with `endHeaders`. */
  putRequest(method: string, path: string): HTTP20Stream {
    return new HTTP20Stream(this.#put.begin(method, path), this.#unasked)
  }

  /** Adds a field to the request begun last, or to the one of `stream`. */
  putHeader(name: string, value: string, stream?: HTTP20Stream): void {
    this.#put.header(name, value, stream)
  }

  /** Sends the head, and `body` if given. `final: false`: `send` gives more; the default is true. */
  endHeaders(body?: RequestBody | null, final = true, stream?: HTTP20Stream): void {
    const { exchange, planned } = this.#put.end(body ?? undefined, final, stream)
    this.#begin(exchange, planned)
  }

  /**
   * Sends content of a request that was left open; `final` ends it. Resolves
   * when the stream takes more. Throws TypeError once the request was ended.
   */
  send(data: RequestBody, final = false, stream?: HTTP20Stream): Promise<void> {
    const exchange = stream === undefined ? this.#put.latest() : exchangeOf(stream)
    return exchange.send(takeBody(data), final)
  }

  /**
   * The response to `stream`, or without it to the oldest request whose response
   * nobody has asked for. Throws TypeError if there is none.
   */
  getResponse(stream?: HTTP20Stream): Promise<HTTP20Response> {
    const exchange = stream === undefined ? this.#oldest() : exchangeOf(stream)
    exchange.unlink()
    return exchange.response()
  }

  #oldest(): Exchange {
    const oldest = this.#unasked.first
    if (oldest !== undefined) return oldest
    throw new TypeError('getResponse without a stream: no request waits for its response to be asked for')
  }

  /**
   * Pushes that belong to `stream`, until its response has ended; without it,
   * all of the connection, until it closes. Needs `enablePush: true`.
   */
  getPushes(stream?: HTTP20Stream): AsyncIterableIterator<HTTP20Push> {
    if (stream === undefined) {
      return pushesOf(this.#pushes, (push) => this.#queueOfPush.get(push)?.remove(push))
    }
    const all = this.#pushes
    return pushesOf(this.#queueOf(exchangeOf(stream)), (push) => all.remove(push))
  }

  #queueOf(parent: Exchange): PushQueue {
    let queue = this.#pushesByParent.get(parent)
    if (queue === undefined) {
      queue = new PushQueue()
      this.#pushesByParent.set(parent, queue)
      parent.whenPushesOver(() => queue!.end())
    }
    return queue
  }

  #pushed(parent: Exchange, head: PromisedHead): Exchange | undefined {
    const queue = this.#queueOf(parent)
    if (this.#pushes.full || queue.full) return undefined
    const { timeouts, decompress } = this.#settings
    const { method, path } = head
    const exchange = new Exchange({
      method,
      path,
      limits: timeouts,
      signal: undefined,
      trailers: undefined,
      decompress,
    })
    const push = new HTTP20Push(exchange, head)
    this.#queueOfPush.set(push, queue)
    if (!queue.add(push) && this.#pushes.add(push)) queue.remove(push)
    return exchange
  }

  /** Sends a PING (RFC 9113 §6.7) and resolves with the round trip in milliseconds. Connects if need be. */
  ping(): Promise<number> {
    const answer = this.#session.ping()
    this.#dial(this.#settings)
    return answer
  }

  // — the end —

  /**
   * Finishes what is in flight, says GOAWAY with `errorCode`, and closes. Then
   * the object is as new, and responses that nobody asked for are forgotten.
   * Bodies have to be read for it to finish; one that nobody reads is given up
   * after `timeouts.bodyIdle`.
   */
  close(errorCode = 0): Promise<void> {
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
    const closing = Promise.all(sessions.map((session) => session.close(errorCode))).then(() => {
      this.#closing = undefined
      for (const exchange of this.#unasked) if (exchange.settled) exchange.unlink()
    })
    this.#closing = closing
    return closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Ends now: every open request rejects with an `H2Error` whose `cause` is `reason`. */
  destroy(reason?: unknown): void {
    const sessions: Session[] = [...this.#leaving]
    if (this.#session.state !== 'idle') sessions.push(this.#session)
    for (const session of sessions) session.destroy(reason)
  }

  /** A session takes no more requests: a fresh one takes its place. */
  #leave(session: Session): void {
    if (session === this.#session) this.#session = new Http2Session(this.#owner)
    this.#leaving.add(session)
    void session.gone().then(() => this.#leaving.delete(session))
  }

  #ended(session: Session): void {
    if (session === this.#session) this.#leave(session)
    this.#pushes.end()
    this.#pushes = new PushQueue()
  }
}
