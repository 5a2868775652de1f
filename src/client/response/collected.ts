/**
 * A body on its way into one array. Its one rule: memory follows what arrived.
 * Content-length is a claim (RFC 9110 §8.6): it is believed once a sixteenth of
 * the content is there, and then the rest of the memory is taken at once.
 */
import { platform } from '#platform'

/** Content-length is believed to be so many times what has arrived. */
const BELIEVED = 16
const SMALLEST = 4_096
/** An announced size is believed up to here, whatever has arrived. */
const SMALL = 65_536
const GROWTH = 2

export class Collected {
  /** Octets collected. */
  length: number
  #memory: Uint8Array
  /** Octets announced, 0 if unknown. */
  readonly #announced: number

  /** Takes over what has arrived before. */
  constructor(before: Uint8Array, announced: number) {
    this.length = before.length
    this.#memory = before
    this.#announced = announced
  }

  /** Copies `buf[start, end)`. */
  push(buf: Uint8Array, start: number, end: number): void {
    const length = this.length + (end - start)
    if (length > this.#memory.length) this.#grow(length)
    this.#memory.set(buf.subarray(start, end), this.length)
    this.length = length
  }

  #grow(needed: number): void {
    const announced = this.#announced >= needed ? this.#announced : 0
    let size = Math.max(SMALLEST, needed * GROWTH)
    if (announced > 0 && announced <= Math.max(SMALL, needed * BELIEVED)) size = announced
    // In as few steps as that allows, the last of them to where it is believed.
    else if (announced > 0)
      size = Math.max(SMALL, Math.min(needed * BELIEVED, Math.ceil(announced / BELIEVED)))
    const grown = platform.allocate(size)
    grown.set(this.#memory.subarray(0, this.length))
    this.#memory = grown
  }

  /** All of it, in an array that holds nothing else. */
  take(): Uint8Array {
    const all = this.length === this.#memory.length ? this.#memory : this.#memory.slice(0, this.length)
    this.#memory = all.subarray(0, 0)
    this.length = 0
    return all
  }
}
