import { describe, expect, it } from 'vitest'
import type { Limits } from '../../src/protocol/index.ts'
import { EnginePair } from '../support/engine.ts'
import {
  concat,
  data,
  frame,
  latin1,
  PRIORITY,
  paddedData,
  ping,
  response,
  rstStream,
  settings,
  windowUpdate,
} from '../support/wire.ts'
import { itInEveryDelivery } from './deliveries.ts'
import { CANCEL, ENHANCE_YOUR_CALM, lines } from './sent.ts'

/** A connection whose stream 1 was reset by us, and whose stream 3 is open. */
function begin(limits: Limits): EnginePair {
  const pair = EnginePair.ready({ limits })
  const request = pair.open()
  pair.open()
  pair.frames()
  request.stream!.reset(CANCEL)
  pair.frames()
  return pair
}

describe('useless frames (RFC 9113 §10.5)', () => {
  const useless: Readonly<Record<string, Uint8Array>> = {
    PING: ping(new Uint8Array(8)),
    'an answer to a PING that was not sent': ping(Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9), true),
    SETTINGS: settings(),
    PRIORITY: frame(PRIORITY, 0, 3, new Uint8Array(5)),
    ALTSVC: frame(0xa, 0, 0, latin1('\0\0')),
    ORIGIN: frame(0xc, 0, 0),
    'a frame of an unknown type': frame(0xee, 0, 0),
    'late HEADERS': response(1, 200),
    'late empty DATA': data(1, ''),
    'late RST_STREAM': rstStream(1, 0),
    'late WINDOW_UPDATE': windowUpdate(1, 1),
    'late WINDOW_UPDATE of 0': windowUpdate(1, 0),
  }
  const EXCUSED = new Set(['late HEADERS', 'late empty DATA', 'late RST_STREAM', 'late WINDOW_UPDATE'])
  for (const [name, bytes] of Object.entries(useless)) {
    it(`${name}: the limit is borne, one more is not`, () => {
      const pair = begin({ glitchBurst: 5, glitchesPerSecond: 0 })
      // Four late frames may have crossed the one RST_STREAM that we sent.
      const excused = EXCUSED.has(name) ? 4 : 0
      for (let i = 0; i < 5 + excused; i++) pair.receive(bytes)
      expect(pair.closed).toBe(false)
      pair.receive(bytes)
      expect(pair.closedWith).toMatchObject({
        scope: 'connection',
        initiator: 'local',
        errorCode: ENHANCE_YOUR_CALM,
      })
      expect(lines(pair.frames()).at(-1)).toBe('GOAWAY 0 ENHANCE_YOUR_CALM')
    })
  }

  it('are 1,000 at once if nobody says otherwise', () => {
    const pair = begin({ maxQueuedControlFrames: 1_000_000 })
    for (let i = 0; i < 1000; i++) pair.receive(useless.PING!)
    expect(pair.closed).toBe(false)
    pair.receive(useless.PING!)
    expect(pair.closed).toBe(true)
  })

  it('are forgiven with time, up to the limit', () => {
    const pair = begin({ glitchBurst: 4, glitchesPerSecond: 2 })
    for (let i = 0; i < 4; i++) pair.receive(useless.PING!)
    for (let i = 0; i < 10; i++) {
      pair.now += 500
      pair.receive(useless.PING!)
    }
    expect(pair.closed).toBe(false)
    pair.now += 1_000_000
    for (let i = 0; i < 4; i++) pair.receive(useless.PING!)
    expect(pair.closed).toBe(false)
    pair.now += 499
    pair.receive(useless.PING!)
    expect(pair.closed).toBe(true)
  })

  it('are forgiven for content that moves: one for each KiB, either way', () => {
    for (const way of ['in', 'out']) {
      const pair = begin({ glitchBurst: 2, glitchesPerSecond: 0 })
      pair.receive(useless.PING!, useless.PING!)
      if (way === 'in') pair.receive(response(3, 200), data(3, new Uint8Array(1024)))
      else {
        const upload = pair.open({ method: 'POST' }, false)
        upload.stream!.write(new Uint8Array(1024))
        pair.frames()
      }
      pair.receive(useless.PING!)
      expect(pair.closed, way).toBe(false)
      pair.receive(useless.PING!)
      expect(pair.closed, way).toBe(true)
    }
  })

  it('are not content that was under way when we reset its stream', () => {
    const pair = begin({ glitchBurst: 1, glitchesPerSecond: 0 })
    for (let i = 0; i < 50; i++) pair.receive(data(1, 'x'))
    expect(pair.closed).toBe(false)
  })

  it('are not the first SETTINGS', () => {
    const pair = new EnginePair({ limits: { glitchBurst: 1, glitchesPerSecond: 0 } })
    pair.receive(settings(), settings())
    expect(pair.closed).toBe(false)
    pair.receive(settings())
    expect(pair.closed).toBe(true)
  })
})

