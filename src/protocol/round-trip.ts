/**
 * How far away the peer is, for windows that are sized by it, and when to ask
 * by a PING (RFC 9113 §6.7). Responses tell as well, one at a time. Its one
 * rule: an answer that came behind much content tells of the queue that this
 * content made, and a response of the work behind it, so they may lower the
 * round trip and never raise it. Else windows would feed on their own queue: a larger
 * window, a longer queue, a longer round trip, a larger window.
 */

/** Milliseconds for which a measurement counts; with the period before, up to three times as long. */
const PERIOD_MS = 30_000
/** Milliseconds between two PINGs, at least. */
const ASK_EVERY_MS = 10_000
/**
 * Octets of content since the last answer without which nobody asks. Servers
 * count PINGs as abuse where they sent no HEADERS or DATA in between.
 */
const ASK_AFTER = 65_536
/**
 * Octets of content behind which an answer may have waited and still count. A
 * queue of so many can make a window grow to twice their number: less than
 * windows begin with.
 */
const SMALL_QUEUE = 262_144

/** Milliseconds after which another request is timed in place of one that is not answered. */
const PATIENCE_MS = 1_000

export class RoundTrip {
  /** Milliseconds, the smallest of this period and the one before; NaN before the first measurement. */
  time = Number.NaN
  /** Smallest of the period that runs. */
  #smallest = Number.POSITIVE_INFINITY
  /** Smallest of the period before. */
  #former = Number.POSITIVE_INFINITY
  /** When the period that runs began; NaN before the first measurement. */
  #began = Number.NaN
  #askedAt = Number.NEGATIVE_INFINITY
  /** Octets of content that had come, ever, with the last answer to a PING. */
  #contentThen = 0

  /** The request whose response is timed. */
  #timed: object | undefined = undefined
  #timedAt = Number.NEGATIVE_INFINITY
  /** True while what is timed may not have left yet. */
  #leaving = false

  /** A request is made. */
  requested(request: object, now: number): void {
    if (this.#timed !== undefined && now - this.#timedAt < PATIENCE_MS) return
    this.#timed = request
    this.#timedAt = now
    this.#leaving = true
  }

  /** What was asked for leaves: it is timed from here. */
  departed(now: number): void {
    if (!this.#leaving) return
    this.#leaving = false
    this.#timedAt = now
  }

  /** A response began. True if it came sooner than any answer of late. */
  responded(request: object, now: number): boolean {
    if (request !== this.#timed) return false
    this.#timed = undefined
    const elapsed = now - this.#timedAt
    if (!(elapsed > 0 && elapsed < this.time)) return false
    this.measured(elapsed, now)
    return true
  }

  /** A PING is sent, whatever it is for. */
  asked(now: number): void {
    this.#askedAt = now
  }

  /** A PING that was answered. `content`: octets that had come by now, ever; `queue`: those of them that came while it was under way. */
  answered(elapsed: number, now: number, content: number, queue: number): void {
    this.#contentThen = content
    if (queue <= SMALL_QUEUE || !(elapsed >= this.time)) this.measured(elapsed, now)
  }

  /** A measurement that counts. */
  measured(elapsed: number, now: number): void {
    const age = now - this.#began
    if (!(age < PERIOD_MS)) {
      this.#former = age < 2 * PERIOD_MS ? this.#smallest : Number.POSITIVE_INFINITY
      this.#smallest = Number.POSITIVE_INFINITY
      this.#began = now
    }
    this.#smallest = Math.min(this.#smallest, elapsed)
    this.time = Math.min(this.#smallest, this.#former)
  }

  /** True if a PING is worth its while, now that content came. */
  due(now: number, content: number): boolean {
    return content - this.#contentThen >= ASK_AFTER && now - this.#askedAt >= ASK_EVERY_MS
  }
}
