/** DATA (RFC 9113 §6.1), its windows (§6.9) and the length of messages (§8.1.1). */
import { expect } from 'vitest'
import {
  concat,
  DATA,
  data,
  END_STREAM,
  frame,
  GOAWAY,
  HEADERS,
  headers,
  PADDED,
  paddedData,
  response,
  settings,
  WINDOW_UPDATE,
  windowUpdate,
} from '../support/wire.ts'
import { ENHANCE_YOUR_CALM, FLOW_CONTROL_ERROR, PROTOCOL_ERROR } from './codes.ts'
import { resets } from './peer.ts'
import { connectionErrors, rule, streamErrors } from './rule.ts'

/** A response that says how long its content is. */
function sized(streamId: number, length: number | string, status = '200'): Uint8Array {
  return headers(streamId, [
    [':status', status],
    ['content-length', String(length)],
  ])
}

connectionErrors([
  ['D1', 'DATA on stream 0', data(0, 'x'), PROTOCOL_ERROR],
  ['D3', 'padding as long as the payload', frame(DATA, PADDED, 3, Uint8Array.of(1)), PROTOCOL_ERROR],
  [
    'D3',
    'padding longer than the payload',
    frame(DATA, PADDED, 3, Uint8Array.of(255, 1, 2, 3)),
    PROTOCOL_ERROR,
  ],
])

rule('D3', 'padding may fill all of the payload but its own length', (stage) => {
  const peer = stage.ready()
  const request = peer.open()
  peer.frames()
  peer.sends(response(1, 200), paddedData(1, '', 255), paddedData(1, 'x', 0), paddedData(1, '', 3, true))
  expect(request).toMatchObject({ content: 'x', ended: true })
})

streamErrors([
  ['D2', 'DATA before the response', data(1, 'x'), PROTOCOL_ERROR],
  ['D2', 'DATA instead of a response', data(1, 'x', true), PROTOCOL_ERROR],
  ['D2', 'empty DATA before the response', data(1, ''), PROTOCOL_ERROR],
  ['D2', 'END_STREAM without a response', data(1, '', true), PROTOCOL_ERROR],
  [
    'D12',
    'DATA behind an informational response',
    concat(headers(1, [[':status', '103']]), data(1, 'x')),
    PROTOCOL_ERROR,
  ],
  ['D8', 'content shorter than content-length', concat(sized(1, 3), data(1, 'ab', true)), PROTOCOL_ERROR],
  ['D8', 'no content where content-length says 3', concat(sized(1, 3), data(1, '', true)), PROTOCOL_ERROR],
  [
    'D8',
    'END_STREAM on HEADERS where content-length says 3',
    headers(
      1,
      [
        [':status', '200'],
        ['content-length', '3'],
      ],
      5,
    ),
    PROTOCOL_ERROR,
  ],
  [
    'D8',
    'trailers behind content shorter than content-length',
    concat(sized(1, 3), data(1, 'ab'), headers(1, [['a', 'b']], 5)),
    PROTOCOL_ERROR,
  ],
  ['D8', 'content longer than content-length', concat(sized(1, 3), data(1, 'abcd', true)), PROTOCOL_ERROR],
  [
    'D9',
    'the first octet above content-length',
    concat(sized(1, 3), data(1, 'abc'), data(1, 'd')),
    PROTOCOL_ERROR,
  ],
  ['D9', 'an octet where content-length says 0', concat(sized(1, 0), data(1, 'd')), PROTOCOL_ERROR],
  ['D10', 'content in a 204', concat(response(1, 204), data(1, 'x')), PROTOCOL_ERROR],
  ['D10', 'content in a 304', concat(sized(1, 1, '304'), data(1, 'x')), PROTOCOL_ERROR],
])
streamErrors(
  [['D10', 'content in the response to HEAD', concat(sized(1, 1), data(1, 'x')), PROTOCOL_ERROR]],
  'HEAD',
)

rule('D9', 'padding is no content', (stage) => {
  const peer = stage.ready()
  const request = peer.open()
  peer.frames()
  peer.sends(sized(1, 3), paddedData(1, 'ab', 100), paddedData(1, 'c', 7, true))
  expect(request).toMatchObject({ content: 'abc', ended: true, failure: undefined })
})

rule('D9', 'the excess is never delivered', (stage) => {
  const peer = stage.ready()
  const request = peer.open()
  peer.frames()
  peer.sends(sized(1, 3), data(1, 'abc'), data(1, 'DEF', true))
  expect(request).toMatchObject({ content: 'abc', ended: false })
})

