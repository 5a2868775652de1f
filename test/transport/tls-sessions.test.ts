import { EventEmitter } from 'node:events'
import type { TLSSocket } from 'node:tls'
import { describe, expect, it, test } from 'vitest'
import { keepSessions, sessionFor } from '../../src/transport/tls-sessions.ts'
import type { SessionCache } from '../../src/transport/transport.ts'

/** As much of a TLS socket as sessions have to do with. */
function socket(authorized: boolean, reused = false): TLSSocket {
  return Object.assign(new EventEmitter(), {
    authorized,
    isSessionReused: () => reused,
  }) as unknown as TLSSocket
}

/** A cache with the session of a handshake under this name. */
function cached(authorized: boolean, options: { host: string; servername?: string }): SessionCache {
  const cache: SessionCache = { session: undefined }
  const made = socket(authorized)
  keepSessions(cache, made, options)
  made.emit('session', Buffer.from('ticket'))
  return cache
}

const strict = { host: 'a.test' }
const lenient = { host: 'a.test', rejectUnauthorized: false }

describe('a session is offered', () => {
  test.each([
    ['under its name', true, strict, true],
    ['under its name as SNI', true, { host: '192.0.2.1', servername: 'a.test' }, true],
    ['under no other name', true, { host: 'b.test' }, false],
    ['under no other SNI', true, { host: 'a.test', servername: 'b.test' }, false],
    ['unverified: not where verification is asked for', false, strict, false],
    ['unverified: where none is asked for', false, lenient, true],
  ])('%s', (_name, authorized, options, offered) => {
    const cache = cached(authorized, strict)
    expect(sessionFor(cache, options)).toBe(offered ? cache.session : undefined)
  })

  it('not if it is from elsewhere', () => {
    expect(sessionFor({ session: Buffer.from('ticket') }, strict)).toBeUndefined()
    expect(sessionFor({ session: undefined }, strict)).toBeUndefined()
    expect(sessionFor(undefined, strict)).toBeUndefined()
  })

  it('not as verified because a connection resumed from an unverified one says so', () => {
    const cache = cached(false, lenient)
    const resumed = socket(true, true)
    keepSessions(cache, resumed, { ...lenient, session: cache.session as Buffer })
    resumed.emit('session', Buffer.from('next ticket'))
    expect(sessionFor(cache, strict)).toBeUndefined()
    expect(sessionFor(cache, lenient)).toBe(cache.session)
  })
})
