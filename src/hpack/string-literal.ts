/**
 * String literals (RFC 7541 §5.2): a length, and that many octets, plain or
 * Huffman-coded. One rule: octets that are needed nowhere never become a
 * string, so reading a literal and asking for its text are two steps.
 */
import { latin1Text } from '../bytes.ts'
import { HPACKDecodingError } from './decoding-error.ts'
import { decodeHuffman, huffmanLength, maxDecodedLength, writeHuffman } from './huffman.ts'
import { type Cursor, MAX_INTEGER_OCTETS, readInteger, writeInteger } from './prefix-integer.ts'

/** The H bit. */
const HUFFMAN = 0x80
const LENGTH_MASK = 0x7f
/** Octets kept for decoding; a longer string gets memory of its own. */
const SCRATCH_OCTETS = 2048
const NO_OCTETS = new Uint8Array(0)

/** Memory for the string that is being decoded. */
export function newScratch(): Uint8Array {
  return new Uint8Array(SCRATCH_OCTETS)
}

/** The string literal that was read last. Its octets are good until the next `read` or `release`. */
export class StringLiteral {
  /** Where the octets are: the field block itself if they were plain. */
  private octets: Uint8Array
  private start: number
  private end: number
  private readonly scratch: Uint8Array

  /** `scratch` is where Huffman-coded strings are decoded to; see `newScratch`. */
  constructor(scratch: Uint8Array) {
    this.octets = NO_OCTETS
    this.start = 0
    this.end = 0
    this.scratch = scratch
  }

  /** Octets in the string, after decoding. */
  get length(): number {
    return this.end - this.start
  }

  /** Reads the literal at the cursor and moves the cursor behind it. */
  read(cursor: Cursor): void {
    const { buf } = cursor
    if (cursor.at >= cursor.end) {
      throw new HPACKDecodingError('string missing at the end of the block (RFC 7541 §5.2)')
    }
    const coded = buf[cursor.at]! >= HUFFMAN
    const length = readInteger(cursor, LENGTH_MASK)
    const start = cursor.at
    if (length > cursor.end - start) {
      throw new HPACKDecodingError(
        `string of ${length} octets where ${cursor.end - start} are left (RFC 7541 §5.2)`,
      )
    }
    const end = start + length
    cursor.at = end
    if (coded) {
      const room = maxDecodedLength(length) + 1
      this.octets = room <= SCRATCH_OCTETS ? this.scratch : new Uint8Array(room)
      this.start = 0
      this.end = decodeHuffman(buf, start, end, this.octets)
    } else {
      this.octets = buf
      this.start = start
      this.end = end
    }
  }

  /** The octets as a string, one character each. */
  text(): string {
    return latin1Text(this.octets, this.start, this.end)
  }

  /** Lets go of the block that was read. */
  release(): void {
    this.octets = NO_OCTETS
    this.start = 0
    this.end = 0
  }
}

/** Octets that a written literal can take: Huffman is used only where it is shorter. */
export function maxLiteralLength(text: string): number {
  return MAX_INTEGER_OCTETS + text.length
}

/**
 * Writes `text` at `bytes[at]`, where there must be room, in the shorter of the
 * two forms; returns the offset behind it. Throws TypeError, with nothing
 * written, if a character is above 0xFF.
 */
export function writeLiteral(bytes: Uint8Array, at: number, text: string): number {
  const { length } = text
  const coded = huffmanLength(text)
  if (coded < length) {
    return writeHuffman(text, bytes, writeInteger(bytes, at, HUFFMAN, LENGTH_MASK, coded))
  }
  const from = writeInteger(bytes, at, 0, LENGTH_MASK, length)
  for (let i = 0; i < length; i++) bytes[from + i] = text.charCodeAt(i)
  return from + length
}

/** Throws TypeError unless `text` is a string of characters up to 0xFF. */
export function checkOctets(text: unknown): void {
  if (typeof text !== 'string') throw new TypeError(`a field holds strings, not ${typeof text}`)
  huffmanLength(text)
}
