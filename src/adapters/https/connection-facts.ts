/**
 * What callers of `node:https` ask a socket about its TLS connection, told from
 * what a client says of it. Its one rule: what is not known has the value that
 * Node gives before a connection stands.
 */
import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { ConnectionInfo } from '../../index.ts'

type Known = ConnectionInfo | undefined

/** `IPv4` or `IPv6`. */
export function familyOf(address: string | undefined): string | undefined {
  return address === undefined ? undefined : `IPv${isIP(address)}`
}

export function certificateOf(info: Known): X509Certificate | undefined {
  const der = info?.peerCertificate
  return der === undefined ? undefined : new X509Certificate(der)
}

/** As `tls.TLSSocket` gives it, without its issuers; empty if it is not known. */
export function legacyCertificateOf(info: Known): object {
  return certificateOf(info)?.toLegacyObject() ?? {}
}

export function cipherOf(info: Known): { name?: string; standardName?: string; version?: string } {
  const { cipher: name, tlsVersion: version } = info ?? {}
  return name === undefined || version === undefined ? {} : { name, standardName: name, version }
}

export function alpnOf(info: Known): string | null {
  if (info === undefined) return null
  return info.httpVersion === '2' ? 'h2' : 'http/1.1'
}
