/** Frames (RFC 9113 §4, §5.4, §5.5). */
import { expect } from 'vitest'
import { indexed } from '../support/field-blocks.ts'
import {
  ACK,
  CONTINUATION,
  concat,
  DATA,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  GOAWAY,
  HEADERS,
  headers,
  PADDED,
  PING,
  PRIORITY,
  PUSH_PROMISE,
  ping,
  RST_STREAM,
  response,
  SETTINGS,
  settings,
  uint32,
  uint32At,
  WINDOW_UPDATE,
  windowUpdate,
} from '../support/wire.ts'
import { FRAME_SIZE_ERROR, MAX_FRAME_SIZE, NO_ERROR, PROTOCOL_ERROR } from './codes.ts'
import { connectionErrors, ignored, rule } from './rule.ts'

const UNKNOWN = 0xee
const TOO_LONG = new Uint8Array(16_385)
const PRIORITY_FLAG = 0x20
const status200 = indexed(8)

/** Sets the reserved bit of a frame's stream identifier. */
function reserved(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice()
  copy[5]! |= 0x80
  return copy
}

ignored([
  ['B1', 'a frame of unknown type on stream 0', frame(UNKNOWN, 0xff, 0, new Uint8Array(100))],
  ['B1', 'a frame of unknown type on an open stream', frame(UNKNOWN, 0xff, 1, new Uint8Array(100))],
  ['B1', 'a frame of unknown type on an idle stream', frame(UNKNOWN, 0, 99, new Uint8Array(16_384))],
  ['B1', 'an empty frame of the type next to the last known', frame(0x0b, 0, 1)],
])

rule('B1', 'frames of unknown type are counted, and a flood of them ends the connection', (stage) => {
  const peer = stage.ready({ limits: { glitchBurst: 10, glitchesPerSecond: 0 } })
  const waiting = peer.open()
  peer.frames()
  for (let i = 0; i < 10; i++) peer.sends(frame(UNKNOWN, 0, 1))
  expect(peer.closed, 'ten are forgiven').toBe(false)
  peer.sends(frame(UNKNOWN, 0, 1))
  peer.expectConnectionError(0xb)
  expect(waiting.failure).toMatchObject({ errorCode: 0xb })
})

connectionErrors([
  [
    'B2',
    'a frame of unknown type inside a field block',
    concat(frame(HEADERS, 0, 1, status200), frame(UNKNOWN, 0, 1)),
    PROTOCOL_ERROR,
  ],
  [
    'B2',
    'a frame of unknown type on stream 0 inside a field block',
    concat(frame(HEADERS, 0, 1, status200), frame(UNKNOWN, 0, 0)),
    PROTOCOL_ERROR,
  ],
])

rule('B3', 'flags that a type does not define are ignored', (stage) => {
  const peer = stage.ready()
  const request = peer.open()
  peer.frames()
  peer.sends(
    frame(SETTINGS, 0xfe, 0),
    frame(PING, 0xfe, 0, new Uint8Array(8)),
    frame(WINDOW_UPDATE, 0xff, 0, uint32(1)),
    frame(HEADERS, END_HEADERS | 0xd2, 1, status200),
    frame(DATA, 0xf6, 1, Uint8Array.of(0x78)),
    frame(DATA, END_STREAM | 0xf6, 1),
  )
  expect(request).toMatchObject({ status: 200, content: 'x', ended: true })
  expect(peer.frames().map(({ type, flags }) => [type, flags])).toEqual([
    [SETTINGS, ACK],
    [PING, ACK],
  ])
  peer.expectUsable()
})

rule('B4', 'the reserved bit of stream identifiers, increments and GOAWAY is ignored', (stage) => {
  const peer = stage.ready({}, { 4: 0 })
  const request = peer.post()
  request.stream!.write(new Uint8Array(10))
  request.stream!.end()
  peer.frames()
  peer.sends(reserved(settings()), reserved(ping(new Uint8Array(8))))
  expect(peer.frames().map((sent) => sent.type)).toEqual([SETTINGS, PING])
  peer.sends(reserved(frame(WINDOW_UPDATE, 0, 1, uint32(0x8000_000a))))
  expect(peer.frames().map((sent) => [sent.type, sent.payload.length])).toEqual([[DATA, 10]])
  peer.sends(reserved(frame(PRIORITY, 0, 1, concat(uint32(0x8000_0000), Uint8Array.of(1)))))
  peer.sends(reserved(frame(HEADERS, END_HEADERS, 1, status200)), reserved(data(1, 'x')))
  peer.sends(reserved(frame(GOAWAY, 0, 0, concat(uint32(0x8000_0001), uint32(NO_ERROR)))))
  expect(request.failure, 'stream 1 is covered by GOAWAY with last stream 1').toBeUndefined()
  peer.sends(reserved(data(1, 'y', true)))
  expect(request).toMatchObject({ status: 200, content: 'xy', ended: true })
  expect(peer.closedWith).toBeUndefined()
})

