/**
 * All connections of a client: which origins there are, how many connections
 * together, and when one that is not needed closes. Its one rule: an origin
 * without a connection and without a request is forgotten.
 */
import type { PromisedHead } from '../protocol/index.ts'
import { StreamQueue } from '../protocol/stream-queue.ts'
import type { Clock } from './clock.ts'
import type { Exchange } from './exchange.ts'
import type { Logger } from './logging.ts'
import { Reporter } from './logging.ts'
import { OriginMemories } from './origin-memory.ts'
import { type OriginContext, OriginPool, type PoolHost } from './origin-pool.ts'
import type { Member } from './pool-member.ts'
import type { RetryRules } from './retry-policy.ts'

/** What a pool goes by. */
export interface PoolRules {
  readonly retry: RetryRules
  readonly limitPerOrigin: number
  /** Connections of all origins together. */
  readonly limit: number
  /** Milliseconds after which a connection that nobody uses closes; Infinity for never. */
  readonly idleTimeout: number
  /** Milliseconds after which a connection takes no new requests; Infinity for never. */
  readonly maxAge: number
  readonly clock: Clock
  readonly logger: Logger | undefined
  /** A promised request; undefined to refuse. */
  readonly pushed: ((parent: Exchange, head: PromisedHead) => Exchange | undefined) | undefined
}

export class Pool implements PoolHost {
  readonly #rules: PoolRules
  readonly #origins: Map<string, OriginPool>
  readonly #memories: OriginMemories
  /** Connections and dials of all origins. */
  #count: number
  /** Connections on which nothing is open, the one idle longest first. */
  readonly #idle: StreamQueue<Member>
  /** Origins that want a connection and may not have one yet. */
  readonly #starved: Set<OriginPool>
  #timer: unknown

  constructor(rules: PoolRules) {
    this.#rules = rules
    this.#origins = new Map()
    this.#memories = new OriginMemories()
    this.#count = 0
    this.#idle = new StreamQueue()
    this.#starved = new Set()
    this.#timer = undefined
  }

  // — what the client asks —

  /** The origin under this key, if there is one now. */
  find(key: string): OriginPool | undefined {
    return this.#origins.get(key)
  }

  /** Makes an origin. */
  add(context: Omit<OriginContext, 'memory'>): OriginPool {
    const memory = this.#memories.recall(context.key)
    const reporter = new Reporter(context.target.origin, this.#rules.logger)
    const origin = new OriginPool(this, { ...context, memory }, reporter)
    this.#origins.set(context.key, origin)
    return origin
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

  get limitPerOrigin(): number {
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
    this.#starved.add(origin)
    // One that nobody uses makes room; it is gone a little later.
    const unused = this.#idle.first
    if (unused !== undefined) unused.owner.expire(unused)
    return false
  }

  released(): void {
    this.#count -= 1
    for (const origin of this.#starved) {
      this.#starved.delete(origin)
      origin.admitted()
      break
    }
  }

  idle(member: Member): void {
    if (this.#starved.size > 0) {
      member.owner.expire(member)
      return
    }
    this.#idle.push(member)
    this.#arm()
  }

  emptied(origin: OriginPool): void {
    this.#starved.delete(origin)
    if (this.#origins.get(origin.key) === origin) this.#origins.delete(origin.key)
    if (this.#origins.size > 0) return
    this.#rules.clock.clearTimer(this.#timer)
    this.#timer = undefined
  }

  pushed(parent: Exchange, head: PromisedHead): Exchange | undefined {
    return this.#rules.pushed?.(parent, head)
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
