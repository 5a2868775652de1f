/**
 * Callers of `connect`, who wait until a connection stands. The one rule: each
 * is told once, and each gets an error of its own.
 */
import { type Ending, errorOf } from '../failure.ts'

export class ConnectWaiters {
  #waiting: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[]

  constructor() {
    this.#waiting = []
  }

  get size(): number {
    return this.#waiting.length
  }

  wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
    })
  }

  connected(): void {
    for (const { resolve } of this.#take()) resolve()
  }

  fail(ending: Ending): void {
    for (const { reject } of this.#take()) reject(errorOf(ending, 0))
  }

  #take(): { readonly resolve: () => void; readonly reject: (error: unknown) => void }[] {
    const waiting = this.#waiting
    this.#waiting = []
    return waiting
  }
}
