/**
 * One HTTP/1.1 connection: a link, and the exchange that has it. Its one rule:
 * one request at a time, the next when both messages of the last are complete
 * (RFC 9112 §9.3); whatever breaks that order ends the connection.
 */
import { ErrorCode } from '../../frame/registry.ts'
import { checkLimits, checkSettings } from '../../protocol/limits.ts'
import type {
  Forwarding,
  Http1Failure,
  Http1Link,
  Http1LinkHandler,
  Http1ResponseHead,
  TransportInfo,
} from '../../transport/transport.ts'
import { type ClientFailure, destroyed, errorOf, transportLost } from '../failure.ts'
import type { PlannedRequest } from '../request/request-init.ts'
import { Deadlines } from '../session/deadlines.ts'
import type { Exchange } from '../session/exchange.ts'
import type { Carrier } from '../session/exchange-host.ts'
import type { Session, SessionOwner, SessionState } from '../session/session.ts'
import { forwarded, framedHead, idleLimit } from './http1-head.ts'
import { failureOf, Http1Stream, type Http1StreamHost } from './http1-stream.ts'

const NEVER = Number.POSITIVE_INFINITY
/** Milliseconds that a connection may take to end, once nothing is expected of it. */
const LINGER_MS = 1_000
/** Milliseconds by which an idle connection is closed before the peer would: a request could cross the end. */
const SAFETY_MS = 1_000

export class Http1Session implements Session, Carrier<Exchange>, Http1LinkHandler, Http1StreamHost {
  readonly maxInformational: number
  readonly maxFields: number
  readonly #owner: SessionOwner
  readonly #link: Http1Link
  readonly #forwarding: Forwarding | undefined
  readonly #maxHeadSize: number
  readonly #open: Deadlines<Exchange>
  #state: SessionState
  /** The request that has the link, though its exchange may have settled. */
  #current: Http1Stream | undefined
  /** Milliseconds that the peer says it keeps the connection idle. */
  #idleLimit: number
  /** When the idle connection is closed, since the peer is about to; Infinity while it is in use. */
  #idleUntil: number
  /** When the link is destroyed, whatever it waits for. */
  #destroyAt: number
  #timer: unknown
  #timerAt: number
  /** The end of the turn is due. */
  #woken: boolean
  #referenced: boolean
  /** Callers that wait until the transport is gone. */
  #closers: (() => void)[]
  #gone: boolean

  /**
   * Takes a link that was not started. Throws RangeError or TypeError for bad
   * `settings` or `limits`.
   *
   * @example
   * const session = new Http1Session(owner, await platform.http1(transport))
   */
  constructor(owner: SessionOwner, link: Http1Link, forwarding?: Forwarding) {
    const { settings } = owner
    const { maxInformational, maxHeaderFields } = checkLimits(settings.limits)
    this.maxInformational = maxInformational
    this.maxFields = maxHeaderFields
    this.#owner = owner
    this.#link = link
    this.#forwarding = forwarding
    this.#maxHeadSize = checkSettings(settings.settings).maxHeaderListSize
    this.#open = new Deadlines()
    this.#state = 'open'
    this.#current = undefined
    this.#idleLimit = NEVER
    this.#idleUntil = NEVER
    this.#destroyAt = NEVER
    this.#timer = undefined
    this.#timerAt = NEVER
    this.#woken = false
    this.#referenced = true
    this.#closers = []
    this.#gone = false
    link.start(this)
    this.wake()
  }

  // — `Session` —

  get httpVersion(): '1.1' {
    return '1.1'
  }

  get state(): SessionState {
    return this.#state
  }

  get info(): TransportInfo {
    return this.#link.info
  }

  get ready(): boolean {
    return true
  }

  get worn(): boolean {
    return this.#idleUntil !== NEVER && this.now() >= this.#idleUntil
  }

  get idle(): boolean {
    return this.#current === undefined && this.#open.size === 0
  }

  get openStreams(): number {
    return this.#current === undefined ? 0 : 1
  }

  get freeStreams(): number {
    return this.#state === 'open' && this.#current === undefined ? 1 : 0
  }

  get bytesReceived(): number {
    return this.#link.bytesReceived
  }

  get bytesSent(): number {
    return this.#link.bytesSent
  }

  get roundTripTime(): number {
    return Number.NaN
  }

  get sendWindow(): number {
    return NEVER
  }

  get recvWindow(): number {
    return NEVER
  }

