/**
 * A response as its reader holds it, over what arrived (`Incoming`). Its one
 * rule: `headers`, `body` and the rest are made when they are first asked for,
 * and a body is read in one way only.
 */
import type { FieldList } from '../../protocol/index.ts'
import { type BodyFlow, type BodyReceiver, startFlow } from './body-flow.ts'
import { NOTHING } from './content.ts'
import { isCoded } from './decompress.ts'
import type { HttpVersion, Incoming } from './incoming.ts'
import { BodyPieces, bodyStream, ResponseBody } from './response-body.ts'

const decoder = /* @__PURE__ */ new TextDecoder()

/** Given out here, kept by the class: whether nothing more of a response will arrive. */
export let hasArrived: (response: HTTP20Response) => boolean

/** How a response ended, as somebody sees who does not read it. */
export interface ResponseEnd {
  /** What reading it fails with, if it broke. */
  readonly error: unknown
  /** True if some of it may be left to read. */
  readonly left: boolean
}

/** How it ended, undefined if more of it may arrive. */
export let endOf: (response: HTTP20Response) => ResponseEnd | undefined
/** Calls back once nothing more of it will arrive; only if that is not so now. */
export let whenArrived: (response: HTTP20Response, callback: () => void) => void

/** An informational response that came before the final one (RFC 9110 §15.2). */
export interface Informational {
  readonly status: number
  readonly headers: Headers
}

/**
 * The answer to one request.
 *
 * The body is read once: by `text()` and its like, by `body`, or by iterating.
 * `read()` and `readChunked()` may be mixed, and what they leave can be read by
 * the others. A body that breaks off gives the bytes that arrived, then rejects
 * with an `H2Error`; `text()` and its like only reject. Responses must be read
 * or cancelled: an unread body holds its stream open.
 *
 * @example
 * const response = await conn.getResponse(stream)
 * for await (const piece of response) console.log(piece.length)
 */
export class HTTP20Response {
  readonly #incoming: Incoming
  #headers: Headers | undefined
  #rawHeaders: readonly (readonly [string, string])[] | undefined
  #informational: readonly Informational[] | undefined
  #trailers: Promise<Headers> | undefined
  #body: ResponseBody | undefined
  #stream: ReadableStream<Uint8Array> | undefined
  /** True once the body belongs to one reader. */
  #claimed: boolean

  static {
    hasArrived = (response) => response.#incoming.over
    whenArrived = (response, callback) => response.#incoming.whenOver(callback)
    endOf = (response) => {
      const incoming = response.#incoming
      if (!incoming.over) return undefined
      // What a decoder holds is known to nobody before it is read.
      const coded = incoming.ended && incoming.decoding !== undefined && isCoded(incoming.fields)
      return { error: incoming.ended ? undefined : incoming.error(), left: coded || incoming.available > 0 }
    }
  }

  constructor(incoming: Incoming) {
    this.#incoming = incoming
    this.#headers = undefined
    this.#rawHeaders = undefined
    this.#informational = undefined
    this.#trailers = undefined
    this.#body = undefined
    this.#stream = undefined
    this.#claimed = false
  }

  /** The status code, 200 to 999. */
  get status(): number {
    return this.#incoming.status
  }

  /** The reason phrase of HTTP/1.1, as the server wrote it (RFC 9112 §4); empty over HTTP/2, which has none. */
  get statusText(): string {
    return this.#incoming.statusText
  }

  /** The version of HTTP that carried it: `'2'`, or `'1.1'` where the server has no other. */
  get httpVersion(): HttpVersion {
    return this.#incoming.httpVersion
  }

  /** The fields as a standard `Headers`; duplicates are kept. */
  get headers(): Headers {
    this.#headers ??= toHeaders(this.#incoming.fields)
    return this.#headers
  }

  /** The fields as `[name, value]` pairs in wire order. */
  get rawHeaders(): readonly (readonly [string, string])[] {
    this.#rawHeaders ??= toPairs(this.#incoming.fields)
    return this.#rawHeaders
  }

