/**
 * Requests that wait for a connection or for a stream on one, first come first
 * served, and those that are put off before they are sent again. Its one rule:
 * whoever waits can be aborted, has its deadline, and keeps the process alive.
 */

import type { UnreadBudget } from '../../protocol/index.ts'
import type { Ending } from '../failure.ts'
import { Deadlines } from '../session/deadlines.ts'
import type { Exchange } from '../session/exchange.ts'
import type { ExchangeHost } from '../session/exchange-host.ts'
import type { Observer } from '../session/observer.ts'
import type { Clock } from '../settings/clock.ts'

/** The timer rings at least so often, whether or not anybody is late. */
const LONGEST_MS = 2_147_483_647

/** What a line goes by. */
export interface LineSettings {
  readonly clock: Clock
  /** Whether it is because of this that nothing is sent. */
  readonly unread: UnreadBudget
}

export class WaitingLine implements ExchangeHost<Exchange> {
  readonly #clock: Clock
  readonly unread: UnreadBudget
  readonly #observer: Observer
  /** A wait ended without the line being asked. */
  readonly #onLeft: () => void
  /** Each with the time at which it joined, in milliseconds on the clock. */
  readonly #line: Map<Exchange, number>
  /** Stands before the first in the line: finding that one anew passes all who have left. */
  #front: IterableIterator<Exchange>
  /** Those put off, with their timers. */
  readonly #later: Map<Exchange, unknown>
  readonly #deadlines: Deadlines<Exchange>
  #timer: unknown
  #timerAt: number

  constructor({ clock, unread }: LineSettings, observer: Observer, onLeft: () => void) {
    this.#clock = clock
    this.unread = unread
    this.#observer = observer
    this.#onLeft = onLeft
    this.#line = new Map()
    this.#front = this.#line.keys()
    this.#later = new Map()
    this.#deadlines = new Deadlines()
    this.#timer = undefined
    this.#timerAt = Number.POSITIVE_INFINITY
  }

  /** Requests in the line, those put off not counted. */
  get size(): number {
    return this.#line.size
  }

  /** True if nobody waits, and nobody is put off. */
  get empty(): boolean {
    return this.#line.size === 0 && this.#later.size === 0
  }

  /** Joins at the end. `counts`: a connection stands, so that from now on the wait is for a stream. */
  join(exchange: Exchange, counts: boolean): void {
    this.#deadlines.add(exchange)
    this.#line.set(exchange, this.#clock.now())
    exchange.wait(this, counts)
    this.#observer.requestQueued(exchange, this.#clock.now(), counts ? 'stream' : 'connection')
  }

  /** Joins the line after a while; `due` is called then. */
  joinLater(exchange: Exchange, delayMs: number, due: () => void): void {
    this.#deadlines.add(exchange)
    exchange.wait(this, false)
    const ripe = (): void => {
      this.#later.delete(exchange)
      this.#line.set(exchange, this.#clock.now())
      due()
    }
    this.#later.set(exchange, this.#clock.setTimer(ripe, delayMs, true))
  }

  /** Takes out the first; undefined if nobody is in the line. */
  shift(): Exchange | undefined {
    if (this.#line.size === 0) return undefined
    let { value } = this.#front.next()
    if (value === undefined) {
      this.#front = this.#line.keys()
      value = this.#front.next().value
    }
    this.#leave(value!)
    return value
  }

  /** A connection stands: waiting for a stream counts, where it did not before. */
  connected(): void {
    for (const exchange of this.#line.keys()) exchange.connected()
  }

  /** No connection stands any more: the wait is for one, which counts for nobody. */
  disconnected(): void {
    for (const exchange of this.#line.keys()) exchange.wait(this, false)
  }

  /** Everybody fails. */
  fail(ending: Ending): void {
    for (const exchange of [...this.#line.keys(), ...this.#later.keys()]) exchange.fail(ending)
  }

  /** Those fail who joined at this time or before. */
  failJoinedBy(time: number, ending: Ending): void {
    const failed = [...this.#line].filter(([, joined]) => joined <= time)
    for (const [exchange] of failed) exchange.fail(ending)
  }

  #leave(exchange: Exchange): void {
    this.#deadlines.remove(exchange)
    this.#line.delete(exchange)
    const timer = this.#later.get(exchange)
    if (timer !== undefined) {
      this.#clock.clearTimer(timer)
      this.#later.delete(exchange)
    }
    if (this.#deadlines.size === 0) this.#disarm()
  }

  // — `ExchangeHost` —

  now(): number {
    return this.#clock.now()
  }

  wake(): void {}

  get witness(): undefined {
    return undefined
  }

  moved(exchange: Exchange): void {
    this.#deadlines.note(exchange.deadline)
    this.#arm()
  }

  get closing(): boolean {
    return false
  }

  pushed(): undefined {
    return undefined
  }

  onNotice(): void {}

  informed(): void {}

  responded(): void {}

  released(exchange: Exchange): void {
    this.#leave(exchange)
  }

  settled(exchange: Exchange): void {
    this.#leave(exchange)
    this.#observer.settled(exchange, this.#clock.now())
    this.#onLeft()
  }

  /** There is a timer while anybody waits: perhaps nothing else keeps the process alive. */
  #arm(): void {
    const { next } = this.#deadlines
    if (this.#timer !== undefined && next >= this.#timerAt) return
    this.#disarm()
    this.#timerAt = next
    const delayMs = Math.max(0, Math.ceil(next - this.#clock.now()))
    this.#timer = this.#clock.setTimer(this.#ring, Math.min(delayMs, LONGEST_MS), true)
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
    this.#timerAt = Number.POSITIVE_INFINITY
  }

  readonly #ring = (): void => {
    this.#timer = undefined
    this.#timerAt = Number.POSITIVE_INFINITY
    this.#deadlines.expire(this.#clock.now())
    if (this.#deadlines.size > 0) this.#arm()
  }
}
