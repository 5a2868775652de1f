/**
 * Frames to bytes (RFC 9113 §4.1, §6): every function appends to an
 * `OutputBuffer`. One rule: undefined flags and reserved bits are sent as 0.
 * Limits of the peer and states of streams are the caller's to keep.
 */
import type { OutputBuffer } from '../bytes.ts'
import { Flag, FRAME_HEADER_SIZE, FrameType } from './registry.ts'

const MAX_31_BITS = 0x7fff_ffff

/** Appends a frame with any type, flags and payload: for extension frames, tools and tests. */
export function writeFrame(
  out: OutputBuffer,
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array,
): void {
  writeHead(out, payload.length, type, flags, streamId)
  out.copy(payload)
}

/**
 * Appends DATA (RFC 9113 §6.1) with a copy of `chunk[start, end)`, which must
 * not be longer than the peer's SETTINGS_MAX_FRAME_SIZE.
 */
export function writeData(
  out: OutputBuffer,
  streamId: number,
  chunk: Uint8Array,
  start: number,
  end: number,
  endStream: boolean,
): void {
  writeHead(out, end - start, FrameType.DATA, endStream ? Flag.END_STREAM : 0, streamId)
  out.copy(chunk, start, end)
}

/** Appends the header of a DATA frame (RFC 9113 §6.1); its `length` octets of content are to be written next. */
export function writeDataHeader(
  out: OutputBuffer,
  streamId: number,
  length: number,
  endStream: boolean,
): void {
  writeHead(out, length, FrameType.DATA, endStream ? Flag.END_STREAM : 0, streamId)
}

/** Leaves room for a frame header and returns its offset, for `finishHeaders`. The field block is to be written next. */
export function beginHeaders(out: OutputBuffer): number {
  const at = out.reserve(FRAME_HEADER_SIZE)
  out.end = at + FRAME_HEADER_SIZE
  return at
}

/**
 * Makes HEADERS (RFC 9113 §6.2) of what was written since `beginHeaders`
 * returned `at`; what exceeds `maxFrameSize` octets goes into CONTINUATION
 * frames (RFC 9113 §6.10), moved apart in place.
 *
 * @throws RangeError if `maxFrameSize` is not positive.
 * @example
 * const at = beginHeaders(out)
 * encoder.encode(fields, out)
 * finishHeaders(out, at, 1, true, 16384)
 */
export function finishHeaders(
  out: OutputBuffer,
  at: number,
  streamId: number,
  endStream: boolean,
  maxFrameSize: number,
): void {
  const length = out.end - at - FRAME_HEADER_SIZE
  const endStreamFlag = endStream ? Flag.END_STREAM : 0
  if (length <= maxFrameSize) {
    putHead(out.bytes, at, length, FrameType.HEADERS, endStreamFlag | Flag.END_HEADERS, streamId)
    return
  }
  if (!(maxFrameSize > 0)) throw new RangeError('maxFrameSize must be positive')
  splitBlock(out, at, streamId, maxFrameSize, length)
  putHead(out.bytes, at, maxFrameSize, FrameType.HEADERS, endStreamFlag, streamId)
}

/** Moves the fragments behind the first, last one first, and puts a CONTINUATION header before each. */
function splitBlock(
  out: OutputBuffer,
  at: number,
  streamId: number,
  maxFrameSize: number,
  length: number,
): void {
  const count = Math.ceil(length / maxFrameSize) - 1
  const blockEnd = out.end
  out.reserve(count * FRAME_HEADER_SIZE)
  const { bytes } = out
  for (let i = count; i > 0; i--) {
    const from = at + FRAME_HEADER_SIZE + i * maxFrameSize
    const to = Math.min(from + maxFrameSize, blockEnd)
    const target = from + i * FRAME_HEADER_SIZE
    bytes.copyWithin(target, from, to)
    const flags = i === count ? Flag.END_HEADERS : 0
    putHead(bytes, target - FRAME_HEADER_SIZE, to - from, FrameType.CONTINUATION, flags, streamId)
  }
  out.end = blockEnd + count * FRAME_HEADER_SIZE
}

/** Appends HEADERS, and CONTINUATION as needed, with a field block encoded before (RFC 9113 §6.2). */
export function writeHeaders(
  out: OutputBuffer,
  streamId: number,
  block: Uint8Array,
  endStream: boolean,
  maxFrameSize: number,
): void {
  const at = beginHeaders(out)
  out.copy(block)
  finishHeaders(out, at, streamId, endStream, maxFrameSize)
}

