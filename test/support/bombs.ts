/**
 * Coded content that decodes to as many zeros as one likes: a start, and a part
 * that may be repeated without end. Octets that the decoders of this machine take.
 */
import { gzipSync } from 'node:zlib'
import { decoder } from '../../src/transport/node-decode.ts'
import { concat } from './wire.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

export interface Bomb {
  readonly coding: string
  readonly start: Uint8Array
  readonly part: Uint8Array
  /** Octets that each part decodes to. */
  readonly size: number
}

const ALL: readonly Bomb[] = [
  // RFC 1952 §2.2: members follow each other.
  bomb('gzip', new Uint8Array(), gzipSync(new Uint8Array(10_000_000)), 10_000_000),
  // RFC 7932 §9.2: meta-blocks that end at whole octets; ten million zeros from one distance.
  bomb(
    'br',
    hex('cbffff3f002400e2b14072effff86789018004401c16808e238601'),
    hex('fcffff034002200e0b40f7fe8f7f9618004800c46101e8386218'),
    10_000_000,
  ),
  // RFC 8878 §3.1.1.2: blocks of one octet and how often. A window of 8 MiB, the largest of RFC 9659 §3.
  bomb('zstd', hex('28b52ffd0068'), hex('02001000'), 131_072),
]

function bomb(coding: string, start: Uint8Array, part: Uint8Array, size: number): Bomb {
  return { coding, start, part, size }
}

/** One for each coding that the runtime can undo. */
export const BOMBS = ALL.filter(({ coding }) => decoder(coding) !== undefined)

/** The beginning of a bomb: at least so many octets once decoded. It has no end. */
export function zeros({ start, part, size }: Bomb, decoded: number): Uint8Array {
  const parts = new Array<Uint8Array>(Math.ceil(decoded / size)).fill(part)
  return concat(start, ...parts)
}
