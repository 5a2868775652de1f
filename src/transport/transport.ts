/**
 * What the library needs from the world: a way to dial, a duplex stream of
 * bytes, decoders of content codings, and places to report to. Types and their
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
  /** Memory of its own for `size` octets, with anything in it: the caller overwrites all that it gives away. */
  allocate(size: number): Uint8Array
  /**
   * The decoder of a content coding (`gzip`, `deflate`, `br`, `zstd`), undefined if the runtime has none.
   * `partial`: content that was cut is given as far as it goes.
   */
  decoder(coding: string, partial?: boolean): Decode | undefined
  /** A channel by name; the same object for the same name. */
  channel(name: string): DiagnosticsChannel
  /** A variable of the environment. */
  env(name: string): string | undefined
  /**
   * Takes the present asynchronous context, and gives what runs a call in it.
   * Undefined where the runtime has none.
   */
  readonly context?: (() => <T>(call: () => T) => T) | undefined
  /** Takes a line per frame; undefined unless the user asked for it (`NODE_DEBUG=hyper`). */
  readonly frameLog: ((line: string) => void) | undefined
}
