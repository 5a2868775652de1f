/**
 * A signal with which one request is cancelled. Its one rule: it does what the
 * client asks of an `AbortSignal` and no more, because the platform's own costs
 * as much as the request and outlives young collections.
 */

type Listener = (() => void) | { handleEvent(): void }

export class Cancellation {
  aborted: boolean
  reason: unknown
  #listeners: Listener[]

  constructor() {
    this.aborted = false
    this.reason = undefined
    this.#listeners = []
  }

  /** As the options of a request take it. */
  get signal(): AbortSignal {
    return this as unknown as AbortSignal
  }

  addEventListener(_type: 'abort', listener: Listener): void {
    this.#listeners.push(listener)
  }

  removeEventListener(_type: 'abort', listener: Listener): void {
    this.#listeners = this.#listeners.filter((one) => one !== listener)
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason
  }

  abort(reason: unknown): void {
    if (this.aborted) return
    this.aborted = true
    this.reason = reason
    const listeners = this.#listeners
    this.#listeners = []
    for (const listener of listeners) {
      if (typeof listener === 'function') listener()
      else listener.handleEvent()
    }
  }
}
