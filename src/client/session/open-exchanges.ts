/**
 * The exchanges that are open on one connection: what they ask of it, and what
 * is told of them. Its one rule: whatever happens to one of them, observers are
 * told first, and the driver looks at the end of the turn.
 */
import type { PromisedHead, PushedStream, RequestStream, UnreadBudget } from '../../protocol/index.ts'
import type { PlannedRequest } from '../request/request-init.ts'
import { readableFields } from '../response/readable-fields.ts'
import { Deadlines } from './deadlines.ts'
import type { Driver } from './driver.ts'
import type { Exchange } from './exchange.ts'
import type { Carrier } from './exchange-host.ts'
import type { Witness } from './observer.ts'
import type { SessionOwner } from './session.ts'

/** Opens a request with the engine. */
export type Open = (exchange: Exchange, planned: PlannedRequest, endStream: boolean) => RequestStream

export class OpenExchanges implements Carrier<Exchange> {
  readonly open: Open
  readonly #owner: SessionOwner
  readonly #driver: Driver
  readonly #list: Deadlines<Exchange>
  /** The peer wants the connection closed. Written by the session. */
  draining: boolean
  /** Told of everything; undefined, as mostly, for nobody. Written once, by the session. */
  witness: Witness | undefined

  constructor(owner: SessionOwner, driver: Driver, open: Open) {
    this.open = open
    this.#owner = owner
    this.#driver = driver
    this.#list = new Deadlines()
    this.draining = false
    this.witness = undefined
  }

  // — what the session asks —

  get size(): number {
    return this.#list.size
  }

  /** A copy, safe to walk while it changes. */
  all(): Exchange[] {
    return this.#list.all()
  }

  /** No deadline is earlier than this. */
  get next(): number {
    return this.#list.next
  }

  expire(now: number): void {
    this.#list.expire(now)
  }

  /** Opens a request. `connected`: the transport stands. Throws TypeError for a head that breaks a rule. */
  begin(exchange: Exchange, planned: PlannedRequest, connected: boolean): void {
    exchange.begin(this, planned)
    if (exchange.settled) return
    this.#list.add(exchange)
    if (connected) exchange.connected()
    this.#owner.observer.requestStarted(exchange, this.#driver.now())
    this.witness?.carried(exchange, this.#driver.now())
  }

  /** The connection is to close: from now on what nobody reads has a limit. */
  part(): void {
    for (const exchange of this.all()) exchange.part()
  }

  /** True while one is waited for: one that was answered, and that nobody reads, holds nothing. */
  get awaited(): boolean {
    return this.#list.some(isAwaited)
  }

  // — `Carrier` —

  now(): number {
    return this.#driver.now()
  }

  wake(): void {
    this.#driver.wake()
  }

  moved(exchange: Exchange): void {
    if (this.#list.note(exchange.deadline)) this.#driver.wake()
  }

  get closing(): boolean {
    return this.#owner.isClosing()
  }

  get unread(): UnreadBudget {
    return this.#owner.settings.unread
  }

  pushed(parent: Exchange, stream: PushedStream, head: PromisedHead): Exchange | undefined {
    const exchange = this.#owner.pushed(parent, { ...head, fields: readableFields(head.fields, this) })
    if (exchange === undefined) return undefined
    exchange.beginPushed(this, stream)
    this.#list.add(exchange)
    return exchange
  }

  onNotice(text: string): void {
    this.#owner.observer.notice(text)
  }

  informed(exchange: Exchange, status: number): void {
    this.#owner.observer.informed(exchange, status, this.#driver.now())
  }

  responded(exchange: Exchange): void {
    this.#driver.answered()
    this.#owner.observer.responded(exchange, this.#driver.now())
  }

  released(exchange: Exchange): void {
    this.#list.remove(exchange)
  }

  settled(exchange: Exchange): void {
    this.#driver.answered()
    this.#list.remove(exchange)
    this.#owner.observer.settled(exchange, this.#driver.now())
  }
}

function isAwaited(exchange: Exchange): boolean {
  return exchange.awaited
}
