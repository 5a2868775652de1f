import { describe, expect } from 'vitest'
import {
  data,
  END_HEADERS,
  END_STREAM,
  headers,
  latin1,
  response,
  rstStream,
  windowUpdate,
} from '../support/wire.ts'
import { itInEveryDelivery, type Start } from './deliveries.ts'
import { CANCEL, contentOf, lines, PROTOCOL_ERROR } from './sent.ts'

const ending = END_HEADERS | END_STREAM

function connect(start: Start) {
  const pair = start()
  const tunnel = pair.open(
    { method: 'CONNECT', authority: 'b.test:22', scheme: undefined, path: undefined } as never,
    false,
  )
  expect(lines(pair.frames())).toEqual(['HEADERS 1'])
  return { pair, tunnel }
}

describe('a CONNECT that was answered with 2xx (RFC 9113 §8.5)', () => {
  itInEveryDelivery('carries content both ways', (start) => {
    const { pair, tunnel } = connect(start)
    pair.receive(response(1, 200), data(1, 'hello'))
    tunnel.stream!.write(latin1('world'))
    const frames = pair.frames()
    expect([tunnel.content, contentOf(frames, 1), lines(frames)]).toEqual(['hello', 'world', ['DATA 1 5']])
  })

  itInEveryDelivery('goes on sending when the peer has ended', (start) => {
    const { pair, tunnel } = connect(start)
    pair.receive(response(1, 200), data(1, 'bye', true))
    expect(tunnel.calls).toEqual(['opened 1', 'response 200', 'frame', 'end'])
    expect(tunnel.stream!.writable).toBe(true)
    tunnel.stream!.write(new Uint8Array(65_536))
    expect(contentOf(pair.frames(), 1)).toHaveLength(65_535)
    pair.receive(windowUpdate(0, 10), windowUpdate(1, 10))
    tunnel.stream!.end()
    expect(lines(pair.frames())).toEqual(['DATA 1 1 end'])
    expect(pair.connection.openStreams).toBe(0)
  })

  itInEveryDelivery('goes on receiving when we have ended', (start) => {
    const { pair, tunnel } = connect(start)
    pair.receive(response(1, 200))
    tunnel.stream!.end()
    expect(lines(pair.frames())).toEqual(['DATA 1 0 end'])
    pair.receive(data(1, 'more'), data(1, '', true))
    expect([tunnel.content, tunnel.ended, pair.connection.openStreams]).toEqual(['more', true, 0])
  })

  itInEveryDelivery('can be reset by either side when half of it has ended', (start) => {
    for (const side of ['peer', 'own']) {
      const { pair, tunnel } = connect(start)
      pair.receive(response(1, 200, true))
      if (side === 'peer') pair.receive(rstStream(1, 0xa))
      else tunnel.stream!.reset(CANCEL)
      expect(tunnel.failure?.errorCode).toBe(side === 'peer' ? 0xa : undefined)
      expect(lines(pair.frames()).slice(0, 1)).toEqual(side === 'peer' ? [] : ['RST_STREAM 1 CANCEL'])
      expect(tunnel.stream!.writable).toBe(false)
      expect(pair.connection.openStreams).toBe(0)
    }
  })

  itInEveryDelivery('has no fields any more: HEADERS are an error of the stream', (start) => {
    const { pair, tunnel } = connect(start)
    pair.receive(response(1, 200), headers(1, [['a', 'b']], ending))
    expect(tunnel.failure).toMatchObject({ scope: 'stream', errorCode: PROTOCOL_ERROR })
    expect(tunnel.trailers).toBeUndefined()
  })

  itInEveryDelivery('has no content-length (RFC 9110 §9.3.6)', (start) => {
    const { pair, tunnel } = connect(start)
    pair.receive(
      headers(1, [
        [':status', '200'],
        ['content-length', '1'],
      ]),
      data(1, 'hello', true),
    )
    expect([tunnel.content, tunnel.ended]).toEqual(['hello', true])
  })
})

describe('a CONNECT that was refused', () => {
  itInEveryDelivery(
    'is a response like any other: content-length, trailers, and the end stops us',
    (start) => {
      const { pair, tunnel } = connect(start)
      pair.receive(
        headers(1, [
          [':status', '407'],
          ['content-length', '2'],
        ]),
        data(1, 'no'),
        headers(1, [['a', 'b']], ending),
      )
      expect(tunnel.calls).toEqual(['opened 1', 'response 407', 'frame', 'trailers', 'end', 'writable'])
      expect(lines(pair.frames())).toEqual(['RST_STREAM 1 NO_ERROR'])
      expect(tunnel.stream!.writable).toBe(false)
    },
  )

  itInEveryDelivery('is malformed with another content-length', (start) => {
    const { pair, tunnel } = connect(start)
    pair.receive(
      headers(1, [
        [':status', '407'],
        ['content-length', '1'],
      ]),
      data(1, 'no'),
    )
    expect(tunnel.failure).toMatchObject({ scope: 'stream', errorCode: PROTOCOL_ERROR })
  })
})

describe('the head of a CONNECT', () => {
  itInEveryDelivery('has :method and :authority alone; an extended one has all (RFC 8441 §4)', (start) => {
    const { pair } = connect(start)
    pair.receive(response(1, 200))
    const extended = start({}, { 8: 1 })
    extended.open({ method: 'CONNECT', protocol: 'websocket', path: '/chat' }, false)
    const payload = extended.frames()[0]!.payload
    // :scheme https is entry 7 of the static table; the name :protocol is in no table.
    expect([...payload]).toContain(0x87)
    expect(pair.connection.bytesSent).toBeGreaterThan(0)
  })
})