rule('D10', 'an empty DATA frame ends a response that has no content', (stage) => {
  const peer = stage.ready()
  const requests = [peer.open({ method: 'HEAD' }), peer.open(), peer.open()]
  peer.frames()
  peer.sends(sized(1, 5), response(3, 204), sized(5, 5, '304'))
  for (const id of [1, 3, 5]) peer.sends(data(id, '', true))
  expect(requests.map((request) => request.ended)).toEqual([true, true, true])
  peer.expectUsable()
})

rule('D4', 'padding that is not zero is ignored like any other', (stage) => {
  const peer = stage.ready()
  const request = peer.open()
  peer.frames()
  const payload = concat(Uint8Array.of(4), Uint8Array.of(0x78), Uint8Array.of(1, 2, 3, 255))
  peer.sends(response(1, 200), frame(DATA, PADDED | END_STREAM, 1, payload))
  expect(request).toMatchObject({ content: 'x', ended: true })
  peer.expectUsable()
})

rule('D5', 'padding and its length count for both windows and are given back without a reader', (stage) => {
  const options = { limits: { connectionWindowSize: 65_535 }, settings: { initialWindowSize: 65_535 } }
  const peer = stage.ready(options)
  const request = peer.open()
  request.hold = true
  peer.frames()
  peer.sends(response(1, 200))
  const before = peer.connection.recvWindow
  peer.sends(paddedData(1, '', 255))
  expect(peer.connection.recvWindow, 'the octet of the length counts too').toBe(before - 256)
  // Far more than both windows hold: without credit for it the peer would break them.
  let granted = 0
  for (let i = 0; i < 2000; i++) {
    peer.sends(paddedData(1, 'x', 255))
    granted += peer.framesOf(WINDOW_UPDATE).filter((sent) => sent.streamId === 1).length
  }
  expect(granted).toBeGreaterThan(0)
  expect([peer.closed, request.failure, request.received]).toEqual([false, undefined, 2000])
})

rule('D6', 'DATA beyond the window of the stream ends the stream', (stage) => {
  const peer = stage.ready({ settings: { initialWindowSize: 20_000 } })
  const request = peer.open()
  request.hold = true
  const other = peer.open()
  peer.frames()
  peer.sends(response(1, 200), data(1, new Uint8Array(16_000)), data(1, new Uint8Array(4000)))
  expect(request.failure, 'the window may be used up').toBeUndefined()
  peer.sends(data(1, 'x'))
  expect(request.failure).toMatchObject({ scope: 'stream', errorCode: FLOW_CONTROL_ERROR, processed: 'yes' })
  expect(resets(peer.frames())).toEqual([[1, FLOW_CONTROL_ERROR]])
  peer.sends(response(3, 200, true))
  expect(other.ended).toBe(true)
  peer.expectUsable()
})

rule('D6', 'padding beyond the window of the stream ends it as well', (stage) => {
  const peer = stage.ready({ settings: { initialWindowSize: 100 } })
  const request = peer.open()
  peer.frames()
  peer.sends(response(1, 200), paddedData(1, 'x', 99))
  peer.expectStreamError(request, 1, FLOW_CONTROL_ERROR)
})

rule('D7', 'DATA beyond the window of the connection ends the connection', (stage) => {
  const limits = { connectionWindowSize: 65_535 }
  const peer = stage.ready({ limits, settings: { initialWindowSize: 1_000_000 } })
  const request = peer.open()
  request.hold = true
  peer.frames()
  peer.sends(response(1, 200))
  for (const length of [16_384, 16_384, 16_384, 16_383]) peer.sends(data(1, new Uint8Array(length)))
  expect(peer.closed, 'the window may be used up').toBe(false)
  peer.sends(data(1, 'x'))
  peer.expectConnectionError(FLOW_CONTROL_ERROR)
  expect(request.failure).toMatchObject({ processed: 'yes' })
})

rule('D7', 'DATA that is discarded counts for the window of the connection too', (stage) => {
  const limits = { connectionWindowSize: 65_535 }
  const peer = stage.ready({ limits, settings: { initialWindowSize: 1_000_000 } })
  const unread = peer.open()
  unread.hold = true
  const gone = peer.open()
  peer.frames()
  peer.cancel(gone)
  peer.frames()
  peer.sends(response(1, 200), data(1, new Uint8Array(16_384)), data(1, new Uint8Array(16_384)))
  peer.sends(data(1, new Uint8Array(16_384)), data(1, new Uint8Array(16_000)))
  peer.sends(data(3, new Uint8Array(384)))
  peer.expectConnectionError(FLOW_CONTROL_ERROR)
})

