/**
 * Requests whose answers have a status that the caller said to repeat: which
 * are sent again, and the wait before that. Its one rule: nobody waits for
 * longer than the request may take, the signal allows, or the client lives.
 */

import { type Ending, errorOf } from '../failure.ts'
import type { HTTP20Response } from '../response/http20-response.ts'
import { unwatch, watch } from '../session/abort-watch.ts'
import type { Exchange } from '../session/exchange.ts'
import { type Clock, wallOf } from '../settings/clock.ts'
import { type RetryRules, statusDelay } from './retry-policy.ts'

/** Sends the request once more. */
export type SendAgain = (before: Exchange) => Exchange

export class StatusRetries {
  readonly #rules: RetryRules
  readonly #clock: Clock
  /** Requests under way, until the answer that is given out. */
  readonly #underWay: Set<Promise<unknown>>
  /** Waits between two attempts; called, one rejects. */
  readonly #waits: Set<(reason: unknown) => void>
  /** Why nobody waits any more. */
  #ending: Ending | undefined

  constructor(rules: RetryRules, clock: Clock) {
    this.#rules = rules
    this.#clock = clock
    this.#underWay = new Set()
    this.#waits = new Set()
    this.#ending = undefined
  }

  /** True if any status is repeated. */
  get wanted(): boolean {
    return this.#rules.statuses.length > 0
  }

  /** The answer to give out. */
  answer(first: Exchange, sendAgain: SendAgain): Promise<HTTP20Response> {
    const answer = this.#repeat(first, sendAgain)
    this.#underWay.add(answer)
    const over = (): unknown => this.#underWay.delete(answer)
    answer.then(over, over)
    return answer
  }

  async #repeat(first: Exchange, sendAgain: SendAgain): Promise<HTTP20Response> {
    for (let exchange = first; ; exchange = sendAgain(exchange)) {
      const response = await exchange.response()
      const delayMs = this.#delay(exchange, response)
      if (delayMs === undefined || exchange.resender?.affords() !== true) return response
      response.cancel()
      await this.#wait(delayMs, exchange.plan.signal)
    }
  }

  /** Milliseconds before it is sent again; undefined to take the answer as it is. */
  #delay({ plan, replayable, resent, startedAt }: Exchange, response: HTTP20Response): number | undefined {
    const attempt = { method: plan.method, replayable, resent, sent: true }
    const retryAfter = response.getHeader('retry-after')
    const now = wallOf(this.#clock)
    const delayMs = statusDelay(this.#rules, attempt, response.status, retryAfter, now, Math.random())
    const { total } = plan.limits
    // An answer of any kind is better than none in time.
    const late = total > 0 && this.#clock.now() + (delayMs ?? 0) >= startedAt + total
    return late ? undefined : delayMs
  }

  #wait(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true || this.#ending !== undefined) {
        reject(signal?.aborted === true ? signal.reason : errorOf(this.#ending!, 0))
        return
      }
      const over = (): void => {
        this.#clock.clearTimer(timer)
        this.#waits.delete(fail)
        if (signal !== undefined) unwatch(signal, watcher)
      }
      const fail = (reason: unknown): void => {
        over()
        reject(reason)
      }
      const due = (): void => {
        over()
        resolve()
      }
      const watcher = { aborted: () => fail(signal!.reason) }
      const timer = this.#clock.setTimer(due, delayMs, true)
      this.#waits.add(fail)
      if (signal !== undefined) watch(signal, watcher)
    })
  }

  /** True if a request may be sent again yet. */
  get busy(): boolean {
    return this.#underWay.size > 0
  }

  /** Resolves when each has its answer, or has failed. */
  async over(): Promise<void> {
    await Promise.allSettled(this.#underWay)
  }

  /** Ends every wait, now and later: each request rejects. */
  fail(ending: Ending): void {
    this.#ending = ending
    for (const fail of [...this.#waits]) fail(errorOf(ending, 0))
  }
}
