/**
 * Each limit as it is if nobody says otherwise, and as an option: so much is
 * borne, and one more is not. What the limits are for stands in
 * `docs/robustness.md`.
 */
import { describe, expect, test } from 'vitest'
import type { ConnectionOptions } from '../../src/protocol/index.ts'
import { EnginePair, type RecordingSink } from '../support/engine.ts'
import {
  block,
  CONTINUATION,
  concat,
  data,
  END_HEADERS,
  frame,
  headers,
  paddedData,
  ping,
  response,
  SETTINGS,
  windowUpdate,
} from '../support/wire.ts'

const ENHANCE_YOUR_CALM = 0xb
const PROTOCOL_ERROR = 0x1

interface Case {
  readonly what: string
  /** The most that is borne. */
  readonly most: number
  readonly options?: ConnectionOptions
  /** Requests to open first. */
  readonly requests?: number
  /** What the peer sends, with `count` of the thing in it. */
  readonly send: (count: number) => Uint8Array
  /** True if only the first request ends by it. */
  readonly stream?: boolean
}

const fields = (count: number): [string, string][] => new Array(count).fill(['x', ''])
const repeat = (count: number, make: (i: number) => Uint8Array) =>
  concat(...Array.from({ length: count }, (_, i) => make(i)))
const early = headers(1, [[':status', '103']])
const entries = (count: number) =>
  frame(
    SETTINGS,
    0,
    0,
    repeat(count, () => Uint8Array.of(0, 3, 0, 0, 1, 0)),
  )
const withContinuations = (count: number) =>
  concat(
    headers(1, [[':status', '200']], 0),
    repeat(count, () => frame(CONTINUATION, 0, 1)),
  )

const CASES: readonly Case[] = [
  {
    what: 'CONTINUATION frames in one field block (RFC 9113 §10.5.1)',
    most: 8,
    send: withContinuations,
  },
  {
    what: 'informational responses to one request (RFC 9110 §15.2)',
    most: 8,
    stream: true,
    send: (count) => repeat(count, () => early),
  },
  {
    what: 'informational responses, limits.maxInformational 2 (RFC 9110 §15.2)',
    most: 2,
    stream: true,
    options: { limits: { maxInformational: 2 } },
    send: (count) => repeat(count, () => early),
  },
  { what: 'entries in one SETTINGS frame (RFC 9113 §10.5)', most: 32, send: entries },
  {
    what: 'entries in one SETTINGS frame, limits.maxSettingsEntries 3 (RFC 9113 §10.5)',
    most: 3,
    options: { limits: { maxSettingsEntries: 3 } },
    send: entries,
  },
  {
    what: 'fields in one field section, the status among them (RFC 9113 §10.5.1)',
    most: 256,
    stream: true,
    send: (count) => headers(1, [[':status', '200'], ...fields(count - 1)]),
  },
  {
    what: 'answers that wait for the transport (RFC 9113 §10.5)',
    most: 1000,
    send: (count) => repeat(count, () => ping(new Uint8Array(8))),
  },
  {
    what: 'frames of unknown types (RFC 9113 §10.5)',
    most: 1000,
    send: (count) => repeat(count, () => frame(0xee, 0, 0)),
  },
  {
    what: 'empty DATA frames, 16 of them for the response (RFC 9113 §10.5)',
    most: 116,
    send: (count) =>
      concat(
        response(1, 200),
        repeat(count, () => data(1, '')),
      ),
  },
  {
    what: 'DATA frames of padding alone, 16 of them for the response (RFC 9113 §10.5)',
    most: 1016,
    send: (count) =>
      concat(
        response(1, 200),
        repeat(count, () => paddedData(1, '', 5)),
      ),
  },
  {
    what: 'DATA frames for a response that is complete, 16 of them for it, and one that is answered (RFC 9113 §10.5)',
    most: 1017,
    send: (count) =>
      concat(
        response(1, 200, true),
        repeat(count, () => data(1, 'x')),
      ),
  },
  {
    what: 'WINDOW_UPDATEs that nothing explains, 8 of them for each of two requests (RFC 9113 §10.5)',
    most: 1016,
    send: (count) => repeat(count, (i) => windowUpdate(i % 2, 1)),
  },
  {
    what: 'stream errors (RFC 9113 §10.5)',
    most: 200,
    requests: 201,
    options: { limits: { maxConcurrentStreams: 1000 } },
    send: (count) => repeat(count, (i) => windowUpdate(2 * i + 1, 0)),
  },
]

function play({ options, requests = 2, send }: Case, count: number): [EnginePair, RecordingSink] {
  const pair = EnginePair.ready(options)
  const first = pair.open()
  for (let i = 1; i < requests; i++) pair.open()
  pair.frames()
  pair.receive(send(count))
  return [pair, first]
}

describe('the most that is borne', () => {
  test.each(CASES.map((one) => [one.most, one.what, one] as const))('%i %s', (_most, _what, one) => {
    const [pair, request] = play(one, one.most)
    expect(pair.closed).toBe(false)
    if (one.stream) expect(request.failure).toBeUndefined()
    const [past, first] = play(one, one.most + 1)
    if (one.stream) expect(first.failure).toMatchObject({ scope: 'stream', errorCode: PROTOCOL_ERROR })
    else expect(past.closedWith).toMatchObject({ scope: 'connection', errorCode: ENHANCE_YOUR_CALM })
    expect(past.closed).toBe(one.stream !== true)
  })

  test('262,144 octets of a field block as encoded (RFC 9113 §10.5.1)', () => {
    const size = 262_144
    const spread = (length: number) => {
      const value = 'v'.repeat(16_000)
      const most = block([[':status', '200'], ...new Array(15).fill(['x', value])])
      const rest = length - most.length
      const empty = block([['x', 'v'.repeat(20_000)]]).length - 20_000
      const bytes = concat(most, block([['x', 'v'.repeat(rest - empty)]]))
      expect(bytes.length).toBe(length)
      return bytes
    }
    const options = { settings: { maxFrameSize: 65_536, maxHeaderListSize: 1_000_000 } }
    for (const [length, fits] of [
      [size, true],
      [size + 1, false],
    ] as const) {
      const pair = EnginePair.ready(options)
      const request = pair.open()
      pair.frames()
      const bytes = spread(length)
      const part = (i: number) => bytes.subarray(i * 65_000, i === 4 ? length : (i + 1) * 65_000)
      const rest = [1, 2, 3, 4].map((i) => frame(CONTINUATION, i === 4 ? END_HEADERS : 0, 1, part(i)))
      pair.receive(frame(0x1, 0, 1, part(0)), ...rest)
      expect(request.status).toBe(fits ? 200 : 0)
      // Not COMPRESSION_ERROR: what is too long is not looked at.
      if (!fits) expect(pair.closedWith).toMatchObject({ errorCode: ENHANCE_YOUR_CALM })
    }
  })
})
