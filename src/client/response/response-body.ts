/**
 * The content of a response, as it is read: in the caller's order, codings
 * undone (RFC 9110 §8.4). Its one rule: one read at a time touches the content,
 * the others wait in line; nothing is taken before someone asks.
 */
import { joinBytes } from '../../bytes.ts'
import { ErrorCode } from '../../frame/registry.ts'
import { cancelled } from '../failure.ts'
import { NOTHING } from './content.ts'
import { DecodeMeter } from './decode-meter.ts'
import { decoded, decodeFailure, isCoded } from './decompress.ts'
import type { Incoming } from './incoming.ts'

const ALL = Number.POSITIVE_INFINITY

/** Reads one response. */
export class ResponseBody {
  readonly #incoming: Incoming
  /** True if content has to be decoded. */
  readonly #coded: boolean
  /** The decoder's output, made at the first read. */
  #decoder: AsyncIterator<Uint8Array> | undefined
  /** Decoded octets that nobody has taken. */
  #rest: Uint8Array
  /** The last read in line. */
  #line: Promise<unknown> | undefined

  constructor(incoming: Incoming) {
    this.#incoming = incoming
    this.#coded = incoming.decoding !== undefined && incoming.method !== 'HEAD' && isCoded(incoming.fields)
    this.#decoder = undefined
    this.#rest = NOTHING
    this.#line = undefined
  }

  /** From one octet up to `max`; undefined at the end. */
  read(max: number): Promise<Uint8Array | undefined> {
    if (this.#line !== undefined || this.#coded) {
      return this.#inLine(() => (this.#coded ? this.#readDecoded(max) : this.#readRaw(max)))
    }
    const incoming = this.#incoming
    if (incoming.available > 0) return Promise.resolve(incoming.take(max))
    if (incoming.over) return this.#readRaw(max)
    // In a promise's reaction, not at once: so it takes all that one chunk of the transport brought.
    const read = this.#changed().then(() => {
      if (incoming.available === 0) return this.#readRaw(max)
      if (this.#line === read) this.#line = undefined
      return incoming.take(max)
    })
    this.#line = read
    return read
  }

  /** The content of the next DATA frame, or the next piece that a decoder gives; undefined at the end. */
  readFrame(): Promise<Uint8Array | undefined> {
    return this.#inLine(() => (this.#coded ? this.#readDecoded(ALL) : this.#readRawFrame()))
  }

  /** All that is left, in one array. */
  readAll(): Promise<Uint8Array> {
    return this.#inLine(() => (this.#coded ? this.#readAllDecoded() : this.#readAllRaw()))
  }

  /** True if nobody else holds the memory of a piece: what a decoder gives may be part of its own. */
  owns(piece: Uint8Array): boolean {
    return !this.#coded || piece.byteLength === piece.buffer.byteLength
  }

  /** Nobody wants the rest. */
  cancel(): void {
    this.#rest = NOTHING
    this.#incoming.supplier.abort(cancelled(ErrorCode.CANCEL, 'yes'))
    this.#decoder?.return?.().catch(ignore)
  }

  /** Runs a read behind those that wait. What an earlier one failed with is its own. */
  #inLine<T>(read: () => Promise<T>): Promise<T> {
    const result = this.#line === undefined ? read() : this.#line.then(read, read)
    const line = result.then(ignore, ignore).then(() => {
      if (this.#line === line) this.#line = undefined
    })
    this.#line = line
    return result
  }

  async #readRaw(max: number): Promise<Uint8Array | undefined> {
    while (this.#incoming.available === 0) {
      if (this.#isOver()) return undefined
      await this.#changed()
    }
    return this.#incoming.take(max)
  }

  async #readRawFrame(): Promise<Uint8Array | undefined> {
    const incoming = this.#incoming
    while (!incoming.hasFrame) {
      // A frame that broke off is given as far as it came.
      if (incoming.over && incoming.available > 0) return incoming.takeAll()
      if (this.#isOver()) return undefined
      await this.#changed()
    }
    return incoming.takeFrame()
  }

  async #readAllRaw(): Promise<Uint8Array> {
    const incoming = this.#incoming
    incoming.collect()
    while (!incoming.over) await this.#changed()
    this.#isOver()
    return incoming.takeAll()
  }

  async #readDecoded(max: number): Promise<Uint8Array | undefined> {
    const incoming = this.#incoming
    while (this.#rest.length === 0) {
      let next: IteratorResult<Uint8Array>
      try {
        this.#decoder ??= await this.#openDecoder()
        next = await this.#decoder.next()
      } catch (error) {
        // A response that broke off is not to be blamed on its coding.
        if (incoming.ending === undefined) incoming.supplier.abort(decodeFailure(error))
        throw incoming.error()
      }
      if (next.done === true) {
        // A decoder that failed, or was left, has come to its end.
        if (incoming.ending !== undefined) throw incoming.error()
        return undefined
      }
      this.#rest = next.value
    }
    const rest = this.#rest
    if (rest.length <= max) {
      this.#rest = NOTHING
      return rest
    }
    this.#rest = rest.subarray(max)
    // A copy: the rest must stay whole if the reader transfers its part.
    return new Uint8Array(rest.subarray(0, max))
  }

  async #readAllDecoded(): Promise<Uint8Array> {
    const pieces: Uint8Array[] = []
    for (;;) {
      const piece = await this.#readDecoded(ALL)
      if (piece === undefined) return joinBytes(pieces)
      pieces.push(piece)
    }
  }

  /** No content is no coded content, whatever the fields say. */
  async #openDecoder(): Promise<AsyncIterator<Uint8Array>> {
    const first = await this.#readRaw(ALL)
    if (first === undefined) return emptyIterator()
    const { decoding, fields, supplier } = this.#incoming
    const meter = new DecodeMeter(decoding!, supplier.streamId)
    return decoded(this.#rawFrom(first, meter), fields, meter)
  }

  async *#rawFrom(first: Uint8Array, meter: DecodeMeter): AsyncGenerator<Uint8Array, undefined> {
    let piece: Uint8Array | undefined = first
    while (piece !== undefined) {
      meter.arrived(piece.length)
      yield piece
      piece = await this.#readRaw(ALL)
    }
  }

  /** True at the end. Throws what the response failed with. */
  #isOver(): boolean {
    const incoming = this.#incoming
    if (incoming.ending !== undefined) throw incoming.error()
    return incoming.ended
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => this.#incoming.whenChanged(resolve))
  }
}

