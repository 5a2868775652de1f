/**
 * The connections to one origin, and the requests that wait for one of them.
 * How many connections there are is decided by `pool-policy`, what is sent
 * again by `origin-retries`. Its one rule: a request is in exactly one place,
 * in the line or on a session.
 */
import { ErrorCode } from '../../frame/registry.ts'
import { checkRequest, type PromisedHead } from '../../protocol/index.ts'
import type { SessionCache } from '../../transport/transport.ts'
import { type ClientFailure, closedByCaller, destroyed, type Ending, errorOf, Rejection } from '../failure.ts'
import { type OriginStats, sessionStats } from '../observe/stats.ts'
import { HeadDefaults } from '../request/request-head.ts'
import type { PlannedRequest } from '../request/request-init.ts'
import { ConnectWaiters } from '../session/connect-waiters.ts'
import type { Exchange } from '../session/exchange.ts'
import type { Observer } from '../session/observer.ts'
import type { Session, SessionOwner } from '../session/session.ts'
import type { ConnectionSettings } from '../settings/options.ts'
import type { Target } from '../settings/target.ts'
import { Dialler, type DiallerOwner } from './dialler.ts'
import type { OriginMemory } from './origin-memory.ts'
import { OriginRetries, type RetriesOwner } from './origin-retries.ts'
import { Member, type MemberOwner } from './pool-member.ts'
import { dialsWanted, lifetime, needsProbe } from './pool-policy.ts'
import type { RetryRules } from './retry-policy.ts'
import { VersionChoice } from './version-choice.ts'
import { WaitingLine } from './waiting-line.ts'

/** The pool, as its origins see it. */
export interface PoolHost {
  readonly retry: RetryRules
  /** Connections that one origin may have for new requests. */
  readonly limitPerOrigin: number
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

/** PINGs are never further apart than so many times what was asked for. */
const MOST_CALM = 64

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

export class OriginPool implements MemberOwner, DiallerOwner, RetriesOwner {
  readonly key: string
  readonly target: Target
  readonly settings: ConnectionSettings
  readonly observer: Observer
  readonly defaults: HeadDefaults
  readonly #host: PoolHost
  readonly #memory: OriginMemory
  readonly #version: VersionChoice
  readonly #line: WaitingLine
  readonly #retries: OriginRetries
  /** Those that take requests, the oldest first. Never changed in place. */
  #members: readonly Member[]
  /** Those that take no more, until they are gone. */
  readonly #leaving: Set<Member>
  readonly #dialler: Dialler
  readonly #connectors: ConnectWaiters
  /** What GOAWAY says. */
  #goodbye: number
  /** Callers of `close`; undefined while it takes requests. */
  #closers: (() => void)[] | undefined
  /** True once the pool forgot it: it takes no more requests. */
  forgotten: boolean

