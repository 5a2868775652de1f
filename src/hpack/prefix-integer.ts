/**
 * Integers of RFC 7541 §5.1: the low bits of one octet, and more octets when
 * those are all ones. One rule: no integer costs more than six octets to read.
 */
import { HPACKDecodingError } from './decoding-error.ts'

/** A place in a field block: the next octet is `buf[at]`, the block ends before `end`. */
export interface Cursor {
  buf: Uint8Array
  /** Moved by whoever reads; never past `end`. */
  at: number
  end: number
}

/** Octets that an integer up to 2^31 - 1 takes at most, with the one that holds its prefix. */
export const MAX_INTEGER_OCTETS = 6

const MAX_INTEGER = 0x7fffffff
/** What the last octet of six counts for. */
const LAST_SCALE = 2 ** (7 * (MAX_INTEGER_OCTETS - 2))

/**
 * Reads an integer of 0 to 2^31 - 1 and moves the cursor behind it. There must
 * be an octet at the cursor; `mask` has a one for each bit of the prefix.
 */
export function readInteger(cursor: Cursor, mask: number): number {
  const { buf, end } = cursor
  let { at } = cursor
  let value = buf[at++]! & mask
  if (value === mask) {
    for (let scale = 1; ; scale *= 128) {
      if (at === end) throw new HPACKDecodingError('integer cut off by the end of the block (RFC 7541 §5.1)')
      const octet = buf[at++]!
      value += (octet & 0x7f) * scale
      if (octet < 0x80) break
      if (scale === LAST_SCALE) {
        throw new HPACKDecodingError(`integer of more than ${MAX_INTEGER_OCTETS} octets (RFC 7541 §5.1)`)
      }
    }
    if (value > MAX_INTEGER) throw new HPACKDecodingError(`integer ${value} above 2^31 - 1 (RFC 7541 §5.1)`)
  }
  cursor.at = at
  return value
}

/**
 * Writes an integer at `bytes[at]` and returns the offset behind it. `pattern`
 * holds the bits in front of the prefix; there must be room for six octets.
 */
export function writeInteger(
  bytes: Uint8Array,
  at: number,
  pattern: number,
  mask: number,
  value: number,
): number {
  if (value < mask) {
    bytes[at] = pattern | value
    return at + 1
  }
  bytes[at++] = pattern | mask
  let rest = value - mask
  while (rest >= 0x80) {
    bytes[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  bytes[at] = rest
  return at + 1
}
