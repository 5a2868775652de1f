import { describe, expect, it, test } from 'vitest'
import { RoundTrip } from '../../src/protocol/round-trip.ts'
import { EnginePair, type RecordingSink } from '../support/engine.ts'
import {
  data,
  goaway,
  PING,
  ping,
  response,
  settings,
  settingsAck,
  type WireFrame,
  windowUpdate,
} from '../support/wire.ts'
import { lines } from './sent.ts'

const KIB = 1024
/** 64 KiB, without which nobody asks, in four frames of 16 KiB. */
const ENOUGH = 65_536
const PIECE = new Uint8Array(16_384)

/** So many octets of content on a stream, in frames. */
function content(streamId: number, octets: number): Uint8Array[] {
  const frames: Uint8Array[] = []
  for (let left = octets; left > 0; left -= PIECE.length) {
    frames.push(data(streamId, PIECE.subarray(0, Math.min(left, PIECE.length))))
  }
  return frames
}

/** PINGs are sent, and none of them for silence. */
const QUIET = { keepAlive: { interval: 1e12, timeout: 1e12 } }

function pings(frames: readonly WireFrame[]): WireFrame[] {
  return frames.filter(({ type }) => type === PING)
}

/** A connection whose SETTINGS took no time, 20 seconds after that, with a response that goes on. */
function downloading(): { pair: EnginePair; request: RecordingSink } {
  const pair = EnginePair.ready(QUIET)
  pair.now += 20_000
  const request = pair.open()
  pair.frames()
  pair.receive(response(1, 200))
  return { pair, request }
}

/** Lets time pass, content come, and then the answer to the PING among the frames. */
function answer(pair: EnginePair, frames: readonly WireFrame[], ms: number, queue = 0): void {
  pair.now += ms
  pair.receive(...content(1, queue), ping(pings(frames)[0]!.payload, true))
}

describe('the path is measured by a PING (RFC 9113 §6.7)', () => {
  it('when 64 KiB of content came, and not before', () => {
    const { pair } = downloading()
    pair.receive(...content(1, ENOUGH - 1))
    expect(pings(pair.frames())).toEqual([])
    pair.receive(data(1, 'x'))
    expect(pings(pair.frames())).toHaveLength(1)
  })

  it('not with keepAlive: false', () => {
    const pair = EnginePair.ready({ keepAlive: false })
    pair.now += 20_000
    pair.open()
    pair.frames()
    pair.receive(response(1, 200), ...content(1, 2 * ENOUGH))
    expect(pings(pair.frames())).toEqual([])
  })

  it('one at a time, and not again within 10 seconds, however much content comes', () => {
    const { pair } = downloading()
    pair.receive(...content(1, ENOUGH))
    const first = pair.frames()
    for (let i = 0; i < 5; i++) {
      pair.now += 10_000
      pair.receive(...content(1, ENOUGH))
      expect(pings(pair.frames()), `${i}, unanswered`).toEqual([])
    }
    answer(pair, first, 0)
    const asked = pair.now
    pair.receive(...content(1, ENOUGH))
    const second = pair.frames()
    expect(pings(second)).toHaveLength(1)
    answer(pair, second, 5)
    pair.now = asked + 9_999
    pair.receive(...content(1, ENOUGH))
    expect(pings(pair.frames())).toEqual([])
    pair.now = asked + 10_000
    pair.receive(data(1, 'x'))
    expect(pings(pair.frames())).toHaveLength(1)
  })

  it('not again before the peer sent 64 KiB behind its answer: a server counts PINGs in between as abuse', () => {
    const { pair } = downloading()
    pair.receive(...content(1, ENOUGH))
    answer(pair, pair.frames(), 10, ENOUGH)
    pair.now += 60_000
    pair.receive(...content(1, ENOUGH - 1))
    pair.open()
    expect(pings(pair.frames())).toEqual([])
    pair.receive(data(1, 'x'))
    expect(pings(pair.frames())).toHaveLength(1)
  })

  it('together with a request that finds the last one old', () => {
    const { pair } = downloading()
    pair.receive(...content(1, ENOUGH))
    answer(pair, pair.frames(), 10)
    pair.receive(...content(1, ENOUGH), data(1, '', true))
    pair.frames()
    pair.now += 3_600_000
    pair.connection.handleTimeout(pair.now)
    expect(pair.frames(), 'an idle connection is left alone').toEqual([])
    pair.open()
    expect(lines(pair.frames())).toEqual(['PING', 'HEADERS 3 end'])
  })

  test.each([
    ['only bytes came that are no content', [ping(new Uint8Array(8)), windowUpdate(1, 1)]],
    ['the content was the last', [data(1, 'x', true)]],
    ['the peer said GOAWAY', [goaway(1, 0), data(1, 'x')]],
  ])('but not when %s', (_name, frames) => {
    const { pair } = downloading()
    pair.receive(...content(1, ENOUGH))
    answer(pair, pair.frames(), 10)
    pair.receive(...content(1, ENOUGH))
    pair.now += 10_000
    pair.receive(...frames)
    expect(pings(pair.frames()).filter(({ flags }) => flags === 0)).toEqual([])
  })

  it('and nobody is told of its answer, which ends nothing if it never comes', () => {
    const { pair, request } = downloading()
    pair.receive(...content(1, ENOUGH))
    const frames = pair.frames()
    // The next to happen is the end of the long silence, and not a limit for the answer.
    expect(pair.connection.nextTimeout()).toBe(pair.now + QUIET.keepAlive.interval)
    pair.advance(3_600_000)
    expect(pair.closed).toBe(false)
    answer(pair, frames, 0)
    expect(pair.pongs).toEqual([])
    expect(request.failure).toBeUndefined()
  })
})

