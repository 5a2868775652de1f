/**
 * A stream we reset keeps its slot until a PING has been to the peer and back:
 * only then is it sure that the peer counts it as closed. So a storm of
 * cancellations puts no more than MAX_CONCURRENT_STREAMS on the peer's desk in
 * one round trip, and does not look like a rapid-reset attack. At most one PING
 * is under way, and none is sent before the peer sent HEADERS or DATA since the
 * last, for peers count idle PINGs as abuse: from a peer that sends nothing at
 * all, a reset takes its slot back at once.
 */
import type { StreamTable } from './stream-table.ts'

export class ResetHolds {
  readonly #table: StreamTable
  /** Slots that the answer to the PING under way sets free. */
  #covered = 0
  #pinging = false
  #peerWasActive = true

  constructor(table: StreamTable) {
    this.#table = table
  }

  /** HEADERS or DATA arrived. */
  peerActive(): void {
    this.#peerWasActive = true
  }

  /** A stream was reset by us. True if a PING has to be sent for it. */
  add(): boolean {
    if (!this.#pinging && !this.#peerWasActive) return false
    this.#table.held += 1
    return this.#start()
  }

  /** The PING was answered. True if another has to be sent. */
  answered(): boolean {
    this.#pinging = false
    this.#table.held -= this.#covered
    this.#covered = 0
    if (this.#table.held === 0) return false
    if (!this.#peerWasActive) {
      this.#table.held = 0
      return false
    }
    return this.#start()
  }

  #start(): boolean {
    if (this.#pinging) return false
    this.#pinging = true
    this.#peerWasActive = false
    this.#covered = this.#table.held
    return true
  }
}
