/**
 * The octets of one direction of a connection, written to a tape as frames
 * (RFC 9113 §4.1). Its one rule: it only looks. A frame is a row when it is
 * whole, DATA when it begins, for that is when it counts (RFC 9113 §6.9).
 */
import { readUint24, readUint31 } from '../bytes.ts'
import { CONNECTION_PREFACE, Flag, FRAME_HEADER_SIZE, FrameType } from '../frame/registry.ts'
import type { Columns } from './columns.ts'
import { Kind } from './event-kind.ts'
import type { FieldsShown } from './secrets.ts'

const { DATA, HEADERS, SETTINGS, PUSH_PROMISE, GOAWAY, CONTINUATION, PRIORITY_UPDATE } = FrameType
/** Octets of a payload that are kept at most, of frames whose payload is. */
const MOST_KEPT = 1_048_576
/** Octets kept of frames whose type nobody here knows, and of what a peer says to people. */
const SAMPLE = 256
/** Streams whose last rows are known, at most. */
const RECENT = 256

export class Wire {
  readonly #columns: Columns
  readonly #connection: number
  readonly #kind: number
  readonly #contentKind: number
  readonly #fields: FieldsShown
  /** Octets of content that are kept of each stream. */
  readonly #bodies: number
  /** Of the streams whose content is kept: octets kept. */
  readonly #kept = new Map<number, number>()
  /** The beginning of a frame that is not whole; `#have` octets of it. */
  #partial = new Uint8Array(64)
  #have = 0
  /** Octets of the DATA frame being read that did not come. */
  #missing = 0
  /** Of those, octets that came since the frame's row. */
  #since = 0
  /** The stream of that frame, and where its padding begins, counted from its end. */
  #stream = 0
  #padding = 0
  /** Octets of the frame being passed over. */
  #passing = 0
  /** Octets of the preface still to come; of a peer, 0. */
  #preface: number
  /** Where the last row of a stream may be, less than all that were dropped; by the low bits of its number. */
  readonly #recent: Int32Array | undefined
  /** True once the octets turned out to be no HTTP/2. Final. */
  #stopped = false
  #begun = false

  constructor(columns: Columns, connection: number, sent: boolean, fields: FieldsShown, bodies: number) {
    this.#columns = columns
    this.#connection = connection
    this.#kind = sent ? Kind.SENT : Kind.RECEIVED
    this.#contentKind = sent ? Kind.CONTENT_SENT : Kind.CONTENT_RECEIVED
    this.#fields = fields
    this.#bodies = bodies
    this.#recent = sent ? undefined : new Int32Array(RECENT)
    this.#preface = sent ? CONNECTION_PREFACE.length : 0
  }

