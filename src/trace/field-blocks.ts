/**
 * The field blocks of one direction of a connection, as they were coded
 * (RFC 7541 §6): which representation each field came in, and the dynamic table
 * that they make. Its one rule: the table is that of the peer's decoder, whether
 * anybody looks at the fields or not.
 */
import { HPACKDecodingError } from '../hpack/decoding-error.ts'
import { DynamicTable, INITIAL_TABLE_SIZE } from '../hpack/dynamic-table.ts'
import { fieldSize } from '../hpack/header-field.ts'
import { type Cursor, readInteger, writeInteger } from '../hpack/prefix-integer.ts'
import { STATIC_LENGTH, STATIC_NAMES, STATIC_VALUES } from '../hpack/static-table.ts'
import { newScratch, StringLiteral } from '../hpack/string-literal.ts'

/** How a field came (RFC 7541 §6.1, §6.2). */
export type FieldForm = 'indexed' | 'literal, indexed from now on' | 'literal' | 'literal, never indexed'

/** One field of a block. */
export interface CodedField {
  readonly name: string
  readonly value: string
  readonly form: FieldForm
  /** The entry of the tables that gave the field, or its name; 0 if the name is a literal. */
  readonly index: number
  /** Octets that it took in the block. */
  readonly octets: number
}

/** An entry of a dynamic table. */
export type TableEntry = readonly [name: string, value: string]

const FORMS: readonly FieldForm[] = [
  'indexed',
  'literal, indexed from now on',
  'literal',
  'literal, never indexed',
]
/** Pattern and mask of each form's first octet. */
const PATTERNS: readonly (readonly [pattern: number, mask: number])[] = [
  [0x80, 0x7f],
  [0x40, 0x3f],
  [0x00, 0x0f],
  [0x10, 0x0f],
]
const SIZE_UPDATE = 0x20
const SIZE_UPDATE_MASK = 0x1f

const NAME = new StringLiteral(newScratch())
const VALUE = new StringLiteral(newScratch())

export class FieldBlocks {
  #table: DynamicTable
  /** Why later blocks cannot be read; undefined while they can. */
  #fault: string | undefined = undefined

  constructor(entries: readonly TableEntry[] = [], maxSize = INITIAL_TABLE_SIZE) {
    this.#table = new DynamicTable(maxSize)
    for (const [name, value] of entries.toReversed()) this.#table.insert(name, value)
  }

  /** The dynamic table, newest entry first. */
  get entries(): TableEntry[] {
    return Array.from({ length: this.#table.length }, (_, i) => [
      this.#table.nameAt(i),
      this.#table.valueAt(i),
    ])
  }

  /** Octets in the table, and at most (RFC 7541 §4.1). */
  get size(): number {
    return this.#table.size
  }

  get maxSize(): number {
    return this.#table.maxSize
  }

  /** Why later blocks cannot be read; undefined while they can. */
  get fault(): string | undefined {
    return this.#fault
  }

  /** Reads a block for what it does to the table alone. */
  follow(buf: Uint8Array, start: number, end: number): void {
    this.#block(buf, start, end, undefined)
  }

  /** Reads a block. Of one that breaks RFC 7541 the fields before the fault. */
  read(buf: Uint8Array, start: number, end: number): CodedField[] {
    const fields: CodedField[] = []
    this.#block(buf, start, end, fields)
    return fields
  }

  /** A block was lost: nothing that comes later can be read. */
  lost(why: string): void {
    this.#fault ??= why
  }

  #block(buf: Uint8Array, start: number, end: number, fields: CodedField[] | undefined): void {
    if (this.#fault !== undefined) return
    const cursor = { buf, at: start, end }
    try {
      while (cursor.at < end) {
        const first = buf[cursor.at]!
        if ((first & 0xe0) === SIZE_UPDATE) this.#resize(readInteger(cursor, SIZE_UPDATE_MASK))
        else this.#field(cursor, formOf(first), fields)
      }
    } catch (error) {
      this.#fault = error instanceof HPACKDecodingError ? error.message : 'field block not decodable'
    }
  }

  #resize(size: number): void {
    // No table that anybody keeps is larger; the octets of a file may say so all the same.
    if (size > 0x1000000) throw new HPACKDecodingError(`table of ${size} octets (RFC 7541 §6.3)`)
    this.#table.resize(size)
  }

  #field(cursor: Cursor, form: number, fields: CodedField[] | undefined): void {
    const from = cursor.at
    const index = readInteger(cursor, PATTERNS[form]![1])
    if (form === 0) {
      if (index === 0) throw new HPACKDecodingError('index 0 (RFC 7541 §6.1)')
      if (fields === undefined) return
      fields.push(coded(this.#nameOf(index), this.#valueOf(index), form, index, cursor.at - from))
      return
    }
    if (index === 0) NAME.read(cursor)
    VALUE.read(cursor)
    if (form !== 1 && fields === undefined) return
    const name = index === 0 ? NAME.text() : this.#nameOf(index)
    const value = VALUE.text()
    if (form === 1) this.#table.insert(name, value)
    fields?.push(coded(name, value, form, index, cursor.at - from))
  }

  #nameOf(index: number): string {
    return index <= STATIC_LENGTH ? STATIC_NAMES[index]! : this.#table.nameAt(this.#place(index))
  }

  #valueOf(index: number): string {
    return index <= STATIC_LENGTH ? STATIC_VALUES[index]! : this.#table.valueAt(this.#place(index))
  }

  #place(index: number): number {
    const place = index - STATIC_LENGTH - 1
    if (place < this.#table.length) return place
    throw new HPACKDecodingError(`index ${index} where no entry is (RFC 7541 §2.3.3)`)
  }
}

function coded(name: string, value: string, form: number, index: number, octets: number): CodedField {
  return { name, value, form: FORMS[form]!, index, octets }
}

function formOf(first: number): number {
  if (first >= 0x80) return 0
  if (first >= 0x40) return 1
  return first >= 0x10 ? 3 : 2
}

/**
 * A block that makes the same table of the same sizes, in which values that
 * `shows` does not allow are stars. Octets that are no field block end it.
 */
export function hideValues(
  buf: Uint8Array,
  start: number,
  end: number,
  fields: readonly CodedField[],
  shows: (field: CodedField) => string,
): Uint8Array {
  const room = fields.reduce(
    (sum, { name, value }) => sum + fieldSize(name.length, value.length),
    end - start,
  )
  const out = new Uint8Array(room)
  const cursor = { buf, at: start, end }
  let at = 0
  while (cursor.at < end && (buf[cursor.at]! & 0xe0) === SIZE_UPDATE) {
    at = writeInteger(out, at, SIZE_UPDATE, SIZE_UPDATE_MASK, readInteger(cursor, SIZE_UPDATE_MASK))
  }
  for (const field of fields) {
    const form = FORMS.indexOf(field.form)
    at = writeInteger(out, at, ...PATTERNS[form]!, field.index)
    if (form === 0) continue
    if (field.index === 0) at = writePlain(out, at, field.name)
    at = writePlain(out, at, shows(field))
  }
  return out.subarray(0, at)
}

/** A string literal that is not Huffman-coded (RFC 7541 §5.2). */
function writePlain(out: Uint8Array, start: number, text: string): number {
  let at = writeInteger(out, start, 0, 0x7f, text.length)
  for (let i = 0; i < text.length; i++) out[at++] = text.charCodeAt(i)
  return at
}
