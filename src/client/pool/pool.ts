/**
 * All connections of a client: which origins there are, how many connections
 * together, and when one that is not needed closes. Its one rule: an origin
 * without a connection and without a request is forgotten.
 */
import type { PromisedHead } from '../../protocol/index.ts'
import { StreamQueue } from '../../protocol/stream-queue.ts'
import { observerOf } from '../observe/observers.ts'
import { type Recorder, recordersOf } from '../observe/recorder.ts'
import type { Exchange } from '../session/exchange.ts'
import type { Clock } from '../settings/clock.ts'
import type { Logger } from '../settings/logger.ts'
import type { PerVersion } from './connection-limits.ts'
import { OriginMemories } from './origin-memory.ts'
import { type OriginContext, OriginPool, type PoolHost } from './origin-pool.ts'
import type { Member } from './pool-member.ts'
import type { RetryRules } from './retry-policy.ts'

/** What a pool goes by. */
export interface PoolRules {
  readonly retry: RetryRules
  readonly limitPerOrigin: PerVersion
  /** Connections of all origins together. */
  readonly limit: number
  /** Milliseconds after which a connection that nobody uses closes; Infinity for never. */
  readonly idleTimeout: number
  /** Milliseconds after which a connection takes no new requests; Infinity for never. */
  readonly maxAge: number
  readonly clock: Clock
  readonly logger: Logger | undefined
  readonly recorder: Recorder | undefined
  /** A promised request; undefined to refuse. */
  readonly pushed: ((parent: Exchange, head: PromisedHead) => Exchange | undefined) | undefined
}

/** Milliseconds that an origin waits for room before others have to make some. */
const RELIEF_MS = 1_000

export class Pool implements PoolHost {
  readonly #rules: PoolRules
  readonly #origins: Map<string, OriginPool>
  readonly #memories: OriginMemories
  /** Connections and dials of all origins. */
  #count: number
  /** Connections on which nothing is open, the one idle longest first. */
  readonly #idle: StreamQueue<Member>
  /** Origins that want a connection and may not have one yet, in the order in which they asked. */
  readonly #starved: Set<OriginPool>
  /** Idle connections that close to make room for those. */
  readonly #yielding: Set<Member>
  #timer: unknown
  /** When a connection that is in use has to make room. */
  #reliefTimer: unknown

  constructor(rules: PoolRules) {
    this.#rules = rules
    this.#origins = new Map()
    this.#memories = new OriginMemories()
    this.#count = 0
    this.#idle = new StreamQueue()
    this.#starved = new Set()
    this.#yielding = new Set()
    this.#timer = undefined
    this.#reliefTimer = undefined
  }

  // — what the client asks —

  /** The origin under this key, if there is one now. */
  find(key: string): OriginPool | undefined {
    return this.#origins.get(key)
  }

  /** Makes an origin. */
  add(context: Omit<OriginContext, 'memory'>): OriginPool {
    const memory = this.#memories.recall(context.key)
    const { logger, recorder } = this.#rules
    const { origin } = context.target
    const observer = observerOf(origin, logger, recordersOf(recorder, origin))
    const pool = new OriginPool(this, { ...context, memory }, observer)
    this.#origins.set(context.key, pool)
    return pool
  }

  get origins(): IterableIterator<OriginPool> {
    return this.#origins.values()
  }

  /** Connections and dials. */
  get count(): number {
    return this.#count
  }

  /** Finishes everything that waits or is open, then closes. */
  async close(): Promise<void> {
    await Promise.all([...this.#origins.values()].map((origin) => origin.close(0)))
  }

  destroy(reason: unknown): void {
    for (const origin of [...this.#origins.values()]) origin.destroy(reason)
  }

  // — `PoolHost` —

  get retry(): RetryRules {
    return this.#rules.retry
  }

  get limitPerOrigin(): PerVersion {
    return this.#rules.limitPerOrigin
  }

  get maxAge(): number {
    return this.#rules.maxAge
  }

  admit(origin: OriginPool): boolean {
    if (this.#count < this.#rules.limit) {
      this.#count += 1
      this.#starved.delete(origin)
      return true
    }
    if (this.#starved.has(origin)) return false
    this.#starved.add(origin)
    const unused = this.#idle.first
    if (unused !== undefined) this.#yield(unused)
    this.#awaitRelief()
    return false
  }

  released(member: Member | undefined): void {
    if (member !== undefined) this.#yielding.delete(member)
    this.#count -= 1
    while (this.#count < this.#rules.limit) {
      const origin = this.#neediest()
      if (origin === undefined) return
      this.#starved.delete(origin)
      origin.admitted()
    }
  }

  idle(member: Member): void {
    this.#idle.push(member)
    if (this.#yielding.size < this.#starved.size && this.#neediest() !== undefined) this.#yield(member)
    else this.#arm()
  }

  emptied(origin: OriginPool): void {
    this.#starved.delete(origin)
    if (this.#origins.get(origin.key) === origin) this.#origins.delete(origin.key)
    if (this.#origins.size > 0) return
    const { clock } = this.#rules
    clock.clearTimer(this.#timer)
    this.#timer = undefined
    clock.clearTimer(this.#reliefTimer)
    this.#reliefTimer = undefined
  }

  pushed(parent: Exchange, head: PromisedHead): Exchange | undefined {
    return this.#rules.pushed?.(parent, head)
  }

  // — too few connections for all —

  /** A connection that nobody uses makes room; it is gone a little later. */
  #yield(member: Member): void {
    this.#yielding.add(member)
    member.owner.expire(member)
  }

  /** Of the origins that wait for room, the one with the fewest connections; those that need none any more are let go. */
  #neediest(): OriginPool | undefined {
    let neediest: OriginPool | undefined
    for (const origin of this.#starved) {
      if (origin.wanted === 0) this.#starved.delete(origin)
      else if (neediest === undefined || origin.connections < neediest.connections) neediest = origin
      if (neediest?.connections === 0) break
    }
    return neediest
  }

  #awaitRelief(): void {
    this.#reliefTimer ??= this.#rules.clock.setTimer(this.#relieve, RELIEF_MS)
  }

  /** Who has more than those that wait gives one up: it finishes what it has, and takes nothing new. */
  readonly #relieve = (): void => {
    this.#reliefTimer = undefined
    const neediest = this.#neediest()
    if (neediest === undefined) return
    const { connections } = neediest
    let richest: OriginPool | undefined
    for (const origin of this.#origins.values()) {
      if (origin.last !== undefined && origin.connections > (richest?.connections ?? 0)) richest = origin
    }
    const member = richest?.last
    // With one each, those that have none take turns with those that have.
    const least = connections === 0 ? 1 : connections + 2
    if (member !== undefined && richest!.connections >= least) member.owner.expire(member)
    this.#awaitRelief()
  }

  // — idle connections —

  #arm(): void {
    const { clock, idleTimeout } = this.#rules
    const first = this.#idle.first
    if (this.#timer !== undefined || first === undefined || idleTimeout === Number.POSITIVE_INFINITY) return
    const wait = first.idleSince + idleTimeout - clock.now()
    this.#timer = clock.setTimer(this.#ring, Math.max(0, Math.ceil(wait)))
  }

  readonly #ring = (): void => {
    const { clock, idleTimeout } = this.#rules
    this.#timer = undefined
    const now = clock.now()
    for (const member of this.#idle) {
      if (member.idleSince + idleTimeout > now) break
      member.unlink()
      member.owner.expire(member)
    }
    this.#arm()
  }
}
