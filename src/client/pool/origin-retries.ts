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
import { type Attempt, judge, RetryBudget, type RetryRules, retryDelay } from './retry-policy.ts'
import { UnansweredStreak } from './unanswered-streak.ts'

/** The origin, as its retries see it. */
export interface RetriesOwner {
  readonly observer: Observer
  /** Has it wait for a connection or a stream, after `delayMs`. */
  rejoin(exchange: Exchange, delayMs: number): void
  /** The failure may say that the server wants HTTP/1.1; true if from now on it gets that. */
  fallBack(failure: ClientFailure): boolean
}

/** What became of a request before. */
interface Past {
  /** How often it was sent again, and nothing was answered in between. */
  fruitless: number
  /** How often it was put on a connection and never left, and nothing was answered in between. */
  requeued: number
  /** Answers of the origin when it was sent again last. */
  answers: number
  /** It went from HTTP/2 to HTTP/1.1. */
  fellBack: boolean
  /** It crossed the end of a connection. */
  crossed: boolean
}

export class OriginRetries implements Resender<Exchange> {
  readonly #owner: RetriesOwner
  readonly #rules: RetryRules
  readonly #budget: RetryBudget
  readonly #streak: UnansweredStreak
  /** Requests that failed, and may fail again. */
  readonly #pasts: WeakMap<Exchange, Past>
  /** Requests that were answered. */
  #answers: number
  /** Why the last request on a connection failed. */
  #lastFailure: ClientFailure | undefined

  constructor(owner: RetriesOwner, rules: RetryRules) {
    this.#owner = owner
    this.#rules = rules
    this.#budget = new RetryBudget()
    this.#streak = new UnansweredStreak()
    this.#pasts = new WeakMap()
    this.#answers = 0
    this.#lastFailure = undefined
  }

  answered({ carriage }: Exchange): void {
    this.#answers += 1
    this.#streak.end()
    this.#budget.earn()
    if (carriage !== undefined) carriage.served = true
  }

  affords(): boolean {
    return this.#budget.take()
  }

  resend(exchange: Exchange, failure: ClientFailure): boolean {
    this.#lastFailure = failure
    const past = this.#pastOf(exchange)
    if (this.#owner.fallBack(failure) && exchange.replayable && !past.fellBack) {
      past.fellBack = true
      this.#again(exchange, past, failure, 0)
      return true
    }
    const taken = takenBefore(exchange, failure)
    // Whoever takes some of many requests each time will have taken all in the end.
    if (taken > 0 || this.#answers > past.answers) {
      past.fruitless = 0
      past.requeued = 0
    }
    const verdict = judge(this.#rules, this.#attempt(exchange, past, failure), failure)
    if (verdict === 'fail') return false
    if (verdict === 'requeue') return this.#requeue(exchange, past)
    // The first time with proof costs nothing: a server that shuts down sends many requests back at once.
    if ((verdict === 'repeat' || past.fruitless > 0) && !this.affords()) return false
    if (verdict === 'once') past.crossed = true
    this.#again(exchange, past, failure, taken > 0 ? 0 : retryDelay(exchange.resent, Math.random()))
    return true
  }

  /** It never left, which costs it nothing as long as connections are of any use. */
  #requeue(exchange: Exchange, past: Past): boolean {
    if (past.requeued > this.#mostUnanswered) return false
    past.requeued += 1
    past.answers = this.#answers
    exchange.withdraw()
    this.#owner.rejoin(exchange, 0)
    return true
  }

  /** Connections in a row that may end and answer nothing. */
  get #mostUnanswered(): number {
    return Math.max(1, this.#rules.attempts)
  }

  #pastOf(exchange: Exchange): Past {
    let past = this.#pasts.get(exchange)
    if (past === undefined) {
      const fruitless = exchange.resent
      past = { fruitless, requeued: 0, answers: this.#answers, fellBack: false, crossed: false }
      this.#pasts.set(exchange, past)
    }
    return past
  }

  #attempt(exchange: Exchange, past: Past, failure: ClientFailure): Attempt {
    const { plan, replayable, carriage, receivedThen, resent } = exchange
    const silent = carriage?.served === true && carriage.bytesReceived === receivedThen
    return {
      method: plan.method,
      replayable,
      // Of a connection error every request may be the cause, whatever else is answered.
      resent: failure.errorCode !== 0 && failure.kind === 'GOAWAY' ? resent : past.fruitless,
      sent: exchange.streamId !== 0 || failure.processed !== 'no',
      stale: silent && !past.crossed,
    }
  }

  #again(exchange: Exchange, past: Past, failure: ClientFailure, delayMs: number): void {
    past.fruitless += 1
    past.answers = this.#answers
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
    if (streak <= this.#mostUnanswered) return streak > 1 ? retryDelay(streak - 1, Math.random()) : 0
    this.#streak.end()
    return unanswered(this.#lastFailure)
  }
}

/** Requests that its connection took before the peer said GOAWAY and refused this one (RFC 9113 §6.8). */
function takenBefore({ carriage, streamId }: Exchange, failure: ClientFailure): number {
  const drained = failure.kind === 'GOAWAY' && failure.errorCode === 0 && failure.processed === 'no'
  return drained && streamId > 0 && carriage !== undefined ? carriage.refusedFrom(streamId) : 0
}
