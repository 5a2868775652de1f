/**
 * What the page draws, put together once from a recording: frames with their
 * fields, windows over time, a lane for each request, lost time by cause. Plain
 * data; nothing of it changes.
 */
import {
  CAUSES,
  type Cause,
  type CodedField,
  type ConnectionState,
  type RecordedConnection,
  type RecordedFrame,
  type Recording,
  type RequestStalls,
  type Stall,
} from '../trace/index.ts'

/** A number over time: `values[i]` from `times[i]` on. */
export interface Curve {
  readonly times: number[]
  readonly values: number[]
}

export interface Moment {
  readonly time: number
  readonly row: number
  readonly name: string
}

/** One connection, over time. */
export interface ConnectionLane {
  readonly connection: RecordedConnection
  readonly sendWindow: Curve
  readonly recvWindow: Curve
  readonly open: Curve
  /** What the peer takes at a time; Infinity for no limit. */
  readonly limit: Curve
  readonly roundTrips: Curve
  /** SETTINGS, PING, GOAWAY. */
  readonly marks: Moment[]
}

/** One request, over time. */
export interface Lane {
  readonly stalls: RequestStalls
  /** Moments at which content of it came, and left. */
  readonly arrivals: number[]
  readonly departures: number[]
  /** The window of the stream: the peer's, or ours if we send more. */
  readonly window: Curve
  readonly marks: Moment[]
  readonly verdict: string
}

export interface LostTime {
  readonly cause: Cause
  readonly ms: number
  readonly requests: number
  /** The longest of its kind, and whose it is. */
  readonly longest: Stall
  readonly lane: number
}

export interface Model {
  readonly recording: Recording
  readonly duration: number
  readonly frames: readonly RecordedFrame[]
  /** The place of a row among the frames. */
  readonly placeOf: ReadonlyMap<number, number>
  readonly fields: ReadonlyMap<number, readonly CodedField[]>
  readonly connections: readonly ConnectionLane[]
  readonly lanes: readonly Lane[]
  readonly lost: readonly LostTime[]
}

const DATA = 0
const RST_STREAM = 3
const PUSH_PROMISE = 5
const SETTINGS = 4
const PING = 6
const GOAWAY = 7
const ROUND_TRIP = 37

export function modelOf(recording: Recording): Model {
  const connections = new Map(recording.connections().map((one) => [one.id, emptyLane(one)]))
  const streams = new Map<string, StreamNotes>()
  const frames: RecordedFrame[] = []
  const fields = new Map<number, readonly CodedField[]>()
  recording.replay((frame, state, completed) => {
    frames.push(frame)
    if (completed.length > 0) fields.set(frame.row, completed)
    const lane = connections.get(frame.connection)
    if (lane !== undefined) noteConnection(lane, frame, state)
    if (frame.stream > 0) noteStream(streams, frame, state, completed)
  })
  for (const event of recording.events()) {
    if (event.kind !== ROUND_TRIP) continue
    const trips = connections.get(event.connection)?.roundTrips
    if (trips !== undefined) step(trips, event.time, event.value / 1000)
  }
  const lanes = recording.stalls().map((stalls) => laneOf(stalls, streams))
  return {
    recording,
    duration: Math.max(recording.duration, 0.001),
    frames,
    placeOf: new Map(frames.map(({ row }, place) => [row, place])),
    fields,
    connections: [...connections.values()],
    lanes,
    lost: lostOf(lanes),
  }
}

function emptyLane(connection: RecordedConnection): ConnectionLane {
  const curve = (): Curve => ({ times: [], values: [] })
  return {
    connection,
    sendWindow: curve(),
    recvWindow: curve(),
    open: curve(),
    limit: curve(),
    roundTrips: curve(),
    marks: [],
  }
}

interface StreamNotes {
  readonly arrivals: number[]
  readonly departures: number[]
  readonly recv: Curve
  readonly send: Curve
  readonly marks: Moment[]
}

