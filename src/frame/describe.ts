/**
 * One line of text for one frame, for logs and for people. One rule: never
 * show what a field block, an extension or DATA holds, for it may be secret.
 * Invalid and truncated frames are described as far as they go (RFC 9113 §4.1).
 */
import { printable, readUint16, readUint24, readUint31, readUint32 } from '../bytes.ts'
import { errorName, Flag, FRAME_HEADER_SIZE, FrameType, frameName, settingName } from './registry.ts'

const { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY } = FrameType
const { WINDOW_UPDATE, CONTINUATION, PRIORITY_UPDATE } = FrameType
const { END_STREAM, ACK, END_HEADERS, PADDED } = Flag

/** How much of the debug data of GOAWAY is shown, in octets. */
const MAX_DEBUG_TEXT = 64

/** Payload octets from which any frame is described as if it were whole; SETTINGS up to 12 entries. */
export const DESCRIBED_PAYLOAD = 8 + MAX_DEBUG_TEXT + 1

/**
 * One line that describes the frame at the beginning of `frame`: its header,
 * and as much of the payload as is there. Throws for no input.
 *
 * @example describe(bytes) // 'RST_STREAM stream=3 len=4 CANCEL'
 */
export function describe(frame: Uint8Array): string {
  if (frame.length < FRAME_HEADER_SIZE) return `truncated frame header, ${frame.length} of 9 octets`
  const length = readUint24(frame, 0)
  const type = frame[3]!
  const flags = frame[4]!
  const end = Math.min(frame.length, FRAME_HEADER_SIZE + length)
  const line = `${frameName(type)} stream=${readUint31(frame, 5)} len=${length}${flagNames(type, flags)}`
  return line + describePayload(frame, type, flags, length, end)
}

/** The flags by name, those that the type does not define as one number. */
function flagNames(type: number, flags: number): string {
  let text = ''
  const defined = definedFlags(type)
  if ((flags & defined & END_STREAM) !== 0)
    text += type === SETTINGS || type === PING ? ' ACK' : ' END_STREAM'
  if ((flags & defined & END_HEADERS) !== 0) text += ' END_HEADERS'
  if ((flags & defined & PADDED) !== 0) text += ' PADDED'
  if ((flags & defined & Flag.PRIORITY) !== 0) text += ' PRIORITY'
  const rest = flags & ~defined
  return rest === 0 ? text : `${text} flags=0x${rest.toString(16)}`
}

/** The flags that RFC 9113 §6 defines for a type. */
function definedFlags(type: number): number {
  switch (type) {
    case DATA:
      return END_STREAM | PADDED
    case HEADERS:
      return END_STREAM | END_HEADERS | PADDED | Flag.PRIORITY
    case SETTINGS:
    case PING:
      return ACK
    case PUSH_PROMISE:
      return END_HEADERS | PADDED
    case CONTINUATION:
      return END_HEADERS
    default:
      return 0
  }
}

/** What the payload `frame[9, end)` of a frame that claims `length` octets says, with a space before. */
function describePayload(
  frame: Uint8Array,
  type: number,
  flags: number,
  length: number,
  end: number,
): string {
  if (type === SETTINGS) return describeSettings(frame, length, end)
  let at = FRAME_HEADER_SIZE
  if (type === PUSH_PROMISE && (flags & PADDED) !== 0) at++
  const needed = mandatoryOctets(type)
  const mandatoryEnd = at + needed
  if (length < mandatoryEnd - FRAME_HEADER_SIZE || (isFixedLength(type) && length !== needed)) {
    return ' (invalid length)'
  }
  if (end < mandatoryEnd) return ' (truncated)'
  switch (type) {
    case RST_STREAM:
      return ` ${errorName(readUint32(frame, at))}`
    case PUSH_PROMISE:
      return ` promised=${readUint31(frame, at)}`
    case PING:
      return ` ${hex(frame, at, at + 8)}`
    case GOAWAY:
      return describeGoaway(frame, at, length, end)
    case WINDOW_UPDATE:
      return ` +${readUint31(frame, at)}`
    case PRIORITY_UPDATE:
      return ` prioritized=${readUint31(frame, at)}`
    default:
      return ''
  }
}

/** Octets of a payload that are shown, or that must be there. */
function mandatoryOctets(type: number): number {
  switch (type) {
    case RST_STREAM:
    case PUSH_PROMISE:
    case WINDOW_UPDATE:
    case PRIORITY_UPDATE:
      return 4
    case PRIORITY:
      return 5
    case PING:
    case GOAWAY:
      return 8
    default:
      return 0
  }
}

function isFixedLength(type: number): boolean {
  return type === PRIORITY || type === RST_STREAM || type === PING || type === WINDOW_UPDATE
}

function describeSettings(frame: Uint8Array, length: number, end: number): string {
  let text = ''
  for (let at = FRAME_HEADER_SIZE; at + 6 <= end; at += 6) {
    text += ` ${settingName(readUint16(frame, at))}=${readUint32(frame, at + 2)}`
  }
  if (length % 6 !== 0) return `${text} (invalid length)`
  return end < FRAME_HEADER_SIZE + length ? `${text} (truncated)` : text
}

function describeGoaway(frame: Uint8Array, at: number, length: number, end: number): string {
  const text = ` last=${readUint31(frame, at)} ${errorName(readUint32(frame, at + 4))}`
  if (length === 8) return text
  const shown = `${text} "${printable(frame, at + 8, end, MAX_DEBUG_TEXT)}"`
  return end < FRAME_HEADER_SIZE + length && end < at + DESCRIBED_PAYLOAD ? `${shown} (truncated)` : shown
}

function hex(buf: Uint8Array, start: number, end: number): string {
  let text = ''
  for (let i = start; i < end; i++) text += buf[i]!.toString(16).padStart(2, '0')
  return text
}
