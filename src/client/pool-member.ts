/**
 * One connection of a pool: its session, and what the pool knows of it. Its one
 * rule: it takes part in the line of idle connections exactly while nothing is
 * open on it.
 */
import type { PromisedHead } from '../protocol/index.ts'
import { Link } from '../protocol/stream-queue.ts'
import type { SessionCache } from '../transport/transport.ts'
import type { Exchange } from './exchange.ts'
import type { Reporter } from './logging.ts'
import type { ConnectionSettings } from './options.ts'
import type { Session, SessionOwner } from './session.ts'
import type { Target } from './target.ts'

/** The origin's part of a pool, as its members see it. */
export interface MemberOwner {
  readonly target: Target
  readonly settings: ConnectionSettings
  readonly reporter: Reporter
  readonly tlsSessions: SessionCache
  draining(member: Member): void
  closed(member: Member): void
  turned(member: Member): void
  pushed(parent: Exchange, head: PromisedHead): Exchange | undefined
  /** Nothing was open on it for long enough. */
  expire(member: Member): void
}

export class Member extends Link implements SessionOwner {
  readonly owner: MemberOwner
  readonly settings: ConnectionSettings
  /** Written once, when the transport stands. */
  session: Session | undefined
  /** When it became idle, in milliseconds on the clock; NaN while something is open. Written by the origin. */
  idleSince: number
  /** When it is too old for new requests. Written once. */
  readonly expiresAt: number
  /** True once the peer's limit of streams is known. Written by the origin. */
  proved: boolean
  /** True while a PING asks whether it is still there. Written by the origin. */
  probing: boolean
  /** True once it was given a request. Written by the origin. */
  used: boolean

  /** @param streams requests sent before the peer says how many it takes, unless the user names another number */
  constructor(owner: MemberOwner, streams: number, expiresAt: number) {
    super()
    const { settings } = owner
    const { limits } = settings
    this.owner = owner
    this.settings = { ...settings, limits: { initialConcurrentStreams: streams, ...limits } }
    this.session = undefined
    this.idleSince = Number.NaN
    this.expiresAt = expiresAt
    this.proved = false
    this.probing = false
    this.used = false
  }

  get target(): Target {
    return this.owner.target
  }

  get reporter(): Reporter {
    return this.owner.reporter
  }

  get tlsSessions(): SessionCache {
    return this.owner.tlsSessions
  }

  sessionDraining(): void {
    this.owner.draining(this)
  }

  sessionClosed(): void {
    this.owner.closed(this)
  }

  sessionTurned(): void {
    this.owner.turned(this)
  }

  pushed(parent: Exchange, head: PromisedHead): Exchange | undefined {
    return this.owner.pushed(parent, head)
  }
}
