/**
 * What an exchange waits for, and until when. Pure: time is a parameter. Its
 * one rule: one limit runs at a time, and none outlives the total.
 */
import type { TimeLimits } from '../settings/timeouts.ts'

const NEVER = Number.POSITIVE_INFINITY

/** What is waited for, as the codes of errors name it. */
export type Awaited = 'QUEUE' | 'HEADERS' | 'BODY'

export class Patience {
  /** When it is over, Infinity for never. */
  deadline: number
  readonly #limits: TimeLimits
  #totalDeadline: number
  /** Undefined while only the total counts. */
  #awaited: Awaited | undefined
  /** Octets of the request that waited when the deadline was set last: fewer now is progress. */
  #queuedThen: number

  constructor(limits: TimeLimits) {
    this.deadline = NEVER
    this.#limits = limits
    this.#totalDeadline = NEVER
    this.#awaited = undefined
    this.#queuedThen = 0
  }

  /** From here on all of it takes its time. */
  startTotal(startedAt: number): void {
    const { total } = this.#limits
    if (total > 0) this.#totalDeadline = startedAt + total
  }

  /** Nothing is waited for but the end. */
  rest(): void {
    this.#awaited = undefined
    this.deadline = this.#totalDeadline
  }

  /** The wait for this begins, or begins anew. `queued`: octets of the request that were not sent. */
  await(awaited: Awaited, now: number, queued: number): void {
    const limitMs = this.#limitOf(awaited)
    const due = limitMs > 0 ? now + limitMs : NEVER
    this.#awaited = awaited
    this.#queuedThen = queued
    this.deadline = Math.min(due, this.#totalDeadline)
  }

  /** True if no limit runs but the total. */
  get resting(): boolean {
    return this.deadline === this.#totalDeadline
  }

  /**
   * The deadline passed: why that is the end, undefined if the wait begins anew.
   * `excused`: the reader is late, not the peer.
   */
  late(now: number, queued: number, excused: boolean): { which: string; limitMs: number } | undefined {
    const awaited = this.#awaited
    if (now >= this.#totalDeadline) return { which: 'TOTAL', limitMs: this.#limits.total }
    if (awaited === undefined) return undefined
    if (awaited !== 'QUEUE' && (queued !== this.#queuedThen || (awaited === 'BODY' && excused))) {
      this.await(awaited, now, queued)
      return undefined
    }
    return { which: awaited, limitMs: this.#limitOf(awaited) }
  }

  /** It is over. */
  end(): void {
    this.deadline = NEVER
  }

  #limitOf(awaited: Awaited): number {
    if (awaited === 'QUEUE') return this.#limits.queue
    return awaited === 'HEADERS' ? this.#limits.headers : this.#limits.bodyIdle
  }
}
