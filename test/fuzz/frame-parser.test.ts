/** The frame parser (RFC 9113 §4) fed with what mutated frames are. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parse } from '../frame/recording-sink.ts'
import { concat, frame } from '../support/wire.ts'
import { chunkLengths, chunks, mutate, mutations } from './mutation.ts'
import { FUZZ_TIMEOUT, fuzz } from './rounds.ts'

const anyFrame = fc
  .record({
    type: fc.oneof({ weight: 12, arbitrary: fc.nat(0xc) }, { weight: 1, arbitrary: fc.nat(0xff) }),
    flags: fc.constantFrom(0, 0, 1, 4, 4, 5, 8, 0xc, 0x20, 0x2c),
    streamId: fc.constantFrom(0, 0, 1, 1, 1, 2, 3, 0x7fffffff, 0x80000001),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom(4, 5, 6, 8, 12).chain((n) => fc.uint8Array({ minLength: n, maxLength: n, max: 3 })),
    ),
  })
  .map(({ type, flags, streamId, payload }) => frame(type, flags, streamId, payload))

it(
  'the frame parser tells the same for every chunking of mutated frames, in at most a call per frame',
  async () => {
    const property = fc.property(
      fc.array(anyFrame, { minLength: 1, maxLength: 12 }),
      mutations,
      chunkLengths,
      fc.boolean(),
      (frames, changes, lengths, expectSettings) => {
        const bytes = concat(...mutate(frames, changes))
        const limits = { maxFrameSize: 100, expectSettings }
        const whole = parse([bytes], limits)
        expect(parse(chunks(bytes, lengths), limits)).toEqual(whole)
        // A DATA frame is two calls; a frame that is both wrong and told of is two as well.
        expect(whole.length).toBeLessThanOrEqual(2 * Math.ceil(bytes.length / 9) + 1)
      },
    )
    await fuzz(property, 1500)
  },
  FUZZ_TIMEOUT,
)
