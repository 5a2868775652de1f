/**
 * The content of one request on its way out: chunks as the application gave
 * them, borrowed until they are in the output, then the end or the trailers. One
 * rule: there are as many octets as content-length says (RFC 9113 §8.1.1).
 */
import type { OutputBuffer } from '../bytes.ts'
import { NO_CONTENT_LENGTH } from './fields-received.ts'
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

  /** Octets of content-length that were not given yet, or `NO_CONTENT_LENGTH`. */
  #due: number

  constructor(due: number) {
    this.#due = due
  }

  /** Throws TypeError, and takes nothing, if that is more than content-length says. */
  push(chunk: Uint8Array): void {
    if (this.#due !== NO_CONTENT_LENGTH) {
      if (chunk.length > this.#due) throw new TypeError(wrongLength('more'))
      this.#due -= chunk.length
    }
    this.#chunks.push(chunk)
    this.length += chunk.length
  }

  /** Throws TypeError if there was less than content-length says. */
  checkWhole(): void {
    if (this.#due > 0) throw new TypeError(wrongLength('less'))
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

/** What a caller is told whose content is not as long as announced. */
function wrongLength(which: 'more' | 'less'): string {
  return `${which} content than content-length says (RFC 9113 §8.1.1)`
}
