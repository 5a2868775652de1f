/**
 * Every kind of request content, as one: bytes that are there, or a source of
 * pieces (RFC 9110 §8.6 for its length, §8.3 for its type). Its one rule: a
 * source is read only when the stream takes more, and is told when it does not.
 */
import { inContext } from '../context.ts'
import { formDataBlob, isFormData } from './multipart.ts'

/**
 * What a request may send. Bytes given at once must not be changed before the request is over. A function
 * is called anew each time the request is sent, and gives one of the other kinds; its length and type are
 * not known before, so no content-length is sent and content-type is the caller's.
 */
export type RequestBody =
  | string
  | Uint8Array
  | ArrayBuffer
  | ArrayBufferView
  | Blob
  | URLSearchParams
  | FormData
  | ReadableStream<Uint8Array>
  | AsyncIterable<Piece>
  | Iterable<Piece>
  | (() => RequestBody)

/** A piece of a body: bytes, or text that is sent as UTF-8. */
export type Piece = string | Uint8Array | ArrayBuffer | ArrayBufferView

/** Pieces on demand. */
export interface PieceSource {
  /** It may use the memory of a piece again once it is asked for the next. */
  readonly lends: boolean
  next(): IteratorResult<unknown> | PromiseLike<IteratorResult<unknown>>
  /** Nobody wants the rest. Must not throw; what it rejects with is of no interest. */
  stop(reason: unknown): void
}

/** A body taken apart: either `bytes` or `open`. */
export interface Body {
  readonly bytes: Uint8Array | undefined
  readonly open: (() => PieceSource) | undefined
  /** Octets, if known. */
  readonly length: number | undefined
  /** content-type to send if the caller names none. */
  readonly type: string | undefined
  /**
   * True if it can be sent again: bytes, strings, `URLSearchParams`, `Blob`, `FormData` and functions.
   * False for streams and iterables, which are read once.
   */
  readonly replayable: boolean
}

const encoder = /* @__PURE__ */ new TextEncoder()
const bufferLength = /* @__PURE__ */ Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'byteLength')!
  .get!

/** Takes a body apart. Throws TypeError for what cannot be sent. */
export function takeBody(body: unknown): Body {
  if (typeof body === 'string') return whole(encoder.encode(body), 'text/plain;charset=UTF-8')
  const bytes = bytesOf(body)
  if (bytes !== undefined) return whole(bytes, undefined)
  if (body instanceof URLSearchParams) {
    return whole(encoder.encode(body.toString()), 'application/x-www-form-urlencoded;charset=UTF-8')
  }
  if (typeof body === 'function') {
    return { ...pieces(() => new MadeSource(body as () => unknown)), replayable: true }
  }
  if (body instanceof Blob) return blob(body)
  if (typeof body === 'object' && body !== null) {
    return isFormData(body) ? blob(formDataBlob(body)) : streamed(body)
  }
  throw new TypeError(
    'body must be a string, bytes, Blob, URLSearchParams, FormData, stream, iterable or function',
  )
}

function whole(bytes: Uint8Array, type: string | undefined): Body {
  return { bytes, open: undefined, length: bytes.length, type, replayable: true }
}

function blob(body: Blob): Body {
  const type = body.type === '' ? undefined : body.type
  return {
    bytes: undefined,
    open: () => readerSource(body.stream()),
    length: body.size,
    type,
    replayable: true,
  }
}

/** Pieces from code of the caller's. */
function pieces(source: () => PieceSource): Body {
  const run = inContext(<T>(call: () => T): T => call())
  const open = (): PieceSource => new SourceInContext(run, run(source))
  return { bytes: undefined, open, length: undefined, type: undefined, replayable: false }
}

function streamed(body: object): Body {
  if (isWebStream(body)) {
    if (body.locked) throw new TypeError('body is a stream that is locked')
    return pieces(() => readerSource(body))
  }
  if (isAsyncIterable(body)) {
    // Streams of Node hand over their memory; a generator may use its again.
    const lends = !('pipe' in body)
    return pieces(() => iteratorSource(body[Symbol.asyncIterator](), lends))
  }
  if (Symbol.iterator in body) {
    const iterable = body as Iterable<unknown>
    return pieces(() => iteratorSource(iterable[Symbol.iterator](), true))
  }
  throw new TypeError('body is an object that is neither bytes nor iterable')
}