rule('B4', 'the reserved bit of a promised stream identifier is ignored', (stage) => {
  const peer = stage.ready({ enablePush: true })
  const request = peer.open()
  peer.frames()
  const promised = concat(uint32(0x8000_0002), Uint8Array.of(0x82, 0x87, 0x84, 0x01, 6), new Uint8Array())
  peer.sends(frame(PUSH_PROMISE, END_HEADERS, 1, concat(promised, Uint8Array.from('a.test', byte))))
  expect(request.pushes.map(({ stream }) => stream.id)).toEqual([2])
  peer.sends(response(2, 200, true), response(1, 200, true))
  expect(request.pushes[0]!.sink).toMatchObject({ status: 200, ended: true })
})

function byte(char: string): number {
  return char.charCodeAt(0)
}

rule('B5', 'no frame has an undefined flag or the reserved bit', (stage) => {
  const peer = stage.ready()
  const upload = peer.post({ fields: ['a', 'b'] })
  const cancelled = peer.open()
  peer.frames()
  upload.stream!.write(new Uint8Array(40_000))
  upload.stream!.reprioritize(1, true)
  upload.stream!.end(['x-checksum', '1'])
  cancelled.stream!.reset(8)
  peer.connection.ping(peer.now)
  peer.sends(ping(new Uint8Array(8)), settings(), response(1, 200), data(1, new Uint8Array(16_384)))
  const types = new Set(peer.frames().map((sent) => sent.type))
  for (const type of [DATA, HEADERS, RST_STREAM, SETTINGS, PING, 0x10]) expect(types).toContain(type)
  peer.sends(data(1, '', true))
  peer.connection.shutdown(NO_ERROR, peer.now)
  expect(peer.framesOf(GOAWAY), 'the validator judges flags and bits of all of these').toHaveLength(1)
})

connectionErrors(
  [DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, UNKNOWN].map(
    (type) => {
      const streamId = [SETTINGS, PING, GOAWAY].includes(type) ? 0 : 3
      const what = `a frame of type ${type} and 16,385 octets`
      return ['B6', what, frame(type, 0, streamId, TOO_LONG), FRAME_SIZE_ERROR] as const
    },
  ),
)

rule('B6', 'a frame that is too long fails by its header, before any of its payload came', (stage) => {
  const peer = stage.ready()
  peer.open()
  peer.frames()
  peer.sends(frame(DATA, 0, 1, TOO_LONG).subarray(0, 9))
  peer.expectConnectionError(FRAME_SIZE_ERROR)
})

connectionErrors([
  ['B6', 'CONTINUATION of 16,385 octets', longContinuation(), FRAME_SIZE_ERROR],
  ['B7', 'HEADERS with PADDED and no octet', frame(HEADERS, PADDED | END_HEADERS, 1), FRAME_SIZE_ERROR],
  [
    'B7',
    'HEADERS with priority fields cut short',
    frame(HEADERS, PRIORITY_FLAG | END_HEADERS, 1, new Uint8Array(4)),
    FRAME_SIZE_ERROR,
  ],
  [
    'B7',
    'HEADERS with PADDED and priority fields cut short',
    frame(HEADERS, PADDED | PRIORITY_FLAG | END_HEADERS, 1, new Uint8Array(5)),
    FRAME_SIZE_ERROR,
  ],
  ['B7', 'DATA with PADDED and no octet', frame(DATA, PADDED, 3), FRAME_SIZE_ERROR],
  [
    'B7',
    'PUSH_PROMISE of 3 octets',
    frame(PUSH_PROMISE, END_HEADERS, 1, new Uint8Array(3)),
    FRAME_SIZE_ERROR,
  ],
  ['B7', 'GOAWAY of 7 octets', frame(GOAWAY, 0, 0, new Uint8Array(7)), FRAME_SIZE_ERROR],
])

function longContinuation(): Uint8Array {
  return concat(frame(HEADERS, 0, 1, status200), frame(CONTINUATION, END_HEADERS, 1, TOO_LONG))
}

