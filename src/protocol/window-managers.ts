/**
 * Window managers: how much flow-control credit to give back, and when. They
 * decide; `RecvWindow` keeps the books, coalesces, and never sends an
 * increment of 0. One instance serves the connection, one each stream.
 */
import { DeliveryRate } from './delivery-rate.ts'

/** What the path is like, kept up to date by the connection for managers that care. */
export interface PathFacts {
  /** Milliseconds on the owner's clock, at the last bytes received. */
  now: number
  /** Smallest round trip measured of late, in milliseconds; NaN before the first. */
  roundTripTime: number
}

/**
 * Decides how much credit a window gives back to the peer (RFC 9113 §5.2).
 *
 * Subclass it and pass the class, or a factory, as `windowManager`. The base
 * class gives back what the application consumed, in batches of half a window.
 *
 * @example
 * class Patient extends WindowManager {
 *   override onDataConsumed(length: number): number {
 *     return length // a WINDOW_UPDATE for every read
 *   }
 * }
 * new HTTP20Connection('example.com', { windowManager: Patient })
 */
export class WindowManager {
  /** Octets the peer may still send. Written by the library before each call, never by a manager. */
  windowSize: number
  /** Octets of the window at its start. */
  readonly initialWindowSize: number
  /** The response's content-length, where it is known and the window is a stream's. */
  readonly documentSize: number | undefined
  /** Facts of the path; undefined outside a connection. Written by the library. */
  path: PathFacts | undefined
  /** Consumed and not yet given back. */
  protected pending = 0

  /** @param initialWindowSize octets; @param documentSize content-length in octets, if known */
  constructor(initialWindowSize: number, documentSize?: number) {
    this.initialWindowSize = initialWindowSize
    this.windowSize = initialWindowSize
    this.documentSize = documentSize
    this.path = undefined
  }

  /** A DATA frame arrived, padding included. Returns the credit to give back now, in octets; 0 for none. */
  onDataReceived(_flowControlledLength: number): number {
    return 0
  }

  /** The application took octets, or they were thrown away. Returns the credit to give back now; 0 for none. */
  onDataConsumed(length: number): number {
    this.pending += length
    if (this.pending < this.initialWindowSize / 2) return 0
    return this.#settle()
  }

  #settle(): number {
    const credit = this.pending
    this.pending = 0
    return credit
  }
}

/** Every octet back at once: a WINDOW_UPDATE for each DATA frame. Simple, chatty, and it never stalls a peer. */
export class EagerWindowManager extends WindowManager {
  override onDataReceived(flowControlledLength: number): number {
    return flowControlledLength
  }

  override onDataConsumed(_length: number): number {
    return 0
  }
}

/**
 * Refills to the initial size once less than a quarter of it, or less than
 * 1,000 octets, would be left. The window never grows.
 */
export class FixedWindowManager extends WindowManager {
  override onDataReceived(flowControlledLength: number): number {
    this.pending += flowControlledLength
    const left = this.initialWindowSize - this.pending
    if (left >= this.initialWindowSize / 4 && left >= 1000) return 0
    const credit = this.pending
    this.pending = 0
    return credit
  }

  override onDataConsumed(_length: number): number {
    return 0
  }
}

/** Parts of a window after which credit is given back, and the growth is judged. */
const STEPS = 8
/**
 * How many times what a round trip brings a window is made to hold: while TCP
 * starts, that doubles from one round trip to the next, and credit comes late.
 */
const ROUND_TRIPS = 3.2
/** A window that would grow by less than this factor stays. */
const LEAST_GROWTH = 1.25
/** A reader that leaves this part of a window unread all the time has no use for it. */
const IDLE_PART = 1 / 2
/** What streams that begin smaller grow to at their reader's first step. */
const PROMPT_WINDOW_SIZE = 1_048_576

/**
 * Grows to some three times what a round trip brings (the bandwidth-delay
 * product), and gives credit back as the application consumes, an eighth of the
 * window at a time. Where the application does not keep up it stays, and shrinks
 * back by halves to its first size if half of it lies unread all the time.
 */
export class AdaptiveWindowManager extends WindowManager {
  /** Octets beyond which no stream's window grows, unless the constructor is told another number. */
  static readonly MAX_WINDOW_SIZE = 16 * 1024 * 1024

  /** The size that the window is refilled to. */
  #target: number
  readonly #maxWindowSize: number
  /** The size that it is refilled to once the reader has taken its first part in time. */
  readonly #promptWindowSize: number
  /** Arrived and not yet consumed. */
  #unread = 0
  /** The least that was unread since the reader was judged last, and what was consumed since. */
  #leastUnread = Number.POSITIVE_INFINITY
  #sinceJudged = 0
  /** Made when a step has come; a window that does not grow needs none. */
  #rate: DeliveryRate | undefined = undefined

  /**
   * @param maxWindowSize octets beyond which it does not grow; a window that begins above stays as it is. Default 16 MiB.
   * @param promptWindowSize octets that it grows to once an eighth was taken in time, if more is to come. Default: none.
   */
  constructor(
    initialWindowSize: number,
    documentSize?: number,
    maxWindowSize: number = AdaptiveWindowManager.MAX_WINDOW_SIZE,
    promptWindowSize = 0,
  ) {
    super(initialWindowSize, documentSize)
    this.#target = initialWindowSize
    this.#maxWindowSize = maxWindowSize
    const fits = documentSize !== undefined && documentSize <= initialWindowSize
    this.#promptWindowSize = fits ? 0 : Math.min(promptWindowSize, maxWindowSize)
  }

