/**
 * Bytes to frames (RFC 9113 §4.1): cuts what arrives, in chunks of any size,
 * into frames and tells a sink. It owns the sequence of octets and nothing
 * else: no stream, no window, no setting but the frame size.
 *
 * One rule: a chunk is borrowed. A frame that is whole in its chunk is told
 * from there; one that comes in pieces is gathered first. DATA is never copied.
 */
import { readUint24, readUint31 } from '../bytes.ts'
import {
  type Fault,
  firstFrameFault,
  frameSizeError,
  headerFault,
  isKnownType,
  protocolError,
  sequenceFault,
} from './frame-rules.ts'
import { deliver } from './payload.ts'
import { ErrorCode, Flag, FRAME_HEADER_SIZE, FrameType, MIN_MAX_FRAME_SIZE } from './registry.ts'
import type { FrameSink } from './sink.ts'

export type { FrameSink } from './sink.ts'

const { DATA, HEADERS, PRIORITY, SETTINGS, PUSH_PROMISE, CONTINUATION } = FrameType
const { END_STREAM, END_HEADERS, PADDED } = Flag

/** What the next octet belongs to. */
const IN_HEADER = 0
const IN_PAYLOAD = 1
const IN_PAD_LENGTH = 2
const IN_DATA = 3
const IN_DROPPED = 4
const STOPPED = 5

/** Memory for payloads that came in pieces is kept up to this size. */
const KEPT_MEMORY = MIN_MAX_FRAME_SIZE
const NO_BYTES = new Uint8Array(0)

export interface FrameParserOptions {
  /** Our SETTINGS_MAX_FRAME_SIZE in octets (RFC 9113 §6.5.2). Default 16,384. */
  readonly maxFrameSize?: number
  /** True if the first frame must be the peer's SETTINGS (RFC 9113 §3.4). Default false. */
  readonly expectSettings?: boolean
}

/**
 * Turns received bytes into calls of a `FrameSink`; it throws for no input.
 *
 * After a connection error or `stop()` all further input is dropped.
 *
 * @example
 * const parser = new FrameParser(sink, { expectSettings: true })
 * socket.on('data', (chunk) => parser.receive(chunk))
 */
export class FrameParser {
  /** Longest payload accepted, in octets. The owner may write it; it holds from the next frame header on. */
  maxFrameSize: number
  readonly #sink: FrameSink
  /** True until the peer's SETTINGS header was read, if it is asked for. */
  #expectSettings: boolean
  /** One of the constants above. STOPPED is final. */
  #phase: number
  /** The beginning of a frame header whose rest has not come; `#headerHave` octets of it. Made when it is needed. */
  #header: Uint8Array
  #headerHave: number
  /** Of the frame being read. */
  #type: number
  #flags: number
  #streamId: number
  /** Payload octets still to come, padding included. */
  #remaining: number
  /** How many octets at the end of the DATA frame being read are padding. */
  #padding: number
  /** The payload that came in pieces, `#payloadHave` octets of it so far. */
  #payload: Uint8Array
  #payloadHave: number
  /** The stream whose field block awaits CONTINUATION, 0 for none. */
  #openBlock: number

  constructor(sink: FrameSink, options: FrameParserOptions = {}) {
    this.maxFrameSize = options.maxFrameSize ?? MIN_MAX_FRAME_SIZE
    this.#sink = sink
    this.#expectSettings = options.expectSettings ?? false
    this.#phase = IN_HEADER
    this.#header = NO_BYTES
    this.#headerHave = 0
    this.#type = 0
    this.#flags = 0
    this.#streamId = 0
    this.#remaining = 0
    this.#padding = 0
    this.#payload = NO_BYTES
    this.#payloadHave = 0
    this.#openBlock = 0
  }

  /** Takes the next bytes. They are borrowed for the call. */
  receive(chunk: Uint8Array): void {
    const end = chunk.length
    let at = 0
    while (at < end) {
      switch (this.#phase) {
        case IN_HEADER:
          at = this.#readHeader(chunk, at, end)
          break
        case IN_DATA:
          at = this.#readData(chunk, at, end)
          break
        case IN_PAYLOAD:
          at = this.#readPayload(chunk, at, end)
          break
        case IN_PAD_LENGTH:
          at = this.#readPadLength(chunk, at, end)
          break
        case IN_DROPPED:
          at = this.#dropPayload(at, end)
          break
        default:
          return
      }
    }
  }

  /** Ends the parsing: what is left of the current chunk and all that follows is dropped. */
  stop(): void {
    this.#phase = STOPPED
    this.#payload = NO_BYTES
  }

