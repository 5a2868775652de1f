/**
 * Whether a request that failed is sent again, and when (RFC 9113 §8.7,
 * RFC 9110 §9.2.2). Pure: reads the facts of a failure, never its message. The
 * one rule: what the peer may have acted on is sent again only if the method
 * allows it and the caller asked for it.
 */
import type { Processed } from '../../errors.ts'
import type { ClientFailure } from '../failure.ts'

/** What may be sent again, and dialled again. */
export interface RetryOptions {
  /** How often an origin that refuses or resets connections is dialled again for a request. Default 2. */
  readonly dials?: number | undefined
  /** How often one request may be sent again with nothing answered in between. Default 3. */
  readonly attempts?: number | undefined
  /** Also where the server may have acted on an idempotent request (RFC 9110 §9.2.2). Default false. */
  readonly idempotent?: boolean | undefined
  /** Also after these statuses, for idempotent methods; honours retry-after (RFC 9110 §10.2.3). Not 421. Default none. */
  readonly statuses?: readonly number[] | undefined
}

/** The options with every default filled in. */
export interface RetryRules {
  readonly dials: number
  readonly attempts: number
  readonly idempotent: boolean
  readonly statuses: readonly number[]
}

const DEFAULTS: RetryRules = { dials: 2, attempts: 3, idempotent: false, statuses: [] }
const OFF: RetryRules = { dials: 0, attempts: 0, idempotent: false, statuses: [] }

/** Milliseconds before each further attempt. */
const DELAYS: readonly number[] = [0, 100, 400]
/** How far a delay is shifted, as a part of it, so that clients do not come back together. */
const JITTER = 0.2
/** A server that wants to be left alone for longer is not waited for. */
const LONGEST_WAIT_MS = 60_000

const IDEMPOTENT: readonly string[] = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'QUERY']

/** Checks options and fills in defaults. Throws TypeError or RangeError that names the option. */
export function checkRetry(given: RetryOptions | false | undefined): RetryRules {
  if (given === undefined || given === false) return given === false ? OFF : DEFAULTS
  if (typeof given !== 'object' || given === null) throw new TypeError('retry must be an object or false')
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(DEFAULTS, name)) {
      throw new TypeError(`retry.${name} is not an option; known are ${Object.keys(DEFAULTS).join(', ')}`)
    }
  }
  const { dials = DEFAULTS.dials, attempts = DEFAULTS.attempts, idempotent = false, statuses = [] } = given
  for (const [name, times] of Object.entries({ dials, attempts })) {
    if (!Number.isInteger(times) || times < 0)
      throw new RangeError(`retry.${name} must be an integer, 0 or more`)
  }
  if (typeof idempotent !== 'boolean') throw new TypeError('retry.idempotent must be a boolean')
  if (!Array.isArray(statuses) || !statuses.every(isErrorStatus)) {
    throw new TypeError('retry.statuses must be an array of statuses from 400 to 599')
  }
  // RFC 9110 §15.5.20: on another connection at most, and there is none that would differ.
  if (statuses.includes(421))
    throw new TypeError('retry.statuses must not hold 421: its answer would be the same')
  return { dials, attempts, idempotent, statuses: [...statuses] }
}

function isErrorStatus(status: unknown): boolean {
  return Number.isInteger(status) && (status as number) >= 400 && (status as number) <= 599
}

/** True for methods that may be repeated without the server doing more (RFC 9110 §9.2.2). */
export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.includes(method)
}

/** What is known of a failed attempt. */
export interface Attempt {
  readonly method: string
  /** Whether its content can be given again. */
  readonly replayable: boolean
  /** How often it was sent again before, and nothing was answered in between. */
  readonly resent: number
  /** Whether HEADERS, or the head of the request, left this side. */
  readonly sent: boolean
  /** Whether its connection had served before, and nothing came on it since the request was written. */
  readonly stale?: boolean
}

