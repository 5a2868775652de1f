/**
 * HTTP/2 on the wire, written without a line of the library: frames to bytes,
 * bytes to frames, and field blocks of plain literals. What a test says of the
 * library's bytes must not rest on the library's own code.
 */

export const DATA = 0x0
export const HEADERS = 0x1
export const PRIORITY = 0x2
export const RST_STREAM = 0x3
export const SETTINGS = 0x4
export const PUSH_PROMISE = 0x5
export const PING = 0x6
export const GOAWAY = 0x7
export const WINDOW_UPDATE = 0x8
export const CONTINUATION = 0x9

export const END_STREAM = 0x1
export const ACK = 0x1
export const END_HEADERS = 0x4
export const PADDED = 0x8

export interface WireFrame {
  readonly type: number
  readonly flags: number
  readonly streamId: number
  readonly payload: Uint8Array
}

export const FRAME_HEADER_SIZE = 9

export const PREFACE = latin1('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0))
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

export function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = new Uint8Array(),
): Uint8Array {
  const { length } = payload
  const head = Uint8Array.of(length >> 16, length >> 8, length, type, flags)
  return concat(head, uint32(streamId), payload)
}

export function settings(entries: Readonly<Record<number, number>> = {}): Uint8Array {
  const rows = Object.entries(entries).map(([id, value]) =>
    concat(Uint8Array.of(Number(id) >> 8, Number(id)), uint32(value)),
  )
  return frame(SETTINGS, 0, 0, concat(...rows))
}

export const settingsAck = frame(SETTINGS, ACK, 0)

/** A field block of literals without indexing and without Huffman coding. */
export function block(fields: readonly (readonly [string, string])[]): Uint8Array {
  const parts = fields.flatMap(([name, value]) => [Uint8Array.of(0), literal(name), literal(value)])
  return concat(...parts)
}

function literal(text: string): Uint8Array {
  const bytes = latin1(text)
  let left = bytes.length - 127
  if (left < 0) return concat(Uint8Array.of(bytes.length), bytes)
  const prefix = [127]
  for (; left >= 128; left = Math.floor(left / 128)) prefix.push((left % 128) | 128)
  return concat(Uint8Array.of(...prefix, left), bytes)
}

export function headers(
  streamId: number,
  fields: readonly (readonly [string, string])[],
  flags = END_HEADERS,
): Uint8Array {
  return frame(HEADERS, flags, streamId, block(fields))
}

/** Response HEADERS with this status. */
export function response(streamId: number, status: number, endStream = false): Uint8Array {
  return headers(streamId, [[':status', String(status)]], END_HEADERS | (endStream ? END_STREAM : 0))
}

export function data(streamId: number, content: Uint8Array | string, endStream = false): Uint8Array {
  const bytes = typeof content === 'string' ? latin1(content) : content
  return frame(DATA, endStream ? END_STREAM : 0, streamId, bytes)
}

export function paddedData(
  streamId: number,
  content: string,
  padding: number,
  endStream = false,
): Uint8Array {
  const payload = concat(Uint8Array.of(padding), latin1(content), new Uint8Array(padding))
  return frame(DATA, PADDED | (endStream ? END_STREAM : 0), streamId, payload)
}

export function rstStream(streamId: number, errorCode: number): Uint8Array {
  return frame(RST_STREAM, 0, streamId, uint32(errorCode))
}

export function windowUpdate(streamId: number, increment: number): Uint8Array {
  return frame(WINDOW_UPDATE, 0, streamId, uint32(increment))
}

export function goaway(lastStreamId: number, errorCode: number, debug = ''): Uint8Array {
  return frame(GOAWAY, 0, 0, concat(uint32(lastStreamId), uint32(errorCode), latin1(debug)))
}

export function ping(octets: Uint8Array, ack = false): Uint8Array {
  return frame(PING, ack ? ACK : 0, 0, octets)
}

/** Cuts a client's bytes into frames; the preface, if it stands first, is taken off. What is incomplete is left out. */
export function readFrames(bytes: Uint8Array): WireFrame[] {
  const frames: WireFrame[] = []
  let at =
    bytes.length >= PREFACE.length && PREFACE.every((octet, i) => bytes[i] === octet) ? PREFACE.length : 0
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  while (at + 9 <= bytes.length) {
    const length = view.getUint32(at) >>> 8
    if (at + 9 + length > bytes.length) break
    const streamId = view.getUint32(at + 5) & 0x7fffffff
    const payload = bytes.slice(at + 9, at + 9 + length)
    frames.push({ type: bytes[at + 3]!, flags: bytes[at + 4]!, streamId, payload })
    at += 9 + length
  }
  return frames
}

/** The 32-bit number at an offset of a payload. */
export function uint32At(payload: Uint8Array, at = 0): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint32(at)
}
