/**
 * The exchanges that are open, and the moment at which the first of them is
 * late. Pure: time is a parameter. Its one rule: moving a deadline costs a
 * comparison; only when the first one passes are all of them looked at.
 */

/** Something that may be late. */
export interface Timed {
  /** Milliseconds on the owner's clock, Infinity for never. Moved by the thing itself, then told to `note`. */
  readonly deadline: number
  /** Place in the list, -1 outside. Written by `Deadlines` only. */
  slot: number
  /** The deadline passed. It may move its deadline or leave the list. */
  onDeadline(now: number): void
}

/** A list of timed things: O(1) to join and to leave. */
export class Deadlines<T extends Timed> {
  /** No deadline is earlier than this; there may be none at it. */
  next: number
  readonly #open: T[]

  constructor() {
    this.next = Number.POSITIVE_INFINITY
    this.#open = []
  }

  get size(): number {
    return this.#open.length
  }

  add(item: T): void {
    item.slot = this.#open.length
    this.#open.push(item)
  }

  /** Takes it out. No-op if it is not in the list. */
  remove(item: T): void {
    const { slot } = item
    if (slot === -1) return
    const last = this.#open.pop()!
    if (last !== item) {
      this.#open[slot] = last
      last.slot = slot
    }
    item.slot = -1
  }

  /** A deadline was set. True if it is the earliest known, so that a timer may have to be moved. */
  note(deadline: number): boolean {
    if (deadline >= this.next) return false
    this.next = deadline
    return true
  }

  /** Tells everything that is late, and finds the next moment. */
  expire(now: number): void {
    if (now < this.next) return
    this.next = Number.POSITIVE_INFINITY
    for (const item of this.all()) {
      if (item.slot !== -1 && item.deadline <= now) item.onDeadline(now)
      if (item.slot !== -1) this.note(item.deadline)
    }
  }

  /** True if one is as `judge` says. */
  some(judge: (item: T) => boolean): boolean {
    return this.#open.some(judge)
  }

  /** A copy of the list, safe to walk while it changes. */
  all(): T[] {
    return this.#open.slice()
  }
}
