/**
 * The responses to one request, out of bytes (RFC 9112 §2.2): interim ones, the
 * final one, its content and trailers. Its one rule: how the bytes are cut
 * changes nothing that is told but where content is cut.
 */
import { adviceForHttp1 } from '../first-octets.ts'
import { chunkSize, MAX_CHUNK_LINE } from './chunk-line.ts'
import { type Fault, malformed, oversized } from './fault.ts'
import { FieldSection } from './field-section.ts'
import { informationalFault, type ResponseHead, responseHead, statusFault } from './framing.ts'
import { BARE_LF, INCOMPLETE, LineReader, TOO_LONG } from './line-reader.ts'
import { HTTP_NAME, type StatusLine, statusLine } from './status-line.ts'

/** What is tolerated of a response. */
export interface ResponseLimits {
  /** Octets of a head, and of trailers. */
  readonly maxHeadSize: number
  /** Fields of a head, and of trailers. */
  readonly maxFields: number
}

/** Told what a response is made of. It may stop the parser. */
export interface ResponseHandler {
  /** A status line arrived: the peer answers. */
  onStatus(): void
  /** A 1xx response (RFC 9110 §15.2). */
  onInformational(status: number, fields: readonly string[]): void
  /** The head of the final response; `onComplete` follows at once if its framing is 0. */
  onResponse(head: ResponseHead): void
  /** Content, `buf[start, end)`, borrowed for the call. */
  onContent(buf: Uint8Array, start: number, end: number): void
  /** The response is complete; what follows is none of it. */
  onComplete(trailers: readonly string[]): void
  /** It is none. Nothing follows. */
  onFault(fault: Fault): void
}

/** Nothing is awaited. */
const IDLE = 0
const STATUS_LINE = 1
const FIELDS = 2
const COUNTED = 3
const CHUNK_LINE = 4
const CHUNK_DATA = 5
/** CR LF behind the data of a chunk. */
const CHUNK_END = 6
const TRAILERS = 7
const UNTIL_END = 8

const CR = 0x0d
const LF = 0x0a
const NO_BYTES: Uint8Array = new Uint8Array(0)
/** Octets by which the protocols that are known can be told. */
const GREETING_SIZE = 9
const NO_STATUS_LINE = 'a status line that is not one (RFC 9112 §4)'
const NOT_A_STATUS_LINE = malformed(NO_STATUS_LINE)
const NOT_A_FIELD_LINE = malformed('a field line that does not end as one (RFC 9112 §2.2)')
const NOT_A_CHUNK = malformed('a chunk that is not one (RFC 9112 §7.1)')
const HEAD_TOO_LARGE = oversized('head or trailers too large (RFC 9110 §5.4)')

export class ResponseParser {
  readonly #handler: ResponseHandler
  readonly #limits: ResponseLimits
  readonly #lines: LineReader
  #state: number
  #method: string
  /** Octets that the head, or the trailers, may still have. */
  #room: number
  #line: StatusLine | undefined
  #section: FieldSection | undefined
  /** Octets of the content, or of the chunk and its end, that are still to come. */
  #left: number

  constructor(handler: ResponseHandler, limits: ResponseLimits) {
    this.#handler = handler
    this.#limits = limits
    this.#lines = new LineReader()
    this.#state = IDLE
    this.#method = ''
    this.#room = 0
    this.#line = undefined
    this.#section = undefined
    this.#left = 0
  }

  /** True if something is to come of the response. */
  get awaiting(): boolean {
    return this.#state !== IDLE
  }

  /** Awaits the response to a request. */
  begin(method: string): void {
    this.#method = method
    this.#beginHead()
  }

  /** Takes nothing more. */
  stop(): void {
    this.#state = IDLE
    this.#line = undefined
    this.#section = undefined
    this.#lines.reset()
  }

  /** Bytes arrived. Returns how many of them are of the response: fewer than all if it is complete, or none. */
  receive(chunk: Uint8Array): number {
    let at = 0
    while (at < chunk.length && this.#state !== IDLE) at = this.#step(chunk, at)
    this.#lines.release()
    return at
  }

  /** No more will come. Completes a response that ends so, and returns whether it did; tells of what was none. */
  end(): boolean {
    if (this.#state === UNTIL_END) {
      this.#complete([])
      return true
    }
    if (this.#state === STATUS_LINE && !this.#lines.mayBegin(HTTP_NAME, NO_BYTES, 0)) {
      this.#fault(strange(this.#lines.peek(NO_BYTES, 0, GREETING_SIZE)), 0)
    }
    return false
  }

  /** Returns the offset from which to go on. */
  #step(chunk: Uint8Array, at: number): number {
    switch (this.#state) {
      case STATUS_LINE:
        return this.#statusLine(chunk, at)
      case FIELDS:
      case TRAILERS:
        return this.#fieldLine(chunk, at)
      case CHUNK_LINE:
        return this.#chunkLine(chunk, at)
      case CHUNK_END:
        return this.#chunkEnd(chunk, at)
      case UNTIL_END:
        this.#handler.onContent(chunk, at, chunk.length)
        return chunk.length
      default:
        return this.#content(chunk, at)
    }
  }

  // — the head (RFC 9112 §4, §5) —

