/**
 * The line in front of each chunk (RFC 9112 §7.1). Its one rule: nothing but a
 * number that can be counted with, and extensions, which mean nothing here and
 * hide nothing.
 */

/** Octets that a line may have, its extensions and its end included (RFC 9112 §7.1.1). */
export const MAX_CHUNK_LINE = 16_384

const SPACE = 0x20
const TAB = 0x09
const SEMICOLON = 0x3b
const DELETE = 0x7f

/** The size of the chunk behind the line `bytes[start, end)`; NaN if it is none. */
export function chunkSize(bytes: Uint8Array, start: number, end: number): number {
  let size = 0
  let at = start
  for (; at < end; at++) {
    const digit = hexDigit(bytes[at]!)
    if (digit < 0) break
    size = size * 16 + digit
    if (size > Number.MAX_SAFE_INTEGER) return Number.NaN
  }
  if (at === start) return Number.NaN
  return at === end || areExtensions(bytes, at, end) ? size : Number.NaN
}

/** White space, a semicolon, and no control character behind it: CR alone would end the line for others. */
function areExtensions(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start
  while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at++
  if (bytes[at] !== SEMICOLON || at === end) return false
  for (; at < end; at++) {
    const octet = bytes[at]!
    if ((octet < SPACE && octet !== TAB) || octet === DELETE) return false
  }
  return true
}

/** The value of a hexadecimal digit, -1 for what is none. */
function hexDigit(octet: number): number {
  if (octet >= 0x30 && octet <= 0x39) return octet - 0x30
  const lower = octet | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
