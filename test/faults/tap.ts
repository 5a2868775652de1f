/**
 * Listens between the client and its transports, where the order of what is
 * sent and received is the client's own: judges what it sends, and keeps the
 * books of its windows, for each connection that it listens to.
 */
import { type WindowManagerOption, windowManagers } from '../../src/protocol/window-managers.ts'
import { Tape } from '../../src/trace/index.ts'
import type { Dial, Transport } from '../../src/transport/transport.ts'
import { type FrameHead, FrameWalker } from '../support/frame-walker.ts'
import { WindowLedger } from '../support/window-ledger.ts'
import { concat, GOAWAY, RST_STREAM, uint32At } from '../support/wire.ts'
import { WireValidator } from '../support/wire-validator.ts'

/** The validator copies what it has not cut yet. */
const BITE = 4096
const REFUSED_STREAM = 7

/** What is written down of one connection. */
export class Books {
  readonly validator = new WireValidator()
  /** Kept if the client was given its window managers. */
  readonly ledger = new WindowLedger(false)
  /** What the wire carried, from which the connection can be rebuilt. */
  readonly tape = new Tape()
  readonly #taped = this.tape.connect('https://peer.test', 0)
  octetsReceived = 0
  octetsSent = 0
  /** False once the transport is closed. */
  open = true
  /** Streams that the peer refused. */
  readonly #refused = new Set<number>()
  /** The last stream that the peer says it acts on. */
  #lastStreamId = 2 ** 31 - 1
  readonly #peer = new FrameWalker(0, (frame) => this.#note(frame))
  /** Octets received that the validator has not seen: it copies what it has not cut. */
  #unseen: Uint8Array[] = []
  #unseenLength = 0

  /** True if the peer said that it did nothing about this request (RFC 9113 §8.7). */
  disclaimed(streamId: number): boolean {
    return streamId > this.#lastStreamId || this.#refused.has(streamId)
  }

  received(chunk: Uint8Array): void {
    this.octetsReceived += chunk.length
    this.tape.received(this.#taped, chunk, 0)
    this.#peer.walk(chunk)
    this.ledger.peerSent(chunk)
    for (let at = 0; at < chunk.length; at += BITE) {
      const bite = chunk.slice(at, at + BITE)
      this.#unseen.push(bite)
      this.#unseenLength += bite.length
      if (this.#unseenLength >= BITE) this.#show()
    }
  }

  sent(chunk: Uint8Array): void {
    this.octetsSent += chunk.length
    this.tape.sent(this.#taped, chunk, 0)
    this.#show()
    this.ledger.clientSent(chunk)
    for (let at = 0; at < chunk.length; at += BITE) this.validator.clientSent(chunk.slice(at, at + BITE))
  }

  #note({ type, streamId, payload }: FrameHead): void {
    if (type === GOAWAY && payload.length >= 4) {
      this.#lastStreamId = Math.min(this.#lastStreamId, uint32At(payload) & 0x7fffffff)
    }
    if (type === RST_STREAM && payload.length === 4 && uint32At(payload) === REFUSED_STREAM) {
      this.#refused.add(streamId)
    }
  }

  #show(): void {
    if (this.#unseenLength === 0) return
    this.validator.peerSent(concat(...this.#unseen))
    this.#unseen = []
    this.#unseenLength = 0
  }
}

export class Tap {
  /** Of connections that are listened to, in the order of their dials. */
  readonly books: Books[] = []
  dials = 0
  /** Octets that the client was given. */
  octetsReceived = 0
  /** Transports that are not closed. */
  open = 0
  readonly #listensToAll: boolean
  /** Those whose engine is not made yet. */
  #unclaimed: Books[] = []
  /** Whose octets the client is being given. */
  #receiving: Books | undefined

  /**
   * `'first'`: a connection object, which makes its engine before it dials, and
   * of which only the first connection is listened to. `'all'`: a pool, which
   * makes an engine for each transport when it stands.
   */
  constructor(listensTo: 'first' | 'all') {
    this.#listensToAll = listensTo === 'all'
    if (!this.#listensToAll) this.books.push(new Books())
  }

  /** The window managers that the client is to use, in place of those of this option. */
  managers(option: WindowManagerOption | undefined): WindowManagerOption | undefined {
    if (!this.#listensToAll) return this.ledger.managers(option)
    const makersOf = ({ ledger }: Books) => windowManagers(ledger.managers(option))
    return {
      connection: (size) => makersOf(this.#unclaimed.shift()!).connection(size),
      stream: (size, documentSize) => makersOf(this.#receiving!).stream(size, documentSize),
    }
  }

  /** Of the first connection. */
  get ledger(): WindowLedger {
    return this.books[0]!.ledger
  }

  /** A dial that is listened to. */
  around(dial: Dial): Dial {
    return async (target, options, signal) => {
      const transport = await dial(target, options, signal)
      this.dials += 1
      this.open += 1
      return this.#tapped(transport, this.#begun(!target.secure || transport.alpn === 'h2'))
    }
  }

  #begun(http2: boolean): Books | undefined {
    if (!this.#listensToAll) return this.dials === 1 ? this.books[0] : undefined
    if (!http2) return undefined
    const books = new Books()
    this.books.push(books)
    this.#unclaimed.push(books)
    return books
  }

  #closed(books: Books | undefined): void {
    this.open -= 1
    if (books !== undefined) books.open = false
    this.#unclaimed = this.#unclaimed.filter((one) => one !== books)
  }

  #tapped(transport: Transport, books: Books | undefined): Transport {
    let started = false
    return {
      alpn: transport.alpn,
      info: transport.info,
      start: (handler) => {
        started = true
        transport.start({
          onChunk: (chunk) => {
            books?.received(chunk)
            this.#receiving = books
            handler.onChunk(chunk)
            books?.ledger.check()
            this.octetsReceived += chunk.length
          },
          onEnd: () => handler.onEnd(),
          onClosed: (error) => {
            this.#closed(books)
            handler.onClosed(error)
          },
        })
      },
      write: (chunk, done) => {
        books?.sent(chunk)
        transport.write(chunk, done)
      },
      end: () => transport.end(),
      destroy: () => {
        // Nobody is told of the end of what was never started.
        if (!started) this.#closed(books)
        transport.destroy()
      },
      ref: () => transport.ref(),
      unref: () => transport.unref(),
    }
  }
}
