/**
 * Content codings of a response, undone (RFC 9110 §8.4). Its one rule: layers
 * and what they decode to are bounded, and what cannot be undone is given as it
 * came.
 */
import { platform } from '#platform'
import { H2Error } from '../../errors.ts'
import type { FieldList } from '../../protocol/index.ts'
import type { Decode } from '../../transport/transport.ts'
import { type Ending, errorOf, notDecodable } from '../failure.ts'
import type { DecodeMeter } from './decode-meter.ts'

/** More layers than this are an attack, not a coding. */
const MAX_LAYERS = 5

/** Codings to ask for, those the runtime can undo. */
export function acceptedCodings(): string {
  return ['gzip', 'deflate', 'br', 'zstd']
    .filter((coding) => platform.decoder(coding) !== undefined)
    .join(', ')
}

/** True if the response names a coding that has to be undone or refused. */
export function isCoded(fields: FieldList): boolean {
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] === 'content-encoding' && codings(fields).length > 0) return true
  }
  return false
}

/** The codings in the order they were applied, `identity` left out. */
function codings(fields: FieldList): string[] {
  const names: string[] = []
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] !== 'content-encoding') continue
    for (const part of fields[i + 1]!.split(',')) {
      const name = part.trim().toLowerCase()
      if (name !== '' && name !== 'identity') names.push(name === 'x-gzip' ? 'gzip' : name)
    }
  }
  return names
}

/**
 * Undoes the codings of a response as it is pulled, each layer measured. A
 * coding that is not known leaves the content as it is. Throws `H2_DECODE` for
 * too many layers.
 */
export function decoded(
  source: AsyncIterable<Uint8Array>,
  fields: FieldList,
  meter: DecodeMeter,
): AsyncIterator<Uint8Array> {
  const names = codings(fields)
  if (names.length > MAX_LAYERS) {
    throw errorOf(
      notDecodable(`${names.length} content codings, at most ${MAX_LAYERS} are undone (RFC 9110 §8.4)`),
      meter.streamId,
    )
  }
  const decoders: Decode[] = []
  for (const name of names) {
    const decoder = platform.decoder(name)
    if (decoder === undefined) return source[Symbol.asyncIterator]()
    decoders.push(decoder)
  }
  const content = decoders.reduceRight((coded, decode) => meter.layer(decode(coded)), source)
  return content[Symbol.asyncIterator]()
}

/** Why content could not be decoded: a decoder's own errors get a code, those of the stream pass. */
export function decodeFailure(error: unknown): Ending {
  if (H2Error.is(error)) return error
  const text = error instanceof Error ? error.message : String(error)
  return notDecodable(`content is not as content-encoding says, ${text} (RFC 9110 §8.4)`, error)
}
