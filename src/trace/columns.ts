/**
 * Rows in typed arrays, and one heap for the octets that belong to them. Its
 * one rule: a row is written once and in order, so octets lie in the heap as
 * their rows do, and a row needs to know only how many are its own.
 */

import { utf8 } from './text.ts'

/** Octets that a row takes, its own on the heap not counted. */
export const ROW_SIZE = 28

const FIRST_ROWS = 256
const FIRST_HEAP = 4096

export class Columns {
  /** Milliseconds on the recorder's clock. */
  time: Float64Array
  kind: Uint8Array
  /** Of a frame; 0 for others. */
  type: Uint8Array
  flags: Uint8Array
  /** What followed at once, and has no row of its own; see `Mark`. */
  mark: Uint8Array
  connection: Uint32Array
  subject: Uint32Array
  value: Uint32Array
  /** Octets on the heap. */
  kept: Uint32Array
  heap: Uint8Array
  length = 0
  heapLength = 0

  constructor(rows = FIRST_ROWS, heap = FIRST_HEAP) {
    this.time = new Float64Array(rows)
    this.kind = new Uint8Array(rows)
    this.type = new Uint8Array(rows)
    this.flags = new Uint8Array(rows)
    this.mark = new Uint8Array(rows)
    this.connection = new Uint32Array(rows)
    this.subject = new Uint32Array(rows)
    this.value = new Uint32Array(rows)
    this.kept = new Uint32Array(rows)
    this.heap = new Uint8Array(heap)
  }

  /** Octets in use. */
  get size(): number {
    return this.length * ROW_SIZE + this.heapLength
  }

  push(time: number, kind: number, connection: number, subject: number, value: number): void {
    this.pushFrame(time, kind, connection, subject, value, 0, 0)
  }

  pushFrame(
    time: number,
    kind: number,
    connection: number,
    stream: number,
    length: number,
    type: number,
    flags: number,
  ): void {
    if (this.length === this.kind.length) this.#growRows()
    const at = this.length++
    this.time[at] = time
    this.kind[at] = kind
    this.type[at] = type
    this.flags[at] = flags
    this.mark[at] = 0
    this.connection[at] = connection
    this.subject[at] = stream
    this.value[at] = length
    this.kept[at] = 0
  }

  /** Octets `buf[start, end)` belong to the last row. */
  keep(buf: Uint8Array, start: number, end: number): void {
    const count = end - start
    if (count <= 0) return
    if (this.heapLength + count > this.heap.length) this.#growHeap(count)
    const { heap } = this
    let to = this.heapLength
    // A call costs more than a few octets do.
    if (count > 48) heap.set(buf.subarray(start, end), to)
    else for (let at = start; at < end; at++) heap[to++] = buf[at]!
    this.heapLength += count
    this.kept[this.length - 1]! += count
  }

  /** Text belongs to the last row, in UTF-8. */
  keepText(text: string): void {
    const { length } = text
    if (this.heapLength + length > this.heap.length) this.#growHeap(length)
    const { heap } = this
    const start = this.heapLength
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code >= 0x80) {
        const octets = utf8(text)
        this.keep(octets, 0, octets.length)
        return
      }
      heap[start + i] = code
    }
    this.heapLength += length
    this.kept[this.length - 1]! += length
  }

  /** Drops the first rows but those that `stays` names. */
  dropFirst(count: number, stays: (row: number) => boolean): void {
    let rows = 0
    let heap = 0
    let heapAt = 0
    for (let row = 0; row < count; row++) {
      const kept = this.kept[row]!
      if (stays(row)) {
        this.#moveRow(row, rows++)
        this.heap.copyWithin(heap, heapAt, heapAt + kept)
        heap += kept
      }
      heapAt += kept
    }
    for (const column of this.#all()) column.copyWithin(rows, count, this.length)
    this.heap.copyWithin(heap, heapAt, this.heapLength)
    this.length -= count - rows
    this.heapLength -= heapAt - heap
  }

  #moveRow(from: number, to: number): void {
    for (const column of this.#all()) column[to] = column[from]!
  }

  #all(): (Float64Array | Uint8Array | Uint32Array)[] {
    const { time, kind, type, flags, mark, connection, subject, value, kept } = this
    return [time, kind, type, flags, mark, connection, subject, value, kept]
  }

  #growRows(): void {
    const grown = new Columns(this.kind.length * 2, 0)
    const [columns, larger] = [this.#all(), grown.#all()]
    for (const [i, column] of columns.entries()) (larger[i] as Uint8Array).set(column as Uint8Array)
    const { time, kind, type, flags, mark, connection, subject, value, kept } = grown
    Object.assign(this, { time, kind, type, flags, mark, connection, subject, value, kept })
  }

  #growHeap(count: number): void {
    const grown = new Uint8Array(Math.max(this.heap.length * 2, this.heapLength + count))
    grown.set(this.heap.subarray(0, this.heapLength))
    this.heap = grown
  }
}
