/**
 * What a `content-length` says (RFC 9110 §8.6). Its one rule: digits and
 * nothing else, and no more of them than a number keeps apart.
 */
import { decimal } from '../../protocol/index.ts'

/** Octets announced; undefined for what is no number. */
export function announcedLength(text: string): number | undefined {
  const length = decimal(text)
  return Number.isNaN(length) ? undefined : length
}
