/**
 * The body of a request between who writes it and the client that sends it.
 * Its one rule: a piece counts as written when the client asks for the next,
 * so that flow control reaches the writer.
 */

type Callback = (error?: Error | null) => void

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

/** Takes one piece at a time, as `_write` gives them. */
export class Upload implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array> {
  /** Written and not yet asked for. */
  #piece: Uint8Array | undefined
  /** Of the piece that was given last, or waits. */
  #written: Callback | undefined
  #wanted: ((result: IteratorResult<Uint8Array>) => void) | undefined
  #ended: boolean
  /** The client wants no more: what is written is let fall. */
  #dropped: boolean
  readonly #onAsked: () => void

  /** `onAsked` is called whenever the client takes more. */
  constructor(onAsked: () => void) {
    this.#piece = undefined
    this.#written = undefined
    this.#wanted = undefined
    this.#ended = false
    this.#dropped = false
    this.#onAsked = onAsked
  }

  write(piece: Uint8Array, written: Callback): void {
    if (this.#dropped) {
      process.nextTick(written)
      return
    }
    this.#written = written
    if (this.#wanted === undefined) this.#piece = piece
    else this.#give({ done: false, value: piece })
  }

  end(): void {
    this.#ended = true
    if (this.#wanted !== undefined) this.#give(DONE)
  }

  /** Nothing more is sent: whoever waits is let go, with the error that ended it. */
  drop(error?: Error): void {
    this.#dropped = true
    this.#piece = undefined
    if (this.#wanted !== undefined) this.#give(DONE)
    this.#acknowledge(error)
  }

  #give(result: IteratorResult<Uint8Array>): void {
    const wanted = this.#wanted!
    this.#wanted = undefined
    wanted(result)
  }

  #acknowledge(error?: Error): void {
    const written = this.#written
    this.#written = undefined
    if (written !== undefined) process.nextTick(written, error)
  }

  // — what the client asks —

  next(): Promise<IteratorResult<Uint8Array>> {
    this.#onAsked()
    const piece = this.#piece
    if (piece !== undefined) {
      this.#piece = undefined
      return Promise.resolve({ done: false, value: piece })
    }
    this.#acknowledge()
    if (this.#ended || this.#dropped) return Promise.resolve(DONE)
    return new Promise((resolve) => {
      this.#wanted = resolve
    })
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.drop()
    return Promise.resolve(DONE)
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
