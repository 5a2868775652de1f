/**
 * The `.h2` file: a mark, and blocks of which each can be read by itself. Its
 * one rule: whatever the octets are, reading ends, and says where they stop to
 * make sense; a last block that was cut is left out.
 *
 *     mark     89 68 32 72 0d 0a 1a 0a                      (8 octets)
 *     block    kind (1), length (4), check (4), payload     (9 octets and the payload)
 *
 * Kind `H` comes first: JSON in UTF-8, see `Head`. Kind `R` holds up to 4,096
 * rows, column by column: a number of rows, then for each column as many
 * integers; kinds, types, flags and marks are octets, all others are variable-length
 * integers of seven bits an octet, lowest first. Times are microseconds since
 * the row before, the first since the block's own start, which comes in front.
 * Behind the columns lie the octets kept, as many as the column `kept` says.
 * The check is FNV-1a of the payload, 32 bits.
 */
import { OutputBuffer, readUint32 } from '../bytes.ts'
import { Columns } from './columns.ts'
import { type Head, VERSION } from './recording-head.ts'
import { checkHead } from './recording-head-check.ts'
import { utf8, utf8Text } from './text.ts'

const MARK = Uint8Array.of(0x89, 0x68, 0x32, 0x72, 0x0d, 0x0a, 0x1a, 0x0a)
const HEAD = 0x48
const ROWS = 0x52
const BLOCK_HEADER = 9
const ROWS_PER_BLOCK = 4096
/** Octets that a block may have: more than any that is written. */
const MAX_BLOCK = 0x10000000

/** Why octets are no recording, and where. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError'
  /** The octet at which they stop to make sense. */
  readonly offset: number

  constructor(what: string, offset: number) {
    super(`not a recording: ${what} at octet ${offset}`)
    this.offset = offset
  }
}

/** The octets of a file, in pieces that can be written one by one. */
export function* filePieces(head: Head, columns: Columns): Generator<Uint8Array> {
  yield MARK.slice()
  yield block(HEAD, utf8(JSON.stringify(head)))
  let heapAt = 0
  for (let row = 0; row < columns.length; row += ROWS_PER_BLOCK) {
    const end = Math.min(columns.length, row + ROWS_PER_BLOCK)
    const out = new OutputBuffer()
    heapAt = writeRows(out, columns, row, end, heapAt)
    yield block(ROWS, out.take())
  }
}

function block(kind: number, payload: Uint8Array): Uint8Array {
  const out = new OutputBuffer(BLOCK_HEADER + payload.length)
  out.uint8(kind)
  out.uint32(payload.length)
  out.uint32(check(payload, 0, payload.length))
  out.copy(payload)
  return out.take()
}

function check(buf: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ buf[at]!, 0x01000193)
  return hash >>> 0
}

function writeRows(out: OutputBuffer, columns: Columns, from: number, to: number, heapAt: number): number {
  writeInt(out, to - from)
  let last = 0
  for (let row = from; row < to; row++) {
    const micros = Math.round(columns.time[row]! * 1000)
    writeInt(out, micros - last)
    last = micros
  }
  for (const column of [columns.kind, columns.type, columns.flags, columns.mark]) out.copy(column, from, to)
  for (const column of [columns.connection, columns.subject, columns.value, columns.kept]) {
    for (let row = from; row < to; row++) writeInt(out, column[row]!)
  }
  let octets = 0
  for (let row = from; row < to; row++) octets += columns.kept[row]!
  out.copy(columns.heap, heapAt, heapAt + octets)
  return heapAt + octets
}

function writeInt(out: OutputBuffer, value: number): void {
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out.uint8((rest % 0x80) | 0x80)
  out.uint8(rest)
}

