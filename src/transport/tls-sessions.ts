/**
 * Sessions for TLS resumption (RFC 8446 §2.2), kept in the caller's cache. The
 * one rule: a resumed handshake shows no certificate that could be checked, so
 * a session is offered only under the name and in the context of trust, and no
 * stricter than, it was made.
 */
import type { ConnectionOptions, SecureContext, TLSSocket } from 'node:tls'
import type { SessionCache } from './transport.ts'

/** What the handshake that made a session established. */
interface Origin {
  readonly name: string
  /** What the caller trusted and showed. */
  readonly context: SecureContext | undefined
  /** True if the peer's certificate was found good. */
  readonly authorized: boolean
}

/** Sessions that are not in here were not made by us, and are not offered. */
const origins = new WeakMap<Uint8Array, Origin>()

/** The session to offer with these options, undefined if the cache has none that fits. */
export function sessionFor(
  cache: SessionCache | undefined,
  options: ConnectionOptions,
): Uint8Array | undefined {
  if (cache?.session === undefined) return undefined
  const origin = origins.get(cache.session)
  if (origin?.name !== nameOf(options) || origin.context !== options.secureContext) return undefined
  return origin.authorized || options.rejectUnauthorized === false ? cache.session : undefined
}

/** Puts each session that the connection is given into the cache. */
export function keepSessions(
  cache: SessionCache | undefined,
  socket: TLSSocket,
  options: ConnectionOptions,
): void {
  if (cache === undefined) return
  const offered = options.session === undefined ? undefined : origins.get(options.session)
  const name = nameOf(options)
  socket.on('session', (session) => {
    const authorized = socket.isSessionReused() ? offered?.authorized === true : socket.authorized
    origins.set(session, { name, context: options.secureContext, authorized })
    cache.session = session
  })
}

/** The name that the certificate is checked against. */
function nameOf({ servername, host }: ConnectionOptions): string {
  return servername || host || ''
}
