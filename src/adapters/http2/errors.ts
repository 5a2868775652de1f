/**
 * The errors of `node:http2`, by code and with Node's words, for libraries that
 * branch on either. One rule: an error carries a `code`, and what is known
 * beyond Node's words is its `cause`.
 */
import { constants } from './runtime.ts'

/** An error with a code, as Node's own are. */
export interface NodeError extends Error {
  code: string
  errno?: number
}

/** Codes whose message never varies. */
const MESSAGES = {
  ERR_HTTP2_CONNECT_AUTHORITY: ':authority header is required for CONNECT requests',
  ERR_HTTP2_CONNECT_PATH: 'The :path header is forbidden for CONNECT requests',
  ERR_HTTP2_CONNECT_SCHEME: 'The :scheme header is forbidden for CONNECT requests',
  ERR_HTTP2_GOAWAY_SESSION: 'New streams cannot be created after receiving a GOAWAY',
  ERR_HTTP2_INVALID_SESSION: 'The session has been destroyed',
  ERR_HTTP2_INVALID_STREAM: 'The stream has been destroyed',
  ERR_HTTP2_MAX_PENDING_SETTINGS_ACK: 'Maximum number of pending settings acknowledgements',
  ERR_HTTP2_NO_SOCKET_MANIPULATION:
    'HTTP/2 sockets should not be directly manipulated (e.g. read and written)',
  ERR_HTTP2_OUT_OF_STREAMS: 'No stream ID is available because maximum stream ID has been reached',
  ERR_HTTP2_PING_CANCEL: 'HTTP2 ping cancelled',
  ERR_HTTP2_SETTINGS_CANCEL: 'HTTP2 session settings canceled',
  ERR_HTTP2_SOCKET_BOUND: 'The socket is already bound to an Http2Session',
  ERR_HTTP2_SOCKET_UNBOUND: 'The socket has been disconnected from the Http2Session',
  ERR_HTTP2_STREAM_SELF_DEPENDENCY: 'A stream cannot depend on itself',
  ERR_HTTP2_TOO_MANY_CUSTOM_SETTINGS: 'Number of custom settings exceeds MAX_ADDITIONAL_SETTINGS',
  ERR_HTTP2_TRAILERS_ALREADY_SENT: 'Trailing headers have already been sent',
  ERR_HTTP2_TRAILERS_NOT_READY:
    'Trailing headers cannot be sent until after the wantTrailers event is emitted',
  ERR_SOCKET_CLOSED: 'Socket is closed',
} as const

type PlainCode = keyof typeof MESSAGES

/** Gives an error its code, also where it is printed as a string. */
export function coded(error: Error, code: string): NodeError {
  const made = error as NodeError
  made.code = code
  Object.defineProperty(made, 'toString', {
    value(this: NodeError): string {
      return `${this.name} [${code}]: ${this.message}`
    },
    configurable: true,
    writable: true,
  })
  return made
}

/** An error whose message never varies. */
export function plainError(code: PlainCode): NodeError {
  return coded(new Error(MESSAGES[code]), code)
}

/** A PING whose own octets are not eight. */
export function pingLength(): NodeError {
  return coded(new RangeError('HTTP2 ping payload must be 8 bytes'), 'ERR_HTTP2_PING_LENGTH')
}

export function unsupportedProtocol(protocol: string): NodeError {
  return coded(new Error(`protocol "${protocol}" is unsupported.`), 'ERR_HTTP2_UNSUPPORTED_PROTOCOL')
}

export function invalidPseudoHeader(name: string): NodeError {
  const message = `"${name}" is an invalid pseudoheader or is used incorrectly`
  return coded(new TypeError(message), 'ERR_HTTP2_INVALID_PSEUDOHEADER')
}

export function singleValue(name: string): NodeError {
  const message = `Header field "${name}" must only have a single value`
  return coded(new TypeError(message), 'ERR_HTTP2_HEADER_SINGLE_VALUE')
}

