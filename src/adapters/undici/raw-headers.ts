/**
 * Field lists in the shapes that handlers take: octets in turn for one
 * generation, a record for the other. Its one rule: nothing is joined, and
 * nothing that came twice is lost.
 */
import type { HeadersRecord } from './contract.ts'

export type Pairs = readonly (readonly [name: string, value: string])[]

/** Names and values in turn, as octets. */
export function rawHeaders(pairs: Pairs): Buffer[] {
  const raw: Buffer[] = []
  for (const [name, value] of pairs) raw.push(Buffer.from(name, 'latin1'), Buffer.from(value, 'latin1'))
  return raw
}

/** Fields of which a handler may want the octets, or have set others in their place. */
export class RawFields {
  #pairs: Pairs | undefined
  #raw: unknown

  constructor() {
    this.#pairs = undefined
    this.#raw = null
  }

  /** What arrived. */
  set pairs(pairs: Pairs) {
    this.#pairs = pairs
    this.#raw = null
  }

  get raw(): unknown {
    if (this.#pairs !== undefined) this.#raw ??= named(rawHeaders(this.#pairs), this.#pairs)
    return this.#raw
  }

  set raw(given: unknown) {
    this.#raw = given
  }
}

/** Undici's octets of HTTP/2 are a record: who looks there for a name finds it. */
function named(raw: Buffer[], pairs: Pairs): Buffer[] {
  for (const [name, value] of Object.entries(headersRecord(pairs))) {
    if (!(name in raw)) Object.defineProperty(raw, name, { value, configurable: true })
  }
  return raw
}

/** A record; a name that comes again makes an array. */
export function headersRecord(pairs: Pairs): HeadersRecord {
  const record: HeadersRecord = {}
  for (const [name, value] of pairs) {
    const before = Object.hasOwn(record, name) ? record[name] : undefined
    if (before === undefined) set(record, name, value)
    else if (typeof before === 'string') set(record, name, [before, value])
    else before.push(value)
  }
  return record
}

/** Octets in turn from whatever a controller or a caller has: octets already, strings, or a record. */
export function rawFrom(given: unknown, record: HeadersRecord): unknown[] {
  if (Array.isArray(given)) return given
  const raw: unknown[] = []
  for (const [name, value] of Object.entries(record ?? {})) {
    const values = Array.isArray(value) ? value : [value]
    for (const one of values) raw.push(Buffer.from(name, 'latin1'), Buffer.from(String(one), 'latin1'))
  }
  return raw
}

function set(record: HeadersRecord, name: string, value: string | string[]): void {
  // The one name whose plain assignment would not make a property.
  if (name !== '__proto__') record[name] = value
  else Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true })
}
