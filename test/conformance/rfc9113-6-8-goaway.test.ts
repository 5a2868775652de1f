/** GOAWAY (RFC 9113 §6.8, §8.7). */
import { expect } from 'vitest'
import { incremental, indexed } from '../support/field-blocks.ts'
import {
  ACK,
  concat,
  DATA,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  GOAWAY,
  goaway,
  HEADERS,
  PING,
  ping,
  response,
  SETTINGS,
  settings,
  uint32At,
  windowUpdate,
} from '../support/wire.ts'
import { ENHANCE_YOUR_CALM, INTERNAL_ERROR, NO_ERROR, PROTOCOL_ERROR } from './codes.ts'
import { connectionErrors, rule } from './rule.ts'

const EVERY_STREAM = 2 ** 31 - 1

connectionErrors([['J1', 'GOAWAY on a stream', frame(GOAWAY, 0, 1, new Uint8Array(8)), PROTOCOL_ERROR]])

rule('J2', 'behind GOAWAY no stream is opened: what waits and what comes is told so', (stage) => {
  const peer = stage.ready({}, { 3: 1 })
  const open = peer.open()
  const queued = peer.post()
  peer.frames()
  peer.sends(goaway(1, NO_ERROR, 'restart'))
  const late = peer.open()
  for (const request of [queued, late]) {
    const told = { kind: 'GOAWAY', initiator: 'peer', processed: 'no', debugData: 'restart' }
    expect(request.failure).toMatchObject(told)
  }
  expect(peer.connection.draining).toBe(true)
  expect(peer.calls).toContain('draining 0 restart')
  peer.sends(response(1, 200, true))
  expect(peer.framesOf(HEADERS)).toEqual([])
  expect(open.ended).toBe(true)
})

rule('J3', 'streams above the last one fail at once as not processed, whatever their method', (stage) => {
  const peer = stage.ready()
  const requests = [peer.open(), peer.post(), peer.open(), peer.post()]
  peer.frames()
  peer.sends(goaway(3, ENHANCE_YOUR_CALM))
  const told = { errorCode: ENHANCE_YOUR_CALM, kind: 'GOAWAY', initiator: 'peer', processed: 'no' }
  expect(requests.slice(0, 2).map((request) => request.failure)).toEqual([undefined, undefined])
  for (const lost of requests.slice(2)) expect(lost.failure).toMatchObject(told)
  expect(peer.closed, 'the others go on').toBe(false)
  expect(peer.frames(), 'nothing is reset for it').toEqual([])
})

rule('J4', 'streams up to the last one go on to their end, uploads included', (stage) => {
  const peer = stage.ready({}, { 4: 10 })
  const download = peer.open()
  const upload = peer.post()
  upload.stream!.write(new Uint8Array(30))
  peer.frames()
  peer.sends(response(1, 200), goaway(3, NO_ERROR), data(1, 'rest', true), windowUpdate(3, 20))
  upload.stream!.end()
  expect(peer.framesOf(DATA).reduce((sum, sent) => sum + sent.payload.length, 0)).toBe(20)
  expect(download).toMatchObject({ content: 'rest', ended: true })
  peer.sends(response(3, 201, true))
  expect(upload).toMatchObject({ status: 201, ended: true, failure: undefined })
})

rule('J4', 'once they are done we say GOAWAY and close', (stage) => {
  const peer = stage.ready()
  peer.open()
  peer.frames()
  peer.sends(goaway(1, NO_ERROR))
  expect(peer.framesOf(GOAWAY)).toEqual([])
  peer.sends(response(1, 200, true))
  expect(peer.framesOf(GOAWAY).map((sent) => uint32At(sent.payload, 4))).toEqual([NO_ERROR])
  expect([peer.closed, peer.closedWith]).toEqual([true, undefined])
})

rule('J5', 'a second GOAWAY with a smaller stream takes more back', (stage) => {
  const peer = stage.ready()
  const requests = [peer.open(), peer.open(), peer.open()]
  peer.frames()
  peer.sends(goaway(EVERY_STREAM, NO_ERROR))
  expect(requests.some((request) => request.failure)).toBe(false)
  peer.sends(goaway(3, NO_ERROR), goaway(1, NO_ERROR))
  expect(requests.map((request) => request.failure?.processed)).toEqual([undefined, 'no', 'no'])
  expect(peer.closed).toBe(false)
  peer.sends(response(1, 200, true))
  expect(requests[0]).toMatchObject({ ended: true })
})

rule('J5', 'the same stream again is fine', (stage) => {
  const peer = stage.ready()
  const request = peer.open()
  peer.frames()
  peer.sends(goaway(1, NO_ERROR), goaway(1, NO_ERROR), response(1, 200, true))
  expect(request.ended).toBe(true)
  expect(peer.closedWith).toBeUndefined()
})

rule('J6', 'a second GOAWAY with a larger stream ends the connection', (stage) => {
  const peer = stage.ready()
  const request = peer.open()
  peer.frames()
  peer.sends(goaway(1, NO_ERROR), goaway(3, NO_ERROR))
  peer.expectConnectionError(PROTOCOL_ERROR)
  expect(request.failure).toMatchObject({ processed: 'unknown' })
})

