/**
 * Failures as undici's callers know them: `UND_ERR_*` codes, its names, and
 * marks by which `instanceof` of any undici finds them. Its one rule: an
 * `H2Error` stays in reach as `cause`, and what is a caller's own, or the
 * system's, is passed on as it is.
 */
import { H2Error } from '../../index.ts'

/** Each code and the name of its class. */
const NAMES = {
  UND_ERR_INVALID_ARG: 'InvalidArgumentError',
  UND_ERR_NOT_SUPPORTED: 'NotSupportedError',
  UND_ERR_ABORTED: 'AbortError',
  UND_ERR_CLOSED: 'ClientClosedError',
  UND_ERR_DESTROYED: 'ClientDestroyedError',
  UND_ERR_CONNECT_TIMEOUT: 'ConnectTimeoutError',
  UND_ERR_HEADERS_TIMEOUT: 'HeadersTimeoutError',
  UND_ERR_BODY_TIMEOUT: 'BodyTimeoutError',
  UND_ERR_HEADERS_OVERFLOW: 'HeadersOverflowError',
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'RequestContentLengthMismatchError',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'ResponseContentLengthMismatchError',
  UND_ERR_INFO: 'InformationalError',
  UND_ERR_SOCKET: 'SocketError',
}

export type UndiciCode = keyof typeof NAMES

/** What undici's WebSocket looks for before it tries again over HTTP/1.1. */
const NO_EXTENDED_CONNECT = 'HTTP/2: Extended CONNECT protocol not supported by server'

/** An error that undici's callers take for one of their own. */
export class DispatchError extends Error {
  readonly code: UndiciCode
  /** The error code of RFC 9113 §7, where a peer or a rule of HTTP/2 is behind it. */
  declare readonly http2ErrorCode?: number
  /** Of a `SocketError`: where the connection led, or null. */
  declare readonly socket?: object | null

  constructor(code: UndiciCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = NAMES[code]
    this.code = code
    mark(this, 'UND_ERR')
    mark(this, code)
    if (code === 'UND_ERR_ABORTED') mark(this, 'UND_ERR_ABORT')
    if (H2Error.is(cause) && cause.errorCode !== 0) this.http2ErrorCode = cause.errorCode
  }
}

/** Classes of undici know their instances by a registered symbol. */
function mark(error: Error, code: string): void {
  Object.defineProperty(error, Symbol.for(`undici.error.${code}`), { value: true })
}

export function invalidArgument(message: string, cause?: unknown): DispatchError {
  return new DispatchError('UND_ERR_INVALID_ARG', message, cause)
}

export function aborted(): DispatchError {
  return new DispatchError('UND_ERR_ABORTED', 'Request aborted')
}

/** Codes that say all there is to say. */
const CODES: ReadonlyMap<string, UndiciCode> = new Map([
  ['H2_TIMEOUT_CONNECT', 'UND_ERR_CONNECT_TIMEOUT'],
  ['H2_TIMEOUT_TLS', 'UND_ERR_CONNECT_TIMEOUT'],
  ['H2_TIMEOUT_QUEUE', 'UND_ERR_HEADERS_TIMEOUT'],
  ['H2_CLIENT_CLOSED', 'UND_ERR_CLOSED'],
  ['H2_HEADER_LIST_TOO_LARGE', 'UND_ERR_HEADERS_OVERFLOW'],
] as const)

const CONTENT_LENGTH_RULE = '(RFC 9113 §8.1.1)'

/** What failed before there was a connection: callers look at the system's code. */
const OF_SYSTEM: readonly string[] = ['H2_CONNECT', 'H2_DNS', 'H2_TLS']

/** What was known when a request failed. */
export interface Circumstances {
  /** The head of the response had arrived. */
  readonly responded: boolean
  /** Milliseconds, as undici's callers have set them; 0 for none. */
  readonly headersTimeout: number
  readonly bodyTimeout: number
  /** Where the connection leads, as far as is known: `SocketError.socket`. */
  readonly socket: object | null
}

const NOTHING_KNOWN: Circumstances = { responded: false, headersTimeout: 0, bodyTimeout: 0, socket: null }

