/** A frame of a recording, as plain data, and the line that describes it. */
import { describe } from '../frame/describe.ts'
import { Flag, FRAME_HEADER_SIZE, FrameType, frameName } from '../frame/registry.ts'
import type { Columns } from './columns.ts'
import type { ConnectionState, FrameRow } from './connection-state.ts'
import type { CodedField } from './field-blocks.ts'
import { carriesFields, frameRow } from './fold.ts'

export interface RecordedFrame {
  /** Its place among the rows of the recording: what proofs name. */
  readonly row: number
  /** Milliseconds since the recording's start. */
  readonly time: number
  readonly connection: number
  readonly direction: 'sent' | 'received'
  readonly type: number
  /** The type's name (RFC 9113 §6). */
  readonly name: string
  readonly flags: number
  readonly stream: number
  /** Octets of its payload on the wire. */
  readonly length: number
  /** What is kept of it: of field blocks the whole block, with its last frame; of DATA nothing. */
  readonly payload: Uint8Array
  /** One line. */
  readonly text: string
}

/** Where each row's octets begin on the heap. */
export function heapOffsets({ kept, length }: Columns): Uint32Array {
  const offsets = new Uint32Array(length + 1)
  for (let row = 0; row < length; row++) offsets[row + 1] = offsets[row]! + kept[row]!
  return offsets
}

export function recordedFrame(columns: Columns, row: number, heapAt: number): RecordedFrame {
  const { sent, type, flags, stream, length, buf, start, end } = frameRow(columns, row, heapAt)
  const payload = buf.subarray(start, end)
  return {
    row,
    time: columns.time[row]!,
    connection: columns.connection[row]!,
    direction: sent ? 'sent' : 'received',
    type,
    name: frameName(type),
    flags,
    stream,
    length,
    payload,
    text: line(type, flags, stream, length, payload),
  }
}

function line(type: number, flags: number, stream: number, length: number, payload: Uint8Array): string {
  const frame = new Uint8Array(FRAME_HEADER_SIZE + payload.length)
  const view = new DataView(frame.buffer)
  view.setUint32(0, length << 8)
  frame[3] = type
  // A field block is kept without its padding.
  frame[4] = type === FrameType.PUSH_PROMISE ? flags & ~Flag.PADDED : flags
  view.setUint32(5, stream)
  frame.set(payload, FRAME_HEADER_SIZE)
  const text = describe(frame)
  return type === FrameType.PUSH_PROMISE && flags !== frame[4] ? `${text} PADDED` : text
}

/** Applies a frame of a recording, and returns the fields of the block that it completes, if any. */
export function applyFrame(state: ConnectionState, frame: FrameRow): readonly CodedField[] | undefined {
  state.apply(frame)
  if (!carriesFields(frame.type) || (frame.flags & Flag.END_HEADERS) === 0) return undefined
  const blocks = frame.sent ? state.sendBlocks : state.recvBlocks
  const from = frame.type === FrameType.PUSH_PROMISE ? frame.start + 4 : frame.start
  if (from >= frame.end && frame.length > 0) {
    blocks.lost('a field block was not recorded')
    return undefined
  }
  return blocks.read(frame.buf, from, frame.end)
}
