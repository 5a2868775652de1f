/** SETTINGS (RFC 9113 §6.5, §6.9.2, §6.9.3; RFC 8441 §3; RFC 9218 §2.1). */
import { expect } from 'vitest'
import { FieldBlockDecoder } from '../support/field-blocks.ts'
import {
  ACK,
  concat,
  DATA,
  data,
  frame,
  HEADERS,
  PUSH_PROMISE,
  response,
  SETTINGS,
  settings,
  settingsAck,
  uint32,
  WINDOW_UPDATE,
  windowUpdate,
} from '../support/wire.ts'
import {
  ENABLE_CONNECT_PROTOCOL,
  ENABLE_PUSH,
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  HEADER_TABLE_SIZE,
  INITIAL_WINDOW_SIZE,
  MAX_CONCURRENT_STREAMS,
  MAX_FRAME_SIZE,
  MAX_HEADER_LIST_SIZE,
  NO_RFC7540_PRIORITIES,
  PROTOCOL_ERROR,
  SETTINGS_TIMEOUT,
} from './codes.ts'
import type { Peer } from './peer.ts'
import { connectionErrors, rule } from './rule.ts'

/** SETTINGS with entries in this order, repetitions included. */
function inOrder(...entries: readonly (readonly [id: number, value: number])[]): Uint8Array {
  const rows = entries.map(([id, value]) => concat(Uint8Array.of(id >> 8, id), uint32(value)))
  return frame(SETTINGS, 0, 0, concat(...rows))
}

const MAX_WINDOW = 2 ** 31 - 1

connectionErrors([
  ['G1', 'SETTINGS on a stream', frame(SETTINGS, 0, 1), PROTOCOL_ERROR],
  ['G1', 'a SETTINGS acknowledgement on a stream', frame(SETTINGS, ACK, 3), PROTOCOL_ERROR],
  [
    'G2',
    'a SETTINGS acknowledgement with an entry',
    frame(SETTINGS, ACK, 0, new Uint8Array(6)),
    FRAME_SIZE_ERROR,
  ],
  [
    'G2',
    'a SETTINGS acknowledgement of one octet',
    frame(SETTINGS, ACK, 0, new Uint8Array(1)),
    FRAME_SIZE_ERROR,
  ],
  ['G3', 'SETTINGS of 5 octets', frame(SETTINGS, 0, 0, new Uint8Array(5)), FRAME_SIZE_ERROR],
  ['G3', 'SETTINGS of 7 octets', frame(SETTINGS, 0, 0, new Uint8Array(7)), FRAME_SIZE_ERROR],
  ['G4', 'an acknowledgement of SETTINGS that we did not send', settingsAck, PROTOCOL_ERROR],
  ['G10', 'ENABLE_PUSH 1', settings({ [ENABLE_PUSH]: 1 }), PROTOCOL_ERROR],
  ['G11', 'ENABLE_PUSH 2', settings({ [ENABLE_PUSH]: 2 }), PROTOCOL_ERROR],
  ['G11', 'ENABLE_PUSH 2³²−1', settings({ [ENABLE_PUSH]: 2 ** 32 - 1 }), PROTOCOL_ERROR],
  ['G13', 'INITIAL_WINDOW_SIZE 2³¹', settings({ [INITIAL_WINDOW_SIZE]: 2 ** 31 }), FLOW_CONTROL_ERROR],
  ['G13', 'INITIAL_WINDOW_SIZE 2³²−1', settings({ [INITIAL_WINDOW_SIZE]: 2 ** 32 - 1 }), FLOW_CONTROL_ERROR],
  [
    'G15',
    'INITIAL_WINDOW_SIZE that lifts a window of a stream above 2³¹−1',
    concat(windowUpdate(5, 1), settings({ [INITIAL_WINDOW_SIZE]: MAX_WINDOW })),
    FLOW_CONTROL_ERROR,
  ],
  ['G17', 'MAX_FRAME_SIZE 16,383', settings({ [MAX_FRAME_SIZE]: 16_383 }), PROTOCOL_ERROR],
  ['G17', 'MAX_FRAME_SIZE 0', settings({ [MAX_FRAME_SIZE]: 0 }), PROTOCOL_ERROR],
  ['G17', 'MAX_FRAME_SIZE 2²⁴', settings({ [MAX_FRAME_SIZE]: 2 ** 24 }), PROTOCOL_ERROR],
  ['G19', 'ENABLE_CONNECT_PROTOCOL 2', settings({ [ENABLE_CONNECT_PROTOCOL]: 2 }), PROTOCOL_ERROR],
  [
    'G19',
    'ENABLE_CONNECT_PROTOCOL taken back',
    concat(settings({ [ENABLE_CONNECT_PROTOCOL]: 1 }), settings({ [ENABLE_CONNECT_PROTOCOL]: 0 })),
    PROTOCOL_ERROR,
  ],
  ['G20', 'NO_RFC7540_PRIORITIES 2', settings({ [NO_RFC7540_PRIORITIES]: 2 }), PROTOCOL_ERROR],
  [
    'G20',
    'NO_RFC7540_PRIORITIES that differs from the first SETTINGS',
    settings({ [NO_RFC7540_PRIORITIES]: 1 }),
    PROTOCOL_ERROR,
  ],
  [
    'G5',
    'a bad value that a later entry of the same frame corrects',
    inOrder([MAX_FRAME_SIZE, 0], [MAX_FRAME_SIZE, 16_384]),
    PROTOCOL_ERROR,
  ],
])

