/**
 * What may lie unread, on all connections that share this record. A stream's
 * window bounds what one response can hold (RFC 9113 §5.2); this bounds what
 * all of them hold together. Its one rule: content counts from its arrival
 * until the application takes it or its stream ends.
 */

/** Octets that may lie unread unless the owner says otherwise. */
export const DEFAULT_UNREAD = 1_073_741_824
/** Once it was full, it has room again when no more than this part of it is held. */
const ROOM = 3 / 4
/** The part of the limit by which windows may be opened beyond their first size, all together. */
const LENDABLE = 1 / 4
/** How many times the limit is never passed: what is in flight when it is reached may still come. */
const BRINK = 1 + LENDABLE

/**
 * Shared by the connections of one client. Where it is full, no further request
 * is sent; a quarter beyond it, the response that holds most is given up.
 *
 * @example
 * const unread = new UnreadBudget(64 * 1024 * 1024)
 * new Connection(sink, { unread }, now)
 */
export class UnreadBudget {
  /** Octets. */
  readonly limit: number
  /** Octets of content that arrived on open streams and that nobody has taken. */
  #held = 0
  /** Octets that windows were opened beyond their first size, and that may so come to be held. */
  #lent = 0
  #full = false
  #waiting: Set<() => void> | undefined = undefined

  /** @param limit octets, 1 or more; Infinity for none. Default 1 GiB. */
  constructor(limit: number = DEFAULT_UNREAD) {
    this.limit = limit
  }

  get held(): number {
    return this.#held
  }

  /** True from the moment the limit is reached until a quarter of it is free. */
  get full(): boolean {
    return this.#full
  }

  /** True if more is held than may ever be. */
  get overfull(): boolean {
    return this.#held > BRINK * this.limit
  }

  /** Octets that windows may be opened beyond their first size, all together. */
  get lendable(): number {
    return Math.max(0, LENDABLE * this.limit - this.#lent)
  }

  /** Calls back once there is room; at once, if there is. The same function counts once. */
  whenRoom(callback: () => void): void {
    if (!this.#full) {
      callback()
      return
    }
    this.#waiting ??= new Set()
    this.#waiting.add(callback)
  }

  /** Content arrived. */
  hold(count: number): void {
    this.#held += count
    if (this.#held >= this.limit) this.#full = true
  }

  /** Content was taken, or its stream ended. */
  free(count: number): void {
    this.#held -= count
    if (!this.#full || this.#held > ROOM * this.limit) return
    this.#full = false
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting !== undefined) for (const callback of waiting) callback()
  }

  /** A window is opened by so much more, or, below 0, less. */
  lend(count: number): void {
    this.#lent += count
  }
}
