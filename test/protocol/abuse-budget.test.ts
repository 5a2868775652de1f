import { describe, expect, it } from 'vitest'
import type { Limits } from '../../src/protocol/index.ts'
import { EnginePair, type RecordingSink } from '../support/engine.ts'
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

/** A request with so much content, sent. */
function upload(pair: EnginePair, octets: number): void {
  pair.open({ method: 'POST' }, false).stream!.write(new Uint8Array(octets))
  pair.frames()
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
    'DATA of padding alone': paddedData(3, '', 5),
    'late DATA of padding alone': paddedData(1, '', 5),
    'late empty DATA that ends the stream': data(1, '', true),
    'late RST_STREAM': rstStream(1, 0),
    'late WINDOW_UPDATE': windowUpdate(1, 1),
    'late WINDOW_UPDATE of 0': windowUpdate(1, 0),
    'late PRIORITY of a wrong length': frame(PRIORITY, 0, 1, new Uint8Array(4)),
  }
  for (const [name, bytes] of Object.entries(useless)) {
    it(`${name}: the limit is borne, one more is not`, () => {
      const pair = begin({ glitchBurst: 5, glitchesPerSecond: 0 })
      // Our reset earned 16, a response as many, each of our two requests eight WINDOW_UPDATEs.
      const excused = name === 'late WINDOW_UPDATE' || name.startsWith('DATA') ? 32 : 16
      if (name.startsWith('DATA')) pair.receive(response(3, 200))
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
    for (let i = 0; i < 1016; i++) pair.receive(useless.PING!)
    expect(pair.closed).toBe(false)
    pair.receive(useless.PING!)
    expect(pair.closed).toBe(true)
  })

  it('are forgiven with time, up to the limit', () => {
    const pair = begin({ glitchBurst: 4, glitchesPerSecond: 2 })
    for (let i = 0; i < 20; i++) pair.receive(useless.PING!)
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

  const WORK: readonly (readonly [
    what: string,
    earned: number,
    work: (pair: EnginePair, request: RecordingSink) => void,
  ])[] = [
    ['a response', 16, (pair) => pair.receive(response(3, 200))],
    ['a response that ends', 16, (pair) => pair.receive(response(3, 200, true))],
    ['an informational response', 0, (pair) => pair.receive(response(3, 103))],
    ['a response that is refused', 0, (pair) => pair.receive(response(3, 101))],
    ['a frame of content', 17, (pair) => pair.receive(response(3, 200), data(3, 'x'))],
    ['a KiB and one octet', 18, (pair) => pair.receive(response(3, 200), data(3, new Uint8Array(1025)))],
    ['content sent', 1, (pair) => upload(pair, 1)],
    ['a KiB and one octet sent', 2, (pair) => upload(pair, 1025)],
    ['a request given up', 16, (_, request) => request.stream!.reset(CANCEL)],
  ]
  for (const [what, earned, work] of WORK) {
    it(`are forgiven for work, beyond the limit: ${earned} for ${what}`, () => {
      const pair = EnginePair.ready({ limits: { glitchBurst: 10, glitchesPerSecond: 0 } })
      const requests = [pair.open(), pair.open()]
      pair.frames()
      work(pair, requests[0]!)
      pair.frames()
      const most = 10 + earned
      for (let i = 0; i < most; i++) pair.receive(useless.PING!)
      expect(pair.closed).toBe(false)
      pair.receive(useless.PING!)
      expect(pair.closed).toBe(true)
    })
  }

  it('are not kept for ever: what was earned is at most 65,536 more than the limit', () => {
    const pair = begin({ glitchBurst: 10, glitchesPerSecond: 0 })
    pair.receive(response(3, 200))
    for (let i = 0; i < 70_000; i++) pair.receive(data(3, 'x'))
    for (let i = 0; i < 65_546; i++) pair.receive(useless.PRIORITY!)
    expect(pair.closed).toBe(false)
    pair.receive(useless.PRIORITY!)
    expect(pair.closed).toBe(true)
  })

  it('are not content that was under way when we reset its stream, as much as its window let pass', () => {
    const pair = EnginePair.ready({
      settings: { initialWindowSize: 70_000 },
      limits: { glitchBurst: 1, glitchesPerSecond: 0 },
    })
    const requests = [pair.open(), pair.open()]
    pair.frames()
    pair.receive(response(1, 200), data(1, new Uint8Array(10_000)))
    for (const request of requests) request.stream!.reset(CANCEL)
    pair.frames()
    // 60,000 of the one, 70,000 of the other.
    for (let i = 0; i < 13; i++) pair.receive(data(i % 2 === 0 ? 1 : 3, new Uint8Array(10_000)))
    // Earned by a response, by two resets, and by 14 frames of 10,000 octets; one is borne anyway.
    for (let i = 0; i < 16 + 2 * 16 + 14 * 10 + 1; i++) pair.receive(data(1, 'x'))
    expect(pair.closed).toBe(false)
    pair.receive(data(1, 'x'))
    expect(pair.closed).toBe(true)
  })

  it('are WINDOW_UPDATEs beyond two for each octet sent and eight for each request', () => {
    const pair = EnginePair.ready({ limits: { glitchBurst: 2, glitchesPerSecond: 0 } })
    upload(pair, 10)
    // Of the content comes one more, as for any useless frame.
    for (let i = 0; i < 20 + 8 + 1 + 2; i++) pair.receive(windowUpdate(i % 2, 1))
    expect(pair.closed).toBe(false)
    pair.receive(windowUpdate(1, 1))
    expect(pair.closedWith).toMatchObject({ errorCode: ENHANCE_YOUR_CALM })
  })

  it('are as many as one for each open request, before any is answered', () => {
    const pair = EnginePair.ready({ limits: { glitchBurst: 5, glitchesPerSecond: 0 } }, { 3: 1000 })
    for (let i = 0; i < 10; i++) pair.open()
    pair.frames()
    for (let i = 0; i < 10; i++) pair.receive(useless.PING!)
    expect(pair.closed).toBe(false)
    pair.receive(useless.PING!)
    expect(pair.closed).toBe(true)
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
    const blanks = Array.from({ length: 19 }, () => data(3, ''))
    pair.open()
    pair.open()
    pair.frames()
    pair.receive(response(3, 200), ...blanks, data(3, '', true))
    expect(pair.closed).toBe(false)
    pair.receive(response(1, 200), ...blanks.slice(0, 16).map(() => data(1, '')))
    expect(pair.closed).toBe(false)
    pair.receive(data(1, ''))
    expect(pair.closedWith).toMatchObject({ errorCode: ENHANCE_YOUR_CALM })
  })

  it('is counted on a stream that we reset, too', () => {
    const pair = EnginePair.ready({ limits: { maxEmptyDataFrames: 3 } })
    pair.open()
    const request = pair.open()
    pair.frames()
    request.stream!.reset(CANCEL)
    for (let i = 0; i < 19; i++) pair.receive(data(3, ''))
    expect(pair.closed).toBe(false)
    pair.receive(data(3, ''))
    expect(pair.closedWith).toMatchObject({ errorCode: ENHANCE_YOUR_CALM })
  })

  it('is forgiven with each frame of content, padding or not', () => {
    const pair = EnginePair.ready({ limits: { maxEmptyDataFrames: 1 } })
    pair.open()
    pair.frames()
    pair.receive(response(1, 200))
    for (let i = 0; i < 1000; i++)
      pair.receive(paddedData(1, '', 5), paddedData(1, 'x', 5), data(1, ''), data(1, 'x'))
    expect(pair.closed).toBe(false)
  })

  it('is forgiven ten times a second', () => {
    const pair = EnginePair.ready({ limits: { maxEmptyDataFrames: 1 } })
    pair.open()
    pair.open()
    pair.frames()
    pair.receive(response(3, 200), ...Array.from({ length: 16 }, () => data(3, '')))
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

  it('count answers to late frames too, and four responses earn three', () => {
    const pair = EnginePair.ready({ limits: { maxStreamErrors: 2 } })
    for (let id = 1; id <= 17; id += 2) {
      pair.open()
      pair.frames()
      pair.receive(response(id, 200, true))
      expect(pair.closed, `${id}`).toBe(false)
      pair.receive(id % 4 === 1 ? data(id, 'late') : frame(PRIORITY, 0, id, new Uint8Array(4)))
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
