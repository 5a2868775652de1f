/**
 * Whether a session is gone, and who waits for that. The one rule: it happens
 * once, and whoever asks later is told at once.
 */

export class Departure {
  /** True once nothing of the session is left. */
  happened: boolean
  #waiting: (() => void)[]

  constructor() {
    this.happened = false
    this.#waiting = []
  }

  /** Callers that wait. */
  get size(): number {
    return this.#waiting.length
  }

  wait(): Promise<void> {
    if (this.happened) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  happen(): void {
    this.happened = true
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
