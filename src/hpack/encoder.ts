/**
 * Encoding of field blocks (RFC 7541 §6). One rule: the encoder's table changes
 * only with what it writes, so a block that was made must be sent.
 */
import { OutputBuffer } from '../bytes.ts'
import { checkedTableSize, INITIAL_TABLE_SIZE } from './dynamic-table.ts'
import { EncoderIndex, type KnownName } from './encoder-index.ts'
import { fieldSize, type HeaderField } from './header-field.ts'
import { isSecret, leavesRoom, ORDINARY, SELDOM_REPEATED } from './indexing-policy.ts'
import { MAX_INTEGER_OCTETS, writeInteger } from './prefix-integer.ts'
import { checkOctets, maxLiteralLength, writeLiteral } from './string-literal.ts'

/** Bounds of an `Encoder`. */
export interface EncoderOptions {
  /** Octets that we use of the peer's dynamic table at most, however large it is. Default 4096. */
  readonly maxTableSize?: number
}

const INDEXED = 0x80
const INDEXED_MASK = 0x7f
const INCREMENTAL = 0x40
const INCREMENTAL_MASK = 0x3f
const SIZE_UPDATE = 0x20
const SIZE_UPDATE_MASK = 0x1f
const NEVER_INDEXED = 0x10
const WITHOUT_INDEXING = 0x00
const LITERAL_MASK = 0x0f

/**
 * Encodes the field blocks of one direction of one connection. Blocks must be
 * sent in the order in which they were made.
 *
 * @example
 * const encoder = new Encoder()
 * encoder.encode({ ':method': 'GET', ':path': '/' }) // Uint8Array [0x82, 0x84]
 */
export class Encoder {
  private readonly cap: number
  private readonly index: EncoderIndex
  /** The table size in use from the next block on: the peer's or `cap`, whichever is smaller. */
  private wanted: number
  /** The smallest `wanted` since the last block began. */
  private smallest: number

  /** Throws RangeError for a table size that is none. */
  constructor(options: EncoderOptions = {}) {
    this.cap = checkedTableSize(options.maxTableSize ?? INITIAL_TABLE_SIZE)
    this.index = new EncoderIndex(INITIAL_TABLE_SIZE)
    this.wanted = Math.min(this.cap, INITIAL_TABLE_SIZE)
    this.smallest = this.wanted
  }

  /**
   * Takes the peer's SETTINGS_HEADER_TABLE_SIZE, in octets, from the next block
   * on. To be called once per value, in order, between two blocks. Throws
   * RangeError for what is no size.
   */
  setPeerTableSize(size: number): void {
    this.wanted = Math.min(checkedTableSize(size), this.cap)
    if (this.wanted < this.smallest) this.smallest = this.wanted
  }

  /**
   * Encodes one field block. A record stands for its entries in their order.
   * Credentials, and fields marked so, are never indexed (RFC 7541 §7.1.3).
   *
   * Throws TypeError, with the encoder unchanged, for a name or value that is
   * no string or has a character above 0xFF.
   *
   * @example
   * new Encoder().encode([[':status', '200'], ['x-token', 's3cret', true]])
   */
  encode(fields: Iterable<HeaderField> | Readonly<Record<string, string>>): Uint8Array {
    // A block that is dropped half-way would leave the table out of step: look first, write then.
    const list: readonly HeaderField[] =
      Symbol.iterator in fields ? [...(fields as Iterable<HeaderField>)] : Object.entries(fields)
    for (const [name, value] of list) {
      checkOctets(name)
      checkOctets(value)
    }
    const out = new OutputBuffer(256)
    this.begin(out)
    for (const [name, value, neverIndexed] of list) this.field(out, name, value, neverIndexed === true)
    return out.take().slice()
  }

  /** Begins a block: writes the table size updates that are due (RFC 7541 §4.2). */
  begin(out: OutputBuffer): void {
    const { table } = this.index
    if (this.smallest < this.wanted && this.smallest < table.maxSize) this.updateSize(out, this.smallest)
    if (this.wanted !== table.maxSize) this.updateSize(out, this.wanted)
    this.smallest = this.wanted
  }

  /**
   * Writes one field of the block that `begin` began; the name is in lower
   * case. Throws TypeError, with nothing written, for a character above 0xFF:
   * the block must then not be sent and the encoder not be used again.
   */
  field(out: OutputBuffer, name: string, value: string, neverIndexed: boolean): void {
    const { index } = this
    const known = index.find(name)
    if (neverIndexed || isSecret(known === undefined ? ORDINARY : known.habit, value)) {
      this.writeField(out, NEVER_INDEXED, LITERAL_MASK, known, name, value)
      return
    }
    const at = known === undefined ? 0 : index.indexOf(known, value)
    if (at !== 0) {
      const start = out.reserve(MAX_INTEGER_OCTETS)
      out.end = writeInteger(out.bytes, start, INDEXED, INDEXED_MASK, at)
      return
    }
    const size = fieldSize(name.length, value.length)
    if (this.isWorthAnEntry(known, value, size)) {
      this.writeField(out, INCREMENTAL, INCREMENTAL_MASK, known, name, value)
      index.insert(name, value, size)
    } else {
      this.writeField(out, WITHOUT_INDEXING, LITERAL_MASK, known, name, value)
    }
  }

  private isWorthAnEntry(known: KnownName | undefined, value: string, size: number): boolean {
    if (!leavesRoom(size, this.index.table.maxSize)) return false
    if (known === undefined || !seldomRepeats(known) || known.lastLiteral === value) return true
    known.lastLiteral = value
    return false
  }

  /** RFC 7541 §6.2: one of the three literal representations. */
  private writeField(
    out: OutputBuffer,
    pattern: number,
    mask: number,
    known: KnownName | undefined,
    name: string,
    value: string,
  ): void {
    let at = out.reserve(MAX_INTEGER_OCTETS + maxLiteralLength(name) + maxLiteralLength(value))
    const { bytes } = out
    if (known === undefined) at = writeLiteral(bytes, writeInteger(bytes, at, pattern, mask, 0), name)
    else at = writeInteger(bytes, at, pattern, mask, this.index.nameIndexOf(known))
    out.end = writeLiteral(bytes, at, value)
  }

  /** RFC 7541 §6.3. */
  private updateSize(out: OutputBuffer, size: number): void {
    const start = out.reserve(MAX_INTEGER_OCTETS)
    out.end = writeInteger(out.bytes, start, SIZE_UPDATE, SIZE_UPDATE_MASK, size)
    this.index.resize(size)
  }
}

/** By habit, or because its newest value was of no use yet: another would be of none either. */
function seldomRepeats(known: KnownName): boolean {
  return known.habit === SELDOM_REPEATED || (known.newest !== 0 && known.unused)
}
