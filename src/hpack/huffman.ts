/**
 * Huffman coding of string literals (RFC 7541 §5.2). Decoding walks the code's
 * tree four bits at a time through one flat table. One rule: what is left over
 * at the end is at most seven bits, all ones.
 */
import { HPACKDecodingError } from './decoding-error.ts'
import { CODE_LENGTHS, CODES, EOS, SYMBOLS_BY_LENGTH } from './huffman-code.ts'

/** Octets that `text` takes when coded; throws TypeError if a character is above 0xFF. */
export function huffmanLength(text: string): number {
  let bits = 0
  let seen = 0
  for (let i = 0; i < text.length; i++) {
    const octet = text.charCodeAt(i)
    seen |= octet
    bits += CODE_LENGTHS[octet]!
  }
  if (seen > 0xff) throw new TypeError('a field holds octets: no character above 0xFF (RFC 7541 §5.2)')
  return (bits + 7) >>> 3
}

/** Writes the code of `text` at `bytes[at]`, where there must be room, and returns the offset behind it. */
export function writeHuffman(text: string, bytes: Uint8Array, at: number): number {
  let pending = 0
  let bits = 0
  for (let i = 0; i < text.length; i++) {
    const octet = text.charCodeAt(i)
    let length = CODE_LENGTHS[octet]!
    let code = CODES[octet]!
    if (length > 24) {
      // With up to 7 bits waiting, more than 24 at once would not fit 31.
      pending = (pending << (length - 16)) | (code >>> 16)
      bits += length - 16
      for (; bits >= 8; bits -= 8) bytes[at++] = pending >>> (bits - 8)
      length = 16
      code &= 0xffff
    }
    pending = (pending << length) | code
    bits += length
    for (; bits >= 8; bits -= 8) bytes[at++] = pending >>> (bits - 8)
  }
  // RFC 7541 §5.2: padding is the leading bits of EOS, which are ones.
  if (bits > 0) bytes[at++] = (pending << (8 - bits)) | (0xff >>> bits)
  return at
}

/** Octets that `count` coded octets can become: no code is shorter than five bits. */
export function maxDecodedLength(count: number): number {
  return Math.floor((count * 8) / 5)
}

/**
 * Decodes `buf[start, end)` into `into`, which must be longer by one than
 * `maxDecodedLength`, and returns how many octets came out.
 */
export function decodeHuffman(buf: Uint8Array, start: number, end: number, into: Uint8Array): number {
  const steps = STEPS
  let count = 0
  let row = 0
  let flags = 0
  for (let at = start; at < end; at++) {
    const octet = buf[at]!
    const high = steps[row | (octet >>> 4)]!
    into[count] = high >>> SYMBOL_SHIFT
    count += high & EMITS
    const low = steps[(high >>> ROW_SHIFT) | (octet & 0x0f)]!
    into[count] = low >>> SYMBOL_SHIFT
    count += low & EMITS
    row = low >>> ROW_SHIFT
    flags |= high | low
  }
  if ((flags & ENDS) !== 0) throw new HPACKDecodingError('EOS in a Huffman-coded string (RFC 7541 §5.2)')
  const depth = ONES_DEPTH[row >>> 4]!
  if (depth === NOT_ONES) {
    throw new HPACKDecodingError('Huffman padding that is not all ones (RFC 7541 §5.2)')
  }
  if (depth > 7) throw new HPACKDecodingError('Huffman padding of more than 7 bits (RFC 7541 §5.2)')
  return count
}

/** Bit of a step: a symbol was completed. */
const EMITS = 1
/** Bit of a step: that symbol was EOS. */
const ENDS = 2
/** In a step: the completed symbol, 8 bits from here. */
const SYMBOL_SHIFT = 8
/** In a step: where the row of the node begins to which it leads, all bits from here. */
const ROW_SHIFT = 16
/** In `ONES_DEPTH`: the way to this node has a zero in it. */
const NOT_ONES = 0xff

/** Inner nodes of the code's tree: one fewer than its leaves. Node 0 is the root. */
const NODES = CODE_LENGTHS.length - 1

/** The tree: for each node and bit the next node, or a symbol as `-1 - symbol`. */
const TREE = buildTree()

/** A row of 16 for each node, one step for each four bits: where they lead and what they complete. */
const STEPS = buildSteps()

/** For each node the number of ones that lead to it from the root, or `NOT_ONES`. */
const ONES_DEPTH = buildOnesDepth()

/** Fills the tree level by level: with a canonical code, a level's leaves come before its inner nodes. */
function buildTree(): Int16Array {
  const tree = new Int16Array(NODES * 2)
  let branch = 0
  let nodes = 1
  for (let length = 1; length < SYMBOLS_BY_LENGTH.length; length++) {
    const end = nodes * 2
    for (const symbol of SYMBOLS_BY_LENGTH[length]!) tree[branch++] = -1 - symbol
    while (branch < end) tree[branch++] = nodes++
  }
  return tree
}

function buildSteps(): Int32Array {
  const steps = new Int32Array(TREE.length)
  for (let branch = 0; branch < TREE.length; branch++) {
    const next = TREE[branch]!
    if (next >= 0) steps[branch] = (next * 16) << ROW_SHIFT
    else steps[branch] = next === -1 - EOS ? ENDS : EMITS | ((-1 - next) << SYMBOL_SHIFT)
  }
  return doubled(doubled(steps))
}

/** From the steps for so many bits those for twice as many. */
function doubled(steps: Int32Array): Int32Array {
  const width = steps.length / NODES
  const twice = new Int32Array(steps.length * width)
  let at = 0
  for (const first of steps) {
    const row = ((first >>> ROW_SHIFT) >>> 4) * width
    // No code is shorter than five bits, so two steps complete one symbol at most.
    const completed = first & 0xffff
    for (let bits = 0; bits < width; bits++) twice[at++] = completed | steps[row + bits]!
  }
  return twice
}

function buildOnesDepth(): Uint8Array {
  const depths = new Uint8Array(NODES).fill(NOT_ONES)
  let depth = 0
  for (let node = 0; node >= 0; node = TREE[node * 2 + 1]!) depths[node] = depth++
  return depths
}
