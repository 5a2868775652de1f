/**
 * The Huffman code of RFC 7541 Appendix B as data. One rule: the code is
 * canonical, so the lengths say everything. Codes of one length follow each
 * other in symbol order, and the first code of a length is the one after the
 * last shorter code, filled up with zero bits.
 */

/** The symbol that ends nothing on the wire: only its leading bits occur, as padding (RFC 7541 §5.2). */
export const EOS = 256

/** Bits in the code of each symbol, octets 0 to 255 and then `EOS`: 5 to 30. */
// biome-ignore format: sixteen to a line, as in a table of octets
export const CODE_LENGTHS = Uint8Array.of(
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, // 0x00
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, // 0x10
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, // 0x20
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, // 0x30
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, // 0x40
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, // 0x50
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, // 0x60
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, // 0x70
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, // 0x80
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, // 0x90
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, // 0xa0
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, // 0xb0
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, // 0xc0
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, // 0xd0
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, // 0xe0
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, // 0xf0
  30, // EOS
)

/** The symbols with codes of so many bits as the index says, in symbol order. */
export const SYMBOLS_BY_LENGTH = sortByLength(CODE_LENGTHS)

/** The code of each symbol, right-aligned. */
export const CODES = assignCodes(SYMBOLS_BY_LENGTH)

function sortByLength(lengths: Uint8Array): readonly number[][] {
  const sorted: number[][] = []
  for (let length = 0; length <= 30; length++) sorted.push([])
  for (let symbol = 0; symbol < lengths.length; symbol++) sorted[lengths[symbol]!]!.push(symbol)
  return sorted
}

function assignCodes(byLength: readonly number[][]): Uint32Array {
  const codes = new Uint32Array(EOS + 1)
  let code = 0
  for (const symbols of byLength) {
    code *= 2
    for (const symbol of symbols) codes[symbol] = code++
  }
  return codes
}
