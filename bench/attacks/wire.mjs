/**
 * What an attacker writes: frames (RFC 9113 §4.1) and field blocks (RFC 7541
 * §6) as plain bytes, with no line of the library and no regard for any rule.
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
export const ALTSVC = 0xa
export const ORIGIN = 0xc

export const ACK = 0x1
export const END_STREAM = 0x1
export const END_HEADERS = 0x4
export const PADDED = 0x8

/** `:status: 200`, by its index in the static table. */
export const STATUS_200 = Buffer.of(0x88)
/** The newest entry of the dynamic table. */
export const NEWEST = 0xbe

export function frame(type, flags, streamId, payload = Buffer.alloc(0)) {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(streamId, 5)
  return Buffer.concat([head, payload])
}

export function settings(...entries) {
  const payload = Buffer.alloc(entries.length * 6)
  for (const [i, [id, value]] of entries.entries()) {
    payload.writeUInt16BE(id, i * 6)
    payload.writeUInt32BE(value, i * 6 + 2)
  }
  return frame(SETTINGS, 0, 0, payload)
}

export function uint32(...values) {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, i * 4)
  return bytes
}

export function headers(streamId, block, flags = END_HEADERS) {
  return frame(HEADERS, flags, streamId, block)
}

/** A field as literals: 0x00 without indexing, 0x40 put into the dynamic table. */
export function literal(name, value, first = 0x00) {
  return Buffer.concat([Buffer.of(first), string(name), string(value)])
}

function string(text) {
  const bytes = Buffer.from(text, 'latin1')
  if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes])
  const prefix = [127]
  let left = bytes.length - 127
  for (; left >= 128; left = Math.floor(left / 128)) prefix.push((left % 128) | 128)
  return Buffer.concat([Buffer.of(...prefix, left), bytes])
}
