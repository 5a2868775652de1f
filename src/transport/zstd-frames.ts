/**
 * Where frames of Zstandard end (RFC 8878 §3.1): reads lengths only. It is here
 * because Node's decoder takes a frame that is followed by another in one write
 * for the last, and, before the fix of July 2026, data that was cut short for
 * data that is complete.
 */

const ZSTD_MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50
const DICTIONARY_ID_SIZES = [0, 1, 2, 4]
const CONTENT_SIZE_SIZES = [0, 2, 4, 8]
const CHECKSUM_SIZE = 4
const BLOCK_TYPE_RLE = 1

const MAGIC = 0
const SKIPPABLE_SIZE = 1
const DESCRIPTOR = 2
const BLOCK_HEADER = 3
/** Bytes of each field that is read, by the numbers above. */
const FIELD_SIZES = [4, 4, 1, 3]

/** Follows compressed data from its first byte on. */
export class ZstdFrames {
  /** The field that comes after the bytes to skip. */
  #field = MAGIC
  /** Bytes of the field that were read, and their little-endian value. */
  #read = 0
  #value = 0
  /** Bytes to pass over before the field. */
  #skip = 0
  #checksum = false
  /** True from bytes on that are no frame: the decoder will say so, and nothing is followed any more. */
  #lost = false

  /** True between frames, where the data may end. */
  get complete(): boolean {
    return this.#lost || (this.#field === MAGIC && this.#read === 0 && this.#skip === 0)
  }

  /** Follows a chunk as far as the first frame that ends in it. Returns where that is, or the chunk's length. */
  push(chunk: Uint8Array): number {
    let at = 0
    while (at < chunk.length && !this.#lost) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, chunk.length - at)
        this.#skip -= skipped
        at += skipped
      } else {
        this.#value += chunk[at++]! * 2 ** (8 * this.#read++)
        if (this.#read === FIELD_SIZES[this.#field]) this.#take()
      }
      if (this.complete && !this.#lost) return at
    }
    return chunk.length
  }

  #take(): void {
    const value = this.#value
    this.#value = 0
    this.#read = 0
    switch (this.#field) {
      case MAGIC:
        if (value === ZSTD_MAGIC) this.#field = DESCRIPTOR
        else if (value - (value % 16) === SKIPPABLE_MAGIC) this.#field = SKIPPABLE_SIZE
        else this.#lost = true
        break
      case SKIPPABLE_SIZE:
        this.#skip = value
        this.#field = MAGIC
        break
      case DESCRIPTOR: {
        const singleSegment = (value & 0x20) !== 0
        const contentSize = CONTENT_SIZE_SIZES[value >>> 6]!
        this.#checksum = (value & 0x04) !== 0
        this.#skip =
          DICTIONARY_ID_SIZES[value & 0x03]! + (singleSegment ? Math.max(1, contentSize) : 1 + contentSize)
        this.#field = BLOCK_HEADER
        break
      }
      default: {
        const last = (value & 1) !== 0
        this.#skip = ((value >>> 1) & 3) === BLOCK_TYPE_RLE ? 1 : value >>> 3
        if (last && this.#checksum) this.#skip += CHECKSUM_SIZE
        this.#field = last ? MAGIC : BLOCK_HEADER
      }
    }
  }
}
