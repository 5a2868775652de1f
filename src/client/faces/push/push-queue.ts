/**
 * Pushes that nobody has asked for yet, and readers that wait for one
 * (RFC 9113 §8.4). Its one rule: the queue is bounded; what does not fit is
 * refused.
 */
import type { HTTP20Push } from './http20-push.ts'

/** Pushes kept for a reader that may come. */
const MAX_UNCLAIMED = 100

/** A queue with any number of readers; each push goes to one. */
export class PushQueue {
  readonly #pushes: Set<HTTP20Push>
  #readers: ((result: IteratorResult<HTTP20Push>) => void)[]
  #over: boolean

  constructor() {
    this.#pushes = new Set()
    this.#readers = []
    this.#over = false
  }

  get full(): boolean {
    return this.#pushes.size >= MAX_UNCLAIMED
  }

  /** Gives a push to the reader that waits longest, or keeps it. True if a reader took it. */
  add(push: HTTP20Push): boolean {
    const reader = this.#readers.shift()
    if (reader === undefined) this.#pushes.add(push)
    else reader({ done: false, value: push })
    return reader !== undefined
  }

  /** Somebody else gave it out. */
  remove(push: HTTP20Push): void {
    this.#pushes.delete(push)
  }

  /** No more will come. Those that are kept can still be taken. */
  end(): void {
    this.#over = true
    for (const reader of this.#readers) reader({ done: true, value: undefined })
    this.#readers = []
  }

  /** The next push. `taken` is called for each that is given out. */
  next(taken: (push: HTTP20Push) => void): Promise<IteratorResult<HTTP20Push>> {
    for (const push of this.#pushes) {
      this.#pushes.delete(push)
      taken(push)
      return Promise.resolve({ done: false, value: push })
    }
    if (this.#over) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => {
      this.#readers.push((result) => {
        if (result.done !== true) taken(result.value)
        resolve(result)
      })
    })
  }
}

/** Iterates over a queue. Leaving early leaves the other pushes where they are. */
export function pushesOf(
  queue: PushQueue,
  taken: (push: HTTP20Push) => void,
): AsyncIterableIterator<HTTP20Push> {
  let left = false
  return {
    next: () => (left ? Promise.resolve({ done: true, value: undefined }) : queue.next(taken)),
    return() {
      left = true
      return Promise.resolve({ done: true, value: undefined })
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
