/** WINDOW_UPDATE and flow control (RFC 9113 §6.9). */
import { expect } from 'vitest'
import { EagerWindowManager } from '../../src/protocol/index.ts'
import {
  concat,
  DATA,
  data,
  frame,
  HEADERS,
  paddedData,
  ping,
  response,
  rstStream,
  settings,
  settingsAck,
  uint32At,
  WINDOW_UPDATE,
  windowUpdate,
} from '../support/wire.ts'
import { CANCEL, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, INITIAL_WINDOW_SIZE, PROTOCOL_ERROR } from './codes.ts'
import { type Peer, resets } from './peer.ts'
import { connectionErrors, rule, streamErrors } from './rule.ts'

const MAX_WINDOW = 2 ** 31 - 1

connectionErrors([
  ...[0, 3, 5, 8].flatMap((length) =>
    [0, 1].map(
      (streamId) =>
        [
          'K1',
          `WINDOW_UPDATE of ${length} octets on stream ${streamId}`,
          frame(WINDOW_UPDATE, 0, streamId, new Uint8Array(length)),
          FRAME_SIZE_ERROR,
        ] as const,
    ),
  ),
  ['K3', 'an increment of 0 for the connection', windowUpdate(0, 0), PROTOCOL_ERROR],
  ['K3', 'an increment of 0 and the reserved bit', windowUpdate(0, 0x8000_0000), PROTOCOL_ERROR],
  ['K5', 'a window of the connection above 2³¹−1', windowUpdate(0, MAX_WINDOW - 65_534), FLOW_CONTROL_ERROR],
  [
    'K5',
    'a window of the connection that many increments lift above 2³¹−1',
    concat(windowUpdate(0, 2 ** 30), windowUpdate(0, 2 ** 30)),
    FLOW_CONTROL_ERROR,
  ],
  ['K6', 'WINDOW_UPDATE on an idle stream', windowUpdate(9, 1), PROTOCOL_ERROR],
  ['K6', 'WINDOW_UPDATE on an idle even stream', windowUpdate(2, 1), PROTOCOL_ERROR],
])

streamErrors([
  ['K2', 'an increment of 0', windowUpdate(1, 0), PROTOCOL_ERROR],
  [
    'K2',
    'an increment of 0 behind the response',
    concat(response(1, 200), windowUpdate(1, 0)),
    PROTOCOL_ERROR,
  ],
  ['K4', 'a window above 2³¹−1', windowUpdate(1, MAX_WINDOW - 65_534), FLOW_CONTROL_ERROR],
  [
    'K4',
    'a window that many increments lift above 2³¹−1',
    concat(windowUpdate(1, 2 ** 30), windowUpdate(1, 2 ** 30)),
    FLOW_CONTROL_ERROR,
  ],
])

/** Octets of content that the client sends now. */
function contentOf(peer: Peer): number {
  return peer.framesOf(DATA).reduce((sum, sent) => sum + sent.payload.length, 0)
}

rule('K2', 'an increment of 0 on an idle stream ends the connection', (stage) => {
  const peer = stage.ready()
  peer.sends(windowUpdate(9, 0))
  peer.expectConnectionError(PROTOCOL_ERROR)
})

rule(
  'K4',
  'the error frees an upload that waits, and the window of the connection serves others',
  (stage) => {
    const peer = stage.ready({}, { [INITIAL_WINDOW_SIZE]: 0 })
    const [stuck, other] = [peer.post(), peer.post()]
    for (const request of [stuck, other]) request.stream!.write(new Uint8Array(100))
    peer.frames()
    peer.sends(windowUpdate(1, MAX_WINDOW), settings({ [INITIAL_WINDOW_SIZE]: 0 }))
    expect(contentOf(peer)).toBe(100)
    stuck.stream!.write(new Uint8Array(100))
    peer.sends(windowUpdate(1, MAX_WINDOW))
    expect(stuck.failure).toMatchObject({ scope: 'stream', errorCode: FLOW_CONTROL_ERROR })
    expect(resets(peer.frames())).toEqual([[1, FLOW_CONTROL_ERROR]])
    peer.sends(windowUpdate(3, 100))
    expect(contentOf(peer)).toBe(100)
  },
)

rule('K5', 'a window of the connection of exactly 2³¹−1 is legal', (stage) => {
  const peer = stage.ready()
  peer.sends(windowUpdate(0, MAX_WINDOW - 65_535))
  peer.expectUsable()
  peer.sends(windowUpdate(0, 1))
  peer.expectConnectionError(FLOW_CONTROL_ERROR)
})

