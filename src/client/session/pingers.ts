/**
 * Callers of `ping`, who wait for the answer to theirs (RFC 9113 §6.7). The
 * one rule: each is told once, of its own PING or of what ended the connection.
 */
import { type Ending, errorOf } from '../failure.ts'

interface Pinger {
  /** The engine's name of the PING. */
  readonly token: number
  readonly resolve: (roundTripTime: number) => void
  readonly reject: (error: unknown) => void
}

export class Pingers {
  #waiting: Pinger[]

  constructor() {
    this.#waiting = []
  }

  get size(): number {
    return this.#waiting.length
  }

  /** Resolves with the round trip in milliseconds. Rejects with what `send` throws. */
  wait(send: () => number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ token: send(), resolve, reject })
    })
  }

  answered(token: number, roundTripTime: number): void {
    const waiter = this.#waiting.find((pinger) => pinger.token === token)
    this.#waiting = this.#waiting.filter((pinger) => pinger !== waiter)
    waiter?.resolve(roundTripTime)
  }

  fail(ending: Ending): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { reject } of waiting) reject(errorOf(ending, 0))
  }
}
