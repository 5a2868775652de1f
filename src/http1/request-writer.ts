/**
 * One request on its way out: head, content, trailers (RFC 9112 §3, §7.1). Its
 * one rule: the octets are as many as the head says, or the next request would
 * begin within them.
 */
import type { OutputBuffer } from '../bytes.ts'
import { workOfContent } from '../protocol/abuse-budget.ts'
import type { FieldList } from '../protocol/index.ts'
import { Upload } from '../protocol/upload.ts'
import type { FramedHead } from './request-head.ts'

/** Octets that a chunk takes beside its data: eight digits, and CR LF twice. */
const CHUNK_EXTRA = 12
/** Octets of a piece from which on it is not copied, but sent from where it lies. */
const WORTH_LENDING = 16_384

export class RequestWriter {
  /** False if there is no content, nor trailers. */
  readonly hasContent: boolean
  /** The head was handed to the output. */
  sent: boolean
  /** What the content that left is worth: see `abuse-budget.ts`. */
  work: number
  #head: string
  readonly #chunked: boolean
  readonly #upload: Upload
  /** Octets of content that the transport has from where they lie. */
  #lent: number
  /** The end was handed to the output, too. */
  #complete: boolean

  /** `endStream`: there is no content. */
  constructor({ text, length, chunked }: FramedHead, endStream: boolean) {
    this.hasContent = !endStream
    this.sent = false
    this.work = 0
    this.#head = text
    this.#chunked = chunked
    this.#upload = new Upload(length)
    this.#upload.ended = endStream
    this.#lent = 0
    this.#complete = false
  }

  /** Octets of content that did not leave: those that the transport has been lent are in use until the next call. */
  get queued(): number {
    return this.#upload.length
  }

  /** No more content comes. */
  get ended(): boolean {
    return this.#upload.ended
  }

  /** All of the request was handed over, and what was lent is given back. */
  get complete(): boolean {
    return this.#complete
  }

  /** Throws TypeError, and takes nothing, if it is more than content-length says. */
  write(chunk: Uint8Array): void {
    this.#upload.push(chunk)
  }

  /** Throws TypeError if there was less than content-length says. */
  end(trailers: FieldList): void {
    this.#upload.checkWhole()
    this.#upload.ended = true
    this.#upload.trailers = trailers
  }

  /**
   * Writes what there is until the output has `max` octets, or a few more for
   * what cannot be cut. Or returns content to be sent as it is, good until the
   * next call: then the output was empty, and stays so.
   */
  next(out: OutputBuffer, max: number): Uint8Array | undefined {
    if (this.#lent > 0) this.#upload.drop(this.#lent)
    this.#lent = 0
    if (!this.sent) {
      this.sent = true
      out.latin1(this.#head)
      this.#head = ''
    }
    if (!this.#chunked && out.length === 0 && this.#upload.length >= WORTH_LENDING) {
      const piece = this.#upload.peek(max)
      if (piece.length >= Math.min(max, WORTH_LENDING)) {
        this.#lent = piece.length
        this.work += workOfContent(piece.length)
        return piece
      }
    }
    this.#copy(out, max)
    return undefined
  }

  #copy(out: OutputBuffer, max: number): void {
    const chunked = this.#chunked
    const room = max - out.length - (chunked ? CHUNK_EXTRA : 0)
    // However little is asked for, there is progress.
    const count = Math.min(this.#upload.length, out.length === 0 ? Math.max(room, 1) : room)
    if (count > 0) {
      if (chunked) out.latin1(`${count.toString(16)}\r\n`)
      this.#upload.moveTo(out, count)
      this.work += workOfContent(count)
      if (chunked) out.latin1('\r\n')
    }
    if (this.#complete || !this.#upload.ended || this.#upload.length > 0) return
    this.#complete = true
    if (chunked) out.latin1(lastChunk(this.#upload.trailers ?? []))
  }
}

/** RFC 9112 §7.1.2. */
function lastChunk(trailers: FieldList): string {
  let text = '0\r\n'
  for (let i = 0; i < trailers.length; i += 2) text += `${trailers[i]}: ${trailers[i + 1]}\r\n`
  return `${text}\r\n`
}
