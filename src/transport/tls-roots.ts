/**
 * Which certificate authorities are trusted when the caller names none. The one
 * rule: the choice that the process made (`--use-openssl-ca`, its own default
 * set) is never overridden; the system's authorities are only added to the
 * runtime's usual set.
 */
import tls from 'node:tls'

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
let found: { readonly list: string[] | undefined } | undefined

/** The trusted roots of this process; undefined for the runtime's default store. */
export function roots(): string[] | undefined {
  found ??= { list: trustedRoots(tls as CertificateStore, () => tls.rootCertificates) }
  return found.list
}
