/**
 * One origin: the requests for it, and where each of them is. Its connections
 * are `origin-members`', its dials `origin-dials`', what is sent again decides
 * `origin-retries`. Its one rule: a request is in exactly one place, in the
 * line or on a session.
 */
import type { PromisedHead } from '../../protocol/index.ts'
import { type ClientFailure, destroyed, type Ending, Rejection } from '../failure.ts'
import type { OriginStats } from '../observe/stats.ts'
import { HeadDefaults } from '../request/request-head.ts'
import { checkPlanned, type PlannedRequest } from '../request/request-init.ts'
import type { Exchange } from '../session/exchange.ts'
import type { Observer } from '../session/observer.ts'
import type { Session, SessionOwner } from '../session/session.ts'
import type { ConnectionSettings } from '../settings/options.ts'
import type { Target } from '../settings/target.ts'
import type { PerVersion } from './connection-limits.ts'
import { type DialsOwner, OriginDials } from './origin-dials.ts'
import { type MembersOwner, OriginMembers } from './origin-members.ts'
import type { OriginMemory } from './origin-memory.ts'
import { OriginRetries, type RetriesOwner } from './origin-retries.ts'
import type { Member } from './pool-member.ts'
import { lifetime } from './pool-policy.ts'
import type { RetryRules } from './retry-policy.ts'
import { VersionChoice } from './version-choice.ts'
import { WaitingLine } from './waiting-line.ts'

/** The pool, as its origins see it. */
export interface PoolHost {
  readonly retry: RetryRules
  /** Connections that one origin may have, those that drain included. */
  readonly limitPerOrigin: PerVersion
  /** Milliseconds after which a connection takes no new requests; Infinity for none. */
  readonly maxAge: number
  /** Asks for a connection. False: the origin is told by `admitted` when it may have one. */
  admit(origin: OriginPool): boolean
  /** A connection that was admitted is gone, or, without `member`, was never made. */
  released(member: Member | undefined): void
  /** Nothing is open on a connection any more. */
  idle(member: Member): void
  /** Nothing of the origin is left. */
  emptied(origin: OriginPool): void
  /** A promised request (RFC 9113 §8.4). Returns the exchange that takes it. */
  pushed(parent: Exchange, head: PromisedHead): Exchange | undefined
}

/** What an origin is made of. */
export interface OriginContext {
  /** Origin and security context. */
  readonly key: string
  readonly target: Target
  readonly settings: ConnectionSettings
  readonly memory: OriginMemory
  /** Plain text is HTTP/2 with prior knowledge (RFC 9113 §3.3). */
  readonly h2c: boolean
}

/** Its reactions are microtasks without the bookkeeping of `queueMicrotask`. */
const SETTLED = Promise.resolve()

export class OriginPool implements MembersOwner, DialsOwner, RetriesOwner {
  readonly key: string
  readonly target: Target
  readonly settings: ConnectionSettings
  readonly observer: Observer
  readonly defaults: HeadDefaults
  readonly #host: PoolHost
  readonly #version: VersionChoice
  readonly #line: WaitingLine
  readonly #retries: OriginRetries
  readonly #members: OriginMembers
  readonly #dials: OriginDials
  /** Callers of `close`; undefined while it takes requests. */
  #closers: (() => void)[] | undefined
  /** True once the pool forgot it: it takes no more requests. */
  forgotten: boolean

  constructor(host: PoolHost, context: OriginContext, observer: Observer) {
    const { key, target, settings, memory, h2c } = context
    this.key = key
    this.target = target
    this.settings = settings
    this.observer = observer
    this.defaults = new HeadDefaults(target, settings.decoding !== undefined)
    this.#host = host
    this.#version = new VersionChoice(memory, target.secure, h2c)
    this.#retries = new OriginRetries(this, host.retry)
    this.#members = new OriginMembers(this, memory)
    this.#dials = new OriginDials(this, memory, this.#version)
    this.#line = new WaitingLine(settings, observer, () => this.settle())
    this.#closers = undefined
    this.forgotten = false
  }

  // — requests —

