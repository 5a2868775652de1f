/** The states of streams, and what a frame deserves in each (RFC 9113 §5.1). */
import { expect } from 'vitest'
import { incremental, indexed } from '../support/field-blocks.ts'
import {
  CONTINUATION,
  concat,
  DATA,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  HEADERS,
  headers,
  PRIORITY,
  PUSH_PROMISE,
  response,
  rstStream,
  uint32,
  WINDOW_UPDATE,
  windowUpdate,
} from '../support/wire.ts'
import { CANCEL, INTERNAL_ERROR, PROTOCOL_ERROR, REFUSED_STREAM, STREAM_CLOSED } from './codes.ts'
import { type Peer, resets } from './peer.ts'
import { promise } from './promise.ts'
import { connectionErrors, ignored, rule, type Stage } from './rule.ts'

const priority = (streamId: number) =>
  frame(PRIORITY, 0, streamId, concat(uint32(streamId), Uint8Array.of(15)))

connectionErrors([
  ['C3', 'DATA on a stream that was never opened', data(7, 'x'), PROTOCOL_ERROR],
  ['C3', 'RST_STREAM on a stream that was never opened', rstStream(7, CANCEL), PROTOCOL_ERROR],
  ['C3', 'WINDOW_UPDATE on a stream that was never opened', windowUpdate(7, 1), PROTOCOL_ERROR],
  ['C4', 'HEADERS on an even stream that was not promised', response(2, 200), PROTOCOL_ERROR],
  ['C5', 'HEADERS on an odd stream that was never opened', response(7, 200), PROTOCOL_ERROR],
  [
    'C5',
    'the first part of a field block on a stream that was never opened',
    frame(HEADERS, 0, 7, indexed(8)),
    PROTOCOL_ERROR,
  ],
  ['C6', 'a response on an identifier far above the highest', response(2 ** 31 - 1, 200), PROTOCOL_ERROR],
  ['C6', 'RST_STREAM far above the highest', rstStream(2 ** 31 - 1, CANCEL), PROTOCOL_ERROR],
  ['C6', 'DATA on an even stream that was not promised', data(2, 'x'), PROTOCOL_ERROR],
  ['C6', 'WINDOW_UPDATE on an even stream that was not promised', windowUpdate(4, 1), PROTOCOL_ERROR],
])

ignored([['C6', 'PRIORITY far above the highest identifier', priority(2 ** 31 - 1)]])

/** A stream that the peer has promised and the application taken, not yet answered. */
function reserved(stage: Stage): Peer {
  const peer = stage.ready({ enablePush: true })
  peer.open()
  peer.frames()
  peer.sends(promise(1, 2))
  expect(peer.requests[0]!.pushes).toHaveLength(1)
  return peer
}

for (const [name, bytes] of [
  ['DATA', data(2, 'x')],
  ['WINDOW_UPDATE', windowUpdate(2, 1)],
] as const) {
  rule('C7', `${name} on a stream that is only reserved ends the connection`, (stage) => {
    const peer = reserved(stage)
    peer.sends(bytes)
    peer.expectConnectionError(PROTOCOL_ERROR)
  })
}

rule('C7', 'PRIORITY, HEADERS and RST_STREAM on a reserved stream are taken', (stage) => {
  const peer = reserved(stage)
  peer.sends(promise(1, 4), priority(2), rstStream(4, CANCEL), response(2, 200), data(2, 'x', true))
  const [first, second] = peer.requests[0]!.pushes
  expect(first!.sink).toMatchObject({ status: 200, content: 'x', ended: true })
  expect(second!.sink.failure).toMatchObject({ initiator: 'peer', errorCode: CANCEL })
  peer.expectUsable()
})

rule('C8', 'a request that is complete still receives every frame that a stream may have', (stage) => {
  const peer = stage.ready({ enablePush: true })
  const request = peer.open()
  peer.frames()
  peer.sends(
    headers(1, [[':status', '103']]),
    windowUpdate(1, 5),
    priority(1),
    promise(1, 2),
    response(1, 200),
  )
  peer.sends(data(1, 'x'), headers(1, [['a', 'b']], END_HEADERS | END_STREAM))
  expect(request).toMatchObject({ status: 200, content: 'x', trailers: ['a', 'b'], ended: true })
  expect([request.informational.length, request.pushes.length]).toEqual([1, 1])
  const second = peer.open()
  peer.frames()
  peer.sends(rstStream(3, INTERNAL_ERROR))
  expect(second.failure).toMatchObject({ scope: 'stream', initiator: 'peer', errorCode: INTERNAL_ERROR })
  peer.expectUsable()
})

