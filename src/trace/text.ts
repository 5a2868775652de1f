/**
 * Text and octets, where no platform's own means are at hand: UTF-8 (RFC 3629 §3) and
 * Base64 (RFC 4648 §4). One rule: what is no text becomes U+FFFD, never an error.
 */

const LEAD = [0, 0xc0, 0xe0, 0xf0]

/** The octets of a string. */
export function utf8(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 3)
  let at = 0
  for (const character of text) {
    let code = character.codePointAt(0)!
    if (code >= 0xd800 && code < 0xe000) code = 0xfffd
    if (code < 0x80) {
      bytes[at++] = code
      continue
    }
    const more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3
    bytes[at++] = LEAD[more]! | (code >> (6 * more))
    for (let i = more - 1; i >= 0; i--) bytes[at++] = 0x80 | ((code >> (6 * i)) & 0x3f)
  }
  return bytes.slice(0, at)
}

/** The string that octets `buf[start, end)` are. */
export function utf8Text(buf: Uint8Array, start = 0, end: number = buf.length): string {
  const parts: string[] = []
  let codes: number[] = []
  for (let at = start; at < end; ) {
    const first = buf[at]!
    const more = first < 0x80 ? 0 : first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc2 ? 1 : -1
    const code = more < 0 || first > 0xf4 ? -1 : decode(buf, at, end, more)
    codes.push(code < 0 ? 0xfffd : code)
    at += code < 0 ? 1 : more + 1
    if (codes.length < 4096) continue
    parts.push(String.fromCodePoint(...codes))
    codes = []
  }
  return parts.join('') + String.fromCodePoint(...codes)
}

const SMALLEST = [0, 0x80, 0x800, 0x10000]

function decode(buf: Uint8Array, at: number, end: number, more: number): number {
  if (at + more >= end) return -1
  if (more === 0) return buf[at]!
  let code = buf[at]! & (0x3f >> more)
  for (let i = 1; i <= more; i++) {
    const octet = buf[at + i]!
    if ((octet & 0xc0) !== 0x80) return -1
    code = (code << 6) | (octet & 0x3f)
  }
  const surrogate = code >= 0xd800 && code < 0xe000
  return code < SMALLEST[more]! || code > 0x10ffff || surrogate ? -1 : code
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

export function base64(bytes: Uint8Array): string {
  const parts: string[] = []
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const three = (bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
    text += ALPHABET[three >> 18]! + ALPHABET[(three >> 12) & 63]!
    text += at + 1 < bytes.length ? ALPHABET[(three >> 6) & 63]! : '='
    text += at + 2 < bytes.length ? ALPHABET[three & 63]! : '='
    if (text.length < 8192) continue
    parts.push(text)
    text = ''
  }
  return parts.join('') + text
}
