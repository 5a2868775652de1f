/**
 * The byte stream behind a CONNECT that was accepted (RFC 9113 §8.5,
 * RFC 8441 §4), as the `Duplex` that undici's callers take for a socket. Its
 * one rule: both ways are held back, the peer's by our window, ours by `_write`.
 */
import { Duplex } from 'node:stream'
import type { BodyFlow, HTTP20Response } from '../../index.ts'

type Result = IteratorResult<Uint8Array, undefined>
const DONE: Result = { done: true, value: undefined }

/** What the caller writes, as the content of the request: at most one piece waits. */
export class Outgoing implements AsyncIterableIterator<Uint8Array, undefined> {
  /** Answers the request's side, which asked for a piece and has none. */
  #asked: ((result: Result) => void) | undefined = undefined
  /** A piece that nobody has asked for yet. */
  #piece: Uint8Array | undefined = undefined
  /** Tells the writer that its piece is on its way. */
  #taken: (() => void) | undefined = undefined
  #over = false

  write(piece: Uint8Array, taken: () => void): void {
    if (this.#over) {
      taken()
      return
    }
    this.#taken = taken
    const asked = this.#asked
    this.#asked = undefined
    if (asked === undefined) this.#piece = piece
    else asked({ done: false, value: piece })
  }

  /** No more will be written. */
  end(): void {
    this.#over = true
    this.#asked?.(DONE)
    this.#asked = undefined
  }

  next(): Promise<Result> {
    // A writer that is told of its last piece may write the next at once.
    if (this.#piece === undefined) this.#release()
    const piece = this.#piece
    this.#piece = undefined
    if (piece !== undefined) return Promise.resolve({ done: false, value: piece })
    if (this.#over) return Promise.resolve(DONE)
    return new Promise((resolve) => {
      this.#asked = resolve
    })
  }

  /** The request takes no more. */
  return(): Promise<Result> {
    this.#piece = undefined
    this.end()
    this.#release()
    return Promise.resolve(DONE)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #release(): void {
    const taken = this.#taken
    this.#taken = undefined
    taken?.()
  }
}

/** Present where a caller looks for the mark of HTTP/2. */
const SESSION: object = Object.freeze({})

/** A stream of bytes both ways. */
export class Tunnel extends Duplex {
  /** Undici takes a socket that has one for a stream of HTTP/2. */
  readonly session: object | undefined
  readonly #response: HTTP20Response
  readonly #outgoing: Outgoing
  #flow: BodyFlow | undefined

  constructor(response: HTTP20Response, outgoing: Outgoing, ofHttp2: boolean) {
    // The other side's end ends both: this is how tunnels of the client close.
    super({ allowHalfOpen: false })
    this.session = ofHttp2 ? SESSION : undefined
    this.#response = response
    this.#outgoing = outgoing
    this.#flow = undefined
    // A connection may break when nobody looks at the tunnel any more.
    this.on('error', nothing)
    // Who never reads hears of the end all the same, as of a stream of `node:http2`.
    process.nextTick(() => this.read(0))
  }

  /** As a socket says it; the stream shares its connection, and has none of its own. */
  address(): object {
    return {}
  }

  override _read(): void {
    if (this.#flow !== undefined) {
      this.#flow.resume()
      return
    }
    this.#flow = this.#response.pushTo({
      onData: (piece) => this.push(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)),
      onEnd: () => this.#ended(),
      onError: (error) => void this.destroy(error as Error),
    })
  }

  #ended(): void {
    this.push(null)
    if (this.readableFlowing === null && this.readableLength === 0) this.resume()
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#outgoing.write(chunk, done)
  }

  override _final(done: () => void): void {
    this.#outgoing.end()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // After a clean end on both sides there is nothing left to cancel.
    if (error !== null || !this.readableEnded) this.#response.cancel()
    void this.#outgoing.return()
    done(error)
  }
}

function nothing(): void {}
