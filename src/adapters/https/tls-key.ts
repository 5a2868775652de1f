/**
 * Which options of a request decide over its connection, and when two requests
 * may share one. Its one rule: connections are shared where all of these
 * options are equal, and nowhere else.
 */
import { createHash } from 'node:crypto'

/** Options of `tls.connect` and `net.connect` that requests and agents may name. */
export const CONNECTION_OPTIONS = [
  'ca',
  'cert',
  'key',
  'pfx',
  'passphrase',
  'crl',
  'rejectUnauthorized',
  'checkServerIdentity',
  'servername',
  'ciphers',
  'ecdhCurve',
  'sigalgs',
  'dhparam',
  'honorCipherOrder',
  'minVersion',
  'maxVersion',
  'minDHSize',
  'secureProtocol',
  'secureOptions',
  'secureContext',
  'sessionIdContext',
  'clientCertEngine',
  'privateKeyEngine',
  'privateKeyIdentifier',
  'allowPartialTrustChain',
  'pskCallback',
  'enableTrace',
  'family',
  'hints',
  'localAddress',
  'localPort',
  'autoSelectFamily',
  'autoSelectFamilyAttemptTimeout',
  'lookup',
  'socketPath',
] as const

export type ConnectionOption = (typeof CONNECTION_OPTIONS)[number]

/** What is named of them. */
export type NamedOptions = { readonly [K in ConnectionOption]?: unknown }

let lastNumber = 0
/** Texts that stand for objects: a digest of bytes, a number for all else. */
const known = new WeakMap<object, string>()

/** Those that are named in one of `sources`, of which a later one wins; undefined if none is. */
export function namedOptions(...sources: readonly object[]): NamedOptions | undefined {
  let named: { [K in ConnectionOption]?: unknown } | undefined
  for (const source of sources) {
    for (const name of CONNECTION_OPTIONS) {
      const value = (source as NamedOptions)[name]
      if (value === undefined || value === null) continue
      named ??= {}
      named[name] = value
    }
  }
  return named
}

/** The same text for equal options. */
export function keyOf(options: NamedOptions | undefined): string {
  return options === undefined ? '' : textOf(options)
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return `${value.length}:${value}`
  if (typeof value !== 'object' || value === null)
    return typeof value === 'function' ? nameOf(value) : String(value)
  if (value instanceof Uint8Array) return known.get(value) ?? remember(value, digest(value))
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return nameOf(value)
  const entries = Object.entries(value).filter(([, one]) => one !== undefined)
  return `{${entries.sort(byName).map(([name, one]) => `${name}=${textOf(one)}`)}}`
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1
}

function digest(bytes: Uint8Array): string {
  return `#${createHash('sha256').update(bytes).digest('base64')}`
}

function nameOf(value: object): string {
  if (known.has(value)) return known.get(value)!
  lastNumber += 1
  return remember(value, `@${lastNumber}`)
}

function remember(value: object, text: string): string {
  known.set(value, text)
  return text
}
