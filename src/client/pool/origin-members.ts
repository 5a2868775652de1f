/**
 * The connections of one origin, from the moment they stand until they are
 * gone: those that take requests, and those that finish what they have. Its one
 * rule: one that takes no more never takes another, and is counted until it is
 * gone.
 */
import { ErrorCode } from '../../frame/registry.ts'
import type { PromisedHead } from '../../protocol/index.ts'
import { type SessionStats, sessionStats } from '../observe/stats.ts'
import type { Exchange } from '../session/exchange.ts'
import type { Observer } from '../session/observer.ts'
import type { Session, SessionOwner } from '../session/session.ts'
import type { ConnectionSettings } from '../settings/options.ts'
import type { Target } from '../settings/target.ts'
import type { OriginMemory } from './origin-memory.ts'
import { Member, type MemberOwner } from './pool-member.ts'
import { needsProbe } from './pool-policy.ts'

/** The origin, as its connections see it. */
export interface MembersOwner {
  readonly target: Target
  readonly settings: ConnectionSettings
  readonly observer: Observer
  /** The caller wants the connections closed. */
  readonly closing: boolean
  /** The peer asks to be left alone for a while (RFC 9113 §7). */
  calmed(): void
  /** A connection takes no more requests. `ours`: it is we who want it to end. */
  left(member: Member, ours: boolean): void
  /** Nothing of a connection is left. */
  gone(member: Member): void
  /** A connection's turn ends: streams may be free, or it may be idle. */
  turned(member: Member): void
  /** A promised request. Returns the exchange that takes it, undefined to refuse. */
  pushed(parent: Exchange, head: PromisedHead): Exchange | undefined
}

/** PINGs are never further apart than so many times what was asked for. */
const MOST_CALM = 64

export class OriginMembers implements MemberOwner {
  readonly #owner: MembersOwner
  readonly #memory: OriginMemory
  /** Those that take requests, the oldest first. Never changed in place. */
  #usable: readonly Member[]
  /** Those that take no more, until they are gone. */
  readonly #leaving: Set<Member>
  /** What GOAWAY says of us. Written by the origin. */
  goodbye: number

  constructor(owner: MembersOwner, memory: OriginMemory) {
    this.#owner = owner
    this.#memory = memory
    this.#usable = []
    this.#leaving = new Set()
    this.goodbye = ErrorCode.NO_ERROR
  }

  // — which there are —

  /** Connections that take requests. */
  get usable(): number {
    return this.#usable.length
  }

  /** Connections that take no more, and are not gone. */
  get leaving(): number {
    return this.#leaving.size
  }

  /** Those of the usable ones of which it is not known yet how much they can take. */
  get unproved(): number {
    return this.#usable.filter((member) => !member.proved || member.probing).length
  }

  /** The connection that is used first, if one stands. */
  get first(): Member | undefined {
    return this.#usable[0]
  }

  /** The connection that is used last. */
  get last(): Member | undefined {
    return this.#usable.at(-1)
  }

  /** True if it takes requests. */
  has(member: Member): boolean {
    return this.#usable.includes(member)
  }

  /** Plain data. */
  get stats(): SessionStats[] {
    return [...this.#usable, ...this.#leaving].map(({ session }) => sessionStats(session!))
  }

  // — a life —

  /** A connection stands; `begin` makes the session on it. What `begin` throws is thrown. */
  add(begin: (owner: SessionOwner) => Session, expiresAt: number, epoch: number): Member {
    const member = new Member(this, expiresAt, epoch)
    member.session = begin(member)
    this.#usable = [...this.#usable, member]
    return member
  }

  /** The first connection that has a stream free, for then those that are not needed become idle. */
  pick(): Member | undefined {
    for (const member of this.#usable) {
      if (member.free > 0 && this.#mayUse(member)) return member
    }
    return undefined
  }

  /** Whether a connection is neither too old nor so long idle that it has to be asked first. */
  #mayUse(member: Member): boolean {
    const session = member.session!
    const worn = member.used && session.worn
    if (!member.resting && member.expiresAt === Number.POSITIVE_INFINITY && !worn) return true
    const { clock, keepAlive } = this.settings
    if (worn || clock.now() >= member.expiresAt) {
      this.expire(member)
      return false
    }
    const stale = session.httpVersion === '2' && needsProbe(member.idleFor(clock))
    if (!stale || keepAlive === false) return true
    member.probe(() => this.turned(member))
    return false
  }

  /** Takes no more requests; what is open on it finishes. */
  expire(member: Member): void {
    this.leave(member, true)
    void member.session!.close(this.goodbye)
  }

  /** Those of HTTP/2 take no more requests, or all. */
  expireAll(httpVersion?: '2'): void {
    for (const member of this.#usable) {
      if (httpVersion === undefined || member.session!.httpVersion === httpVersion) this.expire(member)
    }
  }

  /** Takes no more requests. `ours`: it is we who want it to end. */
  leave(member: Member, ours: boolean): void {
    if (!this.has(member)) return
    this.#usable = this.#usable.filter((other) => other !== member)
    this.#leaving.add(member)
    member.unlink()
    void member.session!.gone().then(() => {
      this.#leaving.delete(member)
      this.#owner.gone(member)
    })
    this.#owner.left(member, ours)
  }

  destroy(reason: unknown): void {
    for (const member of [...this.#usable, ...this.#leaving]) member.session!.destroy(reason)
  }

  // — `MemberOwner` —

  get target(): Target {
    return this.#owner.target
  }

  get settings(): ConnectionSettings {
    return this.#owner.settings
  }

  get observer(): Observer {
    return this.#owner.observer
  }

  get memory(): OriginMemory {
    return this.#memory
  }

  get closing(): boolean {
    return this.#owner.closing
  }

  draining(member: Member, errorCode: number, debugData: string): void {
    if (errorCode === ErrorCode.ENHANCE_YOUR_CALM) {
      this.#owner.calmed()
      // What servers of gRPC say to a client whose PINGs come too often.
      if (debugData === 'too_many_pings') this.#memory.calm = Math.min(MOST_CALM, this.#memory.calm * 2)
    }
    this.leave(member, false)
  }

  closed(member: Member): void {
    this.leave(member, false)
  }

  turned(member: Member): void {
    const session = member.session!
    const takes = session.openStreams + session.freeStreams
    // One that takes nothing (RFC 9113 §5.1.2) may yet: a second would be told the same.
    if (!member.proved && session.ready && takes > 0) {
      member.proved = true
      this.#memory.streams = takes
    }
    member.reconsider()
    // Identifiers do not come back (RFC 9113 §5.1.1), and a connection in use may never be idle.
    if (member.used && session.worn && this.has(member)) this.expire(member)
    this.#owner.turned(member)
  }

  pushed(parent: Exchange, head: PromisedHead): Exchange | undefined {
    return this.#owner.pushed(parent, head)
  }
}