/** What a file holds; `cut`: its last block was not whole. Throws `RecordingError`. */
export function readFile(bytes: Uint8Array): { head: Head; columns: Columns; cut: boolean } {
  for (const [at, octet] of MARK.entries()) {
    if (bytes[at] !== octet) throw new RecordingError('no mark of an .h2 file', Math.min(at, bytes.length))
  }
  const columns = new Columns()
  let head: Head | undefined
  let at = MARK.length
  while (at < bytes.length) {
    const start = at + BLOCK_HEADER
    const length = start <= bytes.length ? readUint32(bytes, at + 1) : 0
    if (length > MAX_BLOCK) throw new RecordingError(`a block of ${length} octets`, at + 1)
    const end = start + length
    if (end > bytes.length) break
    if (readUint32(bytes, at + 5) !== check(bytes, start, end)) {
      throw new RecordingError('a block that does not add up', at)
    }
    if (head === undefined) head = readHead(bytes, at, start, end)
    else if (bytes[at] === ROWS) new RowReader(bytes, start, end).into(columns)
    // Blocks of other kinds belong to later versions.
    at = end
  }
  if (head === undefined) throw new RecordingError('no head', at)
  return { head, columns, cut: at < bytes.length }
}

function readHead(bytes: Uint8Array, at: number, start: number, end: number): Head {
  if (bytes[at] !== HEAD) throw new RecordingError('no head', at)
  let head: unknown
  try {
    head = JSON.parse(utf8Text(bytes, start, end))
  } catch {
    throw new RecordingError('a head that is not JSON', start)
  }
  const fault = checkHead(head)
  if (fault !== undefined) throw new RecordingError(fault, start)
  if ((head as Head).version > VERSION) {
    throw new RecordingError(`version ${(head as Head).version}, where ${VERSION} is known`, start)
  }
  return head as Head
}

class RowReader {
  readonly #bytes: Uint8Array
  readonly #end: number
  #at: number

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
  }

  into(columns: Columns): void {
    const count = this.#int()
    if (count > this.#end - this.#at) throw new RecordingError(`${count} rows in too few octets`, this.#at)
    const latest = columns.length === 0 ? 0 : Math.round(columns.time[columns.length - 1]! * 1000)
    const times = this.#times(count, latest)
    const [kinds, types] = [this.#octets(count), this.#octets(count)]
    const [flags, marks] = [this.#octets(count), this.#octets(count)]
    const [connections, subjects] = [this.#ints(count), this.#ints(count)]
    const [values, kept] = [this.#ints(count), this.#ints(count)]
    for (let row = 0; row < count; row++) {
      const [subject, value] = [subjects[row]!, values[row]!]
      const type = types[row]!
      columns.pushFrame(times[row]!, kinds[row]!, connections[row]!, subject, value, type, flags[row]!)
      columns.mark[columns.length - 1] = marks[row]!
      const octets = this.#octets(kept[row]!)
      columns.keep(octets, 0, octets.length)
    }
    if (this.#at !== this.#end) throw new RecordingError('octets behind the rows', this.#at)
  }

  #times(count: number, latest: number): Float64Array {
    const times = new Float64Array(count)
    let micros = 0
    for (let row = 0; row < count; row++) {
      micros += this.#int()
      if (row === 0 && micros < latest) throw new RecordingError('time that runs backwards', this.#at)
      times[row] = micros / 1000
    }
    if (micros > Number.MAX_SAFE_INTEGER) throw new RecordingError('a time beyond all measure', this.#at)
    return times
  }

  #ints(count: number): Uint32Array {
    const ints = new Uint32Array(count)
    for (let row = 0; row < count; row++) {
      const value = this.#int()
      if (value > 0xffffffff) throw new RecordingError(`the number ${value}`, this.#at)
      ints[row] = value
    }
    return ints
  }

  #octets(count: number): Uint8Array {
    if (count > this.#end - this.#at) throw new RecordingError(`${count} octets in too few`, this.#at)
    this.#at += count
    return this.#bytes.subarray(this.#at - count, this.#at)
  }

  #int(): number {
    let value = 0
    for (let scale = 1; scale < 2 ** 56; scale *= 128) {
      if (this.#at >= this.#end) throw new RecordingError('a number that is cut', this.#at)
      const octet = this.#bytes[this.#at++]!
      value += (octet & 0x7f) * scale
      if (octet < 0x80) return value
    }
    throw new RecordingError('a number without an end', this.#at)
  }
}
