/** Files of recordings: what is written is read; what was cut is read as far as it goes; all else is an error that says where. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Kind, Recording, RecordingError, Tape } from '../../src/trace/index.ts'
import {
  concat,
  data,
  END_HEADERS,
  END_STREAM,
  headers,
  PREFACE,
  response,
  settings,
  settingsAck,
} from '../support/wire.ts'

function taped(count = 40): Recording {
  const tape = new Tape({}, 1_764_000_000_000)
  const connection = tape.connect('https://a.test', 5)
  tape.sent(connection, concat(PREFACE, settings({ 4: 65_535 })), 6)
  tape.received(connection, concat(settings({ 3: 100 }), settingsAck), 7)
  for (let i = 0; i < count; i++) {
    const stream = i * 2 + 1
    const request = tape.call('GET', 'https://a.test', `/${i}`, 8 + i)
    tape.note(Kind.OPENED, connection, request, stream, 8 + i)
    tape.sent(connection, headers(stream, [[':method', 'GET']], END_STREAM | END_HEADERS), 8 + i)
    tape.received(connection, concat(response(stream, 200), data(stream, 'x'.repeat(100), true)), 8.25 + i)
    tape.note(Kind.SETTLED, 0, request, 0, 8.5 + i)
  }
  return tape.recording()
}

function told(recording: Recording): object {
  return [
    recording.head,
    recording.frames(),
    recording.requests(),
    recording.connections(),
    recording.rebuild(),
  ]
}

it('what is written is read', () => {
  const recording = taped()
  const read = Recording.read(recording.write())
  expect(told(read)).toEqual(told(recording))
  expect(read.cut).toBe(false)
  expect(read.requests()).toHaveLength(40)
  expect(read.requests()[3]).toMatchObject({
    method: 'GET',
    url: 'https://a.test/3',
    status: 200,
    octetsReceived: 100,
  })
})

it('rows of several blocks are read in order', () => {
  const recording = taped(2000)
  const read = Recording.read(recording.write())
  expect(read.length).toBe(recording.length)
  expect([...recording.pieces()].length).toBeGreaterThan(3)
  expect(told(read)).toEqual(told(recording))
})

it('pieces that were written before a crash are a recording', () => {
  const pieces = [...taped(2000).pieces()]
  const whole = Recording.read(concat(...pieces.slice(0, 3)))
  expect(whole.length).toBe(4096)
  expect(whole.cut).toBe(false)
  const cut = Recording.read(concat(...pieces.slice(0, 3), pieces[3]!.subarray(0, 100)))
  expect(cut.length).toBe(4096)
  expect(cut.cut).toBe(true)
})

it('cut anywhere, it is read as far as it goes, or says that there is no head', () => {
  const file = taped(3).write()
  for (let end = 0; end < file.length; end++) {
    try {
      expect(Recording.read(file.subarray(0, end)).cut || end === file.length).toBeDefined()
    } catch (error) {
      expect(error).toBeInstanceOf(RecordingError)
      expect((error as RecordingError).offset).toBeLessThanOrEqual(end)
    }
  }
})

/** Reads whatever it is, and asks for everything that can be asked. */
function tryAll(bytes: Uint8Array): void {
  let recording: Recording
  try {
    recording = Recording.read(bytes)
  } catch (error) {
    expect(error).toBeInstanceOf(RecordingError)
    return
  }
  for (const { request } of recording.stalls()) recording.explain(request)
  recording.toHAR()
  recording.toQlog()
  recording.toChromeTrace()
  recording.rebuild()
  for (const { row } of recording.frames()) recording.fields(row)
}

it('octets that were changed are an error that says where, or still a recording', () => {
  const file = taped(3).write()
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      (changes) => {
        const changed = file.slice()
        for (const [at, octet] of changes) changed[at] = octet
        tryAll(changed)
      },
    ),
    { numRuns: 300 },
  )
})

it('rows that anybody may have made up, with checks that add up, end all the same', () => {
  const row = fc.tuple(
    fc.constantFrom(1, 2, 2, 3, 4, 5, 10, 12, 13, 14, 16, 17, 18, 30, 32, 33, 36, 37, 99),
    fc.nat(16),
    fc.nat(255),
  )
  const numbers = fc.tuple(fc.nat(3), fc.nat(9), fc.oneof(fc.nat(100_000), fc.constant(0xffffffff)))
  fc.assert(
    fc.property(
      fc.array(fc.tuple(row, numbers, fc.uint8Array({ maxLength: 24 })), { maxLength: 60 }),
      (rows) => {
        tryAll(madeUp(rows))
      },
    ),
    { numRuns: 300 },
  )
})

type Row = [
  [kind: number, type: number, flags: number],
  [connection: number, subject: number, value: number],
  Uint8Array,
]

/** A file of these rows. */
function madeUp(rows: readonly Row[]): Uint8Array {
  const int = (value: number): number[] =>
    value < 128 ? [value] : [(value % 128) + 128, ...int(Math.floor(value / 128))]
  const payload = Uint8Array.from([
    ...int(rows.length),
    ...rows.flatMap((_, i) => int(i * 500)),
    ...[0, 1, 2].flatMap((i) => rows.map(([row]) => row[i]!)),
    ...rows.map(([row]) => row[2] & 3),
    ...[0, 1, 2].flatMap((i) => rows.flatMap(([, numbers]) => int(numbers[i]!))),
    ...rows.flatMap(([, , octets]) => int(octets.length)),
    ...rows.flatMap(([, , octets]) => [...octets]),
  ])
  const [mark, head] = [...new Tape().recording().pieces()]
  return concat(mark!, head!, block(0x52, payload))
}

function block(kind: number, payload: Uint8Array): Uint8Array {
  let hash = 0x811c9dc5
  for (const octet of payload) hash = Math.imul(hash ^ octet, 0x01000193)
  const header = new Uint8Array(9)
  header[0] = kind
  new DataView(header.buffer).setUint32(1, payload.length)
  new DataView(header.buffer).setUint32(5, hash >>> 0)
  return concat(header, payload)
}

it('octets that are no file say so at the first that is wrong', () => {
  expect(() => Recording.read(new Uint8Array())).toThrow('no mark of an .h2 file at octet 0')
  expect(() => Recording.read(Uint8Array.of(0x89, 0x68, 1))).toThrow('no mark of an .h2 file at octet 2')
  const later = taped(1).write()
  const text = new TextDecoder().decode(later.subarray(17, 60)).replace('"version":1', '"version":9')
  const [mark] = [...taped(1).pieces()]
  expect(() =>
    Recording.read(concat(mark!, block(0x48, new TextEncoder().encode(`{${text.slice(1, 30)}`)))),
  ).toThrow('a head that is not JSON')
})

it('blocks of kinds that are not known are passed over', () => {
  const [mark, head, ...rows] = [...taped(2).pieces()]
  const read = Recording.read(concat(mark!, head!, block(0x5a, Uint8Array.of(1, 2, 3)), ...rows))
  expect(told(read)).toEqual(told(taped(2)))
})
