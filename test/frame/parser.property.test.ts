import fc from 'fast-check'
import { expect, it } from 'vitest'
import { OutputBuffer } from '../../src/bytes.ts'
import { errorName } from '../../src/frame/index.ts'
import {
  writeData,
  writeFrame,
  writeGoaway,
  writeHeaders,
  writePing,
  writePriorityUpdate,
  writePushPromise,
  writeRstStream,
  writeSettings,
  writeSettingsAck,
  writeWindowUpdate,
} from '../../src/frame/serializer.ts'
import { hexOf, parse } from './recording-sink.ts'

const options = fc.record({ maxFrameSize: fc.integer({ min: 0, max: 64 }), expectSettings: fc.boolean() })

/** Cuts bytes at the given places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...at].map((from, i) => bytes.subarray(from, at[i] ?? bytes.length))
}
const places = fc.array(fc.nat(2000), { maxLength: 12 })

/** Frames of any type, mostly valid in some respects and seldom in all. */
const anyFrames = fc
  .array(
    fc.record({
      type: fc.oneof(fc.integer({ min: 0, max: 0x12 }), fc.nat(255)),
      flags: fc.oneof(fc.constantFrom(0, 1, 4, 5, 8, 0xc, 0x2c), fc.nat(255)),
      streamId: fc.oneof(fc.constantFrom(0, 1, 1, 3), fc.nat(0xffffffff)),
      payload: fc.oneof(
        fc.uint8Array({ maxLength: 20 }),
        fc.constantFrom(0, 4, 5, 6, 8).chain((n) => fc.uint8Array({ minLength: n, maxLength: n, max: 3 })),
      ),
    }),
    { maxLength: 12 },
  )
  .map((frames) => {
    const out = new OutputBuffer()
    for (const { type, flags, streamId, payload } of frames) writeFrame(out, type, flags, streamId, payload)
    return out.take()
  })

it('is total on any octets, and chunks make no difference', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), places, options, (bytes, at, limits) => {
      expect(parse(cut(bytes, at), limits)).toEqual(parse([bytes], limits))
    }),
    { numRuns: 500 },
  )
})

it('is total on any sequence of frames, and chunks make no difference', () => {
  fc.assert(
    fc.property(anyFrames, places, options, (bytes, at, limits) => {
      const calls = parse([bytes], limits)
      expect(calls.filter((call) => call.startsWith('connectionError')).length).toBeLessThanOrEqual(1)
      expect(parse(cut(bytes, at), limits)).toEqual(calls)
    }),
    { numRuns: 1000 },
  )
})

interface Written {
  readonly write: (out: OutputBuffer) => void
  readonly calls: readonly string[]
}

const id = fc.integer({ min: 1, max: 0x7fffffff })
const code = fc.nat(0xffffffff)
const bytes = fc.uint8Array({ maxLength: 40 })

/** Every function of the serializer with any arguments, and the calls that must come of it. */
const written: fc.Arbitrary<Written> = fc.oneof(
  fc.tuple(id, bytes, fc.boolean()).map(([stream, data, end]) => ({
    write: (out: OutputBuffer) => writeData(out, stream, data, 0, data.length, end),
    calls: [
      `dataStart ${stream} ${data.length} 0`,
      `data ${stream} ${hexOf(data)}${end ? ' END_STREAM' : ''}`,
    ],
  })),
  fc.tuple(id, bytes, fc.boolean()).map(([stream, block, end]) => ({
    write: (out: OutputBuffer) => writeHeaders(out, stream, block, end, 16_384),
    calls: [`headers ${stream} ${hexOf(block)}${end ? ' END_STREAM' : ''} END_HEADERS`],
  })),
  fc.tuple(id, id, bytes).map(([stream, promised, block]) => ({
    write: (out: OutputBuffer) => writePushPromise(out, stream, promised, block),
    calls: [`pushPromise ${stream} ${promised} ${hexOf(block)} END_HEADERS`],
  })),
  fc.tuple(id, code).map(([stream, error]) => ({
    write: (out: OutputBuffer) => writeRstStream(out, stream, error),
    calls: [`rstStream ${stream} ${errorName(error)}`],
  })),
  fc.array(fc.tuple(fc.nat(0xffff), code), { maxLength: 8 }).map((entries) => ({
    write: (out: OutputBuffer) => writeSettings(out, entries),
    calls: [`settings ${entries.map(([key, value]) => digits(key, 4) + digits(value, 8)).join('')}`],
  })),
  fc.constant({ write: writeSettingsAck, calls: ['settingsAck'] }),
  fc.tuple(fc.boolean(), fc.uint8Array({ minLength: 8, maxLength: 8 })).map(([ack, data]) => ({
    write: (out: OutputBuffer) => writePing(out, ack, data),
    calls: [`ping ${hexOf(data)}${ack ? ' ACK' : ''}`],
  })),
  fc.tuple(fc.nat(0x7fffffff), code, bytes).map(([last, error, debug]) => ({
    write: (out: OutputBuffer) => writeGoaway(out, last, error, debug),
    calls: [`goaway ${last} ${errorName(error)} ${hexOf(debug)}`],
  })),
  fc.tuple(fc.nat(0x7fffffff), id).map(([stream, increment]) => ({
    write: (out: OutputBuffer) => writeWindowUpdate(out, stream, increment),
    calls: [`windowUpdate ${stream} ${increment}`],
  })),
  id.map((stream) => ({
    write: (out: OutputBuffer) => writePriorityUpdate(out, stream, 'u=7'),
    calls: [`priorityUpdate 0 ${digits(stream, 8)}753d37`],
  })),
)

function digits(value: number, count: number): string {
  return value.toString(16).padStart(count, '0')
}

it('reads what the serializer writes', () => {
  fc.assert(
    fc.property(fc.array(written, { maxLength: 15 }), places, (frames, at) => {
      const out = new OutputBuffer(1)
      for (const frame of frames) frame.write(out)
      expect(parse(cut(out.take(), at))).toEqual(frames.flatMap((frame) => frame.calls))
    }),
    { numRuns: 300 },
  )
})
