/**
 * The order in which a stream's events reach its caller. One rule: after each
 * event of fields the caller's promises and ticks have their turn, as between
 * two callbacks of Node's own, before the next is told: whoever awaits
 * `response` can still listen for `trailers`.
 */

/** Who counts the streams that hold something back. */
export interface DeliveryCounter {
  held(): void
  released(): void
}

export class Deliveries {
  readonly #counter: DeliveryCounter
  /** What waits; undefined while nothing has to. */
  #waiting: (() => void)[] | undefined = undefined

  constructor(counter: DeliveryCounter) {
    this.#counter = counter
  }

  /** Does it now, or behind what waits. */
  deliver(action: () => void): void {
    if (this.#waiting === undefined) action()
    else this.#waiting.push(action)
  }

  /** An event was told: the next waits for a turn. */
  pause(): void {
    if (this.#waiting !== undefined) return
    this.#waiting = []
    this.#counter.held()
    queueMicrotask(this.#turn)
  }

  /** A tick behind the promises that are settled now, and those that they settle. */
  readonly #turn = (): void => {
    process.nextTick(this.#release)
  }

  readonly #release = (): void => {
    const waiting = this.#waiting!
    this.#waiting = undefined
    for (let i = 0; i < waiting.length; i++) {
      waiting[i]!()
      if (this.#waiting === undefined) continue
      ;(this.#waiting as (() => void)[]).push(...waiting.slice(i + 1))
      break
    }
    this.#counter.released()
  }
}
