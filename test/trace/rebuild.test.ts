/** What is rebuilt from frames is what the engine had, whatever the conversation, and however little of it is left. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Decoder, Encoder } from '../../src/hpack/index.ts'
import type { ConnectionOptions } from '../../src/protocol/index.ts'
import { FieldBlocks } from '../../src/trace/field-blocks.ts'
import { Kind, Recording, Tape } from '../../src/trace/index.ts'
import { script } from '../fuzz/conversation.ts'
import { chunkLengths } from '../fuzz/mutation.ts'
import { OnConsumption } from '../protocol/on-consumption.ts'
import { TapedRun } from './taped-run.ts'

const options: fc.Arbitrary<ConnectionOptions> = fc.record({
  enablePush: fc.constant(true),
  windowManager: fc.constantFrom(undefined, OnConsumption),
  settings: fc.record({
    initialWindowSize: fc.constantFrom(1_048_576, 500, 5000),
    headerTableSize: fc.constantFrom(4096, 200),
  }),
  limits: fc.record({ connectionWindowSize: fc.constantFrom(16_777_216, 65_535) }),
})

function live({ connection }: TapedRun): object {
  const { sendWindow, recvWindow, openStreams } = connection
  return { sendWindow, recvWindow, openStreams }
}

it('windows and streams are those of the engine', () => {
  fc.assert(
    fc.property(options, script, chunkLengths, (given, steps, lengths) => {
      const run = new TapedRun(given, lengths)
      run.converse(steps)
      fc.pre(!run.connection.closed)
      const recording = run.tape.recording()
      expect(recording.rebuild()).toMatchObject(live(run))
      expect(Recording.read(recording.write()).rebuild()).toMatchObject(live(run))
    }),
  )
})

it('a tape that dropped its beginning gives the same state as one that did not', () => {
  fc.assert(
    fc.property(options, script, fc.integer({ min: 2300, max: 2600 }), (given, steps, later) => {
      const whole = new TapedRun(given, [], { maxBytes: 10_000_000 })
      const short = new TapedRun(given, [], { maxBytes: 65_536 })
      for (const run of [whole, short]) {
        run.converse(steps)
        // As many rows as make a small tape drop some of the conversation, or all.
        for (let i = 0; i < later; i++) run.tape.note(Kind.ROUND_TRIP, 1, 0, 1, 0)
      }
      const recording = short.tape.recording()
      fc.pre(recording.head.dropped > 0)
      expect(recording.rebuild()).toEqual(whole.tape.recording().rebuild())
      expect(Recording.read(recording.write()).rebuild()).toEqual(whole.tape.recording().rebuild())
    }),
    { numRuns: 30 },
  )
})

it('requests that never end do not keep a tape from dropping what is old', () => {
  const tape = new Tape({ maxBytes: 65_536 })
  for (let i = 0; i < 20_000; i++) tape.call('GET', 'https://a.test', `/${i}`, i)
  const { head, length } = tape.recording()
  expect(head.dropped + length).toBe(20_000)
  expect(length * 50).toBeLessThan(65_536)
})

const text = fc.string({ unit: fc.constantFrom(...'abcdefghij-0123456789'), maxLength: 40 })
const fieldList = fc.array(
  fc.tuple(fc.constantFrom('x-a', 'x-b', 'cookie', 'authorization', ':path', 'date'), text),
)

it('a field block says what the decoder says, and makes the same table', () => {
  fc.assert(
    fc.property(fc.array(fieldList, { maxLength: 12 }), fc.constantFrom(4096, 128, 0), (lists, size) => {
      const encoder = new Encoder({ maxTableSize: size })
      const decoder = new Decoder({ maxTableSize: 4096 })
      const [read, followed] = [new FieldBlocks(), new FieldBlocks()]
      for (const list of lists) {
        const block = encoder.encode(list)
        const fields = read.read(block, 0, block.length)
        followed.follow(block, 0, block.length)
        expect(fields.map(({ name, value }) => [name, value])).toEqual(
          decoder.decode(block).map(([name, value]) => [name, value]),
        )
        expect(fields.reduce((sum, { octets }) => sum + octets, 0)).toBeLessThanOrEqual(block.length)
        expect(followed.entries).toEqual(read.entries)
      }
    }),
  )
})
