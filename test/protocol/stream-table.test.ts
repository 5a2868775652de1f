import { describe, expect, it } from 'vitest'
import { EnginePair } from '../support/engine.ts'
import { HEADERS, response, rstStream, settings, settingsAck } from '../support/wire.ts'
import { itInEveryDelivery } from './deliveries.ts'
import { lines, REFUSED_STREAM } from './sent.ts'

const MAX_CONCURRENT_STREAMS = 3
const ENABLE_CONNECT_PROTOCOL = 8

function opened(pair: EnginePair): number[] {
  return pair.frames().flatMap((frame) => (frame.type === HEADERS ? [frame.streamId] : []))
}

function openMany(pair: EnginePair, count: number) {
  return Array.from({ length: count }, () => pair.open())
}

describe('slots for requests (RFC 9113 §5.1.2)', () => {
  it('are as many as our limit says before the SETTINGS of the peer', () => {
    const pair = new EnginePair({ limits: { initialConcurrentStreams: 3 } })
    openMany(pair, 5)
    expect(opened(pair)).toEqual([1, 3, 5])
    expect([pair.connection.openStreams, pair.connection.queuedStreams]).toEqual([3, 2])
  })

  it('are 100 before the SETTINGS of the peer, if nobody says otherwise', () => {
    const pair = new EnginePair()
    openMany(pair, 101)
    expect(opened(pair)).toHaveLength(100)
  })

  it('are as many as our limit says when the peer names none', () => {
    const pair = EnginePair.ready({ limits: { maxConcurrentStreams: 4 } })
    openMany(pair, 5)
    expect(opened(pair)).toEqual([1, 3, 5, 7])
  })

  it('are as many as the peer says, above our own limit too', () => {
    const pair = EnginePair.ready({ limits: { maxConcurrentStreams: 4 } }, { [MAX_CONCURRENT_STREAMS]: 6 })
    openMany(pair, 9)
    expect(opened(pair)).toHaveLength(6)
  })

  it('come free one by one, and are taken in the order of the requests', () => {
    const pair = EnginePair.ready({}, { [MAX_CONCURRENT_STREAMS]: 2 })
    const requests = openMany(pair, 4)
    expect(opened(pair)).toEqual([1, 3])
    pair.receive(response(3, 200, true))
    expect(opened(pair)).toEqual([5])
    expect(requests[2]!.calls).toEqual(['opened 5'])
    pair.receive(rstStream(1, REFUSED_STREAM))
    expect(opened(pair)).toEqual([7])
  })

  it('may be 0: requests wait, and go when the limit rises', () => {
    const pair = EnginePair.ready({}, { [MAX_CONCURRENT_STREAMS]: 0 })
    const requests = openMany(pair, 12)
    expect(opened(pair)).toEqual([])
    expect(pair.connection.queuedStreams).toBe(12)
    pair.receive(settings({ [MAX_CONCURRENT_STREAMS]: 10 }))
    expect(opened(pair)).toHaveLength(10)
    expect(requests.every((request) => request.failure === undefined)).toBe(true)
  })

  itInEveryDelivery(
    'may fall below what is open: nothing fails, nothing opens until it is passed',
    (start) => {
      const pair = start({}, { [MAX_CONCURRENT_STREAMS]: 4 })
      const requests = Array.from({ length: 6 }, () => pair.open())
      expect(opened(pair)).toEqual([1, 3, 5, 7])
      pair.receive(settings({ [MAX_CONCURRENT_STREAMS]: 2 }), response(1, 200, true))
      expect(opened(pair)).toEqual([])
      pair.receive(response(3, 200, true))
      expect(opened(pair)).toEqual([])
      pair.receive(response(5, 200, true))
      expect(opened(pair)).toEqual([9])
      expect(requests.some((request) => request.failure !== undefined)).toBe(false)
    },
  )

  itInEveryDelivery(
    'that the SETTINGS of the peer take away again: what it refuses was not processed',
    (start) => {
      const pair = start({}, 'unready')
      const requests = Array.from({ length: 3 }, () => pair.open())
      expect(opened(pair)).toEqual([1, 3, 5])
      pair.receive(
        settings({ [MAX_CONCURRENT_STREAMS]: 1 }),
        rstStream(3, REFUSED_STREAM),
        rstStream(5, REFUSED_STREAM),
      )
      expect(requests.map((request) => request.failure?.processed)).toEqual([undefined, 'no', 'no'])
      const next = pair.open()
      expect(opened(pair)).toEqual([])
      pair.receive(response(1, 200, true))
      expect(opened(pair)).toEqual([7])
      expect(next.calls).toEqual(['opened 7'])
    },
  )

  it('are not taken by a request that was cancelled while it waited', () => {
    const pair = EnginePair.ready({}, { [MAX_CONCURRENT_STREAMS]: 1 })
    const [, second, third] = openMany(pair, 3)
    pair.frames()
    second!.stream!.reset(8)
    second!.stream!.reset(8)
    expect(pair.connection.queuedStreams).toBe(1)
    pair.receive(response(1, 200, true))
    expect(lines(pair.frames())).toEqual(['HEADERS 3 end'])
    expect([second!.calls, third!.calls]).toEqual([[], ['opened 3']])
  })
})

