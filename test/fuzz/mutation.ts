/**
 * What becomes of octets on their way: bits flip, frames are dropped, repeated,
 * exchanged, cut short, spliced into each other, given another header. And any
 * way to cut what is left into chunks. Places are fractions, so that a mutation
 * fits whatever it is applied to.
 */
import fc from 'fast-check'
import { concat } from '../support/wire.ts'

const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

const mutation = fc.record({
  how: fc.constantFrom(
    'flip',
    'octet',
    'drop',
    'repeat',
    'exchange',
    'cut',
    'splice',
    'insert',
    'type',
    'flags',
    'stream',
    'length',
  ),
  frame: fraction,
  other: fraction,
  at: fraction,
  octet: fc.oneof(fc.nat(0xff), fc.constantFrom(0, 1, 4, 5, 8, 9, 0x7f, 0x80, 0xff)),
  noise: fc.uint8Array({ maxLength: 20 }),
})

export type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never

/** One to four mutations. */
export const mutations = fc.array(mutation, { minLength: 1, maxLength: 4 })

/** Offsets of a frame's header: the last octet of its length, and so on (RFC 9113 §4.1). */
const HEADER_OCTET: Readonly<Record<string, number>> = { length: 2, type: 3, flags: 4, stream: 8 }

/** Frames, or field blocks, after all of it. */
export function mutate(frames: readonly Uint8Array[], all: readonly Mutation[]): Uint8Array[] {
  const result = frames.map((frame) => frame.slice())
  for (const one of all) if (result.length > 0) apply(result, one)
  return result
}

function apply(frames: Uint8Array[], { how, frame, other, at, octet, noise }: Mutation): void {
  const i = Math.floor(frame * frames.length)
  const j = Math.floor(other * frames.length)
  const bytes = frames[i]!
  const place = Math.floor(at * bytes.length)
  const headerOctet = HEADER_OCTET[how]
  if (headerOctet !== undefined) {
    if (bytes.length > headerOctet) bytes[headerOctet] = octet
  } else if (how === 'flip') {
    if (bytes.length > 0) bytes[place]! ^= 1 << (octet & 7)
  } else if (how === 'octet') {
    if (bytes.length > 0) bytes[place] = octet
  } else if (how === 'drop') frames[i] = new Uint8Array()
  else if (how === 'repeat') frames[i] = concat(bytes, bytes)
  else if (how === 'exchange') [frames[i], frames[j]] = [frames[j]!, bytes]
  else if (how === 'cut') frames[i] = bytes.slice(0, place)
  else if (how === 'splice') frames[i] = concat(bytes.slice(0, place), frames[j]!)
  else frames[i] = concat(bytes.slice(0, place), noise, bytes.slice(place))
}

/** Lengths of chunks, used in turn. None: everything at once. */
export const chunkLengths = fc.oneof(
  fc.constant([1]),
  fc.array(fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 400 })), { maxLength: 6 }),
)

/** Cuts octets by lengths in turn, each chunk in memory of its own. */
export function chunks(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  if (lengths.length === 0) return [bytes.slice()]
  const cut: Uint8Array[] = []
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const end = at + lengths[i % lengths.length]!
    cut.push(bytes.slice(at, end))
    at = end
  }
  return cut
}
