/**
 * The streams that may be sent more than INITIAL_WINDOW_SIZE, the highest first:
 * whether a change of that setting overflows any window (RFC 9113 §6.9.2) is
 * known after one look at every stream, once in the life of a connection, if a
 * setting comes near. From then on it is a heap, by the credit that a stream had
 * when it was last raised. One rule: sending only lowers credit, so a number
 * kept is never too low, and is put right when it comes to stand first.
 */

/** What is kept in order. */
export interface Credited {
  readonly sendCredit: number
  /** Its place in the heap, or `NOT_RAISED`. Written by the heap alone. */
  raisedAt: number
}

export const NOT_RAISED = -1

export class RaisedCredits {
  readonly #open: Iterable<Credited>
  /** No credit of any stream was ever higher. */
  #bound = 0
  /** True once the heap is kept. */
  #kept = false
  readonly #streams: Credited[] = []
  /** Credit of the stream in the same place, or more. */
  readonly #credits: number[] = []

  /** @param open all streams that are open */
  constructor(open: Iterable<Credited>) {
    this.#open = open
  }

  /** A WINDOW_UPDATE came for the stream. */
  raised(stream: Credited): void {
    if (this.#kept) this.#add(stream)
    else this.#bound = Math.max(this.#bound, stream.sendCredit)
  }

  /** True if any open stream has more credit than this. */
  exceed(most: number): boolean {
    if (!this.#kept) {
      if (this.#bound <= most) return false
      this.#kept = true
      for (const stream of this.#open) this.#add(stream)
    }
    return this.#highest > most
  }

  #add(stream: Credited): void {
    const { sendCredit, raisedAt } = stream
    if (sendCredit <= 0) return
    if (raisedAt === NOT_RAISED) this.#put(stream, sendCredit, this.#streams.length)
    else if (this.#credits[raisedAt]! >= sendCredit) return
    else this.#credits[raisedAt] = sendCredit
    this.#settle(stream.raisedAt)
  }

  /** The stream closed. */
  remove(stream: Credited): void {
    const at = stream.raisedAt
    if (at === NOT_RAISED) return
    stream.raisedAt = NOT_RAISED
    const last = this.#streams.pop()!
    const credit = this.#credits.pop()!
    if (last === stream) return
    this.#put(last, credit, at)
    this.#settle(at)
  }

  /** The highest credit of any stream; 0 if none is above. */
  get #highest(): number {
    for (let first = this.#streams[0]; first !== undefined; first = this.#streams[0]) {
      const credit = first.sendCredit
      if (credit === this.#credits[0]) return credit
      if (credit <= 0) {
        this.remove(first)
      } else {
        this.#credits[0] = credit
        this.#settle(0)
      }
    }
    return 0
  }

  #put(stream: Credited, credit: number, at: number): void {
    this.#streams[at] = stream
    this.#credits[at] = credit
    stream.raisedAt = at
  }

  /** Moves what stands in a place to where it belongs. */
  #settle(start: number): void {
    const stream = this.#streams[start]!
    const credit = this.#credits[start]!
    let at = start
    for (let above = (at - 1) >> 1; at > 0 && this.#credits[above]! < credit; above = (at - 1) >> 1) {
      this.#put(this.#streams[above]!, this.#credits[above]!, at)
      at = above
    }
    for (
      let below = this.#higher(2 * at + 1);
      below < this.#streams.length;
      below = this.#higher(2 * at + 1)
    ) {
      if (this.#credits[below]! <= credit) break
      this.#put(this.#streams[below]!, this.#credits[below]!, at)
      at = below
    }
    this.#put(stream, credit, at)
  }

  /** Of two places side by side, the one with more credit. */
  #higher(left: number): number {
    return left + 1 < this.#credits.length && this.#credits[left + 1]! > this.#credits[left]!
      ? left + 1
      : left
  }
}
