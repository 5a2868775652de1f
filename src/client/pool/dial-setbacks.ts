/**
 * Dials of one origin that fail, one after the other: who has waited through
 * enough of them, and when the next begins. Its one rule: every request has
 * tries and time of its own.
 */
import type { Ending } from '../failure.ts'
import type { DialBegun } from './dialler.ts'
import type { OriginMemory } from './origin-memory.ts'
import { retryDelay } from './retry-policy.ts'

/** What runtimes report where nobody listens, or whoever did hung up: a server that restarts does both. */
const PASSING = new Set(['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ENOENT'])
/** Errors inside errors that are looked at. */
const DEPTH = 5

/** True if a dial failed in a way that may be over in a moment. */
export function isPassing(ending: unknown): boolean {
  let error = ending
  for (let depth = 0; depth < DEPTH && typeof error === 'object' && error !== null; depth++) {
    const { code, cause } = error as { code?: unknown; cause?: unknown }
    if (typeof code === 'string' && PASSING.has(code)) return true
    error = cause
  }
  return false
}

/** True if a dial failed for want of time: whoever came late has more of it. */
function isTimeout(ending: Ending): boolean {
  return 'code' in ending && ending.code?.startsWith('H2_TIMEOUT') === true
}

/** Whoever had so much of a dial's time had all of it. */
const MOST_OF_ITS_TIME = 0.9

/** When a dial failed. */
interface Moment {
  /** Milliseconds on the clock. */
  readonly now: number
  /** The number of the last dial that has begun. */
  readonly begun: number
  /** How often a dial that was refused or reset is tried again. */
  readonly redials: number
}

/** What follows from a failed dial. */
interface Setback {
  /** Whoever came at this time or before has no more tries. */
  readonly cameBy: number
  /** Milliseconds for which the next dial waits. */
  readonly delayMs: number
}

export class DialSetbacks {
  readonly #memory: OriginMemory
  /** When rounds of dials ended that were refused or reset, the latest last. */
  #rounds: number[]
  /** The last dial that had begun when a round's first one failed: up to it they are of that round. */
  #roundEnd: number

  constructor(memory: OriginMemory) {
    this.#memory = memory
    this.#rounds = []
    this.#roundEnd = 0
  }

  /** True if the last dial failed. */
  get failing(): boolean {
    return this.#memory.dialFailures > 0
  }

  /** A dial failed. */
  failed(ending: Ending, { number, startedAt }: DialBegun, { now, begun, redials }: Moment): Setback {
    const passing = redials > 0 && isPassing(ending)
    const anew = number > this.#roundEnd
    if (anew) {
      this.#roundEnd = begun
      this.#memory.dialFailures += 1
      if (passing) this.#rounds = [...this.#rounds.slice(-redials), now]
    }
    const failures = this.#memory.dialFailures - (passing ? 0 : 1)
    const delayMs = anew ? retryDelay(failures, Math.random()) : 0
    if (passing) return { cameBy: this.#rounds.at(-redials - 1) ?? Number.NEGATIVE_INFINITY, delayMs }
    const late = startedAt + (now - startedAt) * (1 - MOST_OF_ITS_TIME)
    return { cameBy: isTimeout(ending) ? late : Number.POSITIVE_INFINITY, delayMs }
  }

  /** A connection stands. */
  over(): void {
    this.#rounds = []
  }
}
