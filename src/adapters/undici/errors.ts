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
  ['H2_TIMEOUT_HEADERS', 'UND_ERR_HEADERS_TIMEOUT'],
  ['H2_TIMEOUT_BODY', 'UND_ERR_BODY_TIMEOUT'],
  ['H2_CLIENT_CLOSED', 'UND_ERR_CLOSED'],
  ['H2_HEADER_LIST_TOO_LARGE', 'UND_ERR_HEADERS_OVERFLOW'],
] as const)

const CONTENT_LENGTH_RULE = '(RFC 9113 §8.1.1)'

/** What failed before there was a connection: callers look at the system's code. */
const OF_SYSTEM: readonly string[] = ['H2_CONNECT', 'H2_DNS', 'H2_TLS']

/** The error that a handler is told. `responded`: the head of the response had arrived. */
export function toDispatchError(error: unknown, responded: boolean): unknown {
  if (!H2Error.is(error)) {
    const misuse = error instanceof TypeError || error instanceof RangeError
    return misuse ? invalidArgument(error.message, error) : error
  }
  const { code, cause, message } = error
  if (OF_SYSTEM.includes(code) && cause instanceof Error) return cause
  if (code === 'H2_EXTENDED_CONNECT') return new DispatchError('UND_ERR_INFO', NO_EXTENDED_CONNECT, error)
  if (code === 'H2_BODY') return ofBody(error)
  if (code === 'H2_TIMEOUT_TOTAL') {
    return new DispatchError(responded ? 'UND_ERR_BODY_TIMEOUT' : 'UND_ERR_HEADERS_TIMEOUT', message, error)
  }
  return new DispatchError(CODES.get(code) ?? otherCode(message), message, error)
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

/** Of content-length alone the code does not tell; the rule is in every message. */
function otherCode(message: string): UndiciCode {
  return message.endsWith(CONTENT_LENGTH_RULE) ? 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' : 'UND_ERR_SOCKET'
}

/** True where the origin has no WebSocket over HTTP/2, so that HTTP/1.1 is worth a try. */
export function lacksExtendedConnect(error: unknown): boolean {
  if (H2Error.is(error)) return error.code === 'H2_EXTENDED_CONNECT' || error.code === 'H2_ALPN'
  // CONNECT on a connection that turned out to be of HTTP/1.1.
  return error instanceof TypeError
}
