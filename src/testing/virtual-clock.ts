/**
 * Time that stands still until the test moves it. Its one rule: a timer fires
 * at its own moment, in order, and what it causes is done before the next.
 */
import { settled } from './settled.ts'
import type { Clock } from './transport-shape.ts'

interface Timer {
  readonly at: number
  readonly callback: () => void
}

/**
 * A clock for the client's `clock` option.
 *
 * @example
 * const clock = new VirtualClock()
 * const conn = new HTTP20Connection('a.test', { transport: peer.dial, clock })
 * const answer = conn.getResponse(conn.request('GET', '/'))
 * await clock.advance(60_000) // `answer` rejects with H2_TIMEOUT_HEADERS
 */
export class VirtualClock implements Clock {
  /** Milliseconds since the clock was made. */
  elapsed = 0
  readonly #timers = new Set<Timer>()

  /** Milliseconds; the start is no round number, so that nothing can rest on it. */
  now(): number {
    return 1009 + this.elapsed
  }

  setTimer(callback: () => void, delayMs: number): unknown {
    const timer: Timer = { at: this.elapsed + Math.max(0, delayMs), callback }
    this.#timers.add(timer)
    return timer
  }

  clearTimer(handle: unknown): void {
    this.#timers.delete(handle as Timer)
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#timers.size
  }

  /** Moves time on by `ms` milliseconds and fires what falls due, each at its moment. */
  async advance(ms: number): Promise<void> {
    const until = this.elapsed + ms
    await settled()
    for (let next = this.#first(); next !== undefined && next.at <= until; next = this.#first()) {
      this.#timers.delete(next)
      this.elapsed = Math.max(this.elapsed, next.at)
      next.callback()
      await settled()
    }
    this.elapsed = until
    await settled()
  }

  /** The earliest timer; of those at one moment the oldest. */
  #first(): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) if (first === undefined || timer.at < first.at) first = timer
    return first
  }
}
