/**
 * Who is told what happens to a connection and to its requests. Its one rule:
 * nothing that is told changes what happens next.
 */
import type { Transport } from '../../transport/transport.ts'
import type { ClientFailure } from '../failure.ts'
import type { Exchange } from './exchange.ts'

/** Told of one connection object, or of all connections to one origin. */
export interface Observer {
  /** A dial begins. */
  connecting(): void
  /** A connection stands, so long after its dial began. */
  opened(transport: Transport, elapsedMs: number): void
  /** A connection is gone. */
  closed(): void
  /** A dial or a connection failed. */
  failed(error: unknown): void
  /** True if making an error for `failed` is worth the while. */
  readonly hearsFailures: boolean
  /** The peer takes no more requests on a connection. */
  draining(errorCode: number, debugData: string): void
  /** Something odd that is no failure. */
  notice(text: string): void
  /** A request waits for a connection, or for a stream on one. */
  requestQueued(exchange: Exchange): void
  /** A request is sent again, after `delayMs`. */
  requestResent(exchange: Exchange, failure: ClientFailure, delayMs: number): void
  /** A request is given to a connection, `now`. */
  requestStarted(exchange: Exchange, now: number): void
  /** An informational response arrived (RFC 9110 §15.2). */
  informed(exchange: Exchange, status: number, now: number): void
  /** The head of the response arrived. */
  responded(exchange: Exchange, now: number): void
  /** A request is over, answered or failed. */
  settled(exchange: Exchange, now: number): void
}
