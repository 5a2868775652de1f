/**
 * One HTTP/2 connection of a client (RFC 9113), without I/O: bytes in by
 * `receive`, calls out to sinks, bytes out by `pull`, time as a number. It
 * dispatches and sequences; every rule lives in the part that it is passed to.
 *
 * Four kinds of method: the world happened, the application asks, what to do
 * next, questions.
 */
import { FrameParser } from '../frame/parser.ts'
import { ErrorCode } from '../frame/registry.ts'
import { type ConnectionOptions, checkConnectionOptions } from './connection-options.ts'
import type { Credit } from './credit.ts'
import { RequestCheck } from './fields-sent.ts'
import { DEFAULT_WINDOW_SIZE, MAX_WINDOW_SIZE } from './flow-control.ts'
import { type EngineHost, FrameDispatch } from './frame-dispatch.ts'
import { processed } from './inbound.ts'
import { type KeepAliveState, PING_PROBE, PING_RESET, PING_USER } from './keepalive.ts'
import type { Outbound } from './outbound.ts'
import { type EngineParts, makeParts } from './parts.ts'
import type {
  ConnectionSink,
  Failure,
  RequestHead,
  RequestStream,
  SettingsEntries,
  StreamSink,
} from './sinks.ts'
import { Stream } from './stream.ts'
import { type ControlHost, StreamControl } from './stream-control.ts'
import { RESET_LOCAL, RESET_REMOTE } from './stream-state.ts'
import type { StreamTable } from './stream-table.ts'
import type { PathFacts } from './window-managers.ts'

/**
 * The engine of a client's connection.
 *
 * @example
 * const connection = new Connection(sink, {}, clock())
 * const stream = connection.open(head, true, streamSink, clock())
 * write(connection.pull(65_536)) // preface, SETTINGS, HEADERS
 * connection.receive(bytesFromTheServer, clock())
 */
export class Connection {
  readonly #sink: ConnectionSink
  readonly #parts: EngineParts
  readonly #streams: StreamControl
  readonly #parser: FrameParser
  readonly #table: StreamTable
  readonly #credit: Credit
  readonly #outbound: Outbound
  readonly #keepAlive: KeepAliveState
  readonly #path: PathFacts
  readonly #check = new RequestCheck()
  #bytesReceived = 0
  /** No new requests: the peer said GOAWAY, or we are shutting down. */
  #draining = false
  /** The error code of our GOAWAY at the end of a shutdown. */
  #goodbye: number = ErrorCode.NO_ERROR
  #closed = false
  /** Calls under way that may tell: a sink may call back. */
  #depth = 0
  /** How it ended, until the owner was told. */
  #ended: { readonly failure: Failure | undefined } | undefined = undefined

