/**
 * What the peer sends on streams: HEADERS, DATA, RST_STREAM, PUSH_PROMISE,
 * WINDOW_UPDATE, each judged by the stream's state (RFC 9113 §5.1), its message
 * phase (§8.1) and the windows (§6.9), then told to the stream's owner. A frame
 * for a stream that is gone takes one path, whatever the reason: decoded,
 * charged and refunded, counted by `late-frames.ts`.
 */

import type { Processed } from '../errors.ts'
import { ErrorCode, errorName } from '../frame/registry.ts'
import type { AbuseBudget } from './abuse-budget.ts'
import type { Credit } from './credit.ts'
import type { FieldBlockReader } from './field-block.ts'
import { FieldReader } from './fields-received.ts'
import type { KeepAliveState } from './keepalive.ts'
import { frameNoun, LateFrames, type LateFramesHost } from './late-frames.ts'
import type { Outbound } from './outbound.ts'
import type { ResetHolds } from './reset-holds.ts'
import type { FailureKind } from './sinks.ts'
import type { Stream } from './stream.ts'
import {
  CLOSED,
  DISCARD,
  PROTOCOL_ERROR,
  RECV_DATA,
  RECV_END,
  RECV_HEADERS,
  RECV_RESET,
  RECV_WINDOW_UPDATE,
  RESET_LOCAL,
  RESET_REMOTE,
  SEND_RESET,
  STREAM_CLOSED,
  step,
} from './stream-state.ts'
import type { StreamTable } from './stream-table.ts'
import type { PathFacts } from './window-managers.ts'

/** Whom it tells what concerns the whole connection. */
export interface InboundHost extends LateFramesHost {
  fail(errorCode: number, reason: string, cause?: unknown): void
  /** A stream closed, and its owner was told. */
  closed(): void
}

/** The parts of the engine that the receiving side works with. */
export interface InboundParts {
  readonly host: InboundHost
  readonly path: PathFacts
  readonly table: StreamTable
  readonly credit: Credit
  readonly outbound: Outbound
  readonly budget: AbuseBudget
  readonly holds: ResetHolds
  readonly keepAlive: KeepAliveState
}

export class Inbound {
  readonly #host: InboundHost
  readonly #path: PathFacts
  readonly #table: StreamTable
  readonly #credit: Credit
  readonly #outbound: Outbound
  readonly #budget: AbuseBudget
  readonly #holds: ResetHolds
  readonly #keepAlive: KeepAliveState
  readonly #late: LateFrames
  readonly #maxInformational: number
  readonly #reader = new FieldReader()
  /** The stream of the DATA frame being received; undefined while its content is discarded. */
  #current: Stream | undefined = undefined
  /** Octets of the DATA frame being received, padding included. */
  #flowControlledLength = 0
  /** Octets of content in it. */
  #contentLength = 0

  constructor(parts: InboundParts, maxInformational: number) {
    this.#host = parts.host
    this.#path = parts.path
    this.#table = parts.table
    this.#credit = parts.credit
    this.#outbound = parts.outbound
    this.#budget = parts.budget
    this.#holds = parts.holds
    this.#keepAlive = parts.keepAlive
    this.#late = new LateFrames(parts)
    this.#maxInformational = maxInformational
  }

  // — DATA (RFC 9113 §6.1) —

