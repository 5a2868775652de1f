/**
 * The content of one request on its way to an HTTP/1.1 link: chunks as the
 * application gave them, one write at a time. Its one rule: the octets are as
 * many as content-length says, or the next request would begin within them.
 */
import { joinBytes } from '../../bytes.ts'
import { workOfContent } from '../../protocol/abuse-budget.ts'
import type { FieldList } from '../../protocol/index.ts'
import type { Http1Request } from '../../transport/transport.ts'

/** Octets of one write: what is left can be told as it shrinks. */
const WRITE_SIZE = 65_536
/** Small chunks are joined up to this. */
const JOIN_SIZE = 16_384

export class Http1Upload {
  /** Octets that were not handed to the transport. */
  queued: number
  /** What the content handed over is worth: see `abuse-budget.ts`. */
  work: number
  /** No more content comes. */
  ended: boolean
  readonly #request: Http1Request
  /** Octets that content-length still allows, undefined with the chunked coding. */
  #left: number | undefined
  /** Called when some of it was handed over. */
  readonly #onProgress: () => void
  #chunks: Uint8Array[]
  #trailers: FieldList
  #writing: boolean
  #endGiven: boolean

  constructor(request: Http1Request, length: number | undefined, onProgress: () => void) {
    this.queued = 0
    this.work = 0
    this.ended = false
    this.#request = request
    this.#left = length
    this.#onProgress = onProgress
    this.#chunks = []
    this.#trailers = []
    this.#writing = false
    this.#endGiven = false
  }

  /** Returns false if it is more than content-length says; nothing of it is sent then. */
  write(chunk: Uint8Array): boolean {
    if (this.#left !== undefined) {
      if (chunk.length > this.#left) return false
      this.#left -= chunk.length
    }
    this.queued += chunk.length
    this.#chunks.push(chunk)
    this.#send()
    return true
  }

  /** Returns false if it is less than content-length says. */
  end(trailers: FieldList): boolean {
    if (this.#left !== undefined && this.#left > 0) return false
    this.ended = true
    this.#trailers = trailers
    this.#send()
    return true
  }

  /** Nothing more is sent. */
  stop(): void {
    this.ended = true
    this.#endGiven = true
    this.#chunks = []
  }

  #send(): void {
    if (!this.#writing && this.#chunks.length > 0) {
      const piece = this.#next()
      this.#writing = true
      this.#request.write(piece, () => {
        this.#writing = false
        this.queued -= piece.length
        this.work += workOfContent(piece.length)
        this.#send()
        this.#onProgress()
      })
    }
    // The end leaves with the last piece.
    if (this.ended && !this.#endGiven && this.#chunks.length === 0) {
      this.#endGiven = true
      this.#request.end(this.#trailers)
      this.#onProgress()
    }
  }

  /** All of it was handed to the transport. */
  get complete(): boolean {
    return this.#endGiven && this.queued === 0
  }

  /** The next octets to write, taken off the queue. */
  #next(): Uint8Array {
    const chunks = this.#chunks
    const first = chunks[0]!
    if (first.length >= JOIN_SIZE || chunks.length === 1) {
      if (first.length <= WRITE_SIZE) chunks.shift()
      else chunks[0] = first.subarray(WRITE_SIZE)
      return first.length <= WRITE_SIZE ? first : first.subarray(0, WRITE_SIZE)
    }
    let count = 0
    let size = 0
    while (count < chunks.length && size + chunks[count]!.length <= JOIN_SIZE) size += chunks[count++]!.length
    return joinBytes(chunks.splice(0, count))
  }
}
