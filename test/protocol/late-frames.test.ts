import { describe, expect } from 'vitest'
import {
  concat,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  HEADERS,
  headers,
  latin1,
  response,
  rstStream,
  windowUpdate,
} from '../support/wire.ts'
import { type DeliveredPair, itInEveryDelivery, type Start } from './deliveries.ts'
import { CANCEL, lines } from './sent.ts'

/** The ways in which stream 1 can be closed. */
const CLOSED: Readonly<Record<string, (pair: DeliveredPair) => void>> = {
  'that ended (RFC 9113 §5.1)': (pair) => pair.receive(response(1, 200), data(1, 'x', true)),
  'that the peer reset (RFC 9113 §5.1)': (pair) => pair.receive(rstStream(1, CANCEL)),
  'that we reset (RFC 9113 §5.1)': () => undefined,
}

const FRAMES: Readonly<Record<string, Uint8Array>> = {
  DATA: data(1, 'late'),
  'DATA that ends': data(1, '', true),
  HEADERS: response(1, 200),
  trailers: headers(1, [['a', 'b']], END_HEADERS | END_STREAM),
  RST_STREAM: rstStream(1, 0),
  WINDOW_UPDATE: windowUpdate(1, 5),
  'WINDOW_UPDATE of 0': windowUpdate(1, 0),
}

/** What deserves STREAM_CLOSED; everything else is dropped. */
const ANSWERED = ['DATA', 'DATA that ends', 'HEADERS', 'trailers']

describe('a late frame', () => {
  for (const [how, close] of Object.entries(CLOSED)) {
    for (const [name, bytes] of Object.entries(FRAMES)) {
      const answered = ANSWERED.includes(name) && !how.startsWith('that we')
      itInEveryDelivery(
        `${name} on a stream ${how} is ${answered ? 'answered once' : 'dropped'}`,
        (start) => {
          const pair = start()
          const request = pair.open()
          pair.frames()
          close(pair)
          if (how.startsWith('that we')) request.stream!.reset(CANCEL)
          pair.frames()
          const calls = [...request.calls]
          pair.receive(bytes)
          expect(lines(pair.frames())).toEqual(answered ? ['RST_STREAM 1 STREAM_CLOSED'] : [])
          pair.receive(bytes, data(1, 'more'))
          const again = lines(pair.frames())
          pair.receive(bytes)
          const more = answered || how.startsWith('that we') ? [] : ['RST_STREAM 1 STREAM_CLOSED']
          expect([...again, ...lines(pair.frames())]).toEqual(more)
          expect(request.calls).toEqual(calls)
          expect(pair.closed).toBe(false)
          // RFC 9113 §6.9: counted against the connection, and given back.
          expect(pair.connection.recvWindow).toBeLessThan(16_777_216)
          usable(pair)
        },
      )
    }
  }

  itInEveryDelivery('on a stream that closed long ago is dropped', (start) => {
    const pair = start()
    pair.open()
    pair.frames()
    pair.receive(response(1, 200, true))
    for (let i = 1; i <= 128; i++) {
      pair.open()
      pair.frames()
      pair.receive(response(2 * i + 1, 200, true))
    }
    pair.receive(response(1, 200))
    expect(lines(pair.frames())).toEqual([])
    pair.receive(response(3, 200))
    expect(lines(pair.frames())).toEqual(['RST_STREAM 3 STREAM_CLOSED'])
  })

  itInEveryDelivery('is decoded: the HPACK table of the peer counts it (RFC 9113 §4.3)', (start) => {
    const pair = start()
    const request = pair.open()
    pair.frames()
    request.stream!.reset(CANCEL)
    const indexed = concat(Uint8Array.of(0x88, 0x40, 3), latin1('x-a'), Uint8Array.of(1), latin1('1'))
    pair.receive(frame(HEADERS, END_HEADERS, 1, indexed))
    const next = pair.open()
    pair.frames()
    pair.receive(frame(HEADERS, END_HEADERS | END_STREAM, 3, Uint8Array.of(0x88, 0xbe)))
    expect(next.fields).toEqual(['x-a', '1'])
  })

  itInEveryDelivery('of content that was under way gives its window back (RFC 9113 §6.9)', (start) => {
    const pair = start({ limits: { connectionWindowSize: 65_535 } })
    const request = pair.open()
    pair.frames()
    pair.receive(response(1, 200))
    request.stream!.reset(CANCEL)
    pair.frames()
    // More than the window, had it not been given back; not one frame of it is held against the peer.
    for (let i = 0; i < 20; i++) {
      pair.receive(data(1, new Uint8Array(16_000)))
      pair.frames()
    }
    expect(pair.closed).toBe(false)
    usable(pair)
  })

  itInEveryDelivery('HEADERS and DATA after END_STREAM in a tunnel end it (RFC 9113 §5.1)', (start) => {
    for (const bytes of [data(1, 'x'), response(1, 200)]) {
      const { pair, request } = halfClosed(start)
      pair.receive(bytes)
      expect(lines(pair.frames())).toEqual(['RST_STREAM 1 STREAM_CLOSED'])
      expect(request.failure).toMatchObject({ scope: 'stream', errorCode: 5 })
    }
  })

  itInEveryDelivery(
    'WINDOW_UPDATE after END_STREAM in a tunnel counts, RST_STREAM ends it (RFC 9113 §5.1)',
    (start) => {
      const { pair, request } = halfClosed(start)
      pair.receive(windowUpdate(1, 5))
      expect(request.failure).toBeUndefined()
      pair.receive(rstStream(1, CANCEL))
      expect(request.failure).toMatchObject({ initiator: 'peer', errorCode: CANCEL })
    },
  )
})

function usable(pair: DeliveredPair): void {
  const request = pair.open()
  pair.frames()
  const id = request.stream!.id
  pair.receive(response(id, 200), data(id, 'fine', true))
  expect(request.content).toBe('fine')
}

function halfClosed(start: Start) {
  const pair = start()
  const head = { method: 'CONNECT', scheme: undefined, path: undefined } as never
  const request = pair.open(head, false)
  pair.frames()
  pair.receive(response(1, 200, true))
  expect(request.ended).toBe(true)
  expect(pair.connection.openStreams).toBe(1)
  return { pair, request }
}
