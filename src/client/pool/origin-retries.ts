/**
 * What becomes of one origin's requests that failed unanswered: which take
 * their place in the line again, when, and when the origin is given up. The
 * rules are `retry-policy`'s. Its one rule: whatever is sent again was
 * withdrawn first, so that it is in one place.
 */

import { type ClientFailure, unanswered } from '../failure.ts'
import type { Exchange } from '../session/exchange.ts'
import type { Resender } from '../session/exchange-host.ts'
import type { Observer } from '../session/observer.ts'
import { judge, RetryBudget, type RetryRules, retryDelay } from './retry-policy.ts'
import { UnansweredStreak } from './unanswered-streak.ts'

/** The origin, as its retries see it. */
export interface RetriesOwner {
  readonly observer: Observer
  /** Has it wait for a connection or a stream, after `delayMs`. */
  rejoin(exchange: Exchange, delayMs: number): void
  /** The failure may say that the server wants HTTP/1.1; true if from now on it gets that. */
  fallBack(failure: ClientFailure): boolean
}

export class OriginRetries implements Resender<Exchange> {
  readonly #owner: RetriesOwner
  readonly #rules: RetryRules
  readonly #budget: RetryBudget
  readonly #streak: UnansweredStreak
  /** Why the last request on a connection failed. */
  #lastFailure: ClientFailure | undefined

  constructor(owner: RetriesOwner, rules: RetryRules) {
    this.#owner = owner
    this.#rules = rules
    this.#budget = new RetryBudget()
    this.#streak = new UnansweredStreak()
    this.#lastFailure = undefined
  }

  answered(): void {
    this.#streak.end()
    this.#budget.earn()
  }

  affords(): boolean {
    return this.#budget.take()
  }

  resend(exchange: Exchange, failure: ClientFailure): boolean {
    this.#lastFailure = failure
    const { plan, replayable, resent } = exchange
    if (this.#owner.fallBack(failure) && replayable && resent === 0) {
      this.#again(exchange, failure, 0)
      return true
    }
    const sent = exchange.streamId !== 0 || failure.processed !== 'no'
    const verdict = judge(this.#rules, { method: plan.method, replayable, resent, sent }, failure)
    if (verdict === 'fail') return false
    if (verdict === 'requeue') {
      exchange.withdraw()
      this.#owner.rejoin(exchange, 0)
      return true
    }
    // The first time with proof costs nothing: a server that shuts down sends many requests back at once.
    if ((verdict === 'repeat' || resent > 0) && !this.affords()) return false
    this.#again(exchange, failure, retryDelay(resent, Math.random()))
    return true
  }

  #again(exchange: Exchange, failure: ClientFailure, delayMs: number): void {
    exchange.resent += 1
    exchange.withdraw()
    this.#owner.observer.requestResent(exchange, failure, delayMs)
    this.#owner.rejoin(exchange, delayMs)
  }

  /** When a connection is made, to be given back when it ends. */
  get epoch(): number {
    return this.#streak.epoch
  }

  /**
   * A connection that was used has ended. An origin that takes connections and
   * answers nothing is not dialled for ever: returns milliseconds for which the
   * next dial waits, or why what waits is given up.
   */
  ended(epoch: number): number | ClientFailure {
    const streak = this.#streak.ended(epoch)
    if (streak <= Math.max(1, this.#rules.attempts))
      return streak > 1 ? retryDelay(streak - 1, Math.random()) : 0
    this.#streak.end()
    return unanswered(this.#lastFailure)
  }
}
