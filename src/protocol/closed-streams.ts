/**
 * How the last streams closed: what a late frame deserves depends on it
 * (RFC 9113 §5.1). A ring of bounded size, so that closed streams cost nothing;
 * a stream too old to be in it gets the mildest answer, a quiet discard.
 */
import { RESET_LOCAL } from './stream-state.ts'

const SIZE = 128

export class ClosedStreams {
  /** Identifiers, each with its row behind it; as long as the streams that were ever closed, `SIZE` at most. */
  readonly #ring: number[] = []
  /** The place for the next; once all are taken, the oldest. */
  #next = 0

  /** Remembers the row of `stream-state.ts` in which a stream ended. */
  add(streamId: number, row: number): void {
    this.#ring[this.#next] = streamId
    this.#ring[this.#next + 1] = row
    this.#next = (this.#next + 2) % (2 * SIZE)
  }

  /** The row of a closed stream. */
  row(streamId: number): number {
    const at = this.#find(streamId)
    return at === -1 ? RESET_LOCAL : this.#ring[at + 1]!
  }

  /** Changes the row of a stream that is remembered. */
  update(streamId: number, row: number): void {
    const at = this.#find(streamId)
    if (at !== -1) this.#ring[at + 1] = row
  }

  #find(streamId: number): number {
    for (let at = 0; at < this.#ring.length; at += 2) if (this.#ring[at] === streamId) return at
    return -1
  }
}
