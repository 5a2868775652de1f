/**
 * How long a connection lasts after the peer's GOAWAY (RFC 9113 §6.8). Its one
 * rule: a peer that said why it gives up must close (RFC 9113 §5.4.1), so its
 * silence is an end; a peer that goes on answering is listened to.
 */
import { ErrorCode } from '../../frame/registry.ts'
import type { Failure } from '../../protocol/index.ts'
import { notClosed, notDrained } from '../failure.ts'

/** Milliseconds of silence behind a GOAWAY with an error: what was on its way has come by then. */
const SILENCE_MS = 1_000

const NEVER = Number.POSITIVE_INFINITY

export class Parting {
  /** When `due` is to be asked; Infinity until the peer says GOAWAY. */
  deadline = NEVER
  /** The end of the time to drain, which nothing moves. */
  #drained = NEVER
  #drainMs = 0
  /** What the peer's silence would mean. */
  #silence: Failure | undefined = undefined
  #silentAt = NEVER

  /** The peer said GOAWAY. A second one says more of which streams, and nothing of when. */
  told(errorCode: number, debugData: string, now: number, drainMs: number): void {
    if (drainMs > 0 && this.#drained === NEVER) {
      this.#drained = now + drainMs
      this.#drainMs = drainMs
    }
    if (errorCode !== ErrorCode.NO_ERROR && this.#silence === undefined) {
      this.#silence = notClosed(SILENCE_MS, errorCode, debugData)
      this.#silentAt = now + SILENCE_MS
    }
    this.deadline = Math.min(this.#drained, this.#silentAt)
  }

  /** Why to give up what is open, if it is time. `heardAt`: when the peer's last bytes came. */
  due(now: number, heardAt: number): Failure | undefined {
    if (now >= this.#drained) return notDrained(this.#drainMs)
    if (now < this.#silentAt) return undefined
    if (now >= heardAt + SILENCE_MS) return this.#silence
    this.#silentAt = heardAt + SILENCE_MS
    this.deadline = Math.min(this.#drained, this.#silentAt)
    return undefined
  }

  /** The connection has ended. */
  over(): void {
    this.deadline = NEVER
  }
}