function isWebStream(body: object): body is ReadableStream<Uint8Array> {
  return 'getReader' in body && typeof body.getReader === 'function'
}

function isAsyncIterable(body: object): body is AsyncIterable<unknown> {
  return Symbol.asyncIterator in body && typeof body[Symbol.asyncIterator] === 'function'
}

/**
 * The octets of bytes in any form and of any realm, not copied; undefined for anything else. Memory that was
 * given away has none (Web IDL, "get a copy of the bytes").
 */
export function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value
  const isView = ArrayBuffer.isView(value)
  if (!isView && !isArrayBuffer(value)) return undefined
  try {
    return isView ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(value)
  } catch {
    return new Uint8Array(0)
  }
}

function isArrayBuffer(value: unknown): value is ArrayBuffer {
  if (value instanceof ArrayBuffer) return true
  // One of another realm. What only says that it is one has no length that this getter gives.
  if (typeof value !== 'object' || value === null || !(Symbol.toStringTag in value)) return false
  try {
    bufferLength.call(value)
    return true
  } catch {
    return false
  }
}

/** The octets of one piece. Throws TypeError for what is none. */
export function pieceBytes(piece: unknown): Uint8Array {
  if (typeof piece === 'string') return encoder.encode(piece)
  const bytes = bytesOf(piece)
  if (bytes === undefined) {
    throw new TypeError(
      `body gave ${piece === null ? 'null' : typeof piece} where bytes or a string were due`,
    )
  }
  return bytes
}

function readerSource(stream: ReadableStream<Uint8Array>): PieceSource {
  const reader = stream.getReader()
  return {
    lends: false,
    next: () => reader.read() as Promise<IteratorResult<unknown>>,
    stop(reason) {
      try {
        reader.cancel(reason).catch(ignore)
      } catch {
        // A stream of somebody's own making: the rest is not wanted, nor are its troubles.
      }
    },
  }
}

function iteratorSource(iterator: Iterator<unknown> | AsyncIterator<unknown>, lends: boolean): PieceSource {
  return {
    lends,
    next: () => iterator.next(),
    stop() {
      try {
        const stopped: unknown = iterator.return?.()
        if (isPromiseLike(stopped)) stopped.then(undefined, ignore)
      } catch {
        // The rest is not wanted, nor are its troubles.
      }
    },
  }
}

/** Has a source asked in the context of whoever gave it. */
class SourceInContext implements PieceSource {
  readonly #run: <T>(call: () => T) => T
  readonly #source: PieceSource
  readonly #ask: () => ReturnType<PieceSource['next']>

  constructor(run: <T>(call: () => T) => T, source: PieceSource) {
    this.#run = run
    this.#source = source
    this.#ask = () => source.next()
  }

  get lends(): boolean {
    return this.#source.lends
  }

  next(): ReturnType<PieceSource['next']> {
    return this.#run(this.#ask)
  }

  stop(reason: unknown): void {
    this.#run(() => this.#source.stop(reason))
  }
}

/** A body that a function makes when the first piece is due: what it throws fails the upload, not the call. */
class MadeSource implements PieceSource {
  readonly #make: () => unknown
  #made: PieceSource | undefined

  constructor(make: () => unknown) {
    this.#make = make
    this.#made = undefined
  }

  get lends(): boolean {
    return this.#made?.lends === true
  }

  next(): IteratorResult<unknown> | PromiseLike<IteratorResult<unknown>> {
    this.#made ??= sourceOf(this.#make())
    return this.#made.next()
  }

  stop(reason: unknown): void {
    this.#made?.stop(reason)
  }
}

function sourceOf(body: unknown): PieceSource {
  if (typeof body === 'function') throw new TypeError('a body that is a function gave a function')
  const { bytes, open } = takeBody(body)
  return open === undefined ? iteratorSource([bytes!].values(), false) : open()
}

export function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function ignore(): void {}
