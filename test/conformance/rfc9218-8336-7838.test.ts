/** Frames of extensions (RFC 9218 §7.1, RFC 8336, RFC 7838). */
import { expect } from 'vitest'
import { concat, data, frame, HEADERS, latin1, response, uint32 } from '../support/wire.ts'
import { ENHANCE_YOUR_CALM, FRAME_SIZE_ERROR, PROTOCOL_ERROR } from './codes.ts'
import { connectionErrors, ignored, rule } from './rule.ts'

const ALTSVC = 0x0a
const ORIGIN = 0x0c
const PRIORITY_UPDATE = 0x10

/** Text behind its length in two octets. */
function sized(text: string): Uint8Array {
  return concat(Uint8Array.of(text.length >> 8, text.length), latin1(text))
}

const service = latin1('h2="b.test:443"; ma=60')

ignored([
  ['P11', 'ORIGIN', frame(ORIGIN, 0, 0, concat(sized('https://a.test'), sized('https://b.test')))],
  ['P11', 'ORIGIN without an entry', frame(ORIGIN, 0, 0)],
  ['P11', 'ORIGIN on a stream', frame(ORIGIN, 0, 1, sized('https://b.test'))],
  ['P11', 'ORIGIN with flags', frame(ORIGIN, 0xff, 0, sized('https://b.test'))],
  ['P11', 'ORIGIN cut short', frame(ORIGIN, 0, 0, Uint8Array.of(0, 99, 0x68))],
  ['P11', 'ORIGIN that is no origin', frame(ORIGIN, 0, 0, sized('\0not an origin'))],
  ['P12', 'ALTSVC for an origin', frame(ALTSVC, 0, 0, concat(sized('https://a.test'), service))],
  ['P12', 'ALTSVC without an origin on stream 0', frame(ALTSVC, 0, 0, concat(sized(''), service))],
  ['P12', 'ALTSVC on a stream', frame(ALTSVC, 0, 1, concat(sized(''), service))],
  ['P12', 'ALTSVC with an origin on a stream', frame(ALTSVC, 0, 1, concat(sized('https://b.test'), service))],
  ['P12', 'ALTSVC cut short', frame(ALTSVC, 0, 0, Uint8Array.of(0))],
  ['P12', 'empty ALTSVC', frame(ALTSVC, 0, 0)],
  ['P12', 'ALTSVC of 16,384 octets', frame(ALTSVC, 0, 0, new Uint8Array(16_384))],
])

for (const [id, name, type] of [
  ['P11', 'ORIGIN', ORIGIN],
  ['P12', 'ALTSVC', ALTSVC],
] as const) {
  rule(id, `a flood of ${name} ends the connection`, (stage) => {
    const peer = stage.ready({ limits: { glitchBurst: 10, glitchesPerSecond: 0 } })
    peer.open()
    peer.frames()
    for (let i = 0; i < 10; i++) peer.sends(frame(type, 0, 0, sized('https://b.test')))
    expect(peer.closed).toBe(false)
    peer.sends(frame(type, 0, 0, sized('https://b.test')))
    peer.expectConnectionError(ENHANCE_YOUR_CALM)
  })
}

rule('P12', 'ALTSVC behind the end of the connection is dropped', (stage) => {
  const peer = stage.ready()
  peer.frames()
  peer.connection.shutdown(0, peer.now)
  peer.sends(frame(ALTSVC, 0, 0, concat(sized('https://a.test'), service)))
  expect([peer.closed, peer.closedWith]).toEqual([true, undefined])
})

connectionErrors([
  ['P13', 'PRIORITY_UPDATE', frame(PRIORITY_UPDATE, 0, 0, concat(uint32(1), latin1('u=1'))), PROTOCOL_ERROR],
  ['P13', 'PRIORITY_UPDATE on a stream', frame(PRIORITY_UPDATE, 0, 1, uint32(1)), PROTOCOL_ERROR],
  ['P13', 'PRIORITY_UPDATE without its stream', frame(PRIORITY_UPDATE, 0, 0), PROTOCOL_ERROR],
  [
    'P12',
    'ALTSVC inside a field block',
    concat(frame(HEADERS, 0, 1, Uint8Array.of(0x88)), frame(ALTSVC, 0, 0)),
    PROTOCOL_ERROR,
  ],
  ['P12', 'ALTSVC of 16,385 octets', frame(ALTSVC, 0, 0, new Uint8Array(16_385)), FRAME_SIZE_ERROR],
])

rule('P13', 'our own PRIORITY_UPDATE names an open stream and its urgency', (stage) => {
  const peer = stage.ready()
  const request = peer.open()
  peer.frames()
  request.stream!.reprioritize(1, true)
  expect(peer.frames()).toEqual([
    { type: PRIORITY_UPDATE, flags: 0, streamId: 0, payload: concat(uint32(1), latin1('u=1, i')) },
  ])
  peer.sends(response(1, 200), data(1, '', true))
  request.stream!.reprioritize(2, false)
  expect(peer.frames()).toEqual([])
})