// — frames behind the end of the response —

/** A tunnel whose far side has ended, the one case in which we go on sending after the END_STREAM of the peer. */
function endedTunnel(stage: Stage): Peer {
  const peer = stage.ready()
  const tunnel = peer.open({ method: 'CONNECT', scheme: undefined, path: undefined }, false)
  peer.frames()
  peer.sends(response(1, 200), data(1, 'bye', true))
  expect(tunnel).toMatchObject({ content: 'bye', ended: true, failure: undefined })
  expect(tunnel.stream!.writable).toBe(true)
  return peer
}

for (const [name, bytes] of [
  ['DATA', data(1, 'x')],
  ['HEADERS', headers(1, [['a', 'b']], END_HEADERS | END_STREAM)],
] as const) {
  rule('C9', `${name} behind END_STREAM ends the stream, the side that still sends included`, (stage) => {
    const peer = endedTunnel(stage)
    peer.sends(bytes)
    expect(resets(peer.frames())).toEqual([[1, STREAM_CLOSED]])
    expect(peer.requests[0]!.failure).toMatchObject({ scope: 'stream', errorCode: STREAM_CLOSED })
    expect(peer.requests[0]!.stream!.writable).toBe(false)
    peer.expectUsable()
  })
}

rule('C10', 'WINDOW_UPDATE and PRIORITY behind END_STREAM are taken', (stage) => {
  const peer = endedTunnel(stage)
  const { stream } = peer.requests[0]!
  peer.sends(windowUpdate(0, 100_000), windowUpdate(1, 20_000), priority(1))
  stream!.write(new Uint8Array(85_535))
  stream!.end()
  const sent = peer.framesOf(DATA).reduce((sum, each) => sum + each.payload.length, 0)
  expect(sent, 'the window did grow').toBe(85_535)
  expect(peer.requests[0]!.failure).toBeUndefined()
  peer.expectUsable()
})

rule('C10', 'RST_STREAM behind END_STREAM ends what is still being sent', (stage) => {
  const peer = endedTunnel(stage)
  peer.sends(rstStream(1, CANCEL))
  expect(peer.requests[0]!.stream!.writable).toBe(false)
  expect(peer.frames(), 'and is not answered').toEqual([])
  peer.expectUsable()
})

for (const [name, bytes] of [
  ['DATA', data(1, 'x')],
  ['HEADERS', headers(1, [['a', 'b']], END_HEADERS | END_STREAM)],
] as const) {
  rule(
    'C11',
    `${name} on a stream that is closed is answered by one RST_STREAM, and changes nothing`,
    (stage) => {
      const peer = stage.ready()
      const request = peer.open()
      peer.frames()
      peer.sends(response(1, 200), data(1, 'all', true))
      const calls = [...request.calls]
      peer.sends(bytes)
      expect(resets(peer.frames())).toEqual([[1, STREAM_CLOSED]])
      peer.sends(bytes, bytes)
      expect(peer.frames(), 'once').toEqual([])
      expect(request.calls, 'the response stands').toEqual(calls)
      peer.expectUsable()
    },
  )
}

rule('C12', 'WINDOW_UPDATE and RST_STREAM on a stream that is closed are ignored', (stage) => {
  const peer = stage.ready()
  const request = peer.open()
  peer.frames()
  peer.sends(response(1, 200, true))
  const calls = [...request.calls]
  for (let i = 0; i < 10; i++) {
    // Each by itself: a reset takes back an answer that was not sent.
    peer.sends(windowUpdate(1, 2 ** 31 - 1))
    expect(peer.frames()).toEqual([])
    peer.sends(rstStream(1, CANCEL))
    expect(peer.frames()).toEqual([])
  }
  expect(request.calls).toEqual(calls)
  peer.expectUsable()
})

// — frames behind our reset —

/** Stream 1, cancelled by us. */
function cancelled(stage: Stage, enablePush = false): Peer {
  const peer = stage.ready({ enablePush })
  peer.open().stream!.reset(CANCEL)
  const request = peer.open()
  peer.frames()
  request.stream!.reset(CANCEL)
  expect(resets(peer.frames())).toEqual([[1, CANCEL]])
  return peer
}