/** Octets of content that the client sends now. */
function contentOf(peer: Peer): number {
  return peer.framesOf(DATA).reduce((sum, sent) => sum + sent.payload.length, 0)
}

rule('G5', 'entries are applied in order, and of repetitions the last counts', (stage) => {
  const peer = stage.ready()
  peer.sends(inOrder([INITIAL_WINDOW_SIZE, 9], [MAX_CONCURRENT_STREAMS, 0], [INITIAL_WINDOW_SIZE, 5]))
  peer.sends(inOrder([MAX_CONCURRENT_STREAMS, 7], [MAX_CONCURRENT_STREAMS, 1]))
  const request = peer.post()
  peer.open()
  request.stream!.write(new Uint8Array(20))
  const sent = peer.frames()
  expect(sent.filter((each) => each.type === HEADERS)).toHaveLength(1)
  expect(sent.filter((each) => each.type === DATA).map((each) => each.payload.length)).toEqual([5])
})

rule(
  'G6',
  'every SETTINGS frame is acknowledged by one of our own, before what the values change',
  (stage) => {
    const peer = stage.ready({}, { [INITIAL_WINDOW_SIZE]: 0 })
    peer.post().stream!.write(new Uint8Array(20))
    peer.frames()
    peer.sends(settings(), settings({ [INITIAL_WINDOW_SIZE]: 10 }), settings())
    expect(peer.frames().map((sent) => [sent.type, sent.flags, sent.payload.length])).toEqual([
      [SETTINGS, ACK, 0],
      [SETTINGS, ACK, 0],
      [SETTINGS, ACK, 0],
      [DATA, 0, 10],
    ])
  },
)

for (const id of [0x0, 0x7, 0xa, 0x0a0a, 0xfafa, 0xffff]) {
  rule('G7', `the unknown setting ${id} is ignored and the frame acknowledged`, (stage) => {
    const peer = stage.ready()
    peer.sends(inOrder([id, 2 ** 32 - 1], [MAX_CONCURRENT_STREAMS, 1], [id, 0]))
    peer.open()
    peer.open()
    expect(peer.frames().map((sent) => sent.type)).toEqual([SETTINGS, HEADERS])
  })
}

