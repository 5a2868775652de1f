/**
 * The content of a `fetch` response (Fetch §5.2, "Body"): who may read it, as
 * a stream or at once, and how two may. Its one rule: it has one reader, and
 * no stream is made for somebody who wants all of it.
 */
import { joinBytes } from '../../bytes.ts'
import {
  endOf,
  type HTTP20Response,
  hasArrived,
  type ResponseEnd,
  whenArrived,
} from '../response/http20-response.ts'
import { unwatch, watch } from '../session/abort-watch.ts'
import { bodyFailure } from './fetch-failure.ts'

/** Octets that a stream takes at a time. */
const PIECE = 65_536

const decoder = /* @__PURE__ */ new TextDecoder()

/** Where content comes from. One read at a time, but by a `Tee`. */
export interface ByteSource {
  /** From one octet up to `max`; undefined at the end. */
  read(max: number): Promise<Uint8Array | undefined>
  /** All of it, if nothing was read. */
  readAll(): Promise<Uint8Array>
  readText(): Promise<string>
  /** Nobody wants the rest. */
  cancel(): void
  /** Throws what every read would fail with from now on, if that is known. */
  check?(): void
  /** How it ended, undefined if more of it may arrive, or if that is not known. */
  readonly ended?: ResponseEnd | undefined
  /** Calls back once `ended` is there. */
  whenEnded?(callback: () => void): void
}

/** Responses that nobody can read any more are given up: their streams would stay open. */
const unread = /* @__PURE__ */ new FinalizationRegistry<HTTP20Response>((response) => response.cancel())

/** Content as it arrives. Fails with the signal's reason if aborted, else with a TypeError. */
export class ResponseSource implements ByteSource {
  readonly #response: HTTP20Response
  readonly #signal: AbortSignal | undefined

  constructor(response: HTTP20Response, signal: AbortSignal | undefined) {
    this.#response = response
    this.#signal = signal
    // Most have arrived by now, and hold no stream.
    if (!hasArrived(response)) unread.register(this, response)
  }

