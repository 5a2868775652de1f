/**
 * Decoding of field blocks (RFC 7541 §3, §6). One rule: whatever becomes of the
 * fields, the dynamic table stays in step with the peer's encoder, or the
 * decoder is finished.
 */
import { HPACKDecodingError } from './decoding-error.ts'
import { checkedTableSize, DynamicTable, INITIAL_TABLE_SIZE } from './dynamic-table.ts'
import { fieldSize, type HeaderField } from './header-field.ts'
import { type Cursor, readInteger } from './prefix-integer.ts'
import { STATIC_LENGTH, STATIC_NAMES, STATIC_SIZES, STATIC_VALUES } from './static-table.ts'
import { newScratch, StringLiteral } from './string-literal.ts'

/** Bounds of a `Decoder`. Sizes are in octets as RFC 7541 §4.1 counts them: name, value and 32 per field. */
export interface DecoderOptions {
  /** Our SETTINGS_HEADER_TABLE_SIZE. Default 4096. */
  readonly maxTableSize?: number
  /** Octets of fields that one block may hold. Default 65536. */
  readonly maxHeaderListSize?: number
  /** Fields that one block may hold. Default 256. */
  readonly maxFields?: number
}

/** The block was decoded and every field of it stored. */
export const DECODED = 0
/** The block was decoded, but only the fields within the limits were stored. */
export const OVERSIZE = 1
/** The block was far above the limits and not decoded to its end: the decoder is finished. */
export const ABANDONED = 2

/** How many times the list limit a block may hold before its decoding is given up. */
const ABANDON_FACTOR = 4
/** RFC 7541 §4.2: the smallest size of the interval and the final one say all. */
const MAX_SIZE_UPDATES = 2

const INDEXED = 0x80
const INDEXED_MASK = 0x7f
const INCREMENTAL = 0x40
const INCREMENTAL_MASK = 0x3f
const SIZE_UPDATE = 0x20
const SIZE_UPDATE_MASK = 0x1f
const NEVER_INDEXED = 0x10
const LITERAL_MASK = 0x0f

const NO_OCTETS = new Uint8Array(0)
// Shared by all decoders: none is used while another decodes, and each leaves them empty.
const CURSOR: Cursor = { buf: NO_OCTETS, at: 0, end: 0 }
const NAME_LITERAL = new StringLiteral(newScratch())
const VALUE_LITERAL = new StringLiteral(newScratch())
const NO_POSITIONS: readonly number[] = Object.freeze([])

/**
 * Decodes the field blocks of one direction of one connection, in the order in
 * which they came (RFC 7541 §2.2).
 *
 * @example
 * const decoder = new Decoder()
 * decoder.decode(Uint8Array.of(0x82, 0x84)) // [[':method', 'GET'], [':path', '/']]
 */
export class Decoder {
  /** Octets of the fields in the last block, stored or not (RFC 7541 §4.1). */
  listSize: number
  /** Fields in the last block, stored or not. */
  fieldCount: number
  /** Which stored fields of the last block, counted from 0, came as never-indexed (RFC 7541 §6.2.3). */
  neverIndexed: readonly number[]

  private maxListSize: number
  private readonly maxFields: number
  private abandonAbove: number
  private readonly table: DynamicTable
  /** Our SETTINGS_HEADER_TABLE_SIZE as acknowledged: no size update may pass it. */
  private tableLimit: number
  /** The next block must begin with a size update, to `updateCeiling` at most. */
  private updateDue: boolean
  /** The smallest `tableLimit` since the last block. Means something only while `updateDue`. */
  private updateCeiling: number
  /** False from the start of a block until it was decoded to its end. */
  private inStep: boolean

