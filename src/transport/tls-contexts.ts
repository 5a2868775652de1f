/**
 * Secure contexts: the caller's TLS options, parsed. Making one takes
 * milliseconds and some 27 kB of roots and keys, so connections share. The one
 * rule: two connections share a context only if every option of theirs is the
 * same now as it was when the context was made.
 */
import tls, { type SecureContext, type SecureContextOptions } from 'node:tls'
import { isUnchanged, snapshotOf } from '../snapshot.ts'
import { roots } from './tls-roots.ts'
import type { TlsOptions } from './transport.ts'

/** Contexts that are looked through for one with the same options. */
const MAX_RECENT = 32

/** A context and what it was made of. The copy holds keys: it lives no longer than the context. */
interface Made {
  readonly context: SecureContext
  readonly options: TlsOptions
}

/** By the caller's options object, which may have changed since. */
const byOptions = new WeakMap<object, Made>()
/** What contexts were made of. */
const origins = new WeakMap<SecureContext, Made>()
/** Contexts in `origins`, oldest first. */
let recent: WeakRef<SecureContext>[] = []
const NO_OPTIONS: TlsOptions = {}

/** The secure context of these TLS options. TLS 1.2 is the least (RFC 9113 §9.2). */
export function secureContextOf(options: TlsOptions = NO_OPTIONS): SecureContext {
  if (options.secureContext !== undefined) return options.secureContext as SecureContext
  const known = byOptions.get(options)
  // An object of any class will do, its own properties count.
  const now = { ...options }
  if (known !== undefined && isUnchanged(known.options, now)) return known.context
  const made = madeOfTheSame(now) ?? make(now)
  byOptions.set(options, made)
  return made.context
}

function madeOfTheSame(options: TlsOptions): Made | undefined {
  for (const reference of recent) {
    const context = reference.deref()
    const made = context && origins.get(context)
    if (made !== undefined && isUnchanged(made.options, options)) return made
  }
  return undefined
}

function make(options: TlsOptions): Made {
  const copy = snapshotOf(options)
  const context = tls.createSecureContext(contextOptions(copy))
  const made = { context, options: copy }
  origins.set(context, made)
  recent = recent.filter((reference) => reference.deref() !== undefined).slice(1 - MAX_RECENT)
  recent.push(new WeakRef(context))
  return made
}

function contextOptions(options: TlsOptions): SecureContextOptions {
  const complete: Record<string, unknown> = { ...options }
  if (complete.minVersion === undefined && complete.secureProtocol === undefined) {
    complete.minVersion = 'TLSv1.2'
  }
  if (complete.ca === undefined) {
    const trusted = roots()
    if (trusted !== undefined) complete.ca = trusted
  }
  return complete as SecureContextOptions
}