rule(
  'C13',
  'HEADERS behind our reset are decoded and dropped: what they add to the table counts',
  (stage) => {
    const peer = cancelled(stage)
    const block = concat(indexed(8), incremental('x-shared', 'kept'))
    peer.sends(
      frame(HEADERS, 0, 1, block.subarray(0, 4)),
      frame(CONTINUATION, END_HEADERS, 1, block.subarray(4)),
    )
    const next = peer.open()
    expect(peer.frames().map((sent) => [sent.type, sent.streamId])).toEqual([[HEADERS, 3]])
    peer.sends(frame(HEADERS, END_HEADERS | END_STREAM, 3, concat(indexed(8), indexed(62))))
    expect(next.fields).toEqual(['x-shared', 'kept'])
    expect(peer.requests[1]!.calls).toEqual(['opened 1'])
  },
)

rule('C14', 'DATA behind our reset counts for the connection window and is given back', (stage) => {
  const limits = { connectionWindowSize: 65_535 }
  const peer = stage.ready({ limits })
  const request = peer.open()
  peer.frames()
  request.stream!.reset(CANCEL)
  peer.frames()
  for (let i = 0; i < 16; i++) {
    const before = peer.connection.recvWindow
    peer.sends(data(1, new Uint8Array(16_384)))
    expect(peer.connection.recvWindow).toBe(before - 16_384)
    const granted = peer.framesOf(WINDOW_UPDATE)
    expect(granted.every((sent) => sent.streamId === 0)).toBe(true)
  }
  expect(peer.connection.recvWindow).toBeGreaterThan(65_535 - 65_535 / 8)
  expect(request.received).toBe(0)
  peer.expectUsable()
})

rule('C15', 'PUSH_PROMISE behind our reset is decoded, and its stream is refused', (stage) => {
  const peer = cancelled(stage, true)
  peer.sends(promise(1, 2, concat(incremental('x-shared', 'kept'))))
  expect(resets(peer.frames())).toEqual([[2, REFUSED_STREAM]])
  const next = peer.open()
  peer.frames()
  peer.sends(frame(HEADERS, END_HEADERS | END_STREAM, 3, concat(indexed(8), indexed(62))))
  expect(next.fields).toEqual(['x-shared', 'kept'])
  expect(peer.requests[1]!.pushes).toEqual([])
})

// — frames behind the peer's reset —

for (const [name, bytes] of [
  ['DATA', data(1, 'x')],
  ['HEADERS', response(1, 200)],
] as const) {
  rule('C16', `${name} behind the reset of the peer is answered by one RST_STREAM`, (stage) => {
    const peer = stage.ready()
    const request = peer.open()
    peer.frames()
    peer.sends(rstStream(1, INTERNAL_ERROR))
    expect(peer.frames(), 'the reset itself is not answered').toEqual([])
    peer.sends(bytes, bytes)
    expect(resets(peer.frames())).toEqual([[1, STREAM_CLOSED]])
    expect(request.calls).toEqual(['opened 1', 'failure reset by peer with INTERNAL_ERROR (RFC 9113 §6.4)'])
    peer.expectUsable()
  })
}

for (const [name, prepare] of [
  ['idle', priority(99)],
  ['half-closed', priority(1)],
  ['closed', concat(response(1, 200, true), priority(1))],
  ['reset', concat(rstStream(1, CANCEL), priority(1))],
  ['idle and even', priority(98)],
] as const) {
  rule('C17', `PRIORITY on a stream that is ${name} is ignored, even if it depends on itself`, (stage) => {
    const peer = stage.ready()
    peer.open()
    peer.frames()
    peer.sends(prepare)
    expect(peer.frames()).toEqual([])
    peer.expectUsable()
  })
}

connectionErrors(
  [
    ['C18', 'PUSH_PROMISE on an idle stream', promise(9, 2), PROTOCOL_ERROR],
    ['C18', 'PUSH_PROMISE on a promised stream', concat(promise(1, 2), promise(2, 4)), PROTOCOL_ERROR],
    ['C18', 'CONTINUATION on an open stream', frame(CONTINUATION, END_HEADERS, 3), PROTOCOL_ERROR],
  ],
  { enablePush: true },
)

connectionErrors([
  [
    'C18',
    'PUSH_PROMISE on a stream while push is off',
    frame(PUSH_PROMISE, END_HEADERS, 1, uint32(2)),
    PROTOCOL_ERROR,
  ],
])
