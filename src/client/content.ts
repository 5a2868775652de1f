/**
 * Content that arrived and that nobody has taken yet: owned copies, and where
 * the DATA frames ended. Its one rule: what is handed out never shares memory
 * with what is kept or still to come, so it may be changed or transferred.
 */
import { platform } from '#platform'

/**
 * Bodies announced to be no larger than this are kept in one piece of memory,
 * and larger ones in pieces of it: what a socket gives at once.
 */
const SLAB_SIZE = 65_536
/** A body that has passed this is taken for a large one. */
const LARGE = 16_384
/** A piece that fills less of its memory than one part in so many is copied out of it. */
const SPARSE = 4

export const NOTHING: Uint8Array = new Uint8Array(0)

/** A queue of bytes. */
export class Content {
  /** Bytes kept. */
  length: number
  /** Memory in order; only the last may have room left. */
  #chunks: Uint8Array[]
  /** Bytes of the first chunk that were taken. */
  #taken: number
  /** Bytes of the last chunk that are filled. */
  #filled: number
  /** Distance from the first byte ever received to the ends of complete frames, ascending. */
  #frameEnds: number[]
  #received: number
  /** Octets announced and not yet received, 0 if unknown. */
  #expected: number

  constructor(announced: number) {
    this.length = 0
    this.#chunks = []
    this.#taken = 0
    this.#filled = 0
    this.#frameEnds = []
    this.#received = 0
    this.#expected = announced <= SLAB_SIZE ? announced : 0
  }

  /** True if a whole DATA frame is kept. */
  get hasFrame(): boolean {
    return this.#frameEnds.length > 0
  }

  /** Copies `buf[start, end)`. `frameEnd`: a DATA frame ends behind it. */
  push(buf: Uint8Array, start: number, end: number, frameEnd: boolean): void {
    if (end > start) this.#copy(buf, start, end)
    const ends = this.#frameEnds
    // Frames without content have no place of their own.
    if (frameEnd && this.#received > this.#position() && ends[ends.length - 1] !== this.#received) {
      ends.push(this.#received)
    }
  }

  #copy(buf: Uint8Array, start: number, end: number): void {
    const count = end - start
    const chunks = this.#chunks
    const last = chunks[chunks.length - 1]
    this.#received += count
    this.length += count
    if (last !== undefined && last.length - this.#filled >= count) {
      last.set(buf.subarray(start, end), this.#filled)
      this.#filled += count
      return
    }
    if (last !== undefined) this.#closeLast(last)
    const size = Math.max(count, this.#expected, this.#received > LARGE ? SLAB_SIZE : 0)
    const memory = platform.allocate(size)
    memory.set(buf.subarray(start, end))
    chunks.push(memory)
    this.#filled = count
    this.#expected = 0
  }

  /** More came than the last chunk has room for: it ends where it is filled. */
  #closeLast(last: Uint8Array): void {
    const chunks = this.#chunks
    if (this.#filled === last.length) return
    if (chunks.length === 1 && this.#taken === this.#filled) {
      chunks.pop()
      this.#taken = 0
    } else {
      chunks[chunks.length - 1] = last.subarray(0, this.#filled)
    }
  }

  #position(): number {
    return this.#received - this.length
  }

  /** From one byte up to `max` of what is kept; nothing kept: an empty array. */
  take(max: number): Uint8Array {
    if (this.length === 0) return NOTHING
    const first = this.#chunks[0]!
    const filled = this.#chunks.length === 1 ? this.#filled : first.length
    const count = Math.min(max, filled - this.#taken)
    this.#taken += count
    let piece: Uint8Array
    if (count === filled) {
      // All of it goes, and so does the room behind it.
      piece = filled === first.length ? first : trimmed(first, filled)
    } else {
      piece = first.slice(this.#taken - count, this.#taken)
    }
    if (this.#taken === filled) {
      this.#chunks.shift()
      this.#taken = 0
    }
    this.length -= count
    this.#forgetFrames()
    return piece
  }

  /** Exactly `count` bytes, in one array. */
  #takeExactly(count: number): Uint8Array {
    const first = this.take(count)
    if (first.length === count) return first
    const joined = new Uint8Array(count)
    joined.set(first)
    for (let at = first.length; at < count; ) {
      const piece = this.take(count - at)
      joined.set(piece, at)
      at += piece.length
    }
    return joined
  }

  /** The rest of the first DATA frame; only if `hasFrame`. */
  takeFrame(): Uint8Array {
    return this.#takeExactly(this.#frameEnds[0]! - this.#position())
  }

  /** All that is kept, in one array. */
  takeAll(): Uint8Array {
    return this.#takeExactly(this.length)
  }

  /** Drops all that is kept. */
  clear(): void {
    this.length = 0
    this.#chunks = []
    this.#taken = 0
    this.#filled = 0
    this.#frameEnds = []
  }

  #forgetFrames(): void {
    const ends = this.#frameEnds
    const position = this.#position()
    let passed = 0
    while (passed < ends.length && ends[passed]! <= position) passed++
    if (passed === ends.length) ends.length = 0
    else if (passed > 0) ends.splice(0, passed)
  }
}

/** The filled part of memory that nobody else will use. */
function trimmed(memory: Uint8Array, filled: number): Uint8Array {
  return filled * SPARSE < memory.length ? memory.slice(0, filled) : memory.subarray(0, filled)
}
