/**
 * `hyper-h2/trace`: what HTTP/2 conversations were. Recordings are read and
 * written, rebuilt, explained, exported and shown; no I/O, no clock.
 */
export { CAUSES, type Cause, type Stall, saidOf } from './cause.ts'
export type { ChromeTrace, TraceEvent } from './chrome-trace.ts'
export type {
  ConnectionFacts,
  ConnectionState,
  SettingsFacts,
  StreamFacts,
  TableFacts,
} from './connection-state.ts'
export type { ConnectionTimeline, Content, StreamTimeline } from './connection-timeline.ts'
export type { RecordedConnection } from './connections.ts'
export { type Difference, differencesOf, differenceTable, type Outcome } from './differences.ts'
export { Kind } from './event-kind.ts'
export type { CodedField, FieldForm } from './field-blocks.ts'
export type { Har, HarEntry } from './har.ts'
export type { RecordedFrame } from './recorded-frame.ts'
export type { RecordedFields, RecordedRequest } from './recorded-request.ts'
export type { RecordedEvent } from './recorded-story.ts'
export { Recording } from './recording.ts'
export { RecordingError } from './recording-file.ts'
export type { Head } from './recording-head.ts'
export type { FieldsShown } from './secrets.ts'
export type { RequestStalls } from './stalls.ts'
export { Tape, type TapeOptions } from './tape.ts'
