/**
 * A recording: what conversations were, to be read, rebuilt, explained and
 * exported. Its one rule: it holds rows and nothing else; all that it tells is
 * derived from them.
 */
import { joinBytes } from '../bytes.ts'
import { type ChromeTrace, chromeTraceOf } from './chrome-trace.ts'
import type { Columns } from './columns.ts'
import { type ConnectionFacts, ConnectionState } from './connection-state.ts'
import { type ConnectionTimeline, timelinesOf } from './connection-timeline.ts'
import { type RecordedConnection, recordedConnections } from './connections.ts'
import { isFrame } from './event-kind.ts'
import { explain } from './explain.ts'
import type { CodedField } from './field-blocks.ts'
import { frameRow } from './fold.ts'
import { type Har, harOf } from './har.ts'
import { pageOf } from './page.ts'
import { qlogOf } from './qlog.ts'
import { applyFrame, heapOffsets, type RecordedFrame, recordedFrame } from './recorded-frame.ts'
import type { RecordedRequest } from './recorded-request.ts'
import type { RecordedEvent, RecordedStory } from './recorded-story.ts'
import { filePieces, readFile } from './recording-file.ts'
import type { Head } from './recording-head.ts'
import { requestsOf } from './requests.ts'
import { type RequestStalls, stallsOf } from './stalls.ts'

/**
 * What was recorded of one or more connections.
 *
 * @example
 * const recording = Recording.read(readFileSync('slow.h2'))
 * for (const { request } of recording.stalls()) console.log(recording.explain(request))
 */
export class Recording implements RecordedStory {
  /** What it says of itself: what is hidden, when it began, how much was dropped. */
  readonly head: Head
  /** True if the file's last block was not whole. */
  readonly cut: boolean
  readonly #columns: Columns
  readonly #offsets: Uint32Array
  #requests: readonly RecordedRequest[] | undefined
  #timelines: ReadonlyMap<number, ConnectionTimeline> | undefined
  #stalls: readonly RequestStalls[] | undefined

  /** From a tape, or a file: see `Tape.recording` and `Recording.read`. */
  constructor(head: Head, columns: Columns, cut = false) {
    this.head = head
    this.cut = cut
    this.#columns = columns
    this.#offsets = heapOffsets(columns)
  }

  /** Reads an `.h2` file. Throws `RecordingError`, which says where, for octets that are none. */
  static read(bytes: Uint8Array): Recording {
    const { head, columns, cut } = readFile(bytes)
    return new Recording(head, columns, cut)
  }

  /** The octets of an `.h2` file. */
  write(): Uint8Array {
    return joinBytes([...this.pieces()])
  }

