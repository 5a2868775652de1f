/**
 * Frames of a tape folded into the state of their connection. Field blocks are
 * put together first (RFC 9113 §4.3), for a table changes when a block is whole.
 */
import { readUint31 } from '../bytes.ts'
import { Flag, FrameType } from '../frame/registry.ts'
import type { Columns } from './columns.ts'
import type { ConnectionState, FrameRow } from './connection-state.ts'
import { Kind } from './event-kind.ts'

const { HEADERS, PUSH_PROMISE, CONTINUATION } = FrameType

/** True for frames that carry a part of a field block. */
export function carriesFields(type: number): boolean {
  return type === HEADERS || type === PUSH_PROMISE || type === CONTINUATION
}

/** The row as a frame. */
export function frameRow(columns: Columns, row: number, heapAt: number): FrameRow {
  return {
    sent: columns.kind[row] === Kind.SENT,
    type: columns.type[row]!,
    flags: columns.flags[row]!,
    stream: columns.subject[row]!,
    length: columns.value[row]!,
    buf: columns.heap,
    start: heapAt,
    end: heapAt + columns.kept[row]!,
  }
}

/** The field blocks of a connection that are not whole, one each way. */
export class OpenBlocks {
  #sent: number[] = NONE
  #received: number[] = NONE

  /**
   * A frame that carries a part of a block, as it was on the wire. Tells of the
   * block once it is whole; its octets are good for the call.
   */
  take(frame: FrameRow, whole: (buf: Uint8Array, start: number, end: number) => void): void {
    const { sent, type, flags, buf, start, end } = frame
    if (type !== CONTINUATION) this.#set(sent, NONE)
    let from = start
    let to = end
    if (type !== CONTINUATION && (flags & Flag.PADDED) !== 0 && from < to) to -= buf[from++]!
    if (type === HEADERS && (flags & Flag.PRIORITY) !== 0) from += 5
    if (type === PUSH_PROMISE) from += 4
    const last = (flags & Flag.END_HEADERS) !== 0
    const before = sent ? this.#sent : this.#received
    if (last && before.length === 0) {
      whole(buf, Math.min(from, to), to)
      return
    }
    const block = before === NONE ? [] : before
    for (let at = from; at < to; at++) block.push(buf[at]!)
    this.#set(sent, last ? NONE : block)
    if (last) whole(Uint8Array.from(block), 0, block.length)
  }

  #set(sent: boolean, octets: number[]): void {
    if (sent) this.#sent = octets
    else this.#received = octets
  }
}

/** Never written to. */
const NONE: number[] = []

/** The stream that a PUSH_PROMISE promises, as it was on the wire; 0 if it does not say. */
export function promisedStream({ flags, buf, start, end }: FrameRow): number {
  const at = (flags & Flag.PADDED) === 0 ? start : start + 1
  return at + 4 <= end ? readUint31(buf, at) : 0
}

/** One frame, as it was on the wire, into the state of its connection. */
export function foldFrame(
  state: ConnectionState,
  blocks: OpenBlocks,
  columns: Columns,
  row: number,
  heapAt: number,
): void {
  const frame = frameRow(columns, row, heapAt)
  if (!carriesFields(frame.type)) {
    state.apply(frame)
    return
  }
  const padded = frame.type === PUSH_PROMISE && (frame.flags & Flag.PADDED) !== 0
  state.apply(padded ? { ...frame, start: frame.start + 1 } : frame)
  const table = frame.sent ? state.sendBlocks : state.recvBlocks
  blocks.take(frame, (buf, start, end) => table.follow(buf, start, end))
}