rule('D11', 'empty DATA frames are legal, and a flood of them ends the connection', (stage) => {
  const peer = stage.ready({ limits: { maxEmptyDataFrames: 20 } })
  const request = peer.open()
  peer.frames()
  peer.sends(response(1, 200))
  // Frames of padding alone are useless in another way; the response earns 16.
  for (let i = 0; i < 36; i++) peer.sends(data(1, ''), paddedData(1, '', 9))
  expect([peer.closed, request.failure]).toEqual([false, undefined])
  peer.sends(data(1, ''))
  peer.expectConnectionError(ENHANCE_YOUR_CALM)
})

rule('D11', 'one empty DATA frame to a frame of content is never a flood', (stage) => {
  const peer = stage.ready({ limits: { maxEmptyDataFrames: 0 } })
  const request = peer.open()
  peer.frames()
  peer.sends(response(1, 200))
  for (let i = 0; i < 100; i++) peer.sends(data(1, 'x'), data(1, ''))
  peer.sends(data(1, '', true))
  expect(request).toMatchObject({ content: 'x'.repeat(100), ended: true })
})

rule('D11', 'time forgives empty DATA frames', (stage) => {
  const peer = stage.ready({ limits: { maxEmptyDataFrames: 20 } })
  const request = peer.open()
  peer.frames()
  peer.sends(response(1, 200))
  for (let i = 0; i < 100; i++) {
    peer.now += 100
    peer.sends(data(1, ''))
  }
  peer.sends(data(1, 'x', true))
  expect(request).toMatchObject({ content: 'x', ended: true })
})

rule('D13', 'no more is sent than the stream, the connection and MAX_FRAME_SIZE allow', (stage) => {
  const peer = stage.ready({}, { 4: 20_000 })
  const [first, second] = [peer.post(), peer.post()]
  for (const request of [first, second]) request.stream!.write(new Uint8Array(60_000))
  const sent = () => peer.framesOf(DATA).map((each) => [each.streamId, each.payload.length] as const)
  expect(total(sent(), 1)).toBe(20_000)
  peer.sends(windowUpdate(1, 100_000))
  const more = sent()
  expect(total(more, 1), 'the connection has 65,535 less 40,000 left').toBe(25_535)
  expect(Math.max(...more.map(([, length]) => length))).toBeLessThanOrEqual(16_384)
  peer.sends(windowUpdate(0, 1))
  expect(sent()).toEqual([[1, 1]])
  peer.sends(windowUpdate(3, 5), windowUpdate(0, 1000))
  expect(sent(), 'a frame in turn').toEqual([[1, 1000]])
  peer.sends(windowUpdate(0, 1000))
  expect(sent()).toEqual([
    [3, 5],
    [1, 995],
  ])
})

function total(sent: readonly (readonly [number, number])[], streamId: number): number {
  return sent.reduce((sum, [id, length]) => (id === streamId ? sum + length : sum), 0)
}

rule('D14', 'an end without content waits for no window', (stage) => {
  const peer = stage.ready({}, { 4: 0 })
  const [first, second, blocked] = [peer.post(), peer.post(), peer.post()]
  expect(peer.framesOf(HEADERS)).toHaveLength(3)
  blocked.stream!.write(new Uint8Array(10))
  first.stream!.end()
  second.stream!.end(['x-checksum', '1'])
  expect(peer.frames().map(({ type, flags, streamId }) => [type, flags & END_STREAM, streamId])).toEqual([
    [DATA, END_STREAM, 1],
    [HEADERS, END_STREAM, 3],
  ])
})

rule('D14', 'nor for the window of the connection, used up or negative', (stage) => {
  const peer = stage.ready({}, { 4: 100_000 })
  const [large, small, negative] = [peer.post(), peer.post(), peer.post()]
  negative.stream!.write(new Uint8Array(10))
  peer.frames()
  large.stream!.write(new Uint8Array(70_000))
  peer.frames()
  expect(peer.connection.sendWindow).toBe(0)
  peer.sends(settings({ 4: 0 }))
  peer.frames()
  small.stream!.end()
  negative.stream!.end()
  expect(peer.frames().map(({ type, streamId }) => [type, streamId])).toEqual([
    [DATA, 3],
    [DATA, 5],
  ])
  expect(peer.framesOf(GOAWAY)).toEqual([])
})