  #readHeader(chunk: Uint8Array, at: number, end: number): number {
    if (this.#headerHave === 0 && end - at >= FRAME_HEADER_SIZE) {
      if (this.#expectSettings && !this.#admitFirst(chunk, at, FRAME_HEADER_SIZE)) return end
      return this.#beginFrame(chunk, at, chunk, at + FRAME_HEADER_SIZE, end)
    }
    if (this.#header === NO_BYTES) this.#header = new Uint8Array(FRAME_HEADER_SIZE)
    const header = this.#header
    let next = at
    while (next < end && this.#headerHave < FRAME_HEADER_SIZE) header[this.#headerHave++] = chunk[next++]!
    if (this.#expectSettings && !this.#admitFirst(header, 0, this.#headerHave)) return end
    if (this.#headerHave < FRAME_HEADER_SIZE) return next
    this.#headerHave = 0
    return this.#beginFrame(header, 0, chunk, next, end)
  }

  /** Judges as much of the first frame header as is there; false if the connection failed. */
  #admitFirst(header: Uint8Array, at: number, count: number): boolean {
    const fault = firstFrameFault(header, at, count)
    if (fault !== undefined) {
      this.#fail(fault)
      return false
    }
    if (count === FRAME_HEADER_SIZE && header[at + 3] === SETTINGS) this.#expectSettings = false
    return true
  }

  /** Judges the frame header at `header[from, from + 9)`; its payload follows at `chunk[at, end)`. */
  #beginFrame(header: Uint8Array, from: number, chunk: Uint8Array, at: number, end: number): number {
    const length = readUint24(header, from)
    const type = header[from + 3]!
    const flags = header[from + 4]!
    const streamId = readUint31(header, from + 5)
    const fault = this.#headerFault(type, flags, streamId, length)
    if (fault !== undefined) return this.#failAt(fault, end)
    if (type === HEADERS || type === CONTINUATION || type === PUSH_PROMISE) {
      this.#openBlock = (flags & END_HEADERS) === 0 ? streamId : 0
    }
    this.#type = type
    this.#flags = flags
    this.#streamId = streamId
    this.#remaining = length
    if (type === DATA) return this.#beginData(chunk, at, end)
    if (!isKnownType(type) || (type === PRIORITY && length !== 5)) return this.#beginDropped(at)
    if (end - at >= length) {
      this.#deliver(chunk, at, at + length)
      return at + length
    }
    this.#phase = IN_PAYLOAD
    this.#payloadHave = 0
    if (this.#payload.length < length) this.#payload = new Uint8Array(length)
    return at
  }

  #headerFault(type: number, flags: number, streamId: number, length: number): Fault | undefined {
    if (length > this.maxFrameSize) {
      return frameSizeError('frame longer than SETTINGS_MAX_FRAME_SIZE (RFC 9113 §4.2)')
    }
    if (this.#openBlock !== 0 || type === CONTINUATION) {
      const fault = sequenceFault(this.#openBlock, type, streamId)
      if (fault !== undefined) return fault
    }
    return headerFault(type, flags, streamId, length)
  }

  #beginData(chunk: Uint8Array, at: number, end: number): number {
    if ((this.#flags & PADDED) !== 0) {
      this.#phase = IN_PAD_LENGTH
      return at
    }
    this.#phase = IN_DATA
    this.#padding = 0
    this.#sink.onDataStart(this.#streamId, this.#remaining, 0)
    return this.#phase === STOPPED ? end : this.#readData(chunk, at, end)
  }

  #readPadLength(chunk: Uint8Array, at: number, end: number): number {
    const length = this.#remaining
    const padding = chunk[at]!
    if (padding >= length) {
      return this.#failAt(protocolError('DATA padding as long as its payload or longer (RFC 9113 §6.1)'), end)
    }
    this.#phase = IN_DATA
    this.#padding = padding
    this.#remaining = length - 1
    this.#sink.onDataStart(this.#streamId, length, padding + 1)
    return this.#phase === STOPPED ? end : this.#readData(chunk, at + 1, end)
  }

  /** Passes on what is there of content; the octets left of the frame may be content, padding or both. */
  #readData(chunk: Uint8Array, at: number, end: number): number {
    const available = end - at
    const remaining = this.#remaining
    const content = remaining - this.#padding
    const endStream = (this.#flags & END_STREAM) !== 0
    if (available >= remaining) {
      this.#phase = IN_HEADER
      this.#sink.onData(this.#streamId, chunk, at, content > 0 ? at + content : at, true, endStream)
      return at + remaining
    }
    this.#remaining = remaining - available
    if (content > 0 && available > 0) {
      const piece = Math.min(content, available)
      this.#sink.onData(this.#streamId, chunk, at, at + piece, false, endStream)
    }
    return end
  }

  #readPayload(chunk: Uint8Array, at: number, end: number): number {
    const payload = this.#payload
    const missing = this.#remaining - this.#payloadHave
    const next = end - at < missing ? end : at + missing
    payload.set(chunk.subarray(at, next), this.#payloadHave)
    this.#payloadHave += next - at
    if (this.#payloadHave < this.#remaining) return next
    this.#phase = IN_HEADER
    if (payload.length > KEPT_MEMORY) this.#payload = NO_BYTES
    this.#deliver(payload, 0, this.#remaining)
    return next
  }

  #beginDropped(at: number): number {
    this.#phase = this.#remaining === 0 ? IN_HEADER : IN_DROPPED
    if (this.#type === PRIORITY) {
      const reason = 'PRIORITY length other than 5 (RFC 9113 §6.3)'
      this.#sink.onStreamError(this.#streamId, ErrorCode.FRAME_SIZE_ERROR, reason)
    } else {
      this.#sink.onUnknown(this.#type, this.#streamId, this.#remaining)
    }
    return at
  }

  #dropPayload(at: number, end: number): number {
    const available = end - at
    if (available < this.#remaining) {
      this.#remaining -= available
      return end
    }
    this.#phase = IN_HEADER
    return at + this.#remaining
  }

  #deliver(buf: Uint8Array, start: number, end: number): void {
    const fault = deliver(this.#sink, this.#type, this.#flags, this.#streamId, buf, start, end)
    if (fault !== undefined) this.#fail(fault)
  }

  #failAt(fault: Fault, end: number): number {
    this.#fail(fault)
    return end
  }

  #fail(fault: Fault): void {
    this.stop()
    this.#sink.onConnectionError(fault.errorCode, fault.reason)
  }
}