  /** Throws Error without a free stream: nothing waits in line here. */
  carry(exchange: Exchange, planned: PlannedRequest): void {
    if (this.freeStreams === 0) throw new Error('HTTP/1.1 carries one request at a time')
    exchange.incoming.httpVersion = '1.1'
    try {
      exchange.begin(this, planned)
    } catch (error) {
      // A request that was begun and has no body to send; its head has not left yet.
      if (this.#current !== undefined) this.streamBroke(undefined)
      throw error
    }
    if (exchange.settled) return
    this.#open.add(exchange)
    exchange.connected()
    this.#owner.observer.requestStarted(exchange, this.now())
  }

  open(exchange: Exchange, { plan, head }: PlannedRequest, endStream: boolean): Http1Stream {
    const framed = framedHead(head, endStream, plan.trailers !== undefined, this.#maxHeadSize)
    const stream = new Http1Stream(this, exchange, head.method)
    const { origin } = this.#owner.target
    const wire =
      this.#forwarding === undefined ? framed.wire : forwarded(framed.wire, origin, this.#forwarding)
    stream.begin(this.#link.request(wire, endStream, stream), endStream, framed.length)
    this.#current = stream
    this.#idleUntil = NEVER
    return stream
  }

  ping(): Promise<number> {
    return Promise.reject(errorOf(NO_PING, 0))
  }

  close(): Promise<void> {
    if (this.#state === 'open') this.#state = 'draining'
    if (this.#current === undefined) this.#leave()
    return this.gone()
  }

  destroy(reason: unknown): void {
    if (this.#gone) return
    const failure = destroyed(reason)
    this.#shut()
    this.#link.destroy()
    this.#current?.fail(failure)
  }

  gone(): Promise<void> {
    if (this.#gone) return Promise.resolve()
    this.wake()
    return new Promise((resolve) => {
      this.#closers.push(resolve)
    })
  }

  // — the end —

  /** It takes nothing more and expects nothing more: ends it in order, and soon. */
  #leave(): void {
    this.#shut()
    this.#link.end()
  }

  #shut(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#idleUntil = NEVER
    this.#linger()
    this.#owner.sessionClosed(this)
  }

  #linger(): void {
    if (this.#destroyAt === NEVER) this.#destroyAt = this.now() + LINGER_MS
    this.wake()
  }

  // — `Http1LinkHandler` —

  onFree(): void {
    this.#current = undefined
    if (this.#state === 'draining') this.#leave()
    else if (this.#state === 'open') {
      this.#destroyAt = NEVER
      this.#idleUntil = this.now() + this.#idleLimit - SAFETY_MS
    }
    this.wake()
  }

  onEnding(failure: Http1Failure): void {
    const expected = failure.kind === 'lost' && (this.#current === undefined || this.#current.done)
    const { observer } = this.#owner
    if (!expected && observer.hearsFailures) observer.failed(errorOf(failureOf(failure), 0))
    this.#shut()
  }

  onClosed(): void {
    this.#shut()
    this.#gone = true
    this.#current = undefined
    this.#disarm()
    this.#owner.observer.closed()
    const closers = this.#closers
    this.#closers = []
    for (const resolve of closers) resolve()
  }

  // — `Http1StreamHost` —

  streamResponded(head: Http1ResponseHead): void {
    this.#idleLimit = idleLimit(head.fields)
    if (head.persistent || this.#state !== 'open') return
    this.#state = 'draining'
    this.#owner.observer.notice('is draining, the response ends the connection (RFC 9112 §9.6)')
    this.#owner.sessionDraining(this, ErrorCode.NO_ERROR, '')
  }

  streamEnded(stream: Http1Stream): void {
    // RFC 9112 §9.3: a request that is not sent in whole leaves nothing to go on with.
    if (stream.requestComplete) this.#linger()
    else this.streamBroke(undefined)
  }

  streamBroke(failure: ClientFailure | undefined): void {
    const { observer } = this.#owner
    if (failure !== undefined && observer.hearsFailures) observer.failed(errorOf(failure, 0))
    this.#shut()
    this.#link.destroy()
  }

  // — `Carrier` —

  get witness(): undefined {
    return undefined
  }

  now(): number {
    return this.#owner.settings.clock.now()
  }

  wake(): void {
    if (this.#woken || this.#gone) return
    this.#woken = true
    queueMicrotask(this.#turn)
  }

  readonly #turn = (): void => {
    this.#woken = false
    if (this.#gone) return
    this.#owner.sessionTurned(this)
    const busy = this.#open.size > 0 || this.#closers.length > 0
    if (busy !== this.#referenced) {
      this.#referenced = busy
      if (busy) this.#link.ref()
      else this.#link.unref()
    }
    this.#arm()
  }

  moved(exchange: Exchange): void {
    if (this.#open.note(exchange.deadline)) this.wake()
  }

  get closing(): boolean {
    return this.#owner.isClosing()
  }

  pushed(): undefined {
    return undefined
  }

  notice(text: string): void {
    this.#owner.observer.notice(text)
  }

  informed(exchange: Exchange, status: number): void {
    this.#owner.observer.informed(exchange, status, this.now())
  }

  responded(exchange: Exchange): void {
    this.#owner.observer.responded(exchange, this.now())
  }

  released(exchange: Exchange): void {
    this.#open.remove(exchange)
  }

  settled(exchange: Exchange): void {
    this.#open.remove(exchange)
    this.#owner.observer.settled(exchange, this.now())
    this.wake()
  }

  // — the timer —

  #arm(): void {
    const next = Math.min(this.#open.next, this.#destroyAt, this.#idleUntil)
    // A timer that comes too early costs less than one that is moved at every step.
    if (next >= this.#timerAt) return
    this.#disarm()
    this.#timerAt = next
    this.#timer = this.#owner.settings.clock.setTimer(this.#ring, Math.max(0, Math.ceil(next - this.now())))
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#owner.settings.clock.clearTimer(this.#timer)
    this.#timer = undefined
    this.#timerAt = NEVER
  }

  readonly #ring = (): void => {
    this.#timer = undefined
    this.#timerAt = NEVER
    const now = this.now()
    if (now >= this.#destroyAt) {
      this.#shut()
      this.#link.destroy()
      this.#current?.fail(transportLost(undefined))
      return
    }
    if (now >= this.#idleUntil) this.#leave()
    this.#open.expire(now)
    this.wake()
  }
}

const NO_PING: ClientFailure = {
  scope: 'connection',
  initiator: 'local',
  errorCode: ErrorCode.HTTP_1_1_REQUIRED,
  reason: 'HTTP/1.1 has no PING (RFC 9113 §6.7)',
  processed: 'no',
}