export function connectionHeader(name: string): NodeError {
  const message = `HTTP/1 Connection specific headers are forbidden: "${name}"`
  return coded(new TypeError(message), 'ERR_HTTP2_INVALID_CONNECTION_HEADERS')
}

export function invalidToken(name: string): NodeError {
  const message = `Header name must be a valid HTTP token ["${name}"]`
  return coded(new TypeError(message), 'ERR_INVALID_HTTP_TOKEN')
}

export function settingValue(name: string, actual: unknown, min?: number, max?: number): NodeError {
  const message = `Invalid value for setting "${name}": ${String(actual)}`
  const error = min === undefined ? new TypeError(message) : new RangeError(message)
  return Object.assign(coded(error, 'ERR_HTTP2_INVALID_SETTING_VALUE'), { actual, min, max })
}

const CODE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(constants)
    .filter(([name]) =>
      /^NGHTTP2_(?:[A-Z_]+_ERROR|REFUSED_STREAM|CANCEL|ENHANCE_YOUR_CALM|INADEQUATE_SECURITY|HTTP_1_1_REQUIRED|SETTINGS_TIMEOUT|STREAM_CLOSED)$/.test(
        name,
      ),
    )
    .map(([name, code]) => [code as number, name]),
)

/** A stream ended with an error code of RFC 9113 §7. */
export function streamError(errorCode: number, cause?: unknown): NodeError {
  const message = `Stream closed with error code ${CODE_NAMES.get(errorCode) ?? errorCode}`
  return coded(new Error(message, cause === undefined ? undefined : { cause }), 'ERR_HTTP2_STREAM_ERROR')
}

/** A session ended with an error code of RFC 9113 §7. */
export function sessionError(errorCode: number): NodeError {
  return coded(new Error(`Session closed with error code ${errorCode}`), 'ERR_HTTP2_SESSION_ERROR')
}

/** A request that was never sent, for its session is gone. */
export function streamCancel(cause: Error | undefined): NodeError {
  const because = typeof cause?.message === 'string' ? ` (caused by: ${cause.message})` : ''
  const error = new Error(`The pending stream has been canceled${because}`)
  if (cause !== undefined) error.cause = cause
  return coded(error, 'ERR_HTTP2_STREAM_CANCEL')
}

export function abortError(cause: unknown): NodeError {
  const error = new Error('The operation was aborted', { cause })
  error.name = 'AbortError'
  return coded(error, 'ABORT_ERR')
}

/** What nghttp2 calls the violations that end a connection, and its numbers for them. */
const LIBRARY_ERRORS: ReadonlyMap<number, readonly [errno: number, message: string]> = new Map([
  [constants.NGHTTP2_PROTOCOL_ERROR, [-505, 'Protocol error']],
  [constants.NGHTTP2_INTERNAL_ERROR, [-534, 'Internal error']],
  [constants.NGHTTP2_FLOW_CONTROL_ERROR, [-524, 'Flow control error']],
  [constants.NGHTTP2_STREAM_CLOSED, [-510, 'Stream was already closed or invalid']],
  [constants.NGHTTP2_FRAME_SIZE_ERROR, [-522, 'The length of the frame is invalid']],
  [constants.NGHTTP2_COMPRESSION_ERROR, [-523, 'Header compression/decompression error']],
])

/** The peer broke a rule that ends the connection; `reason` names it. */
export function protocolError(errorCode: number, reason: string, cause: unknown): NodeError {
  const [errno, message] = LIBRARY_ERRORS.get(errorCode) ?? [-505, reason]
  const because = new Error(reason, cause === undefined ? undefined : { cause })
  const calm = errorCode === constants.NGHTTP2_ENHANCE_YOUR_CALM
  const error = coded(
    new Error(calm ? 'Too many invalid HTTP/2 frames' : message, { cause: because }),
    calm ? 'ERR_HTTP2_TOO_MANY_INVALID_FRAMES' : 'ERR_HTTP2_ERROR',
  )
  error.errno = errno
  return error
}
