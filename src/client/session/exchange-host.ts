/**
 * Whom an exchange works with: the host that carries it or lets it wait, and
 * the one who may send it again. Types only; `Exchange` is a parameter of
 * theirs, because the exchange stands above them.
 */
import type { PromisedHead, PushedStream, RequestStream, UnreadBudget } from '../../protocol/index.ts'
import type { ClientFailure } from '../failure.ts'
import type { PlannedRequest } from '../request/request-init.ts'
import type { Witness } from './observer.ts'

/** A session, or the line in front of it, as its exchanges see it. */
export interface ExchangeHost<Exchange> {
  /** Who is told of everything; undefined, as mostly, for nobody. */
  readonly witness: Witness | undefined
  /** Milliseconds on the clock, the same throughout a turn. */
  now(): number
  /** The engine was asked something: the driver has to look. */
  wake(): void
  /** The exchange's deadline was moved. */
  moved(exchange: Exchange): void
  /** The caller wants the connection closed: unread bodies do not hold it for ever. */
  readonly closing: boolean
  /** Where this is full no request is sent, and that is what one waits for; undefined where it has no part in it. */
  readonly unread?: UnreadBudget | undefined
  /** The peer does, likewise. */
  readonly draining?: boolean
  /** A promised request. Returns the exchange that takes it, undefined to refuse. */
  pushed(parent: Exchange, stream: PushedStream, head: PromisedHead): Exchange | undefined
  /** Something was let fall that nobody could use. */
  onNotice(text: string): void
  /** An informational response arrived. */
  informed(exchange: Exchange, status: number): void
  /** The response's head arrived. */
  responded(exchange: Exchange): void
  /** The exchange goes elsewhere. */
  released(exchange: Exchange): void
  /** The exchange is over. */
  settled(exchange: Exchange): void
}

/** A session: a host that opens the request, too. */
export interface Carrier<Exchange> extends ExchangeHost<Exchange> {
  /** Opens a stream; what happens on it is the exchange's. `endStream`: no content follows. Throws for a head that breaks a rule. */
  open(exchange: Exchange, planned: PlannedRequest, endStream: boolean): RequestStream
}

/** A connection, as those who send requests again know it. */
export interface Carriage {
  /** True once it has answered a request. Written by the resender. */
  served: boolean
  /** Octets that have come on it. */
  readonly bytesReceived: number
  /** The peer said GOAWAY and refused this stream. Returns how many requests it took before. */
  refusedFrom(streamId: number): number
}

/** Who may send a request again. */
export interface Resender<Exchange> {
  /** The request was answered. */
  answered(exchange: Exchange): void
  /** True if one more attempt without proof may be made, which is then paid for. */
  affords(): boolean
  /** The request failed before it was answered. Returns true if it was withdrawn, to be begun again. */
  resend(exchange: Exchange, failure: ClientFailure): boolean
}
