/** The field-block decoder (RFC 7541) fed with mutated blocks, held against the two slow ones of the tests. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Decoder, Encoder, HPACKDecodingError } from '../../src/hpack/index.ts'
import { ReferenceDecoder } from '../hpack/reference-decoder.ts'
import {
  FieldBlockDecoder,
  huffmanString,
  incremental,
  indexed,
  neverIndexed,
  sizeUpdate,
  withoutIndexing,
} from '../support/field-blocks.ts'
import { concat } from '../support/wire.ts'
import { mutate, mutations } from './mutation.ts'
import { FUZZ_TIMEOUT, fuzz } from './rounds.ts'

const octets = fc
  .uint8Array({ maxLength: 24 })
  .map((bytes) => Array.from(bytes, (octet) => String.fromCharCode(octet)).join(''))
const name = fc.oneof(fc.constantFrom('', 'a', 'x-long-name', 'cookie'), fc.nat(70), octets)
const value = fc.oneof(fc.constantFrom('', '0', 'text/html; charset=utf-8', 'x'.repeat(200)), octets)

const representation = fc.oneof(
  fc.nat(70).map(indexed),
  fc.tuple(name, value).map(([n, v]) => incremental(n, v)),
  fc.tuple(name, value).map(([n, v]) => withoutIndexing(n, v)),
  fc.tuple(name, value).map(([n, v]) => neverIndexed(n, v)),
  fc.tuple(octets, value).map(([n, v]) => concat(Uint8Array.of(0x40), huffmanString(n), huffmanString(v))),
)
const ofParts = fc
  .tuple(
    fc.array(fc.constantFrom(0, 40, 100, 4096).map(sizeUpdate), { maxLength: 2 }),
    fc.array(representation, { maxLength: 8 }),
  )
  .map(([updates, parts]) => concat(...updates, ...parts))
const encoded = fc.array(fc.tuple(octets, octets), { maxLength: 8 })
const tableSizes = fc.array(fc.tuple(fc.nat(6), fc.constantFrom(0, 60, 200, 4096, 9000)), { maxLength: 2 })

/** What a decoder makes of a block: its fields, or that it is broken. */
function outcome(decode: () => readonly (readonly [string, string])[]): string {
  try {
    return JSON.stringify(decode().map(([n, v]) => [n, v]))
  } catch {
    return 'broken'
  }
}

function decodeAll(blocks: readonly Uint8Array[], sizes: readonly (readonly [number, number])[]): void {
  const decoder = new Decoder()
  const reference = new ReferenceDecoder()
  const second = new FieldBlockDecoder()
  for (const [i, block] of blocks.entries()) {
    for (const [, size] of sizes.filter(([at]) => at === i)) {
      decoder.setMaxTableSize(size)
      reference.setMaxTableSize(size)
      second.setLimit(size)
    }
    const expected = outcome(() => reference.decode(block).map(([n, v]) => [n, v] as const))
    let told: unknown
    const actual = outcome(() => {
      try {
        return decoder.decode(block).map(([n, v]) => [n, v] as const)
      } catch (error) {
        told = error
        throw error
      }
    })
    expect(actual).toBe(expected)
    if (actual === 'broken') {
      expect(told).toBeInstanceOf(HPACKDecodingError)
      // RFC 9113 §4.3: nothing after a broken block is worth decoding.
      expect(() => decoder.decode(indexed(2))).toThrow(HPACKDecodingError)
      return
    }
    const fields = outcome(() =>
      second.decode(block).fields.map((field) => [field.name, field.value] as const),
    )
    expect(fields).toBe(actual)
  }
}

it(
  'the field-block decoder agrees with the slow ones on blocks of any parts, mutated',
  async () => {
    const property = fc.property(
      fc.array(ofParts, { minLength: 1, maxLength: 6 }),
      fc.option(mutations, { nil: [] }),
      tableSizes,
      (blocks, changes, sizes) => decodeAll(mutate(blocks, changes), sizes),
    )
    await fuzz(property, 1200)
  },
  FUZZ_TIMEOUT,
)

it(
  'the field-block decoder agrees with the slow ones on encoded blocks, mutated',
  async () => {
    const property = fc.property(
      fc.array(encoded, { minLength: 1, maxLength: 6 }),
      fc.option(mutations, { nil: [] }),
      (sections, changes) => {
        const encoder = new Encoder()
        decodeAll(
          mutate(
            sections.map((fields) => encoder.encode(fields)),
            changes,
          ),
          [],
        )
      },
    )
    await fuzz(property, 600)
  },
  FUZZ_TIMEOUT,
)
