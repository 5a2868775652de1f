/**
 * A body on its way into one array. Its one rule: memory is taken once where
 * content-length is believable, and never more than twice what has arrived
 * where it is not: what nobody writes to costs no more than its address.
 */
import { platform } from '#platform'

/** Octets that content-length is believed for. */
const BELIEVED = 134_217_728
const SMALLEST = 4_096
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
    const announced = this.#announced
    const believed = announced >= needed && announced <= BELIEVED
    const grown = platform.allocate(believed ? announced : Math.max(SMALLEST, needed * GROWTH))
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
