/**
 * Lines out of chunks (RFC 9112 §2.2). Its one rule: a line that lies in one
 * chunk is read where it lies; only the beginning of one that does not is
 * copied, and never more of it than was allowed.
 */
import { joinBytes } from '../bytes.ts'

/** The line goes on in the next chunk. */
export const INCOMPLETE = -1
/** It is longer than it may be. */
export const TOO_LONG = -2
/** It ends with LF alone, which others may take for a part of it. */
export const BARE_LF = -3

const CR = 0x0d
const LF = 0x0a
const NO_BYTES: Uint8Array = new Uint8Array(0)
/** Octets of the first memory for what is held. */
const SMALLEST = 256

export class LineReader {
  /** Where the line that was read last is: `bytes[start, end)`, without CR LF, good until the next call. */
  bytes: Uint8Array
  start: number
  end: number
  /** The beginning of a line that is not complete: `#held[0, #length)`. */
  #held: Uint8Array
  #length: number

  constructor() {
    this.bytes = NO_BYTES
    this.start = 0
    this.end = 0
    this.#held = NO_BYTES
    this.#length = 0
  }

  /** Octets of the last line, with those that end it. */
  get size(): number {
    return this.end - this.start + 2
  }

  /** Lets go of the chunk, which is not ours. */
  release(): void {
    this.bytes = NO_BYTES
  }

  /** Forgets what it holds. */
  reset(): void {
    this.#held = NO_BYTES
    this.#length = 0
  }

  /** True if what is there of the line, in front of `chunk[at]` and behind, can be the beginning of `text`, or begins so. */
  mayBegin(text: string, chunk: Uint8Array, at: number): boolean {
    for (let i = 0; i < text.length; i++) {
      const place = at + i - this.#length
      if (i >= this.#length && place >= chunk.length) return true
      const octet = i < this.#length ? this.#held[i] : chunk[place]
      if (octet !== text.charCodeAt(i)) return false
    }
    return true
  }

  /** Up to `count` octets of the line, in front of `chunk[at]` and behind. */
  peek(chunk: Uint8Array, at: number, count: number): Uint8Array {
    const held = this.#held.subarray(0, Math.min(this.#length, count))
    return joinBytes([held, chunk.subarray(at, at + count - held.length)])
  }

  /** Keeps all that there is, for a later look. */
  hold(chunk: Uint8Array, at: number): void {
    this.#hold(chunk, at, chunk.length)
  }

  /**
   * Reads on at `chunk[at]`, where there must be an octet. Returns the offset
   * behind the line, which has at most `max` octets with those that end it;
   * else one of the numbers above.
   */
  read(chunk: Uint8Array, at: number, max: number): number {
    const found = chunk.indexOf(LF, at)
    const stop = found === -1 ? chunk.length : found + 1
    const length = this.#length + stop - at
    if (length > max || (found === -1 && length === max)) return TOO_LONG
    if (found === -1) {
      this.#hold(chunk, at, stop)
      return INCOMPLETE
    }
    if (this.#length === 0) {
      this.bytes = chunk
      this.start = at
      this.end = found
    } else {
      this.#hold(chunk, at, stop)
      this.bytes = this.#held
      this.start = 0
      this.end = this.#length - 1
      this.#length = 0
    }
    if (this.end === this.start || this.bytes[this.end - 1] !== CR) return BARE_LF
    this.end -= 1
    return stop
  }

  #hold(chunk: Uint8Array, from: number, to: number): void {
    const needed = this.#length + to - from
    if (needed > this.#held.length) {
      const grown = new Uint8Array(Math.max(SMALLEST, needed, this.#held.length * 2))
      grown.set(this.#held.subarray(0, this.#length))
      this.#held = grown
    }
    this.#held.set(chunk.subarray(from, to), this.#length)
    this.#length = needed
  }
}
