/**
 * Which streams there are (RFC 9113 §5.1.1, §5.1.2): identifiers, the open
 * ones, how the last ones closed, and those that wait for a slot. Says whether
 * one may be opened; opens none.
 */
import { ClosedStreams } from './closed-streams.ts'
import { RaisedCredits } from './raised-credits.ts'
import type { PeerSettings } from './settings.ts'
import type { Stream } from './stream.ts'
import { StreamMap } from './stream-map.ts'
import { StreamQueue } from './stream-queue.ts'
import { IDLE, RESERVED_REMOTE, RESET_LOCAL, SEND_HEADERS, step } from './stream-state.ts'
import type { UnreadBudget } from './unread-budget.ts'

const MAX_STREAM_ID = 0x7fffffff
/** Whoever begins a new connection here has time to do so before identifiers run out. */
const WORN_STREAM_ID = 0x60000000

/** The limits that concern the number of streams; see `limits.ts`. */
export interface StreamLimits {
  readonly initialConcurrentStreams: number
  readonly maxConcurrentStreams: number
}

export class StreamTable {
  readonly #streams = new StreamMap()
  readonly #closed = new ClosedStreams()
  /** The open streams whose send windows were made larger. */
  readonly raised = new RaisedCredits(this.#streams)
  readonly #peer: PeerSettings
  readonly #limits: StreamLimits
  readonly #unread: UnreadBudget
  /** Streams that wait for a slot, in the order of their requests. */
  readonly #waiting = new StreamQueue<Stream>()
  /** Extended CONNECTs that wait for the peer's SETTINGS (RFC 8441 §3). */
  readonly #waitingForSettings = new StreamQueue<Stream>()
  #nextId: number
  #lastPromisedId = 0
  /** The last identifier that an owner gave; 0 if none did. */
  #lastGivenId = 0
  /** Streams of ours that are open. */
  #open = 0
  /** Streams that wait, in either queue. */
  queued = 0
  /** Slots of streams we reset, until the peer must know of it; written by `reset-holds.ts`. */
  held = 0
  /** Streams of the peer's that are reserved or open. */
  pushed = 0

  constructor(peer: PeerSettings, limits: StreamLimits, firstStreamId: number, unread: UnreadBudget) {
    this.#peer = peer
    this.#limits = limits
    this.#nextId = firstStreamId
    this.#unread = unread
  }

  get open(): number {
    return this.#open
  }

  /** True if nothing is open and nothing waits. */
  get idle(): boolean {
    return this.#streams.size === 0 && this.queued === 0
  }

  get lastPromisedId(): number {
    return this.#lastPromisedId
  }

  /** True once every identifier was used (RFC 9113 §5.1.1). */
  get exhausted(): boolean {
    return this.#nextId > MAX_STREAM_ID
  }

  /** True once three quarters of the identifiers were used. */
  get worn(): boolean {
    return this.#nextId > WORN_STREAM_ID
  }

  /** True once the peer has said how many streams it takes, or that it does not say. */
  get limitKnown(): boolean {
    return this.#peer.seen
  }

  get(streamId: number): Stream | undefined {
    return this.#streams.get(streamId)
  }

  values(): Stream[] {
    return this.#streams.values()
  }

  /**
   * Our streams above an identifier, up to another: looked for by identifier or
   * among the open, whichever are fewer.
   */
  requestsAbove(streamId: number, upTo: number): Stream[] {
    const last = Math.min(upTo, this.#nextId - 2)
    if (last - streamId > this.#streams.size * 2) {
      return this.values().filter((stream) => stream.id % 2 === 1 && stream.id > streamId)
    }
    const found: Stream[] = []
    for (let id = streamId + 1 + (streamId % 2); id <= last; id += 2) {
      const stream = this.#streams.get(id)
      if (stream !== undefined) found.push(stream)
    }
    return found
  }

  /** True for an identifier that nobody opened (RFC 9113 §5.1). */
  isIdle(streamId: number): boolean {
    return streamId % 2 === 1 ? streamId >= this.#nextId : streamId > this.#lastPromisedId
  }

  /**
   * Requests that may be opened now (RFC 9113 §5.1.2): none while too much lies
   * unread. May be negative after the peer lowered its limit.
   */
  get slots(): number {
    if (this.#unread.full) return 0
    return this.#limit - this.#open - this.held
  }

  get #limit(): number {
    if (!this.#peer.seen) return this.#limits.initialConcurrentStreams
    const named = this.#peer.maxConcurrentStreams
    return named === Number.POSITIVE_INFINITY ? this.#limits.maxConcurrentStreams : named
  }

  enqueue(stream: Stream): void {
    const given = stream.head?.streamId
    if (given !== undefined) this.#checkGiven(given)
    const early = stream.head?.protocol !== undefined && !this.#peer.seen
    const queue = early ? this.#waitingForSettings : this.#waiting
    queue.push(stream)
    this.queued += 1
  }

  /** RFC 9113 §5.1.1: ours are odd and ascend. Throws RangeError. */
  #checkGiven(streamId: number): void {
    const odd = Number.isInteger(streamId) && streamId % 2 === 1
    if (!odd || streamId < this.#nextId || streamId <= this.#lastGivenId || streamId > MAX_STREAM_ID) {
      throw new RangeError('streamId must be odd and above every one before it (RFC 9113 §5.1.1)')
    }
    this.#lastGivenId = streamId
  }

  /** Takes a stream that waits out of its queue: it will never be opened. */
  drop(stream: Stream): void {
    this.#dequeue(stream)
    stream.state = RESET_LOCAL
    stream.upload = undefined
  }

  #dequeue(stream: Stream): void {
    stream.unlink()
    this.queued -= 1
  }

  /** The peer's SETTINGS arrived. */
  settingsSeen(): void {
    this.#waiting.absorb(this.#waitingForSettings)
  }

  /** The next stream to open. */
  get nextWaiting(): Stream | undefined {
    return this.#waiting.first
  }

  /** All that wait, taken out. */
  takeWaiting(): Stream[] {
    const taken: Stream[] = []
    this.settingsSeen()
    for (let stream = this.#waiting.first; stream !== undefined; stream = this.#waiting.first) {
      this.drop(stream)
      taken.push(stream)
    }
    return taken
  }

  /** Gives a stream its identifier and its place; it is open from now on. */
  admit(stream: Stream): void {
    this.#dequeue(stream)
    stream.id = stream.head?.streamId ?? this.#nextId
    stream.state = step(IDLE, SEND_HEADERS)
    this.#nextId = stream.id + 2
    this.#open += 1
    this.#streams.add(stream)
  }

  /** True if a promise may carry this identifier (RFC 9113 §5.1.1, §6.6). */
  mayPromise(promisedStreamId: number): boolean {
    return promisedStreamId % 2 === 0 && promisedStreamId > this.#lastPromisedId
  }

  /** Notes a promised identifier, whether its stream is accepted or not. */
  promise(promisedStreamId: number): void {
    this.#lastPromisedId = promisedStreamId
  }

  /** Puts an accepted push into its place. */
  reserve(stream: Stream, promisedStreamId: number): void {
    stream.id = promisedStreamId
    stream.state = RESERVED_REMOTE
    this.pushed += 1
    this.#streams.add(stream)
  }

  /** A stream closed, in this row of `stream-state.ts`. Nothing of it is kept but the row. */
  remove(stream: Stream, row: number): void {
    stream.unlink()
    stream.state = row
    stream.upload = undefined
    if (!this.#streams.delete(stream)) return
    this.raised.remove(stream)
    if (stream.id % 2 === 1) this.#open -= 1
    else this.pushed -= 1
    this.#closed.add(stream.id, row)
  }

  /** The row of a stream that is closed. */
  closedRow(streamId: number): number {
    return this.#closed.row(streamId)
  }

  updateClosedRow(streamId: number, row: number): void {
    this.#closed.update(streamId, row)
  }
}
