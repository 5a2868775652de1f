// What the servers of the Eliza service do, whichever library serves it.

/** Waits for the end of a call that hangs, and tells the checks of it. */
export class Served {
  #starts = []
  #ends = []

  /** Resolves when the next call that hangs has begun. */
  hanging() {
    return new Promise((resolve) => this.#starts.push(resolve))
  }

  /** Resolves when the server sees the next call given up by its caller. */
  cancelled() {
    return new Promise((resolve) => this.#ends.push(resolve))
  }

  began() {
    this.#starts.shift()?.()
  }

  /** A call was given up. */
  ended() {
    this.#ends.shift()?.()
  }

  /** Never comes back before `signal` aborts. */
  hang(signal) {
    this.began()
    return new Promise((_resolve, reject) => {
      const abort = () => reject(signal.reason)
      if (signal.aborted) abort()
      else signal.addEventListener('abort', abort)
    })
  }
}

/** The sentences of Introduce, without those who hang. */
export function introductions({ sentence, count }) {
  return Array.from({ length: count }, (_, index) => ({ sentence: `${sentence} ${index}` }))
}