describe('the round trip', () => {
  /** When something was measured, how long it took, and what the round trip then is. */
  type Row = readonly [at: number, took: number, time: number]

  test.each<[string, readonly Row[]]>([
    [
      'is the smallest of a period',
      [
        [0, 30, 30],
        [10_000, 50, 30],
        [20_000, 12, 12],
        [29_999, 40, 12],
      ],
    ],
    [
      'is that of the period before, too',
      [
        [0, 30, 30],
        [30_000, 50, 30],
        [59_999, 60, 30],
      ],
    ],
    [
      'rises with the second period',
      [
        [0, 30, 30],
        [30_000, 50, 30],
        [60_000, 70, 50],
        [90_000, 90, 70],
      ],
    ],
    [
      'forgets what is two periods old',
      [
        [0, 30, 30],
        [60_000, 50, 50],
      ],
    ],
    [
      'falls at once',
      [
        [0, 1000, 1000],
        [300, 20, 20],
      ],
    ],
  ])('%s', (_name, rows) => {
    const roundTrip = new RoundTrip()
    expect(roundTrip.time).toBeNaN()
    for (const [at, took, time] of rows) {
      roundTrip.measured(took, at)
      expect(roundTrip.time, `at ${at}`).toBe(time)
    }
  })

  test.each([
    ['256 KiB came before the answer', 256 * KIB, 70],
    ['more came before the answer', 256 * KIB + 1, 30],
  ])('of a path that became longer is seen after a minute if %s: %i octets', (_name, queue, time) => {
    const pair = new EnginePair(QUIET)
    pair.frames()
    pair.now += 30
    pair.receive(settings(), settingsAck)
    pair.open()
    pair.frames()
    pair.now += 60_000
    pair.receive(response(1, 200), ...content(1, ENOUGH))
    const frames = pair.frames()
    answer(pair, frames, 70, queue)
    expect(pair.connection.roundTripTime).toBe(time)
  })

  it('falls with a response that comes sooner, and rises with none: the work behind it is in it', () => {
    const pair = new EnginePair(QUIET)
    pair.frames()
    pair.now += 30
    pair.receive(settings(), settingsAck)
    for (const [id, elapsed, time] of [
      [1, 50, 30],
      [3, 20, 20],
      [5, 70_000, 20],
      [7, 0, 20],
      [9, 15, 15],
    ] as const) {
      pair.open()
      pair.frames()
      pair.now += elapsed
      pair.receive(response(id, 200, true))
      expect(pair.connection.roundTripTime).toBe(time)
    }
  })

  it('begins when bytes depart, not when they were asked for', () => {
    const pair = new EnginePair(QUIET)
    pair.frames()
    pair.now += 700
    pair.connection.departed(pair.now)
    pair.now += 30
    pair.receive(settings(), settingsAck)
    expect(pair.connection.roundTripTime, 'of SETTINGS').toBe(30)
    pair.open()
    pair.frames()
    pair.now += 700
    pair.connection.departed(pair.now)
    pair.now += 20
    pair.connection.departed(pair.now)
    pair.receive(response(1, 200))
    expect(pair.connection.roundTripTime, 'of a request').toBe(20)
    pair.receive(...content(1, ENOUGH))
    const first = pair.frames()
    pair.connection.ping(pair.now)
    const second = pair.frames()
    pair.now += 700
    pair.connection.departed(pair.now)
    pair.now += 10
    pair.connection.departed(pair.now)
    pair.receive(ping(pings(second)[0]!.payload, true))
    expect(pair.pongs).toEqual([{ token: 2, roundTripTime: 10 }])
    answer(pair, first, 0)
    expect(pair.connection.roundTripTime, 'of a PING').toBe(10)
  })

  it('is not begun anew by what departs later', () => {
    const pair = new EnginePair(QUIET)
    pair.frames()
    pair.connection.departed(pair.now)
    const pinged = [0, 0].map(() => {
      pair.now += 5
      pair.connection.ping(pair.now)
      const [frame] = pings(pair.frames())
      pair.connection.departed(pair.now)
      return frame!.payload
    })
    pair.now += 5
    pair.receive(settings(), settingsAck)
    expect(pair.connection.roundTripTime, 'of SETTINGS').toBe(15)
    pair.receive(...pinged.map((payload) => ping(payload, true)))
    expect(pair.pongs.map(({ roundTripTime }) => roundTripTime)).toEqual([10, 5])
  })

  it('is told by one request at a time, and by another after a second without a response', () => {
    const roundTrip = new RoundTrip()
    const requests = [{}, {}, {}]
    roundTrip.measured(5_000, 0)
    roundTrip.requested(requests[0]!, 0)
    roundTrip.requested(requests[1]!, 999)
    expect([roundTrip.responded(requests[1]!, 1_000), roundTrip.time]).toEqual([false, 5_000])
    roundTrip.requested(requests[2]!, 1_000)
    expect([roundTrip.responded(requests[0]!, 1_001), roundTrip.time]).toEqual([false, 5_000])
    expect([roundTrip.responded(requests[2]!, 1_040), roundTrip.time]).toEqual([true, 40])
    expect(roundTrip.responded(requests[2]!, 1_041)).toBe(false)
  })

  it('that SETTINGS gave falls with an answer, however much came before it', () => {
    const roundTrip = new RoundTrip()
    roundTrip.measured(1000, 0)
    roundTrip.answered(100, 300, 8_000_000, 8_000_000)
    expect(roundTrip.time).toBe(100)
  })

  it('does not feed on the queue that a window makes', () => {
    // 100 Mbit/s, 10 ms: a window of 1 MiB is a queue of 84 ms, and no reason to grow.
    const roundTrip = new RoundTrip()
    const rate = 12_500
    let window = 1024 * KIB
    let now = 0
    roundTrip.measured(10, now)
    for (let i = 0; i < 30; i++) {
      now += 10_000
      roundTrip.answered(window / rate, now, i * window, window)
      if (rate * roundTrip.time > window / 2) window *= 2
    }
    expect(window).toBe(1024 * KIB)
  })
})