  override onDataReceived(flowControlledLength: number): number {
    this.#unread += flowControlledLength
    const { path } = this
    if (path === undefined || this.#target >= this.#maxWindowSize) return 0
    // Most bodies are small, and need no measurement.
    if (this.#rate === undefined && this.#unread + this.pending < this.#target / STEPS) return 0
    this.#rate ??= new DeliveryRate()
    this.#rate.arrived(flowControlledLength, path.now, path.roundTripTime)
    return 0
  }

  override onDataConsumed(length: number): number {
    this.#unread -= length
    this.pending += length
    this.#judge(length)
    const due = this.pending >= Math.floor(this.#target / STEPS)
    const growth = due && this.#target < this.#promptWindowSize ? this.#prompt() : this.#growth()
    if (growth === 0 && !due) return 0
    const credit = this.pending + growth
    this.pending = 0
    return credit
  }

  /** After each window's worth: what lay unread all the time is not given back. */
  #judge(length: number): void {
    if (this.#unread < this.#leastUnread) this.#leastUnread = this.#unread
    this.#sinceJudged += length
    if (this.#sinceJudged < this.#target) return
    const late = this.#leastUnread >= this.#target * IDLE_PART
    this.#sinceJudged = 0
    this.#leastUnread = Number.POSITIVE_INFINITY
    if (!late || this.#target <= this.initialWindowSize) return
    const smaller = Math.max(this.initialWindowSize, Math.floor(this.#target / 2))
    this.pending -= this.#target - smaller
    this.#target = smaller
  }

  /** Octets to add at the reader's first step, if it keeps up. */
  #prompt(): number {
    if (this.#unread > this.#target / STEPS) return 0
    const growth = this.#promptWindowSize - this.#target
    this.#target = this.#promptWindowSize
    return growth
  }

  /** Octets to add to the window now. */
  #growth(): number {
    const step = this.#target / STEPS
    if (this.#rate === undefined || this.path === undefined || this.#unread > step) return 0
    const delivered = this.#rate.perRoundTrip(step, this.path.roundTripTime)
    if (delivered === 0) return 0
    this.#rate.renew()
    const wanted = Math.min(this.#maxWindowSize, Math.floor(ROUND_TRIPS * delivered))
    if (wanted < this.#target * LEAST_GROWTH) return 0
    const growth = wanted - this.#target
    this.#target = wanted
    return growth
  }
}

/** A class of window managers, or a function that makes them. */
export type WindowManagerFactory =
  | (new (
      initialWindowSize: number,
      documentSize?: number,
    ) => WindowManager)
  | ((initialWindowSize: number, documentSize?: number) => WindowManager)

/** One factory for all windows, or one each for the connection's and the streams'. */
export type WindowManagerOption =
  | WindowManagerFactory
  | {
      readonly connection?: WindowManagerFactory | undefined
      readonly stream?: WindowManagerFactory | undefined
    }

/** Makes a manager; one shape for classes and functions. */
export type MakeWindowManager = (initialWindowSize: number, documentSize?: number) => WindowManager

/** The two makers that an option stands for. Throws TypeError if it is none. */
export function windowManagers(option: WindowManagerOption | undefined): {
  connection: MakeWindowManager
  stream: MakeWindowManager
} {
  if (typeof option === 'function') {
    const make = maker(option, 'windowManager')
    return { connection: make, stream: make }
  }
  if (option !== undefined && (typeof option !== 'object' || option === null)) {
    throw new TypeError('windowManager must be a class, a function, or { connection, stream }')
  }
  return {
    connection: maker(option?.connection ?? bounded, 'windowManager.connection'),
    stream: maker(option?.stream ?? prompt, 'windowManager.stream'),
  }
}

/** The connection's window does not grow: what is on its way is given back as it arrives. */
function bounded(initialWindowSize: number): WindowManager {
  return new AdaptiveWindowManager(initialWindowSize, undefined, initialWindowSize)
}

/** A stream's window that begins small stays so until somebody reads. */
function prompt(initialWindowSize: number, documentSize?: number): WindowManager {
  return new AdaptiveWindowManager(
    initialWindowSize,
    documentSize,
    AdaptiveWindowManager.MAX_WINDOW_SIZE,
    PROMPT_WINDOW_SIZE,
  )
}

function maker(factory: WindowManagerFactory, name: string): MakeWindowManager {
  if (typeof factory !== 'function') throw new TypeError(`${name} must be a class or a function`)
  // A class cannot be called, a plain function need not be constructible: a prototype that takes data tells them apart.
  const isClass =
    typeof (factory as { prototype?: Partial<WindowManager> }).prototype?.onDataReceived === 'function'
  if (!isClass) return factory as MakeWindowManager
  const Class = factory as new (size: number, documentSize?: number) => WindowManager
  return (size, documentSize) => new Class(size, documentSize)
}
