/** What a recording shows of fields: names and lengths, unless every value was asked for. */
import { expect, it } from 'vitest'
import { Encoder } from '../../src/hpack/index.ts'
import { Recording, Tape, type TapeOptions } from '../../src/trace/index.ts'
import {
  concat,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  HEADERS,
  latin1,
  PREFACE,
  settings,
} from '../support/wire.ts'

const SECRETS = [
  's3cret-token',
  'cookie-of-mine',
  'session-of-theirs',
  'hidden-in-a-query',
  'plain-value',
  'user:pass',
]

/** A request and its response, twice, so that the second comes from the tables. */
function taped(options: TapeOptions): Recording {
  const tape = new Tape(options)
  const connection = tape.connect('https://a.test', 0)
  const [ours, theirs] = [new Encoder(), new Encoder()]
  tape.sent(connection, concat(PREFACE, settings()), 0)
  tape.received(connection, settings(), 0)
  for (const stream of [1, 3]) {
    tape.call('GET', 'https://user:pass@a.test', '/path?key=hidden-in-a-query#and-more', 1)
    const request = ours.encode([
      [':method', 'GET'],
      [':scheme', 'https'],
      [':authority', 'a.test'],
      [':path', '/path?key=hidden-in-a-query'],
      ['authorization', 's3cret-token'],
      ['cookie', 'cookie-of-mine; and-more-that-is-long-enough'],
      ['x-plain', 'plain-value'],
    ])
    tape.sent(connection, frame(HEADERS, END_HEADERS | END_STREAM, stream, request), 1)
    const response = theirs.encode([
      [':status', '200'],
      ['content-type', 'text/plain'],
      ['set-cookie', 'session-of-theirs'],
      ['x-plain', 'plain-value'],
    ])
    tape.received(connection, frame(HEADERS, END_HEADERS, stream, response), 2)
    tape.received(connection, data(stream, 'the content', true), 3)
  }
  return tape.recording()
}

function text(recording: Recording): string {
  const read = Recording.read(recording.write())
  return [
    Buffer.from(recording.write()).toString('latin1'),
    JSON.stringify([read.requests(), read.frames(), read.rebuild(), read.toHAR(), read.toChromeTrace()]),
    read.toQlog(),
  ].join()
}

it('by default no value is held but the few that say how HTTP went', () => {
  const recording = taped({})
  const all = text(recording)
  for (const secret of SECRETS) expect(all, secret).not.toContain(secret)
  expect(recording.head.fields).toBe('names')
  const told = recording.requests().find(({ status }) => status === 200)!
  expect(told.fields).toContainEqual([':path', `/path?${'*'.repeat(21)}`])
  expect(told.fields).toContainEqual(['authorization', '*'.repeat(12)])
  expect(told.responseFields).toEqual([
    [':status', '200'],
    ['content-type', 'text/plain'],
    ['set-cookie', '*'.repeat(17)],
    ['x-plain', '*'.repeat(11)],
  ])
  expect(recording.toHAR().log.comment).toContain('hidden')
})

it('the tables have the same entries, of the same sizes, whatever is shown of them', () => {
  const [hidden, shown] = [taped({}).rebuild(), taped({ fields: 'all' }).rebuild()]
  for (const table of ['sendTable', 'recvTable'] as const) {
    expect(hidden[table].size).toBe(shown[table].size)
    expect(hidden[table].entries.map(([name]) => name)).toEqual(shown[table].entries.map(([name]) => name))
  }
})

it('every value is held if that was asked for, but for those that no hop may index', () => {
  const all = text(taped({ fields: 'all' }))
  for (const secret of ['cookie-of-mine', 'session-of-theirs', 'plain-value', 'hidden-in-a-query']) {
    expect(all).toContain(secret)
  }
  expect(all).not.toContain('s3cret-token')
})

it('no field at all is held if none was asked for', () => {
  const recording = taped({ fields: 'none' })
  for (const word of [...SECRETS, 'x-plain', 'text/plain']) expect(text(recording)).not.toContain(word)
  expect(recording.rebuild().recvTable.fault).toBe('a field block was not recorded')
  expect(recording.requests().map(({ method }) => method)).toContain('GET')
})

it('content is held only if that was asked for, up to so many octets', () => {
  expect(text(taped({}))).not.toContain('the content')
  const content = (options: TapeOptions) =>
    taped(options)
      .requests()
      .find(({ status }) => status === 200)!.content
  expect(content({ bodies: true })).toEqual(latin1('the content'))
  expect(content({ bodies: 3 })).toEqual(latin1('the'))
})

it('a base that a tape keeps of what it dropped hides what the rest hides', () => {
  const tape = new Tape({ maxBytes: 65_536 })
  const connection = tape.connect('https://a.test', 0)
  const encoder = new Encoder()
  tape.sent(connection, concat(PREFACE, settings()), 0)
  const block = encoder.encode([
    [':method', 'GET'],
    ['x-token', 's3cret-token'],
  ])
  tape.sent(connection, frame(HEADERS, END_HEADERS | END_STREAM, 1, block), 1)
  for (let i = 0; i < 3000; i++) tape.note(37, connection, 0, 1, 2)
  const recording = tape.recording()
  expect(recording.rebuild().sendTable.entries).toEqual([['x-token', '*'.repeat(12)]])
  expect(text(recording)).not.toContain('s3cret-token')
})

it('options that mean nothing are refused', () => {
  expect(() => new Tape({ maxBytes: 1 })).toThrow(RangeError)
  expect(() => new Tape({ fields: 'some' as never })).toThrow(TypeError)
  expect(() => new Tape({ bodies: -1 })).toThrow(RangeError)
})
