/**
 * Content that arrived and that nobody has taken yet: owned copies, and where
 * the DATA frames ended. Its one rule: what is handed out never shares memory
 * with what is kept or still to come, so it may be changed or transferred.
 */
import { platform } from '#platform'
import { LARGEST_SHARED, place, placedAt } from './arena.ts'

/** Bodies announced to be no larger than this are kept in one piece of memory. */
const SMALL_BODY = 65_536
/**
 * Larger bodies are kept in pieces of this: what a DATA frame carries unless
 * more was agreed. Larger pieces make the allocator give memory back to the
 * system and fetch it again, which costs more than the pieces do.
 */
export const PIECE_SIZE = 16_384
/**
 * DATA frames that are kept apart. More cannot be unread unless they are small,
 * and then where each ends would soon cost more than what is in them.
 */
const MAX_FRAMES = 4_096
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
  /** Distance from the first byte ever received to the ends of complete frames, ascending; at most `MAX_FRAMES`. */
  #frameEnds: number[] | undefined
  #received: number
  /** Octets announced and not yet received, 0 if unknown. */
  #expected: number
  /** The arena in which all that is kept stands, if nothing else is kept and nothing was taken. */
  #shared: Uint8Array | undefined
  #sharedAt: number

  constructor(announced: number) {
    this.length = 0
    this.#chunks = []
    this.#taken = 0
    this.#filled = 0
    this.#frameEnds = undefined
    this.#received = 0
    this.#expected = announced <= SMALL_BODY ? announced : 0
    this.#shared = undefined
    this.#sharedAt = 0
  }

  /** True if a whole DATA frame is kept. */
  get hasFrame(): boolean {
    return this.#frameEnds !== undefined && this.#frameEnds.length > 0
  }

  /** Copies `buf[start, end)`. `frameEnd`: a DATA frame ends behind it. */
  push(buf: Uint8Array, start: number, end: number, frameEnd: boolean): void {
    if (end > start) this.#copy(buf, start, end, frameEnd)
    // Frames without content have no place of their own.
    if (!frameEnd || this.#received === this.#position()) return
    const ends = this.#frameEnds
    if (ends === undefined) {
      // A list of one takes a sixth of the memory of a list that grew to one.
      this.#frameEnds = [this.#received]
      return
    }
    if (ends[ends.length - 1] === this.#received) return
    if (ends.length === MAX_FRAMES) ends[MAX_FRAMES - 1] = this.#received
    else ends.push(this.#received)
  }

  #copy(buf: Uint8Array, start: number, end: number, frameEnd: boolean): void {
    const count = end - start
    if (this.#received === 0 && count <= LARGEST_SHARED && this.#expected <= count) {
      this.#shared = place(count)
      this.#sharedAt = placedAt(count)
      this.#shared.set(buf.subarray(start, end), this.#sharedAt)
      this.#received = count
      this.length = count
      return
    }
    this.#own()
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
    // Nothing waits, so the reader keeps up and takes what this chunk brings, or the frame that it begins.
    const room = last === undefined && frameEnd ? Math.min(PIECE_SIZE, buf.length - start) : PIECE_SIZE
    // What is small grows with what is kept, so that frames of an octet each do not cost an array each.
    const least = this.#received > PIECE_SIZE ? room : Math.min(PIECE_SIZE, this.length - count)
    const size = Math.max(count, this.#expected, least)
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

  /** From now on what is kept has memory of its own. */
  #own(): void {
    const shared = this.#shared
    if (shared === undefined) return
    const own = this.#ownCopy(shared)
    this.#shared = undefined
    this.#chunks.push(own)
    this.#filled = own.length
  }

  #ownCopy(shared: Uint8Array): Uint8Array {
    const own = platform.allocate(this.length)
    own.set(shared.subarray(this.#sharedAt, this.#sharedAt + this.length))
    return own
  }

  /** All that is kept, as text. */
  takeText(toText: (bytes: Uint8Array) => string): string {
    const shared = this.#shared
    if (shared === undefined) return toText(this.takeAll())
    const text = toText(shared.subarray(this.#sharedAt, this.#sharedAt + this.length))
    this.clear()
    return text
  }

  #position(): number {
    return this.#received - this.length
  }

  /** From one byte up to `max` of what is kept; nothing kept: an empty array. */
  take(max: number): Uint8Array {
    if (this.length === 0) return NOTHING
    this.#own()
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
    return this.#takeExactly(this.#frameEnds![0]! - this.#position())
  }

  /** All that is kept, in one array. */
  takeAll(): Uint8Array {
    if (this.#shared === undefined) return this.#takeExactly(this.length)
    const all = this.#ownCopy(this.#shared)
    this.clear()
    return all
  }

  /** Drops all that is kept. */
  clear(): void {
    this.length = 0
    this.#shared = undefined
    if (this.#chunks.length > 0) this.#chunks = []
    this.#taken = 0
    this.#filled = 0
    this.#frameEnds = undefined
  }

  #forgetFrames(): void {
    const ends = this.#frameEnds
    if (ends === undefined) return
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
