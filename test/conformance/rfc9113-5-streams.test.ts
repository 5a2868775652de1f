/** Stream identifiers, concurrency and errors (RFC 9113 §5.1.1, §5.1.2, §5.2, §5.4). */
import { expect } from 'vitest'
import {
  DATA,
  data,
  HEADERS,
  headers,
  PING,
  ping,
  RST_STREAM,
  response,
  rstStream,
  settings,
  WINDOW_UPDATE,
  windowUpdate,
} from '../support/wire.ts'
import {
  CANCEL,
  INTERNAL_ERROR,
  MAX_CONCURRENT_STREAMS,
  NO_ERROR,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
  STREAM_CLOSED,
} from './codes.ts'
import { type Peer, resets } from './peer.ts'
import { promise } from './promise.ts'
import { rule } from './rule.ts'

// — identifiers (RFC 9113 §5.1.1) —

rule('C1', 'streams are numbered 1, 3, 5, …, whatever became of those before', (stage) => {
  const peer = stage.ready()
  peer.open().stream!.reset(CANCEL)
  peer.open()
  peer.open().stream!.reset(CANCEL)
  const third = peer.open()
  expect(ids(peer), 'a request cancelled before it was sent takes no identifier').toEqual([1, 3])
  third.stream!.reset(CANCEL)
  peer.open()
  expect(ids(peer)).toEqual([5])
})

function ids(peer: Peer): number[] {
  return peer.framesOf(HEADERS).map((sent) => sent.streamId)
}

rule('C2', 'behind the last identifier no request is sent, and each is told that it was not', (stage) => {
  const peer = stage.ready({ firstStreamId: 2 ** 31 - 3 })
  const [first, last, over, more] = [peer.open(), peer.open(), peer.open(), peer.post()]
  expect(ids(peer)).toEqual([2 ** 31 - 3, 2 ** 31 - 1])
  for (const refused of [over, more]) {
    expect(refused.failure).toMatchObject({ kind: 'STREAM_IDS_EXHAUSTED', processed: 'no' })
  }
  peer.sends(response(2 ** 31 - 3, 200, true), response(2 ** 31 - 1, 200, true))
  expect([first.ended, last.ended, peer.closedWith]).toEqual([true, true, undefined])
})

// — concurrency (RFC 9113 §5.1.2) —

rule('C19', 'no more streams are open than the peer allows; the rest follow in order', (stage) => {
  const peer = stage.ready({}, { [MAX_CONCURRENT_STREAMS]: 2 })
  for (let i = 0; i < 5; i++) peer.open({ path: `/${i}` })
  expect(ids(peer)).toEqual([1, 3])
  peer.sends(response(3, 200))
  expect(ids(peer), 'a response that goes on keeps its slot').toEqual([])
  peer.sends(data(3, '', true))
  expect(ids(peer)).toEqual([5])
  peer.sends(rstStream(1, CANCEL), response(5, 200, true))
  expect(ids(peer)).toEqual([7, 9])
})

rule('C19', 'before the SETTINGS of the peer the number is bounded by our own limit', (stage) => {
  const peer = stage.silent({ limits: { initialConcurrentStreams: 3 } })
  for (let i = 0; i < 5; i++) peer.open()
  expect(ids(peer)).toEqual([1, 3, 5])
  peer.sends(settings({ [MAX_CONCURRENT_STREAMS]: 4 }))
  expect(ids(peer)).toEqual([7])
})

rule(
  'C20',
  'a limit lowered below what is open ends nothing, and opens nothing until there is room',
  (stage) => {
    const peer = stage.ready({}, { [MAX_CONCURRENT_STREAMS]: 10 })
    for (let i = 0; i < 4; i++) peer.open()
    expect(ids(peer)).toEqual([1, 3, 5, 7])
    peer.sends(settings({ [MAX_CONCURRENT_STREAMS]: 2 }))
    peer.open()
    expect(peer.frames().map((sent) => sent.type)).toEqual([4])
    peer.sends(response(1, 200, true), response(3, 200, true))
    expect(ids(peer), 'two are open still').toEqual([])
    peer.sends(response(5, 200, true))
    expect(ids(peer)).toEqual([9])
    expect(peer.requests.map((request) => request.failure)).toEqual(new Array(5).fill(undefined))
  },
)

rule('C21', 'pushes above our MAX_CONCURRENT_STREAMS are refused one by one', (stage) => {
  const peer = stage.ready({ enablePush: true, settings: { maxConcurrentStreams: 1 } })
  const request = peer.open()
  peer.frames()
  peer.sends(promise(1, 2), promise(1, 4))
  expect(resets(peer.frames())).toEqual([[4, REFUSED_STREAM]])
  peer.sends(response(2, 200, true), promise(1, 6))
  expect(resets(peer.frames()), 'the first is done').toEqual([])
  expect(request.pushes.map(({ stream }) => stream.id)).toEqual([2, 6])
  peer.expectUsable()
})

rule('C22', 'identifiers that a higher promise skipped count as closed, not idle', (stage) => {
  const peer = stage.ready({ enablePush: true })
  peer.open()
  peer.frames()
  peer.sends(promise(1, 6), windowUpdate(2, 1), rstStream(4, CANCEL), data(2, 'x'))
  expect(peer.closed).toBe(false)
  peer.expectUsable()
})