/** How sure it is that sending again does no harm. */
export type Verdict =
  /** Fail. */
  | 'fail'
  /** It never left: it takes its place in the line again, and this is no attempt. */
  | 'requeue'
  /** Proved unprocessed. */
  | 'safe'
  /** Its connection was closed as it was written, as far as one can tell: once more, on another. */
  | 'once'
  /** The server may have acted on it; the caller allowed that. */
  | 'repeat'

/** What becomes of a request that failed before it was answered. */
export function judge(rules: RetryRules, attempt: Attempt, failure: ClientFailure): Verdict {
  if (failure.initiator === 'user' || !attempt.replayable) return 'fail'
  if (failure.processed === 'no') {
    // A head that the peer does not take is refused again.
    if (failure.kind === 'HEADER_LIST_TOO_LARGE' || failure.kind === 'EXTENDED_CONNECT') return 'fail'
    if (!attempt.sent) return 'requeue'
    // GOAWAY with an error may be about the first of the requests it leaves unprocessed (RFC 9113 §6.8).
    const limit = failure.kind === 'GOAWAY' && failure.errorCode !== 0 ? 1 : rules.attempts
    return attempt.resent < Math.min(limit, rules.attempts) ? 'safe' : 'fail'
  }
  if (!mayRepeat(failure.processed, failure.scope) || !isIdempotent(attempt.method)) return 'fail'
  if (attempt.resent >= rules.attempts) return 'fail'
  // RFC 9112 §9.3.1: a connection may be closed at any time, and what crosses its end is not at fault.
  if (attempt.stale === true) return 'once'
  return rules.idempotent ? 'repeat' : 'fail'
}

/** A stream that the peer reset on purpose would be reset again; a connection that broke may have been bad luck. */
function mayRepeat(processed: Processed, scope: ClientFailure['scope']): boolean {
  return processed === 'unknown' && scope !== 'stream'
}

/** Milliseconds before a request is sent for the `resent + 1`th time again. `random` is from 0 to 1. */
export function retryDelay(resent: number, random: number): number {
  const delay = DELAYS[Math.min(resent, DELAYS.length - 1)]!
  return delay * (1 - JITTER + 2 * JITTER * random)
}

/**
 * Milliseconds to wait before a request that got this status is sent again;
 * undefined to take the answer as it is. `now` is the wall clock's.
 */
export function statusDelay(
  rules: RetryRules,
  attempt: Attempt,
  status: number,
  retryAfter: string | undefined,
  now: number,
  random: number,
): number | undefined {
  if (!rules.statuses.includes(status) || !isIdempotent(attempt.method)) return undefined
  if (!attempt.replayable || attempt.resent >= rules.attempts) return undefined
  const delay = retryAfter === undefined ? undefined : afterMs(retryAfter, now)
  if (delay === undefined) return retryDelay(attempt.resent + 1, random)
  return delay <= LONGEST_WAIT_MS ? delay : undefined
}

/** Seconds, or a date (RFC 9110 §10.2.3). */
function afterMs(retryAfter: string, now: number): number | undefined {
  if (/^\d{1,9}$/.test(retryAfter)) return Number(retryAfter) * 1000
  // What is neither is not guessed at.
  if (!/^[A-Z][a-z]+,? .*\d\d:\d\d:\d\d/.test(retryAfter)) return undefined
  const date = Date.parse(retryAfter)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

/** Answers earn so much of a retry each. */
const EARNED = 0.2
const FULL = 100
const FIRST = 10

/** A budget that retries without proof, and further ones with it, share: a server in trouble is not stormed. */
export class RetryBudget {
  #tokens: number

  constructor() {
    this.#tokens = FIRST
  }

  /** A request was answered. */
  earn(): void {
    if (this.#tokens < FULL) this.#tokens += EARNED
  }

  /** True if a retry may be made, which is then paid for. */
  take(): boolean {
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}
