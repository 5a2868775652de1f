/**
 * Bytes: big-endian reads, pieces made one, octets as text, and the one growable
 * buffer that everything we send is written into. Knows nothing of frames.
 */

/** Reads an unsigned 16-bit integer in network order. */
export function readUint16(buf: Uint8Array, at: number): number {
  return (buf[at]! << 8) | buf[at + 1]!
}

/** Reads an unsigned 24-bit integer in network order. */
export function readUint24(buf: Uint8Array, at: number): number {
  return (buf[at]! << 16) | (buf[at + 1]! << 8) | buf[at + 2]!
}

/** Reads an unsigned 31-bit integer in network order; the top bit is dropped. */
export function readUint31(buf: Uint8Array, at: number): number {
  return ((buf[at]! & 0x7f) << 24) | (buf[at + 1]! << 16) | (buf[at + 2]! << 8) | buf[at + 3]!
}

/** Reads an unsigned 32-bit integer in network order. */
export function readUint32(buf: Uint8Array, at: number): number {
  return ((buf[at]! << 24) | (buf[at + 1]! << 16) | (buf[at + 2]! << 8) | buf[at + 3]!) >>> 0
}

/** All pieces in one array of its own. */
export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const piece of pieces) length += piece.length
  const all = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

const NO_BYTES: Uint8Array = new Uint8Array(0)
/** Octets of the smallest memory that a buffer takes when it grows. */
const SMALLEST = 1024
/** Octets of the largest memory that is kept for the next buffer: a write of 64 KiB and the frames around it. */
const LARGEST_SPARE = 131_072

/** Memory that an empty buffer gave up, for the next that needs some. Nobody else holds it. */
let spare = NO_BYTES

/**
 * Bytes on their way out. Written at the end, taken from the front as a view;
 * the memory is used again after `compact()`, so a view is good until then,
 * whatever is written in between.
 */
export class OutputBuffer {
  /** The memory. Replaced when it has to grow: never keep a reference over a write. */
  bytes: Uint8Array
  /** Where the next byte goes. Writers that call `reserve` first may set it. */
  end = 0
  /** First byte not yet taken. */
  start = 0

  constructor(capacity = 4096) {
    this.bytes = capacity === 0 ? NO_BYTES : new Uint8Array(capacity)
  }

  /** Bytes written and not yet taken. */
  get length(): number {
    return this.end - this.start
  }

  /** Makes room for `count` more bytes and returns the offset at which they start. */
  reserve(count: number): number {
    const needed = this.end + count
    if (needed > this.bytes.length) this.#grow(needed)
    return this.end
  }

  #grow(needed: number): void {
    if (this.bytes.length === 0 && spare.length >= needed) {
      this.bytes = spare
      spare = NO_BYTES
      return
    }
    const grown = new Uint8Array(Math.max(SMALLEST, needed, this.bytes.length * 2))
    grown.set(this.bytes.subarray(0, this.end))
    this.bytes = grown
  }

  uint8(value: number): void {
    this.reserve(1)
    this.bytes[this.end++] = value
  }

  uint16(value: number): void {
    const at = this.reserve(2)
    this.bytes[at] = value >>> 8
    this.bytes[at + 1] = value
    this.end = at + 2
  }

  uint24(value: number): void {
    const at = this.reserve(3)
    this.bytes[at] = value >>> 16
    this.bytes[at + 1] = value >>> 8
    this.bytes[at + 2] = value
    this.end = at + 3
  }

  uint32(value: number): void {
    const at = this.reserve(4)
    this.bytes[at] = value >>> 24
    this.bytes[at + 1] = value >>> 16
    this.bytes[at + 2] = value >>> 8
    this.bytes[at + 3] = value
    this.end = at + 4
  }

  /** Appends a copy of `source[from, to)`. */
  copy(source: Uint8Array, from = 0, to = source.length): void {
    const at = this.reserve(to - from)
    this.bytes.set(from === 0 && to === source.length ? source : source.subarray(from, to), at)
    this.end = at + (to - from)
  }

  /** Appends the low eight bits of each character. */
  latin1(text: string): void {
    const at = this.reserve(text.length)
    const { bytes } = this
    for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i)
    this.end = at + text.length
  }

  /** A view of at most `max` bytes from the front, which count as taken from now on. */
  take(max: number = Number.POSITIVE_INFINITY): Uint8Array {
    const from = this.start
    this.start = Math.min(this.end, from + max)
    return this.bytes.subarray(from, this.start)
  }

  /** Moves what was not taken to the front of the memory. Views handed out before become invalid. */
  compact(): void {
    if (this.start === 0) return
    this.bytes.copyWithin(0, this.start, this.end)
    this.end -= this.start
    this.start = 0
  }

  /**
   * Drops what is left and gives the memory up, to the buffer that needs some
   * next: what is idle holds none. Views handed out before become invalid.
   */
  release(): void {
    if (this.bytes.length > spare.length && this.bytes.length <= LARGEST_SPARE) spare = this.bytes
    this.bytes = NO_BYTES
    this.start = 0
    this.end = 0
  }
}

/**
 * Octets from a peer as text that is safe in a message or a log: printable
 * ASCII as it is, all else as `\xNN`, cut after `max` octets.
 */
export function printable(buf: Uint8Array, start: number, end: number, max: number): string {
  let text = ''
  const stop = Math.min(end, start + max)
  for (let i = start; i < stop; i++) {
    const octet = buf[i]!
    const plain = octet >= 0x20 && octet < 0x7f && octet !== 0x5c
    text += plain ? String.fromCharCode(octet) : `\\x${octet.toString(16).padStart(2, '0')}`
  }
  return stop < end ? `${text}…` : text
}

/**
 * Makes a string of `octets[start, end)`, a character each. A call with a fixed number of octets
 * is several times faster than `apply` on a view, and one call for more octets
 * than are wanted faster than several for as many.
 */
export function latin1Text(octets: Uint8Array, start: number, end: number): string {
  let text = ''
  let at = start
  for (; at + 16 < end; at += 16) text += sixteen(octets, at)
  const rest = end - at
  if (at + 16 <= octets.length) {
    const last = rest > 8 ? sixteen(octets, at) : eight(octets, at)
    return text + last.slice(0, rest)
  }
  for (; at < end; at++) text += String.fromCharCode(octets[at]!)
  return text
}

function eight(octets: Uint8Array, at: number): string {
  return String.fromCharCode(
    octets[at]!,
    octets[at + 1]!,
    octets[at + 2]!,
    octets[at + 3]!,
    octets[at + 4]!,
    octets[at + 5]!,
    octets[at + 6]!,
    octets[at + 7]!,
  )
}

function sixteen(octets: Uint8Array, at: number): string {
  return String.fromCharCode(
    octets[at]!,
    octets[at + 1]!,
    octets[at + 2]!,
    octets[at + 3]!,
    octets[at + 4]!,
    octets[at + 5]!,
    octets[at + 6]!,
    octets[at + 7]!,
    octets[at + 8]!,
    octets[at + 9]!,
    octets[at + 10]!,
    octets[at + 11]!,
    octets[at + 12]!,
    octets[at + 13]!,
    octets[at + 14]!,
    octets[at + 15]!,
  )
}
