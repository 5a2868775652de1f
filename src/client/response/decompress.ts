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
  return codings(fields, 1).length > 0
}

/** The first codings in the order they were applied, `most` of them; `identity` is none. */
function codings(fields: FieldList, most: number): string[] {
  const names: string[] = []
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] === 'content-encoding' && listed(fields[i + 1]!, names, most)) break
  }
  return names
}

/** Puts the codings of one field among the others. True once there are `most`. */
function listed(value: string, names: string[], most: number): boolean {
  for (let at = nextMember(value, 0); at < value.length; ) {
    const comma = value.indexOf(',', at)
    const end = comma === -1 ? value.length : comma
    const name = value.slice(at, end).trim().toLowerCase()
    if (name !== 'identity') names.push(name === 'x-gzip' ? 'gzip' : name)
    if (names.length === most) return true
    at = nextMember(value, end)
  }
  return false
}

/** Where the next member of a list begins: lists may have empty ones (RFC 9110 §5.6.1). */
function nextMember(value: string, from: number): number {
  let at = from
  while (at < value.length && ', \t'.includes(value[at]!)) at += 1
  return at
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
  const names = codings(fields, MAX_LAYERS + 1)
  if (names.length > MAX_LAYERS) {
    const reason = `more than ${MAX_LAYERS} content codings, which are not undone (RFC 9110 §8.4)`
    throw errorOf(notDecodable(reason), meter.streamId)
  }
  const decoders: Decode[] = []
  for (const name of names) {
    const decoder = platform.decoder(name, meter.partial)
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
