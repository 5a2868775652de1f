/**
 * Connections to one origin that end, one after the other, and answer nothing.
 * Its one rule: a connection that stood when another ended says nothing new by
 * its own end, so that a restart of all of them is one.
 */
export class UnansweredStreak {
  #length: number
  #epoch: number

  constructor() {
    this.#length = 0
    this.#epoch = 0
  }

  /** When a connection is made, to be given back when it ends. */
  get epoch(): number {
    return this.#epoch
  }

  /** The origin answered, or nobody waits any more: it begins anew. */
  end(): void {
    this.#length = 0
  }

  /** A connection ended. Returns how many did in a row, 0 if this one does not count. */
  ended(epoch: number): number {
    if (epoch !== this.#epoch) return 0
    this.#epoch += 1
    this.#length += 1
    return this.#length
  }
}
