/**
 * `hyper-h2/protocol`: the HTTP/2 engine of a client without I/O (RFC 9113).
 * Bytes in, calls out; bytes out by pull; time as a number.
 */
export { Connection } from './connection.ts'
export type { ConnectionOptions } from './connection-options.ts'
export { decimal } from './field-rules.ts'
export { checkRequest } from './fields-sent.ts'
export type { KeepAlive } from './keepalive.ts'
export type { Limits, LocalSettings } from './limits.ts'
export type {
  ConnectionSink,
  Failure,
  FailureKind,
  FieldList,
  PromisedHead,
  PushedStream,
  RequestHead,
  RequestStream,
  SettingsEntries,
  StreamSink,
} from './sinks.ts'
export { UnreadBudget } from './unread-budget.ts'
export {
  AdaptiveWindowManager,
  EagerWindowManager,
  FixedWindowManager,
  type PathFacts,
  WindowManager,
  type WindowManagerFactory,
  type WindowManagerOption,
} from './window-managers.ts'