rule('G7', 'more entries than any peer needs end the connection', (stage) => {
  const peer = stage.ready()
  peer.open()
  peer.frames()
  peer.sends(inOrder(...new Array(32).fill([0x0a0a, 1])))
  expect(peer.closed).toBe(false)
  peer.sends(inOrder(...new Array(33).fill([0x0a0a, 1])))
  peer.expectConnectionError(ENHANCE_YOUR_CALM)
})

/** Reads the request that the client sends now. */
function blockOf(peer: Peer, decoder: FieldBlockDecoder) {
  const [sent] = peer.framesOf(HEADERS)
  return decoder.decode(sent!.payload)
}

rule('G8', 'a smaller table is announced at the start of the next field block, and kept', (stage) => {
  const peer = stage.ready()
  const decoder = new FieldBlockDecoder()
  peer.open({ fields: ['x-a', 'b'] })
  blockOf(peer, decoder)
  peer.sends(settings({ [HEADER_TABLE_SIZE]: 100 }))
  decoder.setLimit(100)
  peer.open({ fields: ['x-a', 'b', 'x-c', 'd', 'x-e', 'f'] })
  expect(blockOf(peer, decoder).sizeUpdates).toEqual([100])
  peer.open()
  expect(blockOf(peer, decoder).sizeUpdates).toEqual([])
  expect(decoder.tableOctets).toBeLessThanOrEqual(100)
})

rule('G8', 'a table that went down and up again between two blocks is announced by both', (stage) => {
  const peer = stage.ready()
  const decoder = new FieldBlockDecoder()
  peer.open({ fields: ['x-a', 'b'] })
  blockOf(peer, decoder)
  for (const size of [0, 50, 2000]) {
    peer.sends(settings({ [HEADER_TABLE_SIZE]: size }))
    decoder.setLimit(size)
  }
  peer.open({ fields: ['x-a', 'b'] })
  const block = blockOf(peer, decoder)
  expect(block.sizeUpdates).toEqual([0, 2000])
  expect(block.fields.at(-1)).toMatchObject({ name: 'x-a', value: 'b', representation: 'incremental' })
})

rule('G8', 'a table of size 0 is never added to', (stage) => {
  const peer = stage.ready({}, { [HEADER_TABLE_SIZE]: 0 })
  const decoder = new FieldBlockDecoder()
  decoder.setLimit(0)
  for (let i = 0; i < 3; i++) {
    peer.open({ fields: ['x-a', 'b'] })
    const block = blockOf(peer, decoder)
    expect(block.sizeUpdates).toEqual(i === 0 ? [0] : [])
    expect(block.fields.map((field) => field.representation)).not.toContain('incremental')
  }
})

rule('G9', 'a table of 4 GiB is not used beyond 4,096 octets', (stage) => {
  const peer = stage.ready({}, { [HEADER_TABLE_SIZE]: 2 ** 32 - 1 })
  const decoder = new FieldBlockDecoder()
  decoder.setLimit(2 ** 32 - 1)
  for (let i = 0; i < 60; i++) {
    peer.open({ fields: [`x-${i}`, 'v'.repeat(200)] })
    for (const size of blockOf(peer, decoder).sizeUpdates) expect(size).toBeLessThanOrEqual(4096)
  }
  expect(decoder.tableOctets).toBeLessThanOrEqual(4096)
  expect(decoder.tableOctets).toBeGreaterThan(3000)
})

rule('G10', 'ENABLE_PUSH 0 from a server is taken', (stage) => {
  const peer = stage.ready()
  peer.sends(settings({ [ENABLE_PUSH]: 0 }))
  expect(peer.framesOf(SETTINGS)).toHaveLength(1)
  peer.expectUsable()
})

