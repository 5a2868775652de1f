/**
 * What can be judged from a frame header alone: length, stream identifier and
 * place in the sequence (RFC 9113 §3.4, §4.2, §6). One rule: a frame is judged
 * before any of its payload is kept. The rules know nothing of stream states.
 */
import { spokenBy } from '../first-octets.ts'
import { ErrorCode, Flag, FrameType, frameName } from './registry.ts'

const { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY } = FrameType
const { WINDOW_UPDATE, CONTINUATION, ALTSVC, ORIGIN, PRIORITY_UPDATE } = FrameType

/** A broken rule that ends the connection (RFC 9113 §5.4.1). */
export interface Fault {
  readonly errorCode: number
  /** One clause with its RFC section. */
  readonly reason: string
}

export function protocolError(reason: string): Fault {
  return { errorCode: ErrorCode.PROTOCOL_ERROR, reason }
}

export function frameSizeError(reason: string): Fault {
  return { errorCode: ErrorCode.FRAME_SIZE_ERROR, reason }
}

/** True for a type whose payload has a meaning here; all others are ignored (RFC 9113 §5.5). */
export function isKnownType(type: number): boolean {
  return type <= CONTINUATION || type === ALTSVC || type === ORIGIN || type === PRIORITY_UPDATE
}

/**
 * Judges the first `count` octets of a connection, 9 at most: undefined as long
 * as a SETTINGS frame can come of them. GOAWAY is let through, for it says why.
 */
export function firstFrameFault(octets: Uint8Array, at: number, count: number): Fault | undefined {
  if (count < 4) return undefined
  const http1 = matchHttp1(octets, at, count)
  if (http1 === 7) {
    return protocolError('the peer speaks HTTP/1, not HTTP/2: no SETTINGS frame (RFC 9113 §3.4)')
  }
  if (http1 === count) return undefined
  const type = octets[at + 3]!
  if (type === GOAWAY) return undefined
  if (type === SETTINGS) {
    if (count < 5 || (octets[at + 4]! & Flag.ACK) === 0) return undefined
    return protocolError('first frame is SETTINGS with ACK (RFC 9113 §3.4)')
  }
  if (octets[at] === 0x15 && octets[at + 1] === 0x03) {
    return protocolError('the peer answered with a TLS alert: no SETTINGS frame (RFC 9113 §3.4)')
  }
  const spoken = spokenBy(octets.subarray(at, at + count))
  if (spoken !== undefined) {
    return protocolError(`the peer speaks ${spoken}, not HTTP/2: no SETTINGS frame (RFC 9113 §3.4)`)
  }
  return protocolError(`first frame is ${frameName(type)}, not SETTINGS (RFC 9113 §3.4)`)
}

/** How many of the octets agree with `HTTP/1.`: at most `count`, at most 7. */
function matchHttp1(octets: Uint8Array, at: number, count: number): number {
  const text = 'HTTP/1.'
  let matched = 0
  while (matched < 7 && matched < count && octets[at + matched] === text.charCodeAt(matched)) matched++
  return matched
}

/**
 * Judges the sequence: a field block is contiguous (RFC 9113 §4.3). For
 * CONTINUATION, and for any frame while a field block is open; `openBlock` is
 * the stream whose field block awaits CONTINUATION, 0 for none.
 */
export function sequenceFault(openBlock: number, type: number, streamId: number): Fault | undefined {
  if (type === CONTINUATION) {
    if (streamId === 0) return protocolError('CONTINUATION on stream 0 (RFC 9113 §6.10)')
    if (openBlock === 0) return protocolError('CONTINUATION without an open field block (RFC 9113 §6.10)')
    if (openBlock === streamId) return undefined
    return protocolError('CONTINUATION on a stream other than that of its field block (RFC 9113 §6.10)')
  }
  return protocolError(`${frameName(type)} inside a field block (RFC 9113 §6.10)`)
}

/** Judges stream identifier and length by type. PRIORITY of a wrong length is not a fault of the connection. */
export function headerFault(
  type: number,
  flags: number,
  streamId: number,
  length: number,
): Fault | undefined {
  switch (type) {
    case DATA:
      if (streamId === 0) return protocolError('DATA on stream 0 (RFC 9113 §6.1)')
      if (length === 0 && (flags & Flag.PADDED) !== 0) {
        return frameSizeError('DATA too short for its Pad Length (RFC 9113 §6.1)')
      }
      return undefined
    case HEADERS:
      if (streamId === 0) return protocolError('HEADERS on stream 0 (RFC 9113 §6.2)')
      if (length < padLengthSize(flags) + ((flags & Flag.PRIORITY) === 0 ? 0 : 5)) {
        return frameSizeError('HEADERS too short for its padding and priority fields (RFC 9113 §6.2)')
      }
      return undefined
    case PRIORITY:
      return streamId === 0 ? protocolError('PRIORITY on stream 0 (RFC 9113 §6.3)') : undefined
    case RST_STREAM:
      if (streamId === 0) return protocolError('RST_STREAM on stream 0 (RFC 9113 §6.4)')
      return length === 4 ? undefined : frameSizeError('RST_STREAM length other than 4 (RFC 9113 §6.4)')
    case PUSH_PROMISE:
      if (streamId === 0) return protocolError('PUSH_PROMISE on stream 0 (RFC 9113 §6.6)')
      if (length >= padLengthSize(flags) + 4) return undefined
      return frameSizeError('PUSH_PROMISE too short for its promised stream (RFC 9113 §6.6)')
    case WINDOW_UPDATE:
      return length === 4 ? undefined : frameSizeError('WINDOW_UPDATE length other than 4 (RFC 9113 §6.9)')
    case SETTINGS:
    case PING:
    case GOAWAY:
      return connectionFrameFault(type, flags, streamId, length)
    default:
      return undefined
  }
}

/** Octets that the Pad Length field takes. */
function padLengthSize(flags: number): number {
  return (flags & Flag.PADDED) === 0 ? 0 : 1
}

/** Frames that concern the connection and never a stream. */
function connectionFrameFault(
  type: number,
  flags: number,
  streamId: number,
  length: number,
): Fault | undefined {
  switch (type) {
    case SETTINGS:
      if (streamId !== 0) return protocolError('SETTINGS on a stream other than 0 (RFC 9113 §6.5)')
      if (length !== 0 && (flags & Flag.ACK) !== 0) {
        return frameSizeError('SETTINGS with ACK and a payload (RFC 9113 §6.5)')
      }
      if (length % 6 === 0) return undefined
      return frameSizeError('SETTINGS length not a multiple of 6 (RFC 9113 §6.5)')
    case PING:
      if (streamId !== 0) return protocolError('PING on a stream other than 0 (RFC 9113 §6.7)')
      return length === 8 ? undefined : frameSizeError('PING length other than 8 (RFC 9113 §6.7)')
    default:
      if (streamId !== 0) return protocolError('GOAWAY on a stream other than 0 (RFC 9113 §6.8)')
      return length >= 8 ? undefined : frameSizeError('GOAWAY shorter than 8 octets (RFC 9113 §6.8)')
  }
}
