/**
 * Counted tolerance. Many frames are legal one by one and an attack by the
 * thousand (RFC 9113 §10.5): each draws on a budget that time and useful work
 * refill, and an empty budget ends the connection with ENHANCE_YOUR_CALM. The
 * cost of a draw does not depend on the number of streams.
 */

/** A bucket of tokens that refills with time. Holds no clock: `now` is milliseconds of the caller's. */
class Bucket {
  readonly #capacity: number
  readonly #perMs: number
  #tokens: number
  #at: number

  constructor(capacity: number, perSecond: number, now: number) {
    this.#capacity = capacity
    this.#perMs = perSecond / 1000
    this.#tokens = capacity
    this.#at = now
  }

  /** Draws tokens. False if there are not as many. */
  draw(now: number, tokens = 1): boolean {
    this.#tokens = Math.min(this.#capacity, this.#tokens + (now - this.#at) * this.#perMs)
    this.#at = now
    if (this.#tokens < tokens) return false
    this.#tokens -= tokens
    return true
  }

  add(tokens: number): void {
    this.#tokens = Math.min(this.#capacity, this.#tokens + tokens)
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

/** Octets of content, either way, that earn one glitch: a busy connection has more of everything. */
const OCTETS_PER_GLITCH = 1024
/** Streams that may be looked at for one glitch. */
const STREAMS_PER_GLITCH = 256
/** Empty DATA frames forgiven each second. */
const EMPTY_FRAMES_PER_SECOND = 10
/** Seconds over which stream errors are counted. */
const STREAM_ERROR_PERIOD = 30
/** HEADERS, an end, trailers and a WINDOW_UPDATE may cross our RST_STREAM. */
const LATE_FRAMES_PER_RESET = 4
const MAX_LATE_FRAMES = 65_536

export class AbuseBudget {
  readonly #limits: AbuseLimits
  // A bucket is full until something is drawn from it, and is made then.
  #glitches: Bucket | undefined = undefined
  #emptyFrames: Bucket | undefined = undefined
  #streamErrors: Bucket | undefined = undefined
  /** Control frames written since the output was last handed to the transport. */
  #queuedControlFrames = 0
  /** Frames for closed streams that resets of our own explain. */
  #lateFrames = 0

  constructor(limits: AbuseLimits) {
    this.#limits = limits
  }

  /** A frame that is legal but useless: late, unknown, PRIORITY, PING, SETTINGS. */
  glitch(now: number): boolean {
    return this.#drawGlitches(now, 1)
  }

  /** A frame made us look at every open stream: the more there are, the more it draws. */
  scan(now: number, streams: number): boolean {
    return this.#drawGlitches(now, streams / STREAMS_PER_GLITCH)
  }

  #drawGlitches(now: number, tokens: number): boolean {
    const { glitchBurst, glitchesPerSecond } = this.#limits
    this.#glitches ??= new Bucket(glitchBurst, glitchesPerSecond, now)
    return this.#glitches.draw(now, tokens)
  }

  /** A DATA frame without content that ends nothing. */
  emptyData(now: number): boolean {
    this.#emptyFrames ??= new Bucket(this.#limits.maxEmptyDataFrames, EMPTY_FRAMES_PER_SECOND, now)
    return this.#emptyFrames.draw(now)
  }

  /** A stream error that the peer made us send. */
  streamError(now: number): boolean {
    const { maxStreamErrors } = this.#limits
    this.#streamErrors ??= new Bucket(maxStreamErrors, maxStreamErrors / STREAM_ERROR_PERIOD, now)
    return this.#streamErrors.draw(now)
  }

  /** A frame that answers the peer was put into the output. */
  controlFrame(): boolean {
    this.#queuedControlFrames += 1
    return this.#queuedControlFrames <= this.#limits.maxQueuedControlFrames
  }

  /** The output was handed to the transport. */
  flushed(): void {
    this.#queuedControlFrames = 0
  }

  /** We reset a stream of our own accord: frames of it may be under way. */
  reset(): void {
    this.#lateFrames = Math.min(MAX_LATE_FRAMES, this.#lateFrames + LATE_FRAMES_PER_RESET)
  }

  /** A frame for a closed stream. True if a reset of ours explains it. */
  lateFrame(): boolean {
    if (this.#lateFrames === 0) return false
    this.#lateFrames -= 1
    return true
  }

  /** Content moved, in either direction. */
  useful(octets: number): void {
    this.#glitches?.add(octets / OCTETS_PER_GLITCH)
  }
}
