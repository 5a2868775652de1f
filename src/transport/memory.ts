/**
 * Two transports back to back, for tests: no socket, no timer, no chance. The
 * one rule: nothing is delivered within the call that caused it. Deliveries
 * stand in one queue per pair, in the order of their causes, and are made from
 * one microtask, so a peer that answers from `onChunk` does not recurse.
 */
import type { Transport, TransportHandler, TransportInfo } from './transport.ts'

/** What `memoryPair` can be told. */
export interface MemoryOptions {
  /** The protocol that both sides say TLS chose. */
  readonly alpn?: string | undefined
  /** Facts that both sides report. */
  readonly info?: TransportInfo | undefined
  /**
   * Cuts what one side wrote into the chunks that the other receives; whole if
   * absent. As it is pulled piece by piece, a generator may act in between, for
   * instance `destroy()` or `fail()` a side in the middle of a frame.
   */
  readonly cut?: ((written: Uint8Array, to: MemoryTransport) => Iterable<Uint8Array>) | undefined
}

/** What a chunk is overwritten with once its receiver returned: it was only borrowed. */
const SPENT = 0xdb

/**
 * Makes two connected transports.
 *
 * @example
 * const [client, server] = memoryPair({ alpn: 'h2' })
 * server.start({ onChunk: (chunk) => server.write(chunk.slice(), () => {}), onEnd() {}, onClosed() {} })
 */
export function memoryPair(options: MemoryOptions = {}): [MemoryTransport, MemoryTransport] {
  const wire = new Wire(options.cut ?? ((written) => [written]))
  const first = new MemoryTransport(wire, options)
  const second = new MemoryTransport(wire, options)
  first.peer = second
  second.peer = first
  return [first, second]
}

/** Cuts into chunks of `size` bytes: a value for `MemoryOptions.cut`. */
export function chunksOf(size: number): (written: Uint8Array) => Iterable<Uint8Array> {
  return function* (written) {
    for (let at = 0; at < written.length; at += size) yield written.subarray(at, at + size)
  }
}

/** The one queue of a pair. */
class Wire {
  readonly cut: (written: Uint8Array, to: MemoryTransport) => Iterable<Uint8Array>
  readonly #queue: (() => void)[] = []
  /** True from the first entry until the queue was run dry. */
  #running = false

  constructor(cut: (written: Uint8Array, to: MemoryTransport) => Iterable<Uint8Array>) {
    this.cut = cut
  }

  add(delivery: () => void): void {
    this.#queue.push(delivery)
    if (this.#running) return
    this.#running = true
    queueMicrotask(() => this.#run())
  }

  #run(): void {
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) next()
    } finally {
      this.#running = false
      if (this.#queue.length > 0) {
        this.#running = true
        queueMicrotask(() => this.#run())
      }
    }
  }
}

/** One end of a pair. */
export class MemoryTransport implements Transport {
  readonly alpn: string | undefined
  readonly info: TransportInfo
  /** The other end. Written by `memoryPair` only. */
  peer!: MemoryTransport
  /** True while this side neither ended nor closed: what is written then is sent. */
  writable = true
  /** True once `onClosed` is due or was called. Nothing else is delivered then. */
  closed = false
  /** What tests ask: whether this transport keeps the process alive. */
  referenced = true
  readonly #wire: Wire
  #handler: TransportHandler | undefined = undefined
  /** Deliveries to this side that wait for `start` or `resume`. */
  readonly #waiting: (() => void)[] = []
  #held = false
  #writing = false
  #peerEnded = false
  #error: Error | undefined = undefined
  /** True once `onClosed` was called. */
  #told = false

  constructor(wire: Wire, options: MemoryOptions) {
    this.#wire = wire
    this.alpn = options.alpn
    this.info = options.info ?? {}
  }

  start(handler: TransportHandler): void {
    if (this.#handler !== undefined) throw new Error('transport was started before')
    this.#handler = handler
    this.#schedule()
  }

  write(chunk: Uint8Array, done: () => void): void {
    if (!this.writable) return
    if (this.#writing) throw new Error('write before the last one was done')
    this.#writing = true
    this.peer.#receive(() => {
      this.peer.#deliver(chunk)
      this.#writing = false
      if (!this.closed) this.#wire.add(() => this.closed || done())
    })
  }

  end(): void {
    if (!this.writable) return
    this.writable = false
    this.peer.#receive(() => {
      this.peer.#endOfPeer()
      if (this.#peerEnded) this.#close(undefined)
    })
  }

  destroy(): void {
    if (this.closed) return
    this.end()
    this.#close(undefined)
  }

  /** Breaks the connection as a reset does: what is under way is lost, and each side hears of `error`. */
  fail(error: Error): void {
    this.#close(error)
    this.peer.#close(error)
  }

  /** Stops taking deliveries, so that the peer's write stays undone: a slow reader. */
  pause(): void {
    this.#held = true
  }

  /** Takes deliveries again. */
  resume(): void {
    this.#held = false
    this.#schedule()
  }

  ref(): void {
    this.referenced = true
  }

  unref(): void {
    this.referenced = false
  }

  #receive(delivery: () => void): void {
    this.#wire.add(() => {
      this.#waiting.push(delivery)
      this.#drain()
    })
  }

  #schedule(): void {
    this.#wire.add(() => this.#drain())
  }

  /** A closed side takes everything, so that the peer's writes get done and are lost. */
  #drain(): void {
    while (this.#waiting.length > 0 && (this.closed || (this.#handler !== undefined && !this.#held))) {
      this.#waiting.shift()!()
    }
    if (this.closed && !this.#told && this.#handler !== undefined) {
      this.#told = true
      this.#handler.onClosed(this.#error)
    }
  }

  #deliver(written: Uint8Array): void {
    for (const piece of this.#wire.cut(written, this)) {
      if (this.closed) return
      const lent = piece.slice()
      this.#handler!.onChunk(lent)
      lent.fill(SPENT)
    }
  }

  #endOfPeer(): void {
    if (this.closed) return
    this.#peerEnded = true
    this.#handler!.onEnd()
    if (!this.writable) this.#close(undefined)
  }

  #close(error: Error | undefined): void {
    if (this.closed) return
    this.closed = true
    this.writable = false
    this.#error = error
    this.#schedule()
  }
}
