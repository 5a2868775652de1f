/**
 * The requests that are open. Its one rule: joining and leaving cost the same
 * whatever their number, and leave nothing behind: tables of a `Set` that has
 * grown old keep what was deleted from them alive past young collections.
 */

/** What can be in the list. */
export interface Listed {
  /** Place in the list, -1 outside. Written by `OpenRequests` only. */
  slot: number
}

export class OpenRequests<T extends Listed> {
  readonly #open: T[]

  constructor() {
    this.#open = []
  }

  add(request: T): void {
    request.slot = this.#open.length
    this.#open.push(request)
  }

  /** No-op if it is not in the list. */
  remove(request: Listed): void {
    const { slot } = request
    if (slot === -1) return
    const last = this.#open.pop()!
    if (last !== request) {
      this.#open[slot] = last
      last.slot = slot
    }
    request.slot = -1
  }

  /** A copy, safe to walk while the list changes. */
  all(): T[] {
    return this.#open.slice()
  }
}
