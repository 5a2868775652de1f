/**
 * The one error class that a user meets. It carries facts, never live objects:
 * what failed, which rule, who began it, and whether the request may be sent
 * again. Misuse is not an `H2Error`: it throws `TypeError` or `RangeError`.
 */

/** What a failure ends: one stream, the HTTP/2 connection, or the bytes beneath it. */
export type FailureScope = 'stream' | 'connection' | 'transport'

/** Who began it: the caller, this library (a rule was broken, a limit passed), or the peer. */
export type FailureInitiator = 'user' | 'local' | 'peer'

/**
 * Whether the peer acted on the request: `'no'` is proof that it did not
 * (RFC 9113 §8.7), `'yes'` that response fields arrived, `'unknown'` neither.
 */
export type Processed = 'no' | 'unknown' | 'yes'

/** The codes of failures; what each means, and what to do: `docs/errors.md`. */
export type H2ErrorCode =
  // No connection.
  | 'H2_DNS'
  | 'H2_CONNECT'
  | 'H2_PROXY'
  | 'H2_TLS'
  | 'H2_TLS_INADEQUATE'
  | 'H2_ALPN'
  // The connection ended.
  | 'H2_GOAWAY'
  | 'H2_CONNECTION_CLOSED'
  | 'H2_CONNECTION_ERROR'
  | 'H2_CLIENT_CLOSED'
  // The stream did.
  | 'H2_STREAM_REFUSED'
  | 'H2_STREAM_RESET'
  | 'H2_STREAM_CANCELLED'
  | 'H2_STREAM_ERROR'
  // A limit of time passed.
  | 'H2_TIMEOUT_CONNECT'
  | 'H2_TIMEOUT_TLS'
  | 'H2_TIMEOUT_QUEUE'
  | 'H2_TIMEOUT_HEADERS'
  | 'H2_TIMEOUT_BODY'
  | 'H2_TIMEOUT_TOTAL'
  | 'H2_TIMEOUT_DRAIN'
  | 'H2_TIMEOUT_CLOSE'
  | 'H2_TIMEOUT_PING'
  | 'H2_TIMEOUT_PREFACE'
  | 'H2_TIMEOUT_SETTINGS'
  // The request or the response is not what it can be.
  | 'H2_BODY'
  | 'H2_DECODE'
  | 'H2_DECODED_TOO_LARGE'
  | 'H2_UNREAD_TOO_LARGE'
  | 'H2_HEADER_LIST_TOO_LARGE'
  | 'H2_EXTENDED_CONNECT'
  | 'H2_FETCH'
  | 'H2_STREAM_IDS_EXHAUSTED'

/** What a proxy answered to CONNECT, where that was no tunnel. */
export interface ProxyResponse {
  readonly status: number
  /** The reason phrase. */
  readonly statusText: string
  /** Names in lower case and values, flat, in wire order. Values that are secrets read `(hidden)`. */
  readonly fields: readonly string[]
  /** The beginning of the content, 4 KiB at most, as text. */
  readonly content: string
}

/** The facts from which an `H2Error` is made. */
export interface H2ErrorInit {
  readonly code: H2ErrorCode
  readonly scope: FailureScope
  readonly initiator: FailureInitiator
  readonly errorCode: number
  readonly errorName: string
  readonly streamId?: number | undefined
  readonly processed?: Processed | undefined
  readonly retryable?: boolean | undefined
  readonly debugData?: string | undefined
  readonly proxyResponse?: ProxyResponse | undefined
  readonly cause?: unknown
}

const BRAND = Symbol.for('hyper-h2.H2Error')

/**
 * Why a request, a connection or an attempt to connect failed.
 *
 * The message always reads *what failed: which rule*, as in
 * `connection failed: WINDOW_UPDATE increment 0 (RFC 9113 §6.9)`.
 *
 * @example
 * try {
 *   await conn.getResponse(stream)
 * } catch (error) {
 *   if (error instanceof H2Error && error.retryable) sendItAgain()
 * }
 */
export class H2Error extends Error {
  override readonly name = 'H2Error'
  /** Stable string to branch on, such as `H2_STREAM_REFUSED` or `H2_TIMEOUT_HEADERS`. */
  readonly code: H2ErrorCode
  /** What the failure ended. */
  readonly scope: FailureScope
  /** Who began it. */
  readonly initiator: FailureInitiator
  /** The error code of RFC 9113 §7 that was sent, received, or fits best. */
  readonly errorCode: number
  /** The name of `errorCode`, such as `REFUSED_STREAM`; `UNKNOWN(0x…)` for an unregistered one. */
  readonly errorName: string
  /** The stream concerned; undefined if none had been opened. */
  readonly streamId: number | undefined
  /** Whether the peer acted on the request. */
  readonly processed: Processed
  /** True if sending the same request again cannot make the peer act twice. */
  readonly retryable: boolean
  /** The text of a received GOAWAY, escaped and cut to 1 KiB. */
  readonly debugData: string | undefined
  /** What the proxy answered in place of a tunnel; undefined for all other failures. */
  readonly proxyResponse: ProxyResponse | undefined

  constructor(message: string, init: H2ErrorInit) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause })
    this.code = init.code
    this.scope = init.scope
    this.initiator = init.initiator
    this.errorCode = init.errorCode
    this.errorName = init.errorName
    this.streamId = init.streamId
    this.processed = init.processed ?? 'unknown'
    this.retryable = init.retryable ?? this.processed === 'no'
    this.debugData = init.debugData
    this.proxyResponse = init.proxyResponse
  }

  get [BRAND](): true {
    return true
  }

  /** True for an `H2Error` of any copy of this package or realm. */
  static is(value: unknown): value is H2Error {
    return typeof value === 'object' && value !== null && (value as { [BRAND]?: unknown })[BRAND] === true
  }
}
