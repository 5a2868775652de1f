/**
 * Secure contexts: the caller's TLS options, parsed. Making one takes
 * milliseconds and some 27 kB of roots and keys, so connections share. The one
 * rule: two connections share a context only if every option of theirs is the
 * same now as it was when the context was made.
 */
import tls, { type SecureContext, type SecureContextOptions } from 'node:tls'
import { roots } from './tls-roots.ts'
import type { TlsOptions } from './transport.ts'

/** Contexts that are looked through for one with the same options. */
const MAX_RECENT = 32

/** By the caller's options object, who does not change it. */
const contexts = new WeakMap<object, SecureContext>()
/** What contexts were made of. As these copies hold keys, they live no longer than the context. */
const origins = new WeakMap<SecureContext, Material>()
/** Contexts in `origins`, oldest first. */
let recent: WeakRef<SecureContext>[] = []
const NO_OPTIONS: TlsOptions = {}

/** The secure context of these TLS options. TLS 1.2 is the least (RFC 9113 §9.2). */
export function secureContextOf(options: TlsOptions = NO_OPTIONS): SecureContext {
  if (options.secureContext !== undefined) return options.secureContext as SecureContext
  let context = contexts.get(options)
  if (context === undefined) {
    context = madeOfTheSame(options) ?? make(options)
    contexts.set(options, context)
  }
  return context
}

function madeOfTheSame(options: TlsOptions): SecureContext | undefined {
  for (const reference of recent) {
    const context = reference.deref()
    if (context !== undefined && isSame(origins.get(context), Object.entries(options))) return context
  }
  return undefined
}

function make(options: TlsOptions): SecureContext {
  const context = tls.createSecureContext(contextOptions(options))
  const material = copyOf(Object.entries(options))
  if (material === UNKNOWN) return context
  origins.set(context, material)
  recent = recent.filter((reference) => reference.deref() !== undefined).slice(1 - MAX_RECENT)
  recent.push(new WeakRef(context))
  return context
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

/** Values that can be compared: text, bytes, numbers, functions, and lists of them. */
type Material = string | number | boolean | undefined | Uint8Array | ((...of: never) => unknown) | Material[]

/** Stands for what may change unseen, such as an object. */
const UNKNOWN = Symbol('unknown')

/** A copy that no later change reaches; `UNKNOWN` if none can be made. */
function copyOf(value: unknown): Material | typeof UNKNOWN {
  if (value instanceof Uint8Array) return Uint8Array.from(value)
  if (Array.isArray(value)) {
    const copies: Material[] = []
    for (const part of value) {
      const copy = copyOf(part)
      if (copy === UNKNOWN) return UNKNOWN
      copies.push(copy)
    }
    return copies
  }
  return typeof value === 'object' ? UNKNOWN : (value as Material)
}

function isSame(copy: Material, value: unknown): boolean {
  if (copy instanceof Uint8Array) return value instanceof Uint8Array && Buffer.compare(copy, value) === 0
  if (!Array.isArray(copy)) return copy === value
  return (
    Array.isArray(value) &&
    copy.length === value.length &&
    copy.every((part, index) => isSame(part, value[index]))
  )
}
