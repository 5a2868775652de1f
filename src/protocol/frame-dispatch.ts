/**
 * Each frame to the part that it concerns (RFC 9113 §6). What concerns streams
 * goes on to `inbound.ts`; the connection's own frames are answered here:
 * SETTINGS and PING by their acknowledgement, at once; GOAWAY, and field blocks
 * until they are whole, by the part that keeps them.
 */
import { ErrorCode } from '../frame/registry.ts'
import type { FrameSink } from '../frame/sink.ts'
import { FieldBlockReader } from './field-block.ts'
import { FieldReader } from './fields-received.ts'
import type { PeerGoaway } from './goaway.ts'
import { Inbound, type InboundHost, type InboundParts } from './inbound.ts'
import type { KeepAliveState } from './keepalive.ts'
import type { checkLimits, checkSettings } from './limits.ts'
import { type LocalEffects, putInForce, type UnacknowledgedSettings } from './local-settings.ts'
import type { PeerNews } from './peer-news.ts'
import { Offer, readPromise } from './push.ts'
import type { PeerSettings, SettingsEffects } from './settings.ts'
import type { PromisedHead } from './sinks.ts'
import { Stream, type StreamHost } from './stream.ts'
import { RESET_LOCAL } from './stream-state.ts'
import type { Violation } from './violation.ts'

/** Whom it tells what concerns the whole connection. */
export interface EngineHost extends InboundHost {
  /** The peer's first SETTINGS were applied. */
  ready(): void
  /** An answer to a PING; its eight octets. */
  pong(buf: Uint8Array, start: number): void
  /** A GOAWAY was noted. */
  goaway(lastStreamId: number): void
  /** Our SETTINGS_MAX_FRAME_SIZE is in force. */
  maxFrameSize(size: number): void
}

/** The parts of the engine that frames are dispatched to. */
export interface Parts extends InboundParts {
  readonly host: EngineHost
  readonly keepAlive: KeepAliveState
  readonly peer: PeerSettings
  readonly goaway: PeerGoaway
  readonly news: PeerNews
  readonly ours: UnacknowledgedSettings
}

/** Octets of one entry of SETTINGS. */
const ENTRY_SIZE = 6

export class FrameDispatch implements FrameSink, SettingsEffects, LocalEffects {
  readonly #parts: Parts
  /** What pushed streams are given as theirs. */
  readonly #streams: StreamHost
  readonly #inbound: Inbound
  readonly #block: FieldBlockReader
  readonly #promises = new FieldReader()
  #enablePush: boolean
  readonly #maxSettingsEntries: number
  #maxPushed: number

  constructor(
    parts: Parts,
    streams: StreamHost,
    settings: ReturnType<typeof checkSettings>,
    limits: ReturnType<typeof checkLimits>,
    enablePush: boolean,
  ) {
    this.#parts = parts
    this.#streams = streams
    this.#inbound = new Inbound(parts, limits.maxInformational)
    this.#block = new FieldBlockReader(settings.maxHeaderListSize, limits)
    this.#enablePush = enablePush
    this.#maxSettingsEntries = limits.maxSettingsEntries
    this.#maxPushed = settings.maxConcurrentStreams
  }

  // — frames of streams —

  onDataStart(streamId: number, flowControlledLength: number, paddingLength: number): void {
    this.#inbound.dataStart(streamId, flowControlledLength, paddingLength)
  }

  onData(
    _streamId: number,
    buf: Uint8Array,
    start: number,
    end: number,
    last: boolean,
    endStream: boolean,
  ): void {
    this.#inbound.data(buf, start, end, last, endStream)
  }

  onRstStream(streamId: number, errorCode: number): void {
    this.#inbound.reset(streamId, errorCode)
  }

  onWindowUpdate(streamId: number, increment: number): void {
    this.#inbound.windowUpdate(streamId, increment)
  }

  onStreamError(streamId: number, errorCode: number, reason: string): void {
    this.#inbound.frameError(streamId, errorCode, reason)
  }

  // — field blocks (RFC 9113 §4.3) —

  onHeaders(
    streamId: number,
    endStream: boolean,
    endHeaders: boolean,
    buf: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (this.#parts.table.isIdle(streamId)) {
      this.#parts.host.fail(ErrorCode.PROTOCOL_ERROR, 'HEADERS on an idle stream (RFC 9113 §5.1)')
      return
    }
    this.#block.begin(streamId, endStream, 0)
    this.#fragment(endHeaders, buf, start, end)
  }

