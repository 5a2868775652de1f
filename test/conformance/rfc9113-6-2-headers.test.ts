/** HEADERS and CONTINUATION (RFC 9113 §6.2, §6.10, §4.3, §10.5.1). */
import { expect } from 'vitest'
import { incremental, indexed, withoutIndexing } from '../support/field-blocks.ts'
import {
  CONTINUATION,
  concat,
  DATA,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  GOAWAY,
  goaway,
  HEADERS,
  headers,
  PADDED,
  PING,
  PRIORITY,
  PUSH_PROMISE,
  ping,
  RST_STREAM,
  response,
  rstStream,
  settings,
  uint32,
  windowUpdate,
} from '../support/wire.ts'
import { CANCEL, ENHANCE_YOUR_CALM, MAX_HEADER_LIST_SIZE, PROTOCOL_ERROR, STREAM_CLOSED } from './codes.ts'
import { resets } from './peer.ts'
import { connectionErrors, rule } from './rule.ts'

const PRIORITY_FLAG = 0x20
const status200 = indexed(8)

connectionErrors([
  ['E1', 'HEADERS on stream 0', response(0, 200), PROTOCOL_ERROR],
  [
    'E2',
    'padding longer than the rest of HEADERS',
    frame(HEADERS, PADDED | END_HEADERS, 1, Uint8Array.of(2, 0x88)),
    PROTOCOL_ERROR,
  ],
  [
    'E2',
    'padding that reaches into the priority fields',
    frame(HEADERS, PADDED | PRIORITY_FLAG | END_HEADERS, 1, Uint8Array.of(2, 0, 0, 0, 0, 0, 0x88)),
    PROTOCOL_ERROR,
  ],
])

rule('E2', 'padding may fill all that the field block leaves', (stage) => {
  const peer = stage.ready()
  const request = peer.open()
  peer.frames()
  const payload = concat(Uint8Array.of(200, 0, 0, 0, 0, 0), status200, new Uint8Array(200))
  peer.sends(frame(HEADERS, PADDED | PRIORITY_FLAG | END_HEADERS | END_STREAM, 1, payload))
  expect(request).toMatchObject({ status: 200, ended: true })
})

rule('E3', 'the priority fields of HEADERS are skipped, a dependence on itself included', (stage) => {
  const peer = stage.ready()
  const request = peer.open()
  peer.frames()
  const payload = concat(uint32(0x8000_0001), Uint8Array.of(255), status200)
  peer.sends(frame(HEADERS, PRIORITY_FLAG | END_HEADERS | END_STREAM, 1, payload))
  expect(request).toMatchObject({ status: 200, ended: true })
  expect(peer.frames()).toEqual([])
})

const begun = frame(HEADERS, 0, 1, status200)
const interim = frame(HEADERS, 0, 1, withoutIndexing(8, '103'))
for (const [name, bytes] of [
  ['PING', ping(new Uint8Array(8))],
  ['SETTINGS', settings()],
  ['DATA on the same stream', data(1, 'x')],
  ['HEADERS on the same stream', response(1, 200)],
  ['HEADERS on another stream', response(3, 200)],
  ['PRIORITY', frame(PRIORITY, 0, 1, new Uint8Array(5))],
  ['RST_STREAM on the same stream', rstStream(1, CANCEL)],
  ['WINDOW_UPDATE on stream 0', windowUpdate(0, 1)],
  ['GOAWAY', goaway(0, 0)],
  ['PUSH_PROMISE', frame(PUSH_PROMISE, END_HEADERS, 1, uint32(2))],
] as const) {
  connectionErrors([['E4', `${name} inside a field block`, concat(begun, bytes), PROTOCOL_ERROR]])
}

connectionErrors([
  ['E5', 'CONTINUATION on stream 0', frame(CONTINUATION, END_HEADERS, 0), PROTOCOL_ERROR],
  [
    'E5',
    'CONTINUATION on stream 0 inside a field block',
    concat(begun, frame(CONTINUATION, END_HEADERS, 0)),
    PROTOCOL_ERROR,
  ],
  [
    'E6',
    'CONTINUATION without a field block',
    frame(CONTINUATION, END_HEADERS, 1, status200),
    PROTOCOL_ERROR,
  ],
  [
    'E6',
    'CONTINUATION behind END_HEADERS',
    concat(headers(1, [[':status', '103']]), frame(CONTINUATION, END_HEADERS, 1)),
    PROTOCOL_ERROR,
    'yes',
  ],
  [
    'E6',
    'CONTINUATION behind the last CONTINUATION',
    concat(interim, frame(CONTINUATION, END_HEADERS, 1), frame(CONTINUATION, END_HEADERS, 1)),
    PROTOCOL_ERROR,
    'yes',
  ],
  [
    'E7',
    'CONTINUATION on another stream',
    concat(begun, frame(CONTINUATION, END_HEADERS, 3)),
    PROTOCOL_ERROR,
  ],
])

