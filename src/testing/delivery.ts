/**
 * How a peer's bytes are cut on their way to the client. The bytes are the same
 * in every mode, and a client must not be able to tell.
 */

/**
 * - `'written'`: each `send` arrives as one chunk;
 * - `'octets'`: one octet at a time;
 * - `'burst'`: everything sent in one turn arrives at once;
 * - `'pieces'`: cut at random places, the same ones for the same seed.
 */
export type Delivery = 'written' | 'octets' | 'burst' | 'pieces'

/** Longest piece of the random mode. */
const LONGEST_PIECE = 64

/** Makes the cutter of a mode. */
export function cutterOf(delivery: Delivery, seed: number): (bytes: Uint8Array) => Iterable<Uint8Array> {
  if (delivery === 'octets') return (bytes) => piecesOf(bytes, () => 1)
  if (delivery !== 'pieces') return (bytes) => [bytes]
  const random = randomFrom(seed)
  // Mostly small, sometimes whole: both ends of what a network does.
  return (bytes) =>
    piecesOf(bytes, () => (random() < 0.1 ? 65_536 : 1 + Math.floor(random() * LONGEST_PIECE)))
}

function* piecesOf(bytes: Uint8Array, size: () => number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + size())
    yield bytes.subarray(at, end)
    at = end
  }
}

/** Numbers from 0 to 1, the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state / 0x1_0000_0000
  }
}
