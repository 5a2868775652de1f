/**
 * One HTTP/2 connection: its engine, its driver, and the exchanges that are
 * open on it. It dials itself, or takes a transport that stands. Its one rule:
 * when it is gone, everything that waited for it was told.
 */
import { Connection, type ConnectionSink, type Failure, type UnreadBudget } from '../../protocol/index.ts'
import type { Transport, TransportInfo } from '../../transport/transport.ts'
import {
  closedByCaller,
  destroyed,
  dialFailed,
  type Ending,
  errorOf,
  unprocessed,
  wrongProtocol,
} from '../failure.ts'
import type { PlannedRequest } from '../request/request-init.ts'
import { engineOptions } from '../settings/options.ts'
import type { TimeLimits } from '../settings/timeouts.ts'
import { ConnectWaiters } from './connect-waiters.ts'
import { Departure } from './departure.ts'
import { dialOptions } from './dial-options.ts'
import { Driver, type DriverOwner } from './driver.ts'
import type { Exchange } from './exchange.ts'
import type { Witness } from './observer.ts'
import { OpenExchanges } from './open-exchanges.ts'
import { Parting } from './parting.ts'
import { Pingers } from './pingers.ts'
import type { Session, SessionOwner, SessionState } from './session.ts'

export class Http2Session implements Session, ConnectionSink, DriverOwner {
  readonly httpVersion = '2'
  readonly #owner: SessionOwner
  /** What may lie unread, here and elsewhere. */
  readonly unread: UnreadBudget
  readonly #engine: Connection
  readonly #driver: Driver
  readonly #open: OpenExchanges
  #state: SessionState
  #startedAt: number
  #dialAbort: AbortController | undefined
  #info: TransportInfo
  /** Callers of `connect`. */
  readonly #connectors: ConnectWaiters
  /** Callers of `ping`. */
  readonly #pingers: Pingers
  /** The transport is gone, and who waits for that. */
  readonly #departure: Departure
  /** When what is still open is given up. */
  readonly #parting: Parting
  /** Why it ended, if that was a failure. */
  #failure: Failure | undefined

