/**
 * A dial that does not give up at once: tried again where it was refused or
 * reset, with another beside it where it takes long. For connection objects
 * that dial for themselves; a pool has `origin-dials`. Its one rule: one
 * transport comes of it or one error, and nothing else is left.
 */
import type { Dial, Transport } from '../../transport/transport.ts'
import type { Clock } from '../settings/clock.ts'
import { isPassing } from './dial-setbacks.ts'
import { LATE_AFTER_MS } from './pool-policy.ts'
import { checkRetry, retryDelay } from './retry-policy.ts'

/** Dials under way at a time. */
const MOST_BESIDE = 3
const { dials: REDIALS } = checkRetry(undefined)

/** Dials as `dial` does, more than once if need be. */
export function persistentDial(dial: Dial, clock: Clock): Dial {
  return (target, options, signal) =>
    new Promise((resolve, reject) => {
      const attempts = new Attempts((abort) => dial(target, options, abort), clock, resolve, reject)
      signal?.addEventListener('abort', () => attempts.fail(signal.reason), { once: true })
      if (signal?.aborted === true) attempts.fail(signal.reason)
      else attempts.begin()
    })
}

class Attempts {
  readonly #dial: (signal: AbortSignal) => Promise<Transport>
  readonly #clock: Clock
  readonly #resolve: (transport: Transport) => void
  readonly #reject: (error: unknown) => void
  readonly #underWay: Set<AbortController>
  /** Those that were refused or reset. */
  #setbacks: number
  /** For the next that begins. */
  #timer: unknown
  #over: boolean

  constructor(
    dial: (signal: AbortSignal) => Promise<Transport>,
    clock: Clock,
    resolve: (transport: Transport) => void,
    reject: (error: unknown) => void,
  ) {
    this.#dial = dial
    this.#clock = clock
    this.#resolve = resolve
    this.#reject = reject
    this.#underWay = new Set()
    this.#setbacks = 0
    this.#timer = undefined
    this.#over = false
  }

  begin(): void {
    const abort = new AbortController()
    this.#underWay.add(abort)
    if (this.#underWay.size < MOST_BESIDE) this.#after(LATE_AFTER_MS, false)
    this.#dial(abort.signal).then(
      (transport) => {
        this.#underWay.delete(abort)
        if (this.#over) transport.destroy()
        else {
          this.#end(undefined)
          this.#resolve(transport)
        }
      },
      (error: unknown) => {
        this.#underWay.delete(abort)
        if (!this.#over) this.#failed(error)
      },
    )
  }

  #failed(error: unknown): void {
    if (!isPassing(error) || this.#setbacks >= REDIALS) {
      this.fail(error)
      return
    }
    this.#setbacks += 1
    this.#after(retryDelay(this.#setbacks, Math.random()), true)
  }

  /** The next begins after a while. `holds`: nothing else keeps the process alive. */
  #after(delayMs: number, holds: boolean): void {
    this.#clock.clearTimer(this.#timer)
    this.#timer = this.#clock.setTimer(() => this.begin(), delayMs, holds)
  }

  /** Gives up. */
  fail(error: unknown): void {
    if (this.#over) return
    this.#end(error)
    this.#reject(error)
  }

  #end(reason: unknown): void {
    this.#over = true
    this.#clock.clearTimer(this.#timer)
    for (const abort of this.#underWay) abort.abort(reason)
  }
}