  /** Throws RangeError for an option that is not a size or a count. */
  constructor(options: DecoderOptions = {}) {
    const { maxTableSize = INITIAL_TABLE_SIZE, maxHeaderListSize = 65536, maxFields = 256 } = options
    if (!(maxHeaderListSize >= 0))
      throw new RangeError(`maxHeaderListSize is not a count of octets: ${maxHeaderListSize}`)
    if (!(maxFields >= 0)) throw new RangeError(`maxFields is not a count: ${maxFields}`)
    this.listSize = 0
    this.fieldCount = 0
    this.neverIndexed = NO_POSITIONS
    this.maxListSize = maxHeaderListSize
    this.maxFields = maxFields
    this.abandonAbove = maxHeaderListSize * ABANDON_FACTOR
    this.tableLimit = checkedTableSize(maxTableSize)
    // An encoder that wants more than the initial size says so (RFC 7541 §4.2).
    this.table = new DynamicTable(Math.min(maxTableSize, INITIAL_TABLE_SIZE))
    this.updateDue = false
    this.updateCeiling = 0
    this.inStep = true
  }

  /**
   * Sets the upper bound of the dynamic table, in octets. To be called when the
   * peer has acknowledged our SETTINGS_HEADER_TABLE_SIZE, between two blocks:
   * until then the earlier value holds. Throws RangeError for what is no size.
   */
  setMaxTableSize(size: number): void {
    this.tableLimit = checkedTableSize(size)
    if (size >= this.table.maxSize) return
    // RFC 7541 §4.2: of several changes the smallest must be signalled.
    this.updateCeiling = this.updateDue ? Math.min(this.updateCeiling, size) : size
    this.updateDue = true
  }

  /** Raises the octets of a field section that are taken from the next block on, 32 more for each field. */
  raiseMaxHeaderListSize(size: number): void {
    if (size <= this.maxListSize) return
    this.maxListSize = size
    this.abandonAbove = size * ABANDON_FACTOR
  }

  /**
   * Decodes one field block, any limit passed being an error.
   *
   * Throws HPACKDecodingError for a block that breaks RFC 7541 or holds more
   * than `maxHeaderListSize` or `maxFields`.
   *
   * @example
   * new Decoder().decode(Uint8Array.of(0x88)) // [[':status', '200']]
   */
  decode(block: Uint8Array): HeaderField[] {
    const flat: string[] = []
    if (this.decodeInto(block, 0, block.length, flat) !== DECODED) {
      throw new HPACKDecodingError(
        `${this.fieldCount} fields of ${this.listSize} octets where ${this.maxFields} of ${this.maxListSize} are allowed (RFC 9113 §6.5.2)`,
      )
    }
    const fields: HeaderField[] = []
    for (let i = 0; i < flat.length; i += 2) fields.push([flat[i]!, flat[i + 1]!])
    for (const position of this.neverIndexed) {
      fields[position] = [flat[position * 2]!, flat[position * 2 + 1]!, true]
    }
    return fields
  }

  /**
   * Decodes the field block `buf[start, end)`, appends name, value, name, value
   * … to `fields`, and returns `DECODED`, `OVERSIZE` or `ABANDONED`. Keeps no
   * reference to `buf`. Throws HPACKDecodingError for a block that breaks
   * RFC 7541; after that, or `ABANDONED`, every call throws.
   *
   * @example
   * const fields: string[] = []
   * decoder.decodeInto(chunk, from, to, fields) === DECODED
   */
  decodeInto(buf: Uint8Array, start: number, end: number, fields: string[]): number {
    // RFC 9113 §4.3: after a block that was not decoded, later ones would mean something else.
    if (!this.inStep) {
      throw new HPACKDecodingError('an earlier block was not decoded to its end (RFC 9113 §4.3)')
    }
    this.inStep = false
    this.listSize = 0
    this.fieldCount = 0
    this.neverIndexed = NO_POSITIONS
    CURSOR.buf = buf
    CURSOR.at = start
    CURSOR.end = end
    try {
      return this.readBlock(fields)
    } finally {
      CURSOR.buf = NO_OCTETS
      NAME_LITERAL.release()
      VALUE_LITERAL.release()
    }
  }

  private readBlock(fields: string[]): number {
    const { buf, end } = CURSOR
    this.readSizeUpdates()
    while (CURSOR.at < end) {
      const first = buf[CURSOR.at]!
      if (first >= INDEXED) this.readIndexed(fields)
      else if (first >= INCREMENTAL) this.readLiteral(INCREMENTAL_MASK, true, false, fields)
      else if (first < SIZE_UPDATE) {
        this.readLiteral(LITERAL_MASK, false, first >= NEVER_INDEXED, fields)
      } else throw new HPACKDecodingError('table size update behind a field (RFC 7541 §4.2)')
      if (this.listSize > this.abandonAbove) return ABANDONED
    }
    this.inStep = true
    return this.withinLimits() ? DECODED : OVERSIZE
  }

