/**
 * Counted tolerance. Many frames are legal one by one and an attack by the
 * thousand (RFC 9113 §10.5). One rule: what is useless may come as often as
 * what is useful, and by as much more as time forgives. So an honest peer has
 * an allowance at any speed, for what it sends beside its answers; who sends
 * nothing else meets ENHANCE_YOUR_CALM. No draw costs more with more streams.
 */
import { DEFAULT_WINDOW_SIZE, MAX_WINDOW_SIZE, type RecvWindow } from './flow-control.ts'

/** What may be earned and kept for later, beyond the size of a bucket. */
const MAX_EARNED = 65_536

/** A bucket of tokens: time refills it to its size, work beyond that. Holds no clock: `now` is milliseconds of the caller's. */
class Bucket {
  readonly #size: number
  readonly #perMs: number
  /** Tokens for a unit of work. */
  readonly #share: number
  #tokens: number
  #at: number
  /** Work that was turned into tokens. */
  #credited = 0

  constructor(size: number, perSecond: number, share: number, now: number) {
    this.#size = size
    this.#perMs = perSecond / 1000
    this.#share = share
    this.#tokens = size
    this.#at = now
  }

  /** Draws a token; `work`: all that was ever done. Down to `floor`, 0 or less. False if there is none. */
  draw(now: number, work: number, floor = 0): boolean {
    const forgiven = this.#tokens + (now - this.#at) * this.#perMs
    const rested = Math.max(this.#tokens, Math.min(this.#size, forgiven))
    this.#tokens = Math.min(
      this.#size + MAX_EARNED * this.#share,
      rested + this.#share * (work - this.#credited),
    )
    this.#at = now
    this.#credited = work
    if (this.#tokens < floor + 1) return false
    this.#tokens -= 1
    return true
  }
}

/** What the budgets are. */
export interface AbuseLimits {
  readonly glitchBurst: number
  readonly glitchesPerSecond: number
  readonly maxEmptyDataFrames: number
  readonly maxStreamErrors: number
  readonly maxQueuedControlFrames: number
}

/** Useless frames that a response earns, and a request that we give up: what comes with each, and crosses our RST_STREAM. */
const WORK_OF_RESPONSE = 16
/** Empty DATA frames forgiven each second. */
const EMPTY_FRAMES_PER_SECOND = 10
/** Seconds over which stream errors are counted. */
const STREAM_ERROR_PERIOD = 30
/** Stream errors for a unit of work: three for four responses. */
const STREAM_ERROR_SHARE = 3 / (4 * WORK_OF_RESPONSE)
/** Each octet that we send is given back once to its stream and once to the connection. */
const UPDATES_PER_OCTET = 2
/** A peer may open the window of a stream before anything was sent on it. */
const UPDATES_PER_REQUEST = 8

/** What a frame of content earns, either way: one for each KiB that was begun. */
export function workOfContent(octets: number): number {
  return (octets + 1023) >> 10
}

export class AbuseBudget {
  readonly #limits: AbuseLimits
  /** How many requests are open. */
  readonly #streams: { readonly open: number }
  /** Octets that the peer may send on a stream before we give any back. */
  readonly #streamWindowSize: number
  // A bucket is full until something is drawn from it, and is made then.
  #glitches: Bucket | undefined = undefined
  #emptyFrames: Bucket | undefined = undefined
  #streamErrors: Bucket | undefined = undefined
  /** All work done, for ever. */
  #work = 0
  /** Answers written since the output was last handed to the transport, less the responses that came. */
  #queuedControlFrames = 0
  /** WINDOW_UPDATEs that what we sent explains. */
  #windowUpdates = 0
  /** Octets that may be under way on streams that we reset. */
  #lateContent = 0

  constructor(limits: AbuseLimits, streams: { readonly open: number }, streamWindowSize: number) {
    this.#limits = limits
    this.#streams = streams
    // Until it knows our SETTINGS the peer may count from the default (RFC 9113 §6.9.3).
    this.#streamWindowSize = Math.max(streamWindowSize, DEFAULT_WINDOW_SIZE)
  }

  // — what the peer draws —

  /** A frame that is legal but useless: late, unknown, PRIORITY, PING, SETTINGS, DATA of padding alone. */
  glitch(now: number): boolean {
    const { glitchBurst, glitchesPerSecond } = this.#limits
    this.#glitches ??= new Bucket(glitchBurst, glitchesPerSecond, 1, now)
    // Before the answers come, each request may have something said to it: as many are borne as are open.
    const floor = Math.min(0, glitchBurst - this.#streams.open)
    return this.#glitches.draw(now, this.#work, floor)
  }

  /** A DATA frame that has nothing in it and ends nothing. */
  emptyData(now: number): boolean {
    this.#emptyFrames ??= new Bucket(this.#limits.maxEmptyDataFrames, EMPTY_FRAMES_PER_SECOND, 1, now)
    return this.#emptyFrames.draw(now, this.#work)
  }

  /** A stream error that the peer made us send. */
  streamError(now: number): boolean {
    const { maxStreamErrors } = this.#limits
    const perSecond = maxStreamErrors / STREAM_ERROR_PERIOD
    this.#streamErrors ??= new Bucket(maxStreamErrors, perSecond, STREAM_ERROR_SHARE, now)
    return this.#streamErrors.draw(now, this.#work)
  }

  /** A WINDOW_UPDATE, of a stream or of the connection: beyond what was sent it is useless. */
  windowUpdate(now: number): boolean {
    if (this.#windowUpdates === 0) return this.glitch(now)
    this.#windowUpdates -= 1
    return true
  }

  /** A frame that answers the peer was put into the output. */
  controlFrame(): boolean {
    this.#queuedControlFrames += 1
    return this.#queuedControlFrames <= this.#limits.maxQueuedControlFrames
  }

  /** Content for a stream that is closed. True if a reset of ours explains it. */
  lateContent(flowControlledLength: number): boolean {
    if (flowControlledLength > this.#lateContent) return false
    this.#lateContent -= flowControlledLength
    this.#work += workOfContent(flowControlledLength)
    return true
  }

  // — what earns —

  /** The output was handed to the transport. */
  flushed(): void {
    this.#queuedControlFrames = 0
  }

  /** A request went out. */
  requested(): void {
    this.#explainUpdates(UPDATES_PER_REQUEST)
  }

  /** A request of ours was answered. */
  answered(): void {
    this.#work += WORK_OF_RESPONSE
    this.#queuedControlFrames -= 1
  }

  /** A DATA frame with content came. */
  received(octets: number): void {
    this.#work += workOfContent(octets)
  }

  /** A DATA frame with content went out. */
  sent(octets: number): void {
    this.#work += workOfContent(octets)
    this.#explainUpdates(UPDATES_PER_OCTET * octets)
  }

  #explainUpdates(count: number): void {
    this.#windowUpdates = Math.min(MAX_WINDOW_SIZE, this.#windowUpdates + count)
  }

  /** We gave a stream up of our own accord: frames of it may be under way. */
  cancelled(window: RecvWindow | undefined): void {
    this.#work += WORK_OF_RESPONSE
    this.reset(window)
  }

  /** We reset a stream: what its window has left may be under way. Undefined: it was never drawn upon. */
  reset(window: RecvWindow | undefined): void {
    const left = Math.max(0, window?.windowSize ?? this.#streamWindowSize)
    this.#lateContent = Math.min(MAX_WINDOW_SIZE, this.#lateContent + left)
  }
}
