/** `hyper-h2/frame`: frames of HTTP/2 (RFC 9113 §4, §6, §11) read, written and described. Needs no runtime. */
export { OutputBuffer } from '../bytes.ts'
export { describe } from './describe.ts'
export { FrameTrace, type FrameTraceOptions } from './frame-trace.ts'
export { FrameParser, type FrameParserOptions, type FrameSink } from './parser.ts'
export {
  CONNECTION_PREFACE,
  ErrorCode,
  errorName,
  Flag,
  FRAME_HEADER_SIZE,
  FrameType,
  frameName,
  MAX_MAX_FRAME_SIZE,
  MIN_MAX_FRAME_SIZE,
  Setting,
  settingName,
} from './registry.ts'
export {
  beginHeaders,
  finishHeaders,
  writeData,
  writeFrame,
  writeGoaway,
  writeHeaders,
  writePing,
  writePriorityUpdate,
  writePushPromise,
  writeRstStream,
  writeSettings,
  writeSettingsAck,
  writeWindowUpdate,
} from './serializer.ts'