rule('E8', 'END_STREAM on HEADERS takes effect behind the last CONTINUATION', (stage) => {
  const peer = stage.ready()
  const request = peer.open()
  peer.frames()
  const rest = withoutIndexing('x-a', 'b')
  peer.sends(frame(HEADERS, END_STREAM, 1, status200), frame(CONTINUATION, 0, 1, rest.subarray(0, 2)))
  expect(request.calls, 'nothing before the block is whole').toEqual(['opened 1'])
  expect(peer.connection.openStreams).toBe(1)
  peer.sends(frame(CONTINUATION, END_HEADERS, 1, rest.subarray(2)))
  expect(request.calls).toEqual(['opened 1', 'response 200 end', 'end'])
  expect(request.fields).toEqual(['x-a', 'b'])
  expect(peer.connection.openStreams).toBe(0)
})

rule('E8', 'END_STREAM on a CONTINUATION means nothing', (stage) => {
  const peer = stage.ready()
  const request = peer.open()
  peer.frames()
  peer.sends(begun, frame(CONTINUATION, END_HEADERS | END_STREAM, 1))
  expect(request.calls).toEqual(['opened 1', 'response 200'])
  peer.sends(data(1, '', true))
  expect(request.ended).toBe(true)
})

const shared = concat(status200, incremental('x-shared', 'kept'))
rule('E9', 'the field block for a closed stream is decoded', (stage) => {
  const peer = stage.ready()
  peer.open()
  const next = peer.open()
  peer.frames()
  peer.sends(response(1, 200, true), frame(HEADERS, END_HEADERS, 1, shared))
  expect(resets(peer.frames())).toEqual([[1, STREAM_CLOSED]])
  peer.sends(frame(HEADERS, END_HEADERS | END_STREAM, 3, concat(status200, indexed(62))))
  expect(next.fields).toEqual(['x-shared', 'kept'])
})

rule('E9', 'the field block of a response that is refused for its size is decoded to its end', (stage) => {
  const peer = stage.ready({ settings: { maxHeaderListSize: 200 } })
  const request = peer.open()
  const next = peer.open()
  peer.frames()
  const long = concat(status200, withoutIndexing('x-long', 'v'.repeat(200)), incremental('x-shared', 'kept'))
  peer.sends(frame(HEADERS, END_HEADERS, 1, long))
  expect(request.failure).toMatchObject({ scope: 'stream', kind: 'HEADER_LIST_TOO_LARGE' })
  peer.sends(frame(HEADERS, END_HEADERS | END_STREAM, 3, concat(status200, indexed(62))))
  expect(next.fields).toEqual(['x-shared', 'kept'])
})

/** A response with fields that come to this size as RFC 9113 §6.5.2 counts it. */
function ofSize(streamId: number, size: number): Uint8Array {
  const value = 'v'.repeat(size - (7 + 3 + 32) - (1 + 32))
  const block = concat(status200, withoutIndexing('x', value))
  const frames: Uint8Array[] = []
  for (let at = 0; at < block.length; at += 16_384) {
    const last = at + 16_384 >= block.length ? END_HEADERS : 0
    const type = at === 0 ? HEADERS : CONTINUATION
    frames.push(frame(type, last | (at === 0 ? END_STREAM : 0), streamId, block.slice(at, at + 16_384)))
  }
  return concat(...frames)
}

rule('E10', 'a field section of exactly our MAX_HEADER_LIST_SIZE is taken, an octet more is not', (stage) => {
  const peer = stage.ready({ settings: { maxHeaderListSize: 1000 } })
  const [fits, exceeds] = [peer.open(), peer.open()]
  peer.frames()
  peer.sends(ofSize(1, 1000), ofSize(3, 1001))
  expect(fits).toMatchObject({ status: 200, ended: true })
  peer.expectStreamError(exceeds, 3, PROTOCOL_ERROR)
  expect(exceeds.failure).toMatchObject({ kind: 'HEADER_LIST_TOO_LARGE' })
})

rule('E10', 'a field section far above the limit ends the connection', (stage) => {
  const peer = stage.ready({ settings: { maxHeaderListSize: 1000 } })
  peer.open()
  peer.frames()
  peer.sends(ofSize(1, 4001))
  peer.expectConnectionError(ENHANCE_YOUR_CALM)
})

rule('E10', 'so does a field block whose octets alone pass the limit', (stage) => {
  const peer = stage.ready({ limits: { maxFieldBlockSize: 20_000 } })
  peer.open()
  peer.frames()
  peer.sends(frame(HEADERS, 0, 1, new Uint8Array(16_384)), frame(CONTINUATION, 0, 1, new Uint8Array(3617)))
  peer.expectConnectionError(ENHANCE_YOUR_CALM)
})

