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
  /** When the wait that began last is over. */
  #due: number
  /** When content that is held back is sent without a word, Infinity for never. */
  #heldUntil: number
  /** Undefined while only the total counts. */
  #awaited: Awaited | undefined
  /** Octets of the request that waited when the deadline was set last: fewer now is progress. */
  #queuedThen: number

  constructor(limits: TimeLimits) {
    this.deadline = NEVER
    this.#limits = limits
    this.#totalDeadline = NEVER
    this.#due = NEVER
    this.#heldUntil = NEVER
    this.#awaited = undefined
    this.#queuedThen = 0
  }

  /** Content is held back until then, but no longer. */
  hold(until: number): void {
    this.#heldUntil = until
    this.#set(this.#due)
  }

  /** True, once, if content was held back until now. */
  unheld(now: number): boolean {
    if (now < this.#heldUntil) return false
    this.hold(NEVER)
    return true
  }

  #set(due: number): void {
    this.#due = due
    this.deadline = Math.min(due, this.#totalDeadline, this.#heldUntil)
  }

  /** From here on all of it takes its time. */
  startTotal(startedAt: number): void {
    const { total } = this.#limits
    if (total > 0) this.#totalDeadline = startedAt + total
  }

  /** Nothing is waited for but the end. */
  rest(): void {
    this.#awaited = undefined
    this.#set(NEVER)
  }

  /** The wait for this begins, or begins anew. `queued`: octets of the request that were not sent. */
  await(awaited: Awaited, now: number, queued: number): void {
    const limitMs = this.#limitOf(awaited)
    const due = limitMs > 0 ? now + limitMs : NEVER
    this.#awaited = awaited
    this.#queuedThen = queued
    this.#set(due)
  }

  /** True if no limit runs but the total. */
  get resting(): boolean {
    return this.#due === NEVER
  }

  /**
   * The deadline passed: why that is the end, undefined if the wait begins anew.
   * `excused`: the reader is late, not the peer.
   */
  late(
    now: number,
    queued: number,
    excused: boolean,
  ): { which: Awaited | 'TOTAL'; limitMs: number } | undefined {
    const awaited = this.#awaited
    if (now >= this.#totalDeadline) return { which: 'TOTAL', limitMs: this.#limits.total }
    if (awaited === undefined || now < this.#due) return undefined
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