  /** Throws RangeError or TypeError for bad `settings`, `limits`, `windowManager`. */
  constructor(owner: SessionOwner) {
    const { settings } = owner
    const createdAt = settings.clock.now()
    this.#owner = owner
    this.unread = settings.unread
    this.#engine = new Connection(this, engineOptions(settings), createdAt)
    this.#driver = new Driver(this.#engine, settings.clock, this, createdAt)
    this.#open = new OpenExchanges(owner, this.#driver, (exchange, { head }, endStream) =>
      this.#engine.open(head, endStream, exchange, this.#driver.engineNow()),
    )
    this.#state = 'idle'
    this.#startedAt = 0
    this.#dialAbort = undefined
    this.#info = {}
    this.#connectors = new ConnectWaiters()
    this.#pingers = new Pingers()
    this.#departure = new Departure()
    this.#parting = new Parting()
    this.#failure = undefined
  }

  /** Takes a transport that stands and speaks HTTP/2, and whoever witnessed its dial. */
  static over(owner: SessionOwner, transport: Transport, witness: Witness | undefined): Http2Session {
    const session = new Http2Session(owner)
    session.#open.witness = witness
    session.#state = 'connecting'
    session.#dialled(transport)
    return session
  }

  // — what the connection object asks —

  get state(): SessionState {
    return this.#state
  }

  get engine(): Connection {
    return this.#engine
  }

  get info(): TransportInfo {
    return this.#info
  }

  /** Dials, once, behind `gate`. */
  dial(limits: TimeLimits, gate: Promise<unknown> | undefined): void {
    if (this.#state !== 'idle') return
    this.#state = 'connecting'
    this.#startedAt = this.#driver.now()
    const witness = this.#owner.observer.connecting(this.#startedAt)
    this.#open.witness = witness
    if (witness !== undefined) {
      for (const exchange of this.#open.all()) witness.carried(exchange, this.#startedAt)
    }
    const { target, settings, tlsSessions } = this.#owner
    this.#dialAbort = new AbortController()
    const { signal } = this.#dialAbort
    const options = dialOptions(settings, limits, ['h2'], tlsSessions, witness)
    const dial = async (): Promise<Transport> => {
      await gate
      signal.throwIfAborted()
      return settings.transport(target, options, signal)
    }
    dial().then(
      (transport) => this.#dialled(transport),
      (error: unknown) => this.#lost(dialFailed(error)),
    )
  }

  /** Resolves when the transport stands. */
  connected(): Promise<void> {
    if (this.#state === 'open') return Promise.resolve()
    return this.#connectors.wait()
  }

  get ready(): boolean {
    return this.#engine.ready
  }

  get worn(): boolean {
    return this.#engine.worn
  }

  get idle(): boolean {
    return this.#open.size === 0
  }

  get openStreams(): number {
    return this.#engine.openStreams
  }

  get freeStreams(): number {
    return this.#engine.freeStreams
  }

  get bytesReceived(): number {
    return this.#engine.bytesReceived
  }

  get bytesSent(): number {
    return this.#engine.bytesSent
  }

  get roundTripTime(): number {
    return this.#engine.roundTripTime
  }

  get sendWindow(): number {
    return this.#engine.sendWindow
  }

  get recvWindow(): number {
    return this.#engine.recvWindow
  }

  carry(exchange: Exchange, planned: PlannedRequest): void {
    exchange.incoming.httpVersion = '2'
    this.#open.begin(exchange, planned, this.#state === 'open')
  }

  ping(): Promise<number> {
    return this.#pingers.wait(() => {
      const token = this.#engine.ping(this.#driver.engineNow())
      this.#driver.wake()
      return token
    })
  }

  /** Finishes what is open, then ends. Resolves when the transport is gone. */
  close(errorCode: number): Promise<void> {
    if (this.#state === 'idle') this.#finish()
    if (this.#departure.happened) return Promise.resolve()
    if (this.#state === 'connecting' && this.#open.size === 0 && this.#pingers.size === 0) {
      this.destroy(undefined)
    } else if (this.#state !== 'closed') {
      if (this.#state === 'open') this.#state = 'draining'
      this.#engine.shutdown(errorCode, this.#driver.engineNow())
      this.#open.part()
      this.#driver.wake()
    }
    return this.gone()
  }

  /** Ends now. */
  destroy(reason: unknown): void {
    const failure = destroyed(reason)
    if (this.#state === 'idle') this.#finish()
    else if (this.#state === 'connecting') this.#lost(failure)
    else this.#engine.destroy(failure)
    this.#driver.wake()
  }

  /** Resolves when nothing of it is left. */
  gone(): Promise<void> {
    return this.#departure.wait()
  }

  // — the dial —

  #dialled(transport: Transport): void {
    // One that was given its transport did not dial, and whoever did has told of it.
    const dialled = this.#dialAbort !== undefined
    this.#dialAbort = undefined
    const { secure } = this.#owner.target
    const wrong = secure && transport.alpn !== 'h2'
    if (this.#state !== 'connecting' || wrong) {
      transport.destroy()
      if (wrong) this.#lost(wrongProtocol(transport.alpn))
      return
    }
    this.#state = this.#engine.draining ? 'draining' : 'open'
    this.#info = transport.info
    this.#driver.start(transport, this.#open.witness)
    if (dialled) this.#owner.observer.opened(transport, this.#driver.now() - this.#startedAt)
    this.#open.witness?.opened(transport, '2', this.#driver.now())
    for (const exchange of this.#open.all()) exchange.connected()
    this.#connectors.connected()
  }

  /** No transport: the engine never sent a byte, so everything fails with what the dial failed with. */
  #lost(ending: Ending): void {
    if (this.#state !== 'connecting') return
    this.#dialAbort?.abort()
    this.#state = 'closed'
    const { observer } = this.#owner
    if (observer.hearsFailures) observer.failed(errorOf(ending, 0))
    this.#open.witness?.closed(errorOf(ending, 0), this.#driver.now())
    this.#owner.sessionClosed(this)
    for (const exchange of this.#open.all()) exchange.fail(unprocessed(ending))
    this.#rejectWaiters(ending)
    this.#driver.abandon()
    this.#finish()
  }

  #rejectWaiters(ending: Ending): void {
    this.#connectors.fail(ending)
    this.#pingers.fail(ending)
  }

  #finish(): void {
    this.#state = 'closed'
    this.#departure.happen()
  }

  // — `ConnectionSink`: what the engine tells —

  onReady(): void {}

  onDraining(errorCode: number, debugData: string): void {
    if (this.#state === 'open') this.#state = 'draining'
    this.#open.draining = true
    this.#parting.told(errorCode, debugData, this.#driver.now(), this.#owner.settings.timeouts.drain)
    this.#owner.observer.draining(errorCode, debugData)
    this.#owner.sessionDraining(this, errorCode, debugData)
    this.#open.part()
  }

  onPong(token: number, roundTripTime: number): void {
    this.#pingers.answered(token, roundTripTime)
  }

  onClosed(failure: Failure | undefined): void {
    this.#parting.over()
    if (this.#state === 'connecting') {
      // Shut down with nothing left to do before the transport stood.
      if (failure === undefined) this.#lost(closedByCaller())
      return
    }
    this.#state = 'closed'
    this.#failure = failure
    const { observer } = this.#owner
    if (failure !== undefined && observer.hearsFailures) observer.failed(errorOf(failure, 0))
    this.#owner.sessionClosed(this)
    this.#rejectWaiters(failure ?? closedByCaller())
  }

  onNotice(text: string): void {
    this.#owner.observer.notice(text)
  }

  // — `DriverOwner` —

  nextDeadline(): number {
    return Math.min(this.#open.next, this.#parting.deadline)
  }

  expire(now: number): void {
    const parted = now >= this.#parting.deadline ? this.#parting.due(now, this.#driver.heardAt) : undefined
    if (parted !== undefined) this.#engine.destroy(parted)
    else this.#open.expire(now)
  }

  get busy(): boolean {
    return this.#open.awaited || this.#pingers.size > 0 || this.#departure.size > 0
  }

  readonly #room = (): void => this.#driver.wake()

  turned(): void {
    const { unread } = this
    if (unread.full && this.#engine.queuedStreams > 0) unread.whenRoom(this.#room)
    this.#open.witness?.measured(this.#engine.roundTripTime, this.#driver.now())
    this.#owner.sessionTurned(this)
  }

  transportClosed(): void {
    const failure = this.#failure
    this.#owner.observer.closed()
    this.#open.witness?.closed(failure && errorOf(failure, 0), this.#driver.now())
    this.#finish()
  }
}
