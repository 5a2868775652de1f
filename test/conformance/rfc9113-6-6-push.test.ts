/** PUSH_PROMISE and server push (RFC 9113 §6.6, §8.4). */
import { expect } from 'vitest'
import { incremental, indexed, withoutIndexing } from '../support/field-blocks.ts'
import {
  CONTINUATION,
  concat,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  HEADERS,
  headers,
  PADDED,
  PUSH_PROMISE,
  response,
  rstStream,
  SETTINGS,
  settings,
  uint32,
  uint32At,
} from '../support/wire.ts'
import { CANCEL, ENHANCE_YOUR_CALM, PROTOCOL_ERROR, REFUSED_STREAM } from './codes.ts'
import { resets } from './peer.ts'
import { promise, promisedRequest } from './promise.ts'
import { connectionErrors, rule } from './rule.ts'

connectionErrors([
  ['H1', 'PUSH_PROMISE behind the acknowledgement of ENABLE_PUSH 0', promise(1, 2), PROTOCOL_ERROR],
])

rule('H1', 'ENABLE_PUSH 0 is what we announce unless pushes are asked for', (stage) => {
  for (const [enablePush, value] of [
    [false, 0],
    [true, 1],
  ] as const) {
    const [sent] = stage.silent({ enablePush }).framesOf(SETTINGS)
    const entries = Array.from({ length: sent!.payload.length / 6 }, (_, i) => [
      uint32At(sent!.payload, i * 6) >>> 16,
      uint32At(sent!.payload, i * 6 + 2),
    ])
    expect(entries.filter(([id]) => id === 2)).toEqual([[2, value]])
  }
})

rule('H2', 'PUSH_PROMISE before that acknowledgement ends the connection as well', (stage) => {
  const peer = stage.silent()
  const request = peer.open()
  peer.frames()
  peer.sends(settings(), promise(1, 2))
  peer.expectConnectionError(PROTOCOL_ERROR)
  expect(request.pushes).toEqual([])
})

const fragment = promisedRequest()
connectionErrors(
  [
    ['H3', 'PUSH_PROMISE on stream 0', promise(0, 2), PROTOCOL_ERROR],
    ['H4', 'PUSH_PROMISE on an idle stream', promise(9, 2), PROTOCOL_ERROR],
    ['H5', 'a promise of stream 0', promise(1, 0), PROTOCOL_ERROR],
    ['H5', 'a promise of an odd stream', promise(1, 9), PROTOCOL_ERROR],
    ['H5', 'a promise of an open stream', promise(1, 3), PROTOCOL_ERROR],
    ['H5', 'the same promise twice', concat(promise(1, 2), promise(1, 2)), PROTOCOL_ERROR],
    ['H5', 'a promise below an earlier one', concat(promise(1, 6), promise(3, 4)), PROTOCOL_ERROR],
    [
      'H6',
      'padding longer than the rest of PUSH_PROMISE',
      frame(PUSH_PROMISE, PADDED | END_HEADERS, 1, concat(Uint8Array.of(9), uint32(2), new Uint8Array(8))),
      PROTOCOL_ERROR,
    ],
    [
      'H7',
      'PUSH_PROMISE without END_HEADERS and DATA behind it',
      concat(frame(PUSH_PROMISE, 0, 1, concat(uint32(2), fragment)), data(3, 'x')),
      PROTOCOL_ERROR,
    ],
    [
      'H7',
      'PUSH_PROMISE without END_HEADERS and CONTINUATION on the promised stream',
      concat(frame(PUSH_PROMISE, 0, 1, concat(uint32(2), fragment)), frame(CONTINUATION, END_HEADERS, 2)),
      PROTOCOL_ERROR,
    ],
  ],
  { enablePush: true },
)

rule('H4', 'PUSH_PROMISE on a stream that the peer has ended ends the connection', (stage) => {
  const peer = stage.ready({ enablePush: true })
  peer.open()
  peer.frames()
  peer.sends(response(1, 200, true), promise(1, 2))
  peer.expectConnectionError(PROTOCOL_ERROR)
})

rule('H4', 'PUSH_PROMISE on a stream that we reset is none of its business', (stage) => {
  const peer = stage.ready({ enablePush: true })
  const request = peer.open()
  peer.frames()
  request.stream!.reset(CANCEL)
  peer.frames()
  peer.sends(promise(1, 2))
  expect(resets(peer.frames())).toEqual([[2, REFUSED_STREAM]])
  peer.expectUsable()
})

rule('H5', 'promises may skip identifiers', (stage) => {
  const peer = stage.ready({ enablePush: true })
  const request = peer.open()
  peer.frames()
  peer.sends(promise(1, 2), promise(1, 100), promise(1, 2 ** 31 - 2))
  expect(request.pushes.map(({ stream }) => stream.id)).toEqual([2, 100, 2 ** 31 - 2])
  peer.expectUsable()
})

rule('H6', 'padding may fill all that the field block leaves', (stage) => {
  const peer = stage.ready({ enablePush: true })
  const request = peer.open()
  peer.frames()
  const payload = concat(Uint8Array.of(200), uint32(2), fragment, new Uint8Array(200))
  peer.sends(frame(PUSH_PROMISE, PADDED | END_HEADERS, 1, payload), response(2, 200, true))
  expect(request.pushes[0]!.head).toMatchObject({ method: 'GET', authority: 'a.test', path: '/' })
  expect(request.pushes[0]!.sink).toMatchObject({ status: 200, ended: true })
})

