/** Decoders of content codings (RFC 9110 §8.4.1) fed with coded content that was mutated. */
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decoder } from '../../src/transport/node-decode.ts'
import { concat } from '../support/wire.ts'
import { chunkLengths, chunks, mutate, mutations } from './mutation.ts'
import { FUZZ_TIMEOUT, fuzz } from './rounds.ts'

const CODERS = [
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['deflate', deflateRawSync],
  ['br', brotliCompressSync],
] as const

const content = fc
  .tuple(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.nat(200))
  .map(([piece, times]) => concat(...Array.from({ length: times + 1 }, () => piece)))

/** What comes of it: the content, or that it is broken. */
async function outcome(coding: string, source: readonly Uint8Array[]): Promise<string> {
  async function* given(): AsyncGenerator<Uint8Array> {
    yield* source
  }
  const pieces: Uint8Array[] = []
  try {
    for await (const piece of decoder(coding)!(given())) pieces.push(piece.slice())
  } catch (error) {
    expect(error).toBeInstanceOf(Error)
    expect((error as Error).message).toMatch(new RegExp(`^${coding} content is `))
    return 'broken'
  }
  return Buffer.concat(pieces).toString('hex')
}

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
