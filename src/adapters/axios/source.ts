/**
 * The source of a body that is read once: what has been read of it is kept for
 * a redirect that wants it again. Its one rule: behind a redirect the body goes
 * on where it was left, and the source is closed once nobody can want the rest.
 */

/** Octets that are kept for a redirect that wants them again. */
const KEPT = 10 * 1_024 * 1_024

/** How much may be sent. */
export interface Limit {
  readonly octets: number
  /** The error of what is more. */
  passed(): Error
}

export class Source {
  readonly #iterator: AsyncIterator<Uint8Array | string>
  readonly #limit: Limit
  /** What was read; undefined once it is too much, or if nobody will want it. */
  #kept: Uint8Array[] | undefined
  #size: number
  /** The read under way: it may outlive the attempt that asked for it. */
  #reading: Promise<Uint8Array | undefined> | undefined
  #opened: boolean
  /** Attempts that read. One that was given up stays until its read is done. */
  #active: number
  #settled: boolean

  /** `keep`: it may be asked for again. */
  constructor(source: AsyncIterable<Uint8Array | string>, limit: Limit, keep: boolean) {
    this.#iterator = source[Symbol.asyncIterator]()
    this.#limit = limit
    this.#kept = keep ? [] : undefined
    this.#size = 0
    this.#reading = undefined
    this.#opened = false
    this.#active = 0
    this.#settled = false
  }

  /** The body from its first octet; undefined if that is gone. */
  open(): AsyncIterable<Uint8Array> | undefined {
    if (this.#opened && this.#kept === undefined) return undefined
    this.#opened = true
    return this.#pieces()
  }

  /** No other attempt will open it. `failed`: nor will one go on reading. */
  settle(failed: boolean): void {
    this.#settled = true
    if (failed || this.#active === 0) this.#close()
  }

  async *#pieces(): AsyncGenerator<Uint8Array, void> {
    this.#active += 1
    try {
      for (let at = 0; ; at++) {
        const kept = this.#kept
        if (kept !== undefined && at < kept.length) yield kept[at]!
        else {
          const piece = await this.#next()
          if (piece === undefined) return
          yield piece
        }
      }
    } finally {
      this.#active -= 1
      if (this.#settled && this.#active === 0) this.#close()
    }
  }

  /** One more piece of the source, whoever has asked for it. */
  #next(): Promise<Uint8Array | undefined> {
    this.#reading ??= this.#read()
    return this.#reading
  }

  async #read(): Promise<Uint8Array | undefined> {
    const { done, value } = await this.#iterator.next()
    // At the end, and after a failure, every read has the same answer.
    if (done === true) return undefined
    const piece = typeof value === 'string' ? Buffer.from(value) : value
    this.#size += piece.length
    if (this.#size > this.#limit.octets) throw this.#limit.passed()
    this.#reading = undefined
    if (this.#size > KEPT) this.#kept = undefined
    // Some sources use their memory again.
    else this.#kept?.push(new Uint8Array(piece))
    return piece
  }

  #close(): void {
    this.#kept = undefined
    try {
      Promise.resolve(this.#iterator.return?.()).catch(ignore)
    } catch {
      // The rest is not wanted, nor are its troubles.
    }
  }
}

function ignore(): void {}
