/** What exports and the page ask of a recording. Types only. */
import type { ConnectionTimeline } from './connection-timeline.ts'
import type { RecordedConnection } from './connections.ts'
import type { RecordedFrame } from './recorded-frame.ts'
import type { RecordedRequest } from './recorded-request.ts'
import type { Head } from './recording-head.ts'
import type { RequestStalls } from './stalls.ts'

/** A row, as plain data. */
export interface RecordedEvent {
  readonly row: number
  /** Milliseconds since the recording's start. */
  readonly time: number
  /** See `Kind`. */
  readonly kind: number
  readonly connection: number
  readonly subject: number
  readonly value: number
  readonly octets: Uint8Array
}

export interface RecordedStory {
  readonly head: Head
  readonly duration: number
  connections(): RecordedConnection[]
  requests(): readonly RecordedRequest[]
  frames(): RecordedFrame[]
  stalls(): readonly RequestStalls[]
  timelines(): ReadonlyMap<number, ConnectionTimeline>
  events(): Iterable<RecordedEvent>
  write(): Uint8Array
}
