/**
 * What an `HTTP20Connection` sends again by itself: what waited for a stream
 * when the peer said GOAWAY, what was refused because it left before the peer
 * had said how many streams it takes, and an idempotent request that crossed
 * the end of a connection. Its one rule: sessions that answer nothing, one
 * after the other, come to an end.
 */
import { ErrorCode } from '../../frame/registry.ts'
import type { ClientFailure } from '../failure.ts'
import { isIdempotent, retryDelay } from '../pool/retry-policy.ts'
import type { Exchange } from '../session/exchange.ts'
import type { Carriage, Resender } from '../session/exchange-host.ts'
import type { Http2Session } from '../session/http2-session.ts'

/** Sessions in a row that may answer nothing. */
const MOST_UNANSWERED = 3

/** A session, as the requests on it know it. */
export class SessionCarriage implements Carriage {
  readonly session: Http2Session
  served: boolean

  constructor(session: Http2Session) {
    this.session = session
    this.served = false
  }

  get bytesReceived(): number {
    return this.session.bytesReceived
  }

  /** Only a pool counts what a connection takes. */
  refusedFrom(): number {
    return 0
  }
}

export class Http20Resender implements Resender<Exchange> {
  readonly #again: (exchange: Exchange, delayMs: number) => void
  /** Requests that left before the peer's SETTINGS came. */
  readonly #early: WeakSet<Exchange>
  /** Requests that crossed the end of a connection. */
  readonly #crossed: WeakSet<Exchange>
  /** Sessions in a row that gave requests back and answered none, */
  #unanswered: number
  /** the last of which was this one. */
  #gone: Carriage | undefined

  /** @param again puts a request on the present session, which is dialled after `delayMs` if it is not yet */
  constructor(again: (exchange: Exchange, delayMs: number) => void) {
    this.#again = again
    this.#early = new WeakSet()
    this.#crossed = new WeakSet()
    this.#unanswered = 0
    this.#gone = undefined
  }

  /** A request is put on a session. */
  carried(exchange: Exchange, carriage: SessionCarriage): void {
    exchange.carriage = carriage
    exchange.receivedThen = carriage.bytesReceived
    exchange.resender = this
    if (!carriage.session.ready) this.#early.add(exchange)
  }

  answered({ carriage }: Exchange): void {
    this.#unanswered = 0
    if (carriage !== undefined) carriage.served = true
  }

  affords(): boolean {
    return true
  }

  resend(exchange: Exchange, failure: ClientFailure): boolean {
    if (!exchange.replayable || !this.#mayResend(exchange, failure)) return false
    exchange.resent += 1
    exchange.withdraw()
    this.#again(exchange, this.#unanswered > 1 ? retryDelay(this.#unanswered - 1, Math.random()) : 0)
    return true
  }

  #mayResend(exchange: Exchange, failure: ClientFailure): boolean {
    if (failure.initiator !== 'peer' && failure.kind !== 'TIMEOUT_PING') return false
    if (failure.processed === 'no') {
      if (exchange.streamId !== 0) return this.#refusedEarly(exchange, failure)
      return failure.kind === 'GOAWAY' && this.#mayGoOn(exchange.carriage)
    }
    return this.#crosses(exchange, failure)
  }

  #mayGoOn(gone: Carriage | undefined): boolean {
    if (gone !== this.#gone) {
      this.#gone = gone
      this.#unanswered += 1
    }
    return this.#unanswered <= MOST_UNANSWERED
  }

  /** It left on trust, and the peer takes fewer (RFC 9113 §5.1.2): now that it has said so, it waits for its turn. */
  #refusedEarly(exchange: Exchange, { scope, errorCode }: ClientFailure): boolean {
    if (scope !== 'stream' || errorCode !== ErrorCode.REFUSED_STREAM) return false
    const { session } = exchange.carriage as SessionCarriage
    const taken = session.openStreams + session.freeStreams
    return (exchange.streamId + 1) / 2 > taken && this.#early.delete(exchange)
  }

  /** RFC 9110 §9.2.2: it may be repeated; its connection had served, and was silent since it was written. */
  #crosses(exchange: Exchange, { scope, processed }: ClientFailure): boolean {
    const { carriage, receivedThen, plan } = exchange
    if (processed !== 'unknown' || scope === 'stream' || !isIdempotent(plan.method)) return false
    if (carriage?.served !== true || carriage.bytesReceived !== receivedThen) return false
    if (this.#crossed.has(exchange)) return false
    this.#crossed.add(exchange)
    return true
  }
}
