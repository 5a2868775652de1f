/**
 * How the last streams closed: what a late frame deserves depends on it
 * (RFC 9113 §5.1). A ring of bounded size, so that closed streams cost nothing;
 * a stream too old to be in it gets the mildest answer, a quiet discard.
 */
import { RESET_LOCAL } from './stream-state.ts'

const SIZE = 128

export class ClosedStreams {
  /** Identifiers and, at the same places, rows; as long as the streams that were ever closed, `SIZE` at most. */
  readonly #ids: number[] = []
  readonly #rows: number[] = []
  /** The place for the next; once all are taken, the oldest. */
  #next = 0

  /** Remembers the row of `stream-state.ts` in which a stream ended. */
  add(streamId: number, row: number): void {
    this.#ids[this.#next] = streamId
    this.#rows[this.#next] = row
    this.#next = (this.#next + 1) % SIZE
  }

  /** The row of a closed stream. */
  row(streamId: number): number {
    const at = this.#ids.indexOf(streamId)
    return at === -1 ? RESET_LOCAL : this.#rows[at]!
  }

  /** Changes the row of a stream that is remembered. */
  update(streamId: number, row: number): void {
    const at = this.#ids.indexOf(streamId)
    if (at !== -1) this.#rows[at] = row
  }
}
