/**
 * PINGs on their way out, and what asks for them (RFC 9113 §6.7): the owner,
 * the keep-alive, the path that is measured. Its one rule: only so many of the
 * owner's wait for their answer.
 */
import type { Credit } from './credit.ts'
import { type KeepAliveState, PING_PATH, PING_USER } from './keepalive.ts'
import type { Outbound } from './outbound.ts'

export class Pings {
  readonly #keepAlive: KeepAliveState
  readonly #outbound: Outbound
  readonly #credit: Credit
  readonly #most: number

  /** @param most PINGs of the owner's that may wait for their answer */
  constructor(keepAlive: KeepAliveState, outbound: Outbound, credit: Credit, most: number) {
    this.#keepAlive = keepAlive
    this.#outbound = outbound
    this.#credit = credit
    this.#most = most
  }

  /** The owner's. Returns its token. Throws RangeError if too many wait for their answer. */
  user(now: number, octets?: Uint8Array): number {
    if (this.#keepAlive.userPings >= this.#most) {
      throw new RangeError(`more than ${this.#most} PINGs wait for their answer`)
    }
    return this.send(PING_USER, now, octets)
  }

  /** Content came, or a request goes out: a moment to measure the path. */
  measure(now: number): void {
    if (this.#keepAlive.measureDue(now, this.#credit.connection.received)) this.send(PING_PATH, now)
  }

  /** Sends one, for this reason, with these octets or some that no other has. Returns its token. */
  send(reason: number, now: number, octets?: Uint8Array): number {
    const token = this.#keepAlive.sent(reason, now, this.#credit.connection.received, octets)
    this.#outbound.ping(this.#keepAlive.payload(token))
    return token
  }
}
