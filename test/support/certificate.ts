/**
 * Certificates made at run time, for servers on loopback: authorities, leaves
 * that they sign, and leaves that sign themselves.
 */
import { generate } from 'selfsigned'

/** A certificate and its key, as PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** What a leaf is like. */
export interface LeafOptions {
  /** Who signs; itself if absent. */
  readonly issuer?: Certificate
  /** Names and addresses that it is valid for; those of loopback if absent. */
  readonly names?: readonly string[]
  readonly keyType?: 'ec' | 'rsa'
  /** True for one that is valid no more. */
  readonly expired?: boolean
}

const HOUR = 3_600_000
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1']

/** Makes an authority. */
export async function makeAuthority(name = 'hyper test authority'): Promise<Certificate> {
  const made = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ...validity(false),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, digitalSignature: true, critical: true },
    ],
  })
  return { cert: made.cert, key: made.private }
}

/** Makes a leaf, good for servers and clients. */
export async function makeLeaf(options: LeafOptions = {}): Promise<Certificate> {
  const names = options.names ?? LOOPBACK_NAMES
  const made = await generate([{ name: 'commonName', value: names[0] ?? 'nameless' }], {
    keyType: options.keyType ?? 'ec',
    algorithm: 'sha256',
    ...validity(options.expired === true),
    ...(options.issuer === undefined ? {} : { ca: options.issuer }),
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: true },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      { name: 'subjectAltName', altNames: names.map(alternativeName) },
    ],
  })
  return { cert: made.cert, key: made.private }
}

function alternativeName(name: string): { type: 2; value: string } | { type: 7; ip: string } {
  return /^[\d.]+$|:/.test(name) ? { type: 7, ip: name } : { type: 2, value: name }
}

function validity(expired: boolean): { notBeforeDate: Date; notAfterDate: Date } {
  const now = Date.now()
  const [from, to] = expired ? [now - 48 * HOUR, now - 24 * HOUR] : [now - HOUR, now + 24 * HOUR]
  return { notBeforeDate: new Date(from), notAfterDate: new Date(to) }
}
