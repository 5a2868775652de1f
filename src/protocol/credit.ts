/**
 * What the peer may send, kept for the connection and for every stream
 * (RFC 9113 §6.9). Its one rule: an octet of DATA is owed back to the
 * connection's window as it arrives, so that no reader holds up another, and to
 * its stream's window when the application takes it, or at once if it was padding.
 */
import type { OutputBuffer } from '../bytes.ts'
import { writeWindowUpdate } from '../frame/serializer.ts'
import { NO_CONTENT_LENGTH } from './fields-received.ts'
import { DEFAULT_WINDOW_SIZE, RecvWindow } from './flow-control.ts'
import type { Stream } from './stream.ts'
import type { UnreadBudget } from './unread-budget.ts'
import { type MakeWindowManager, type PathFacts, WindowManager } from './window-managers.ts'

export class Credit {
  readonly connection: RecvWindow
  readonly #path: PathFacts
  /** What may lie unread, on this connection and others. */
  readonly #unread: UnreadBudget
  readonly #makeStream: MakeWindowManager
  #streamWindowSize: number
  /** What the connection's window is refilled to, as far as the owner's wishes go. */
  #connectionWindowSize: number
  /** True once the peer must know our INITIAL_WINDOW_SIZE. */
  #settingsAcknowledged = false
  /** Streams with credit to announce; each has `owing` set. */
  #owing: Stream[] = []

  constructor(
    makeConnection: MakeWindowManager,
    makeStream: MakeWindowManager,
    connectionWindowSize: number,
    streamWindowSize: number,
    path: PathFacts,
    unread: UnreadBudget,
  ) {
    const manager = makeConnection(connectionWindowSize)
    manager.windowSize = connectionWindowSize
    manager.path = path
    this.connection = new RecvWindow(manager)
    this.#makeStream = makeStream
    this.#streamWindowSize = streamWindowSize
    this.#connectionWindowSize = connectionWindowSize
    this.#path = path
    this.#unread = unread
  }

  settingsAcknowledged(): void {
    this.#settingsAcknowledged = true
  }

  /** Another INITIAL_WINDOW_SIZE of ours is in force, for the streams that are open too (RFC 9113 §6.9.2). */
  setStreamWindowSize(size: number, open: Iterable<Stream>): void {
    const change = size - this.#streamWindowSize
    this.#streamWindowSize = size
    if (change !== 0) for (const stream of open) stream.recvWindow?.shift(change)
  }

  /** The connection's window is to be `size` at least. */
  raiseConnectionWindow(size: number): void {
    if (size <= this.#connectionWindowSize) return
    this.connection.raise(size - this.#connectionWindowSize)
    this.#connectionWindowSize = size
  }

  /** Counts a DATA frame against the connection. False if the peer may not send it. */
  receive(flowControlledLength: number): boolean {
    if (!this.connection.receive(flowControlledLength)) return false
    this.connection.consume(flowControlledLength)
    return true
  }

  /**
   * Counts a DATA frame against its stream, and gives its padding back at once
   * (RFC 9113 §6.1). False if the peer may not send it.
   */
  receiveOn(
    stream: Stream,
    flowControlledLength: number,
    paddingLength: number,
    contentLength: number,
  ): boolean {
    const window = stream.recvWindow ?? this.#openWindow(stream, contentLength)
    if (!window.receive(flowControlledLength)) return false
    const count = flowControlledLength - paddingLength
    stream.unconsumed += count
    this.#unread.hold(count)
    if (paddingLength > 0) window.consume(paddingLength)
    this.#noteOwing(stream)
    return true
  }

  #openWindow(stream: Stream, contentLength: number): RecvWindow {
    const size = this.#streamWindowSize
    // RFC 9113 §6.9.3: until it acknowledged, the peer may still count from the default.
    const tolerance = this.#settingsAcknowledged ? 0 : Math.max(0, DEFAULT_WINDOW_SIZE - size)
    try {
      const manager = this.#makeStream(size, contentLength === NO_CONTENT_LENGTH ? undefined : contentLength)
      manager.windowSize = size
      manager.path = this.#path
      stream.recvWindow = new RecvWindow(manager, tolerance)
    } catch (cause) {
      stream.recvWindow = new RecvWindow(new WindowManager(size), tolerance)
      stream.recvWindow.fault = { cause }
    }
    return stream.recvWindow
  }

  /** The application took content. What the stream was given back already is not given twice. */
  consume(stream: Stream, count: number): void {
    if (!(count > 0)) return
    const taken = Math.min(count, stream.unconsumed)
    if (taken === 0) return
    stream.unconsumed -= taken
    this.#unread.free(taken)
    if (!stream.receiving) return
    const window = stream.recvWindow!
    if (stream.lent > 0) this.#lend(stream, window.windowSize + stream.unconsumed)
    window.consume(taken)
    this.#noteOwing(stream)
  }

  /** A stream is over: what is left of its content is its owner's, or nobody's. */
  release(stream: Stream): void {
    const left = stream.unconsumed
    stream.unconsumed = 0
    if (left > 0) this.#unread.free(left)
    if (stream.lent > 0) this.#lend(stream, 0)
  }

  /** True if more lies unread than ever may. */
  get overfull(): boolean {
    return this.#unread.overfull
  }

  /** `reach`: octets of a stream that lie unread, or may come to without another word of ours. */
  #lend(stream: Stream, reach: number): void {
    const lent = Math.max(0, reach - this.#streamWindowSize)
    this.#unread.lend(lent - stream.lent)
    stream.lent = lent
  }

  #noteOwing(stream: Stream): void {
    if (stream.owing || !stream.recvWindow!.owes) return
    stream.owing = true
    this.#owing.push(stream)
  }

  /** Writes the WINDOW_UPDATEs that are due: none of 0, none for a stream that receives no more. */
  write(out: OutputBuffer): void {
    const increment = this.connection.takeIncrement()
    if (increment > 0) writeWindowUpdate(out, 0, increment)
    if (this.#owing.length === 0) return
    for (const stream of this.#owing) {
      stream.owing = false
      // A reader that has a whole window unread gets no more, whatever its manager grants on receipt.
      if (!stream.receiving || stream.unconsumed > this.#streamWindowSize) continue
      const streamIncrement = this.#takeIncrement(stream)
      if (streamIncrement > 0) writeWindowUpdate(out, stream.id, streamIncrement)
    }
    this.#owing = []
  }

  /** What a stream's window is opened by: back to its first size always, beyond it while the budget lends. */
  #takeIncrement(stream: Stream): number {
    const window = stream.recvWindow!
    const reach = window.windowSize + stream.unconsumed
    const increment = window.takeIncrement(
      this.#streamWindowSize + stream.lent + this.#unread.lendable - reach,
    )
    if (increment > 0) this.#lend(stream, reach + increment)
    return increment
  }
}