describe('DATA without content that ends nothing (RFC 9113 §10.5)', () => {
  itInEveryDelivery('empty: the limit is borne, one more is not', (start) => {
    const pair = start({ limits: { maxEmptyDataFrames: 3 } })
    const blank = data(3, '')
    pair.open()
    pair.open()
    pair.frames()
    pair.receive(response(3, 200), blank, blank, blank, data(3, '', true))
    expect(pair.closed).toBe(false)
    pair.receive(response(1, 200), data(1, ''))
    expect(pair.closedWith).toMatchObject({ errorCode: ENHANCE_YOUR_CALM })
  })

  itInEveryDelivery('only padding: it has paid with its window, and is not counted', (start) => {
    const pair = start({ limits: { maxEmptyDataFrames: 3 } })
    pair.open()
    pair.frames()
    pair.receive(response(1, 200), ...Array.from({ length: 10 }, () => paddedData(1, '', 5)))
    expect(pair.closed).toBe(false)
  })

  it('is forgiven ten times a second', () => {
    const pair = begin({ maxEmptyDataFrames: 1 })
    pair.receive(response(3, 200))
    for (let i = 0; i < 20; i++) {
      pair.receive(data(3, ''))
      pair.now += 100
    }
    expect(pair.closed).toBe(false)
    pair.receive(data(3, ''), data(3, ''))
    expect(pair.closed).toBe(true)
  })
})

describe('stream errors that the peer makes us send (RFC 9113 §10.5)', () => {
  it('are borne up to the limit in 30 seconds', () => {
    const pair = EnginePair.ready({ limits: { maxStreamErrors: 3 } })
    const fail = () => {
      const request = pair.open()
      pair.frames()
      pair.receive(response(request.stream!.id, 101))
      return request
    }
    for (let i = 0; i < 3; i++) fail()
    expect(pair.closed).toBe(false)
    pair.now += 10_000
    fail()
    expect(pair.closed).toBe(false)
    fail()
    expect(pair.closedWith).toMatchObject({ errorCode: ENHANCE_YOUR_CALM })
  })

  it('and the stream of the last is told before the owner of the connection', () => {
    const pair = EnginePair.ready({ limits: { maxStreamErrors: 1 } })
    const told: string[] = []
    pair.onClosed = () => told.push('closed')
    const requests = [pair.open(), pair.open()]
    for (const request of requests) request.onFailure = () => told.push(`${request.stream!.id}`)
    pair.frames()
    pair.receive(response(1, 101), response(3, 101))
    expect(told).toEqual(['1', '3', 'closed'])
  })

  it('count answers to late frames too', () => {
    const pair = EnginePair.ready({ limits: { maxStreamErrors: 2 } })
    for (let id = 1; id <= 5; id += 2) {
      pair.open()
      pair.frames()
      pair.receive(response(id, 200, true))
      expect(pair.closed).toBe(false)
      pair.receive(data(id, 'late'))
    }
    expect(pair.closed).toBe(true)
  })
})

describe('answers that wait for the transport (RFC 9113 §10.5)', () => {
  const kinds: [string, (i: number) => Uint8Array][] = [
    ['PING', () => ping(new Uint8Array(8))],
    ['SETTINGS', () => settings()],
    ['stream errors', (i) => response(2 * i + 1, 101)],
  ]
  for (const [name, answer] of kinds) {
    it(`to ${name}: the limit is borne, one more is not`, () => {
      const pair = EnginePair.ready({ limits: { maxQueuedControlFrames: 3 } })
      for (let i = 0; i < 8; i++) pair.open()
      pair.frames()
      for (let i = 0; i < 3; i++) pair.receive(answer(i))
      expect(pair.closed).toBe(false)
      pair.frames()
      for (let i = 3; i < 6; i++) pair.receive(answer(i))
      expect(pair.closed).toBe(false)
      pair.receive(answer(6))
      expect(pair.closedWith).toMatchObject({ errorCode: ENHANCE_YOUR_CALM })
    })
  }

  it('are counted until all of them were taken', () => {
    const pair = EnginePair.ready({ limits: { maxQueuedControlFrames: 3 } })
    for (let i = 0; i < 3; i++) pair.receive(ping(new Uint8Array(8)))
    pair.connection.pull(10)
    pair.receive(ping(new Uint8Array(8)))
    expect(pair.closed).toBe(true)
    expect(concat(pair.connection.pull(1_000)!).length).toBeGreaterThan(3 * 17)
  })
})

it('looking at every stream for a window that closed long ago draws on the budget too (RFC 9113 §10.5)', () => {
  const pair = EnginePair.ready({ limits: { glitchBurst: 20, glitchesPerSecond: 0 } }, { 3: 5000 })
  const requests = Array.from({ length: 1024 }, () => pair.open())
  pair.frames()
  // Each SETTINGS is one glitch, each look at 1,024 streams four more.
  let sent = 0
  while (!pair.closed && sent < 20) {
    pair.receive(windowUpdate(requests[sent]!.stream!.id, 1), rstStream(requests[sent]!.stream!.id, 8))
    pair.receive(settings({ 4: 0x7fffffff }), settings({ 4: 65_535 }))
    sent += 1
  }
  expect(pair.closedWith).toMatchObject({ errorCode: ENHANCE_YOUR_CALM })
  expect(sent).toBeLessThan(5)
})
