import { describe, expect } from 'vitest'
import {
  concat,
  data,
  END_HEADERS,
  frame,
  goaway,
  headers,
  latin1,
  PING,
  PRIORITY,
  PUSH_PROMISE,
  response,
  rstStream,
  SETTINGS,
  settings,
  settingsAck,
  uint32,
  windowUpdate,
} from '../support/wire.ts'
import { itInEveryDelivery } from './deliveries.ts'
import {
  COMPRESSION_ERROR,
  codeName,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  lines,
  PROTOCOL_ERROR,
} from './sent.ts'

const promise = frame(PUSH_PROMISE, END_HEADERS, 1, uint32(2))

describe('the connection fails, and every stream is told before its owner', () => {
  const table: [what: string, bytes: Uint8Array, errorCode: number][] = [
    ['DATA on an idle stream (RFC 9113 §5.1)', data(5, 'x'), PROTOCOL_ERROR],
    ['HEADERS on an idle stream (RFC 9113 §5.1)', response(5, 200), PROTOCOL_ERROR],
    ['RST_STREAM on an idle stream (RFC 9113 §6.4)', rstStream(5, 0), PROTOCOL_ERROR],
    ['WINDOW_UPDATE on an idle stream (RFC 9113 §5.1)', windowUpdate(5, 1), PROTOCOL_ERROR],
    ['WINDOW_UPDATE of 0 on an idle stream (RFC 9113 §5.1)', windowUpdate(5, 0), PROTOCOL_ERROR],
    ['HEADERS on a stream that nobody promised (RFC 9113 §5.1)', response(2, 200), PROTOCOL_ERROR],
    ['DATA on a stream that nobody promised (RFC 9113 §5.1)', data(2, 'x'), PROTOCOL_ERROR],
    ['PUSH_PROMISE though push is disabled (RFC 9113 §6.6)', promise, PROTOCOL_ERROR],
    ['WINDOW_UPDATE of 0 on the connection (RFC 9113 §6.9)', windowUpdate(0, 0), PROTOCOL_ERROR],
    ['WINDOW_UPDATE that overflows (RFC 9113 §6.9.1)', windowUpdate(0, 0x7fffffff), FLOW_CONTROL_ERROR],
    ['an acknowledgement nobody waits for (RFC 9113 §6.5.3)', settingsAck, PROTOCOL_ERROR],
    ['PRIORITY_UPDATE from a server (RFC 9218 §7.1)', frame(0x10, 0, 0, uint32(1)), PROTOCOL_ERROR],
    ['a field block with index 0 (RFC 7541 §6.1)', frame(1, 4, 1, Uint8Array.of(0x80)), COMPRESSION_ERROR],
    ['a field block cut short (RFC 9113 §4.3)', frame(1, 4, 1, Uint8Array.of(0, 5)), COMPRESSION_ERROR],
    [
      'a broken block on a closed stream (RFC 9113 §4.3)',
      concat(response(1, 204, true), frame(1, 4, 1, Uint8Array.of(0x80))),
      COMPRESSION_ERROR,
    ],
    ['a frame of 16,385 octets (RFC 9113 §4.2)', frame(0, 0, 1, new Uint8Array(16_385)), FRAME_SIZE_ERROR],
    ['CONTINUATION out of nowhere (RFC 9113 §6.10)', frame(9, 4, 1), PROTOCOL_ERROR],
    [
      'PING inside a field block (RFC 9113 §4.3)',
      concat(headers(1, [], 0), frame(PING, 0, 0, new Uint8Array(8))),
      PROTOCOL_ERROR,
    ],
    ['a GOAWAY above the one before (RFC 9113 §6.8)', concat(goaway(3, 0), goaway(5, 0)), PROTOCOL_ERROR],
  ]
  for (const [what, bytes, errorCode] of table) {
    itInEveryDelivery(what, (start) => {
      const pair = start()
      const told: string[] = []
      const first = pair.open()
      const second = pair.open({ method: 'POST' }, false)
      pair.frames()
      first.onFailure = (failure) => told.push(`1 ${failure.scope} ${failure.errorCode}`)
      second.onFailure = (failure) =>
        told.push(`3 ${failure.scope} ${failure.initiator} ${failure.processed}`)
      pair.onClosed = (failure) => told.push(`closed ${failure?.errorCode}`)
      pair.receive(bytes, response(3, 200, true))
      const closedFirst = first.calls.length > 1
      const expected = [
        `1 connection ${errorCode}`,
        '3 connection local unknown',
        `closed ${errorCode}`,
      ].slice(closedFirst ? 1 : 0)
      expect(told).toEqual(expected)
      expect(lines(pair.frames())).toEqual([`GOAWAY 0 ${codeName(errorCode)}`])
      expect(pair.connection.openStreams).toBe(0)
    })
  }
})