  #beginHead(): void {
    this.#state = STATUS_LINE
    this.#beginSection()
  }

  #beginSection(): void {
    this.#room = this.#limits.maxHeadSize
    this.#section = new FieldSection(this.#limits.maxFields)
  }

  #statusLine(chunk: Uint8Array, at: number): number {
    // What is of another protocol may never end a line.
    if (!this.#lines.mayBegin(HTTP_NAME, chunk, at)) return this.#stranger(chunk, at)
    const next = this.#headLine(chunk, at, NOT_A_STATUS_LINE)
    if (next === INCOMPLETE) return chunk.length
    if (this.#state === IDLE) return next
    const { bytes, start, end } = this.#lines
    const line = statusLine(bytes, start, end)
    if (line === undefined) return this.#fault(NOT_A_STATUS_LINE, next)
    this.#handler.onStatus()
    const fault = statusFault(line)
    if (fault !== undefined) return this.#fault(fault, next)
    this.#line = line
    this.#state = FIELDS
    return next
  }

  /** Another protocol. Its first octets may tell which, and are waited for. */
  #stranger(chunk: Uint8Array, at: number): number {
    const octets = this.#lines.peek(chunk, at, GREETING_SIZE)
    if (octets.length < GREETING_SIZE) {
      this.#lines.hold(chunk, at)
      return chunk.length
    }
    return this.#fault(strange(octets), at)
  }

  #fieldLine(chunk: Uint8Array, at: number): number {
    const next = this.#headLine(chunk, at, NOT_A_FIELD_LINE)
    if (next === INCOMPLETE) return chunk.length
    if (this.#state === IDLE) return next
    const { bytes, start, end } = this.#lines
    const section = this.#section!
    if (start === end) {
      if (this.#state === TRAILERS) this.#complete(section.fields)
      else this.#headEnded(section)
      return next
    }
    const fault = section.add(bytes, start, end)
    return fault === undefined ? next : this.#fault(fault, next)
  }

  /** A line of a head or of trailers, which are limited together. */
  #headLine(chunk: Uint8Array, at: number, bare: Fault): number {
    const next = this.#lines.read(chunk, at, this.#room)
    if (next === BARE_LF) return this.#fault(bare, at)
    if (next === TOO_LONG) return this.#fault(HEAD_TOO_LARGE, at)
    if (next !== INCOMPLETE) this.#room -= this.#lines.size
    return next
  }

  #headEnded(section: FieldSection): void {
    const line = this.#line!
    if (line.status < 200) {
      this.#informationalEnded(line.status, section)
      return
    }
    const head = responseHead(line, section, this.#method)
    if ('oversized' in head) {
      this.#fault(head, 0)
      return
    }
    this.#line = undefined
    this.#section = undefined
    const { framing } = head
    if (framing === 'chunked') this.#state = CHUNK_LINE
    else if (framing === 'until the end') this.#state = UNTIL_END
    else {
      this.#state = COUNTED
      this.#left = framing
    }
    this.#handler.onResponse(head)
    if (framing === 0 && this.#state !== IDLE) this.#complete([])
  }

  #informationalEnded(status: number, section: FieldSection): void {
    const fault = informationalFault(section)
    if (fault !== undefined) {
      this.#fault(fault, 0)
      return
    }
    this.#beginHead()
    this.#handler.onInformational(status, section.fields)
  }

  // — content (RFC 9112 §6, §7.1) —

  /** Content that is counted, or the data of a chunk. */
  #content(chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.length, at + this.#left)
    this.#left -= end - at
    const counted = this.#state === COUNTED
    if (this.#left === 0 && !counted) this.#chunkComplete()
    this.#handler.onContent(chunk, at, end)
    if (this.#left === 0 && counted && this.#state !== IDLE) this.#complete([])
    return end
  }

  #chunkLine(chunk: Uint8Array, at: number): number {
    const next = this.#lines.read(chunk, at, MAX_CHUNK_LINE)
    if (next === INCOMPLETE) return chunk.length
    if (next === BARE_LF || next === TOO_LONG) return this.#fault(NOT_A_CHUNK, at)
    const { bytes, start, end } = this.#lines
    const size = chunkSize(bytes, start, end)
    if (Number.isNaN(size)) return this.#fault(NOT_A_CHUNK, next)
    if (size === 0) {
      this.#state = TRAILERS
      this.#beginSection()
    } else {
      this.#state = CHUNK_DATA
      this.#left = size
    }
    return next
  }

  #chunkComplete(): void {
    this.#state = CHUNK_END
    this.#left = 2
  }

  #chunkEnd(chunk: Uint8Array, at: number): number {
    if (chunk[at] !== (this.#left === 2 ? CR : LF)) return this.#fault(NOT_A_CHUNK, at)
    this.#left -= 1
    if (this.#left === 0) this.#state = CHUNK_LINE
    return at + 1
  }

  // — the end —

  #complete(trailers: readonly string[]): void {
    this.stop()
    this.#handler.onComplete(trailers)
  }

  /** Returns `at`: the caller goes on nowhere. */
  #fault(fault: Fault, at: number): number {
    this.stop()
    this.#handler.onFault(fault)
    return at
  }
}

/** What is no status line, and whose first octets it seems to be. */
function strange(octets: Uint8Array): Fault {
  return malformed(`${NO_STATUS_LINE}${adviceForHttp1(octets)}`)
}
