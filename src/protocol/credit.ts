/**
 * What the peer may send, kept for the connection and for every stream. Each
 * octet of DATA that arrives is owed back to the connection's window exactly
 * once: when the application takes it, when it was padding, or when it is
 * discarded, for whatever reason (RFC 9113 §6.9).
 */
import type { OutputBuffer } from '../bytes.ts'
import { writeWindowUpdate } from '../frame/serializer.ts'
import { NO_CONTENT_LENGTH } from './fields-received.ts'
import { DEFAULT_WINDOW_SIZE, RecvWindow } from './flow-control.ts'
import type { Stream } from './stream.ts'
import type { MakeWindowManager, PathFacts } from './window-managers.ts'

export class Credit {
  readonly connection: RecvWindow
  readonly #path: PathFacts
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
  ) {
    const manager = makeConnection(connectionWindowSize)
    manager.windowSize = connectionWindowSize
    manager.path = path
    this.connection = new RecvWindow(manager)
    this.#makeStream = makeStream
    this.#streamWindowSize = streamWindowSize
    this.#connectionWindowSize = connectionWindowSize
    this.#path = path
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
    return this.connection.receive(flowControlledLength)
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
    stream.unconsumed += flowControlledLength - paddingLength
    if (paddingLength > 0) {
      window.consume(paddingLength)
      this.connection.consume(paddingLength)
    }
    this.#noteOwing(stream)
    return true
  }

  #openWindow(stream: Stream, contentLength: number): RecvWindow {
    const size = this.#streamWindowSize
    const manager = this.#makeStream(size, contentLength === NO_CONTENT_LENGTH ? undefined : contentLength)
    manager.windowSize = size
    manager.path = this.#path
    // RFC 9113 §6.9.3: until it acknowledged, the peer may still count from the default.
    const tolerance = this.#settingsAcknowledged ? 0 : Math.max(0, DEFAULT_WINDOW_SIZE - size)
    stream.recvWindow = new RecvWindow(manager, tolerance)
    return stream.recvWindow
  }

  /** The application took content. What the stream was given back already is not given twice. */
  consume(stream: Stream, count: number): void {
    if (!(count > 0)) return
    const taken = Math.min(count, stream.unconsumed)
    if (taken === 0) return
    stream.unconsumed -= taken
    this.connection.consume(taken)
    if (!stream.receiving) return
    stream.recvWindow!.consume(taken)
    this.#noteOwing(stream)
  }

  /** Content that nobody will take: it is owed to the connection alone. */
  discard(count: number): void {
    this.connection.consume(count)
  }

  /** Nobody takes the rest of a stream's content any more. */
  release(stream: Stream): void {
    this.connection.consume(stream.unconsumed)
    stream.unconsumed = 0
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
      const streamIncrement = stream.recvWindow!.takeIncrement()
      if (streamIncrement > 0) writeWindowUpdate(out, stream.id, streamIncrement)
    }
    this.#owing = []
  }
}
