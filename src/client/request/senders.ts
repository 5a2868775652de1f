/**
 * Callers of `send` that wait for the stream to take more. The one rule: all
 * are told at once, and whatever ended the exchange is what they hear.
 */
import type { Incoming } from '../response/incoming.ts'

export class Senders {
  readonly #incoming: Incoming
  #waiting: (() => void)[]

  constructor(incoming: Incoming) {
    this.#incoming = incoming
    this.#waiting = []
  }

  wait(): Promise<void> {
    const incoming = this.#incoming
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        if (incoming.ending === undefined) resolve()
        else reject(incoming.error())
      })
    })
  }

  wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const tell of waiting) tell()
  }
}