  dataStart(streamId: number, flowControlledLength: number, paddingLength: number): void {
    this.#current = undefined
    this.#flowControlledLength = flowControlledLength
    this.#contentLength = flowControlledLength - paddingLength
    this.#holds.peerActive()
    if (!this.#credit.receive(flowControlledLength)) {
      this.#host.fail(
        ErrorCode.FLOW_CONTROL_ERROR,
        'DATA beyond the window of the connection (RFC 9113 §6.9.1)',
      )
      return
    }
    const stream = this.#admit(streamId, RECV_DATA)
    if (stream === undefined) return
    const expected = stream.phase.contentLeft
    if (!this.#credit.receiveOn(stream, flowControlledLength, paddingLength, expected)) {
      this.error(
        stream,
        ErrorCode.FLOW_CONTROL_ERROR,
        'DATA beyond the window of the stream (RFC 9113 §6.9.1)',
      )
      return
    }
    if (stream.recvWindow!.fault !== undefined) {
      stream.threw(stream.recvWindow!.fault.cause)
      return
    }
    const broken = stream.phase.content(this.#contentLength)
    if (broken !== undefined) {
      this.error(stream, ErrorCode.PROTOCOL_ERROR, broken)
      return
    }
    if (this.#contentLength > 0) this.#budget.received(this.#contentLength)
    this.#current = stream
    if (this.#credit.overfull) this.#giveUpLargest()
  }

  /** More lies unread than may: the stream of this connection that holds most is given up. */
  #giveUpLargest(): void {
    const held = this.#table.values().reduce((most, one) => (one.unconsumed > most.unconsumed ? one : most))
    this.#table.remove(held, step(held.state, SEND_RESET))
    this.#outbound.reset(held.id, ErrorCode.CANCEL)
    held.fail({
      scope: 'stream',
      initiator: 'local',
      errorCode: ErrorCode.CANCEL,
      kind: 'UNREAD_TOO_LARGE',
      reason: `${held.unconsumed} octets of it lie unread, the most of all responses that together may hold no more (limits.maxUnread)`,
      processed: processed(held),
    })
    this.#credit.release(held)
    this.#host.closed()
  }

  data(buf: Uint8Array, start: number, end: number, last: boolean, endStream: boolean): void {
    const stream = this.#current
    if (last) this.#current = undefined
    if (stream === undefined) {
      if (last && this.#contentLength === 0) this.#late.dataEnd(this.#flowControlledLength, endStream)
      return
    }
    // The owner may have reset the stream between two pieces: the rest was given back with that.
    if (!stream.receiving) return
    if (this.#contentLength > 0) stream.tellData(buf, start, end, last)
    else if (last && !endStream) this.#late.emptyData(this.#flowControlledLength)
    if (last && endStream && stream.receiving) this.#end(stream)
  }

  // — field sections (RFC 9113 §8.1, §8.2) —

  /** A complete field block that came with HEADERS. */
  headers(block: FieldBlockReader): void {
    this.#holds.peerActive()
    const stream = this.#admit(block.streamId, RECV_HEADERS)
    if (stream === undefined) return
    stream.responded = true
    const path = this.#path
    if (this.#keepAlive.responded(stream, path.now)) path.roundTripTime = this.#keepAlive.roundTripTime
    if (block.oversize) {
      this.error(
        stream,
        ErrorCode.PROTOCOL_ERROR,
        'field section beyond MAX_HEADER_LIST_SIZE (RFC 9113 §10.5.1)',
        'HEADER_LIST_TOO_LARGE',
      )
      return
    }
    const fields = block.takeFields()
    const secret = block.neverIndexed(fields)
    const broken = stream.phase.expectsResponse
      ? this.#response(stream, fields, block.endStream, secret)
      : this.#trailers(stream, fields, block.endStream, secret)
    if (broken !== undefined) this.error(stream, ErrorCode.PROTOCOL_ERROR, broken)
  }

  #response(
    stream: Stream,
    fields: string[],
    endStream: boolean,
    secret: string[] | undefined,
  ): string | undefined {
    const { phase } = stream
    const status = this.#reader.status(fields)
    if (status === 0) return ':status missing or malformed (RFC 9113 §8.3.2)'
    const broken = this.#reader.read(fields, 2)
    if (broken !== undefined) return broken
    dropFirst(fields)
    if (status < 200) {
      const limit = this.#maxInformational + stream.workSent
      const refused = phase.informational(status, endStream, limit, this.#path.now)
      if (refused === undefined) stream.tellInformational(status, fields)
      return refused
    }
    const tunnel = stream.isConnect && status < 300
    phase.response(status, this.#reader.contentLength, stream.isHead, tunnel)
    if (stream.id % 2 === 1) this.#budget.answered()
    if (endStream) {
      const early = phase.end()
      if (early !== undefined) return early
    }
    stream.tunnel = tunnel
    const stopped = endStream && this.#settleEnd(stream)
    stream.tellResponse(status, fields, endStream, secret)
    if (endStream) this.#tellEnd(stream, stopped)
    return undefined
  }

  #trailers(
    stream: Stream,
    fields: string[],
    endStream: boolean,
    secret: string[] | undefined,
  ): string | undefined {
    // RFC 9113 §8.5: a tunnel carries DATA and nothing else.
    if (stream.tunnel) return 'HEADERS in a tunnel (RFC 9113 §8.5)'
    const broken = this.#reader.read(fields, 0) ?? stream.phase.trailers(endStream) ?? stream.phase.end()
    if (broken !== undefined) return broken
    const stopped = this.#settleEnd(stream)
    stream.tellTrailers(fields, secret)
    this.#tellEnd(stream, stopped)
    return undefined
  }

  /** END_STREAM on DATA. */
  #end(stream: Stream): void {
    const broken = stream.phase.end()
    if (broken !== undefined) {
      this.error(stream, ErrorCode.PROTOCOL_ERROR, broken)
      return
    }
    this.#tellEnd(stream, this.#settleEnd(stream))
  }

  /**
   * The peer's side of a stream is done. True if that stopped an upload: a
   * response that is complete needs no more of the request (RFC 9113 §8.1).
   */
  #settleEnd(stream: Stream): boolean {
    stream.state = step(stream.state, RECV_END)
    this.#credit.release(stream)
    if (stream.state === CLOSED) {
      this.#table.remove(stream, CLOSED)
      return false
    }
    if (stream.tunnel || stream.duplex) return false
    this.#outbound.reset(stream.id, ErrorCode.NO_ERROR)
    this.#table.remove(stream, RESET_LOCAL)
    return true
  }

  #tellEnd(stream: Stream, stopped: boolean): void {
    if (stream.done) return
    stream.done = !stream.live
    stream.tellEnd()
    if (stopped) stream.tellWritable()
    if (!stream.live) this.#host.closed()
  }

  // — RST_STREAM (RFC 9113 §6.4) —

  /** A stream whose response is complete is not open any more: RST_STREAM then changes nothing (RFC 9113 §8.1). */
  reset(streamId: number, errorCode: number): void {
    const stream = this.#admit(streamId, RECV_RESET)
    if (stream === undefined) {
      // RFC 9113 §6.4: nothing more is sent on a stream that the peer has reset.
      this.#outbound.takeBackReset(streamId)
      return
    }
    this.#table.remove(stream, RESET_REMOTE)
    // RFC 9113 §8.1: a response is not discarded for it, and this one is as long as it said.
    if (errorCode === ErrorCode.NO_ERROR && stream.phase.whole) {
      this.#credit.release(stream)
      this.#tellEnd(stream, true)
      return
    }
    const refused = errorCode === ErrorCode.REFUSED_STREAM && !stream.responded
    stream.fail({
      scope: 'stream',
      initiator: 'peer',
      errorCode,
      reason: `reset by peer with ${errorName(errorCode)} (RFC 9113 §6.4)`,
      processed: refused ? 'no' : processed(stream),
    })
    this.#credit.release(stream)
    this.#host.closed()
  }

  // — WINDOW_UPDATE (RFC 9113 §6.9) —

  windowUpdate(streamId: number, increment: number): void {
    if (streamId === 0) {
      this.#connectionUpdate(increment)
      return
    }
    const stream = this.#admit(streamId, RECV_WINDOW_UPDATE)
    if (stream === undefined || !this.#late.creditCame()) return
    const windows = this.#outbound.streamWindows
    const wasShut = windows.available(stream.sendCredit) <= 0
    const credit = windows.replenish(stream.sendCredit, increment)
    if (Number.isNaN(credit)) {
      this.error(stream, ErrorCode.FLOW_CONTROL_ERROR, 'WINDOW_UPDATE overflows the window (RFC 9113 §6.9.1)')
      return
    }
    stream.sendCredit = credit
    this.#table.raised.raised(stream)
    if (wasShut) this.#outbound.scheduler.place(stream)
  }

  #connectionUpdate(increment: number): void {
    if (!this.#late.creditCame() || this.#outbound.connectionWindow.replenish(increment)) return
    const reason = 'WINDOW_UPDATE overflows the window of the connection (RFC 9113 §6.9.1)'
    this.#host.fail(ErrorCode.FLOW_CONTROL_ERROR, reason)
  }

  // — errors of one stream (RFC 9113 §5.4.2) —

  /** A violation that the parser found on a stream, open or not. */
  frameError(streamId: number, errorCode: number, reason: string): void {
    const stream = this.#table.get(streamId)
    if (stream === undefined) this.#late.error(streamId, errorCode, reason)
    else this.error(stream, errorCode, reason)
  }

  /** Ends a stream for what the peer did on it. */
  error(stream: Stream, errorCode: number, reason: string, kind?: FailureKind): void {
    this.#table.remove(stream, step(stream.state, SEND_RESET))
    stream.fail({
      scope: 'stream',
      initiator: 'local',
      errorCode,
      reason,
      kind,
      processed: processed(stream),
    })
    this.#credit.release(stream)
    this.#budget.reset(stream.recvWindow)
    this.#late.answer(stream.id, errorCode)
    this.#host.closed()
  }

  /** The stream that may receive this input, its state moved on; else the verdict is carried out. */
  #admit(streamId: number, input: number): Stream | undefined {
    const stream = this.#table.get(streamId)
    if (stream === undefined) {
      if (input === RECV_DATA) this.#late.data(streamId, this.#flowControlledLength, this.#contentLength)
      else if (input === RECV_WINDOW_UPDATE) this.#late.windowUpdate(streamId)
      else this.#late.frame(streamId, input)
      return undefined
    }
    const next = step(stream.state, input)
    if (next < DISCARD) {
      stream.state = next
      return stream
    }
    if (next === PROTOCOL_ERROR) {
      this.#host.fail(
        ErrorCode.PROTOCOL_ERROR,
        `${frameNoun(input)} on a stream that is only reserved (RFC 9113 §5.1)`,
      )
    } else if (next === STREAM_CLOSED) {
      this.error(stream, ErrorCode.STREAM_CLOSED, `${frameNoun(input)} after END_STREAM (RFC 9113 §5.1)`)
    }
    return undefined
  }
}

/** What the peer is known to have done with a request whose HEADERS were sent. */
export function processed(stream: Stream): Processed {
  return stream.responded ? 'yes' : 'unknown'
}

/** Takes `:status` off the front, in place. `copyWithin` on an array takes more than a microsecond. */
function dropFirst(fields: string[]): void {
  fields.shift()
  fields.shift()
}