/** Appends PUSH_PROMISE with a whole field block (RFC 9113 §6.6): for peers made by hand, a client sends none. */
export function writePushPromise(
  out: OutputBuffer,
  streamId: number,
  promisedStreamId: number,
  block: Uint8Array,
): void {
  writeHead(out, 4 + block.length, FrameType.PUSH_PROMISE, Flag.END_HEADERS, streamId)
  out.uint32(promisedStreamId)
  out.copy(block)
}

/** Appends RST_STREAM (RFC 9113 §6.4). */
export function writeRstStream(out: OutputBuffer, streamId: number, errorCode: number): void {
  writeHead(out, 4, FrameType.RST_STREAM, 0, streamId)
  out.uint32(errorCode)
}

/**
 * Appends SETTINGS (RFC 9113 §6.5), the entries in the order given.
 *
 * @example writeSettings(out, [[Setting.ENABLE_PUSH, 0], [Setting.INITIAL_WINDOW_SIZE, 1048576]])
 */
export function writeSettings(
  out: OutputBuffer,
  entries: readonly (readonly [id: number, value: number])[],
): void {
  writeHead(out, entries.length * 6, FrameType.SETTINGS, 0, 0)
  for (const [id, value] of entries) {
    out.uint16(id)
    out.uint32(value)
  }
}

/** Appends SETTINGS with ACK (RFC 9113 §6.5). */
export function writeSettingsAck(out: OutputBuffer): void {
  writeHead(out, 0, FrameType.SETTINGS, Flag.ACK, 0)
}

/** Appends PING with the 8 octets `data[start, start + 8)` (RFC 9113 §6.7). */
export function writePing(out: OutputBuffer, ack: boolean, data: Uint8Array, start = 0): void {
  writeHead(out, 8, FrameType.PING, ack ? Flag.ACK : 0, 0)
  out.copy(data, start, start + 8)
}

/** Appends GOAWAY (RFC 9113 §6.8). */
export function writeGoaway(
  out: OutputBuffer,
  lastStreamId: number,
  errorCode: number,
  debugData?: Uint8Array,
): void {
  writeHead(out, 8 + (debugData === undefined ? 0 : debugData.length), FrameType.GOAWAY, 0, 0)
  out.uint32(lastStreamId)
  out.uint32(errorCode)
  if (debugData !== undefined) out.copy(debugData)
}

/**
 * Appends WINDOW_UPDATE (RFC 9113 §6.9); stream 0 is the connection.
 *
 * @throws RangeError if `increment` is not from 1 to 2^31-1.
 */
export function writeWindowUpdate(out: OutputBuffer, streamId: number, increment: number): void {
  if (!(increment >= 1 && increment <= MAX_31_BITS)) {
    throw new RangeError(`WINDOW_UPDATE increment ${increment} is not from 1 to 2^31-1 (RFC 9113 §6.9)`)
  }
  writeHead(out, 4, FrameType.WINDOW_UPDATE, 0, streamId)
  out.uint32(increment)
}

/**
 * Appends PRIORITY_UPDATE (RFC 9218 §7.1) with the ASCII text of a priority field.
 *
 * @example writePriorityUpdate(out, 5, 'u=1, i')
 */
export function writePriorityUpdate(
  out: OutputBuffer,
  prioritizedStreamId: number,
  fieldValue: string,
): void {
  writeHead(out, 4 + fieldValue.length, FrameType.PRIORITY_UPDATE, 0, 0)
  out.uint32(prioritizedStreamId)
  out.latin1(fieldValue)
}

/** Appends a frame header. */
function writeHead(out: OutputBuffer, length: number, type: number, flags: number, streamId: number): void {
  const at = out.reserve(FRAME_HEADER_SIZE)
  putHead(out.bytes, at, length, type, flags, streamId)
  out.end = at + FRAME_HEADER_SIZE
}

/** Puts a frame header at `bytes[at, at + 9)` (RFC 9113 §4.1). */
function putHead(
  bytes: Uint8Array,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): void {
  bytes[at] = length >>> 16
  bytes[at + 1] = length >>> 8
  bytes[at + 2] = length
  bytes[at + 3] = type
  bytes[at + 4] = flags
  bytes[at + 5] = streamId >>> 24
  bytes[at + 6] = streamId >>> 16
  bytes[at + 7] = streamId >>> 8
  bytes[at + 8] = streamId
}
