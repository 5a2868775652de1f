/**
 * One HTTP/1.1 connection: its engine, its driver, and the exchange that has
 * it. Its one rule: one request at a time, the next when both messages of the
 * last are complete (RFC 9112 §9.3).
 */
import { ErrorCode } from '../../frame/registry.ts'
import { Http1Connection, type Http1ConnectionSink } from '../../http1/connection.ts'
import type { Forwarded } from '../../http1/request-head.ts'
import type { Failure } from '../../protocol/index.ts'
import { checkLimits, checkSettings } from '../../protocol/limits.ts'
import type { Transport, TransportInfo } from '../../transport/transport.ts'
import { type ClientFailure, destroyed, errorOf } from '../failure.ts'
import type { PlannedRequest } from '../request/request-init.ts'
import { Departure } from '../session/departure.ts'
import { Driver, type DriverOwner } from '../session/driver.ts'
import type { Exchange } from '../session/exchange.ts'
import type { Witness } from '../session/observer.ts'
import { OpenExchanges } from '../session/open-exchanges.ts'
import type { Session, SessionOwner, SessionState } from '../session/session.ts'

export class Http1Session implements Session, Http1ConnectionSink, DriverOwner {
  readonly #owner: SessionOwner
  readonly #transport: Transport
  readonly #engine: Http1Connection
  readonly #driver: Driver
  readonly #open: OpenExchanges
  /** The transport is gone, and who waits for that. */
  readonly #departure: Departure
  /** Why it ended, if that was a failure. */
  #failure: Failure | undefined

  /**
   * Takes a transport that was not started, and whoever witnessed its dial. Throws RangeError or TypeError for
   * bad `settings` or `limits`.
   *
   * @example
   * const session = new Http1Session(owner, await dial(target, options))
   */
  constructor(owner: SessionOwner, transport: Transport, witness?: Witness) {
    const { settings } = owner
    const { maxInformational, maxHeaderFields: maxFields } = checkLimits(settings.limits)
    const { maxHeaderListSize: maxHeadSize } = checkSettings(settings.settings)
    this.#owner = owner
    this.#transport = transport
    const { forwarding } = transport
    // What a proxy wants to be told, where the peer is one.
    const forwarded: Forwarded | undefined = forwarding && {
      origin: owner.target.origin,
      authorization: forwarding.authorization,
    }
    this.#engine = new Http1Connection(this, { maxHeadSize, maxFields, maxInformational })
    this.#driver = new Driver(this.#engine, settings.clock, this, settings.clock.now())
    this.#open = new OpenExchanges(owner, this.#driver, (exchange, { plan, head }, endStream) =>
      this.#engine.open(head, endStream, plan.trailers !== undefined, exchange, forwarded),
    )
    this.#open.witness = witness
    this.#departure = new Departure()
    this.#failure = undefined
    this.#driver.start(transport, witness)
    witness?.opened(transport, '1.1', this.#driver.now())
  }

  // — `Session` —

  get httpVersion(): '1.1' {
    return '1.1'
  }

  get state(): SessionState {
    if (this.#engine.closed) return 'closed'
    return this.#engine.draining ? 'draining' : 'open'
  }

  get info(): TransportInfo {
    return this.#transport.info
  }

  get ready(): boolean {
    return true
  }

  get worn(): boolean {
    const { idleUntil } = this.#engine
    return idleUntil !== Number.POSITIVE_INFINITY && this.#driver.now() >= idleUntil
  }

  get idle(): boolean {
    return !this.#engine.busy && this.#open.size === 0
  }

  get openStreams(): number {
    return this.#engine.busy ? 1 : 0
  }

  get freeStreams(): number {
    return this.#engine.free ? 1 : 0
  }

  get bytesReceived(): number {
    return this.#engine.bytesReceived
  }

  get bytesSent(): number {
    return this.#engine.bytesSent
  }

  get roundTripTime(): number {
    return Number.NaN
  }

  get sendWindow(): number {
    return Number.POSITIVE_INFINITY
  }

  get recvWindow(): number {
    return Number.POSITIVE_INFINITY
  }

  /** Throws Error without a free stream: nothing waits in line here. */
  carry(exchange: Exchange, planned: PlannedRequest): void {
    exchange.incoming.httpVersion = '1.1'
    this.#open.begin(exchange, planned, true)
  }

  ping(): Promise<number> {
    return Promise.reject(errorOf(NO_PING, 0))
  }

  close(): Promise<void> {
    this.#engine.shutdown()
    this.#open.part()
    return this.gone()
  }

  destroy(reason: unknown): void {
    if (!this.#departure.happened) this.#engine.destroy(destroyed(reason))
  }

  gone(): Promise<void> {
    this.#driver.wake()
    return this.#departure.wait()
  }

  // — `Http1ConnectionSink`: what the engine tells —

  onFree(): void {
    this.#driver.wake()
  }

  onDraining(): void {
    this.#owner.observer.notice('is draining, the response ends the connection (RFC 9112 §9.6)')
    this.#owner.sessionDraining(this, ErrorCode.NO_ERROR, '')
  }

  onHold(held: boolean): void {
    if (held) this.#transport.pause?.()
    else this.#transport.resume?.()
  }

  onClosed(failure: Failure | undefined): void {
    const { observer } = this.#owner
    this.#failure = failure
    if (failure !== undefined && observer.hearsFailures) observer.failed(errorOf(failure, 0))
    this.#owner.sessionClosed(this)
    this.#driver.wake()
  }

  onCut(): void {
    this.#driver.cut()
  }

  onNotice(text: string): void {
    this.#owner.observer.notice(text)
  }

  // — `DriverOwner` —

  nextDeadline(): number {
    return this.#open.next
  }

  expire(now: number): void {
    this.#open.expire(now)
  }

  get busy(): boolean {
    return this.#departure.size > 0 || this.#open.awaited
  }

  turned(): void {
    this.#owner.sessionTurned(this)
  }

  transportClosed(): void {
    const failure = this.#failure
    this.#owner.observer.closed()
    this.#open.witness?.closed(failure && errorOf(failure, 0), this.#driver.now())
    this.#departure.happen()
  }
}

const NO_PING: ClientFailure = {
  scope: 'connection',
  initiator: 'local',
  errorCode: ErrorCode.HTTP_1_1_REQUIRED,
  reason: 'HTTP/1.1 has no PING (RFC 9113 §6.7)',
  processed: 'no',
}
