/**
 * Listens between the client and its transport, where the order of what is sent
 * and received is the client's own: judges what it sends, and keeps the books
 * of its windows.
 */
import type { Dial, Transport } from '../../src/transport/transport.ts'
import { WindowLedger } from '../support/window-ledger.ts'
import { concat } from '../support/wire.ts'
import { WireValidator } from '../support/wire-validator.ts'

/** The validator copies what it has not cut yet. */
const BITE = 4096

export class Tap {
  readonly validator = new WireValidator()
  /** Kept if the client was given its window managers. */
  readonly ledger = new WindowLedger(false)
  dials = 0
  /** Octets that the client was given. */
  octetsReceived = 0
  /** Transports that are not closed. */
  open = 0
  /** Octets received that the validator has not seen: it copies what it has not cut. */
  #unseen: Uint8Array[] = []
  #unseenLength = 0

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
            if (first) this.ledger.check()
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
    this.ledger.peerSent(chunk)
    for (let at = 0; at < chunk.length; at += BITE) {
      const bite = chunk.slice(at, at + BITE)
      this.#unseen.push(bite)
      this.#unseenLength += bite.length
      if (this.#unseenLength >= BITE) this.#show()
    }
  }

  #noteSent(chunk: Uint8Array): void {
    this.#show()
    this.ledger.clientSent(chunk)
    for (let at = 0; at < chunk.length; at += BITE) this.validator.clientSent(chunk.slice(at, at + BITE))
  }

  #show(): void {
    if (this.#unseenLength === 0) return
    this.validator.peerSent(concat(...this.#unseen))
    this.#unseen = []
    this.#unseenLength = 0
  }
}
