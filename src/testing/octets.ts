/** Octets put together by hand: what a scripted peer says must not rest on the library's own writers. */

/** The low eight bits of each character. */
export function latin1(text: string): Uint8Array {
  const octets = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) octets[i] = text.charCodeAt(i)
  return octets
}

/** All parts in one array. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

export function uint16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value)
}

export function uint32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
}

export function uint16At(bytes: Uint8Array, at: number): number {
  return bytes[at]! * 256 + bytes[at + 1]!
}

export function uint32At(bytes: Uint8Array, at: number): number {
  return uint16At(bytes, at) * 65_536 + uint16At(bytes, at + 2)
}

export function sameOctets(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, i) => octet === b[i])
}