rule('G12', 'with MAX_CONCURRENT_STREAMS 0 requests wait, and follow when it rises', (stage) => {
  const peer = stage.ready({}, { [MAX_CONCURRENT_STREAMS]: 0 })
  const request = peer.open()
  expect(peer.frames()).toEqual([])
  expect([peer.connection.queuedStreams, request.failure, peer.closed]).toEqual([1, undefined, false])
  peer.sends(settings({ [MAX_CONCURRENT_STREAMS]: 1 }))
  expect(peer.framesOf(HEADERS)).toHaveLength(1)
  peer.sends(response(1, 200, true))
  expect(request.ended).toBe(true)
})

rule('G13', 'INITIAL_WINDOW_SIZE 2³¹−1 is taken', (stage) => {
  const peer = stage.ready({}, { [INITIAL_WINDOW_SIZE]: MAX_WINDOW })
  peer.sends(windowUpdate(0, MAX_WINDOW - 65_535))
  peer.post().stream!.write(new Uint8Array(200_000))
  expect(contentOf(peer)).toBe(200_000)
})

rule('G14', 'a change of INITIAL_WINDOW_SIZE moves every window by the difference', (stage) => {
  const peer = stage.ready({}, { [INITIAL_WINDOW_SIZE]: 1000 })
  const requests = [peer.post(), peer.post()]
  for (const request of requests) request.stream!.write(new Uint8Array(10_000))
  expect(contentOf(peer)).toBe(2000)
  peer.sends(windowUpdate(3, 50), settings({ [INITIAL_WINDOW_SIZE]: 1300 }))
  const more = peer.framesOf(DATA).map((sent) => [sent.streamId, sent.payload.length])
  expect(more.toSorted()).toEqual([
    [1, 300],
    [3, 350],
  ])
  peer.sends(settings({ [INITIAL_WINDOW_SIZE]: 100 }))
  const late = peer.post()
  late.stream!.write(new Uint8Array(10_000))
  expect(contentOf(peer), 'a new stream begins with the new value').toBe(100)
  peer.sends(windowUpdate(1, 1200))
  expect(contentOf(peer), 'stream 1 stands at −1200 + 1200').toBe(0)
  peer.sends(windowUpdate(1, 1))
  expect(contentOf(peer)).toBe(1)
})

rule('G15', 'a window that ends exactly at 2³¹−1 is legal, and closed streams do not count', (stage) => {
  const peer = stage.ready({}, { [INITIAL_WINDOW_SIZE]: 10 })
  peer.open()
  peer.open()
  peer.frames()
  peer.sends(windowUpdate(1, 1000), response(1, 200, true), windowUpdate(3, 7))
  peer.sends(settings({ [INITIAL_WINDOW_SIZE]: MAX_WINDOW - 7 }))
  expect(peer.closed).toBe(false)
  peer.sends(settings({ [INITIAL_WINDOW_SIZE]: MAX_WINDOW - 6 }))
  peer.expectConnectionError(FLOW_CONTROL_ERROR)
})

rule('G16', 'INITIAL_WINDOW_SIZE leaves the window of the connection alone', (stage) => {
  const peer = stage.ready({}, { [INITIAL_WINDOW_SIZE]: 1_000_000 })
  peer.post().stream!.write(new Uint8Array(100_000))
  expect(contentOf(peer)).toBe(65_535)
  peer.sends(settings({ [INITIAL_WINDOW_SIZE]: 2_000_000 }))
  expect(contentOf(peer)).toBe(0)
  peer.sends(settings({ [INITIAL_WINDOW_SIZE]: 70_000 }), windowUpdate(0, 100_000))
  expect(contentOf(peer)).toBe(70_000 - 65_535)
})

rule('G17', 'the smallest and the largest MAX_FRAME_SIZE are taken', (stage) => {
  const peer = stage.ready({}, { [MAX_FRAME_SIZE]: 16_777_215 })
  peer.sends(settings({ [MAX_FRAME_SIZE]: 16_384 }))
  expect(peer.framesOf(SETTINGS)).toHaveLength(1)
  peer.expectUsable()
})

