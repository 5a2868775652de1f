/**
 * TLS options as security contexts, each with a number: a part of the pool's
 * key. Its one rule: options are the same context if they are equal value by
 * value now, whatever object holds them, and what a context was made of never
 * changes.
 */
import { isUnchanged, snapshotOf } from '../../snapshot.ts'
import type { TlsOptions } from '../../transport/transport.ts'

/** Contexts that are looked through for an equal one. One that is forgotten gets a new number, and new connections. */
const MAX_RECENT = 64

/** One security context. */
export interface TlsChoice {
  readonly number: number
  /** A copy: what changes in the caller's afterwards is of another context. */
  readonly options: TlsOptions | undefined
}

const NONE: TlsChoice = { number: 0, options: undefined }

export class TlsChoices {
  /** The one used last is the last. */
  #recent: TlsChoice[]
  #lastNumber: number

  constructor() {
    this.#recent = []
    this.#lastNumber = 0
  }

  /** The context of these options. */
  choose(tls: TlsOptions | undefined): TlsChoice {
    if (tls === undefined) return NONE
    // An object of any class will do, its own properties count.
    const now = { ...tls }
    const recent = this.#recent
    for (let i = recent.length - 1; i >= 0; i--) {
      const choice = recent[i]!
      if (!isUnchanged(choice.options, now)) continue
      if (i < recent.length - 1) {
        recent.splice(i, 1)
        recent.push(choice)
      }
      return choice
    }
    this.#lastNumber += 1
    const made = { number: this.#lastNumber, options: snapshotOf(now) }
    recent.push(made)
    if (recent.length > MAX_RECENT) recent.shift()
    return made
  }
}
