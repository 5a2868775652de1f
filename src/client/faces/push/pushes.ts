/**
 * The pushes of one connection object (RFC 9113 §8.4): which there are, for
 * which request, and who was given them. Its one rule: a push is given out
 * once, whether it is asked for with its request or without.
 */
import type { PromisedHead } from '../../../protocol/index.ts'
import { Exchange } from '../../session/exchange.ts'
import type { Decoding } from '../../settings/limits.ts'
import type { TimeLimits } from '../../settings/timeouts.ts'
import { HTTP20Push } from './http20-push.ts'
import { PushQueue, pushesOf } from './push-queue.ts'

export class Pushes {
  readonly #limits: TimeLimits
  readonly #decoding: Decoding | undefined
  /** Those of the connection that is open. */
  #all: PushQueue
  readonly #byParent: WeakMap<Exchange, PushQueue>
  readonly #queueOfPush: WeakMap<HTTP20Push, PushQueue>

  constructor(limits: TimeLimits, decoding: Decoding | undefined) {
    this.#limits = limits
    this.#decoding = decoding
    this.#all = new PushQueue()
    this.#byParent = new WeakMap()
    this.#queueOfPush = new WeakMap()
  }

  /** A promised request. Returns the exchange that takes it, undefined to refuse. */
  promised(parent: Exchange, head: PromisedHead): Exchange | undefined {
    const queue = this.#queueOf(parent)
    if (this.#all.full || queue.full) return undefined
    const { method, path } = head
    const exchange = new Exchange({
      method,
      path,
      limits: this.#limits,
      signal: undefined,
      trailers: undefined,
      decoding: this.#decoding,
    })
    const push = new HTTP20Push(exchange, head)
    this.#queueOfPush.set(push, queue)
    if (!queue.add(push) && this.#all.add(push)) queue.remove(push)
    return exchange
  }

  /** Those of one request until its response has ended, or of all until the connection has. */
  of(parent: Exchange | undefined): AsyncIterableIterator<HTTP20Push> {
    const all = this.#all
    if (parent === undefined) return pushesOf(all, (push) => this.#queueOfPush.get(push)?.remove(push))
    return pushesOf(this.#queueOf(parent), (push) => all.remove(push))
  }

  /** The connection ended. */
  end(): void {
    this.#all.end()
    this.#all = new PushQueue()
  }

  #queueOf(parent: Exchange): PushQueue {
    let queue = this.#byParent.get(parent)
    if (queue === undefined) {
      queue = new PushQueue()
      this.#byParent.set(parent, queue)
      whenOver(parent, () => queue!.end())
    }
    return queue
  }
}

/** Calls back when no more pushes can come. */
function whenOver({ incoming }: Exchange, callback: () => void): void {
  if (incoming.over) callback()
  else incoming.whenOver(callback)
}
