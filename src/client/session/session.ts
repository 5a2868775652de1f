/**
 * What carries exchanges: one connection, HTTP/2 or HTTP/1.1, from the moment
 * it stands to its end. Types and their contract. The one rule: when a session
 * is gone, everything that waited for it was told.
 */
import type { PromisedHead } from '../../protocol/index.ts'
import type { SessionCache, TransportInfo } from '../../transport/transport.ts'
import type { PlannedRequest } from '../request/request-init.ts'
import type { HttpVersion } from '../response/incoming.ts'
import type { ConnectionSettings } from '../settings/options.ts'
import type { Target } from '../settings/target.ts'
import type { Exchange } from './exchange.ts'
import type { Observer } from './observer.ts'

export type SessionState = 'idle' | 'connecting' | 'open' | 'draining' | 'closed'

/** One connection, as its owner sees it. */
export interface Session {
  readonly httpVersion: HttpVersion
  readonly state: SessionState
  /** Addresses and TLS. */
  readonly info: TransportInfo
  /** True once it is known how many requests the peer takes at a time. */
  readonly ready: boolean
  /** True once it should not be used for new requests, though it could be. */
  readonly worn: boolean
  /** True if nothing is open on it and nothing waits in it. */
  readonly idle: boolean
  /** Requests that were sent and are not finished. */
  readonly openStreams: number
  /** Requests that would be sent at once, were they opened now. May be negative. */
  readonly freeStreams: number
  readonly bytesReceived: number
  readonly bytesSent: number
  /** Smallest measured, in milliseconds; NaN before the first, and on HTTP/1.1. */
  readonly roundTripTime: number
  /** Octets of content that may be sent, and received, now (RFC 9113 §5.2); Infinity on HTTP/1.1. */
  readonly sendWindow: number
  readonly recvWindow: number
  /** Opens a request. Throws TypeError for a head that breaks a rule; nothing was sent then. */
  carry(exchange: Exchange, request: PlannedRequest): void
  /** Round trip in milliseconds. Rejects with an `H2Error` if the session ends first, and on HTTP/1.1. */
  ping(): Promise<number>
  /** Finishes what is open, then ends. Resolves when nothing of it is left. */
  close(errorCode: number): Promise<void>
  /** Ends now: what is open fails with an `H2Error` whose `cause` is `reason`. */
  destroy(reason: unknown): void
  /** Resolves when nothing of it is left. */
  gone(): Promise<void>
}

/** Whom a session works for. */
export interface SessionOwner {
  readonly target: Target
  readonly settings: ConnectionSettings
  readonly observer: Observer
  /** For TLS resumption, from one session to the next. */
  readonly tlsSessions: SessionCache
  /** The caller wants it closed: bodies that nobody reads do not hold it for ever. Not so one that only takes no more requests. */
  isClosing(): boolean
  /** It takes no more requests; those above the peer's last identifier are told after this. */
  sessionDraining(session: Session, errorCode: number, debugData: string): void
  /** It ended; every exchange was told, or is told next. */
  sessionClosed(session: Session): void
  /** A turn ends: streams may have become free, or the session idle. Requests carried now leave with the turn. */
  sessionTurned(session: Session): void
  /** A promised request. Returns the exchange that takes it, undefined to refuse. */
  pushed(parent: Exchange, head: PromisedHead): Exchange | undefined
}
