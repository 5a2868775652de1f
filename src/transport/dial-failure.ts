/**
 * Why a dial failed: turns what the runtime reports into the `H2Error` that the
 * user meets. The one rule: an attempt to connect never reached the peer's
 * HTTP/2, so the scope is always `transport` and nothing was processed. As no
 * code of RFC 9113 §7 means "no connection", all but inadequate security carry
 * INTERNAL_ERROR: a failed attempt must not read as NO_ERROR, a clean end.
 */
import { type FailureInitiator, H2Error } from '../errors.ts'

const INTERNAL_ERROR = 0x2
const INADEQUATE_SECURITY = 0xc

/** Text of the peer or of a certificate is cut to this many characters. */
const MAX_REASON_LENGTH = 300

/** The codes of failed dials. */
export type DialCode =
  | 'H2_DNS'
  | 'H2_CONNECT'
  | 'H2_TLS'
  | 'H2_TLS_INADEQUATE'
  | 'H2_ALPN'
  | 'H2_PROXY'
  | 'H2_TIMEOUT_CONNECT'
  | 'H2_TIMEOUT_TLS'

/** What the runtime's errors carry beyond `Error`. */
interface SystemError extends Error {
  readonly code?: string
  readonly syscall?: string
  /** OpenSSL's reason, or why a certificate does not fit a name. */
  readonly reason?: string
}

const CONNECT_REASONS = new Map([
  ['ECONNREFUSED', 'connection refused'],
  ['ECONNRESET', 'connection reset'],
  ['EPIPE', 'connection reset'],
  ['ECONNABORTED', 'connection aborted'],
  ['ETIMEDOUT', 'no answer'],
  ['EHOSTUNREACH', 'host unreachable'],
  ['ENETUNREACH', 'network unreachable'],
  ['EADDRNOTAVAIL', 'address not available'],
  ['ENOENT', 'no such socket'],
  ['ENOTSOCK', 'not a socket'],
  ['EACCES', 'permission denied'],
])

/** The alert of a server that speaks none of the protocols offered (RFC 7301 §3.2). */
const NO_PROTOCOL = 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL'

/** Codes that say that the peer, not the network on our side, turned us away. */
const PEER_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE'])

/** Makes the error of a failed dial; `retryable` is true unless said otherwise. */
export function dialError(
  code: DialCode,
  initiator: FailureInitiator,
  message: string,
  cause?: unknown,
  retryable = true,
): H2Error {
  const inadequate = code === 'H2_TLS_INADEQUATE'
  return new H2Error(message, {
    code,
    scope: 'transport',
    initiator,
    errorCode: inadequate ? INADEQUATE_SECURITY : INTERNAL_ERROR,
    errorName: inadequate ? 'INADEQUATE_SECURITY' : 'INTERNAL_ERROR',
    processed: 'no',
    retryable,
    cause,
  })
}

/** `host:port`, an IPv6 literal in brackets. */
export function authorityOf(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** No name, no route, or no one there. `code` replaces the code if a proxy is what we could not reach. */
export function connectError(where: string, error: Error, code?: DialCode): H2Error {
  const { code: cause = '', syscall = '' } = error as SystemError
  const dns = cause === 'ENOTFOUND' || cause.startsWith('EAI_') || /^(?:getaddrinfo|query)/.test(syscall)
  const reason = dns ? 'name does not resolve' : (CONNECT_REASONS.get(cause) ?? clean(error.message))
  return dialError(
    code ?? (dns ? 'H2_DNS' : 'H2_CONNECT'),
    PEER_CODES.has(cause) ? 'peer' : 'local',
    `connect to ${where} failed: ${withCode(reason, cause)}`,
    error,
  )
}

/**
 * The handshake or the certificate. A connection that was cut is no verdict on
 * either, so it counts as a failure to connect, and may be tried again.
 */
export function tlsError(where: string, error: Error, code: DialCode = 'H2_TLS'): H2Error {
  const { code: cause = '', reason } = error as SystemError
  const cut = PEER_CODES.has(cause)
  // Newer runtimes add advice behind a semicolon.
  const said = (reason ?? error.message).split(';', 1)[0]!
  const text = (cut && CONNECT_REASONS.get(cause)) || clean(said)
  return dialError(
    codeOf(code, cause, cut),
    cut || cause.includes('_ALERT_') ? 'peer' : 'local',
    `TLS handshake with ${where} failed: ${withCode(text, cause)}`,
    error,
    cut,
  )
}

function codeOf(code: DialCode, cause: string, cut: boolean): DialCode {
  if (code !== 'H2_TLS') return code
  if (cause === NO_PROTOCOL) return 'H2_ALPN'
  return cut ? 'H2_CONNECT' : code
}

function withCode(reason: string, code: string): string {
  return code === '' ? reason : `${reason} (${code})`
}

function clean(text: string): string {
  const printable = text.replace(/[^\x20-\x7e]+/g, ' ').trim()
  return printable.length > MAX_REASON_LENGTH ? `${printable.slice(0, MAX_REASON_LENGTH)}…` : printable
}
