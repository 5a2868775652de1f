/**
 * Watches the event loop while requests are open: a timer that rings too late
 * says that the process was busy elsewhere. Its one rule: when nothing is open,
 * nothing ticks.
 */
import type { Clock } from '../settings/clock.ts'

/** Milliseconds between two looks: what is shorter is not seen for sure. */
const EVERY_MS = 25
/** Milliseconds by which the timer is late before that is told. */
const LATE_MS = 10

export class LoopWatch {
  readonly #clock: Clock
  readonly #late: (lagMs: number, now: number) => void
  #open: number
  #timer: unknown
  #dueAt: number

  constructor(clock: Clock, late: (lagMs: number, now: number) => void) {
    this.#clock = clock
    this.#late = late
    this.#open = 0
    this.#timer = undefined
    this.#dueAt = 0
  }

  /** A request is open. */
  begin(now: number): void {
    this.#open++
    if (this.#timer === undefined) this.#wait(now)
  }

  /** A request is over. */
  end(): void {
    this.#open--
  }

  #wait(now: number): void {
    this.#dueAt = now + EVERY_MS
    this.#timer = this.#clock.setTimer(this.#ring, EVERY_MS)
  }

  readonly #ring = (): void => {
    this.#timer = undefined
    const now = this.#clock.now()
    if (now >= this.#dueAt + LATE_MS) this.#late(now - this.#dueAt, now)
    if (this.#open > 0) this.#wait(now)
  }
}
