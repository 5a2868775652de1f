/**
 * Whether a path has died without a word (RFC 9113 §6.7): a request was made on
 * a connection that had been silent, and nothing has come since. Names moments,
 * holds no timer. Its one rule: where much is on its way to the peer, silence
 * says nothing.
 */

/** Milliseconds of silence before a request after which its path is doubted. */
const SILENT_MS = 1_000
/** Milliseconds that the first sign may take, or so many round trips. */
const FIRST_SIGN_MS = 500
const FIRST_SIGN_TRIPS = 4
/** Milliseconds that the answer to a PING may then take, or so many round trips. */
const ANSWER_MS = 2_000
const ANSWER_TRIPS = 8
/** Milliseconds for which the end is put off once: what has arrived may not have been read yet. */
const SECOND_LOOK_MS = 100
/** Octets that are on their way for longer than that on a narrow path. */
const MUCH = 16_384

const NEVER = Number.POSITIVE_INFINITY

export class PathDoubt {
  /** When the request was made; NaN if the path is not doubted. */
  #since = Number.NaN
  /** Octets that had left, ever; and when the peer's last bytes came. */
  #sent = 0
  #sentThen = 0
  /** When the end was put off; NaN before. */
  #putOffAt = Number.NaN

  /** Bytes came. */
  heard(): void {
    this.#since = Number.NaN
    this.#putOffAt = Number.NaN
    this.#sentThen = this.#sent
  }

  /** So many octets have left, ever. */
  departed(sent: number): void {
    this.#sent = sent
  }

  /** A request is made, `silentMs` after the peer's last bytes. */
  requested(now: number, silentMs: number): void {
    if (silentMs >= SILENT_MS && Number.isNaN(this.#since)) this.#since = now
  }

  get #stands(): boolean {
    return !Number.isNaN(this.#since) && this.#sent - this.#sentThen < MUCH
  }

  /** When a PING is to ask; Infinity if it need not. */
  askAt(roundTrip: number): number {
    return this.#stands ? this.#since + within(FIRST_SIGN_MS, FIRST_SIGN_TRIPS, roundTrip) : NEVER
  }

  /** When the path is dead if nothing comes, `askedAt` being when the PING was sent. */
  deadAt(askedAt: number, roundTrip: number): number {
    if (!this.#stands) return NEVER
    const late = askedAt + within(ANSWER_MS, ANSWER_TRIPS, roundTrip)
    return Number.isNaN(this.#putOffAt) ? late : Math.max(late, this.#putOffAt + SECOND_LOOK_MS)
  }

  /** That moment came. True if it is to be put off, which is so once. */
  putOff(now: number): boolean {
    if (!Number.isNaN(this.#putOffAt)) return false
    this.#putOffAt = now
    return true
  }
}

function within(ms: number, trips: number, roundTrip: number): number {
  return Number.isNaN(roundTrip) ? ms : Math.max(ms, trips * roundTrip)
}