rule('E10', 'the number of fields is limited as well as their octets', (stage) => {
  const peer = stage.ready({ limits: { maxHeaderFields: 5 } })
  const [fits, exceeds] = [peer.open(), peer.open()]
  peer.frames()
  const fields = (count: number) => concat(status200, ...new Array(count).fill(withoutIndexing('x', '')))
  peer.sends(frame(HEADERS, END_HEADERS | END_STREAM, 1, fields(4)))
  peer.sends(frame(HEADERS, END_HEADERS | END_STREAM, 3, fields(5)))
  expect(fits.ended).toBe(true)
  peer.expectStreamError(exceeds, 3, PROTOCOL_ERROR)
})

for (const [name, fragment] of [
  ['', withoutIndexing('x', 'y')],
  ['without an octet ', new Uint8Array()],
] as const) {
  rule('E11', `CONTINUATION frames ${name}are taken up to a number, then end the connection`, (stage) => {
    const peer = stage.ready({ limits: { maxContinuationFrames: 8 } })
    const request = peer.open()
    peer.open()
    peer.frames()
    const eight = (streamId: number) =>
      Array.from({ length: 8 }, (_, i) => frame(CONTINUATION, i === 7 ? END_HEADERS : 0, streamId, fragment))
    peer.sends(frame(HEADERS, END_STREAM, 1, status200), ...eight(1))
    expect(request).toMatchObject({ status: 200, ended: true })
    peer.sends(frame(HEADERS, END_STREAM, 3, status200), ...eight(3).slice(0, 7))
    peer.sends(frame(CONTINUATION, 0, 3, fragment))
    expect(peer.closed).toBe(false)
    peer.sends(frame(CONTINUATION, 0, 3, fragment))
    peer.expectConnectionError(ENHANCE_YOUR_CALM)
  })
}

rule('E12', 'a request above the MAX_HEADER_LIST_SIZE of the peer fails here and is not sent', (stage) => {
  // :method GET, :scheme https, :authority a.test, :path / and 32 for each of them.
  const base = 10 + 12 + 16 + 6 + 4 * 32
  const peer = stage.ready({}, { [MAX_HEADER_LIST_SIZE]: base + 40 })
  const exceeds = peer.open({ fields: ['name', 'vvvvv'] })
  expect(exceeds.failure ?? peer.frames()).toEqual([])
  expect(exceeds.failure).toMatchObject({ scope: 'stream', kind: 'HEADER_LIST_TOO_LARGE', processed: 'no' })
  const fits = peer.open({ fields: ['name', 'vvvv'] })
  expect(peer.framesOf(HEADERS).map((sent) => sent.streamId)).toEqual([1])
  expect(fits.failure).toBeUndefined()
  peer.expectUsable()
})

rule('E13', 'HEADERS and its CONTINUATIONs stand together, whatever else there is to send', (stage) => {
  const peer = stage.ready()
  const upload = peer.post()
  upload.stream!.write(new Uint8Array(30_000))
  const long = peer.open({ fields: ['x-long', '~'.repeat(60_000)] })
  peer.connection.ping(peer.now)
  peer.sends(ping(new Uint8Array(8)), settings())
  const sent = peer.frames()
  long.stream!.reset(CANCEL)
  const at = sent.findIndex((each) => each.type === HEADERS && each.streamId === 3)
  const block = sent.slice(at, at + 4)
  expect(block.map((each) => [each.type, each.streamId])).toEqual([
    [HEADERS, 3],
    [CONTINUATION, 3],
    [CONTINUATION, 3],
    [CONTINUATION, 3],
  ])
  expect(block.map((each) => (each.flags & END_HEADERS) !== 0)).toEqual([false, false, false, true])
  expect([PING, DATA].every((type) => sent.some((each) => each.type === type))).toBe(true)
  expect(peer.frames().map((each) => each.type)).toContain(RST_STREAM)
})

rule('E13', 'a cancellation in the middle of a field block waits for its end', (stage) => {
  const peer = stage.ready()
  const long = peer.open({ fields: ['x-long', '~'.repeat(60_000)] })
  // Part of the block is handed out, then the request is cancelled and a PING comes.
  const first = peer.connection.pull(20_000)!
  peer.validator.clientSent(first)
  long.stream!.reset(CANCEL)
  peer.sends(ping(new Uint8Array(8)))
  for (let out = peer.connection.pull(7000); out; out = peer.connection.pull(7000)) {
    peer.validator.clientSent(out)
  }
  expect(peer.validator.faults).toEqual([])
  peer.validator.finish()
  expect(peer.validator.faults).toEqual([])
  expect(peer.framesOf(GOAWAY)).toEqual([])
})