rule('G18', 'MAX_HEADER_LIST_SIZE 0 fails each request here, and none of them hangs', (stage) => {
  const peer = stage.ready({}, { [MAX_HEADER_LIST_SIZE]: 0 })
  const requests = [peer.open(), peer.post()]
  expect(peer.frames()).toEqual([])
  for (const request of requests) expect(request.failure).toMatchObject({ processed: 'no', scope: 'stream' })
  peer.sends(settings({ [MAX_HEADER_LIST_SIZE]: 2 ** 32 - 1 }))
  peer.expectUsable()
})

rule('G19', 'ENABLE_CONNECT_PROTOCOL may be 0, and 1 from then on', (stage) => {
  const peer = stage.ready({}, { [ENABLE_CONNECT_PROTOCOL]: 0 })
  peer.sends(settings({ [ENABLE_CONNECT_PROTOCOL]: 1 }), settings({ [ENABLE_CONNECT_PROTOCOL]: 1 }))
  expect(peer.framesOf(SETTINGS)).toHaveLength(2)
  peer.expectUsable()
})

rule('G20', 'NO_RFC7540_PRIORITIES may be repeated as it was', (stage) => {
  const peer = stage.ready({}, { [NO_RFC7540_PRIORITIES]: 1 })
  peer.sends(settings({ [NO_RFC7540_PRIORITIES]: 1 }), settings())
  expect(peer.framesOf(SETTINGS)).toHaveLength(2)
  peer.sends(settings({ [NO_RFC7540_PRIORITIES]: 0 }))
  peer.expectConnectionError(PROTOCOL_ERROR)
})

rule('G21', 'until our SETTINGS are acknowledged the peer may act by the defaults', (stage) => {
  const peer = stage.silent({ settings: { initialWindowSize: 100, headerTableSize: 0 } })
  const request = peer.open()
  peer.frames()
  // An entry for the table, and more than 100 octets of content: fine until the acknowledgement.
  peer.sends(settings(), frame(HEADERS, 4, 1, Uint8Array.of(0x88, 0x40, 1, 0x61, 1, 0x62)))
  peer.sends(data(1, new Uint8Array(16_384)), data(1, new Uint8Array(16_384), true))
  expect(request).toMatchObject({ status: 200, received: 32_768, ended: true, fields: ['a', 'b'] })
  peer.sends(settingsAck)
  peer.frames()
  const late = peer.open()
  peer.frames()
  peer.sends(frame(HEADERS, 4, 3, Uint8Array.of(0x20, 0x88)), data(3, new Uint8Array(101)))
  peer.expectStreamError(late, 3, FLOW_CONTROL_ERROR)
})

rule('G22', 'SETTINGS that are not acknowledged in time end the connection', (stage) => {
  const peer = stage.silent({ settingsAckTimeoutMs: 500 })
  const request = peer.open()
  peer.frames()
  peer.sends(settings())
  expect(peer.connection.nextTimeout()).toBe(1500)
  peer.advance(499)
  expect(peer.closed).toBe(false)
  peer.advance(1)
  expect(request.failure).toMatchObject({ kind: 'TIMEOUT_SETTINGS' })
  peer.expectConnectionError(SETTINGS_TIMEOUT)
})

rule('G23', 'SETTINGS that come later reach streams that are open', (stage) => {
  const peer = stage.ready({}, { [INITIAL_WINDOW_SIZE]: 0 })
  const upload = peer.post()
  upload.stream!.write(new Uint8Array(30_000))
  peer.frames()
  peer.sends(response(1, 200), data(1, 'x'))
  peer.sends(settings({ [INITIAL_WINDOW_SIZE]: 30_000, [MAX_CONCURRENT_STREAMS]: 1 }))
  peer.open()
  const sent = peer.frames()
  expect(sent.map((each) => each.type)).toEqual([SETTINGS, DATA, DATA])
  expect(sent.filter((each) => [PUSH_PROMISE, WINDOW_UPDATE].includes(each.type))).toEqual([])
})
