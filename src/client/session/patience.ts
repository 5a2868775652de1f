/**
 * What an exchange waits for, and until when. Pure: time is a parameter. Its
 * one rule: the peer has its time from the moment at which it was its turn; what
 * the caller is late with is not the peer's silence.
 */
import type { Processed } from '../../errors.ts'
import type { UnreadBudget } from '../../protocol/index.ts'
import { type ClientFailure, timedOut } from '../failure.ts'
import { EXPECTATION_MS } from '../request/expectation.ts'
import type { HttpVersion } from '../response/incoming.ts'
import type { TimeLimits } from '../settings/timeouts.ts'

const NEVER = Number.POSITIVE_INFINITY

/** What may be waited for. */
export const STREAM = 0
/** The peer has to take content of the request. */
export const CONTENT = 1
export const RESPONSE = 2
/** More of the response's content. */
export const MORE = 3
export type Awaited = typeof STREAM | typeof CONTENT | typeof RESPONSE | typeof MORE

/** Milliseconds for which a peer may be silent where nothing else tells that it lives. */
const SILENCE_MS = 300_000
/** Milliseconds for which content may lie unread on a connection that the caller closes: nobody waits for it, */
const UNREAD_MS = 10_000
/** and on one that the peer wants to close. */
const UNREAD_DRAINING_MS = 60_000

/** Who waits. */
export interface Waiter {
  /**
   * What it sends: octets that were given and not sent, and whether the caller has given all; undefined if there
   * is nothing behind the head.
   */
  readonly sending: { readonly queued: number; readonly complete: boolean } | undefined
  /** `unread`: it is the reader's turn. */
  readonly incoming: { readonly unread: boolean }
}

/** Where it waits. */
export interface Place {
  now(): number
  /** The caller wants the connection closed. */
  readonly closing: boolean
  /** The peer does. */
  readonly draining?: boolean
  /** Where this is full no request is sent. */
  readonly unread?: UnreadBudget | undefined
}

export class Patience {
  /** When it is over, Infinity for never. */
  deadline: number
  readonly #limits: TimeLimits
  #totalDeadline: number
  /** When the wait that began last is over. */
  #due: number
  /** When content that is held back is sent without a word, Infinity for never. */
  #heldUntil: number
  /** Undefined while only the total counts. */
  #awaited: Awaited | undefined
  /** Octets of the request that waited when the deadline was set last: fewer now is progress. */
  #queuedThen: number
  /** The limit of a peer's silence where the user did not say. */
  #silenceMs: number

  constructor(limits: TimeLimits) {
    this.deadline = NEVER
    this.#limits = limits
    this.#totalDeadline = NEVER
    this.#due = NEVER
    this.#heldUntil = NEVER
    this.#awaited = undefined
    this.#queuedThen = 0
    this.#silenceMs = 0
  }

  /** Content is held back for so long, and no longer. It counts from the next `await` on. */
  hold(place: Place): void {
    this.#heldUntil = place.now() + EXPECTATION_MS
  }

  /** True, once, if content was held back until now. */
  unheld(place: Place): boolean {
    if (place.now() < this.#heldUntil) return false
    this.#heldUntil = NEVER
    this.#setDue(this.#due)
    return true
  }

  #setDue(due: number): void {
    this.#due = due
    this.deadline = Math.min(due, this.#totalDeadline, this.#heldUntil)
  }

  /** From here on all of it takes its time. */
  startTotal(startedAt: number): void {
    const { total } = this.#limits
    if (total > 0) this.#totalDeadline = startedAt + total
  }

  /** It is put on a connection: over HTTP/2 a PING asks a silent peer whether it lives, unless that is turned off. */
  startOver(httpVersion: HttpVersion): void {
    this.#silenceMs = httpVersion === '2' && this.#limits.peerIsAsked ? 0 : SILENCE_MS
  }

  /** Nothing is waited for but the end. */
  rest(): void {
    this.#awaited = undefined
    this.#setDue(NEVER)
  }

  /** True if no limit runs but the total. */
  get resting(): boolean {
    return this.#due === NEVER
  }

  /** The wait for this begins, or begins anew. Returns true if that moved the deadline. */
  await(awaited: Awaited, waiter: Waiter, place: Place): boolean {
    const before = this.deadline
    const limitMs = this.#limitOf(awaited, waiter, place)
    this.#awaited = awaited
    if (limitMs > 0) this.#queuedThen = waiter.sending?.queued ?? 0
    this.#setDue(limitMs === 0 ? NEVER : place.now() + limitMs)
    return this.deadline !== before
  }

  /** A sign of life: the wait begins anew. Returns true if that moved the deadline. */
  again(waiter: Waiter, place: Place): boolean {
    return this.#awaited !== undefined && this.await(this.#awaited, waiter, place)
  }

  /** The deadline passed: why that is the end, undefined if the wait begins anew. */
  late(waiter: Waiter, place: Place, processed: Processed): ClientFailure | undefined {
    const { total } = this.#limits
    const awaited = this.#awaited
    if (place.now() >= this.#totalDeadline) return timedOut('TOTAL', `not complete in ${total} ms`, processed)
    if (awaited === undefined || place.now() < this.#due) return undefined
    const limitMs = this.#limitOf(awaited, waiter, place)
    if (limitMs === 0 || this.#isExcused(awaited, waiter, place)) {
      this.await(awaited, waiter, place)
      return undefined
    }
    if (awaited === STREAM)
      return timedOut('QUEUE', `no free stream in ${limitMs} ms${heldBack(place)}`, processed)
    if (awaited === CONTENT)
      return timedOut('HEADERS', `none of the content taken in ${limitMs} ms`, processed)
    if (awaited === RESPONSE) return timedOut('HEADERS', `no response in ${limitMs} ms`, processed)
    if (!waiter.incoming.unread) return timedOut('BODY', `no more of the body in ${limitMs} ms`, processed)
    return timedOut('BODY', `nobody read the body in ${limitMs} ms, and the connection closes`, processed)
  }

  /** It is over. */
  end(): void {
    this.deadline = NEVER
  }

  /** True if the peer has moved, or it is not its turn. */
  #isExcused(awaited: Awaited, waiter: Waiter, place: Place): boolean {
    const { queued = 0, complete = true } = waiter.sending ?? {}
    if (awaited !== CONTENT && awaited !== MORE) return false
    if (queued !== this.#queuedThen) return true
    if (awaited === CONTENT) return queued === 0
    if (waiter.incoming.unread) return !place.closing && place.draining !== true
    return !complete && queued === 0
  }

  /** How long this may take; 0 for no limit. */
  #limitOf(awaited: Awaited, waiter: Waiter, place: Place): number {
    const { queue, headers, bodyIdle } = this.#limits
    if (awaited === STREAM) return queue
    if (awaited !== MORE) return headers ?? this.#silenceMs
    const limitMs = bodyIdle ?? this.#silenceMs
    if (!waiter.incoming.unread || !(place.closing || place.draining === true)) return limitMs
    const unreadMs = place.closing ? UNREAD_MS : UNREAD_DRAINING_MS
    return limitMs === 0 ? unreadMs : Math.min(limitMs, unreadMs)
  }
}

/** What else there is to say of a wait for a stream. */
function heldBack({ unread }: Place): string {
  return unread?.full ? `, while ${unread.held} octets of responses lie unread (limits.maxUnread)` : ''
}