describe('stream identifiers (RFC 9113 §5.1.1)', () => {
  it('are odd, rise, and are given when HEADERS are sent', () => {
    const pair = EnginePair.ready()
    const request = pair.open()
    expect(request.stream!.id).toBe(0)
    openMany(pair, 2)
    expect(opened(pair)).toEqual([1, 3, 5])
    expect(request.stream!.id).toBe(1)
  })

  it('begin where the owner says', () => {
    const pair = EnginePair.ready({ firstStreamId: 7 })
    pair.open()
    expect(opened(pair)).toEqual([7])
  })

  it('are used up at 2^31-1: what waits then was not processed', () => {
    const pair = EnginePair.ready({ firstStreamId: 0x7ffffffd })
    const requests = openMany(pair, 4)
    expect(opened(pair)).toEqual([0x7ffffffd, 0x7fffffff])
    expect(requests.map((request) => request.failure?.kind)).toEqual([
      undefined,
      undefined,
      'STREAM_IDS_EXHAUSTED',
      'STREAM_IDS_EXHAUSTED',
    ])
    expect(requests[3]!.failure!.processed).toBe('no')
    pair.receive(response(0x7ffffffd, 200, true), response(0x7fffffff, 200, true))
    expect(requests.map((request) => request.ended)).toEqual([true, true, false, false])
    expect([pair.connection.openStreams, pair.connection.queuedStreams]).toEqual([0, 0])
  })

  it.each([0, 2, -1, 1.5, Number.NaN, 0x80000001])('cannot begin at %s', (firstStreamId) => {
    expect(() => new EnginePair({ firstStreamId })).toThrow(RangeError)
  })
})

describe('extended CONNECT (RFC 8441 §3)', () => {
  const websocket = { method: 'CONNECT', protocol: 'websocket', path: '/chat' }

  it('waits for the SETTINGS of the peer while others go', () => {
    const pair = new EnginePair()
    const tunnel = pair.open(websocket, false)
    pair.open()
    expect(opened(pair)).toEqual([1])
    expect(pair.connection.queuedStreams).toBe(1)
    pair.receive(settings({ [ENABLE_CONNECT_PROTOCOL]: 1 }), settingsAck)
    expect(opened(pair)).toEqual([3])
    expect(tunnel.calls).toEqual(['opened 3'])
  })

  it('can be cancelled while it waits', () => {
    const pair = new EnginePair()
    const tunnel = pair.open(websocket, false)
    tunnel.stream!.reset(8)
    expect(pair.connection.queuedStreams).toBe(0)
    pair.receive(settings({ [ENABLE_CONNECT_PROTOCOL]: 1 }))
    expect(opened(pair)).toEqual([])
  })

  it.each([
    ['says 0', { [ENABLE_CONNECT_PROTOCOL]: 0 }],
    ['does not speak of it', {}],
    ['has no slot either', { [MAX_CONCURRENT_STREAMS]: 0 }],
  ])('is not sent to a peer that %s', (_name, entries) => {
    const pair = EnginePair.ready({}, entries)
    const tunnel = pair.open(websocket, false)
    expect(opened(pair)).toEqual([])
    expect(tunnel.failure).toMatchObject({ scope: 'stream', kind: 'EXTENDED_CONNECT', processed: 'no' })
    expect(pair.connection.queuedStreams).toBe(0)
  })

  it('is sent as soon as the peer allows it', () => {
    const pair = EnginePair.ready()
    pair.receive(settings({ [ENABLE_CONNECT_PROTOCOL]: 1 }))
    pair.open(websocket, false)
    expect(opened(pair)).toEqual([1])
  })
})

describe('a request that can never be sent', () => {
  it('is closed when its owner is told', () => {
    const pair = EnginePair.ready({}, { 6: 10 })
    const request = pair.open({ method: 'POST' }, false)
    pair.frames()
    expect(request.failure).toMatchObject({ kind: 'HEADER_LIST_TOO_LARGE' })
    expect(request.stream!.writable).toBe(false)
  })

  it('and is reset all the same leaves no trace: the connection still closes when it has drained', () => {
    const pair = EnginePair.ready({}, { 6: 10 })
    const request = pair.open()
    pair.frames()
    request.stream!.reset(8)
    expect(pair.connection.queuedStreams).toBe(0)
    pair.connection.shutdown(0, pair.now)
    expect(pair.calls).toEqual(['ready', 'closed'])
  })
})