rule('B8', 'frames of exactly 16,384 octets are taken', (stage) => {
  const peer = stage.ready()
  const request = peer.open()
  peer.frames()
  const long: [string, string][] = [
    [':status', '200'],
    ['x-long', 'v'.repeat(16_384 - 24)],
  ]
  const block = headers(1, long)
  expect(block.length).toBe(9 + 16_384)
  peer.sends(block, data(1, new Uint8Array(16_384)), data(1, '', true))
  expect(request).toMatchObject({ status: 200, received: 16_384, ended: true })
})

rule('B8', 'a larger frame is taken up to the size that we announced', (stage) => {
  const peer = stage.ready({ settings: { maxFrameSize: 20_000 } })
  const request = peer.open()
  peer.frames()
  peer.sends(response(1, 200), data(1, new Uint8Array(20_000)))
  expect(request.received).toBe(20_000)
  peer.sends(frame(DATA, 0, 1, new Uint8Array(20_001)))
  peer.expectConnectionError(FRAME_SIZE_ERROR)
})

for (const announced of [undefined, 16_384, 65_536]) {
  rule(
    'B9',
    `no frame is longer than the peer allows (MAX_FRAME_SIZE ${announced ?? 'unknown'})`,
    (stage) => {
      const peer = announced === undefined ? stage.silent() : stage.ready({}, { [MAX_FRAME_SIZE]: announced })
      const request = peer.post({ fields: ['x-long', '~'.repeat(40_000)] })
      request.stream!.write(new Uint8Array(50_000))
      request.stream!.end(['x-sum', '~'.repeat(70_000)])
      const limit = announced ?? 16_384
      const sent = peer.frames().filter((each) => each.streamId === 1)
      const types = sent.map((each) => each.type)
      expect(Math.max(...sent.map((each) => each.payload.length))).toBeLessThanOrEqual(limit)
      expect(types.slice(0, 2)).toEqual(limit > 60_000 ? [HEADERS, DATA] : [HEADERS, CONTINUATION])
      expect(types.slice(-2), 'trailers').toEqual(
        limit > 60_000 ? [HEADERS, CONTINUATION] : [CONTINUATION, CONTINUATION],
      )
      const content = sent.filter((each) => each.type === DATA)
      expect(content.reduce((sum, each) => sum + each.payload.length, 0)).toBe(50_000)
    },
  )
}

rule('B10', 'frames behind the acknowledgement of a smaller MAX_FRAME_SIZE keep to it', (stage) => {
  const peer = stage.ready({}, { [MAX_FRAME_SIZE]: 1_048_576, 4: 1_000_000 })
  const first = peer.post({ fields: ['x-long', '~'.repeat(40_000)] })
  expect(peer.framesOf(HEADERS).map((sent) => sent.payload.length > 16_384)).toEqual([true])
  first.stream!.write(new Uint8Array(60_000))
  peer.open({ fields: ['x-longer', '~'.repeat(41_000)] })
  peer.sends(settings({ [MAX_FRAME_SIZE]: 16_384 }))
  const sent = peer.frames()
  expect(sent[0]).toMatchObject({ type: SETTINGS, flags: ACK })
  expect(sent.some((each) => each.type === CONTINUATION)).toBe(true)
  expect(Math.max(...sent.map((each) => each.payload.length))).toBe(16_384)
})

rule('B11', 'of several errors in one frame one is reported, and it is that of the connection', (stage) => {
  const peer = stage.ready()
  peer.open()
  peer.frames()
  // PRIORITY of a wrong length would be an error of its stream; stream 0 makes it one of the connection.
  peer.sends(frame(PRIORITY, 0, 0, new Uint8Array(4)), windowUpdate(0, 0))
  peer.expectConnectionError(PROTOCOL_ERROR)
})

rule('B11', 'DATA that overruns both windows is the error of the connection', (stage) => {
  const limits = { connectionWindowSize: 65_535 }
  const peer = stage.ready({ limits, settings: { initialWindowSize: 65_535 } })
  const request = peer.open()
  request.hold = true
  peer.frames()
  const full = data(1, new Uint8Array(16_384))
  peer.sends(response(1, 200), full, full, full, full)
  const goaways = peer.framesOf(GOAWAY)
  expect(goaways.map((sent) => uint32At(sent.payload, 4))).toEqual([3])
  expect(request.failure).toMatchObject({ scope: 'connection', errorCode: 3 })
})
