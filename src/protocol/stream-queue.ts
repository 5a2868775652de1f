/**
 * A queue of streams, or of what their owners make of them, as a ring of links
 * through themselves: adding, removing anywhere, and joining two queues cost
 * the same whatever their length. Each stands in at most one queue at a time.
 */

/** What can stand in a queue. Alone, it is linked to itself. */
export class Link {
  prev: Link = this
  next: Link = this

  /** True while in a queue. */
  get linked(): boolean {
    return this.next !== this
  }

  /** Leaves the queue, if in one. */
  unlink(): void {
    this.prev.next = this.next
    this.next.prev = this.prev
    this.prev = this
    this.next = this
  }
}

export class StreamQueue<T extends Link> {
  /** Stands between the last and the first. */
  readonly #ends = new Link()

  get first(): T | undefined {
    return this.#ends.linked ? (this.#ends.next as T) : undefined
  }

  get empty(): boolean {
    return !this.#ends.linked
  }

  /** From first to last; the one at hand may leave the queue. */
  *[Symbol.iterator](): Generator<T, undefined> {
    for (let link = this.#ends.next; link !== this.#ends; ) {
      const { next } = link
      yield link as T
      link = next
    }
  }

  /** Puts a link at the end, out of wherever it was. */
  push(link: T): void {
    link.unlink()
    const last = this.#ends.prev
    link.prev = last
    link.next = this.#ends
    last.next = link
    this.#ends.prev = link
  }

  /** Takes all of another queue, in order, behind our own. */
  absorb(other: StreamQueue<T>): void {
    if (other.empty) return
    const first = other.#ends.next
    const last = other.#ends.prev
    other.#ends.prev = other.#ends
    other.#ends.next = other.#ends
    first.prev = this.#ends.prev
    this.#ends.prev.next = first
    last.next = this.#ends
    this.#ends.prev = last
  }
}
