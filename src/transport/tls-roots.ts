/**
 * Which certificate authorities are trusted when the caller names none, and
 * the secure contexts made from them. The one rule: the choice that the process
 * made (`--use-openssl-ca`, its own default set) is never overridden; the
 * system's authorities are only added to the runtime's usual set.
 */
import tls, { type SecureContext, type SecureContextOptions } from 'node:tls'
import type { TlsOptions } from './transport.ts'

/** The part of `node:tls` that only newer runtimes have. */
export interface CertificateStore {
  readonly getCACertificates?: (type: 'default' | 'system') => readonly string[]
}

/**
 * The runtime's authorities with those of `NODE_EXTRA_CA_CERTS` and of the
 * system, as PEM; undefined where its own default store is all there is to use.
 */
export function trustedRoots(
  store: CertificateStore,
  bundled: () => readonly string[],
): string[] | undefined {
  if (store.getCACertificates === undefined) return undefined
  let usual: readonly string[]
  let system: readonly string[]
  try {
    usual = store.getCACertificates('default')
    system = store.getCACertificates('system')
  } catch {
    return undefined
  }
  const all = new Set(usual)
  for (const root of bundled()) if (!all.has(root)) return undefined
  for (const root of system) all.add(root)
  return all.size > usual.length ? [...all] : undefined
}

/** Written once, by the first dial that needs it. `list` is undefined for the runtime's default store. */
let roots: { readonly list: string[] | undefined } | undefined

/** One context per options object of the caller, who does not change it: parsing roots and keys takes milliseconds. */
const contexts = new WeakMap<object, SecureContext>()
const NO_OPTIONS: TlsOptions = {}

/** The secure context of these TLS options. TLS 1.2 is the least (RFC 9113 §9.2). */
export function secureContextOf(options: TlsOptions = NO_OPTIONS): SecureContext {
  if (options.secureContext !== undefined) return options.secureContext as SecureContext
  let context = contexts.get(options)
  if (context === undefined) {
    context = tls.createSecureContext(contextOptions(options))
    contexts.set(options, context)
  }
  return context
}

function contextOptions(options: TlsOptions): SecureContextOptions {
  const complete: Record<string, unknown> = { ...options }
  if (complete.minVersion === undefined && complete.secureProtocol === undefined) {
    complete.minVersion = 'TLSv1.2'
  }
  if (complete.ca === undefined) {
    roots ??= { list: trustedRoots(tls as CertificateStore, () => tls.rootCertificates) }
    if (roots.list !== undefined) complete.ca = roots.list
  }
  return complete as SecureContextOptions
}