  /** @param now milliseconds of the owner's clock, as in every method that takes it */
  constructor(sink: ConnectionSink, options: ConnectionOptions, now: number) {
    const checked = checkConnectionOptions(options)
    const parts = makeParts(sink, checked, this.#host(), now)
    this.#parts = parts
    this.#sink = sink
    this.#path = parts.path
    this.#table = parts.table
    this.#credit = parts.credit
    this.#outbound = parts.outbound
    this.#keepAlive = parts.keepAlive
    this.#streams = new StreamControl(parts)
    const { settings, limits } = checked
    const dispatch = new FrameDispatch(parts, this.#streams, settings, limits, checked.enablePush)
    this.#parser = new FrameParser(dispatch, { maxFrameSize: settings.maxFrameSize, expectSettings: true })
    this.#outbound.preface(checked.firstSettings, limits.connectionWindowSize - DEFAULT_WINDOW_SIZE)
  }

  // — the world happened —

  /** Bytes arrived. The chunk is borrowed for the call. */
  receive(chunk: Uint8Array, now: number): void {
    if (this.#closed) return
    this.#path.now = now
    this.#bytesReceived += chunk.length
    this.#keepAlive.received(now)
    const { received } = this.#credit.connection
    this.#depth += 1
    try {
      this.#parser.receive(chunk)
    } catch (cause) {
      this.#threw(cause)
    }
    if (this.#credit.connection.received > received) this.#measure(now)
    this.#leave()
  }

  /**
   * What was pulled goes to the transport now. Round trips are counted from
   * here, where this is told; else from the call that asked for them.
   */
  departed(now: number): void {
    this.#keepAlive.departed(now, this.#outbound.bytesSent)
  }

  /** No more bytes will come, nor be taken. Every open stream fails. */
  transportEnded(failure: Failure | undefined, now: number): void {
    if (this.#closed) return
    this.#path.now = now
    const clean = failure === undefined && this.#table.idle
    this.#close(clean ? undefined : this.#parts.goaway.cutOff(this.#parts.peer.seen, failure))
  }

  /** The moment named by `nextTimeout` came. Harmless at any other. */
  handleTimeout(now: number): void {
    if (this.#closed) return
    this.#path.now = now
    const failure = this.#keepAlive.expired(now, this.#busy)
    if (failure !== undefined) this.destroy(failure)
    else if (this.#keepAlive.probeDue(now, this.#busy)) this.#parts.pings.send(PING_PROBE, now)
  }

  // — the application asks —

  /**
   * Opens a request, or queues it until there is a slot (RFC 9113 §5.1.2).
   * `endStream`: it has no content. Throws TypeError for a head that breaks a
   * rule of RFC 9113 §8.2 or §8.3. If the connection takes no more requests,
   * the sink is told so before this returns.
   */
  open(head: RequestHead, endStream: boolean, sink: StreamSink, now: number): RequestStream {
    const length = this.#check.check(head, endStream)
    const stream = new Stream(this.#streams, head, endStream, sink, length)
    if (this.#closed || this.#draining) {
      stream.state = RESET_LOCAL
      stream.fail(this.#parts.goaway.unprocessed('the connection takes no more requests (RFC 9113 §6.8)'))
    } else {
      this.#table.enqueue(stream)
      this.#keepAlive.requested(stream, now)
      // What goes out with a request comes back before there is content for it to wait behind.
      this.#measure(now)
    }
    return stream
  }

  /**
   * Sends a PING (RFC 9113 §6.7). Returns the token with which the sink's
   * `onPong` is called. `octets`: eight of the owner's own. Throws RangeError if too many wait for their answer.
   */
  ping(now: number, octets?: Uint8Array): number {
    return this.#parts.pings.user(now, octets)
  }

  /** Sends SETTINGS (RFC 9113 §6.5), in force when the sink's `onSettingsAcknowledged` is called. */
  settings(entries: SettingsEntries): void {
    if (this.#closed) return
    this.#parts.ours.sent(entries)
    this.#outbound.settings(entries)
  }

  /** Says GOAWAY and goes on (RFC 9113 §6.8). `lastStreamId`: default the last push. */
  goaway(errorCode: number, lastStreamId?: number, debugData?: Uint8Array): void {
    if (this.#closed) return
    this.#outbound.announceGoaway(lastStreamId ?? this.#table.lastPromisedId, errorCode, debugData)
  }

  /** Lets the peer send `size` octets at least on the connection before credit. */
  raiseWindow(size: number): void {
    this.#credit.raiseConnectionWindow(Math.min(size, MAX_WINDOW_SIZE))
  }

  /** Takes no more requests, finishes those it has, then says GOAWAY and closes (RFC 9113 §6.8). */
  shutdown(errorCode: number, now: number): void {
    if (this.#closed) return
    this.#path.now = now
    this.#draining = true
    this.#goodbye = errorCode
    this.#finishDraining()
  }

  /** Ends now: GOAWAY is put into the output, every stream and the connection are told. */
  destroy(failure: Failure): void {
    if (this.#closed) return
    this.#outbound.goaway(this.#table.lastPromisedId, failure.errorCode, failure.reason)
    this.#close(failure)
  }

  // — what to do next —

  /** Up to `max` octets to send, good until the next call; undefined if there are none now. Ask after every other call. */
  pull(max: number): Uint8Array | undefined {
    this.#depth += 1
    let bytes: Uint8Array | undefined
    try {
      bytes = this.#outbound.pull(max)
    } catch (cause) {
      this.#threw(cause)
    }
    this.#finishDraining()
    this.#leave()
    return bytes ?? (this.#closed ? this.#outbound.pull(max) : undefined)
  }

  /** When to call `handleTimeout`, in milliseconds of the owner's clock; Infinity for never. */
  nextTimeout(): number {
    return this.#closed ? Number.POSITIVE_INFINITY : this.#keepAlive.nextTimeout(this.#busy)
  }

  // — questions —

  /** True once `onClosed` was called. `pull` may still have bytes. */
  get closed(): boolean {
    return this.#closed
  }

  /** True if no request can be opened any more. */
  get draining(): boolean {
    return this.#draining || this.#closed
  }

  /** True once the peer's first SETTINGS were applied: `freeStreams` is the peer's word. */
  get ready(): boolean {
    return this.#table.limitKnown
  }

  /** True once three quarters of the identifiers are used: a new connection serves new requests better. */
  get worn(): boolean {
    return this.#table.worn
  }

  /** Requests that would be sent at once, were they opened now. Negative if others wait already. */
  get freeStreams(): number {
    return this.draining ? 0 : this.#table.slots - this.#table.queued
  }

  /** Requests whose HEADERS were sent and that are not finished. */
  get openStreams(): number {
    return this.#table.open
  }

  /** Requests that wait for a slot. */
  get queuedStreams(): number {
    return this.#table.queued
  }

  /** Smallest round trip measured of late, in milliseconds; NaN before the first. */
  get roundTripTime(): number {
    return this.#keepAlive.roundTripTime
  }

  /** Octets of content that we may still send on the connection. */
  get sendWindow(): number {
    return this.#outbound.connectionWindow.available
  }

  /** Octets of content that the peer may still send on the connection. */
  get recvWindow(): number {
    return this.#credit.connection.windowSize
  }

  get bytesReceived(): number {
    return this.#bytesReceived
  }

  get bytesSent(): number {
    return this.#outbound.bytesSent
  }

  // — what the parts report —

  #host(): EngineHost & ControlHost {
    return {
      fail: (errorCode, reason, cause) => this.#violated(errorCode, reason, cause),
      glitch: () => this.#glitch(),
      closed: () => this.#finishDraining(),
      pingDue: (reason) => void this.#parts.pings.send(reason, this.#path.now),
      notice: (text) => this.#tell(() => this.#sink.onNotice(text)),
      ready: () => {
        this.#table.settingsSeen()
        this.#tell(() => this.#sink.onReady())
      },
      pong: (buf, start) => this.#pong(buf, start),
      goaway: (lastStreamId) => this.#peerGoaway(lastStreamId),
      maxFrameSize: (size) => {
        this.#parser.maxFrameSize = size
      },
    }
  }

  #violated(errorCode: number, reason: string, cause?: unknown): void {
    this.destroy({ scope: 'connection', initiator: 'local', errorCode, reason, processed: 'unknown', cause })
  }

  /** Tells the owner. What it throws is its own, and changes nothing. */
  #tell(call: () => void): void {
    try {
      call()
    } catch {}
  }

  /** A part of the engine threw: the connection cannot go on, what is around it can. */
  #threw(cause: unknown): void {
    this.#violated(ErrorCode.INTERNAL_ERROR, 'the engine failed', cause)
  }

  #glitch(): void {
    if (this.#parts.budget.glitch(this.#path.now)) return
    this.#violated(ErrorCode.ENHANCE_YOUR_CALM, 'too many useless frames (RFC 9113 §10.5)')
  }

  #pong(buf: Uint8Array, start: number): void {
    const ping = this.#keepAlive.answered(buf, start, this.#path.now, this.#credit.connection.received)
    if (ping === undefined) {
      this.#glitch()
      return
    }
    this.#path.roundTripTime = this.#keepAlive.roundTripTime
    if (ping.reason === PING_USER) {
      const elapsed = this.#path.now - ping.sentAt
      this.#tell(() => this.#sink.onPong(ping.token, elapsed))
    } else if (ping.reason === PING_RESET && this.#parts.holds.answered())
      this.#parts.pings.send(PING_RESET, this.#path.now)
  }

  #peerGoaway(lastStreamId: number): void {
    if (!this.#parts.peer.seen) {
      // RFC 9113 §3.4: SETTINGS come first; what the peer says instead is worth more than the rule.
      this.destroy(this.#parts.goaway.cutOff(false))
      return
    }
    if (this.#draining) this.#glitch()
    this.#draining = true
    const waiting = this.#table.takeWaiting()
    const lost = this.#table.requestsAbove(lastStreamId, this.#parts.goaway.formerLastStreamId)
    for (const stream of lost) this.#table.remove(stream, RESET_REMOTE)
    this.#tell(() => this.#sink.onDraining(this.#parts.goaway.errorCode, this.#parts.goaway.debugData))
    const failure = this.#parts.goaway.unprocessed('the peer did not process it (RFC 9113 §6.8)')
    for (const stream of [...waiting, ...lost]) {
      this.#tellFailure(stream, stream.responded ? { ...failure, processed: 'yes' } : failure)
    }
    this.#finishDraining()
  }

  /** Content came, or a request goes out: a moment to measure the path, if there is more to come. */
  #measure(now: number): void {
    if (this.#draining || this.#table.idle) return
    this.#parts.pings.measure(now)
  }

  get #busy(): boolean {
    return !this.#table.idle || this.#keepAlive.userPings > 0
  }

  /** Closes once nothing is open and nothing more will be. */
  #finishDraining(): void {
    if (!this.#draining || this.#closed || !this.#table.idle) return
    this.#outbound.goaway(this.#table.lastPromisedId, this.#goodbye, '')
    this.#close(undefined)
  }

  #close(failure: Failure | undefined): void {
    this.#depth += 1
    this.#closed = true
    this.#parser.stop()
    const waiting = this.#table.takeWaiting()
    const open = this.#table.values()
    for (const stream of open) this.#table.remove(stream, RESET_LOCAL)
    const reason = failure ?? this.#parts.goaway.cutOff(this.#parts.peer.seen)
    for (const stream of open) {
      const proven =
        this.#parts.goaway.received && stream.id % 2 === 1 && stream.id > this.#parts.goaway.lastStreamId
      this.#tellFailure(stream, {
        ...reason,
        processed: proven && !stream.responded ? 'no' : processed(stream),
      })
    }
    for (const stream of waiting) this.#tellFailure(stream, { ...reason, processed: 'no' })
    this.#ended = { failure }
    this.#leave()
  }

  #tellFailure(stream: Stream, failure: Failure): void {
    this.#credit.release(stream)
    stream.fail(failure)
  }

  /** The end of a call that may tell: the owner is told of the end of all behind everything else. */
  #leave(): void {
    this.#depth -= 1
    if (this.#depth > 0 || this.#ended === undefined) return
    const { failure } = this.#ended
    this.#ended = undefined
    this.#sink.onClosed(failure)
  }
}
