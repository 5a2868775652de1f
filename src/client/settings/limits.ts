/**
 * What is tolerated of a peer, as the user says it: one record, of which each
 * part is checked by its owner. What responses may decode to is the client's;
 * every other name is the engine's, which knows it or refuses it.
 */
import type { Limits } from '../../protocol/index.ts'
import { checkLimits } from '../../protocol/limits.ts'
import { DEFAULT_UNREAD } from '../../protocol/unread-budget.ts'
import type { Clock } from './clock.ts'

/** What the coded content of one response may become. */
export interface DecodeLimits {
  /** Octets that it may decode to. */
  readonly maxSize: number
  /** Octets that it may decode to for each that arrived, once they are more than `freeSize`. */
  readonly maxRatio: number
  readonly freeSize: number
}

/** The same for all responses of a client: the limits of one, and what all of them have drawn together. */
export interface Decoding extends DecodeLimits {
  /** Content that was cut is no error, and given as far as it goes. */
  readonly partial: boolean
  readonly clock: Clock
  readonly tally: DecodeTally
}

/** Octets that responses decoded to beyond their ratio; written by `DecodeMeter` alone. */
export interface DecodeTally {
  /** Octets, less those that were forgiven by `at`. */
  drawn: number
  /** When it was written last, in milliseconds on the clock. */
  at: number
}

/** What is tolerated, for one connection and the responses that come by it. */
export interface PeerLimits extends Limits {
  /**
   * Octets that the coded content of one response may decode to, whichever way
   * it is read. Default none. `H2_DECODED_TOO_LARGE`
   */
  readonly maxDecodedSize?: number | undefined
  /**
   * Octets that it may decode to for each octet that arrived, once they are more
   * than `freeDecodedSize`; `Infinity` for no limit. Default 100. `H2_DECODED_TOO_LARGE`
   */
  readonly maxDecodedRatio?: number | undefined
  /**
   * Octets that it may decode to whatever the ratio. Default 33,554,432. Beyond the ratio and a
   * thirty-second of this, all responses of a client share eight times as much, of which half of it is
   * forgiven each second. `H2_DECODED_TOO_LARGE`
   */
  readonly freeDecodedSize?: number | undefined
  /**
   * Octets of content that may lie unread, of all responses of a client that are not complete. Where they
   * are reached, further requests wait until a quarter is free; a quarter beyond, the response that holds
   * most is given up. Default 1,073,741,824. `H2_UNREAD_TOO_LARGE`
   */
  readonly maxUnread?: number | undefined
}

type ClientLimits = { readonly [K in Exclude<keyof PeerLimits, keyof Limits>]-?: number }

/** The limits that the client keeps itself. All may be Infinity, none below 1. */
const DEFAULTS: ClientLimits = {
  maxDecodedSize: Number.POSITIVE_INFINITY,
  // Logs and metrics reach 160 in brotli, empty tables far more: `freeDecodedSize` is for them.
  maxDecodedRatio: 100,
  // What may arrive of a response and wait unread is of that order, too.
  freeDecodedSize: 33_554_432,
  // A thousand streams that nobody reads, of 1 MiB each.
  maxUnread: DEFAULT_UNREAD,
}

interface SplitLimits {
  readonly decode: DecodeLimits
  readonly maxUnread: number
  /** Undefined for the engine's defaults. */
  readonly engine: Limits | undefined
}

// Most connections have no others: they share these.
const SPLIT_DEFAULTS: SplitLimits = Object.freeze({ ...split({}), engine: undefined })

/** The client's part of the limits, filled in, and the engine's. Throws TypeError for an unknown name, RangeError for a bad value. */
export function splitLimits(given: PeerLimits | undefined): SplitLimits {
  return given === undefined ? SPLIT_DEFAULTS : split(given)
}

function split(given: PeerLimits): SplitLimits {
  const own: Record<keyof ClientLimits, number> = { ...DEFAULTS }
  const rest: [name: string, value: number | undefined][] = []
  for (const [name, value] of Object.entries<number | undefined>({ ...given })) {
    if (!isOwn(name)) {
      rest.push([name, value])
      continue
    }
    if (value === undefined) continue
    if (!(value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && value >= 1))) {
      throw new RangeError(`limits.${name} must be an integer above 0, or Infinity`)
    }
    own[name] = value
  }
  const { maxDecodedSize: maxSize, maxDecodedRatio: maxRatio, freeDecodedSize: freeSize, maxUnread } = own
  const engine: Limits = Object.fromEntries(rest)
  // A client makes its first engine long after its options were given.
  checkLimits(engine)
  return { decode: { maxSize, maxRatio, freeSize }, maxUnread, engine }
}

function isOwn(name: string): name is keyof ClientLimits {
  return Object.hasOwn(DEFAULTS, name)
}
