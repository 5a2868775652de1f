/**
 * Fields as `node:http2` shows them: an object without a prototype, `:status` a
 * number, `set-cookie` an array, repeated fields joined; the first of those
 * that have one value.
 */

import { SINGLE } from './fields-out.ts'
import { sensitiveHeaders } from './runtime.ts'

/** Fields by name. */
export type IncomingFields = Record<string, string | number | string[] | undefined>

/** The object of raw pairs. `neverIndexed`: names of fields that no table may keep. */
export function fieldObject(pairs: readonly string[], neverIndexed: readonly string[] = []): IncomingFields {
  const made: IncomingFields = { __proto__: null } as unknown as IncomingFields
  for (let i = 0; i < pairs.length; i += 2) {
    const name = pairs[i]!
    const value = pairs[i + 1]!
    const known = made[name]
    if (known === undefined) made[name] = first(name, value)
    else if (!SINGLE.has(name)) made[name] = joined(name, known, value)
  }
  ;(made as Record<symbol, unknown>)[sensitiveHeaders as symbol] = [...neverIndexed]
  return made
}

function first(name: string, value: string): string | number | string[] {
  if (name === ':status') return Number(value)
  return name === 'set-cookie' ? [value] : value
}

function joined(name: string, known: string | number | string[], value: string): string | string[] {
  if (Array.isArray(known)) {
    known.push(value)
    return known
  }
  return name === 'cookie' ? `${known}; ${value}` : `${known}, ${value}`
}
