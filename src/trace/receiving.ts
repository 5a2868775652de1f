/**
 * The time of a request from its response's first frame to its end: what kept
 * its content from coming. A window that is shut comes first, for nothing can
 * come through it; then what else the wire did; silence is what is left.
 */
import type { Stall } from './cause.ts'
import type { ConnectionTimeline } from './connection-timeline.ts'
import { octetsByStream, rowsAround, sleptUntil } from './sending.ts'
import { type Attempt, judged, type Verdict, within } from './stall-attempt.ts'

/** Streams that are named, at most. */
const NAMED = 4

export function* receiving(attempt: Attempt): Generator<Stall> {
  const { connection, stream, request, from, to } = attempt
  if (connection === undefined || stream === undefined) return
  if (!(request.responseAt <= to)) return
  const start = within(request.responseAt, from, to)
  const end = within(request.responseEndAt, start, to)
  let at = start
  for (const arrival of [...stream.arrivals.filter((time) => time > start && time < end), end]) {
    yield* gap(attempt, connection, at, arrival)
    at = arrival
  }
  yield* ending(attempt, end, to)
}

/** Between two arrivals. */
function* gap(attempt: Attempt, connection: ConnectionTimeline, from: number, to: number): Generator<Stall> {
  const stream = attempt.stream!
  const short = to - from <= connection.pause
  const slept = sleptUntil(connection, from, to)
  const shut = [stream.recvShut, connection.recvShut]
  let starved: Verdict | undefined
  yield* judged(from, slept, [...shut, connection.busy], [], (at, until) => {
    const window = windowVerdict(attempt, connection, at)
    if (window !== undefined) {
      starved = window
      return window
    }
    // Credit that has come takes its content along a little later than the best round trip.
    if (starved !== undefined && until === to && until - at <= connection.roundTrip / 2 + 1) return starved
    if (short) return { cause: 'transfer', rows: rowsAround(attempt, from, to) }
    if (connection.busy.at(at) === 1) {
      const streams = octetsByStream(connection.arrivals, attempt.streamId, at, until)
      return { cause: 'shared wire', streams, rows: rowsAround(attempt, from, to) }
    }
    return { cause: 'silence', rows: rowsAround(attempt, from, to) }
  })
  yield* judged(slept, to, [], [], () => ({ cause: 'event loop', rows: rowsAround(attempt, from, to) }))
}

function windowVerdict(attempt: Attempt, connection: ConnectionTimeline, at: number): Verdict | undefined {
  const stream = attempt.stream!
  const of =
    stream.recvShut.at(at) === 1 ? 'stream' : connection.recvShut.at(at) === 1 ? 'connection' : undefined
  if (of === undefined) return undefined
  const rows = (of === 'stream' ? stream : connection).recvShut.proof(at)
  if (attempt.unread !== undefined && attempt.unread.at(at) > 0) {
    return { cause: 'application not reading', of, rows }
  }
  const streams = of === 'stream' ? [] : holders(connection, attempt.streamId, at)
  return { cause: 'our window', of, streams, rows }
}

/** Streams whose content lies unread, the most first. */
function holders({ unread }: ConnectionTimeline, except: number, at: number): number[] {
  const held = [...unread].map(([id, steps]) => ({ id, octets: steps.at(at) }))
  const holding = held.filter(({ id, octets }) => octets > 0 && id !== except)
  return holding
    .sort((a, b) => b.octets - a.octets)
    .slice(0, NAMED)
    .map(({ id }) => id)
}

/** The response is complete, the request is not. */
function* ending(attempt: Attempt, from: number, to: number): Generator<Stall> {
  const { requestEndAt } = attempt.request
  const uploading = Number.isNaN(requestEndAt) || requestEndAt > from
  const cause = uploading && attempt.offered !== undefined ? 'application not writing' : 'event loop'
  yield* judged(from, to, [], [], () => ({ cause }))
}
