/** PRIORITY and RST_STREAM (RFC 9113 §6.3, §6.4, §7, §8.1, §8.7). */
import { expect } from 'vitest'
import {
  concat,
  data,
  frame,
  PRIORITY,
  RST_STREAM,
  response,
  rstStream,
  uint32,
  uint32At,
} from '../support/wire.ts'
import { CANCEL, FRAME_SIZE_ERROR, NO_ERROR, PROTOCOL_ERROR, REFUSED_STREAM } from './codes.ts'
import { connectionErrors, rule, streamErrors } from './rule.ts'

connectionErrors([
  ['F1', 'PRIORITY on stream 0', frame(PRIORITY, 0, 0, new Uint8Array(5)), PROTOCOL_ERROR],
  ['F3', 'RST_STREAM on stream 0', rstStream(0, CANCEL), PROTOCOL_ERROR],
  ['F4', 'RST_STREAM on an idle stream', rstStream(9, CANCEL), PROTOCOL_ERROR],
  ['F4', 'RST_STREAM on an idle even stream', rstStream(2, CANCEL), PROTOCOL_ERROR],
  ...[0, 3, 5, 8].map(
    (length) =>
      [
        'F5',
        `RST_STREAM of ${length} octets`,
        frame(RST_STREAM, 0, 3, new Uint8Array(length)),
        FRAME_SIZE_ERROR,
      ] as const,
  ),
])

streamErrors(
  [0, 4, 6].map((length) => [
    'F2',
    `PRIORITY of ${length} octets`,
    frame(PRIORITY, 0, 1, new Uint8Array(length)),
    FRAME_SIZE_ERROR,
  ]),
)

rule(
  'F2',
  'PRIORITY of 4 octets on a stream that ended is answered once, on one that was reset it is dropped',
  (stage) => {
    const peer = stage.ready()
    const requests = [peer.open(), peer.open(), peer.open()]
    peer.frames()
    requests[2]!.stream!.reset(CANCEL)
    peer.sends(response(1, 200, true), rstStream(3, CANCEL))
    peer.frames()
    for (const [id, answer] of [
      [1, [FRAME_SIZE_ERROR]],
      [3, []],
      [5, []],
    ] as const) {
      for (const answers of [answer, []]) {
        peer.sends(frame(PRIORITY, 0, id, new Uint8Array(4)))
        const resets = peer.framesOf(RST_STREAM).map((each) => [each.streamId, uint32At(each.payload)])
        expect(resets).toEqual(answers.map((code) => [id, code]))
      }
    }
    expect(requests[0]).toMatchObject({ status: 200, ended: true, failure: undefined })
    peer.expectUsable()
  },
)

for (const code of [0xdead, 0xffff_ffff, 0x0e]) {
  rule('F6', `the unknown error code ${code} in RST_STREAM ends the stream and is told as it is`, (stage) => {
    const peer = stage.ready()
    const request = peer.open()
    peer.frames()
    peer.sends(rstStream(1, code))
    expect(request.failure).toMatchObject({ scope: 'stream', initiator: 'peer', errorCode: code })
    expect(request.failure).toMatchObject({ processed: 'unknown' })
    peer.expectUsable()
  })
}

rule(
  'F7',
  'a complete response stops the upload quietly, and RST_STREAM behind it changes nothing',
  (stage) => {
    const peer = stage.ready()
    const request = peer.post()
    request.hold = true
    request.stream!.write(new Uint8Array(100_000))
    peer.frames()
    peer.sends(response(1, 200), data(1, 'enough', true))
    const sent = peer.frames()
    peer.sends(rstStream(1, NO_ERROR))
    request.stream!.write(new Uint8Array(10))
    request.stream!.end()
    expect(request).toMatchObject({ status: 200, content: 'enough', ended: true, failure: undefined })
    expect(sent.map((each) => each.type)).toEqual([RST_STREAM])
    expect(peer.frames()).toEqual([])
    peer.expectUsable()
  },
)

rule('F7', 'without it we stop the upload ourselves, with NO_ERROR', (stage) => {
  const peer = stage.ready()
  const request = peer.post()
  request.stream!.write(new Uint8Array(100_000))
  peer.frames()
  peer.sends(response(1, 413), data(1, 'too large', true))
  const sent = peer.frames().filter((each) => each.streamId === 1)
  expect(sent).toEqual([{ type: RST_STREAM, flags: 0, streamId: 1, payload: uint32(NO_ERROR) }])
  expect(request).toMatchObject({ status: 413, ended: true, failure: undefined })
  expect(request.stream!.writable).toBe(false)
  expect(request.calls.at(-1), 'the owner of the upload is told').toBe('writable')
})

rule('F7', 'RST_STREAM with NO_ERROR before the response is complete is a failure', (stage) => {
  const peer = stage.ready()
  const request = peer.open()
  peer.frames()
  peer.sends(response(1, 200), data(1, 'half'), rstStream(1, NO_ERROR))
  expect(request).toMatchObject({ content: 'half', ended: false })
  expect(request.failure).toMatchObject({ errorCode: NO_ERROR, processed: 'yes' })
})

rule('F8', 'REFUSED_STREAM proves that the request was not processed, whatever its method', (stage) => {
  const peer = stage.ready()
  const requests = [peer.open(), peer.post()]
  peer.frames()
  peer.sends(rstStream(1, REFUSED_STREAM), rstStream(3, REFUSED_STREAM))
  for (const request of requests) {
    expect(request.failure).toMatchObject({ errorCode: REFUSED_STREAM, initiator: 'peer', processed: 'no' })
  }
  peer.expectUsable()
})

rule('F8', 'it proves nothing once the response has begun, nor does any other code', (stage) => {
  const peer = stage.ready()
  const [answered, other] = [peer.open(), peer.open()]
  peer.frames()
  peer.sends(concat(response(1, 200), rstStream(1, REFUSED_STREAM), rstStream(3, CANCEL)))
  expect(answered.failure).toMatchObject({ processed: 'yes' })
  expect(other.failure).toMatchObject({ processed: 'unknown' })
})
