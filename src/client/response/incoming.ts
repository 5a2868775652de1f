/**
 * What arrives of one response, and who waits for it (RFC 9113 §8.1): head,
 * content, trailers, end. Its one rule: content that the application has not
 * taken is not given back to the stream's window, until the response is complete
 * and nothing more can come.
 */
import { decimal } from '../../protocol/field-rules.ts'
import type { FieldList } from '../../protocol/index.ts'
import { type Ending, errorOf } from '../failure.ts'
import type { Decoding } from '../settings/limits.ts'
import { Collected } from './collected.ts'
import { Content, NOTHING, PIECE_SIZE } from './content.ts'

/** Where content comes from, as a reader sees it. */
export interface Supplier {
  /** The stream's identifier, 0 if it has none yet. */
  readonly streamId: number
  /** The application took `count` octets of a response that is not complete. */
  consume(count: number): void
  /** A reader waits for more. */
  wanted(): void
  /** The reader gives up, for this reason. */
  abort(ending: Ending): void
}

/** The version of HTTP that carries an exchange. */
export type HttpVersion = '2' | '1.1'

/** An informational response (RFC 9110 §15.2). */
export interface InformationalFields {
  readonly status: number
  readonly fields: FieldList
}

/** Informational responses that are kept, the last: a long upload may be told its progress many times. */
const MAX_INFORMATIONAL = 16

const NO_FIELDS: FieldList = []

/** One response on its way in. Written by its exchange, read by `HTTP20Response` and `ResponseBody`. */
export class Incoming {
  readonly supplier: Supplier
  /** The request's method: HEAD has no content. */
  readonly method: string
  /** What undoing content codings may come to; undefined if they are to be left. */
  readonly decoding: Decoding | undefined
  /** Written by what carries it, before the response. */
  httpVersion: HttpVersion
  /** 0 until the final response arrived. */
  status: number
  /** The reason phrase of HTTP/1.1 (RFC 9112 §4); empty over HTTP/2. */
  statusText: string
  fields: FieldList
  informational: InformationalFields[] | undefined
  trailers: FieldList | undefined
  /** The response is complete. Never true together with `ending`. */
  ended: boolean
  /** Why there will be no more of it. */
  ending: Ending | undefined
  #content: Content | undefined
  /** True while all that is kept is the beginning of a frame, and no reader was told of it. */
  #begun: boolean
  /** Set while someone collects the whole body: content counts as taken when it arrives. */
  #collected: Collected | undefined
  /** Called once, when content, the end or a failure arrives. */
  #onChange: (() => void) | undefined
  #onTrailers: (() => void) | undefined

  constructor(supplier: Supplier, method: string, decoding: Decoding | undefined) {
    this.supplier = supplier
    this.method = method
    this.decoding = decoding
    this.httpVersion = '2'
    this.status = 0
    this.statusText = ''
    this.fields = NO_FIELDS
    this.informational = undefined
    this.trailers = undefined
    this.ended = false
    this.ending = undefined
    this.#content = undefined
    this.#begun = false
    this.#collected = undefined
    this.#onChange = undefined
    this.#onTrailers = undefined
  }

  // — what the exchange tells —

  /**
   * Content arrived; the memory is borrowed. Who waits is told of whole frames,
   * or of what fills a piece: what follows a frame's beginning is mostly there
   * already, and two small pieces cost twice what one does.
   */
  push(buf: Uint8Array, start: number, end: number, frameEnd: boolean): void {
    if (this.#collected !== undefined) {
      if (end === start) return
      this.#collected.push(buf, start, end)
      this.supplier.consume(end - start)
      return
    }
    this.#content ??= new Content(announcedLength(this.fields))
    const first = this.#content.length === 0
    this.#content.push(buf, start, end, frameEnd)
    if (frameEnd || this.#content.length >= PIECE_SIZE) {
      this.#begun = false
      this.#changed()
    } else if (first) this.#begun = true
  }

  /** An informational response came. */
  inform(informational: InformationalFields): void {
    this.informational ??= []
    this.informational.push(informational)
    if (this.informational.length > MAX_INFORMATIONAL) this.informational.shift()
  }

  end(): void {
    const unread = this.available
    if (unread > 0) this.supplier.consume(unread)
    this.ended = true
    this.#changed()
    this.#onTrailers?.()
  }

  /** What arrived before can still be read, unless the application itself gave up. */
  fail(ending: Ending, dropContent: boolean): void {
    this.ending = ending
    if (dropContent) {
      this.#content = undefined
      this.#collected = undefined
    }
    this.#changed()
    this.#onTrailers?.()
  }

  /** The application does not want what arrived in whole. */
  drop(ending: Ending): void {
    this.ended = false
    this.fail(ending, true)
  }

  // — what readers ask —

  /** Octets that can be taken now. */
  get available(): number {
    return this.#content === undefined ? 0 : this.#content.length
  }

  /** True if it is the reader's turn, not the peer's. */
  get unread(): boolean {
    return this.#collected === undefined && this.available > 0 && !this.#begun
  }

  /** True if somebody waits for the peer: for more of it, or for its end. */
  get awaited(): boolean {
    return (this.#onChange !== undefined || this.#onTrailers !== undefined) && !this.unread
  }

  get hasFrame(): boolean {
    return this.#content?.hasFrame === true
  }

  /** True if nothing more will arrive. */
  get over(): boolean {
    return this.ended || this.ending !== undefined
  }

  /** A new error for why it ended early. */
  error(): unknown {
    return errorOf(this.ending!, this.supplier.streamId)
  }

  take(max: number): Uint8Array {
    if (this.#content === undefined) return NOTHING
    return this.#taken(this.#content.take(max))
  }

  takeFrame(): Uint8Array {
    return this.#taken(this.#content!.takeFrame())
  }

  takeAll(): Uint8Array {
    if (this.#collected !== undefined) return this.#collected.take()
    if (this.#content === undefined) return NOTHING
    return this.#taken(this.#content.takeAll())
  }

  /** All of a response that is complete, as text. */
  takeText(toText: (bytes: Uint8Array) => string): string {
    if (this.#collected !== undefined || this.#content === undefined) return toText(this.takeAll())
    return this.#content.takeText(toText)
  }

  #taken(bytes: Uint8Array): Uint8Array {
    this.#begun = false
    if (!this.over && bytes.length > 0) this.supplier.consume(bytes.length)
    return bytes
  }

  /** From now on content is collected, for `takeAll`, and counts as taken. */
  collect(): void {
    if (this.over || this.#collected !== undefined) return
    this.#collected = new Collected(this.takeAll(), announcedLength(this.fields))
  }

  /** Calls back once, when something arrived. One reader at a time. */
  whenChanged(callback: () => void): void {
    this.#onChange = callback
    this.supplier.wanted()
  }

  /** Calls back when the response is complete or failed. */
  whenOver(callback: () => void): void {
    const before = this.#onTrailers
    this.#onTrailers =
      before === undefined
        ? callback
        : () => {
            before()
            callback()
          }
    this.supplier.wanted()
  }

  #changed(): void {
    const callback = this.#onChange
    if (callback === undefined) return
    this.#onChange = undefined
    callback()
  }
}

/** The content-length of a response that the engine found valid, 0 if there is none. */
function announcedLength(fields: FieldList): number {
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] === 'content-length') return decimal(fields[i + 1]!)
  }
  return 0
}
