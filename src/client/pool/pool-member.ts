/**
 * One connection of a pool: its session, and what the pool knows of it. Its one
 * rule: it takes part in the line of idle connections exactly while nothing is
 * open on it.
 */
import type { PromisedHead } from '../../protocol/index.ts'
import { Link } from '../../protocol/stream-queue.ts'
import type { SessionCache } from '../../transport/transport.ts'
import { connectionInfo } from '../observe/stats.ts'
import type { Exchange } from '../session/exchange.ts'
import type { Carriage } from '../session/exchange-host.ts'
import type { Observer } from '../session/observer.ts'
import type { Session, SessionOwner } from '../session/session.ts'
import { type Clock, wallOf } from '../settings/clock.ts'
import type { ConnectionSettings } from '../settings/options.ts'
import type { Target } from '../settings/target.ts'
import type { OriginMemory } from './origin-memory.ts'
import { PROBE_LIMIT_MS } from './pool-policy.ts'

/** The origin's part of a pool, as its members see it. */
export interface MemberOwner {
  readonly target: Target
  readonly settings: ConnectionSettings
  readonly observer: Observer
  readonly memory: OriginMemory
  /** The caller wants it closed. */
  readonly closing: boolean
  draining(member: Member, errorCode: number, debugData: string): void
  closed(member: Member): void
  turned(member: Member): void
  pushed(parent: Exchange, head: PromisedHead): Exchange | undefined
  /** Nothing was open on it for long enough. */
  expire(member: Member): void
}

export class Member extends Link implements SessionOwner, Carriage {
  readonly owner: MemberOwner
  readonly settings: ConnectionSettings
  /** Written once, when the transport stands. */
  session: Session | undefined
  /** When it became idle, in milliseconds on the clock; NaN while something is open. */
  #idleSince: number
  /** The same by the wall clock, which goes on while the machine sleeps. */
  #idleSinceWall: number
  /** When it is too old for new requests. Written once. */
  readonly expiresAt: number
  /** True once the peer's limit of streams is known, and not 0. Written by the origin. */
  proved: boolean
  /** True while a PING asks whether it is still there. */
  #probing: boolean
  /** True once it was given a request. Written by `carry`, and by the origin. */
  used: boolean
  /** Requests that it was given. */
  #carried: number
  /** Requests that the peer took before it refused one; undefined as long as it has not. */
  #taken: number | undefined
  /** True once it has answered a request. Written by the origin's retries. */
  served: boolean
  /** Of the origin's streak of unanswered connections, when this one was made. */
  readonly epoch: number

  /**
   * Before the peer says how many requests it takes, it gets as many as it took
   * the last time, one if there was none, unless the user names another number.
   */
  constructor(owner: MemberOwner, expiresAt: number, epoch: number) {
    super()
    const { settings, memory } = owner
    const { streams = 1, calm } = memory
    const { keepAlive, limits } = settings
    this.owner = owner
    this.settings = {
      ...settings,
      limits: { initialConcurrentStreams: streams, ...limits },
      keepAlive: keepAlive === false ? false : { ...keepAlive, interval: keepAlive.interval * calm },
    }
    this.session = undefined
    this.#idleSince = Number.NaN
    this.#idleSinceWall = 0
    this.expiresAt = expiresAt
    this.proved = false
    this.#probing = false
    this.used = false
    this.#carried = 0
    this.#taken = undefined
    this.served = false
    this.epoch = epoch
  }

  /** True while nothing is open on it. */
  get resting(): boolean {
    return !Number.isNaN(this.#idleSince)
  }

  /** When it became idle, in milliseconds on the clock; NaN while something is open. */
  get idleSince(): number {
    return this.#idleSince
  }

  /** For how long nothing was open on it; NaN while something is. */
  idleFor(clock: Clock): number {
    return Math.max(clock.now() - this.#idleSince, wallOf(clock) - this.#idleSinceWall)
  }

  /** Nothing is open on it any more. */
  rest(clock: Clock): void {
    this.#idleSince = clock.now()
    this.#idleSinceWall = wallOf(clock)
  }

  /** It is used again, and leaves the line of idle ones. */
  wake(): void {
    if (this.linked) this.unlink()
    this.#idleSince = Number.NaN
  }

  /** Requests that it may be given now. */
  get free(): number {
    const { state, freeStreams } = this.session!
    if (this.#probing || state !== 'open') return 0
    return Math.min(freeStreams, this.#allotted - this.#carried)
  }

  /** Requests that it takes in all, as far as is known: a number that came twice is no accident. */
  get #allotted(): number {
    const { drains, drainedAfter } = this.owner.memory
    return drains > 1 ? drainedAfter : Number.POSITIVE_INFINITY
  }

  /** It has answered as many as the origin is thought to take on one connection: if it goes on, so does the origin. */
  reconsider(): void {
    const { idle, state } = this.session!
    if (idle && state === 'open' && this.#carried >= this.#allotted) this.owner.memory.drains = 0
  }

  /** The peer said GOAWAY and refused this stream; the first that it refused is told first. */
  refusedFrom(streamId: number): number {
    if (this.#taken === undefined) {
      const taken = (streamId - (this.settings.firstStreamId ?? 1)) / 2
      const { memory } = this.owner
      this.#taken = taken
      memory.drains = taken > 0 && taken === memory.drainedAfter ? memory.drains + 1 : 1
      memory.drainedAfter = taken
    }
    return this.#taken
  }

  /** Octets that have come on it. */
  get bytesReceived(): number {
    return this.session!.bytesReceived
  }

  /** Gives it a request. Throws TypeError for a head that breaks a rule; nothing was sent then. */
  carry(exchange: Exchange): void {
    const reused = this.used
    const session = this.session!
    this.wake()
    this.used = true
    this.#carried += 1
    exchange.carriage = this
    exchange.receivedThen = session.bytesReceived
    session.carry(exchange, exchange.planned!)
    exchange.onConnection?.(connectionInfo(session, reused))
  }

  /** True while a PING asks whether it is still there: it is given no requests. */
  get probing(): boolean {
    return this.#probing
  }

  /** Asks whether it is still there; `answered` is called if so. If not it ends, and nothing is lost. */
  probe(answered: () => void): void {
    const { clock } = this.settings
    const session = this.session!
    this.#probing = true
    const timer = clock.setTimer(() => session.destroy(undefined), PROBE_LIMIT_MS, true)
    session.ping().then(
      () => {
        clock.clearTimer(timer)
        this.#probing = false
        this.wake()
        answered()
      },
      () => clock.clearTimer(timer),
    )
  }

  isClosing(): boolean {
    return this.owner.closing
  }

  get target(): Target {
    return this.owner.target
  }

  get observer(): Observer {
    return this.owner.observer
  }

  get tlsSessions(): SessionCache {
    return this.owner.memory
  }

  sessionDraining(_session: Session, errorCode: number, debugData: string): void {
    this.owner.draining(this, errorCode, debugData)
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
