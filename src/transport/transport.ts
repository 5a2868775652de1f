/**
 * What the library needs from the world: a way to dial, a duplex stream of
 * bytes, HTTP/1.1 on it, decoders of content codings, and places to report to. Types and their
 * contract, no code. Each runtime has one file that meets it (`node-platform.ts`),
 * chosen by `imports` in package.json, so nothing here sniffs or is set globally.
 */
import type { TlsOptions } from './tls-options.ts'

export type { TlsOptions } from './tls-options.ts'

/** Where to connect to. */
export interface DialTarget {
  readonly secure: boolean
  /** Host name or IP literal, without brackets. */
  readonly host: string
  readonly port: number
}

/** Finds the addresses of a host name; the signature of Node's `dns.lookup`. */
export type Lookup = (
  hostname: string,
  options: { readonly all?: boolean | undefined; readonly family?: number | string | undefined },
  callback: (error: Error | null, address: string | LookupAddress[], family?: number) => void,
) => void

/** One address that a lookup found. */
export interface LookupAddress {
  readonly address: string
  readonly family: number
}

/** How to connect. */
export interface DialOptions {
  readonly tls?: TlsOptions | undefined
  /** Protocols to offer, in order of preference (RFC 7301). Only used with TLS. */
  readonly alpn: readonly string[]
  /** Milliseconds until the TCP (or proxy) connection must stand; 0 for no limit. */
  readonly connectTimeoutMs: number
  /** Milliseconds that the TLS handshake may take; 0 for no limit. */
  readonly tlsTimeoutMs: number
  /** Looks host names up in place of the system, called as `dns.lookup` is. */
  readonly lookup?: Lookup | undefined
  /** Path of a Unix domain socket (or named pipe) to use instead of host and port. */
  readonly socketPath?: string | undefined
  /** URL of an HTTP proxy, `http://user:password@host:port` or `https://…`; tunnelled through by CONNECT. */
  readonly proxy?: string | undefined
  /** Told of each step that is done, and the milliseconds that it took. Not every transport tells. */
  readonly onStep?: ((step: DialStep, elapsedMs: number) => void) | undefined
  /**
   * Whoever dials speaks HTTP/1.1 to a plain target, and can speak it to the proxy itself: there is no
   * tunnel then, and the transport has `forwarding`.
   */
  readonly forward?: boolean | undefined
  /** Where the session for TLS resumption is kept from one dial to the next. One per origin and set of options. */
  readonly sessions?: SessionCache | undefined
}

/** A step of a dial: the name is looked up, TCP stands, the proxy has opened a tunnel, TLS is agreed. */
export type DialStep = 'dns' | 'tcp' | 'proxy' | 'tls'

/** A place for one TLS session. */
export interface SessionCache {
  session: Uint8Array | undefined
}

/**
 * Connects. Rejects with an `H2Error` of scope `transport`, `processed: 'no'`,
 * and never leaves a socket behind when it rejects. An aborted signal rejects
 * with the signal's own reason.
 */
export type Dial = (target: DialTarget, options: DialOptions, signal?: AbortSignal) => Promise<Transport>

/** Told what happens on a transport. */
export interface TransportHandler {
  /** Bytes arrived. The memory is borrowed: it is used again after the call. */
  onChunk(chunk: Uint8Array): void
  /** The peer sends no more (FIN, close_notify). `onClosed` follows when both sides are done. */
  onEnd(): void
  /** The transport is gone; exactly once, and nothing after it. `error` if it broke. */
  onClosed(error: Error | undefined): void
}

/**
 * A duplex stream of bytes. Over HTTP/2 reading never stops: flow control is
 * HTTP/2's, not the socket's (RFC 9113 §5.2.2).
 */
export interface Transport {
  /** The protocol that TLS chose (ALPN), undefined in plain text or if none was chosen. */
  readonly alpn: string | undefined
  /** Facts for `stats` and diagnostics; a copy is plain data. */
  readonly info: TransportInfo
  /** Present where the peer is a proxy, which is asked in absolute form (RFC 9112 §3.2.2). */
  readonly forwarding?: Forwarding | undefined
  /** Begins to report. Called once, at once after the dial; nothing is lost before it. */
  start(handler: TransportHandler): void
  /**
   * Sends bytes. The memory is borrowed until `done` is called; one write at a
   * time. `done` is not called if the transport closes first.
   */
  write(chunk: Uint8Array, done: () => void): void
  /** Sends FIN behind what was written. */
  end(): void
  /** Closes now. `onClosed` follows. */
  destroy(): void
  /**
   * Stops reading, and begins again: the only flow control that HTTP/1.1 has.
   * Chunks already read may still follow. What arrives over HTTP/1.1 waits in
   * memory, however much it is, where these are missing.
   */
  pause?(): void
  resume?(): void
  /** Whether this transport keeps the process alive. */
  ref(): void
  unref(): void
}

/** What a proxy wants of each request that it forwards. */
export interface Forwarding {
  /** Value of `proxy-authorization` (RFC 9110 §11.7.2), undefined without credentials. */
  readonly authorization: string | undefined
}