/**
 * Pieces of a body on demand. Leaving it early, by `break` or `return()`,
 * cancels the response.
 */
export class BodyPieces implements AsyncIterableIterator<Uint8Array> {
  readonly #body: ResponseBody
  readonly #frames: boolean
  #over: boolean

  constructor(body: ResponseBody, frames: boolean) {
    this.#body = body
    this.#frames = frames
    this.#over = false
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#over) return { done: true, value: undefined }
    try {
      const piece = await (this.#frames ? this.#body.readFrame() : this.#body.read(ALL))
      if (piece !== undefined) return { done: false, value: piece }
    } catch (error) {
      this.#over = true
      throw error
    }
    this.#over = true
    return { done: true, value: undefined }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    if (!this.#over) this.#body.cancel()
    this.#over = true
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

/**
 * A byte stream over a body (BYOB readers too), read only when it is pulled.
 * `claim` is called before the first read; what it throws, the reader gets.
 */
export function bodyStream(body: ResponseBody, claim: () => void): ReadableStream<Uint8Array> {
  let claimed = false
  return new ReadableStream(
    {
      type: 'bytes',
      pull(controller) {
        if (!claimed) claim()
        claimed = true
        const view = controller.byobRequest?.view as Uint8Array | null | undefined
        return body.read(view?.byteLength ?? ALL).then((piece) => {
          if (piece === undefined) {
            controller.close()
            controller.byobRequest?.respond(0)
          } else if (view === null || view === undefined) {
            // The stream transfers what it is given: only memory that nobody else holds.
            controller.enqueue(body.owns(piece) ? piece : new Uint8Array(piece))
          } else {
            new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(piece)
            controller.byobRequest!.respond(piece.length)
          }
        })
      },
      cancel() {
        body.cancel()
      },
    },
    { highWaterMark: 0 },
  )
}

async function* emptyIterator(): AsyncGenerator<Uint8Array, undefined> {}

function ignore(): void {}
