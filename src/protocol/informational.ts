/**
 * How many informational responses a request may get (RFC 9110 §15.2): so many
 * at once, one more for each piece of content that went out, since a server may
 * tell of its progress, and some for each second that it works.
 */

/** Informational responses forgiven each second, from the first on. */
const PER_SECOND = 10

export class InformationalCount {
  #count = 0
  readonly #since: number

  /** @param now milliseconds of the owner's clock, at the first of them */
  constructor(now: number) {
    this.#since = now
  }

  /** Counts one. Returns the rule that it breaks. `limit`: as many as may come at once, and what was earned. */
  count(limit: number, now: number): string | undefined {
    this.#count += 1
    const most = limit + Math.floor(((now - this.#since) * PER_SECOND) / 1000)
    if (this.#count <= most) return undefined
    return `more than ${most} informational responses (RFC 9110 §15.2)`
  }
}
