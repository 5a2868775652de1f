/** Starting and ending a connection (RFC 9113 §3, §5.4.1). */
import { expect } from 'vitest'
import {
  ACK,
  concat,
  data,
  frame,
  GOAWAY,
  goaway,
  HEADERS,
  latin1,
  PING,
  PREFACE,
  ping,
  response,
  rstStream,
  SETTINGS,
  settings,
  settingsAck,
  uint32At,
  WINDOW_UPDATE,
  windowUpdate,
} from '../support/wire.ts'
import { ENHANCE_YOUR_CALM, INTERNAL_ERROR, NO_ERROR, PROTOCOL_ERROR } from './codes.ts'
import { rule } from './rule.ts'

rule('A2', 'the first octets are the preface of prior knowledge, never an HTTP/1.1 request', (stage) => {
  const peer = stage.silent()
  peer.open({ scheme: 'http' })
  peer.frames()
  expect(peer.bytes.subarray(0, 24)).toEqual(latin1('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'))
  expect(String.fromCharCode(...peer.bytes)).not.toMatch(/upgrade|h2c/i)
})

rule(
  'A3',
  'the preface and SETTINGS come first, and requests follow without waiting for the peer',
  (stage) => {
    const peer = stage.silent()
    peer.open()
    const types = peer.frames().map((sent) => sent.type)
    expect(peer.bytes.subarray(0, 24)).toEqual(PREFACE)
    expect(types[0]).toBe(SETTINGS)
    expect(types.filter((type) => type === SETTINGS)).toHaveLength(1)
    expect(types).toContain(HEADERS)
  },
)

const FIRST_FRAMES: readonly (readonly [string, Uint8Array])[] = [
  ['SETTINGS with ACK', settingsAck],
  ['PING', ping(new Uint8Array(8))],
  ['HEADERS', response(1, 200)],
  ['DATA', data(1, 'x')],
  ['RST_STREAM', rstStream(1, 8)],
  ['WINDOW_UPDATE', windowUpdate(0, 1)],
  ['an unknown type', frame(0xee, 0, 0)],
]
for (const [name, bytes] of FIRST_FRAMES) {
  rule('A4', `${name} before SETTINGS ends the connection`, (stage) => {
    const peer = stage.silent()
    const request = peer.open()
    peer.frames()
    peer.sends(bytes, settings(), response(1, 200, true))
    peer.expectConnectionError(PROTOCOL_ERROR)
    expect(request.failure).toMatchObject({ scope: 'connection', processed: 'unknown' })
    expect(peer.calls).not.toContain('ready')
  })
}

rule('A4', 'GOAWAY before SETTINGS ends the connection, and its code and text are told', (stage) => {
  const peer = stage.silent()
  const request = peer.open()
  peer.frames()
  peer.sends(goaway(0, ENHANCE_YOUR_CALM, 'go away'))
  expect(peer.closed).toBe(true)
  const told = { initiator: 'peer', errorCode: ENHANCE_YOUR_CALM, kind: 'GOAWAY', debugData: 'go away' }
  expect(peer.closedWith).toMatchObject(told)
  expect(request.failure).toMatchObject({ ...told, processed: 'no' })
})

for (const [name, text, reason] of [
  ['an HTTP/1.1 response', 'HTTP/1.1 400 Bad Request\r\n\r\n', /HTTP\/1/],
  ['a TLS alert', '\x15\x03\x03\x00\x02\x02\x46\x00\x00\x00\x00', /TLS/],
  ['text of another protocol', '220 mail.test ESMTP ready\r\n', /SMTP/],
  ['text of no protocol', '<!doctype html>\r\n', /not SETTINGS/],
] as const) {
  rule('A5', `${name} ends the connection with a reason that names it`, (stage) => {
    const peer = stage.silent()
    const request = peer.open()
    peer.frames()
    peer.sends(latin1(text))
    expect(peer.closedWith?.reason).toMatch(reason)
    expect(request.failure?.reason).toMatch(reason)
    peer.expectConnectionError(PROTOCOL_ERROR)
  })
}

rule('A6', 'the SETTINGS of the peer are acknowledged, once, behind our own', (stage) => {
  const peer = stage.silent()
  peer.sends(settings({ 3: 7 }))
  expect(peer.calls).toEqual(['ready'])
  const sent = peer.frames().filter((each) => each.type === SETTINGS)
  expect(sent.map((each) => [each.flags, each.payload.length > 0])).toEqual([
    [0, true],
    [ACK, false],
  ])
})

