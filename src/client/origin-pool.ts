/**
 * The connections to one origin, and the requests that wait for one of them.
 * How many connections there are is decided by `pool-policy`, what is sent
 * again by `retry-policy`. Its one rule: a request is in exactly one place, in
 * the line or on a session.
 */
import { ErrorCode } from '../frame/registry.ts'
import { checkRequest, type PromisedHead } from '../protocol/index.ts'
import type { SessionCache } from '../transport/transport.ts'
import { ConnectWaiters } from './connect-waiters.ts'
import { Dialler, type DiallerOwner } from './dialler.ts'
import type { Exchange } from './exchange.ts'
import type { Resender } from './exchange-host.ts'
import { type ClientFailure, destroyed, type Ending, errorOf, Rejection, unanswered } from './failure.ts'
import type { Reporter } from './logging.ts'
import type { ConnectionSettings } from './options.ts'
import type { OriginMemory } from './origin-memory.ts'
import { Member, type MemberOwner } from './pool-member.ts'
import { dialsWanted, lifetime, needsProbe, PROBE_LIMIT_MS } from './pool-policy.ts'
import { HeadDefaults } from './request-head.ts'
import type { PlannedRequest } from './request-init.ts'
import { judge, RetryBudget, type RetryRules, retryDelay } from './retry-policy.ts'
import type { Session, SessionOwner } from './session.ts'
import { type OriginStats, sessionStats } from './stats.ts'
import type { Target } from './target.ts'
import { UnansweredStreak } from './unanswered-streak.ts'
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
  /** A connection that was admitted is gone, or was never made. */
  released(): void
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

export class OriginPool implements MemberOwner, DiallerOwner, Resender<Exchange> {
  readonly key: string
  readonly target: Target
  readonly settings: ConnectionSettings
  readonly reporter: Reporter
  readonly defaults: HeadDefaults
  readonly #host: PoolHost
  readonly #memory: OriginMemory
  readonly #h2c: boolean
  readonly #line: WaitingLine
  readonly #budget: RetryBudget
  /** Those that take requests, the oldest first. */
  #members: Member[]
  /** Those that take no more, until they are gone. */
  readonly #leaving: Set<Member>
  readonly #dialler: Dialler
  readonly #streak: UnansweredStreak
  /** Why the last request on a connection failed. */
  #lastFailure: ClientFailure | undefined
  readonly #connectors: ConnectWaiters
  /** What GOAWAY says. */
  #goodbye: number
  /** Callers of `close`; undefined while it takes requests. */
  #closers: (() => void)[] | undefined

  constructor(host: PoolHost, context: OriginContext, reporter: Reporter) {
    this.key = context.key
    this.target = context.target
    this.settings = context.settings
    this.reporter = reporter
    this.defaults = new HeadDefaults(context.target, context.settings.decoding !== undefined)
    this.#host = host
    this.#memory = context.memory
    this.#h2c = context.h2c
    this.#line = new WaitingLine(context.settings.clock, reporter, () => this.#settle())
    this.#budget = new RetryBudget()
    this.#members = []
    this.#leaving = new Set()
    this.#dialler = new Dialler(this, context.memory)
    this.#streak = new UnansweredStreak()
    this.#lastFailure = undefined
    this.#connectors = new ConnectWaiters()
    this.#closers = undefined
    this.#goodbye = ErrorCode.NO_ERROR
  }

  // — requests —

  /** Takes a request: sends it, or has it wait. Throws TypeError for a head that breaks a rule. */
  submit(exchange: Exchange, planned: PlannedRequest): void {
    exchange.planned = planned
    exchange.resender = this
    const member = this.#line.size === 0 ? this.#pick() : undefined
    if (member === undefined) {
      checkRequest(planned.head)
      this.#line.join(exchange, this.#members.length > 0)
      this.#grow()
    } else member.carry(exchange)
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
    if (!member.resting && member.expiresAt === Number.POSITIVE_INFINITY) return true
    const { clock } = this.settings
    if (clock.now() >= member.expiresAt) {
      this.expire(member)
      return false
    }
    const stale = member.session!.httpVersion === '2' && needsProbe(member.idleFor(clock))
    if (!stale || this.settings.keepAlive === false) return true
    this.#probe(member)
    return false
  }