// — stream errors (RFC 9113 §5.4.2, §6.4) —

rule('C23', 'RST_STREAM is not answered, on a stream in whatever state', (stage) => {
  const peer = stage.ready()
  peer.open()
  peer.post()
  peer.open()
  peer.frames()
  peer.sends(response(5, 200), rstStream(1, CANCEL), rstStream(3, NO_ERROR), rstStream(5, 0xdead))
  peer.sends(rstStream(1, CANCEL), rstStream(3, CANCEL))
  expect(peer.frames()).toEqual([])
  peer.expectUsable()
})

rule('C24', 'a stream is reset once, whatever comes on it and however often the caller asks', (stage) => {
  const peer = stage.ready()
  const request = peer.post()
  peer.frames()
  peer.sends(data(1, 'no response yet'), data(1, 'x'), windowUpdate(1, 0), response(1, 200, true))
  request.stream!.reset(CANCEL)
  request.stream!.reset(CANCEL)
  expect(resets(peer.frames())).toEqual([[1, PROTOCOL_ERROR]])
  const second = peer.open()
  peer.frames()
  second.stream!.reset(CANCEL)
  second.stream!.reset(INTERNAL_ERROR)
  peer.sends(windowUpdate(3, 0), data(3, 'x'))
  expect(resets(peer.frames())).toEqual([[3, CANCEL]])
  const ended = peer.open()
  peer.frames()
  peer.sends(response(5, 200, true))
  const late = [data(5, 'x'), headers(5, [['a', 'b']]), data(5, 'x'), headers(5, [['a', 'b']])]
  const answers = late.flatMap((frame) => {
    peer.sends(frame)
    return resets(peer.frames())
  })
  expect(answers, 'and where it had ended').toEqual([[5, STREAM_CLOSED]])
  ended.stream!.reset(CANCEL)
  expect(peer.frames()).toEqual([])
})

rule(
  'C25',
  'behind the reset of the peer nothing is sent on the stream, queued content included',
  (stage) => {
    const peer = stage.ready({}, { 4: 10 })
    const request = peer.post()
    request.stream!.write(new Uint8Array(1000))
    expect(peer.framesOf(DATA).map((sent) => sent.payload.length)).toEqual([10])
    peer.sends(windowUpdate(1, 500), rstStream(1, CANCEL), windowUpdate(1, 500))
    request.stream!.write(new Uint8Array(10))
    request.stream!.end(['a', 'b'])
    request.stream!.reset(CANCEL)
    request.stream!.reprioritize(0, false)
    expect(peer.frames()).toEqual([])
    expect(request.stream!.writable).toBe(false)
  },
)

rule('C25', 'our own RST_STREAM that was not handed out yet is taken back', (stage) => {
  const peer = stage.ready()
  const request = peer.post()
  peer.frames()
  peer.sends(response(1, 200, true), rstStream(1, NO_ERROR))
  expect(peer.frames()).toEqual([])
  expect(request).toMatchObject({ status: 200, ended: true, failure: undefined })
})

rule('C26', 'behind our reset nothing is sent, and what was in flight does no harm', (stage) => {
  const peer = stage.ready({}, { 4: 10 })
  const request = peer.post()
  request.stream!.write(new Uint8Array(1000))
  peer.frames()
  request.stream!.reset(CANCEL)
  request.stream!.write(new Uint8Array(10))
  request.stream!.end()
  const sent = peer.frames()
  expect(sent.filter((each) => each.streamId === 1).map((each) => each.type)).toEqual([RST_STREAM])
  const calls = [...request.calls]
  peer.sends(response(1, 200), data(1, 'x'), windowUpdate(1, 5), headers(1, [['a', 'b']], 5), rstStream(1, 2))
  expect(peer.frames()).toEqual([])
  expect(request.calls).toEqual(calls)
  peer.expectUsable()
})

rule('C26', 'a storm of cancellations keeps its slots until the peer must have seen it', (stage) => {
  const peer = stage.ready({}, { [MAX_CONCURRENT_STREAMS]: 2 })
  const first = [peer.open(), peer.open()]
  peer.frames()
  for (const request of first) request.stream!.reset(CANCEL)
  peer.open()
  peer.open()
  const sent = peer.frames()
  expect(sent.map((each) => each.type)).toEqual([RST_STREAM, RST_STREAM, PING])
  peer.sends(ping(sent[2]!.payload, true))
  expect(ids(peer)).toEqual([5, 7])
})

rule('C27', 'frames are taken promptly though nobody reads the content of a response', (stage) => {
  const peer = stage.ready()
  const unread = peer.open()
  unread.hold = true
  const other = peer.open()
  peer.frames()
  peer.sends(response(1, 200))
  for (let i = 0; i < 16; i++) peer.sends(data(1, new Uint8Array(16_384)))
  peer.sends(ping(new Uint8Array(8).fill(7)), settings(), response(3, 200), data(3, 'read', true))
  expect(other).toMatchObject({ content: 'read', ended: true })
  const types = peer.frames().map((sent) => [sent.type, sent.streamId])
  expect(types).toContainEqual([PING, 0])
  expect(types, 'no credit for what nobody reads').not.toContainEqual([WINDOW_UPDATE, 1])
  expect(unread.received).toBe(16 * 16_384)
})