rule('A7', 'GOAWAY carries the code, a reason in ASCII and stream 0; the connection is closed', (stage) => {
  const peer = stage.ready({ limits: { initialConcurrentStreams: 1 } }, { 3: 2 })
  const [open, answered, queued] = [peer.open(), peer.open(), peer.open()]
  peer.frames()
  peer.sends(response(3, 200), windowUpdate(0, 0))
  const [last, ...more] = peer.framesOf(GOAWAY)
  expect(more).toEqual([])
  expect([uint32At(last!.payload), uint32At(last!.payload, 4)]).toEqual([0, PROTOCOL_ERROR])
  const text = String.fromCharCode(...last!.payload.subarray(8))
  expect(text).toMatch(/^[\x20-\x7e]+increment 0[\x20-\x7e]+6\.9\)$/)
  expect(peer.closedWith).toMatchObject({ scope: 'connection', errorCode: PROTOCOL_ERROR })
  expect(peer.connection.closed).toBe(true)
  expect(open.failure?.processed).toBe('unknown')
  expect(answered.failure?.processed).toBe('yes')
  expect(queued.failure?.processed, 'a request that was never sent').toBe('no')
})

rule('A7', 'GOAWAY names the last push that was taken notice of', (stage) => {
  const peer = stage.ready({ enablePush: true })
  peer.open()
  peer.frames()
  const promise = Uint8Array.of(0, 0, 0, 6, 0x82, 0x87, 0x84, 0x01, 6, 0x61, 0x2e, 0x74, 0x65, 0x73, 0x74)
  peer.sends(frame(5, 4, 1, promise), windowUpdate(0, 0))
  const [last] = peer.framesOf(GOAWAY)
  expect(uint32At(last!.payload)).toBe(6)
})

rule('A8', 'an end without GOAWAY leaves it open whether requests were processed', (stage) => {
  const peer = stage.ready({}, { 3: 2 })
  const [sent, answered, queued] = [peer.open(), peer.open(), peer.open()]
  peer.frames()
  peer.sends(response(3, 200))
  peer.connection.transportEnded(undefined, peer.now)
  expect(peer.closedWith).toMatchObject({ scope: 'transport', initiator: 'peer', kind: 'CLOSED' })
  expect(sent.failure).toMatchObject({ scope: 'transport', processed: 'unknown' })
  expect(answered.failure).toMatchObject({ scope: 'transport', processed: 'yes' })
  expect(queued.failure).toMatchObject({ scope: 'transport', processed: 'no' })
})

rule('A8', 'an end with nothing open is no failure', (stage) => {
  const peer = stage.ready()
  peer.open()
  peer.frames()
  peer.sends(response(1, 200, true))
  peer.connection.transportEnded(undefined, peer.now)
  expect([peer.closed, peer.closedWith]).toEqual([true, undefined])
})

for (const code of [NO_ERROR, INTERNAL_ERROR]) {
  rule('A9', `a shutdown finishes what is open, then says GOAWAY with code ${code}`, (stage) => {
    const peer = stage.ready()
    const request = peer.open()
    peer.frames()
    peer.connection.shutdown(code, peer.now)
    expect(peer.framesOf(GOAWAY), 'nothing yet').toEqual([])
    expect(peer.open().failure, 'no new request').toMatchObject({ processed: 'no' })
    peer.sends(response(1, 200), data(1, 'whole', true))
    expect(request).toMatchObject({ content: 'whole', ended: true })
    const [last] = peer.framesOf(GOAWAY)
    expect([uint32At(last!.payload), uint32At(last!.payload, 4)]).toEqual([0, code])
    expect([peer.closed, peer.closedWith]).toEqual([true, undefined])
  })
}

rule(
  'A3',
  'the connection window beyond its default is granted by WINDOW_UPDATE behind SETTINGS',
  (stage) => {
    const peer = stage.silent({ limits: { connectionWindowSize: 100_000 } })
    const [first, second] = peer.frames()
    expect([first!.type, second!.type]).toEqual([SETTINGS, WINDOW_UPDATE])
    expect(uint32At(second!.payload)).toBe(100_000 - 65_535)
  },
)

rule('A9', 'a shutdown with nothing open says GOAWAY at once', (stage) => {
  const peer = stage.ready()
  peer.connection.shutdown(NO_ERROR, peer.now)
  expect(peer.frames()).toEqual([{ type: GOAWAY, flags: 0, streamId: 0, payload: concat(new Uint8Array(8)) }])
  expect(peer.frames().filter((each) => each.type === PING)).toEqual([])
})