  /** Asks a connection whether it is still there. Nothing is lost if it is not. */
  #probe(member: Member): void {
    const { clock } = this.settings
    const session = member.session!
    member.probing = true
    const timer = clock.setTimer(() => session.destroy(undefined), PROBE_LIMIT_MS, true)
    session.ping().then(
      () => {
        clock.clearTimer(timer)
        member.probing = false
        member.wake()
        this.turned(member)
      },
      () => clock.clearTimer(timer),
    )
  }

  /** Gives a connection as many requests as it can send now. */
  #feed(member: Member): void {
    const session = member.session!
    while (this.#line.size > 0 && session.state === 'open' && session.freeStreams > 0) {
      if (member.probing || !this.#members.includes(member)) return
      const exchange = this.#line.shift()!
      try {
        member.carry(exchange)
      } catch (error) {
        exchange.fail(new Rejection(error))
      }
    }
  }

  // — `Resender` —

  answered(): void {
    this.#streak.end()
    this.#budget.earn()
  }

  resend(exchange: Exchange, failure: ClientFailure): boolean {
    this.#lastFailure = failure
    const { plan, replayable, resent } = exchange
    if (this.#fallsBack(failure) && replayable && resent === 0) {
      this.#again(exchange, failure, 0)
      return true
    }
    const sent = exchange.streamId !== 0 || failure.processed !== 'no'
    const verdict = judge(this.#host.retry, { method: plan.method, replayable, resent, sent }, failure)
    if (verdict === 'fail') return false
    if (verdict === 'requeue') {
      exchange.withdraw()
      this.#rejoin(exchange)
      return true
    }
    // The first time with proof costs nothing: a server that shuts down sends many requests back at once.
    if ((verdict === 'repeat' || resent > 0) && !this.#budget.take()) return false
    this.#again(exchange, failure, retryDelay(resent, Math.random()))
    return true
  }

  #again(exchange: Exchange, failure: ClientFailure, delayMs: number): void {
    exchange.resent += 1
    exchange.withdraw()
    this.reporter.requestResent(exchange, failure, delayMs)
    if (delayMs > 0) this.#line.joinLater(exchange, delayMs, () => this.#serve())
    else this.#rejoin(exchange)
  }

  #rejoin(exchange: Exchange): void {
    this.#line.join(exchange, this.#members.length > 0)
    this.#serve()
  }

  /** The server wants HTTP/1.1 (RFC 9113 §7): from now on it gets that. */
  #fallsBack(failure: ClientFailure): boolean {
    if (failure.errorCode !== ErrorCode.HTTP_1_1_REQUIRED || failure.initiator !== 'peer') return false
    if (this.#h2c && !this.target.secure) return false
    this.#memory.http1Required = true
    for (const member of [...this.#members]) if (member.session!.httpVersion === '2') this.expire(member)
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

  get #serial(): boolean {
    if (!this.target.secure) return !this.#h2c
    return this.#memory.http1Required || this.#memory.http1Chosen
  }

  /** Dials as many connections as are wanted and may be had. */
  #grow(): void {
    const wanted = dialsWanted({
      waiting: this.#line.size + (this.#members.length === 0 ? this.#connectors.size : 0),
      dialling: this.#dialler.underWay,
      usable: this.#members.length,
      unproved: this.#members.filter((member) => !member.proved || member.probing).length,
      serial: this.#serial,
      limit: this.#host.limitPerOrigin,
    })
    for (let i = 0; i < wanted; i++) {
      if (this.#dialler.putOff(() => this.#grow()) || !this.#host.admit(this)) return
      this.#dialler.dial()
    }
  }

  /** The pool has room for a connection. */
  admitted(): void {
    this.#grow()
  }

  speaksHttp2(alpn: string | undefined): boolean {
    if (!this.target.secure) return this.#h2c
    this.#memory.http1Chosen = alpn !== 'h2'
    return alpn === 'h2'
  }

  dialled(begin: (owner: SessionOwner) => Session): void {
    const expiresAt = this.settings.clock.now() + lifetime(this.#host.maxAge, Math.random())
    const member = new Member(this, this.#memory, expiresAt, this.#streak.epoch)
    member.session = begin(member)
    this.#members.push(member)
    this.#line.connected()
    this.#connectors.connected()
    this.turned(member)
    this.#grow()
  }

  undialled(ending: Ending): void {
    if (this.reporter.hearsFailures) this.reporter.failed(errorOf(ending, 0))
    // Where others serve, one more is tried after a while.
    if (this.#members.length > 0) this.#dialler.backOff()
    else if (this.#dialler.underWay === 0) this.#failWaiting(ending)
    this.#release()
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
      this.#dialler.backOff(true)
      // What servers of gRPC say to a client whose PINGs come too often.
      if (debugData === 'too_many_pings') this.#memory.calm = Math.min(MOST_CALM, this.#memory.calm * 2)
    }
    this.#leave(member)
  }

  closed(member: Member): void {
    this.#leave(member)
  }

  /** Takes no more requests; what is open on it finishes. */
  expire(member: Member): void {
    this.#leave(member)
    void member.session!.close(this.#goodbye)
  }

  #leave(member: Member): void {
    const at = this.#members.indexOf(member)
    if (at === -1) return
    this.#members.splice(at, 1)
    this.#leaving.add(member)
    member.unlink()
    if (member.used) this.#countUnanswered(member)
    void member.session!.gone().then(() => {
      this.#leaving.delete(member)
      this.#release()
    })
    // Those that it could not serve are told next, and join the line.
    this.#grow()
  }

  /** An origin that takes connections and answers nothing is not dialled for ever. */
  #countUnanswered({ epoch }: Member): void {
    const streak = this.#streak.ended(epoch)
    if (streak > 1) this.#dialler.delay(retryDelay(streak - 1, Math.random()))
    if (streak <= Math.max(1, this.#host.retry.attempts)) return
    this.#streak.end()
    this.#line.fail(unanswered(this.#lastFailure))
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
  #release(): void {
    this.#host.released()
    this.#grow()
    this.#settle()
  }

  // — the end —

  /** Finishes what waits and what is open, then closes every connection. */
  close(errorCode: number): Promise<void> {
    this.#goodbye = errorCode
    this.#closers ??= []
    const closed = new Promise<void>((resolve) => this.#closers!.push(resolve))
    this.#settle()
    return closed
  }

  /** Ends now: everything that waits or is open fails. */
  destroy(reason: unknown): void {
    const failure = destroyed(reason)
    this.#line.fail({ ...failure, processed: 'no' })
    this.#connectors.fail(failure)
    this.#dialler.abort(reason)
    for (const member of [...this.#members, ...this.#leaving]) member.session!.destroy(reason)
    this.#settle()
  }

  /** Sees whether it is over: for those who wait for that, and for the pool, which forgets it. */
  #settle(): void {
    if (!this.#line.empty) return
    if (this.#closers !== undefined) {
      this.#dialler.abort(undefined)
      for (const member of [...this.#members]) this.expire(member)
    }
    if (this.#dialler.underWay + this.#members.length + this.#leaving.size > 0) return
    const closers = this.#closers ?? []
    this.#closers = undefined
    this.#host.emptied(this)
    for (const resolve of closers) resolve()
  }

  // — questions —

  /** Dials under way. */
  get dialling(): number {
    return this.#dialler.underWay
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