  /** The next octets, borrowed for the call. */
  take(chunk: Uint8Array, now: number): void {
    let at = Math.min(this.#preface, chunk.length)
    this.#preface -= at
    const end = chunk.length
    while (at < end && !this.#stopped) {
      if (this.#missing > 0) at = this.#content(chunk, at, end, now)
      else if (this.#passing > 0) at = this.#pass(at, end)
      else at = this.#frame(chunk, at, end, now)
    }
  }

  /**
   * Marks the last row of a stream, if it is of this moment, and has these flags, and as many octets, of
   * which neither need be asked for. False if there is no such row.
   */
  mark(stream: number, mark: number, flags: number, octets: number, now: number): boolean {
    const { subject, connection, time, mark: marks, value, flags: all, kind } = this.#columns
    const row = this.#recent![(stream >> 1) & (RECENT - 1)]!
    if (subject[row] !== stream || connection[row] !== this.#connection || time[row] !== now) return false
    if ((all[row]! & flags) !== flags || (marks[row]! & mark) !== 0 || kind[row]! > Kind.REST) return false
    if (octets >= 0 && value[row] !== octets) return false
    marks[row]! |= mark
    return true
  }

  /** The first rows were dropped. */
  dropped(): void {
    this.#recent?.fill(0)
  }

  #pass(at: number, end: number): number {
    const count = Math.min(this.#passing, end - at)
    this.#passing -= count
    return at + count
  }

  #frame(chunk: Uint8Array, at: number, end: number, now: number): number {
    if (this.#have > 0) return this.#more(chunk, at, end, now)
    if (end - at < FRAME_HEADER_SIZE) return this.#begin(chunk, at, end)
    const wanted = FRAME_HEADER_SIZE + this.#wanted(chunk, at)
    if (end - at < wanted) return this.#begin(chunk, at, end)
    this.#row(chunk, at, now)
    return at + wanted
  }

  #begin(chunk: Uint8Array, at: number, end: number): number {
    this.#have = 0
    this.#store(chunk, at, end)
    return end
  }

  /** More of a frame that began in an earlier chunk. */
  #more(chunk: Uint8Array, at: number, end: number, now: number): number {
    let from = at
    if (this.#have < FRAME_HEADER_SIZE) {
      const next = Math.min(end, from + FRAME_HEADER_SIZE - this.#have)
      this.#store(chunk, from, next)
      from = next
      if (this.#have < FRAME_HEADER_SIZE) return from
    }
    const wanted = FRAME_HEADER_SIZE + this.#wanted(this.#partial, 0)
    const next = Math.min(end, from + wanted - this.#have)
    this.#store(chunk, from, next)
    if (this.#have < wanted) return next
    this.#have = 0
    this.#row(this.#partial, 0, now)
    return next
  }

  #store(chunk: Uint8Array, at: number, end: number): void {
    const needed = this.#have + end - at
    if (needed > this.#partial.length) {
      const grown = new Uint8Array(Math.max(needed, this.#partial.length * 2))
      grown.set(this.#partial)
      this.#partial = grown
    }
    this.#partial.set(chunk.subarray(at, end), this.#have)
    this.#have = needed
  }

  /** Octets of the payload behind the header at `buf[at]` that have to be there for a row. */
  #wanted(buf: Uint8Array, at: number): number {
    const length = readUint24(buf, at)
    const type = buf[at + 3]!
    if (type === DATA) return length > 0 && (buf[at + 4]! & Flag.PADDED) !== 0 ? 1 : 0
    if (type === HEADERS || type === PUSH_PROMISE || type === CONTINUATION) {
      return this.#fields === 'none'
        ? Math.min(length, type === PUSH_PROMISE ? 5 : 0)
        : Math.min(length, MOST_KEPT)
    }
    return Math.min(length, type === SETTINGS || type === GOAWAY || type === PRIORITY_UPDATE ? 4096 : SAMPLE)
  }

  /** A row for the frame at `buf[at]`, of whose payload as much is there as is wanted. */
  #row(buf: Uint8Array, at: number, now: number): void {
    const length = readUint24(buf, at)
    const type = buf[at + 3]!
    const flags = buf[at + 4]!
    if (!this.#begun && !this.#isHttp2(type)) return
    const stream = readUint31(buf, at + 5)
    const wanted = this.#wanted(buf, at)
    const from = at + FRAME_HEADER_SIZE
    this.#columns.pushFrame(now, this.#kind, this.#connection, stream, length, type, flags)
    if (wanted > 0) this.#columns.keep(buf, from, from + wanted)
    if (this.#recent !== undefined) this.#recent[(stream >> 1) & (RECENT - 1)] = this.#columns.length - 1
    if (type !== DATA) {
      this.#passing = length - wanted
      return
    }
    this.#stream = stream
    this.#missing = length - wanted
    this.#since = 0
    this.#padding = wanted === 0 ? 0 : buf[from]!
  }

  #isHttp2(type: number): boolean {
    this.#begun = true
    this.#stopped = type !== SETTINGS && type !== GOAWAY
    return !this.#stopped
  }

  #content(chunk: Uint8Array, at: number, end: number, now: number): number {
    const count = Math.min(this.#missing, end - at)
    if (this.#bodies > 0) this.#keep(chunk, at, at + Math.min(count, this.#missing - this.#padding), now)
    this.#missing -= count
    this.#since += count
    // The first piece comes with the frame's row; the last is worth a row of its own.
    const first = this.#since === count && at > 0
    if (this.#missing > 0 || first) return at + count
    if (this.#kind === Kind.RECEIVED) {
      this.#columns.push(now, Kind.REST, this.#connection, this.#stream, this.#since)
      this.#recent![(this.#stream >> 1) & (RECENT - 1)] = this.#columns.length - 1
    }
    return at + count
  }

  #keep(chunk: Uint8Array, from: number, to: number, now: number): void {
    const kept = this.#kept.get(this.#stream) ?? 0
    const end = Math.min(to, from + this.#bodies - kept)
    if (end <= from) return
    this.#kept.set(this.#stream, kept + end - from)
    this.#columns.push(now, this.#contentKind, this.#connection, this.#stream, end - from)
    this.#columns.keep(chunk, from, end)
  }
}
