/** PING (RFC 9113 §6.7). */
import { expect } from 'vitest'
import { ACK, concat, DATA, frame, HEADERS, PING, ping, settings } from '../support/wire.ts'
import { ENHANCE_YOUR_CALM, FRAME_SIZE_ERROR, PROTOCOL_ERROR } from './codes.ts'
import { connectionErrors, rule } from './rule.ts'

const octets = Uint8Array.of(1, 2, 3, 4, 250, 251, 252, 253)

connectionErrors([
  ['I1', 'PING on a stream', frame(PING, 0, 1, octets), PROTOCOL_ERROR],
  ['I1', 'a PING acknowledgement on an idle stream', frame(PING, ACK, 9, octets), PROTOCOL_ERROR],
  ...[0, 6, 7, 9].map(
    (length) =>
      [
        'I2',
        `PING of ${length} octets`,
        frame(PING, 0, 0, new Uint8Array(length)),
        FRAME_SIZE_ERROR,
      ] as const,
  ),
  ['I2', 'a PING acknowledgement of 7 octets', frame(PING, ACK, 0, new Uint8Array(7)), FRAME_SIZE_ERROR],
])

rule('I3', 'each PING is answered by its own octets, ahead of requests and content', (stage) => {
  const peer = stage.ready()
  peer.post().stream!.write(new Uint8Array(10))
  peer.open()
  peer.sends(ping(octets), ping(new Uint8Array(8)))
  const sent = peer.frames()
  expect(sent.slice(0, 2)).toEqual([
    { type: PING, flags: ACK, streamId: 0, payload: octets },
    { type: PING, flags: ACK, streamId: 0, payload: new Uint8Array(8) },
  ])
  expect(sent.slice(2).map((each) => each.type)).toEqual([HEADERS, HEADERS, DATA])
})

rule('I3', 'a flood of PINGs that cannot be answered ends the connection', (stage) => {
  const peer = stage.ready({ limits: { maxQueuedControlFrames: 10, glitchBurst: 100 } })
  peer.open()
  peer.frames()
  peer.sends(...new Array(10).fill(ping(octets)))
  expect(peer.frames(), 'ten wait for the transport').toHaveLength(10)
  peer.sends(...new Array(10).fill(ping(octets)))
  expect(peer.closed, 'what was handed out does not count').toBe(false)
  peer.sends(ping(octets))
  peer.expectConnectionError(ENHANCE_YOUR_CALM)
})

rule('I3', 'a flood of PINGs that are answered ends the connection as well', (stage) => {
  const peer = stage.ready({ limits: { glitchBurst: 10, glitchesPerSecond: 1 } })
  peer.open()
  peer.frames()
  for (let i = 0; i < 10; i++) {
    peer.sends(ping(octets))
    expect(peer.frames()).toHaveLength(1)
  }
  peer.now += 1000
  peer.sends(ping(octets))
  expect(peer.frames(), 'a second forgives one').toHaveLength(1)
  peer.sends(ping(octets))
  peer.expectConnectionError(ENHANCE_YOUR_CALM)
})

rule('I4', 'a PING acknowledgement is not answered; its PING is settled', (stage) => {
  const peer = stage.ready()
  const token = peer.connection.ping(peer.now)
  const [sent] = peer.framesOf(PING)
  expect(sent).toMatchObject({ flags: 0, streamId: 0 })
  peer.now += 25
  peer.sends(ping(sent!.payload, true))
  expect(peer.pongs).toEqual([{ token, roundTripTime: 25 }])
  expect(peer.frames()).toEqual([])
})

rule('I4', 'an acknowledgement that nobody waits for is ignored', (stage) => {
  const peer = stage.ready()
  const token = peer.connection.ping(peer.now)
  const [sent] = peer.framesOf(PING)
  peer.sends(ping(octets, true), ping(sent!.payload, true), ping(sent!.payload, true))
  expect(peer.pongs.map((pong) => pong.token)).toEqual([token])
  expect(peer.frames()).toEqual([])
  peer.expectUsable()
})

rule('I4', 'acknowledgements may come in any order', (stage) => {
  const peer = stage.ready()
  const tokens = [peer.connection.ping(peer.now), peer.connection.ping(peer.now)]
  const [first, second] = peer.framesOf(PING)
  expect(first!.payload).not.toEqual(second!.payload)
  peer.sends(concat(ping(second!.payload, true), settings(), ping(first!.payload, true)))
  expect(peer.pongs.map((pong) => pong.token)).toEqual(tokens.toReversed())
})
