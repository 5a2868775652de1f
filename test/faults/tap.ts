/**
 * Listens between the client and its transport, where the order of what is sent
 * and received is the client's own: judges what it sends, and keeps the books
 * of its connection window from the octets alone.
 */
import type { Dial, Transport } from '../../src/transport/transport.ts'
import { concat } from '../support/wire.ts'
import { WireValidator } from '../support/wire-validator.ts'

const FRAME_HEADER = 9
const PREFACE_LENGTH = 24
const DATA = 0
const WINDOW_UPDATE = 8
/** The validator copies what it has not cut yet. */
const BITE = 4096

/** Walks over one side's frames without keeping them. */
class FrameWalker {
  readonly #onFrame: (type: number, streamId: number, length: number, firstWord: number) => void
  /** Header, and the first four octets of the payload if there are that many. */
  readonly #head = new Uint8Array(FRAME_HEADER + 4)
  #have = 0
  #skip: number

  constructor(
    skip: number,
    onFrame: (type: number, streamId: number, length: number, firstWord: number) => void,
  ) {
    this.#skip = skip
    this.#onFrame = onFrame
  }

  walk(bytes: Uint8Array): void {
    let at = 0
    const view = new DataView(this.#head.buffer)
    while (at < bytes.length) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, bytes.length - at)
        this.#skip -= passed
        at += passed
        continue
      }
      this.#head[this.#have++] = bytes[at++]!
      if (this.#have < FRAME_HEADER) continue
      const length = view.getUint32(0) >>> 8
      const kept = Math.min(length, 4)
      if (this.#have < FRAME_HEADER + kept) continue
      this.#have = 0
      this.#skip = length - kept
      this.#onFrame(this.#head[3]!, view.getUint32(5) & 0x7fffffff, length, view.getUint32(9) & 0x7fffffff)
    }
  }
}

export class Tap {
  readonly validator = new WireValidator()
  /** Octets that the peer may send on the connection: the ledger, from the wire. */
  window = 65_535
  /** The most that it ever was. */
  highestWindow = 65_535
  dials = 0
  /** Octets that the client was given. */
  octetsReceived = 0
  /** Transports that are not closed. */
  open = 0
  /** Octets received that the validator has not seen: it copies what it has not cut. */
  #unseen: Uint8Array[] = []
  #unseenLength = 0
  readonly #sent = new FrameWalker(PREFACE_LENGTH, (type, streamId, _length, word) => {
    if (type === WINDOW_UPDATE && streamId === 0) this.window += word
    this.highestWindow = Math.max(this.highestWindow, this.window)
  })
  readonly #received = new FrameWalker(0, (type, _streamId, length) => {
    if (type === DATA) this.window -= length
  })

  /** A dial that is listened to; the first connection only, for the books are one connection's. */
  around(dial: Dial): Dial {
    return async (target, options, signal) => {
      const transport = await dial(target, options, signal)
      this.dials += 1
      this.open += 1
      return this.#tapped(transport, this.dials === 1)
    }
  }

  #tapped(transport: Transport, first: boolean): Transport {
    let started = false
    return {
      alpn: transport.alpn,
      info: transport.info,
      start: (handler) => {
        started = true
        transport.start({
          onChunk: (chunk) => {
            if (first) this.#noteReceived(chunk)
            handler.onChunk(chunk)
            this.octetsReceived += chunk.length
          },
          onEnd: () => handler.onEnd(),
          onClosed: (error) => {
            this.open -= 1
            handler.onClosed(error)
          },
        })
      },
      write: (chunk, done) => {
        if (first) this.#noteSent(chunk)
        transport.write(chunk, done)
      },
      end: () => transport.end(),
      destroy: () => {
        // Nobody is told of the end of what was never started.
        if (!started) this.open -= 1
        transport.destroy()
      },
      ref: () => transport.ref(),
      unref: () => transport.unref(),
    }
  }

  #noteReceived(chunk: Uint8Array): void {
    this.#received.walk(chunk)
    for (let at = 0; at < chunk.length; at += BITE) {
      const bite = chunk.slice(at, at + BITE)
      this.#unseen.push(bite)
      this.#unseenLength += bite.length
      if (this.#unseenLength >= BITE) this.#show()
    }
  }

  #noteSent(chunk: Uint8Array): void {
    this.#show()
    this.#sent.walk(chunk)
    for (let at = 0; at < chunk.length; at += BITE) this.validator.clientSent(chunk.slice(at, at + BITE))
  }

  #show(): void {
    if (this.#unseenLength === 0) return
    this.validator.peerSent(concat(...this.#unseen))
    this.#unseen = []
    this.#unseenLength = 0
  }
}
