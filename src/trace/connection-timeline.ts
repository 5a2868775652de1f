/**
 * What of a connection, and of each of its streams, decides who waits for whom:
 * as numbers over time. One rule: a window is taken as the peer sees it, so
 * credit that we give counts one round trip later (RFC 9113 §6.9).
 */
import { readUint31 } from '../bytes.ts'
import { FrameType } from '../frame/registry.ts'
import type { Columns } from './columns.ts'
import { ConnectionState, type FrameRow } from './connection-state.ts'
import { isFrame, Kind } from './event-kind.ts'
import { frameRow } from './fold.ts'
import type { Head } from './recording-head.ts'
import { roundTripsOf, smallest } from './round-trips.ts'
import { type Change, exhausted, Steps } from './steps.ts'

const { DATA, HEADERS, SETTINGS, WINDOW_UPDATE } = FrameType

/** Content is on its way as long as pauses are no longer than this many milliseconds, whatever the path. */
const SHORTEST_PAUSE = 2
/** Or than so many round trips. */
const PAUSE_ROUND_TRIPS = 1.5
/** Or than so many times the pauses of which a quarter is shorter; if there are enough to tell. */
const PAUSE_FACTOR = 4
const PAUSES_THAT_TELL = 8
const LONGEST_PAUSE = 100

/** Content of a stream that came, or left. */
export interface Content {
  readonly time: number
  readonly stream: number
  readonly octets: number
  readonly row: number
}

/** One stream. */
export class StreamTimeline {
  /** 1 while its own window forbids us to send. */
  readonly sendShut = new Steps()
  /** Octets of content that we sent, for ever. */
  readonly sent = new Steps()
  readonly sentRows: number[] = []
  /** Moments at which something of it came, and the rows. */
  readonly arrivals: number[] = []
  readonly arrivalRows: number[] = []
  /** Octets of content that came, for ever. */
  readonly received = new Steps()
  readonly #grants: Change[] = []
  readonly initialRecvWindow: number
  #recvShut: Steps | undefined

  constructor(initialRecvWindow: number) {
    this.initialRecvWindow = initialRecvWindow
  }

  granted(change: Change): void {
    this.#grants.push(change)
  }

  /** 1 while its own window, as the peer sees it, forbids the peer to send. */
  get recvShut(): Steps {
    this.#recvShut ??= exhausted(this.initialRecvWindow, this.#grants)
    return this.#recvShut
  }
}

export class ConnectionTimeline {
  readonly streams = new Map<number, StreamTimeline>()
  /** When it was dialled, stood, and when the peer's SETTINGS came; NaN if that was not recorded. */
  dialAt = Number.NaN
  stoodAt = Number.NaN
  readyAt = Number.NaN
  /** Smallest round trip in milliseconds; 0 if none was measured. */
  readonly roundTrip: number
  /** 1 while as many streams are open as the peer takes. */
  readonly full = new Steps()
  /** 1 while the connection's window forbids us to send. */
  readonly sendShut = new Steps()
  /** 1 while the socket takes no more. */
  readonly blocked = new Steps()
  /** 1 while the event loop was busy. */
  readonly lag = new Steps()
  /** DATA that came, and DATA that we sent: moments, streams and octets. */
  readonly arrivals: Content[] = []
  readonly departures: Content[] = []
  readonly #state: ConnectionState
  readonly #initialRecvWindow: number
  readonly #grants: Change[] = []
  #recvShut: Steps | undefined
  #busy: Steps | undefined
  #pause: number | undefined
  /** Octets of each stream that the application holds: content less reads. */
  readonly unread = new Map<number, Steps>()

  constructor(base: ConstructorParameters<typeof ConnectionState>[0], roundTrip: number) {
    this.#state = new ConnectionState(base)
    this.#initialRecvWindow = this.#state.recvWindow
    this.roundTrip = roundTrip
    for (const { id } of base?.streams ?? []) this.#stream(id)
  }

  /** 1 while the connection's window, as the peer sees it, forbids the peer to send. */
  get recvShut(): Steps {
    this.#recvShut ??= exhausted(this.#initialRecvWindow, this.#grants)
    return this.#recvShut
  }

  /** The longest pause in milliseconds for which content still counts as on its way. */
  get pause(): number {
    this.#pause ??= this.#longestPause()
    return this.#pause
  }

  /** 1 while content of any stream is on its way to us. */
  get busy(): Steps {
    if (this.#busy !== undefined) return this.#busy
    this.#busy = new Steps()
    let until = Number.NaN
    for (const { time, row } of this.arrivals) {
      if (!(time - until <= this.pause) && !Number.isNaN(until)) this.#busy.set(until, 0, row)
      if (!(time - until <= this.pause)) this.#busy.set(time, 1, row)
      until = time
    }
    if (!Number.isNaN(until)) this.#busy.set(until, 0, this.arrivals.at(-1)!.row)
    return this.#busy
  }

  #longestPause(): number {
    const pauses: number[] = []
    for (let i = 1; i < this.arrivals.length; i++) {
      const pause = this.arrivals[i]!.time - this.arrivals[i - 1]!.time
      if (pause > 0) pauses.push(pause)
    }
    pauses.sort((a, b) => a - b)
    const usual = pauses.length < PAUSES_THAT_TELL ? 0 : pauses[pauses.length >> 2]! * PAUSE_FACTOR
    return Math.max(SHORTEST_PAUSE, this.roundTrip * PAUSE_ROUND_TRIPS, Math.min(LONGEST_PAUSE, usual))
  }

