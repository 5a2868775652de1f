/**
 * Plain data on connections, for `stats`: numbers and names, no live object.
 */
import type { TransportInfo } from '../../transport/transport.ts'
import type { ConnectionInfo } from '../request/exchange-plan.ts'
import type { HttpVersion } from '../response/incoming.ts'
import type { Session, SessionState } from '../session/session.ts'

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
  /** Smallest round trip measured of late, in milliseconds; NaN before the first. */
  readonly roundTripTime: number
  /** Octets that may be sent, and received, on the connection now (RFC 9113 §5.2). */
  readonly sendWindow: number
  readonly recvWindow: number
  /** Addresses and TLS. */
  readonly transport: TransportInfo
}

/** One connection of a `Client`. */
export interface SessionStats {
  readonly httpVersion: HttpVersion
  readonly state: SessionState
  /** Requests that were sent and are not finished. */
  readonly streamsOpen: number
  /** Requests that it would take now. */
  readonly streamsFree: number
  readonly bytesReceived: number
  readonly bytesSent: number
  /** Smallest round trip measured of late, in milliseconds; NaN before the first. */
  readonly roundTripTime: number
  /** Octets that may be sent, and received, on the connection now (RFC 9113 §5.2). */
  readonly sendWindow: number
  readonly recvWindow: number
  /** Addresses and TLS. */
  readonly transport: TransportInfo
}

/** One origin of a `Client`, in one security context. */
export interface OriginStats {
  readonly origin: string
  /** Requests that wait for a connection, or for a stream on one. */
  readonly waiting: number
  /** Dials under way. */
  readonly dialling: number
  readonly connections: readonly SessionStats[]
}

/** What is known of a session that is given a request. */
export function connectionInfo({ info, httpVersion }: Session, reused: boolean): ConnectionInfo {
  return { ...info, peerCertificate: info.peerCertificate, httpVersion, reused }
}

/** What is to be said of a session. */
export function sessionStats(session: Session): SessionStats {
  return {
    httpVersion: session.httpVersion,
    state: session.state,
    streamsOpen: session.openStreams,
    streamsFree: Math.max(0, session.freeStreams),
    bytesReceived: session.bytesReceived,
    bytesSent: session.bytesSent,
    roundTripTime: session.roundTripTime,
    sendWindow: session.sendWindow,
    recvWindow: session.recvWindow,
    transport: { ...session.info },
  }
}

/** What is to be said of a connection object whose session is this, or that has none. */
export function connectionStats(
  state: ConnectionState,
  streamsQueued: number,
  session: Session | undefined,
): ConnectionStats {
  return {
    state,
    streamsOpen: session?.openStreams ?? 0,
    streamsQueued,
    bytesReceived: session?.bytesReceived ?? 0,
    bytesSent: session?.bytesSent ?? 0,
    roundTripTime: session?.roundTripTime ?? Number.NaN,
    sendWindow: session?.sendWindow ?? 0,
    recvWindow: session?.recvWindow ?? 0,
    transport: { ...session?.info },
  }
}