rule('H7', 'a promise may go on in CONTINUATION, and is taken when it is whole', (stage) => {
  const peer = stage.ready({ enablePush: true })
  const request = peer.open()
  peer.frames()
  peer.sends(frame(PUSH_PROMISE, 0, 1, concat(uint32(2), fragment.subarray(0, 3))))
  expect(request.pushes).toEqual([])
  peer.sends(frame(CONTINUATION, END_HEADERS, 1, fragment.subarray(3)))
  expect(request.pushes).toHaveLength(1)
  peer.sends(response(2, 200, true), response(1, 200, true))
  expect([request.ended, request.pushes[0]!.sink.ended]).toEqual([true, true])
})

const REFUSED: readonly (readonly [id: string, what: string, block: Uint8Array])[] = [
  ['H8', 'the method POST', concat(indexed(3), indexed(7), indexed(4), withoutIndexing(1, 'a.test'))],
  ['H8', 'the method DELETE', concat(withoutIndexing(2, 'DELETE'), promisedRequest().subarray(1))],
  ['H8', 'content', promisedRequest(withoutIndexing('content-length', '5'))],
  ['H8', 'no :path', concat(indexed(2), indexed(7), withoutIndexing(1, 'a.test'))],
  ['H8', 'no :scheme', concat(indexed(2), indexed(4), withoutIndexing(1, 'a.test'))],
  ['H8', ':method twice', concat(indexed(2), promisedRequest())],
  ['H8', ':status', concat(indexed(8), promisedRequest())],
  ['H8', 'a connection-specific field', promisedRequest(withoutIndexing('connection', 'close'))],
  ['H9', 'another authority', promisedRequest(undefined, 'b.test')],
  ['H9', 'no authority', concat(indexed(2), indexed(7), indexed(4))],
]
for (const [id, what, block] of REFUSED) {
  rule(id, `a promised request with ${what} is refused, and its request goes on`, (stage) => {
    const peer = stage.ready({ enablePush: true })
    const request = peer.open()
    peer.frames()
    peer.sends(frame(PUSH_PROMISE, END_HEADERS, 1, concat(uint32(2), block)))
    expect(resets(peer.frames())).toEqual([[2, PROTOCOL_ERROR]])
    expect(request.pushes, 'nobody is asked').toEqual([])
    peer.sends(response(2, 200), data(2, 'x', true), response(1, 200, true))
    expect(peer.frames(), 'what was in flight is dropped').toEqual([])
    expect(request).toMatchObject({ status: 200, ended: true })
    peer.expectUsable()
  })
}

rule('H9', 'the authority is compared without regard to case', (stage) => {
  const peer = stage.ready({ enablePush: true })
  const request = peer.open()
  peer.frames()
  peer.sends(frame(PUSH_PROMISE, END_HEADERS, 1, concat(uint32(2), promisedRequest(undefined, 'A.Test'))))
  expect(request.pushes).toHaveLength(1)
})

rule('H9', 'a push under another scheme than that of its request is refused', (stage) => {
  const peer = stage.ready({ enablePush: true })
  const request = peer.open()
  peer.frames()
  const block = concat(indexed(2), indexed(6), indexed(4), withoutIndexing(1, 'a.test'))
  peer.sends(frame(PUSH_PROMISE, END_HEADERS, 1, concat(uint32(2), block)))
  expect(request.pushes).toEqual([])
  expect(resets(peer.frames())).toEqual([[2, PROTOCOL_ERROR]])
})

rule(
  'H10',
  'reserved streams above the limit are refused, and a flood of them ends the connection',
  (stage) => {
    const peer = stage.ready({
      enablePush: true,
      settings: { maxConcurrentStreams: 3 },
      limits: { maxStreamErrors: 5 },
    })
    const request = peer.open()
    peer.frames()
    for (let id = 2; id <= 16; id += 2) peer.sends(promise(1, id))
    expect(request.pushes).toHaveLength(3)
    expect(resets(peer.frames())).toEqual([8, 10, 12, 14, 16].map((id) => [id, REFUSED_STREAM]))
    peer.sends(promise(1, 18))
    peer.expectConnectionError(ENHANCE_YOUR_CALM)
    expect(request.pushes.map(({ sink }) => sink.failure?.scope)).toEqual(new Array(3).fill('connection'))
  },
)

rule('H8', 'a push that the application refuses is reset with CANCEL, once, and still decoded', (stage) => {
  const peer = stage.ready({ enablePush: true })
  const request = peer.open()
  request.acceptPushes = false
  peer.frames()
  peer.sends(promise(1, 2, incremental('x-shared', 'kept')))
  expect(resets(peer.frames())).toEqual([[2, CANCEL]])
  peer.sends(response(2, 200), rstStream(2, CANCEL))
  expect(peer.frames()).toEqual([])
  peer.sends(frame(HEADERS, END_HEADERS | END_STREAM, 1, concat(indexed(8), indexed(62))))
  expect(request.fields).toEqual(['x-shared', 'kept'])
})

rule('H11', 'whatever we are asked for, PUSH_PROMISE is not among what we send', (stage) => {
  const peer = stage.ready({ enablePush: true })
  const upload = peer.post({ fields: ['x-long', '~'.repeat(20_000)] })
  upload.stream!.write(new Uint8Array(100))
  upload.stream!.end(['a', 'b'])
  peer.open().stream!.reprioritize(1, false)
  const types = peer.frames().map((sent) => sent.type)
  peer.sends(promise(1, 2), headers(1, [[':status', '103']]))
  types.push(...peer.frames().map((sent) => sent.type))
  expect(types.length).toBeGreaterThan(3)
  expect(types).not.toContain(PUSH_PROMISE)
})