/** The error that a handler is told. */
export function toDispatchError(
  error: unknown,
  known: Circumstances = NOTHING_KNOWN,
  protocol?: string,
): unknown {
  if (!H2Error.is(error)) {
    const misuse = error instanceof TypeError || error instanceof RangeError
    return misuse ? invalidArgument(error.message, error) : error
  }
  const { code, cause, message } = error
  if (OF_SYSTEM.includes(code) && cause instanceof Error) return cause
  if (code === 'H2_EXTENDED_CONNECT') return noExtendedConnect(error, protocol)
  if (code === 'H2_BODY') return ofBody(error)
  if (code.startsWith('H2_TIMEOUT_')) return ofTime(error, known)
  const found = CODES.get(code)
  if (found !== undefined) return new DispatchError(found, message, error)
  // Of content-length alone the code does not tell; the rule is in every message.
  if (message.endsWith(CONTENT_LENGTH_RULE)) {
    return new DispatchError('UND_ERR_RES_CONTENT_LENGTH_MISMATCH', message, error)
  }
  return ofPeer(error, known)
}

/** Undici knows of no upgrade but to WebSocket. */
function noExtendedConnect(error: H2Error, protocol = 'websocket'): DispatchError {
  if (protocol === 'websocket') return new DispatchError('UND_ERR_INFO', NO_EXTENDED_CONNECT, error)
  return invalidArgument(`Custom upgrade "${protocol}" not supported over HTTP/2`, error)
}

/** A stream that was closed before its end says no more than that; neither does a source that threw nothing. */
function ofBody(error: H2Error): unknown {
  const { cause, message } = error
  const closed = (cause as { code?: unknown } | undefined)?.code === 'ERR_STREAM_PREMATURE_CLOSE'
  if (cause !== undefined && cause !== null && !closed) return cause
  return message.endsWith(CONTENT_LENGTH_RULE)
    ? new DispatchError('UND_ERR_REQ_CONTENT_LENGTH_MISMATCH', message, error)
    : new DispatchError('UND_ERR_ABORTED', 'Request aborted', error)
}

/** In undici's words; the cause says which limit it was. */
function ofTime(error: H2Error, { responded, headersTimeout, bodyTimeout }: Circumstances): DispatchError {
  const found = CODES.get(error.code)
  if (found !== undefined) return new DispatchError(found, error.message, error)
  const ofBody = error.code === 'H2_TIMEOUT_BODY' || (error.code === 'H2_TIMEOUT_TOTAL' && responded)
  return ofBody
    ? new DispatchError('UND_ERR_BODY_TIMEOUT', `HTTP/2: "stream timeout after ${bodyTimeout}"`, error)
    : new DispatchError('UND_ERR_HEADERS_TIMEOUT', `HTTP/2: "headers timeout after ${headersTimeout}"`, error)
}

/** What the peer did, or what it did wrong: in undici's words where it has some. */
function ofPeer(error: H2Error, { responded, socket }: Circumstances): unknown {
  const { code, cause, errorCode, message, scope } = error
  if (code === 'H2_STREAM_RESET' || code === 'H2_STREAM_REFUSED') {
    return new DispatchError('UND_ERR_INFO', wordsOfReset(errorCode, responded), error)
  }
  if (code === 'H2_GOAWAY') return goneAway(errorCode, error, socket)
  const lost = scope === 'transport' && code === 'H2_CONNECTION_CLOSED'
  if (lost && cause instanceof Error && 'code' in cause) return cause
  return socketError(lost ? 'other side closed' : message, error, socket)
}

/** RFC 9113 §7: NO_ERROR and CANCEL are no errors to `node:http2`, whose words these are. */
function wordsOfReset(errorCode: number, responded: boolean): string {
  if (errorCode === 0 && !responded) return 'HTTP/2: stream half-closed (remote)'
  if (errorCode === 0 || errorCode === 8) return 'HTTP/2: stream closed before the response was complete'
  return `HTTP/2: "stream error" received - code ${errorCode}`
}

/** What GOAWAY ends a connection, or its requests, with (RFC 9113 §6.8). */
export function goneAway(errorCode: number, cause?: unknown, socket: object | null = null): DispatchError {
  const words = `HTTP/2: "GOAWAY" frame received with code ${errorCode}`
  return errorCode === 0 ? new DispatchError('UND_ERR_INFO', words, cause) : socketError(words, cause, socket)
}

function socketError(message: string, cause: unknown, socket: object | null): DispatchError {
  return Object.assign(new DispatchError('UND_ERR_SOCKET', message, cause), { socket })
}

/** True where the origin has no WebSocket over HTTP/2, so that HTTP/1.1 is worth a try. */
export function lacksExtendedConnect(error: unknown): boolean {
  if (H2Error.is(error)) return error.code === 'H2_EXTENDED_CONNECT' || error.code === 'H2_ALPN'
  // CONNECT on a connection that turned out to be of HTTP/1.1.
  return error instanceof TypeError
}