  onPushPromise(
    streamId: number,
    promisedStreamId: number,
    endHeaders: boolean,
    buf: Uint8Array,
    start: number,
    end: number,
  ): void {
    const { host, table } = this.#parts
    // RFC 9113 §6.6: our SETTINGS precede every request, so no peer can have missed them.
    if (!this.#enablePush) {
      host.fail(ErrorCode.PROTOCOL_ERROR, 'PUSH_PROMISE though push is disabled (RFC 9113 §6.6)')
    } else if (table.isIdle(streamId) || streamId % 2 === 0) {
      host.fail(ErrorCode.PROTOCOL_ERROR, 'PUSH_PROMISE on a stream that is no request (RFC 9113 §6.6)')
    } else if (!table.mayPromise(promisedStreamId)) {
      host.fail(ErrorCode.PROTOCOL_ERROR, `PUSH_PROMISE of stream ${promisedStreamId} (RFC 9113 §5.1.1)`)
    } else {
      table.promise(promisedStreamId)
      this.#block.begin(streamId, false, promisedStreamId)
      this.#fragment(endHeaders, buf, start, end)
    }
  }

  onContinuation(_streamId: number, endHeaders: boolean, buf: Uint8Array, start: number, end: number): void {
    const violation = this.#block.continuation()
    if (violation === undefined) this.#fragment(endHeaders, buf, start, end)
    else this.#fail(violation)
  }