  /** The informational (1xx) responses that came before this one. */
  get informational(): readonly Informational[] {
    this.#informational ??= (this.#incoming.informational ?? []).map(({ status, fields }) => ({
      status,
      headers: toHeaders(fields),
    }))
    return this.#informational
  }

  /**
   * The fields behind the body, empty if there were none; settled when the body
   * has ended. Rejects with an `H2Error` if it never does. The body has to be
   * read for its end to arrive.
   */
  get trailers(): Promise<Headers> {
    if (this.#trailers !== undefined) return this.#trailers
    const incoming = this.#incoming
    this.#trailers = new Promise((resolve, reject) => {
      const settle = (): void => {
        if (incoming.ending === undefined) resolve(toHeaders(incoming.trailers ?? []))
        else reject(incoming.error())
      }
      if (incoming.over) settle()
      else incoming.whenOver(settle)
    })
    // Only who awaits it shall hear of a failure.
    this.#trailers.catch(ignore)
    return this.#trailers
  }

  /** The value of a field, duplicates joined by `, `; `fallback` if there is none. */
  getHeader(name: string, fallback?: string): string | undefined {
    const wanted = name.toLowerCase()
    let found: string | undefined
    const { fields } = this.#incoming
    for (let i = 0; i < fields.length; i += 2) {
      if (fields[i] === wanted) found = found === undefined ? fields[i + 1] : `${found}, ${fields[i + 1]}`
    }
    return found ?? fallback
  }

  /** All fields as `[name, value]` pairs in wire order. */
  getHeaders(): [name: string, value: string][] {
    return toPairs(this.#incoming.fields)
  }

  /**
   * Reads up to `n` bytes as soon as there are some, or without `n` all that is
   * left. None left: an empty array. Throws RangeError for an `n` that is no
   * positive integer.
   */
  async read(n?: number): Promise<Uint8Array> {
    this.#free()
    if (n === undefined) return this.#reader.readAll()
    if (!Number.isInteger(n) || n < 1) throw new RangeError('n must be a positive integer')
    return (await this.#reader.read(n)) ?? NOTHING
  }

  /** The body, one item per DATA frame with content; of a coded body, one per decoded piece. */
  readChunked(): AsyncIterableIterator<Uint8Array> {
    this.#free()
    return new BodyPieces(this.#reader, true)
  }

  /** The body as a byte stream. Cancelling it cancels the response. */
  get body(): ReadableStream<Uint8Array> {
    this.#stream ??= bodyStream(this.#reader, () => {
      if (this.#claimed) throw new TypeError('body was already used')
      this.#claimed = true
    })
    return this.#stream
  }

  /** The body as bytes. Rejects with TypeError if it is read already. */
  bytes(): Promise<Uint8Array> {
    try {
      this.#claim()
    } catch (error) {
      return Promise.reject(error)
    }
    return this.#isThere ? Promise.resolve(this.#incoming.takeAll()) : this.#reader.readAll()
  }

  /** Most bodies have arrived by the time they are asked for: no reader is needed. */
  get #isThere(): boolean {
    const incoming = this.#incoming
    const coded = incoming.decoding !== undefined && isCoded(incoming.fields)
    return incoming.ended && this.#body === undefined && !coded
  }

  /** The body as an `ArrayBuffer`. Rejects with TypeError if it is read already. */
  async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = await this.bytes()
    const { buffer, byteOffset, byteLength } = bytes
    const whole = byteOffset === 0 && byteLength === buffer.byteLength
    return (whole ? buffer : buffer.slice(byteOffset, byteOffset + byteLength)) as ArrayBuffer
  }

  /** The body as text, decoded as UTF-8. Rejects with TypeError if it is read already. */
  text(): Promise<string> {
    if (!this.#isThere) return this.bytes().then(toText)
    try {
      this.#claim()
    } catch (error) {
      return Promise.reject(error)
    }
    return Promise.resolve(this.#incoming.takeText(toText))
  }

  /** The body as JSON. Rejects with SyntaxError if it is none, with TypeError if it is read already. */
  json<T = unknown>(): Promise<T> {
    return this.text().then((text) => JSON.parse(text) as T)
  }

  /** The body in pieces as they arrive. Leaving early cancels the response. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    this.#claim()
    return new BodyPieces(this.#reader, false)
  }

  /**
   * Hands the body to a receiver as it arrives, without a promise for each
   * piece: the way of callers whose own contract is callbacks. Throws TypeError
   * if the body is read already.
   *
   * @example
   * const flow = response.pushTo({
   *   onData: (piece) => writable.write(piece), // false: no more until flow.resume()
   *   onEnd: () => writable.end(),
   *   onError: (error) => writable.destroy(error),
   * })
   * writable.on('drain', () => flow.resume())
   */
  pushTo(receiver: BodyReceiver): BodyFlow {
    this.#claim()
    const incoming = this.#incoming
    const coded = incoming.decoding !== undefined && isCoded(incoming.fields)
    // What a reader was asked for comes first, and is its to hand over.
    const reader = coded || this.#body !== undefined ? this.#reader : undefined
    return startFlow(incoming, reader, receiver)
  }

  /** Gives the rest of the response up: RST_STREAM with CANCEL if it is not complete. */
  cancel(): void {
    this.#reader.cancel()
  }

  get #reader(): ResponseBody {
    this.#body ??= new ResponseBody(this.#incoming)
    return this.#body
  }

  #free(): void {
    if (this.#claimed || this.#stream?.locked === true) throw new TypeError('body was already used')
  }

  #claim(): void {
    this.#free()
    this.#claimed = true
  }
}

/** A standard `Headers` of a field list. */
export function toHeaders(fields: FieldList): Headers {
  const headers = new Headers()
  for (let i = 0; i < fields.length; i += 2) headers.append(fields[i]!, fields[i + 1]!)
  return headers
}

function toPairs(fields: FieldList): [string, string][] {
  const pairs: [string, string][] = []
  for (let i = 0; i < fields.length; i += 2) pairs.push([fields[i]!, fields[i + 1]!])
  return pairs
}

function toText(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

function ignore(): void {}