  async read(max: number): Promise<Uint8Array | undefined> {
    this.check()
    try {
      const piece = await this.#response.read(max)
      return piece.length === 0 ? undefined : piece
    } catch (error) {
      throw bodyFailure(error, this.#signal)
    }
  }

  async readAll(): Promise<Uint8Array> {
    this.check()
    try {
      return await this.#response.bytes()
    } catch (error) {
      throw bodyFailure(error, this.#signal)
    }
  }

  async readText(): Promise<string> {
    this.check()
    try {
      return await this.#response.text()
    } catch (error) {
      throw bodyFailure(error, this.#signal)
    }
  }

  cancel(): void {
    this.#response.cancel()
  }

  get ended(): ResponseEnd | undefined {
    const end = endOf(this.#response)
    return end?.error === undefined ? end : { ...end, error: bodyFailure(end.error, this.#signal) }
  }

  whenEnded(callback: () => void): void {
    whenArrived(this.#response, callback)
  }

  /** Fetch §5.6: aborting errors a body that has arrived and was not read, too; one that is read, or empty, is over. */
  check(): void {
    if (this.#signal?.aborted !== true) return
    const end = endOf(this.#response)
    if (end !== undefined && end.error === undefined && !end.left) return
    this.#response.cancel()
    throw this.#signal.reason
  }
}

/** Content that is there. */
export class BytesSource implements ByteSource {
  #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  async read(max: number): Promise<Uint8Array | undefined> {
    const bytes = this.#bytes
    if (bytes.length === 0) return undefined
    this.#bytes = bytes.subarray(max)
    return bytes.slice(0, max)
  }

  async readAll(): Promise<Uint8Array> {
    return this.#bytes
  }

  async readText(): Promise<string> {
    return decoder.decode(this.#bytes)
  }

  cancel(): void {
    this.#bytes = this.#bytes.subarray(0, 0)
  }
}

/** One of two readers of the same content. What only one of them has read is kept for the other. */
class TeeSide implements ByteSource {
  readonly #tee: Tee
  readonly #queue: Uint8Array[]
  /** Written by `Tee`, too. */
  other!: TeeSide
  cancelled: boolean

  constructor(tee: Tee) {
    this.#tee = tee
    this.#queue = []
    this.cancelled = false
  }

  give(piece: Uint8Array): void {
    if (!this.cancelled) this.#queue.push(piece)
  }

  async read(max: number): Promise<Uint8Array | undefined> {
    const queue = this.#queue
    while (queue.length === 0) if (!(await this.#tee.more())) return undefined
    const piece = queue.shift()!
    if (piece.length <= max) return piece
    queue.unshift(piece.subarray(max))
    return piece.slice(0, max)
  }

  async readAll(): Promise<Uint8Array> {
    const pieces: Uint8Array[] = []
    for (;;) {
      const piece = await this.read(PIECE)
      if (piece === undefined) return joinBytes(pieces)
      pieces.push(piece)
    }
  }

  async readText(): Promise<string> {
    return decoder.decode(await this.readAll())
  }

  get ended(): ResponseEnd | undefined {
    return this.#tee.over && this.#queue.length === 0 ? { error: undefined, left: false } : undefined
  }

  cancel(): void {
    this.cancelled = true
    this.#queue.length = 0
    if (this.other.cancelled) this.#tee.cancel()
  }
}

/** Reads a source for two. */
class Tee {
  readonly sides: readonly [TeeSide, TeeSide]
  readonly #source: ByteSource
  /** There is no more of the source. */
  over: boolean
  /** The read under way. Resolves with false at the end. */
  #reading: Promise<boolean> | undefined

  constructor(source: ByteSource) {
    this.#source = source
    this.over = false
    this.#reading = undefined
    const [one, two] = [new TeeSide(this), new TeeSide(this)]
    one.other = two
    two.other = one
    this.sides = [one, two]
  }

  more(): Promise<boolean> {
    this.#reading ??= this.#read()
    return this.#reading
  }

  async #read(): Promise<boolean> {
    const piece = await this.#source.read(PIECE)
    // At the end, and after a failure, every read has the same answer.
    if (piece === undefined) {
      this.over = true
      return false
    }
    this.#reading = undefined
    const [one, two] = this.sides
    one.give(piece)
    // Streams transfer memory: each side has its own.
    two.give(one.cancelled ? piece : new Uint8Array(piece))
    return true
  }

  cancel(): void {
    this.#source.cancel()
  }
}

/** A signal may outlive many streams: those that were dropped unread are taken off its list, which would grow for ever. */
const forgotten = /* @__PURE__ */ new FinalizationRegistry<() => void>((forget) => forget())

/** Ends a stream with its signal, even if nobody pulls it; the signal does not hold it. Gives what forgets it. */
function endWithSignal(
  controller: ReadableByteStreamController,
  signal: AbortSignal | undefined,
): () => void {
  if (signal === undefined || signal.aborted) return () => {}
  const stream = new WeakRef(controller)
  const watcher = { aborted: () => stream.deref()?.error(signal.reason) }
  watch(signal, watcher)
  const forget = (): void => unwatch(signal, watcher)
  forgotten.register(controller, forget)
  return forget
}

/**
 * Ends a stream as its source has ended, as soon as nothing is left to read: who waits for `closed`, and does
 * not read, hears of it.
 */
function endWith(controller: ReadableByteStreamController, { error, left }: ResponseEnd): void {
  if (left) return
  try {
    if (error !== undefined) controller.error(error)
    else controller.close()
  } catch {
    // It was closed, or cancelled, before.
  }
}

/** Content with one reader. */
export class FetchBody {
  #source: ByteSource
  readonly #signal: AbortSignal | undefined
  /** Made on first touch. */
  #stream: ReadableStream<Uint8Array> | undefined
  #used: boolean

  constructor(source: ByteSource, signal: AbortSignal | undefined) {
    this.#source = source
    this.#signal = signal
    this.#stream = undefined
    this.#used = false
  }

  /** True once somebody has read of it. */
  get used(): boolean {
    return this.#used
  }

  /** A byte stream (BYOB readers too), read only when it is pulled. Cancelling it gives the response up. */
  get stream(): ReadableStream<Uint8Array> {
    if (this.#stream !== undefined) return this.#stream
    this.#stream = this.#makeStream()
    if (this.#used) this.#stream.getReader()
    return this.#stream
  }

  /** All of it. Throws TypeError if it has a reader. */
  bytes(): Promise<Uint8Array> {
    this.#claim()
    return this.#source.readAll()
  }

  /** All of it, decoded as UTF-8, without a byte order mark. Throws TypeError if it has a reader. */
  text(): Promise<string> {
    this.#claim()
    return this.#source.readText()
  }

  /** A second one with the same content. Throws TypeError if it has a reader. */
  clone(): FetchBody {
    this.#checkFree()
    const [one, two] = new Tee(this.#source).sides
    this.#source = one
    return new FetchBody(two, this.#signal)
  }

  /** Throws what reading it would fail with, before anybody has read of it. */
  check(): void {
    this.#checkFree()
    this.#source.check?.()
  }

  #claim(): void {
    this.check()
    this.#used = true
    this.#stream?.getReader()
  }

  #checkFree(): void {
    if (this.#used) throw new TypeError('body is unusable: it was read already')
    if (this.#stream?.locked === true) throw new TypeError('body is unusable: it is locked')
  }

  /** The source does not hold the stream. Who pulls is told by what is pulled. */
  #endWithSource(stream: WeakRef<ReadableByteStreamController>, isPulling: () => boolean): void {
    const source = this.#source
    const tell = (): void => {
      const controller = stream.deref()
      if (controller !== undefined && !isPulling()) endWith(controller, source.ended!)
    }
    if (source.ended !== undefined) tell()
    else source.whenEnded?.(tell)
  }

  #makeStream(): ReadableStream<Uint8Array> {
    let forget = (): void => {}
    let pulling = false
    return new ReadableStream(
      {
        type: 'bytes',
        start: (controller) => {
          forget = endWithSignal(controller, this.#signal)
          this.#endWithSource(new WeakRef(controller), () => pulling)
        },
        pull: async (controller) => {
          this.#used = true
          const view = controller.byobRequest?.view as Uint8Array | null | undefined
          pulling = true
          const piece = await this.#source.read(view?.byteLength ?? PIECE).catch((error: unknown) => {
            forget()
            throw error
          })
          pulling = false
          if (piece === undefined) {
            forget()
            controller.close()
            controller.byobRequest?.respond(0)
          } else if (view === null || view === undefined) {
            // The stream transfers what it is given: only memory that nobody else holds.
            const whole = piece.byteLength === piece.buffer.byteLength
            controller.enqueue(whole ? piece : new Uint8Array(piece))
          } else {
            new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(piece)
            controller.byobRequest!.respond(piece.length)
          }
          const end = this.#source.ended
          if (piece === undefined || end === undefined) return
          if (!end.left) forget()
          endWith(controller, end)
        },
        cancel: () => {
          this.#used = true
          forget()
          this.#source.cancel()
        },
      },
      { highWaterMark: 0 },
    )
  }
}