  /** The timeline of a stream; made when it is asked for. */
  #stream(id: number): StreamTimeline {
    let stream = this.streams.get(id)
    if (stream === undefined) {
      stream = new StreamTimeline(this.#state.recvWindowOf(id))
      this.streams.set(id, stream)
    }
    return stream
  }

  frame(frame: FrameRow, time: number, row: number): void {
    this.stoodAt = Number.isNaN(this.stoodAt) ? time : this.stoodAt
    const { sent, type, stream } = frame
    if (stream !== 0 && (type === DATA || type === HEADERS || type === WINDOW_UPDATE)) this.#stream(stream)
    this.#state.apply(frame)
    if (type === DATA) this.#data(frame, time, row)
    else if (type === HEADERS && !sent) this.#arrived(stream, time, row)
    else if (type === WINDOW_UPDATE) this.#credit(frame, time, row)
    else if (type === SETTINGS && !sent) this.#settings(time, row)
    this.full.set(time, this.#state.openStreams >= this.#state.maxConcurrentStreams ? 1 : 0, row)
  }

  /** More of a DATA frame came. */
  rest(stream: number, octets: number, time: number, row: number): void {
    this.arrivals.push({ time, stream, octets, row })
    this.#arrived(stream, time, row)
  }

  #data({ sent, stream, length }: FrameRow, time: number, row: number): void {
    const timeline = this.#stream(stream)
    const data = { time, stream, octets: length, row }
    if (sent) {
      this.departures.push(data)
      timeline.sentRows.push(row)
      timeline.sent.set(time, timeline.sent.at(time) + length, row)
      this.#sendWindows(stream, time, row)
      return
    }
    this.arrivals.push(data)
    this.#arrived(stream, time, row)
    timeline.received.set(time, timeline.received.at(time) + length, row)
    timeline.granted({ time, by: -length, row })
    this.#grants.push({ time, by: -length, row })
  }

  #arrived(stream: number, time: number, row: number): void {
    const timeline = this.#stream(stream)
    timeline.arrivals.push(time)
    timeline.arrivalRows.push(row)
  }

  #credit({ sent, stream, buf, start, end }: FrameRow, time: number, row: number): void {
    if (end - start < 4) return
    const change = { time: time + this.roundTrip, by: readUint31(buf, start), row }
    if (!sent) this.#sendWindows(stream, time, row)
    else if (stream === 0) this.#grants.push(change)
    else this.#stream(stream).granted(change)
  }

  #sendWindows(stream: number, time: number, row: number): void {
    this.sendShut.set(time, this.#state.sendWindow <= 0 ? 1 : 0, row)
    if (stream === 0) return
    this.#stream(stream).sendShut.set(time, this.#state.sendWindowOf(stream) <= 0 ? 1 : 0, row)
  }

  #settings(time: number, row: number): void {
    if (Number.isNaN(this.readyAt)) this.readyAt = time
    for (const [id, { sendShut }] of this.streams) {
      sendShut.set(time, this.#state.sendWindowOf(id) <= 0 ? 1 : 0, row)
    }
  }
}

/** The timelines of all connections of a recording. */
export function timelinesOf(
  head: Head,
  columns: Columns,
  offsets: Uint32Array,
): Map<number, ConnectionTimeline> {
  const timelines = new Map<number, ConnectionTimeline>()
  const trips = roundTripsOf(columns, offsets)
  const of = (connection: number): ConnectionTimeline => {
    let timeline = timelines.get(connection)
    if (timeline === undefined) {
      timeline = new ConnectionTimeline(head.bases[connection], smallest(trips.get(connection)))
      timelines.set(connection, timeline)
    }
    return timeline
  }
  for (let row = 0; row < columns.length; row++) {
    const [kind, time] = [columns.kind[row]!, columns.time[row]!]
    if (isFrame(kind)) of(columns.connection[row]!).frame(frameRow(columns, row, offsets[row]!), time, row)
    else if (columns.connection[row] !== 0) told(of(columns.connection[row]!), columns, row)
  }
  return timelines
}

function told(timeline: ConnectionTimeline, columns: Columns, row: number): void {
  const time = columns.time[row]!
  switch (columns.kind[row]) {
    case Kind.DIAL:
      timeline.dialAt = time
      break
    case Kind.DIALLED:
      timeline.stoodAt = time
      break
    case Kind.REST:
      timeline.rest(columns.subject[row]!, columns.value[row]!, time, row)
      break
    case Kind.BLOCKED:
      timeline.blocked.set(time, 1, row)
      break
    case Kind.WRITABLE:
      timeline.blocked.set(time, 0, row)
      break
    case Kind.LAG:
      timeline.lag.set(Math.max(timeline.lag.times.at(-1) ?? 0, time - columns.value[row]! / 1000), 1, row)
      timeline.lag.set(time, 0, row)
      break
  }
}
