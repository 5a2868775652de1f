/**
 * The members of a `tls.TLSSocket` that callers of `node:https` look at, over
 * what a client tells of its connection. Its one rule: they give facts, and
 * change nothing: the connection carries the requests of others as well.
 */
import type { X509Certificate } from 'node:crypto'
import type { ConnectionInfo } from '../../index.ts'
import { alpnOf, certificateOf, cipherOf, familyOf, legacyCertificateOf } from './connection-facts.ts'

/** The members, for classes that cannot inherit them as well. */
export abstract class SocketShape {
  /** What the connection is like; undefined before it is known. */
  declare info: ConnectionInfo | undefined

  get authorized(): boolean {
    return this.info?.authorized ?? false
  }

  get authorizationError(): string | null {
    return this.info?.authorizationError ?? null
  }

  get alpnProtocol(): string | false | null {
    return alpnOf(this.info)
  }

  get remoteAddress(): string | undefined {
    return this.info?.remoteAddress
  }

  get remotePort(): number | undefined {
    return this.info?.remotePort
  }

  get remoteFamily(): string | undefined {
    return familyOf(this.remoteAddress)
  }

  get localAddress(): string | undefined {
    return this.info?.localAddress
  }

  get localPort(): number | undefined {
    return this.info?.localPort
  }

  get localFamily(): string | undefined {
    return familyOf(this.localAddress)
  }

  getPeerCertificate(): object {
    return legacyCertificateOf(this.info)
  }

  getPeerX509Certificate(): X509Certificate | undefined {
    return certificateOf(this.info)
  }

  getProtocol(): string | null {
    return this.info?.tlsVersion ?? null
  }

  getCipher(): { name?: string; standardName?: string; version?: string } {
    return cipherOf(this.info)
  }

  isSessionReused(): boolean {
    return this.info?.resumed ?? false
  }

  // — what the connection decides for itself —

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }
}

type Made<A extends unknown[], T> = new (...args: A) => T

/** The class, with the members of a socket. */
export function socketLike<A extends unknown[], T extends object>(
  base: Made<A, T>,
): Made<A, T & SocketShape> {
  const made = class extends (base as Made<A, object>) {}
  const { constructor: _, ...members } = Object.getOwnPropertyDescriptors(SocketShape.prototype)
  Object.defineProperties(made.prototype, members)
  return made as Made<A, T & SocketShape>
}
