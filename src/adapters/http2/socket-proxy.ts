/**
 * `session.socket`: the socket as far as it may be looked at, behind a guard.
 * It passes `instanceof`; what would read, write or end it throws, and what
 * concerns the life of the session goes to the session.
 */
import type { Duplex } from 'node:stream'
import { plainError } from './errors.ts'
import { SINCE_24 } from './runtime.ts'

/** What of a session the guard needs. */
export interface GuardedSession {
  setTimeout: unknown
  ref: unknown
  unref: unknown
}

const OF_THE_SESSION: ReadonlySet<PropertyKey> = new Set([
  'setTimeout',
  'ref',
  'unref',
  ...(SINCE_24 ? ['destroy'] : []),
])
const FORBIDDEN: ReadonlySet<PropertyKey> = new Set([
  ...(SINCE_24 ? [] : ['destroy']),
  'emit',
  'end',
  'pause',
  'read',
  'resume',
  'write',
  'setEncoding',
  'setKeepAlive',
  'setNoDelay',
])

/** @param socketOf the session's socket; undefined once it was given up */
export function guardedSocket<S extends GuardedSession>(
  session: S,
  socketOf: (session: S) => Duplex | undefined,
): unknown {
  const bound = (): object => {
    const socket = socketOf(session)
    if (socket === undefined) throw plainError('ERR_HTTP2_SOCKET_UNBOUND')
    return socket
  }
  return new Proxy(session, {
    get(_target, property) {
      if (OF_THE_SESSION.has(property)) {
        return (Reflect.get(session, property) as (...given: unknown[]) => unknown).bind(session)
      }
      if (FORBIDDEN.has(property)) throw plainError('ERR_HTTP2_NO_SOCKET_MANIPULATION')
      const socket = bound()
      const value: unknown = Reflect.get(socket, property)
      return typeof value === 'function' ? value.bind(socket) : value
    },
    has(_target, property) {
      return Reflect.has(bound(), property)
    },
    getPrototypeOf() {
      return Reflect.getPrototypeOf(bound())
    },
    set(_target, property, value) {
      if (OF_THE_SESSION.has(property)) return Reflect.set(session, property, value)
      if (FORBIDDEN.has(property)) throw plainError('ERR_HTTP2_NO_SOCKET_MANIPULATION')
      return Reflect.set(bound(), property, value)
    },
  })
}
