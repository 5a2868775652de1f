/**
 * Open streams by identifier: a hash table chained through the streams. The
 * platform's `Map` leaves a table of dead entries behind each time it has
 * filled with deletions, and where such a table has grown old it keeps every
 * stream in it from being collected. Here a stream that leaves is forgotten.
 */
import type { Stream } from './stream.ts'

const FIRST_SLOTS = 4

export class StreamMap {
  /** Heads of the chains; the length is a power of two. */
  #slots: (Stream | undefined)[] = new Array(FIRST_SLOTS).fill(undefined)
  size = 0

  get(streamId: number): Stream | undefined {
    let stream = this.#slots[this.#slot(streamId)]
    while (stream !== undefined && stream.id !== streamId) stream = stream.chained
    return stream
  }

  /** Adds a stream that is not in the map. */
  add(stream: Stream): void {
    if (this.size === this.#slots.length) this.#grow()
    this.#link(stream)
    this.size += 1
  }

  /** Takes a stream out. False if it was not in. */
  delete(stream: Stream): boolean {
    const slot = this.#slot(stream.id)
    let before: Stream | undefined
    let at = this.#slots[slot]
    while (at !== undefined && at !== stream) {
      before = at
      at = at.chained
    }
    if (at === undefined) return false
    if (before === undefined) this.#slots[slot] = stream.chained
    else before.chained = stream.chained
    stream.chained = undefined
    this.size -= 1
    return true
  }

  /** All, by identifier. */
  values(): Stream[] {
    return [...this].sort((a, b) => a.id - b.id)
  }

  /** All, in no order. The map must not change meanwhile. */
  *[Symbol.iterator](): Generator<Stream, undefined> {
    for (const head of this.#slots) {
      for (let stream = head; stream !== undefined; stream = stream.chained) yield stream
    }
  }

  /** Identifiers of one side differ by two: the lowest bit says nothing. */
  #slot(streamId: number): number {
    return (streamId >>> 1) & (this.#slots.length - 1)
  }

  #link(stream: Stream): void {
    const slot = this.#slot(stream.id)
    stream.chained = this.#slots[slot]
    this.#slots[slot] = stream
  }

  #grow(): void {
    const all = this.values()
    this.#slots = new Array(this.#slots.length * 2).fill(undefined)
    for (const stream of all) this.#link(stream)
  }
}