function noteConnection(lane: ConnectionLane, frame: RecordedFrame, state: ConnectionState): void {
  const { time, type, row, name } = frame
  step(lane.sendWindow, time, state.sendWindow)
  step(lane.recvWindow, time, state.recvWindow)
  step(lane.open, time, state.openStreams)
  step(lane.limit, time, state.maxConcurrentStreams)
  if (type === SETTINGS || type === PING || type === GOAWAY) lane.marks.push({ time, row, name })
}

function noteStream(
  streams: Map<string, StreamNotes>,
  frame: RecordedFrame,
  state: ConnectionState,
  fields: readonly CodedField[],
): void {
  const { connection, stream, time, type, direction, row, name } = frame
  const key = `${connection}/${stream}`
  let notes = streams.get(key)
  if (notes === undefined) {
    const curve = (): Curve => ({ times: [], values: [] })
    notes = { arrivals: [], departures: [], recv: curve(), send: curve(), marks: [] }
    streams.set(key, notes)
  }
  if (type === DATA) (direction === 'sent' ? notes.departures : notes.arrivals).push(time)
  step(notes.recv, time, state.recvWindowOf(stream))
  step(notes.send, time, state.sendWindowOf(stream))
  if (type === RST_STREAM) notes.marks.push({ time, row, name: '✗' })
  if (type === PUSH_PROMISE) notes.marks.push({ time, row, name: '⇣' })
  const status = fields.find((field) => field.name === ':status')?.value ?? ''
  if (direction === 'received' && status !== '') {
    notes.marks.push({ time, row, name: status.startsWith('1') ? '◦' : '▸' })
  }
  void name
}

/** One more step of a curve; of several at a moment the last. */
function step({ times, values }: Curve, time: number, value: number): void {
  if (values.at(-1) === value) return
  if (times.at(-1) === time) values[values.length - 1] = value
  else {
    times.push(time)
    values.push(value)
  }
}

function laneOf(stalls: RequestStalls, streams: ReadonlyMap<string, StreamNotes>): Lane {
  const { request, parts, total } = stalls
  const notes = streams.get(`${request.connection}/${request.stream}`)
  const uploads = request.octetsSent > request.octetsReceived
  const [worst] = parts.filter(({ cause }) => cause !== 'transfer')
  const outcome = request.failure === undefined ? (request.status === 0 ? '' : String(request.status)) : '✗'
  const why = worst === undefined ? '' : ` · ${worst.cause} ${short(worst.ms)}`
  return {
    stalls,
    arrivals: notes?.arrivals ?? [],
    departures: notes?.departures ?? [],
    window: (uploads ? notes?.send : notes?.recv) ?? { times: [], values: [] },
    marks: notes?.marks ?? [],
    verdict: `${outcome} ${short(total)}${why}`.trim(),
  }
}

function short(value: number): string {
  return value >= 100 ? `${Math.round(value)} ms` : `${Number(value.toPrecision(2))} ms`
}

/** Lost time by cause, the most first; moving content is not lost. */
function lostOf(lanes: readonly Lane[]): LostTime[] {
  const lost: LostTime[] = []
  for (const cause of CAUSES) {
    if (cause === 'transfer') continue
    const found = lanes.flatMap(({ stalls }, lane) =>
      stalls.stalls.filter((stall) => stall.cause === cause).map((stall) => ({ stall, lane })),
    )
    if (found.length === 0) continue
    const longest = found.reduce((a, b) => (spanOf(b.stall) > spanOf(a.stall) ? b : a))
    lost.push({
      cause,
      ms: found.reduce((sum, { stall }) => sum + spanOf(stall), 0),
      requests: new Set(found.map(({ lane }) => lane)).size,
      longest: longest.stall,
      lane: longest.lane,
    })
  }
  return lost.sort((a, b) => b.ms - a.ms)
}

function spanOf({ from, to }: Stall): number {
  return to - from
}
