/**
 * What we offer in a TLS handshake and what we accept of its outcome
 * (RFC 9113 §9.2). The one rule: HTTP/2 is only as good as the suite beneath
 * it, so a connection that chose `h2` with a lesser one is refused.
 */

import { appendFileSync } from 'node:fs'
import { isIP, type OnReadOpts, type Socket } from 'node:net'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { H2Error } from '../errors.ts'
import { secureContextOf } from './tls-contexts.ts'
import { sessionFor } from './tls-sessions.ts'
import type { SessionCache, TlsOptions } from './transport.ts'

/** Bits that an ephemeral key of this kind must have (RFC 9113 §9.2.1). */
const MIN_KEY_BITS = new Map([
  ['DH', 2048],
  ['ECDH', 224],
])

/** OpenSSL's names of the suites of TLS 1.2 with ephemeral key exchange and authenticated encryption. */
const ADEQUATE_SUITE = /^(?:ECDHE|DHE)-.*(?:GCM|CCM8?|POLY1305)(?:-|$)/

/** The part of a handshake's outcome that is judged. */
export interface Negotiated {
  /** Such as `TLSv1.2`. */
  readonly version: string | null
  /** OpenSSL's name of the suite. */
  readonly cipher: string
  /** Kind and bits of the ephemeral key, where the runtime tells. */
  readonly keyType?: string | undefined
  readonly keyBits?: number | undefined
}

/** Why HTTP/2 may not be spoken over this, undefined if it may. */
export function inadequacy({ version, cipher, keyType = '', keyBits }: Negotiated): string | undefined {
  if (version === 'TLSv1.3') return undefined
  if (version !== 'TLSv1.2') return `${version ?? 'unknown TLS version'} is below TLS 1.2 (RFC 9113 §9.2)`
  if (!ADEQUATE_SUITE.test(cipher)) return `suite ${cipher} is prohibited (RFC 9113 §9.2.2)`
  const least = MIN_KEY_BITS.get(keyType)
  if (least !== undefined && keyBits !== undefined && keyBits < least) {
    return `${keyType} key of ${keyBits} bits is below ${least} (RFC 9113 §9.2.1)`
  }
  return undefined
}

/** The outcome of a finished handshake. */
export function negotiated(socket: TLSSocket): Negotiated {
  const key = socket.getEphemeralKeyInfo() as { type?: string; size?: number } | null
  return {
    version: socket.getProtocol(),
    cipher: socket.getCipher().name,
    keyType: key?.type,
    keyBits: key?.size,
  }
}

/** What a connection offers, beside where it goes. */
export interface Offer {
  readonly host: string
  readonly tls: TlsOptions | undefined
  readonly alpn: readonly string[]
  readonly sessions: SessionCache | undefined
  /** Undefined if the socket is given. */
  readonly onread: OnReadOpts | undefined
}

/** Where a connection goes. */
export type Whereto = { host: string; port: number } | { path: string } | { socket: Socket }

/** The options of `tls.connect`: the caller's, then ours, then where to connect to. */
export function connectOptions(offer: Offer, where: Whereto): ConnectionOptions {
  const { host, tls, alpn, sessions } = offer
  const options = { ...tls } as ConnectionOptions & Record<string, unknown>
  for (const ours of ['socket', 'path', 'port', 'signal', 'timeout', 'session', 'onread', 'ALPNProtocols']) {
    delete options[ours]
  }
  options.host = host
  Object.assign(options, where)
  options.secureContext = secureContextOf(tls)
  const { checkServerIdentity: check } = options
  // Node takes an explicit undefined for a function.
  if (check === undefined) delete options.checkServerIdentity
  else options.checkServerIdentity = (...asked) => verdictOf(check, asked)
  // SNI for every name, and for no address (RFC 9113 §9.2).
  if (options.servername === undefined && isIP(host) === 0) options.servername = host.replace(/\.$/, '')
  if (alpn.length > 0) options.ALPNProtocols = [...alpn]
  const session = sessionFor(sessions, options)
  if (session !== undefined) options.session = session as Buffer
  if (offer.onread !== undefined) options.onread = offer.onread
  // Our side may still write what is pending when the peer has ended.
  options.allowHalfOpen = true
  return options
}

/** A check that throws refuses the server too: nobody else would hear of it. */
function verdictOf<T extends unknown[]>(
  check: (...asked: T) => Error | undefined,
  asked: T,
): Error | undefined {
  try {
    return check(...asked)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** Whoever reads the log can read the traffic: it is made for the user alone. */
const KEY_LOG_MODE = 0o600

/** Logs the secrets of a connection where `SSLKEYLOGFILE` asks for them. */
export function logKeys(socket: TLSSocket): void {
  const path = process.env.SSLKEYLOGFILE
  if (path === undefined || path === '') return
  socket.on('keylog', (line) => {
    try {
      appendFileSync(path, line, { mode: KEY_LOG_MODE })
    } catch {
      // A log that cannot be written must not fail the connection.
    }
  })
}

/**
 * Breaks the connection if the peer renegotiates (RFC 9113 §9.2.1). Each
 * handshake of TLS 1.2 logs one secret, whether it is full or resumed, so a
 * second line is a second handshake; TLS 1.3 has none.
 */
export function refuseRenegotiation(socket: TLSSocket): void {
  if (socket.getProtocol() === 'TLSv1.3') return
  socket.once('keylog', () => {
    socket.destroy(
      new H2Error('connection failed: TLS renegotiation (RFC 9113 §9.2.1)', {
        code: 'H2_CONNECTION_ERROR',
        scope: 'connection',
        initiator: 'local',
        errorCode: 1,
        errorName: 'PROTOCOL_ERROR',
      }),
    )
  })
}
