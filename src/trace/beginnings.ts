/**
 * Which of a tape's first rows begin what is not over within them: they stay
 * when the others are dropped, so that what goes on can be told from its call.
 */
import type { Columns } from './columns.ts'
import { Kind } from './event-kind.ts'

export class Beginnings {
  readonly #columns: Columns
  readonly #isOpen: (connection: number, stream: number) => boolean
  /** Numbers of requests are given out in order: those of the rows lie between these two. */
  #first = 0xffffffff
  #last = 0
  /** By the number less the first: 1 for a request that is over. */
  readonly #over: Uint8Array
  /** Connections that are over. */
  readonly closed = new Set<number>()

  /** @param isOpen whether a stream is, behind the first `count` rows */
  constructor(columns: Columns, count: number, isOpen: (connection: number, stream: number) => boolean) {
    this.#columns = columns
    this.#isOpen = isOpen
    const { kind, subject, connection } = columns
    for (let row = 0; row < count; row++) {
      const what = kind[row]!
      if (what === Kind.CLOSED) this.closed.add(connection[row]!)
      if (what !== Kind.SETTLED && what !== Kind.OPENED) continue
      this.#first = Math.min(this.#first, subject[row]!)
      this.#last = Math.max(this.#last, subject[row]!)
    }
    this.#over = new Uint8Array(Math.max(0, this.#last - this.#first + 1))
    for (let row = 0; row < count; row++) {
      if (this.#ends(row)) this.#over[subject[row]! - this.#first] = 1
    }
  }

  /** True for a row by which its request is known to be over. */
  #ends(row: number): boolean {
    const { kind, connection, value } = this.#columns
    if (kind[row] === Kind.SETTLED) return true
    return kind[row] === Kind.OPENED && !this.#isOpen(connection[row]!, value[row]!)
  }

  stays(row: number): boolean {
    const { kind, connection, subject, value } = this.#columns
    const what = kind[row]!
    if (what === Kind.DIAL || what === Kind.DIALLED) return !this.closed.has(connection[row]!)
    if (what === Kind.STARTED) return this.#isOpen(connection[row]!, value[row]!)
    if (!(what >= Kind.CALLED && what <= Kind.OPENED) && what !== Kind.OFFER_ENDED) return false
    return this.#over[subject[row]! - this.#first] !== 1
  }
}
