/**
 * Why a dial failed: turns what the runtime reports into the `H2Error` that the
 * user meets. The one rule: an attempt to connect never reached the peer's
 * HTTP/2, so the scope is always `transport` and nothing was processed. As no
 * code of RFC 9113 §7 means "no connection", all but inadequate security carry
 * INTERNAL_ERROR: a failed attempt must not read as NO_ERROR, a clean end.
 */
import { type FailureInitiator, H2Error, type ProxyResponse } from '../errors.ts'

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

/** What may be behind an error of TLS, by its code. */
const TLS_HINTS: readonly (readonly [codes: RegExp, hint: string])[] = [
  [
    /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|UNKNOWN_PROTOCOL/,
    'what answers does not speak TLS but HTTP without it, SSH or another protocol',
  ],
  [/ALERT_CERTIFICATE_REQUIRED/, 'the server wants a client certificate: tls.cert and tls.key'],
  [/ALERT_UNKNOWN_CA/, 'the server does not know who signed the client certificate'],
  [/ALERT_CERTIFICATE_EXPIRED/, 'the client certificate has expired'],
  [/ALERT_CERTIFICATE_REVOKED/, 'the client certificate was revoked'],
]

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
  proxyResponse?: ProxyResponse,
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
    proxyResponse,
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
  const { code: cause = '' } = error as SystemError
  const cut = PEER_CODES.has(cause)
  return dialError(
    codeOf(code, cause, cut),
    cut || isAlert(cause) ? 'peer' : 'local',
    `TLS handshake with ${where} failed: ${tlsReason(error)}`,
    error,
    cut,
  )
}

/**
 * What broke a connection that stood: an error of TLS, such as the alert of a
 * server that looked at the client's certificate late (RFC 8446 §4.4.2.4), in
 * words of ours; all others as they are.
 */
export function brokenTls(error: Error): Error {
  const { code = '' } = error as SystemError
  if (!code.startsWith('ERR_SSL_')) return error
  return new H2Error(`transport failed: ${tlsReason(error)}`, {
    code: 'H2_TLS',
    scope: 'transport',
    initiator: isAlert(code) ? 'peer' : 'local',
    errorCode: INTERNAL_ERROR,
    errorName: 'INTERNAL_ERROR',
    processed: 'unknown',
    cause: error,
  })
}

function isAlert(code: string): boolean {
  return code.includes('_ALERT_')
}

function tlsReason(error: Error): string {
  const { code = '', reason } = error as SystemError
  // Newer runtimes add advice behind a semicolon.
  const said = (reason ?? error.message).split(';', 1)[0]!
  const text = (PEER_CODES.has(code) && CONNECT_REASONS.get(code)) || clean(said)
  const hint = TLS_HINTS.find(([codes]) => codes.test(code))
  return hint === undefined ? withCode(text, code) : `${withCode(text, code)}; ${hint[1]}`
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
