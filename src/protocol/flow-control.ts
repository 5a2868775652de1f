/**
 * The windows of RFC 9113 §5.2 and §6.9. What we may send and what we let the
 * peer send are different things with different owners, so they are different
 * types. Only DATA is counted, padding included; the connection's windows are
 * changed by WINDOW_UPDATE alone, never by SETTINGS (§6.9.2).
 */
import type { RaisedCredits } from './raised-credits.ts'
import type { WindowManager } from './window-managers.ts'

/** Windows start at this size and never pass the other (RFC 9113 §6.9.1, §6.9.2). */
export const DEFAULT_WINDOW_SIZE = 65_535
export const MAX_WINDOW_SIZE = 2_147_483_647

/** What we may still send on the connection. */
export class SendWindow {
  /** Never above `MAX_WINDOW_SIZE`. */
  available = DEFAULT_WINDOW_SIZE

  take(length: number): void {
    this.available -= length
  }

  /** False if the window would overflow, which is an error (RFC 9113 §6.9.1). */
  replenish(increment: number): boolean {
    if (this.available + increment > MAX_WINDOW_SIZE) return false
    this.available += increment
    return true
  }
}

/**
 * What we may still send on every stream: one base that SETTINGS moves, and on
 * each stream its `credit`, the WINDOW_UPDATEs received less the octets sent.
 * So a change of INITIAL_WINDOW_SIZE costs the same however many streams are
 * open, and a window may become negative (RFC 9113 §6.9.2).
 */
export class StreamSendWindows {
  #base = DEFAULT_WINDOW_SIZE

  available(credit: number): number {
    return this.#base + credit
  }

  /** The credit after a WINDOW_UPDATE; NaN if the stream's window would overflow (RFC 9113 §6.9.1). */
  replenish(credit: number, increment: number): number {
    const raised = credit + increment
    return this.#base + raised > MAX_WINDOW_SIZE ? Number.NaN : raised
  }

  /**
   * Applies the peer's INITIAL_WINDOW_SIZE. False if the window of any open
   * stream would overflow (RFC 9113 §6.9.2).
   */
  setInitial(size: number, credits: RaisedCredits): boolean {
    if (credits.exceed(MAX_WINDOW_SIZE - size)) return false
    this.#base = size
    return true
  }
}

/**
 * What the peer may still send, of one stream or of the connection. A window
 * manager says what to give back; this keeps the books:
 *
 *     windowSize === initial + announced - received
 */
export class RecvWindow {
  readonly #manager: WindowManager
  /** What its manager threw: its owner ends the stream for it. Of the connection's, what is consumed is given back all the same. */
  fault: { readonly cause: unknown } | undefined = undefined
  /** Granted by the manager and not yet sent in a WINDOW_UPDATE. */
  #owed = 0
  /** Octets that stay flow-controlled beyond the window, while the peer may not know our settings (RFC 9113 §6.9.3). */
  readonly #tolerance: number
  /** Flow-controlled octets received, for ever. Read by tests and stats. */
  received = 0
  /** Octets given back in WINDOW_UPDATEs, for ever. Read by tests and stats. */
  announced = 0

  constructor(manager: WindowManager, tolerance = 0) {
    this.#manager = manager
    this.#tolerance = tolerance
  }

  /** Octets the peer may still send; what is owed to it is not in it yet. */
  get windowSize(): number {
    return this.#manager.windowSize
  }

  /** True if there is credit to announce. */
  get owes(): boolean {
    return this.#owed > 0
  }

  /** Counts a DATA frame in. False if the peer sent more than it may (RFC 9113 §6.9.1). */
  receive(flowControlledLength: number): boolean {
    if (flowControlledLength > this.#manager.windowSize + this.#tolerance) return false
    this.received += flowControlledLength
    try {
      this.#manager.windowSize -= flowControlledLength
      this.#grant(this.#manager.onDataReceived(flowControlledLength))
    } catch (cause) {
      this.fault ??= { cause }
    }
    return true
  }

  /** The application took octets, or they were padding, or thrown away. */
  consume(length: number): void {
    if (!(length > 0)) return
    try {
      this.#grant(this.#manager.onDataConsumed(length))
    } catch (cause) {
      this.fault ??= { cause }
      this.#grant(length)
    }
  }

  /** SETTINGS changed the window by so much (RFC 9113 §6.9.2); it may become negative. */
  shift(octets: number): void {
    this.#manager.windowSize += octets
  }

  /** The owner wants a larger window: what it grows by is owed. */
  raise(octets: number): void {
    this.#grant(octets)
  }

  /**
   * The increment to send now, which counts as sent; 0 for none (an increment of 0 must not be sent, RFC 9113 §6.9).
   * What is owed beyond `most` stays so.
   */
  takeIncrement(most: number = MAX_WINDOW_SIZE): number {
    const due = Math.max(0, Math.min(this.#owed, MAX_WINDOW_SIZE - this.#manager.windowSize))
    const increment = Math.max(0, Math.min(due, most))
    this.#owed = due - increment
    if (increment === 0) return 0
    this.#manager.windowSize += increment
    this.announced += increment
    return increment
  }

  /** Credit comes from a manager that may be the user's: anything but a positive number counts as none. */
  #grant(credit: number): void {
    if (credit > 0) this.#owed += Math.min(Math.floor(credit), MAX_WINDOW_SIZE)
  }
}
