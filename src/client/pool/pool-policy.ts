/**
 * How many connections an origin gets, and which of them takes a request. Pure:
 * numbers in, numbers out. The one rule: a connection is dialled only for
 * requests that no other connection will soon be able to take.
 */

/** What is known of an origin's connections and of the requests that wait. */
export interface OriginFacts {
  /** Requests that wait. */
  readonly waiting: number
  /** Dials under way from which a connection is expected soon. */
  readonly dialling: number
  /** Dials under way that take too long to be counted on. */
  readonly late: number
  /** Connections that take requests, now or when a stream is free. */
  readonly usable: number
  /** Connections that take no more requests and are not gone: the peer decides for how long. */
  readonly leaving: number
  /** Those of them of which it is not known yet how much they can take. */
  readonly unproved: number
  /** True if no request is sent, on whatever connection, because too much lies unread. */
  readonly full: boolean
  /** True if every connection takes one request at a time (HTTP/1.1). */
  readonly serial: boolean
  /** True if the last dial failed: the next one is to show whether the origin is there. */
  readonly failing: boolean
  /** `maxConnectionsPerOrigin`. */
  readonly limit: number
}

/** Connections to dial now. */
export function dialsWanted(facts: OriginFacts): number {
  const { waiting, dialling, late, unproved, serial, failing } = facts
  if (waiting === 0 || late >= MOST_LATE) return 0
  // Another connection would send none of them either.
  if (facts.full && !serial && facts.usable > 0) return 0
  const room = roomOf(facts)
  if (serial && !failing) return Math.max(0, Math.min(waiting - dialling - unproved, room))
  // One connection may take them all: nothing is dialled beside one that has not shown what it can take.
  return dialling > 0 || unproved > 0 ? 0 : Math.min(1, room)
}

/**
 * Connections that there may be beside those there are. One is made in any case
 * where all others drain or do not come, unless one was made for that before: a
 * restart, or a dial that hangs, is not the end of an origin.
 */
function roomOf({ dialling, late, usable, leaving, limit }: OriginFacts): number {
  const room = Math.max(0, limit - usable - leaving - dialling - late)
  return usable + dialling === 0 && leaving <= limit ? Math.max(1, room) : room
}

/** Milliseconds after which a dial is not counted on any more, and another begins beside it. */
export const LATE_AFTER_MS = 1_000
/** Late dials beside which no other begins: it would be late, too. */
const MOST_LATE = 3

/** Milliseconds of idleness after which a connection is asked whether it is still there before it is used. */
export const STALE_AFTER_MS = 10_000
/** Milliseconds that it has for the answer; a new connection takes less than a slow one. */
export const PROBE_LIMIT_MS = 2_000

/** True if a connection that was idle for so long should be asked first. */
export function needsProbe(idleMs: number): boolean {
  return idleMs >= STALE_AFTER_MS
}

/** How far the age limit of a connection is shifted, as a part of it, so that not all end together. */
const AGE_JITTER = 0.1

/** How old one connection may become. `random` is from 0 to 1. */
export function lifetime(maxAge: number, random: number): number {
  return maxAge * (1 - AGE_JITTER + 2 * AGE_JITTER * random)
}

const FIRST_BACKOFF_MS = 1_000
const BACKOFF_GROWTH = 1.6
const LONGEST_BACKOFF_MS = 120_000

/** Milliseconds before dialling beside connections that work, after so many dials in a row have failed. */
export function dialBackoff(failures: number): number {
  return Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * BACKOFF_GROWTH ** (failures - 1))
}
