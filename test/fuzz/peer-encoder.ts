/**
 * The peer's field blocks: legal HPACK (RFC 7541) in every representation, the
 * dynamic table and its size updates included, made without the library.
 */
import {
  huffmanString,
  incremental,
  indexed,
  neverIndexed,
  sizeUpdate,
  withoutIndexing,
} from '../support/field-blocks.ts'
import { concat } from '../support/wire.ts'

export type Field = readonly [name: string, value: string]

/** The newest entry of the dynamic table (RFC 7541 §2.3.3). */
const NEWEST = 62
const STATUS_200 = 8

export class PeerEncoder {
  #newest: Field | undefined = undefined
  #size = 4096

  /** A block of these fields; `style` is a source of choices, `updates` table sizes to begin with. */
  encode(fields: readonly Field[], style: number, updates: readonly number[]): Uint8Array {
    const parts = updates.slice(0, 2).map((size) => this.#resize(size))
    for (const [i, field] of fields.entries()) parts.push(this.#field(field, (style >> (i * 3)) & 7))
    return concat(...parts)
  }

  #resize(size: number): Uint8Array {
    if (this.#newest !== undefined && sizeOf(this.#newest) > size) this.#newest = undefined
    this.#size = size
    return sizeUpdate(size)
  }

  #field(field: Field, style: number): Uint8Array {
    const [name, value] = field
    if (this.#newest?.[0] === name && this.#newest[1] === value) return indexed(NEWEST)
    if (name === ':status' && value === '200' && style > 3) return indexed(STATUS_200)
    if (style < 2) return withoutIndexing(name, value)
    if (style < 3) return neverIndexed(name, value)
    if (style < 5) return concat(Uint8Array.of(0), huffmanString(name), huffmanString(value))
    // An entry larger than the table empties it (RFC 7541 §4.4).
    this.#newest = sizeOf(field) <= this.#size ? field : undefined
    return incremental(name, value)
  }
}

function sizeOf([name, value]: Field): number {
  return name.length + value.length + 32
}