  #fragment(endHeaders: boolean, buf: Uint8Array, start: number, end: number): void {
    const block = this.#block
    const violation = endHeaders ? block.finish(buf, start, end) : block.append(buf, start, end)
    if (violation !== undefined) this.#fail(violation)
    else if (!endHeaders) return
    else if (block.promisedStreamId === 0) this.#inbound.headers(block)
    else this.#promised(block)
  }

  #promised(block: FieldBlockReader): void {
    const { host, table } = this.#parts
    const promisedStreamId = block.promisedStreamId
    const parent = table.get(block.streamId)
    const closed = parent === undefined ? table.closedRow(block.streamId) !== RESET_LOCAL : !parent.receiving
    if (closed) {
      host.fail(ErrorCode.PROTOCOL_ERROR, 'PUSH_PROMISE on a closed stream (RFC 9113 §6.6)')
      return
    }
    if (parent === undefined || parent.tunnel || table.pushed >= this.#maxPushed) {
      this.#refuse(promisedStreamId, ErrorCode.REFUSED_STREAM)
      const reason = 'PUSH_PROMISE in a tunnel (RFC 9113 §8.5)'
      if (parent?.tunnel) this.#inbound.error(parent, ErrorCode.PROTOCOL_ERROR, reason)
      return
    }
    const promise = block.oversize
      ? { errorCode: ErrorCode.REFUSED_STREAM, reason: 'promised request too large' }
      : readPromise(block.takeFields(), this.#promises, parent)
    if ('errorCode' in promise) this.#refuse(promisedStreamId, promise.errorCode)
    else this.#offer(parent, promisedStreamId, promise)
  }

  /** Lets the owner of the request take the push, or not. */
  #offer(parent: Stream, promisedStreamId: number, promise: PromisedHead): void {
    const { table } = this.#parts
    const offer = new Offer()
    const pushed = new Stream(this.#streams, promise, true, offer)
    table.reserve(pushed, promisedStreamId)
    const sink = parent.offer(pushed, promise)
    if (sink === undefined) {
      pushed.reset(ErrorCode.CANCEL)
      this.#chargeRefusal()
      return
    }
    pushed.sink = sink
    // The connection may have ended meanwhile.
    if (offer.failure === undefined) return
    pushed.done = false
    pushed.fail(offer.failure)
  }

  /** Ends a promised stream for what the peer did; it counts among the errors that it may cause. */
  #refuse(promisedStreamId: number, errorCode: number): void {
    // Its late frames are dropped: a stream that nobody remembers counts as one that we reset.
    this.#parts.outbound.reset(promisedStreamId, errorCode)
    this.#parts.budget.reset(undefined)
    this.#chargeRefusal()
  }

  #chargeRefusal(): void {
    const { host, budget, path } = this.#parts
    if (budget.streamError(path.now)) return
    host.fail(ErrorCode.ENHANCE_YOUR_CALM, 'too many refused pushes (RFC 9113 §10.5)')
  }

  // — frames of the connection —

  onSettings(buf: Uint8Array, start: number, end: number): void {
    const { host, peer, outbound, keepAlive } = this.#parts
    if ((end - start) / ENTRY_SIZE > this.#maxSettingsEntries) {
      host.fail(ErrorCode.ENHANCE_YOUR_CALM, 'too many entries in SETTINGS (RFC 9113 §10.5)')
      return
    }
    const first = !peer.seen
    keepAlive.prefaceReceived()
    const violation = peer.apply(buf, start, end, this)
    if (violation !== undefined) {
      this.#fail(violation)
      return
    }
    // RFC 9113 §6.5.3: acknowledged as soon as applied, each frame by one.
    outbound.settingsAck()
    this.#answered()
    if (first) host.ready()
    else host.glitch()
    this.#parts.news.settings(buf, start, end)
  }

  // — what the peer's settings change in the other parts —

  headerTableSize(size: number): void {
    this.#parts.outbound.setPeerTableSize(size)
  }

  initialWindowSize(size: number): boolean {
    const { outbound, table } = this.#parts
    if (!outbound.streamWindows.setInitial(size, table.raised)) return false
    outbound.scheduler.unblockAll()
    return true
  }

  onSettingsAck(): void {
    const { host, credit, keepAlive, path, ours, news } = this.#parts
    const entries = ours.acknowledged()
    if (entries === undefined) {
      host.fail(ErrorCode.PROTOCOL_ERROR, 'SETTINGS acknowledgement that nobody waits for (RFC 9113 §6.5.3)')
      return
    }
    keepAlive.settingsAcknowledged(path.now)
    path.roundTripTime = keepAlive.roundTripTime
    credit.settingsAcknowledged()
    putInForce(entries, this)
    news.settingsAcknowledged()
  }

  // — what our settings change, once acknowledged —

  decoderTableSize(size: number): void {
    this.#block.setMaxTableSize(size)
  }

  pushAllowed(allowed: boolean): void {
    this.#enablePush = allowed
  }

  pushedStreams(count: number): void {
    this.#maxPushed = count
  }

  recvWindowSize(size: number): void {
    this.#parts.credit.setStreamWindowSize(size, this.#parts.table.values())
  }

  maxFrameSize(size: number): void {
    this.#parts.host.maxFrameSize(size)
  }

  /** A lower limit is the peer's to keep (RFC 9113 §6.5.2): what it made before is still taken. */
  fieldSectionLimit(size: number): void {
    this.#block.raiseMaxHeaderListSize(size)
  }

  onPing(ack: boolean, buf: Uint8Array, start: number): void {
    const { host, outbound } = this.#parts
    if (ack) {
      host.pong(buf, start)
      return
    }
    outbound.pingAck(buf, start)
    this.#answered()
    host.glitch()
    this.#parts.news.ping(buf, start)
  }

  onGoaway(lastStreamId: number, errorCode: number, buf: Uint8Array, start: number, end: number): void {
    const violation = this.#parts.goaway.receive(lastStreamId, errorCode, buf, start, end)
    if (violation !== undefined) {
      this.#fail(violation)
      return
    }
    this.#parts.news.goaway(lastStreamId, errorCode, buf, start, end)
    this.#parts.host.goaway(lastStreamId)
  }

  // — frames that mean nothing here —

  /** RFC 9113 §5.3.2: the priority signals of RFC 7540 are ignored. */
  onPriority(_streamId: number): void {
    this.#parts.host.glitch()
  }

  /** RFC 7838 §4: a client may ignore alternative services; its owner may not. */
  onAltSvc(streamId: number, buf: Uint8Array, start: number, end: number): void {
    this.#parts.host.glitch()
    this.#parts.news.altSvc(streamId, buf, start, end)
  }

  /** RFC 8336 §2: a client may ignore the origin set; its owner may not. */
  onOrigin(streamId: number, buf: Uint8Array, start: number, end: number): void {
    this.#parts.host.glitch()
    this.#parts.news.origin(streamId, buf, start, end)
  }

  /** RFC 9218 §7.1: only a client sends it. */
  onPriorityUpdate(_streamId: number): void {
    this.#parts.host.fail(ErrorCode.PROTOCOL_ERROR, 'PRIORITY_UPDATE from a server (RFC 9218 §7.1)')
  }

  /** RFC 9113 §5.5: frames of unknown types are ignored. */
  onUnknown(_type: number, _streamId: number, _length: number): void {
    this.#parts.host.glitch()
  }

  onConnectionError(errorCode: number, reason: string): void {
    this.#parts.host.fail(errorCode, reason)
  }

  /** An answer to the peer was put into the output. */
  #answered(): void {
    if (this.#parts.budget.controlFrame()) return
    this.#parts.host.fail(ErrorCode.ENHANCE_YOUR_CALM, 'too many answers wait to be sent (RFC 9113 §10.5)')
  }

  #fail(violation: Violation): void {
    this.#parts.host.fail(violation.errorCode, violation.reason, violation.cause)
  }
}
