/**
 * The first line of a response (RFC 9112 §4). Its one rule: a version, a status
 * of three digits, one space between, and any phrase that can be shown.
 */
import { latin1Text } from '../bytes.ts'

/** What every response begins with, in upper case (RFC 9112 §2.3). */
export const HTTP_NAME = 'HTTP/'

/** A status line, taken apart. */
export interface StatusLine {
  readonly major: number
  readonly minor: number
  readonly status: number
  /** Each octet a character; empty in most cases that matter. */
  readonly reason: string
}

const SPACE = 0x20
const DOT = 0x2e
/** Offset of the major version, */
const MAJOR_AT = HTTP_NAME.length
/** of the status, */
const STATUS_AT = MAJOR_AT + 4
/** and of the phrase, behind a space. */
const REASON_AT = STATUS_AT + 4
/** RFC 9112 §4: HTAB, SP, VCHAR and obs-text. */
const BAD_REASON = /[^\t\x20-\x7e\x80-\xff]/

/** Reads the line `bytes[start, end)`; undefined if it is none. */
export function statusLine(bytes: Uint8Array, start: number, end: number): StatusLine | undefined {
  if (end - start < REASON_AT - 1) return undefined
  for (let i = 0; i < HTTP_NAME.length; i++) {
    if (bytes[start + i] !== HTTP_NAME.charCodeAt(i)) return undefined
  }
  const major = digit(bytes[start + MAJOR_AT]!)
  const minor = digit(bytes[start + MAJOR_AT + 2]!)
  if (bytes[start + MAJOR_AT + 1] !== DOT || bytes[start + STATUS_AT - 1] !== SPACE) return undefined
  const hundreds = digit(bytes[start + STATUS_AT]!)
  const tens = digit(bytes[start + STATUS_AT + 1]!)
  const ones = digit(bytes[start + STATUS_AT + 2]!)
  if (Math.min(major, minor, hundreds, tens, ones) < 0) return undefined
  // The space behind the status is a MUST that many leave out with the phrase.
  if (end - start >= REASON_AT && bytes[start + REASON_AT - 1] !== SPACE) return undefined
  const reason = end - start > REASON_AT ? latin1Text(bytes, start + REASON_AT, end) : ''
  if (reason !== '' && BAD_REASON.test(reason)) return undefined
  return { major, minor, status: hundreds * 100 + tens * 10 + ones, reason }
}

/** The value of a digit, -1 for what is none. */
function digit(octet: number): number {
  return octet >= 0x30 && octet <= 0x39 ? octet - 0x30 : -1
}