  private withinLimits(): boolean {
    return this.listSize <= this.maxListSize && this.fieldCount <= this.maxFields
  }

  private readSizeUpdates(): void {
    let count = 0
    while (CURSOR.at < CURSOR.end && (CURSOR.buf[CURSOR.at]! & ~SIZE_UPDATE_MASK) === SIZE_UPDATE) {
      if (++count > MAX_SIZE_UPDATES) {
        throw new HPACKDecodingError('more than two table size updates (RFC 7541 §4.2)')
      }
      const size = readInteger(CURSOR, SIZE_UPDATE_MASK)
      if (size > this.tableLimit) {
        throw new HPACKDecodingError(
          `table size update to ${size} where ${this.tableLimit} is allowed (RFC 7541 §6.3)`,
        )
      }
      if (this.updateDue && size > this.updateCeiling) this.failForMissingUpdate()
      this.updateDue = false
      this.table.resize(size)
    }
    if (this.updateDue) this.failForMissingUpdate()
  }

  private failForMissingUpdate(): never {
    throw new HPACKDecodingError(
      `block does not begin with a table size update to at most ${this.updateCeiling} (RFC 9113 §4.3.1)`,
    )
  }

  /** RFC 7541 §6.1. */
  private readIndexed(fields: string[]): void {
    const index = readInteger(CURSOR, INDEXED_MASK)
    if (index > STATIC_LENGTH) {
      const place = this.placeOf(index)
      const name = this.table.nameAt(place)
      const value = this.table.valueAt(place)
      if (this.count(fieldSize(name.length, value.length))) fields.push(name, value)
      return
    }
    if (index === 0) throw new HPACKDecodingError('index 0 (RFC 7541 §6.1)')
    if (this.count(STATIC_SIZES[index]!)) fields.push(STATIC_NAMES[index]!, STATIC_VALUES[index]!)
  }

  /** RFC 7541 §6.2. */
  private readLiteral(mask: number, indexing: boolean, neverIndexed: boolean, fields: string[]): void {
    const { table } = this
    const index = readInteger(CURSOR, mask)
    let name: string | undefined
    if (index > STATIC_LENGTH) name = table.nameAt(this.placeOf(index))
    else if (index > 0) name = STATIC_NAMES[index]!
    else NAME_LITERAL.read(CURSOR)
    VALUE_LITERAL.read(CURSOR)

    const size = fieldSize(name === undefined ? NAME_LITERAL.length : name.length, VALUE_LITERAL.length)
    const stored = this.count(size)
    if (!stored && !(indexing && size <= table.maxSize)) {
      // RFC 7541 §4.4: an entry larger than the table empties it.
      if (indexing) table.shrink(0)
      return
    }
    if (name === undefined) name = NAME_LITERAL.text()
    const value = VALUE_LITERAL.text()
    if (indexing) table.insert(name, value)
    if (!stored) return
    fields.push(name, value)
    if (neverIndexed) this.markNeverIndexed(this.fieldCount - 1)
  }

  private markNeverIndexed(position: number): void {
    if (this.neverIndexed === NO_POSITIONS) this.neverIndexed = [position]
    else (this.neverIndexed as number[]).push(position)
  }

  /** The place in the dynamic table of an index above the static one. */
  private placeOf(index: number): number {
    const place = index - STATIC_LENGTH - 1
    if (place >= this.table.length) {
      throw new HPACKDecodingError(
        `index ${index} where the tables end at ${STATIC_LENGTH + this.table.length} (RFC 7541 §2.3.3)`,
      )
    }
    return place
  }

  /** Counts a field of `size` octets and returns whether it is to be stored. */
  private count(size: number): boolean {
    this.listSize += size
    this.fieldCount++
    return this.withinLimits()
  }
}
