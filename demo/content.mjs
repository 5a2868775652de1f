/**
 * Content that nobody has to store: the first `length` bytes of one fixed
 * pseudo-random sequence, so that both ends know what must arrive.
 */
import { createCipheriv, createHash } from 'node:crypto'

const PIECE = 64 * 1024

/** Yields the content in pieces of 64 KiB. */
export function* contentOf(length) {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16))
  const zeros = Buffer.alloc(PIECE)
  for (let left = length; left > 0; left -= PIECE) {
    yield cipher.update(left < PIECE ? zeros.subarray(0, left) : zeros)
  }
}

/** SHA-256 of bytes that come in pieces, as hexadecimal digits; `onPiece` is told the length of each. */
export async function sha256(pieces, onPiece = () => {}) {
  const hash = createHash('sha256')
  for await (const piece of pieces) {
    hash.update(piece)
    onPiece(piece.length)
  }
  return hash.digest('hex')
}
