/**
 * Trace events as Chrome writes them, which Perfetto and speedscope open: a
 * process for each connection, a thread for each stream, a slice for each stall,
 * counters for windows. Times are microseconds.
 */
import { FrameType } from '../frame/registry.ts'
import { saidOf } from './cause.ts'
import { ConnectionState } from './connection-state.ts'
import type { RecordedStory } from './recorded-story.ts'

export interface TraceEvent {
  readonly name: string
  /** `X` a slice, `C` a counter, `i` a moment, `M` a name. */
  readonly ph: 'X' | 'C' | 'i' | 'M'
  readonly ts: number
  readonly dur?: number
  readonly pid: number
  readonly tid: number
  readonly cat?: string
  readonly s?: 't'
  readonly args?: Readonly<Record<string, unknown>>
}

export interface ChromeTrace {
  readonly displayTimeUnit: 'ms'
  readonly traceEvents: readonly TraceEvent[]
}

export function chromeTraceOf(story: RecordedStory): ChromeTrace {
  const traceEvents = [...names(story), ...slices(story), ...counters(story)]
  return { displayTimeUnit: 'ms', traceEvents }
}

function* names(story: RecordedStory): Generator<TraceEvent> {
  for (const { id, origin } of story.connections()) {
    const args = { name: `${origin} (connection ${id})` }
    yield { name: 'process_name', ph: 'M', ts: 0, pid: id, tid: 0, args }
  }
  for (const { connection, stream, method, url } of story.requests()) {
    const args = { name: `${stream}: ${method} ${url}` }
    yield { name: 'thread_name', ph: 'M', ts: 0, pid: connection, tid: stream, args }
  }
}

function* slices(story: RecordedStory): Generator<TraceEvent> {
  for (const { request, total, stalls } of story.stalls()) {
    const place = { pid: request.connection, tid: request.stream, cat: 'http2' }
    const name = `${request.method} ${request.url}`
    const args = { status: request.status, failure: request.failure }
    yield { name, ph: 'X', ts: micros(request.calledAt), dur: micros(total), ...place, args }
    for (const stall of stalls) {
      const { from, to, cause, rows } = stall
      const details = { why: saidOf(stall), rows }
      yield { name: cause, ph: 'X', ts: micros(from), dur: micros(to - from), ...place, args: details }
    }
  }
}

function* counters(story: RecordedStory): Generator<TraceEvent> {
  const states = new Map<number, ConnectionState>()
  for (const frame of story.frames()) {
    const { connection, direction, type, flags, stream, length, payload, time, text } = frame
    let state = states.get(connection)
    if (state === undefined) {
      state = new ConnectionState(story.head.bases[connection])
      states.set(connection, state)
    }
    const sent = direction === 'sent'
    const open = state.openStreams
    state.apply({ sent, type, flags, stream, length, buf: payload, start: 0, end: payload.length })
    const at = { ts: micros(time), pid: connection, tid: 0 } as const
    if (type === FrameType.DATA || type === FrameType.WINDOW_UPDATE) {
      const args = { 'we may send': state.sendWindow, 'the peer may send': state.recvWindow }
      yield { name: 'windows', ph: 'C', ...at, args }
    } else {
      yield { name: `${direction} ${text}`, ph: 'i', s: 't', ...at, tid: stream }
    }
    if (state.openStreams !== open) {
      yield { name: 'streams', ph: 'C', ...at, args: { open: state.openStreams } }
    }
  }
}

function micros(ms: number): number {
  return Math.round(ms * 1000)
}
