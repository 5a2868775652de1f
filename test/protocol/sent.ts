/**
 * What the engine sent, one line of text per frame, so that an expectation
 * reads like a trace. The numbers are those of RFC 9113 §7, written here anew.
 */
import {
  ACK,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  GOAWAY,
  HEADERS,
  PING,
  RST_STREAM,
  SETTINGS,
  uint32At,
  WINDOW_UPDATE,
  type WireFrame,
} from '../support/wire.ts'

export const PROTOCOL_ERROR = 0x1
export const FLOW_CONTROL_ERROR = 0x3
export const FRAME_SIZE_ERROR = 0x6
export const REFUSED_STREAM = 0x7
export const CANCEL = 0x8
export const COMPRESSION_ERROR = 0x9
export const ENHANCE_YOUR_CALM = 0xb

const CODES = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
]

/** The name of an error code. */
export function codeName(code: number): string {
  return CODES[code] ?? String(code)
}

/** One line per frame, as in `DATA 1 5 end`, `RST_STREAM 1 CANCEL`, `WINDOW_UPDATE 0 +100`. */
export function lines(frames: readonly WireFrame[]): string[] {
  return frames.map(line)
}

function line({ type, flags, streamId, payload }: WireFrame): string {
  const end = flags & END_STREAM ? ' end' : ''
  switch (type) {
    case DATA:
      return `DATA ${streamId} ${payload.length}${end}`
    case HEADERS:
      return `HEADERS ${streamId}${end}${flags & END_HEADERS ? '' : ' …'}`
    case CONTINUATION:
      return `CONTINUATION ${streamId}${flags & END_HEADERS ? '' : ' …'}`
    case RST_STREAM:
      return `RST_STREAM ${streamId} ${codeName(uint32At(payload))}`
    case SETTINGS:
      return flags & ACK ? 'SETTINGS ack' : 'SETTINGS'
    case PING:
      return flags & ACK ? 'PING ack' : 'PING'
    case GOAWAY:
      return `GOAWAY ${uint32At(payload)} ${codeName(uint32At(payload, 4))}`
    case WINDOW_UPDATE:
      return `WINDOW_UPDATE ${streamId} +${uint32At(payload)}`
    case 0x10:
      return `PRIORITY_UPDATE ${uint32At(payload)} ${String.fromCharCode(...payload.subarray(4))}`
    default:
      return `frame ${type} ${streamId}`
  }
}

/** The octets of all DATA on one stream. */
export function contentOf(frames: readonly WireFrame[], streamId: number): string {
  let text = ''
  for (const frame of frames) {
    if (frame.type !== DATA || frame.streamId !== streamId) continue
    for (const octet of frame.payload) text += String.fromCharCode(octet)
  }
  return text
}