rule('K4', 'a window of a stream of exactly 2³¹−1 is legal', (stage) => {
  const peer = stage.ready()
  const request = peer.post()
  peer.frames()
  peer.sends(windowUpdate(1, MAX_WINDOW - 65_535))
  expect(request.failure).toBeUndefined()
  peer.sends(windowUpdate(1, 1))
  peer.expectStreamError(request, 1, FLOW_CONTROL_ERROR)
})

rule('K7', 'WINDOW_UPDATE on a closed stream is ignored, however large', (stage) => {
  const peer = stage.ready()
  peer.open()
  const cancelled = peer.open()
  peer.open()
  peer.frames()
  cancelled.stream!.reset(CANCEL)
  peer.frames()
  peer.sends(response(1, 200, true), rstStream(5, CANCEL))
  for (const id of [1, 3, 5]) peer.sends(windowUpdate(id, MAX_WINDOW), windowUpdate(id, MAX_WINDOW))
  expect(peer.frames()).toEqual([])
  peer.expectUsable()
})

rule('K7', 'an increment of 0 on a closed stream is ignored as well', (stage) => {
  const peer = stage.ready()
  peer.open()
  peer.frames()
  peer.sends(response(1, 200, true), windowUpdate(1, 0))
  expect(peer.frames()).toEqual([])
  peer.expectUsable()
})

rule('K8', 'we send no more than 65,535 octets before the peer grants more', (stage) => {
  const peer = stage.silent()
  peer.post().stream!.write(new Uint8Array(100_000))
  expect(contentOf(peer)).toBe(65_535)
  peer.sends(settings())
  peer.sends(windowUpdate(1, 1000))
  expect(contentOf(peer), 'the window of the connection is shut').toBe(0)
  peer.sends(windowUpdate(0, 1000))
  expect(contentOf(peer)).toBe(1000)
})

rule('K8', 'we take 65,535 octets on the connection and on a stream before SETTINGS count', (stage) => {
  const limits = { connectionWindowSize: 65_535 }
  const peer = stage.silent({ limits, settings: { initialWindowSize: 1000 } })
  const request = peer.open()
  request.hold = true
  expect(peer.framesOf(WINDOW_UPDATE)).toEqual([])
  const most = new Uint8Array(16_384)
  peer.sends(settings(), response(1, 200), data(1, most), data(1, most), data(1, most))
  peer.sends(data(1, new Uint8Array(16_383)))
  expect([request.received, request.failure, peer.closed]).toEqual([65_535, undefined, false])
})

rule('K9', 'a negative window is remembered to the octet', (stage) => {
  const peer = stage.ready({}, { [INITIAL_WINDOW_SIZE]: 1000 })
  const request = peer.post()
  request.stream!.write(new Uint8Array(5000))
  expect(contentOf(peer)).toBe(1000)
  peer.sends(settings({ [INITIAL_WINDOW_SIZE]: 0 }))
  peer.sends(windowUpdate(1, 999))
  expect(contentOf(peer), '−1').toBe(0)
  peer.sends(windowUpdate(1, 1))
  expect(contentOf(peer), '0').toBe(0)
  peer.sends(windowUpdate(1, 7))
  expect(contentOf(peer)).toBe(7)
  peer.sends(settings({ [INITIAL_WINDOW_SIZE]: 10 }))
  expect(contentOf(peer)).toBe(10)
})

const DISCARDED: readonly (readonly [what: string, before: Uint8Array, sent: Uint8Array])[] = [
  ['a closed stream', response(1, 200, true), data(1, new Uint8Array(1000))],
  ['a stream that the peer reset', rstStream(1, CANCEL), paddedData(1, 'x'.repeat(900), 99)],
  ['a stream that had no response', new Uint8Array(), data(1, new Uint8Array(1000))],
  ['a response that has no content', response(1, 204), data(1, new Uint8Array(1000))],
  ['a stream beyond its window', response(1, 200), data(1, new Uint8Array(1000))],
]
for (const [what, before, sent] of DISCARDED) {
  rule('K10', `DATA on ${what} counts for the connection and is given back`, (stage) => {
    const limits = { connectionWindowSize: 65_535 }
    const settings = { initialWindowSize: what.includes('beyond') ? 999 : 65_535 }
    const peer = stage.ready({ limits, settings, windowManager: EagerLater })
    peer.open()
    peer.frames()
    peer.sends(before)
    const size = peer.connection.recvWindow
    peer.sends(sent)
    expect(peer.connection.recvWindow).toBe(size - 1000)
    const granted = peer.framesOf(WINDOW_UPDATE).map((each) => [each.streamId, uint32At(each.payload)])
    expect(granted).toEqual([[0, 1000]])
  })
}