  constructor(host: PoolHost, context: OriginContext, observer: Observer) {
    this.key = context.key
    this.target = context.target
    this.settings = context.settings
    this.observer = observer
    this.defaults = new HeadDefaults(context.target, context.settings.decoding !== undefined)
    this.#host = host
    this.#memory = context.memory
    this.#version = new VersionChoice(context.memory, context.target.secure, context.h2c)
    this.#line = new WaitingLine(context.settings.clock, observer, () => this.settle())
    this.#retries = new OriginRetries(this, host.retry)
    this.#members = []
    this.#leaving = new Set()
    this.#dialler = new Dialler(this, context.memory)
    this.#connectors = new ConnectWaiters()
    this.#closers = undefined
    this.#goodbye = ErrorCode.NO_ERROR
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
    const member = this.#line.size === 0 ? this.#pick() : undefined
    if (member === undefined) {
      checkRequest(planned.head)
      this.#line.join(exchange, this.#members.length > 0)
      this.#grow()
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

  /** The first connection that has a stream free, for then those that are not needed become idle. */
  #pick(): Member | undefined {
    for (const member of this.#members) {
      const { session } = member
      if (member.probing || session!.state !== 'open' || session!.freeStreams <= 0) continue
      if (this.#mayUse(member)) return member
    }
    return undefined
  }

  /** Whether a connection is neither too old nor so long idle that it has to be asked first. */
  #mayUse(member: Member): boolean {
    const session = member.session!
    if (!member.resting && member.expiresAt === Number.POSITIVE_INFINITY && !session.worn) return true
    const { clock } = this.settings
    if (session.worn || clock.now() >= member.expiresAt) {
      this.expire(member)
      return false
    }
    const stale = session.httpVersion === '2' && needsProbe(member.idleFor(clock))
    if (!stale || this.settings.keepAlive === false) return true
    member.probe(() => this.turned(member))
    return false
  }

  /** Gives a connection as many requests as it can send now. */
  #feed(member: Member): void {
    const session = member.session!
    while (this.#line.size > 0 && session.state === 'open' && session.freeStreams > 0) {
      if (member.probing || !this.#members.includes(member)) return
      const exchange = this.#line.shift()!
      try {
        this.#carry(member, exchange)
      } catch (error) {
        exchange.fail(new Rejection(error))
      }
    }
  }

  // — `RetriesOwner` —

  rejoin(exchange: Exchange, delayMs: number): void {
    if (delayMs > 0) this.#line.joinLater(exchange, delayMs, () => this.#ripe(exchange))
    else {
      this.#line.join(exchange, this.#members.length > 0)
      this.#serve()
    }
  }

  /** It stands in the line again, after its delay. */
  #ripe(exchange: Exchange): void {
    if (this.#members.length > 0) exchange.connected()
    this.#serve()
  }

  /** The server wants HTTP/1.1 (RFC 9113 §7): from now on it gets that. */
  fallBack(failure: ClientFailure): boolean {
    if (!this.#version.heeds(failure)) return false
    for (const member of this.#members) if (member.session!.httpVersion === '2') this.expire(member)
    return true
  }

  /** Requests wait: whoever has a stream free takes them, and what is missing is dialled. */
  #serve(): void {
    for (;;) {
      const member = this.#line.size > 0 ? this.#pick() : undefined
      if (member === undefined) break
      this.#feed(member)
    }
    this.#grow()
  }

  // — connections —

  /** Resolves when a connection stands. */
  connect(): Promise<void> {
    if (this.#members.length > 0) return Promise.resolve()
    const connected = this.#connectors.wait()
    this.#grow()
    return connected
  }

  /** The connection that is used first, if one stands. */
  get first(): Member | undefined {
    return this.#members[0]
  }

  /** Connections to dial now. */
  get wanted(): number {
    return dialsWanted({
      waiting: this.#line.size + (this.#members.length === 0 ? this.#connectors.size : 0),
      dialling: this.#dialler.underWay,
      usable: this.#members.length,
      unproved: this.#members.filter((member) => !member.proved || member.probing).length,
      serial: this.#version.serial,
      limit: this.#host.limitPerOrigin,
    })
  }

  /** Dials as many connections as are wanted and may be had. What it calls may change both. */
  #grow(): void {
    while (this.wanted > 0) {
      if (this.#dialler.putOff(this.#members.length > 0, () => this.#grow())) return
      if (!this.#host.admit(this)) {
        this.#line.connected()
        return
      }
      this.#dialler.dial()
    }
  }

  /** The pool has room for a connection. */
  admitted(): void {
    this.#grow()
  }

  speaksHttp2(alpn: string | undefined): boolean {
    return this.#version.isHttp2(alpn)
  }

  dialled(begin: (owner: SessionOwner) => Session): void {
    const expiresAt = this.settings.clock.now() + lifetime(this.#host.maxAge, Math.random())
    const member = new Member(this, this.#memory, expiresAt, this.#retries.epoch)
    const session = begin(member)
    member.session = session
    this.#members = [...this.#members, member]
    if (session.state !== 'open') {
      // It ended as it began, and has told so already. What waits was waiting for it.
      member.used = true
      this.#leave(member, false)
      return
    }
    this.#line.connected()
    this.#connectors.connected()
    this.turned(member)
    this.#grow()
  }

  undialled(ending: Ending): void {
    this.#tell(ending)
    // Where others serve, one more is tried after a while.
    if (this.#members.length > 0) this.#dialler.backOffBeside()
    else if (this.#dialler.underWay === 0) this.#failWaiting(ending)
    this.#release(undefined)
  }

  #tell(ending: Ending): void {
    if (this.observer.hearsFailures) this.observer.failed(errorOf(ending, 0))
  }

  #failWaiting(ending: Ending): void {
    this.#line.fail(ending)
    this.#connectors.fail(ending)
  }

  // — `MemberOwner` —

  get tlsSessions(): SessionCache {
    return this.#memory
  }

  draining(member: Member, errorCode: number, debugData: string): void {
    if (errorCode === ErrorCode.ENHANCE_YOUR_CALM) {
      this.#dialler.backOff()
      // What servers of gRPC say to a client whose PINGs come too often.
      if (debugData === 'too_many_pings') this.#memory.calm = Math.min(MOST_CALM, this.#memory.calm * 2)
    }
    this.#leave(member, false)
  }

  closed(member: Member): void {
    this.#leave(member, false)
  }

  /** Takes no more requests; what is open on it finishes. */
  expire(member: Member): void {
    this.#leave(member, true)
    void member.session!.close(this.#goodbye)
  }

  /** `ours`: it is we who want it to end. */
  #leave(member: Member, ours: boolean): void {
    if (!this.#members.includes(member)) return
    this.#members = this.#members.filter((other) => other !== member)
    this.#leaving.add(member)
    member.unlink()
    if (this.#members.length === 0) this.#line.disconnected()
    void member.session!.gone().then(() => {
      this.#leaving.delete(member)
      this.#release(member)
    })
    if (member.used && !ours) this.#afterEnd(this.#retries.ended(member.epoch))
    // Those that it could not serve are told next, and join the line.
    this.#grow()
  }

  #afterEnd(verdict: number | ClientFailure): void {
    if (typeof verdict === 'number') this.#dialler.delay(verdict)
    else this.#failWaiting(verdict)
  }

  turned(member: Member): void {
    const session = member.session!
    const takes = session.openStreams + session.freeStreams
    // One that takes nothing (RFC 9113 §5.1.2) may yet: a second would be told the same.
    if (!member.proved && session.ready && takes > 0) {
      member.proved = true
      this.#memory.streams = takes
    }
    // Identifiers do not come back (RFC 9113 §5.1.1), and a connection in use may never be idle.
    if (session.worn && this.#members.includes(member)) this.expire(member)
    if (this.#line.size > 0) {
      this.#feed(member)
      this.#grow()
    }
    this.#restIfIdle(member)
  }

  #restIfIdle(member: Member): void {
    const session = member.session!
    if (!session.idle || !this.#members.includes(member)) return
    if (this.#closers !== undefined) {
      if (this.#line.empty) this.expire(member)
    } else if (!member.resting) {
      member.rest(this.settings.clock)
      this.#host.idle(member)
    }
  }

  pushed(parent: Exchange, head: PromisedHead): Exchange | undefined {
    return this.#host.pushed(parent, head)
  }

  /** A connection that was admitted is no more. */
  #release(member: Member | undefined): void {
    this.#host.released(member)
    this.#grow()
    this.settle()
  }

  // — the end —

  /** Finishes what waits and what is open, then closes every connection. */
  close(errorCode: number): Promise<void> {
    if (this.forgotten) return Promise.resolve()
    this.#goodbye = errorCode
    this.#closers ??= []
    const closed = new Promise<void>((resolve) => this.#closers!.push(resolve))
    this.settle()
    return closed
  }

  /** Ends now: everything that waits or is open fails. */
  destroy(reason: unknown): void {
    const failure = destroyed(reason)
    this.#failWaiting({ ...failure, processed: 'no' })
    this.#giveUpDials(failure)
    for (const member of [...this.#members, ...this.#leaving]) member.session!.destroy(reason)
    this.settle()
  }

  #giveUpDials(ending: ClientFailure): void {
    for (let given = this.#dialler.abort(ending.cause); given > 0; given--) {
      this.#tell(ending)
      this.#host.released(undefined)
    }
  }

  /** Sees whether it is over: for those who wait for that, and for the pool, which forgets it. */
  settle(): void {
    if (!this.#line.empty) return
    if (this.#closers !== undefined) {
      this.#connectors.fail(closedByCaller())
      this.#giveUpDials(closedByCaller())
      for (const member of this.#members) this.expire(member)
    }
    if (this.#connectors.size > 0) return
    this.#dialler.rest()
    if (this.forgotten || this.#dialler.underWay + this.#members.length + this.#leaving.size > 0) return
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

  /** Dials under way. */
  get dialling(): number {
    return this.#dialler.underWay
  }

  /** Connections that take requests, and dials under way. */
  get connections(): number {
    return this.#members.length + this.#dialler.underWay
  }

  /** The connection that is used last. */
  get last(): Member | undefined {
    return this.#members.at(-1)
  }

  /** Requests in the line. */
  get waiting(): number {
    return this.#line.size
  }

  /** Plain data. */
  get stats(): OriginStats {
    const { target, dialling, waiting } = this
    const connections = [...this.#members, ...this.#leaving].map(({ session }) => sessionStats(session!))
    return { origin: target.origin, waiting, dialling, connections }
  }
}
