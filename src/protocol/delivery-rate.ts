/**
 * How much arrives in a round trip, for windows that are sized by it. Its one
 * rule: a pause counts together with what comes behind it. Octets that piled up
 * while nobody could read, or behind a packet that was lost, arrive at once and
 * tell of no rate; so a measurement begins before the pause, and no other begins
 * before the pile is paid off.
 */

/** Round trips that a pause counts for at most: a peer that waited for credit longer has sent no more than a window. */
const LONGEST_PAUSE = 4
/** Share of a round trip in which the path is quiet by chance. */
const SHORTEST_PAUSE = 1 / 16
/**
 * A pause by so much shorter than the one before, while that one's pile is read,
 * is the reader's or the path's. Those of a peer that waits for
 * acknowledgements, as TCP starts, shrink more slowly.
 */
const SHORTER = 3 / 4
/** Share of a round trip that a measurement takes at least. */
const SHORTEST_TIME = 2 / 3

export class DeliveryRate {
  /** Octets of this measurement, which began at `#since`. */
  #octets = 0
  #since = Number.NaN
  /** When the last octets arrived; NaN before the first. */
  #last = Number.NaN
  /** When all that piled up in pauses will have been counted. */
  #settledAt = Number.NEGATIVE_INFINITY
  /** The pause that this measurement began with. */
  #pause = 0

  /** Octets arrived. Times are in milliseconds; nothing is counted before the round trip is known. */
  arrived(octets: number, now: number, roundTripTime: number): void {
    if (!(roundTripTime > 0)) return
    // What came before the first octets is not known: a round trip, where the peer was asked for them.
    const before = Number.isNaN(this.#last) ? roundTripTime : now - this.#last
    const pause = Math.min(before, LONGEST_PAUSE * roundTripTime)
    if (pause > SHORTEST_PAUSE * roundTripTime) this.#paused(pause, now)
    this.#last = now
    this.#octets += octets
  }

  #paused(pause: number, now: number): void {
    const owed = Math.max(0, this.#settledAt - (now - pause))
    if (owed > 0 && pause < SHORTER * this.#pause) {
      // What comes behind it may be of the earlier pile, too.
      this.#settledAt = now + owed + pause
      return
    }
    this.#since = now - pause
    this.#octets = 0
    this.#pause = pause
    this.#settledAt = now + pause
  }

  /** Octets in a round trip; 0 while fewer than `least` octets tell of it, or too short a time. */
  perRoundTrip(least: number, roundTripTime: number): number {
    const elapsed = this.#last - this.#since
    if (this.#octets < least || !(elapsed >= SHORTEST_TIME * roundTripTime)) return 0
    return (this.#octets * roundTripTime) / elapsed
  }

  /** Measures anew, unless what comes next may be part of a pile. */
  renew(): void {
    if (this.#last < this.#settledAt) return
    this.#octets = 0
    this.#since = this.#last
  }
}