/** Gives back every octet as soon as it is consumed or thrown away. */
class EagerLater extends EagerWindowManager {
  override onDataReceived(): number {
    return 0
  }

  override onDataConsumed(length: number): number {
    return length
  }
}

rule('K10', 'content that a cancelled request had not read is given back once, as it arrives', (stage) => {
  const peer = stage.ready({ limits: { connectionWindowSize: 65_535 }, windowManager: EagerLater })
  const request = peer.open()
  request.hold = true
  peer.frames()
  peer.sends(response(1, 200), data(1, new Uint8Array(10_000)))
  const granted = peer.framesOf(WINDOW_UPDATE).map((each) => [each.streamId, uint32At(each.payload)])
  expect(granted).toEqual([[0, 10_000]])
  request.stream!.reset(CANCEL)
  request.stream!.consume(10_000)
  expect(peer.framesOf(WINDOW_UPDATE), 'whatever the reader says later').toEqual([])
})

rule('K11', 'a smaller window of ours holds from the acknowledgement on', (stage) => {
  const peer = stage.silent({ settings: { initialWindowSize: 500 } })
  const [early, late] = [peer.open(), peer.open()]
  early.hold = true
  late.hold = true
  peer.frames()
  peer.sends(settings(), response(1, 200), data(1, new Uint8Array(10_000)))
  expect([early.received, early.failure]).toEqual([10_000, undefined])
  peer.sends(settingsAck, response(3, 200), data(3, new Uint8Array(500)))
  expect(late.failure).toBeUndefined()
  peer.sends(data(3, 'x'))
  peer.expectStreamError(late, 3, FLOW_CONTROL_ERROR)
})

rule('K12', 'frames other than DATA are taken and sent whatever the windows', (stage) => {
  const options = { limits: { connectionWindowSize: 65_535 }, settings: { initialWindowSize: 65_535 } }
  const peer = stage.ready(options, { [INITIAL_WINDOW_SIZE]: 0 })
  const full = peer.open()
  full.hold = true
  const upload = peer.post()
  upload.stream!.write(new Uint8Array(10))
  peer.frames()
  const most = new Uint8Array(16_384)
  peer.sends(response(1, 200), data(1, most), data(1, most), data(1, most), data(1, most.subarray(1)))
  expect(peer.connection.recvWindow).toBe(0)
  peer.sends(ping(new Uint8Array(8)), settings(), response(3, 200, true))
  expect(upload).toMatchObject({ status: 200, ended: true })
  const empty = peer.open()
  expect(peer.frames().filter((sent) => sent.type === HEADERS)).toHaveLength(1)
  peer.sends(response(5, 200), data(5, '', true), data(1, '', true))
  expect([empty.ended, full.ended]).toEqual([true, true])
})

rule('K13', 'credit never lifts a window that we announce above 2³¹−1', (stage) => {
  class Generous extends EagerWindowManager {
    override onDataReceived(): number {
      return MAX_WINDOW
    }
  }
  const peer = stage.ready({
    windowManager: Generous,
    limits: { connectionWindowSize: MAX_WINDOW },
    settings: { initialWindowSize: MAX_WINDOW },
  })
  peer.open()
  peer.frames()
  peer.sends(response(1, 200))
  for (let i = 0; i < 5; i++) {
    peer.sends(data(1, new Uint8Array(1000)))
    const granted = peer.framesOf(WINDOW_UPDATE).map((sent) => uint32At(sent.payload))
    expect(granted).toEqual([1000, 1000])
  }
  expect(peer.connection.recvWindow).toBe(MAX_WINDOW)
})

rule('K13', 'no WINDOW_UPDATE is sent for a response that has ended', (stage) => {
  const peer = stage.ready({ windowManager: EagerLater })
  const request = peer.open()
  request.hold = true
  peer.frames()
  peer.sends(response(1, 200), data(1, new Uint8Array(1000), true))
  request.stream!.consume(1000)
  const granted = peer.framesOf(WINDOW_UPDATE)
  expect(granted.map((sent) => [sent.streamId, uint32At(sent.payload)])).toEqual([[0, 1000]])
})
