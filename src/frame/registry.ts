/**
 * The numbers of HTTP/2 and their names (RFC 9113 §6, §7, §11; RFC 7838 §4;
 * RFC 8336 §2; RFC 8441 §3; RFC 9218 §2.1, §7.1). Data only: no rule lives here.
 */

/** Frame types (RFC 9113 §6), and of ALTSVC, ORIGIN and PRIORITY_UPDATE. */
export const FrameType = {
  DATA: 0x0,
  HEADERS: 0x1,
  PRIORITY: 0x2,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
  ALTSVC: 0xa,
  ORIGIN: 0xc,
  PRIORITY_UPDATE: 0x10,
} as const

/** Flags of the frame header. What a bit means depends on the frame's type (RFC 9113 §6). */
export const Flag = {
  END_STREAM: 0x1,
  ACK: 0x1,
  END_HEADERS: 0x4,
  PADDED: 0x8,
  PRIORITY: 0x20,
} as const

/** Error codes of RST_STREAM and GOAWAY (RFC 9113 §7). */
export const ErrorCode = {
  NO_ERROR: 0x0,
  PROTOCOL_ERROR: 0x1,
  INTERNAL_ERROR: 0x2,
  FLOW_CONTROL_ERROR: 0x3,
  SETTINGS_TIMEOUT: 0x4,
  STREAM_CLOSED: 0x5,
  FRAME_SIZE_ERROR: 0x6,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  COMPRESSION_ERROR: 0x9,
  CONNECT_ERROR: 0xa,
  ENHANCE_YOUR_CALM: 0xb,
  INADEQUATE_SECURITY: 0xc,
  HTTP_1_1_REQUIRED: 0xd,
} as const

/** Identifiers of settings (RFC 9113 §6.5.2, RFC 8441 §3, RFC 9218 §2.1). */
export const Setting = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
  ENABLE_CONNECT_PROTOCOL: 0x8,
  NO_RFC7540_PRIORITIES: 0x9,
} as const

/** Octets of a frame header (RFC 9113 §4.1). */
export const FRAME_HEADER_SIZE = 9

/** Initial and smallest value of SETTINGS_MAX_FRAME_SIZE (RFC 9113 §6.5.2). */
export const MIN_MAX_FRAME_SIZE = 16_384

/** Largest value of SETTINGS_MAX_FRAME_SIZE (RFC 9113 §6.5.2). */
export const MAX_MAX_FRAME_SIZE = 16_777_215

/** The 24 octets that a client sends first (RFC 9113 §3.4). Not to be written to. */
export const CONNECTION_PREFACE: Uint8Array = /* @__PURE__ */ Uint8Array.from(
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  (character) => character.charCodeAt(0),
)

/**
 * The name of an error code, or `UNKNOWN(0x…)` for one that RFC 9113 §7 does not list.
 *
 * @example errorName(7) // 'REFUSED_STREAM'
 */
export function errorName(code: number): string {
  return nameOf(ErrorCode, code)
}

/**
 * The name of a frame type, or `UNKNOWN(0x…)` for one that this package does not know.
 *
 * @example frameName(0x10) // 'PRIORITY_UPDATE'
 */
export function frameName(type: number): string {
  return nameOf(FrameType, type)
}

/**
 * The name of a setting without its `SETTINGS_`, or `UNKNOWN(0x…)` for one that this package does not know.
 *
 * @example settingName(4) // 'INITIAL_WINDOW_SIZE'
 */
export function settingName(id: number): string {
  return nameOf(Setting, id)
}

function nameOf(registry: Readonly<Record<string, number>>, value: number): string {
  for (const name in registry) if (registry[name] === value) return name
  return `UNKNOWN(0x${value.toString(16)})`
}
