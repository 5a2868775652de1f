/** What must hold for all inputs: encoder and decoder together, and the decoder alone. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Decoder, Encoder, type HeaderField, HPACKDecodingError } from '../../src/hpack/index.ts'
import { ReferenceDecoder, ReferenceError7541 } from './reference-decoder.ts'

const octetText = fc
  .array(fc.integer({ min: 0, max: 0xff }), { maxLength: 30 })
  .map((codes) => String.fromCharCode(...codes))
const name = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(':method', ':path', 'accept', 'cookie', 'authorization', 'x-a', 'x-b'),
  },
  { weight: 1, arbitrary: octetText },
)
const value = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('', '/', 'GET', 'one', 'two', 'a value of some length; and more') },
  { weight: 1, arbitrary: octetText },
)
const field: fc.Arbitrary<HeaderField> = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(name, value) },
  { weight: 1, arbitrary: fc.tuple(name, value, fc.constant(true as const)) },
)
const tableSize = fc.oneof(fc.constantFrom(0, 33, 64, 100, 200, 4096), fc.integer({ min: 0, max: 9000 }))

/** One step of a connection: a block, or the decoder's side changing its table's limit. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.array(field, { maxLength: 12 }) },
  { weight: 1, arbitrary: tableSize },
)

/** What must come out: the encoder marks credentials by itself. */
function expected([name, value, mark]: HeaderField): HeaderField {
  const secret = name === 'authorization' || (name === 'cookie' && value.length < 20)
  return mark === true || secret ? [name, value, true] : [name, value]
}

/** Field blocks that are mostly well-formed: pieces of valid ones, put together and bent. */
const pieces = fc.constantFrom(
  [0x82],
  [0xbe],
  [0xbf],
  [0xc3],
  [0x80],
  [0xff, 0x00],
  [0x20],
  [0x3e],
  [0x3f, 0xe1, 0x1f],
  [0x3f, 0xe1, 0x3f],
  [0x40, 0x01, 0x61, 0x01, 0x31],
  [0x41, 0x03, 0x61, 0x62, 0x63],
  [0x7e, 0x01, 0x78],
  [0x00, 0x81, 0x1f, 0x81, 0x1f],
  [0x04, 0x86, 0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf],
  [0x10, 0x00, 0x80],
  [0x1f, 0x2f, 0x00],
  [0x41, 0x81, 0xff],
  [0x40, 0x84, 0xff, 0xff, 0xff, 0xff],
  [0x7f, 0x80, 0x80, 0x00, 0x00],
  [0x41],
)
const block = fc
  .tuple(
    fc.array(fc.oneof({ weight: 8, arbitrary: pieces }, { weight: 1, arbitrary: fc.array(fc.nat(0xff)) }), {
      maxLength: 6,
    }),
    fc.option(fc.tuple(fc.nat(60), fc.nat(0xff)), { freq: 4 }),
  )
  .map(([parts, bend]) => {
    const octets = Uint8Array.from(parts.flat())
    if (bend !== null && bend[0] < octets.length) octets[bend[0]] = bend[1]
    return octets
  })

describe('RFC 7541: encoder and decoder', () => {
  it('give back every field, in order, however the table changes in between', () => {
    fc.assert(
      fc.property(tableSize, fc.array(step, { maxLength: 25 }), (cap, steps) => {
        const encoder = new Encoder({ maxTableSize: cap })
        const decoder = new Decoder()
        const reference = new ReferenceDecoder()
        for (const change of steps) {
          if (typeof change === 'number') {
            encoder.setPeerTableSize(change)
            decoder.setMaxTableSize(change)
            reference.setMaxTableSize(change)
            continue
          }
          const wire = encoder.encode(change)
          expect(decoder.decode(wire)).toEqual(change.map(expected))
          expect(reference.decode(wire).map(([name, value]) => [name, value])).toEqual(
            change.map(([name, value]) => [name, value]),
          )
        }
      }),
      { numRuns: 300 },
    )
  })

  it('do so for two directions that share nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), step), { maxLength: 20 }), (steps) => {
        const ways = [false, true].map(() => ({ encoder: new Encoder(), decoder: new Decoder() }))
        for (const [back, change] of steps) {
          const { encoder, decoder } = ways[Number(back)]!
          if (typeof change === 'number') {
            encoder.setPeerTableSize(change)
            decoder.setMaxTableSize(change)
          } else expect(decoder.decode(encoder.encode(change))).toEqual(change.map(expected))
        }
      }),
    )
  })
})

describe('RFC 7541: the decoder on anything', () => {
  it('returns fields or throws HPACKDecodingError, on random octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
        try {
          for (const [name, value] of new Decoder().decode(octets))
            expect(typeof (name + value)).toBe('string')
        } catch (error) {
          expect(error).toBeInstanceOf(HPACKDecodingError)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('agrees with a second decoder on what is valid and what it means', () => {
    let valid = 0
    let invalid = 0
    fc.assert(
      fc.property(fc.array(fc.oneof(block, block, block, tableSize), { maxLength: 8 }), (steps) => {
        const decoder = new Decoder()
        const reference = new ReferenceDecoder()
        for (const change of steps) {
          if (typeof change === 'number') {
            decoder.setMaxTableSize(change)
            reference.setMaxTableSize(change)
            continue
          }
          let meaning: HeaderField[]
          try {
            meaning = reference
              .decode(change)
              .map(([name, value, mark]) => (mark ? [name, value, true] : [name, value]))
          } catch (error) {
            expect(error).toBeInstanceOf(ReferenceError7541)
            expect(() => decoder.decode(change)).toThrow(HPACKDecodingError)
            invalid++
            return
          }
          expect(decoder.decode(change)).toEqual(meaning)
          valid++
        }
      }),
      { numRuns: 1500 },
    )
    // The blocks are of use only if both kinds are common.
    expect(Math.min(valid, invalid)).toBeGreaterThan(200)
  })
})
