/**
 * Decoders of content codings (RFC 9110 §8.4.1) fed with coded content that was
 * mutated, and what a response may decode to. zstd where the runtime has it;
 * where its frames end is followed everywhere.
 */
import zlib from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DecodeMeter } from '../../src/client/response/decode-meter.ts'
import { decoded } from '../../src/client/response/decompress.ts'
import { H2Error } from '../../src/index.ts'
import { decoder } from '../../src/transport/node-decode.ts'
import { ZstdFrames } from '../../src/transport/zstd-frames.ts'
import { VirtualClock } from '../support/virtual-clock.ts'
import { concat } from '../support/wire.ts'
import { ZSTD_FRAMES } from '../transport/zstd-samples.ts'
import { chunkLengths, chunks, mutate, mutations } from './mutation.ts'
import { FUZZ_TIMEOUT, fuzz } from './rounds.ts'

type Code = (octets: Uint8Array) => Uint8Array

const { zstdCompressSync } = zlib as { zstdCompressSync?: Code }

const CODERS: readonly (readonly [coding: string, code: Code])[] = [
  ['gzip', zlib.gzipSync],
  ['deflate', zlib.deflateSync],
  ['deflate', zlib.deflateRawSync],
  ['br', zlib.brotliCompressSync],
  ...(zstdCompressSync === undefined ? [] : ([['zstd', zstdCompressSync]] as const)),
]
const NAMES = [...new Set(CODERS.map(([coding]) => coding))].join(', ')
const WHICH = zstdCompressSync === undefined ? `${NAMES}; this runtime has no zstd` : NAMES

const content = fc
  .tuple(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.nat(200))
  .map(([piece, times]) => concat(...Array.from({ length: times + 1 }, () => piece)))

async function* each(source: readonly Uint8Array[]): AsyncGenerator<Uint8Array, undefined> {
  yield* source
}

/** What comes of it: the content, or that it is broken. */
async function outcome(coding: string, source: readonly Uint8Array[]): Promise<string> {
  const pieces: Uint8Array[] = []
  try {
    for await (const piece of decoder(coding)!(each(source))) pieces.push(piece.slice())
  } catch (error) {
    expect(error).toBeInstanceOf(Error)
    expect((error as Error).message).toMatch(new RegExp(`^${coding} content is `))
    return 'broken'
  }
  return Buffer.concat(pieces).toString('hex')
}

describe(WHICH, () => {
  it('mutated content is an error or octets, the same for every chunking, and never a hang', {
    timeout: FUZZ_TIMEOUT,
  }, async () => {
    const property = fc.asyncProperty(
      fc.constantFrom(...CODERS),
      content,
      fc.option(mutations, { nil: [] }),
      chunkLengths,
      async ([coding, code], octets, changes, lengths) => {
        const coded = concat(...mutate([new Uint8Array(code(octets))], changes))
        const whole = await outcome(coding, [coded])
        expect(await outcome(coding, chunks(coded, lengths))).toBe(whole)
        if (changes.length === 0) expect(whole).toBe(Buffer.from(octets).toString('hex'))
      },
    )
    await fuzz(property, 150)
  })

  it('no layer gives more than the limits allow, and what is within them is given', {
    timeout: FUZZ_TIMEOUT,
  }, async () => {
    const limits = fc.record({
      maxSize: fc.oneof(fc.integer({ min: 1, max: 15_000 }), fc.constant(Number.POSITIVE_INFINITY)),
      maxRatio: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.constant(Number.POSITIVE_INFINITY)),
      freeSize: fc.integer({ min: 1, max: 15_000 }),
    })
    const property = fc.asyncProperty(
      fc.array(fc.constantFrom(...CODERS), { minLength: 1, maxLength: 5 }),
      content,
      limits,
      chunkLengths,
      async (layers, octets, given, lengths) => {
        let coded = octets
        let largest = octets.length
        for (const [i, [, code]] of layers.entries()) {
          if (i > 0) largest = Math.max(largest, coded.length)
          coded = new Uint8Array(code(coded))
        }
        const names = layers.map(([coding]) => coding).join()
        const source = each(chunks(coded, lengths))
        const all: Uint8Array[] = []
        let error: unknown
        try {
          const meter = new DecodeMeter(
            { ...given, partial: false, clock: new VirtualClock(), tally: { drawn: 0, at: 0 } },
            1,
          )
          const counted = count(source, meter)
          const pieces = decoded(counted, ['content-encoding', names], meter)
          for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) {
            all.push(next.value)
          }
        } catch (thrown) {
          error = thrown
        }
        const most = Math.min(given.maxSize, Math.max(given.freeSize, given.maxRatio * coded.length))
        const length = all.reduce((sum, piece) => sum + piece.length, 0)
        expect(length).toBeLessThanOrEqual(most)
        if (error === undefined) {
          expect(Buffer.compare(concat(...all), octets)).toBe(0)
          expect(largest).toBeLessThanOrEqual(most)
        } else {
          expect(H2Error.is(error) && error.code).toBe('H2_DECODED_TOO_LARGE')
          // Less had arrived when it was decided than there is in all.
          if (largest <= given.freeSize) expect(largest).toBeGreaterThan(given.maxSize)
        }
      },
    )
    await fuzz(property, 150)
  })
})

async function* count(
  source: AsyncIterable<Uint8Array>,
  meter: DecodeMeter,
): AsyncGenerator<Uint8Array, undefined> {
  for await (const piece of source) {
    meter.arrived(piece.length)
    yield piece
  }
}

it('where frames of zstd end does not depend on chunks (RFC 8878 §3.1)', {
  timeout: FUZZ_TIMEOUT,
}, async () => {
  const frames = ZSTD_FRAMES.map(([, hex]) => Uint8Array.from(Buffer.from(hex, 'hex')))
  const property = fc.asyncProperty(
    fc.array(fc.constantFrom(...frames), { minLength: 1, maxLength: 4 }),
    fc.option(mutations, { nil: [] }),
    chunkLengths,
    async (whole, changes, lengths) => {
      const octets = concat(...mutate(whole, changes))
      const complete = (cut: readonly Uint8Array[]): boolean => {
        const followed = new ZstdFrames()
        for (const chunk of cut) {
          for (let at = 0; at < chunk.length; ) at += followed.push(chunk.subarray(at))
        }
        return followed.complete
      }
      expect(complete(chunks(octets, lengths))).toBe(complete([octets]))
      if (changes.length === 0) expect(complete([octets])).toBe(true)
    },
  )
  await fuzz(property, 500)
})
