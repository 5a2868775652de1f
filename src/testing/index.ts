/**
 * `hyper-h2/testing`: what a test of HTTP/2 needs and a server does not give: a
 * scripted peer, an origin in memory, and time that stands still.
 */
export type { Delivery } from './delivery.ts'
export {
  continuation,
  type DataSpec,
  data,
  errorCodeOf,
  type FrameSpec,
  frame,
  frameBytes,
  goaway,
  ping,
  priority,
  rstStream,
  type SettingsInput,
  settings,
  settingsAck,
  windowUpdate,
} from './frame-spec.ts'
export {
  fieldBlock,
  type HeadersSpec,
  headers,
  hpackInteger,
  hpackString,
  pushPromise,
} from './headers-spec.ts'
export { MemoryOrigin, type MemoryOriginOptions } from './memory-origin.ts'
export type { OriginHandler } from './origin-connection.ts'
export type { FieldsInput, OriginRequest, OriginResponse } from './origin-request.ts'
export type { PeerBehaviour, PeerConnection, PeerRequest, Sendable } from './peer-connection.ts'
export { fieldOf, type ReceivedFrame } from './received-frame.ts'
export { ScriptedPeer, type ScriptedPeerOptions } from './scripted-peer.ts'
export { VirtualClock } from './virtual-clock.ts'
