/**
 * The time of a request until its response begins: waiting for a stream, giving
 * its content, and waiting for the server. The order of the checks is the order
 * of what has to be there first.
 */
import type { Stall } from './cause.ts'
import type { ConnectionTimeline, Content } from './connection-timeline.ts'
import { Kind } from './event-kind.ts'
import { type Attempt, firstAfter, judged, type Verdict, within } from './stall-attempt.ts'

/** Frames that follow one another within this many milliseconds do not wait. */
const AT_ONCE = 2
/** Streams that are named, at most. */
const NAMED = 4
/** Frames that are looked at for names, at most. */
const LOOKED_AT = 64
/** Less than a recording can tell apart, in milliseconds. */
const TICK = 0.0001

/** When HEADERS left, and END_STREAM behind them. */
function sentAt({ rows, columns, streamId, from, to }: Attempt): { head: number; end: number } {
  let head = Number.NaN
  let end = Number.NaN
  for (const row of rows) {
    const type = columns.type[row]!
    if (columns.kind[row] !== Kind.SENT || columns.subject[row] !== streamId || type > 1) continue
    if (Number.isNaN(head) && type === 1) head = columns.time[row]!
    if ((columns.flags[row]! & 1) !== 0) end = columns.time[row]!
  }
  const headAt = within(head, from, to)
  return { head: headAt, end: within(end, headAt, to) }
}

/** Until HEADERS left. */
export function* waiting(attempt: Attempt): Generator<Stall> {
  const { connection, from, request } = attempt
  if (request.pushed) return
  if (connection === undefined && !Number.isNaN(request.sentAt)) {
    yield* unframed(attempt)
    return
  }
  const { head } = sentAt(attempt)
  const stood = connection?.stoodAt ?? Number.NaN
  const ready = connection?.readyAt ?? Number.NaN
  const numbers = [connection?.full, connection?.blocked]
  yield* judged(from, head, numbers, [stood, ready], (at) => {
    if (connection === undefined || at < connection.stoodAt) return { cause: 'dial' }
    if (connection.full.at(at) === 1) return { cause: 'stream limit', rows: connection.full.proof(at) }
    if (connection.blocked.at(at) === 1)
      return { cause: 'socket blocked', rows: connection.blocked.proof(at) }
    return at < ready ? { cause: 'network' } : { cause: 'event loop' }
  })
}

/** Over HTTP/1.1, of which no frame tells. */
function* unframed({ request, from, to }: Attempt): Generator<Stall> {
  const { sentAt: sent, responseAt } = request
  yield* judged(from, to, [], [sent, responseAt], (at) => {
    if (at < sent) return { cause: 'dial' }
    return Number.isNaN(responseAt) || at < responseAt ? { cause: 'server' } : { cause: 'transfer' }
  })
}

/** From HEADERS until the response began: content, and then the server. */
export function* sending(attempt: Attempt): Generator<Stall> {
  const { connection, stream, from, to, request } = attempt
  if (connection === undefined || stream === undefined) {
    // Promised, and nothing came of it.
    if (request.pushed) yield* judged(from, to, [], [], () => ({ cause: 'server' }))
    return
  }
  const { head, end } = request.pushed ? { head: from, end: from } : sentAt(attempt)
  const response = within(request.responseAt, head, to)
  const uploaded = Math.min(end, response)
  const numbers = [attempt.offered, stream.sent, stream.sendShut, connection.sendShut, connection.blocked]
  yield* judged(head, uploaded, numbers, [], (at, until) => upload(attempt, connection, at, until))
  yield* thinking(attempt, connection, uploaded, response)
}

function upload(attempt: Attempt, connection: ConnectionTimeline, at: number, until: number): Verdict {
  const { stream, offered } = attempt
  const queued = offered === undefined ? Number.POSITIVE_INFINITY : offered.at(at) - stream!.sent.at(at)
  if (queued <= 0) return { cause: 'application not writing', rows: offered!.proof(at) }
  if (stream!.sendShut.at(at) === 1) {
    return { cause: 'peer window', of: 'stream', rows: stream!.sendShut.proof(at) }
  }
  if (connection.sendShut.at(at) === 1) {
    return { cause: 'peer window', of: 'connection', rows: connection.sendShut.proof(at) }
  }
  if (connection.blocked.at(at) === 1) return { cause: 'socket blocked', rows: connection.blocked.proof(at) }
  if (until - at <= AT_ONCE) return { cause: 'transfer', rows: stream!.sent.proof(at) }
  const others = octetsByStream(connection.departures, attempt.streamId, at, until)
  if (others.length > 0) return { cause: 'shared wire', streams: others }
  return { cause: offered === undefined ? 'application not writing' : 'event loop' }
}

/** All was said: a round trip is the network's, the rest the server's; but what our loop slept through is ours. */
function* thinking(
  attempt: Attempt,
  connection: ConnectionTimeline,
  from: number,
  to: number,
): Generator<Stall> {
  const trip = Math.min(to, from + connection.roundTrip)
  const lag = sleptUntil(connection, from, to)
  const rows = rowsAround(attempt, from, to)
  yield* judged(from, lag, [connection.blocked], [trip], (at) => {
    if (connection.blocked.at(at) === 1)
      return { cause: 'socket blocked', rows: connection.blocked.proof(at) }
    return at < trip ? { cause: 'network', rows } : { cause: 'server', rows }
  })
  yield* judged(lag, to, [], [], () => ({ cause: 'event loop', rows }))
}

/**
 * What the end of an interval waited for while our event loop was busy: where
 * that began; else the end. The loop may tell of it before what it kept waiting
 * is read, or behind.
 */
export function sleptUntil({ lag }: ConnectionTimeline, from: number, to: number): number {
  const step = lag.stepAt(to)
  if (step < 0) return to
  const begin = lag.values[step] === 1 ? step : step - 1
  const end = lag.times[begin + 1]
  const woke = end !== undefined && Math.abs(end - to) <= AT_ONCE
  return woke ? Math.max(from, lag.times[begin]!) : to
}

/** The request's frames in front of and behind an interval. */
export function rowsAround({ frames }: Attempt, from: number, to: number): number[] {
  const before = firstAfter(frames, from) - 1
  const after = Math.max(before + 1, firstAfter(frames, to - TICK))
  return [frames[before]?.row, frames[after]?.row].filter((row) => row !== undefined)
}

/** Streams that content between two moments is of, but for one; the most first. */
export function octetsByStream(
  content: readonly Content[],
  except: number,
  from: number,
  to: number,
): number[] {
  const octets = new Map<number, number>()
  const first = firstAfter(content, from - TICK)
  for (let i = first; i < content.length && i < first + LOOKED_AT && content[i]!.time <= to; i++) {
    const { stream, octets: more } = content[i]!
    if (stream !== except) octets.set(stream, (octets.get(stream) ?? 0) + more)
  }
  const most = [...octets].sort((a, b) => b[1] - a[1])
  return most.slice(0, NAMED).map(([id]) => id)
}
