/**
 * A connection without a socket: the client's transport and the server's link
 * in one object. Its one rule: nothing is delivered within the call that caused
 * it, and everything in the order in which it was caused.
 */
import type { LinkEvents, PeerLink } from './peer-link.ts'
import type { Transport, TransportHandler } from './transport-shape.ts'

/** What a chunk is overwritten with once the client returned: it was only lent. */
const SPENT = 0xdb

export class MemoryLink implements PeerLink {
  /** The client's end. */
  readonly transport: Transport
  #handler: TransportHandler | undefined
  #events: LinkEvents | undefined
  /** What waits for the client, while it is paused or was not started. */
  readonly #early: (() => void)[] = []
  /** What the server has not read, while it is paused or was not started. */
  readonly #unread: (() => void)[] = []
  #paused = false
  #clientPaused = false
  #clientEnded = false
  #serverEnded = false
  #closed = false

  constructor(alpn: string | undefined) {
    this.transport = {
      alpn,
      info: {},
      start: (handler) => this.#started(handler),
      write: (chunk, done) => this.#written(chunk, done),
      end: () => this.#clientEnd(),
      destroy: () => this.#close(undefined),
      pause: () => {
        this.#clientPaused = true
      },
      resume: () => this.#clientReads(),
      ref() {},
      unref() {},
    }
  }

  // — the server's end —

  start(events: LinkEvents): void {
    this.#events = events
    this.#read()
  }

  async send(chunk: Uint8Array): Promise<void> {
    if (this.#closed || this.#serverEnded) return
    await new Promise<void>((resolve) => {
      this.#toClient(() => {
        const lent = chunk.slice()
        this.#handler!.onChunk(lent)
        lent.fill(SPENT)
        resolve()
      }, resolve)
    })
  }

  end(): void {
    if (this.#closed || this.#serverEnded) return
    this.#serverEnded = true
    this.#toClient(() => {
      this.#handler!.onEnd()
      if (this.#clientEnded) this.#close(undefined)
    })
  }

  destroy(): void {
    if (this.#closed) return
    // The client's socket ends by itself once the other side is gone.
    this.#serverEnded = true
    this.#toClient(() => this.#handler!.onEnd())
    this.#close(undefined)
  }

  reset(): void {
    this.#close(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#read()
  }

  // — the client's end —

  #started(handler: TransportHandler): void {
    this.#handler = handler
    this.#clientReads()
  }

  #clientReads(): void {
    this.#clientPaused = false
    if (this.#handler === undefined) return
    for (const delivery of this.#early.splice(0)) queueMicrotask(delivery)
  }

  #written(chunk: Uint8Array, done: () => void): void {
    if (this.#closed || this.#clientEnded) return
    this.#unread.push(() => {
      this.#events!.onChunk(chunk.slice())
      queueMicrotask(() => this.#closed || done())
    })
    this.#read()
  }

  #clientEnd(): void {
    if (this.#closed || this.#clientEnded) return
    this.#clientEnded = true
    this.#unread.push(() => {
      this.#events!.onEnd()
      if (this.#serverEnded) this.#close(undefined)
    })
    this.#read()
  }

  // — between —

  #toClient(delivery: () => void, lost?: () => void): void {
    const deliver = (): void => {
      if (this.#closed && lost !== undefined) lost()
      else if (!this.#told) delivery()
    }
    if (this.#handler === undefined || this.#clientPaused) this.#early.push(deliver)
    else queueMicrotask(deliver)
  }

  #read(): void {
    queueMicrotask(() => {
      while (this.#unread.length > 0 && this.#events !== undefined && !this.#paused && !this.#closed) {
        this.#unread.shift()!()
      }
    })
  }

  /** True once the client was told of the end. */
  #told = false

  #close(error: Error | undefined): void {
    if (this.#closed) return
    this.#closed = true
    // The end of the connection is told to whoever does not read, too.
    this.#clientReads()
    queueMicrotask(() => {
      // What the client sent before it closed is still read.
      if (error === undefined && this.#events !== undefined && !this.#paused) {
        for (const delivery of this.#unread.splice(0)) delivery()
      }
      this.#events?.onClosed()
    })
    this.#toClient(() => {
      this.#told = true
      this.#handler!.onClosed(error)
    })
  }
}
