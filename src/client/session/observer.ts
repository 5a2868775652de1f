/**
 * Who is told what happens to the connections to an origin and to its requests:
 * an `Observer` of all, a `Witness` of one connection, octet by octet. Both do
 * nothing by themselves: who listens overrides what it wants to hear. The one
 * rule: nothing that is told changes what happens next.
 *
 * What one turn tells carries one time, in milliseconds on the clock.
 */
import type { DialStep, Transport } from '../../transport/transport.ts'
import type { ClientFailure } from '../failure.ts'
import type { ExchangePlan } from '../request/exchange-plan.ts'
import type { HttpVersion, Incoming } from '../response/incoming.ts'

/** What may be known of a request; the same object from its first event to `settled`. */
export interface ObservedRequest {
  readonly plan: ExchangePlan
  /** When the caller asked, in milliseconds on the clock. */
  readonly startedAt: number
  /** How often it was sent again. */
  readonly resent: number
  /** Its number in a recording, 0 for none. Written by the recorder alone. */
  recordedAs: number
  /** The stream's identifier, 0 before HEADERS were sent, and on HTTP/1.1. */
  readonly streamId: number
  readonly incoming: Incoming
}

/** Told of one connection object, or of all connections to one origin. */
export class Observer {
  /** A dial begins. Returns who is told of everything on that connection; undefined, as mostly, for nobody. */
  connecting(_now: number): Witness | undefined {
    return undefined
  }

  /** A connection stands, so long after its dial began. */
  opened(_transport: Transport, _elapsedMs: number): void {}

  /** A connection is gone. */
  closed(): void {}

  /** A dial or a connection failed. */
  failed(_error: unknown): void {}

  /** True if making an error for `failed` is worth the while. */
  get hearsFailures(): boolean {
    return false
  }

  /** The peer takes no more requests on a connection. */
  draining(_errorCode: number, _debugData: string): void {}

  /** Something odd that is no failure. */
  notice(_text: string): void {}

  /** A request waits: for a connection, or, since one stands, for a stream on it. */
  requestQueued(_request: ObservedRequest, _now: number, _for: 'connection' | 'stream'): void {}

  /** A request is sent again, after `delayMs`. */
  requestResent(_request: ObservedRequest, _failure: ClientFailure, _delayMs: number): void {}

  /** A request is given to a connection. */
  requestStarted(_request: ObservedRequest, _now: number): void {}

  /** An informational response arrived (RFC 9110 §15.2). */
  informed(_request: ObservedRequest, _status: number, _now: number): void {}

  /** The head of the response arrived. */
  responded(_request: ObservedRequest, _now: number): void {}

  /** A request is over, answered or failed. */
  settled(_request: ObservedRequest, _now: number): void {}
}

/** Told of everything on one connection. There is one only where somebody asked, for each call costs. */
export class Witness {
  /** The round trip that it was told of. */
  #roundTripTime = Number.NaN

  /** A step of the dial is done, as far as the transport tells. */
  dialStep(_step: DialStep, _elapsedMs: number, _now: number): void {}

  /** The connection stands. */
  opened(_transport: Transport, _httpVersion: HttpVersion, _now: number): void {}

  /** Octets that the peer sent, borrowed for the call. */
  received(_chunk: Uint8Array, _now: number): void {}

  /** Octets that go to the transport, borrowed for the call. */
  sent(_chunk: Uint8Array, _now: number): void {}

  /** There may be more to send, and the transport has not taken the last octets. */
  blocked(_now: number): void {}

  /** It has. */
  writable(_now: number): void {}

  /** The event loop was busy elsewhere: a timer rang so much too late. */
  late(_lagMs: number, _now: number): void {}

  /** A turn ends, with this as the smallest round trip of late; NaN if none was measured. */
  measured(roundTripTime: number, now: number): void {
    if (roundTripTime === this.#roundTripTime || Number.isNaN(roundTripTime)) return
    this.#roundTripTime = roundTripTime
    this.roundTrip(roundTripTime, now)
  }

  /** The smallest round trip of late is another. */
  roundTrip(_roundTripTime: number, _now: number): void {}

  /** A request was given to the connection; of HTTP/2's, it may wait for a stream there. */
  carried(_request: ObservedRequest, _now: number): void {}

  /** Its head is being sent. `streamId`: 0 on HTTP/1.1. */
  streamOpened(_request: ObservedRequest, _streamId: number, _now: number): void {}

  /** The application gave octets of the request's content. */
  offered(_request: ObservedRequest, _octets: number, _now: number): void {}

  /** The application gave the last of it. */
  offerEnded(_request: ObservedRequest, _now: number): void {}

  /** The application took octets of the response's content, or they were thrown away. */
  read(_request: ObservedRequest, _octets: number, _now: number): void {}

  /** The connection is over, or the dial failed. `error` if that is a failure. */
  closed(_error: unknown, _now: number): void {}
}
