/**
 * The content of one request on its way out: chunks as the application gave
 * them, borrowed until they are in the output, then the end or the trailers.
 */
import type { OutputBuffer } from '../bytes.ts'
import type { FieldList } from './sinks.ts'

export class Upload {
  readonly #chunks: (Uint8Array | undefined)[] = []
  /** Index of the first chunk that is not wholly sent. */
  #first = 0
  /** Octets of the first chunk that are sent. */
  #offset = 0
  /** Octets queued. */
  length = 0
  /** No more content comes. */
  ended = false
  /** Sent behind the content, with END_STREAM. */
  trailers: FieldList | undefined = undefined

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.length += chunk.length
  }

  /** Copies the next `count` octets, which must be queued, into the output. */
  moveTo(out: OutputBuffer, count: number): void {
    let left = count
    while (left > 0) {
      const chunk = this.#chunks[this.#first]!
      const taken = Math.min(left, chunk.length - this.#offset)
      out.copy(chunk, this.#offset, this.#offset + taken)
      left -= taken
      this.#offset += taken
      if (this.#offset === chunk.length) this.#dropFirst()
    }
    this.length -= count
  }

  /** The next octets as they lie, at most `max` of them; they stay queued until they are dropped. */
  peek(max: number): Uint8Array {
    const chunk = this.#chunks[this.#first]!
    return chunk.subarray(this.#offset, Math.min(chunk.length, this.#offset + max))
  }

  /** Drops octets that were peeked at. */
  drop(count: number): void {
    this.#offset += count
    this.length -= count
    if (this.#offset === this.#chunks[this.#first]!.length) this.#dropFirst()
  }

  #dropFirst(): void {
    this.#chunks[this.#first] = undefined
    this.#first += 1
    this.#offset = 0
    if (this.#first === this.#chunks.length || this.#first > 64) {
      this.#chunks.splice(0, this.#first)
      this.#first = 0
    }
  }
}