describe('a peer that begins wrong (RFC 9113 §3.4)', () => {
  const table: [what: string, bytes: Uint8Array, reason: RegExp][] = [
    ['with HEADERS', response(1, 200), /first frame is HEADERS/],
    ['with PING', frame(PING, 0, 0, new Uint8Array(8)), /first frame is PING/],
    ['with an acknowledgement', settingsAck, /SETTINGS with ACK/],
    ['with HTTP/1.1', latin1('HTTP/1.1 400 Bad Request\r\n\r\n'), /HTTP\/1/],
  ]
  for (const [what, bytes, reason] of table) {
    itInEveryDelivery(what, (start) => {
      const pair = start({}, 'unready')
      const request = pair.open()
      pair.frames()
      pair.receive(bytes)
      expect(request.failure).toMatchObject({
        scope: 'connection',
        errorCode: PROTOCOL_ERROR,
        processed: 'unknown',
      })
      expect(request.failure!.reason).toMatch(reason)
      expect(pair.calls).toEqual(['closed'])
    })
  }

  itInEveryDelivery('with GOAWAY: its code and its text are what is told (RFC 9113 §6.8)', (start) => {
    const pair = start({}, 'unready')
    const sent = pair.open()
    pair.frames()
    const waiting = pair.open()
    pair.receive(goaway(0, 0xb, 'too many'), settings())
    expect(sent.failure).toMatchObject({
      initiator: 'peer',
      kind: 'GOAWAY',
      errorCode: 0xb,
      processed: 'no',
      debugData: 'too many',
    })
    expect(waiting.failure).toMatchObject({ kind: 'GOAWAY', processed: 'no' })
    expect(pair.calls).toEqual(['closed'])
  })
})

describe('after the connection failed', () => {
  itInEveryDelivery('nothing that arrives, nothing that is asked, does anything', (start) => {
    const pair = start()
    const request = pair.open({ method: 'POST' }, false)
    pair.frames()
    pair.receive(settingsAck, frame(SETTINGS, 0, 0), response(1, 200))
    expect(lines(pair.frames())).toEqual(['GOAWAY 0 PROTOCOL_ERROR'])
    pair.receive(frame(PING, 0, 0, new Uint8Array(8)))
    pair.connection.transportEnded(undefined, pair.now)
    pair.connection.shutdown(0, pair.now)
    pair.advance(1_000_000)
    const stream = request.stream!
    stream.write(latin1('x'))
    stream.end(['a', 'b'])
    stream.reset(8)
    stream.consume(1)
    stream.reprioritize(1, false)
    expect(lines(pair.frames())).toEqual([])
    expect(pair.connection.nextTimeout()).toBe(Number.POSITIVE_INFINITY)
    expect(pair.calls).toEqual(['ready', 'closed'])
    expect([pair.connection.closed, pair.connection.draining]).toEqual([true, true])
    const late = pair.open()
    expect(late.failure).toMatchObject({ processed: 'no', kind: 'CLOSED' })
    expect(late.stream!.writable).toBe(false)
  })
})

describe('frames that mean nothing to a client', () => {
  itInEveryDelivery('are passed over (RFC 9113 §4.1, §5.3.2, §5.5)', (start) => {
    const pair = start()
    const request = pair.open()
    pair.frames()
    pair.receive(
      frame(PRIORITY, 0, 1, concat(uint32(3), Uint8Array.of(1))),
      frame(PRIORITY, 0, 99, concat(uint32(99), Uint8Array.of(1))),
      frame(0xa, 0, 0, concat(Uint8Array.of(0, 1), latin1('a'))),
      frame(0xc, 0, 0, latin1('zz')),
      frame(0xfa, 0xff, 0x80000001, latin1('grease')),
      frame(1, 0x25, 0x80000001, concat(uint32(0), Uint8Array.of(0, 0x88))),
    )
    expect(request.calls).toEqual(['opened 1', 'response 200 end', 'end'])
    expect(pair.frames()).toEqual([])
  })
})
