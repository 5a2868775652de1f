/**
 * Where the time of a request went: every millisecond from its call to its end,
 * each with one cause. Its one rule: intervals follow one another without a gap,
 * so the parts are the whole.
 */

import { FrameType } from '../frame/registry.ts'
import { CAUSES, type Cause, type Stall } from './cause.ts'
import type { Columns } from './columns.ts'
import type { ConnectionTimeline } from './connection-timeline.ts'
import { Kind, Mark } from './event-kind.ts'
import { receiving } from './receiving.ts'
import type { RecordedRequest } from './recorded-request.ts'
import { sending, waiting } from './sending.ts'
import type { Attempt } from './stall-attempt.ts'
import { Steps } from './steps.ts'

export interface RequestStalls {
  readonly request: RecordedRequest
  /** Milliseconds from call to end; of one that goes on, to the recording's end. */
  readonly total: number
  /** Milliseconds of each cause that there was, the most first. */
  readonly parts: readonly { readonly cause: Cause; readonly ms: number }[]
  /** What followed what. */
  readonly stalls: readonly Stall[]
}

/** The stalls of each request. */
export function stallsOf(
  requests: readonly RecordedRequest[],
  columns: Columns,
  offsets: Uint32Array,
  timelines: ReadonlyMap<number, ConnectionTimeline>,
): RequestStalls[] {
  const end = columns.length === 0 ? 0 : columns.time[columns.length - 1]!
  const attempts = requests.map((request) => attemptsOf(request, columns, offsets, timelines, end))
  return requests.map((request, i) => {
    const stalls: Stall[] = []
    for (const attempt of attempts[i]!) for (const stall of partsOf(attempt)) add(stalls, stall)
    const last = stalls.at(-1)
    return { request, total: last === undefined ? 0 : last.to - stalls[0]!.from, parts: sums(stalls), stalls }
  })
}

function* partsOf(attempt: Attempt): Generator<Stall> {
  yield* waiting(attempt)
  yield* sending(attempt)
  yield* receiving(attempt)
}

/** Puts an interval behind the others; one of the same cause is made longer. */
function add(stalls: Stall[], stall: Stall): void {
  if (stall.to <= stall.from) return
  const last = stalls.at(-1)
  if (last === undefined || last.cause !== stall.cause || last.of !== stall.of) {
    stalls.push(stall)
    return
  }
  const streams = [...new Set([...last.streams, ...stall.streams])].slice(0, 8)
  const rows = [...new Set([...last.rows.slice(0, 1), ...stall.rows])].slice(-4)
  stalls[stalls.length - 1] = { ...last, to: stall.to, streams, rows }
}

function sums(stalls: readonly Stall[]): RequestStalls['parts'] {
  const parts = CAUSES.map((cause) => {
    const of = stalls.filter((stall) => stall.cause === cause)
    return { cause, ms: of.reduce((sum, { from, to }) => sum + to - from, 0) }
  })
  return parts.filter(({ ms }) => ms > 0).sort((a, b) => b.ms - a.ms)
}

/** A request that was sent again was on several streams, one after the other. */
function attemptsOf(
  request: RecordedRequest,
  columns: Columns,
  offsets: Uint32Array,
  timelines: ReadonlyMap<number, ConnectionTimeline>,
  end: number,
): Attempt[] {
  const until = Number.isNaN(request.settledAt) ? end : request.settledAt
  const again = request.rows.filter((row) => columns.kind[row] === Kind.RESENT)
  const cuts = [...again.map((row) => columns.time[row]!), until]
  const attempts: Attempt[] = []
  let from = request.calledAt
  let first = 0
  for (const [i, cut] of cuts.entries()) {
    const stop = again[i] ?? Number.POSITIVE_INFINITY
    const rows = request.rows.filter((row) => row >= first && row <= stop)
    const to = Math.max(from, cut)
    attempts.push(attemptOf(request, rows, columns, offsets, timelines, from, to))
    from = to
    first = stop + 1
  }
  return attempts
}

function attemptOf(
  request: RecordedRequest,
  rows: readonly number[],
  columns: Columns,
  offsets: Uint32Array,
  timelines: ReadonlyMap<number, ConnectionTimeline>,
  from: number,
  to: number,
): Attempt {
  const told = new Told(columns, offsets)
  for (const row of rows) told.row(row)
  const own = told.stream !== 0 || request.connection === 0
  const { connection, stream } = own ? told : request
  const timeline = timelines.get(connection)
  if (told.reads) timeline?.unread.set(stream, told.unread)
  return {
    request,
    from,
    to,
    connection: timeline,
    streamId: stream,
    stream: timeline?.streams.get(stream),
    rows,
    columns,
    frames: rows
      .filter((row) => columns.kind[row]! <= Kind.REST)
      .map((row) => ({ row, time: columns.time[row]! })),
    offered: told.offers ? told.offered : undefined,
    unread: told.reads ? told.unread : undefined,
  }
}

/** What the client told of one attempt. */
class Told {
  readonly offered = new Steps()
  readonly unread = new Steps()
  connection = 0
  stream = 0
  offers = false
  reads = false
  #given = 0
  #held = 0
  readonly #columns: Columns
  readonly #offsets: Uint32Array

  constructor(columns: Columns, offsets: Uint32Array) {
    this.#columns = columns
    this.#offsets = offsets
  }

  row(row: number): void {
    const columns = this.#columns
    const [time, value] = [columns.time[row]!, columns.value[row]!]
    switch (columns.kind[row]) {
      case Kind.CALLED:
        this.reads = true
        break
      case Kind.STARTED:
        this.reads = true
        this.connection = columns.connection[row]!
        this.stream = value
        break
      case Kind.CARRIED:
        this.connection = columns.connection[row]!
        break
      case Kind.OPENED:
        this.connection = columns.connection[row]!
        this.stream = value
        break
      case Kind.OFFERED:
      case Kind.OFFER_ENDED:
        this.offers = true
        this.#given += columns.kind[row] === Kind.OFFERED ? value : Number.POSITIVE_INFINITY
        this.offered.set(time, this.#given, row)
        break
      case Kind.SETTLED:
        // What comes with the end, or is left by it, holds no window.
        this.#held = 0
        this.unread.set(time, 0, row)
        break
      case Kind.READ:
        this.#held -= value
        this.unread.set(time, this.#held, row)
        break
      case Kind.RECEIVED:
      case Kind.REST:
        this.#received(row, time)
        break
    }
  }

  #received(row: number, time: number): void {
    const { kind, type, value, mark } = this.#columns
    const begins = kind[row] === Kind.RECEIVED && type[row] === FrameType.DATA
    if (begins) this.#held += value[row]! - this.#padding(row)
    if ((mark[row]! & Mark.READ) !== 0) this.#held -= value[row]!
    if ((mark[row]! & Mark.SETTLED) !== 0) this.#held = 0
    this.unread.set(time, this.#held, row)
  }

  /** Octets of a DATA frame that nobody reads (RFC 9113 §6.1). */
  #padding(row: number): number {
    return this.#columns.kept[row] === 0 ? 0 : this.#columns.heap[this.#offsets[row]!]! + 1
  }
}