  /**
   * Takes a request: sends it, or has it wait. Throws TypeError for a head that
   * breaks a rule; the caller says `settle` then.
   */
  submit(exchange: Exchange, planned: PlannedRequest): void {
    exchange.planned = planned
    exchange.resender = this.#retries
    const member = this.#line.size === 0 ? this.#members.pick() : undefined
    if (member === undefined) {
      checkPlanned(planned)
      this.#join(exchange)
      this.#dials.grow()
    } else this.#carry(member, exchange)
  }

  #carry(member: Member, exchange: Exchange): void {
    try {
      member.carry(exchange)
    } catch (error) {
      this.#restIfIdle(member)
      throw error
    }
  }

  /** Gives a connection as many requests as it can send now. */
  #feed(member: Member): void {
    while (this.#line.size > 0 && member.free > 0) {
      if (!this.#members.has(member)) return
      const exchange = this.#line.shift()!
      try {
        this.#carry(member, exchange)
      } catch (error) {
        exchange.fail(new Rejection(error))
      }
    }
  }

  /** Requests wait: whoever has a stream free takes them, and what is missing is dialled. */
  #serve(): void {
    for (;;) {
      const member = this.#line.size > 0 ? this.#members.pick() : undefined
      if (member === undefined) break
      this.#feed(member)
    }
    this.#dials.grow()
  }

  // — `RetriesOwner` —

  rejoin(exchange: Exchange, delayMs: number): void {
    if (delayMs > 0) this.#line.joinLater(exchange, delayMs, () => this.#ripe(exchange))
    else {
      this.#join(exchange)
      this.#serve()
    }
  }

  #join(exchange: Exchange): void {
    this.#line.join(exchange, this.usable > 0)
    const { unread } = this.settings
    if (unread.full) unread.whenRoom(this.#room)
  }

  /** Enough was read: what waits can be sent. Not at once, for whoever reads is in the midst of it. */
  readonly #room = (): void => {
    void SETTLED.then(() => {
      const { unread } = this.settings
      if (unread.full) unread.whenRoom(this.#room)
      else this.#serve()
    })
  }

  /** It stands in the line again, after its delay. */
  #ripe(exchange: Exchange): void {
    if (this.usable > 0) exchange.connected()
    this.#serve()
  }

  /** The server wants HTTP/1.1 (RFC 9113 §7): from now on it gets that. */
  fallBack(failure: ClientFailure): boolean {
    if (!this.#version.heeds(failure)) return false
    this.#members.expireAll('2')
    return true
  }

  // — dials; the rest is of `DialsOwner` —

  /** Resolves when a connection stands. */
  connect(): Promise<void> {
    return this.#dials.connect()
  }

  /** The pool has room for a connection. */
  admitted(): void {
    this.#dials.grow()
  }

  get limit(): number {
    const { http1, http2 } = this.#host.limitPerOrigin
    return this.#version.serial ? http1 : http2
  }

  get redials(): number {
    return this.#host.retry.dials
  }

  admit(): boolean {
    return this.#host.admit(this)
  }

  unadmit(): void {
    this.#host.released(undefined)
  }

  crowded(): void {
    this.#line.connected()
  }

  dialled(begin: (owner: SessionOwner) => Session): void {
    const expiresAt = this.settings.clock.now() + lifetime(this.#host.maxAge, Math.random())
    const member = this.#members.add(begin, expiresAt, this.#retries.epoch)
    if (member.session!.state !== 'open') {
      // It ended as it began, and has told so already. What waits was waiting for it.
      member.used = true
      this.#members.leave(member, false)
      return
    }
    const wanted = !this.#line.empty || this.#dials.awaited
    this.#line.connected()
    this.#dials.connected()
    // Who asked has left. Servers of HTTP/1.1 wait for the first request of a connection, and are not closed before.
    if (!wanted && member.session!.httpVersion === '1.1') this.#members.expire(member)
    else this.#members.turned(member)
    // They were begun in its place: as many may stand as the limit says.
    if (this.#line.size === 0 || this.usable + this.leaving >= this.limit) this.#dials.giveUpLate()
    this.#dials.grow()
  }

  failCameBy(time: number, ending: Ending): void {
    this.#line.failJoinedBy(time, ending)
  }

  #failWaiting(ending: Ending): void {
    this.#line.fail(ending)
    this.#dials.fail(ending)
  }

  undialled(): void {
    this.#dials.grow()
    this.settle()
  }

  // — `MembersOwner` —

  calmed(): void {
    this.#dials.backOff()
  }

  left(member: Member, ours: boolean): void {
    if (this.usable === 0) this.#line.disconnected()
    // One that ends while somebody waits for it is of no more use than one that answers nothing.
    if (!ours && (member.used || this.#line.size > 0)) this.#afterEnd(this.#retries.ended(member.epoch))
    // Those that it could not serve are told next, and join the line.
    this.#dials.grow()
  }

  #afterEnd(verdict: number | ClientFailure): void {
    if (typeof verdict === 'number') this.#dials.delay(verdict)
    else this.#failWaiting(verdict)
  }

  gone(member: Member): void {
    this.#host.released(member)
    this.#dials.grow()
    this.settle()
  }

  turned(member: Member): void {
    if (this.#line.size > 0) {
      this.#feed(member)
      this.#dials.grow()
    }
    this.#restIfIdle(member)
  }

  #restIfIdle(member: Member): void {
    const session = member.session!
    if (!session.idle || !this.#members.has(member)) return
    if (this.#closers !== undefined) {
      if (this.#line.empty) this.#members.expire(member)
    } else if (!member.resting) {
      member.rest(this.settings.clock)
      this.#host.idle(member)
    }
  }

  pushed(parent: Exchange, head: PromisedHead): Exchange | undefined {
    return this.#host.pushed(parent, head)
  }

  // — the end —

  /** Finishes what waits and what is open, then closes every connection. */
  close(errorCode: number): Promise<void> {
    if (this.forgotten) return Promise.resolve()
    this.#members.goodbye = errorCode
    this.#closers ??= []
    const closed = new Promise<void>((resolve) => this.#closers!.push(resolve))
    this.settle()
    return closed
  }

  /** Ends now: everything that waits or is open fails. */
  destroy(reason: unknown): void {
    const failure = destroyed(reason)
    this.#failWaiting({ ...failure, processed: 'no' })
    this.#dials.giveUp(failure)
    this.#members.destroy(reason)
    this.settle()
  }

  /** Sees whether it is over: for those who wait for that, and for the pool, which forgets it. */
  settle(): void {
    if (!this.#line.empty) return
    if (this.#closers !== undefined) {
      this.#dials.close()
      this.#members.expireAll()
    }
    if (this.#dials.awaited) return
    this.#dials.rest()
    if (this.forgotten || this.#dials.underWay + this.usable + this.leaving > 0) return
    const closers = this.#closers ?? []
    this.#closers = undefined
    this.forgotten = true
    this.#host.emptied(this)
    for (const resolve of closers) resolve()
  }

  get closing(): boolean {
    return this.#closers !== undefined
  }

  // — questions —

  /** Requests in the line. */
  get waiting(): number {
    return this.#line.size
  }

  /** Connections that take requests. */
  get usable(): number {
    return this.#members.usable
  }

  /** Connections that take no more requests and are not gone. */
  get leaving(): number {
    return this.#members.leaving
  }

  /** Those of the usable ones of which it is not known yet how much they can take. */
  get unproved(): number {
    return this.#members.unproved
  }

  /** The connection that is used first, if one stands. */
  get first(): Member | undefined {
    return this.#members.first
  }

  /** The connection that is used last. */
  get last(): Member | undefined {
    return this.#members.last
  }

  /** Dials under way. */
  get dialling(): number {
    return this.#dials.underWay
  }

  /** Connections to dial now. */
  get wanted(): number {
    return this.#dials.wanted
  }

  /** Connections that take requests, and dials under way. */
  get connections(): number {
    return this.usable + this.dialling
  }

  /** Plain data. */
  get stats(): OriginStats {
    const { target, dialling, waiting } = this
    return { origin: target.origin, waiting, dialling, connections: this.#members.stats }
  }
}