rule('J7', 'GOAWAY 2³¹−1 with NO_ERROR is a notice: everything open goes on', (stage) => {
  const peer = stage.ready()
  const requests = [peer.open(), peer.open()]
  peer.frames()
  peer.sends(goaway(EVERY_STREAM, NO_ERROR))
  expect(peer.frames()).toEqual([])
  peer.sends(response(1, 200, true), goaway(3, NO_ERROR), response(3, 200, true))
  expect(requests.map((request) => [request.ended, request.failure])).toEqual([
    [true, undefined],
    [true, undefined],
  ])
  expect(peer.closedWith).toBeUndefined()
})

rule('J8', 'an even last stream, which we cannot have opened, bounds ours like any number', (stage) => {
  const peer = stage.ready()
  const requests = [peer.open(), peer.open()]
  peer.frames()
  peer.sends(goaway(2, NO_ERROR))
  expect(requests.map((request) => request.failure?.processed)).toEqual([undefined, 'no'])
  peer.sends(response(1, 200, true))
  expect(requests[0]).toMatchObject({ ended: true, failure: undefined })
})

rule('J9', 'streams up to the last one may still finish behind an error code', (stage) => {
  const peer = stage.ready()
  const request = peer.open()
  peer.frames()
  peer.sends(goaway(1, INTERNAL_ERROR, 'oops'), response(1, 200, true))
  expect(request).toMatchObject({ ended: true, failure: undefined })
  expect(peer.calls).toContain(`draining ${INTERNAL_ERROR} oops`)
})

rule('J9', 'if the peer closes instead, the failure has its code and text', (stage) => {
  const peer = stage.ready()
  const [first, second, above] = [peer.open(), peer.open(), peer.open()]
  peer.frames()
  peer.sends(response(3, 200), goaway(3, INTERNAL_ERROR, 'oops'))
  peer.connection.transportEnded(undefined, peer.now)
  const told = { initiator: 'peer', errorCode: INTERNAL_ERROR, kind: 'GOAWAY', debugData: 'oops' }
  expect(first.failure).toMatchObject({ ...told, processed: 'unknown' })
  expect(second.failure).toMatchObject({ ...told, processed: 'yes' })
  expect(above.failure).toMatchObject({ ...told, processed: 'no' })
  expect(peer.closedWith).toMatchObject(told)
})

rule('J10', 'debug data is kept to 1 KiB, and nothing in it but printable ASCII', (stage) => {
  const peer = stage.ready({}, { 3: 1 })
  peer.open()
  const queued = peer.open()
  peer.frames()
  peer.sends(goaway(1, ENHANCE_YOUR_CALM, `\x1b[2J\r\n\\\xff\0${'x'.repeat(16_000)}`))
  const text = queued.failure!.debugData!
  expect(text.startsWith('\\x1b[2J\\x0d\\x0a\\x5c\\xff\\x00xxx')).toBe(true)
  expect(text).toMatch(/^[\x20-\x7e]+…$/)
  expect(text.match(/\\x..|./g)).toHaveLength(1024 + 1)
})

rule('J11', 'an error code that nobody knows is told as it is', (stage) => {
  const peer = stage.ready()
  const [request, above] = [peer.open(), peer.open()]
  peer.frames()
  peer.sends(goaway(1, 0xdead_beef))
  expect(above.failure).toMatchObject({ errorCode: 0xdead_beef, processed: 'no' })
  peer.sends(response(1, 200, true))
  expect(request).toMatchObject({ ended: true, failure: undefined })
})

rule('J12', 'SETTINGS, PING and WINDOW_UPDATE behind GOAWAY are taken and answered', (stage) => {
  const peer = stage.ready({}, { 4: 10 })
  const upload = peer.post()
  upload.stream!.write(new Uint8Array(100))
  peer.frames()
  peer.sends(goaway(1, NO_ERROR), settings({ 4: 40 }), ping(new Uint8Array(8)), windowUpdate(1, 20))
  expect(peer.frames().map(({ type, flags, payload }) => [type, flags, payload.length])).toEqual([
    [SETTINGS, ACK, 0],
    [PING, ACK, 8],
    [DATA, 0, 50],
  ])
})

rule('J13', 'behind our own notice to leave, frames on open streams still count and decode', (stage) => {
  const peer = stage.ready({ limits: { connectionWindowSize: 65_535 } })
  const cancelled = peer.open()
  const request = peer.open()
  peer.frames()
  cancelled.stream!.reset(8)
  peer.frames()
  peer.connection.shutdown(NO_ERROR, peer.now)
  peer.sends(frame(HEADERS, END_HEADERS, 1, concat(indexed(8), incremental('x-shared', 'kept'))))
  const before = peer.connection.recvWindow
  peer.sends(data(1, new Uint8Array(1000)))
  expect(peer.connection.recvWindow).toBe(before - 1000)
  peer.sends(frame(HEADERS, END_HEADERS | END_STREAM, 3, concat(indexed(8), indexed(62))))
  expect(request).toMatchObject({ fields: ['x-shared', 'kept'], ended: true })
})

rule('J13', 'streams that GOAWAY took back still count and decode', (stage) => {
  const peer = stage.ready()
  const request = peer.open()
  peer.open()
  peer.frames()
  peer.sends(goaway(1, NO_ERROR), frame(HEADERS, END_HEADERS, 3, concat(indexed(8), incremental('a', 'b'))))
  peer.frames()
  peer.sends(frame(HEADERS, END_HEADERS | END_STREAM, 1, concat(indexed(8), indexed(62))))
  expect(request).toMatchObject({ fields: ['a', 'b'], ended: true })
})