  /** The same in pieces, to be written one by one: what was written when a process dies can be read. */
  pieces(): Iterable<Uint8Array> {
    return filePieces(this.head, this.#columns)
  }

  /** Rows: frames, and what only the client knows. */
  get length(): number {
    return this.#columns.length
  }

  /** Milliseconds from the first row to the last. */
  get duration(): number {
    const { length, time } = this.#columns
    return length === 0 ? 0 : time[length - 1]!
  }

  /** The connections, in the order of their dials. */
  connections(): RecordedConnection[] {
    return recordedConnections(this.#columns, this.#offsets)
  }

  /** The requests, in the order of their calls. */
  requests(): readonly RecordedRequest[] {
    this.#requests ??= requestsOf(this.head, this.#columns, this.#offsets)
    return this.#requests
  }

  /** The frames of both directions, in the order in which they came and went. */
  frames(): RecordedFrame[] {
    const frames: RecordedFrame[] = []
    for (let row = 0; row < this.length; row++) {
      if (isFrame(this.#columns.kind[row]!)) frames.push(this.#frame(row))
    }
    return frames
  }

  /** The frame that is this row. Throws RangeError if the row is none. */
  frame(row: number): RecordedFrame {
    if (isFrame(this.#columns.kind[row] ?? 0)) return this.#frame(row)
    throw new RangeError(`row ${row} is no frame`)
  }

  #frame(row: number): RecordedFrame {
    return recordedFrame(this.#columns, row, this.#offsets[row]!)
  }

  /**
   * A connection as it was behind a row: windows, streams, settings, HPACK
   * tables, rebuilt from its frames. Default: the first connection, at the end.
   */
  rebuild(connection = this.#firstConnection, row: number = this.length - 1): ConnectionFacts {
    return this.#replay(connection, row).state.facts()
  }

  /** The fields of the block that a frame completes, and how each of them was coded; none for other frames. */
  fields(row: number): readonly CodedField[] {
    return this.#replay(this.#columns.connection[row] ?? 0, row).fields
  }

  #replay(connection: number, to: number): { state: ConnectionState; fields: readonly CodedField[] } {
    const state = new ConnectionState(this.head.bases[connection])
    let fields: readonly CodedField[] = []
    for (let row = 0; row <= to && row < this.length; row++) {
      if (this.#columns.connection[row] !== connection || !isFrame(this.#columns.kind[row]!)) continue
      const completed = applyFrame(state, frameRow(this.#columns, row, this.#offsets[row]!))
      if (row === to) fields = completed ?? []
    }
    return { state, fields }
  }

  /** Goes through all frames, each with its connection behind it, which is good for the call, and the fields it completes. */
  replay(visit: (frame: RecordedFrame, state: ConnectionState, fields: readonly CodedField[]) => void): void {
    const states = new Map<number, ConnectionState>()
    for (let row = 0; row < this.length; row++) {
      if (!isFrame(this.#columns.kind[row]!)) continue
      const connection = this.#columns.connection[row]!
      let state = states.get(connection)
      if (state === undefined) {
        state = new ConnectionState(this.head.bases[connection])
        states.set(connection, state)
      }
      const completed = applyFrame(state, frameRow(this.#columns, row, this.#offsets[row]!))
      visit(this.#frame(row), state, completed ?? [])
    }
  }

  get #firstConnection(): number {
    return this.connections()[0]?.id ?? 0
  }

  /** Where each request's time went. */
  stalls(): readonly RequestStalls[] {
    this.#stalls ??= stallsOf(this.requests(), this.#columns, this.#offsets, this.timelines())
    return this.#stalls
  }

  /** One sentence on a request's time, with the rows that prove it. Throws RangeError for one that is not in the recording. */
  explain(request: RecordedRequest | number): string {
    const id = typeof request === 'number' ? request : request.id
    const stalls = this.stalls()[id - 1]
    if (stalls === undefined) throw new RangeError(`no request ${id}`)
    return explain(stalls)
  }

  /** Windows and other numbers over time, of each connection: what the page draws. */
  timelines(): ReadonlyMap<number, ConnectionTimeline> {
    this.#timelines ??= timelinesOf(this.head, this.#columns, this.#offsets)
    return this.#timelines
  }

  /** HTTP Archive 1.2, as an object to be written as JSON. */
  toHAR(): Har {
    return harOf(this)
  }

  /** qlog as JSON-SEQ (RFC 7464 §2), in the event schema of docs/qlog-http2.md. */
  toQlog(): string {
    return qlogOf(this)
  }

  /** Trace events of Chrome, as an object to be written as JSON: for Perfetto and speedscope. */
  toChromeTrace(): ChromeTrace {
    return chromeTraceOf(this)
  }

  /** One page that shows it all, to be opened from a disk. */
  toHTML(): string {
    return pageOf(this)
  }

  /** The raw rows, for those who show them: time, kind, connection, subject, value and text. */
  *events(): Generator<RecordedEvent> {
    const { time, kind, connection, subject, value, kept, heap } = this.#columns
    for (let row = 0; row < this.length; row++) {
      const start = this.#offsets[row]!
      yield {
        row,
        time: time[row]!,
        kind: kind[row]!,
        connection: connection[row]!,
        subject: subject[row]!,
        value: value[row]!,
        octets: heap.subarray(start, start + kept[row]!),
      }
    }
  }
}