/** What is known of a transport. */
export interface TransportInfo {
  readonly localAddress?: string | undefined
  readonly localPort?: number | undefined
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
  /** Such as `TLSv1.3`. */
  readonly tlsVersion?: string | undefined
  /** OpenSSL's name of the suite. */
  readonly cipher?: string | undefined
  /** Milliseconds from the dial until TCP, or the tunnel, stood: names were looked up in them. */
  readonly connectMs?: number | undefined
  /** Milliseconds of the TLS handshake after that. */
  readonly tlsMs?: number | undefined
  /** True if an earlier TLS session was resumed. */
  readonly resumed?: boolean | undefined
  /** True if the peer's certificate was found valid; false where that was not asked for and it is not. */
  readonly authorized?: boolean | undefined
  /** Why it is not: the runtime's code. */
  readonly authorizationError?: string | undefined
  /**
   * The peer's certificate as DER; undefined once the connection is gone, unless it was asked for
   * before. No property of its own, and so in no copy: facts are small where they are printed.
   */
  readonly peerCertificate?: Uint8Array | undefined
}

/** The head of a request over HTTP/1.1, as it is sent: whoever gives it has checked it. */
export interface Http1RequestHead {
  readonly method: string
  /** Path and query, or `*` (RFC 9112 §3.2). */
  readonly target: string
  /** Names and values, flat, in wire order; `host` and what tells the length of the content among them. */
  readonly fields: readonly string[]
  /** Octets that the head of the response may have, and its trailers. */
  readonly maxHeadSize: number
}

/** The head of a final response over HTTP/1.1. */
export interface Http1ResponseHead {
  /** Such as `1.0`. */
  readonly version: string
  readonly status: number
  /** Names in lower case and values, flat, in wire order, duplicates kept. */
  readonly fields: readonly string[]
  /** The connection can carry another request behind this one (RFC 9112 §9.3). */
  readonly persistent: boolean
}

/** Why a connection is of no use for HTTP/1.1 any more. */
export interface Http1Failure {
  /** The transport ended, or what the peer sent is not HTTP/1.1, or is too large. */
  readonly kind: 'lost' | 'malformed' | 'oversized'
  /** One clause with its rule. */
  readonly reason: string
  readonly cause: Error | undefined
}

/** Told what becomes of one request, never within a call of its own. Nothing follows `onEnd` or `onFailure`. */
export interface Http1RequestHandler {
  /** The head was handed to the transport. */
  onSent(): void
  /** A 1xx response (RFC 9110 §15.2) but 101. */
  onInformational(status: number, fields: readonly string[]): void
  onResponse(head: Http1ResponseHead): void
  /** Content, without the chunked coding. The memory belongs to the handler. */
  onData(chunk: Uint8Array): void
  /** The response is complete; `trailers` are flat, names in lower case. */
  onEnd(trailers: readonly string[]): void
  /** There will be no more of the response. */
  onFailure(failure: Http1Failure): void
}

/** One request under way. */
export interface Http1Request {
  /** Sends content. The memory is borrowed until `done` is called; one write at a time. `done` may never be called. */
  write(chunk: Uint8Array, done: () => void): void
  /** Ends the request, behind what was written. Trailers need the chunked coding (RFC 9112 §7.1.2). */
  end(trailers: readonly string[]): void
  /** Stops `onData`, and soon the peer; begins again. */
  pause(): void
  resume(): void
}

/** Told what happens on a connection, never within a call of its own. */
export interface Http1LinkHandler {
  /** The last request is over, both ways: the next can be sent. */
  onFree(): void
  /**
   * It carries no more requests; at most once, and only if not destroyed. What
   * is left of a response that arrived in whole still follows.
   */
  onEnding(failure: Http1Failure): void
  /** Nothing is left of the transport; exactly once, and nothing after it. */
  onClosed(): void
}

/** HTTP/1.1 on a transport, one request at a time (RFC 9112 §9.3; nothing is pipelined). */
export interface Http1Link {
  readonly alpn: string | undefined
  readonly info: TransportInfo
  readonly bytesReceived: number
  readonly bytesSent: number
  /** Begins to report. Called once, before all else. */
  start(handler: Http1LinkHandler): void
  /** Begins a request. Only before the first, or after `onFree`. */
  request(head: Http1RequestHead, endStream: boolean, handler: Http1RequestHandler): Http1Request
  /** Sends FIN behind what was written. */
  end(): void
  /** Closes now. Only `onClosed` follows. */
  destroy(): void
  /** Whether it keeps the process alive. */
  ref(): void
  unref(): void
}

/** Undoes one content coding (RFC 9110 §8.4.1), as the source is pulled. Throws if the data is not of that coding. */
export type Decode = (source: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>

/** A named channel that tracing tools subscribe to. */
export interface DiagnosticsChannel {
  readonly hasSubscribers: boolean
  publish(message: object): void
}

/** All that the client asks of the runtime. */
export interface Platform {
  readonly dial: Dial
  /** Speaks HTTP/1.1 on a transport that was not started. What that takes is loaded when it is first called. */
  http1(transport: Transport): Promise<Http1Link>
  /** Memory of its own for `size` octets, with anything in it: the caller overwrites all that it gives away. */
  allocate(size: number): Uint8Array
  /** The decoder of a content coding (`gzip`, `deflate`, `br`, `zstd`), undefined if the runtime has none. */
  decoder(coding: string): Decode | undefined
  /** A channel by name; the same object for the same name. */
  channel(name: string): DiagnosticsChannel
  /** A variable of the environment. */
  env(name: string): string | undefined
  /** Takes a line per frame; undefined unless the user asked for it (`NODE_DEBUG=hyper`). */
  readonly frameLog: ((line: string) => void) | undefined
}
