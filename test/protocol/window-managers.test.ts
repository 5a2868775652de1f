import { describe, expect, it, test } from 'vitest'
import {
  AdaptiveWindowManager,
  EagerWindowManager,
  FixedWindowManager,
  UnreadBudget,
  WindowManager,
} from '../../src/protocol/index.ts'
import { type WindowManagerFactory, windowManagers } from '../../src/protocol/window-managers.ts'
import { EnginePair } from '../support/engine.ts'
import { data, headers, response, rstStream } from '../support/wire.ts'
import { lines } from './sent.ts'

/** Octets received and the credit that this yields, in turn. */
type Vector = readonly (readonly [received: number, credit: number])[]

describe('FixedWindowManager', () => {
  test.each<[number, Vector]>([
    [
      65_535,
      [
        [49_000, 0],
        [1_000, 50_000],
      ],
    ],
    [
      1_500,
      [
        [499, 0],
        [2, 501],
      ],
    ],
    [
      65_535,
      [
        [49_151, 0],
        [1, 49_152],
        [49_151, 0],
        [1, 49_152],
      ],
    ],
    [
      1_500,
      [
        [500, 0],
        [1, 501],
      ],
    ],
    [
      500,
      [
        [1, 1],
        [499, 499],
      ],
    ],
  ])('of %i octets answers %j', (initial, vector) => {
    const manager = new FixedWindowManager(initial)
    for (const [received, credit] of vector) expect(manager.onDataReceived(received)).toBe(credit)
    expect(manager.onDataConsumed(initial)).toBe(0)
  })
})

describe('EagerWindowManager', () => {
  test.each([1, 500, 16_384])('gives %i octets back at once, and not again', (length) => {
    const manager = new EagerWindowManager(65_535)
    expect(manager.onDataReceived(length)).toBe(length)
    expect(manager.onDataConsumed(length)).toBe(0)
  })
})

describe('WindowManager', () => {
  it('gives back what was consumed, half a window at a time', () => {
    const manager = new WindowManager(1000, 77)
    expect([manager.windowSize, manager.initialWindowSize, manager.documentSize]).toEqual([1000, 1000, 77])
    expect(manager.onDataReceived(900)).toBe(0)
    expect(manager.onDataConsumed(499)).toBe(0)
    expect(manager.onDataConsumed(1)).toBe(500)
    expect(manager.onDataConsumed(499)).toBe(0)
  })
})

describe('AdaptiveWindowManager', () => {
  const MAX = AdaptiveWindowManager.MAX_WINDOW_SIZE

  function manager(size: number, roundTripTime: number): AdaptiveWindowManager {
    const adaptive = new AdaptiveWindowManager(size)
    adaptive.path = { now: 1000, roundTripTime }
    return adaptive
  }

  /** What is granted, beyond what is given back, while so many octets come every millisecond and are read at once. */
  function growth(adaptive: AdaptiveWindowManager, perMillisecond: number, milliseconds: number): number {
    let grown = 0
    for (let i = 0; i < milliseconds; i++) {
      adaptive.path!.now++
      adaptive.onDataReceived(perMillisecond)
      grown += adaptive.onDataConsumed(perMillisecond) - perMillisecond
    }
    return grown
  }

  it('gives back an eighth of the window at a time', () => {
    const adaptive = new AdaptiveWindowManager(8000)
    expect(adaptive.onDataReceived(8000)).toBe(0)
    expect(adaptive.onDataConsumed(999)).toBe(0)
    expect(adaptive.onDataConsumed(1)).toBe(1000)
  })

  // Octets in a millisecond, at 100 ms round trip: windows of 100 times 3.2 of them.
  test.each([
    [20, 8000],
    [30, 8000],
    [35, 11_200],
    [100, 32_000],
    [1000, 320_000],
  ])('is made for what a round trip brings: %i octets in a millisecond', (rate, window) => {
    const grown = growth(manager(8000, 100), rate, 2000)
    // What is not given back yet is at most an eighth.
    expect(Math.abs(8000 + grown - window)).toBeLessThanOrEqual(window / 8)
  })

  it('does not grow before the round trip is known', () => {
    expect(growth(manager(8000, Number.NaN), 1000, 100)).toBe(0)
  })

  it('does not grow by what arrives at once behind a pause', () => {
    const adaptive = manager(80_000, 100)
    let grown = growth(adaptive, 100, 500)
    for (let i = 0; i < 20; i++) {
      // Fifty milliseconds of it, and then as before: the average is the same.
      adaptive.path!.now += 50
      adaptive.onDataReceived(5000)
      grown += adaptive.onDataConsumed(5000) - 5000
      grown += growth(adaptive, 100, 100)
    }
    expect(grown).toBeLessThanOrEqual(0)
  })

  it('does not grow while its application lags behind', () => {
    const adaptive = manager(80_000, 100)
    let grown = 0
    adaptive.onDataReceived(40_000)
    for (let i = 0; i < 300; i++) {
      adaptive.path!.now++
      adaptive.onDataReceived(2000)
      grown += adaptive.onDataConsumed(2000) - 2000
    }
    expect(grown).toBeLessThanOrEqual(0)
    // Then it catches up.
    grown += adaptive.onDataConsumed(40_000) - 40_000
    grown += growth(adaptive, 2000, 300)
    expect(grown).toBeGreaterThan(400_000)
  })

  it('grows up to its maximum and no further, and does not shrink by standing still', () => {
    const adaptive = manager(1_048_576, 1000)
    const grown = growth(adaptive, 100_000, 3000)
    expect(MAX).toBe(16_777_216)
    expect(1_048_576 + grown).toBeGreaterThan(MAX - MAX / 8)
    expect(1_048_576 + grown).toBeLessThanOrEqual(MAX)
    adaptive.path!.now += 1_000_000
    adaptive.onDataReceived(MAX / 8)
    expect(adaptive.onDataConsumed(MAX / 8)).toBeGreaterThanOrEqual(MAX / 8)
  })

  it('keeps a window that began above the maximum', () => {
    expect(growth(manager(2 * MAX, 1000), MAX / 4, 100)).toBe(0)
  })

  it('shrinks by halves to its first size while half of it lies unread all the time, and grows again', () => {
    const adaptive = manager(8000, 100)
    const grown = 8000 + growth(adaptive, 1000, 1000)
    expect(grown).toBeGreaterThan(250_000)
    // All that may come lies unread; from now on as much is read as comes.
    adaptive.onDataReceived(grown)
    let window = grown
    for (let read = 0; read < 20 * grown; read += 1000) {
      adaptive.onDataReceived(1000)
      window += adaptive.onDataConsumed(1000) - 1000
    }
    expect(window).toBeLessThanOrEqual(8000 + 1000)
    adaptive.onDataConsumed(grown)
    expect(growth(adaptive, 1000, 1000)).toBeGreaterThan(200_000)
  })

  it('does not shrink for a reader that stops and then takes all there is', () => {
    const adaptive = manager(8000, 100)
    const grown = 8000 + growth(adaptive, 1000, 1000)
    let window = grown
    for (let i = 0; i < 20; i++) {
      adaptive.onDataReceived(grown)
      for (let read = 0; read < grown; read += 1000) window += adaptive.onDataConsumed(1000) - 1000
    }
    expect(window).toBeGreaterThan(grown * (3 / 4))
  })

  test.each([
    ['is asked for by a reader that keeps up', undefined, 125, 125, 8000],
    ['waits for the reader', undefined, 1000, 125, 1000],
    ['is not needed by a document that fits', 1000, 125, 1000, 1000],
    ['is asked for a document that does not', 1001, 125, 125, 8000],
  ])('a prompt window %s', (_, documentSize, arrives, takes, expected) => {
    const adaptive = new AdaptiveWindowManager(1000, documentSize, 16_000, 8000)
    let window = 1000
    for (let taken = 0; taken < takes; taken += 125) {
      adaptive.onDataReceived(arrives)
      window += adaptive.onDataConsumed(125) - 125
    }
    expect(window).toBe(expected)
  })

  it('takes another maximum', () => {
    const adaptive = new AdaptiveWindowManager(8000, undefined, 12_000)
    adaptive.path = { now: 0, roundTripTime: 100 }
    expect(growth(adaptive, 1000, 1000)).toBe(4000)
  })
})

describe('the option windowManager', () => {
  class Mine extends WindowManager {
    override onDataReceived(length: number): number {
      return length
    }
  }
  const makes = (size: number, documentSize?: number) => new Mine(size, documentSize)

  test.each([
    ['a class for both', Mine, Mine, Mine],
    ['a function for both', makes, Mine, Mine],
    ['nothing', undefined, AdaptiveWindowManager, AdaptiveWindowManager],
    ['a class for streams', { stream: Mine }, AdaptiveWindowManager, Mine],
    ['a function for the connection', { connection: makes }, Mine, AdaptiveWindowManager],
    ['one each', { connection: FixedWindowManager, stream: makes }, FixedWindowManager, Mine],
  ] as const)('takes %s', (_name, option, connection, stream) => {
    const made = windowManagers(option)
    expect(made.connection(1000)).toBeInstanceOf(connection)
    expect(made.stream(1000, 5)).toBeInstanceOf(stream)
    expect(made.stream(1000, 5)).toMatchObject({ initialWindowSize: 1000, documentSize: 5 })
  })

  test.each([[null], ['Eager'], [7], [{ stream: 'Eager' }], [{ connection: {} }]])('refuses %j', (option) => {
    expect(() => new EnginePair({ windowManager: option as never })).toThrow(TypeError)
  })

  it('makes one for the connection, and one for each stream when its content begins', () => {
    const made: string[] = []
    const pair = EnginePair.ready({
      settings: { initialWindowSize: 70_000 },
      limits: { connectionWindowSize: 100_000 },
      windowManager: (size, documentSize) => {
        made.push(`${size} ${documentSize}`)
        return new EagerWindowManager(size, documentSize)
      },
    })
    pair.open()
    pair.open()
    pair.frames()
    expect(made).toEqual(['100000 undefined'])
    const length5 = headers(1, [
      [':status', '200'],
      ['content-length', '5'],
    ])
    pair.receive(length5, data(1, 'he'), data(1, 'llo', true), response(3, 200), data(3, 'x'))
    expect(made).toEqual(['100000 undefined', '70000 5', '70000 undefined'])
  })

  it('tells managers the time and the smallest round trip', () => {
    const seen: unknown[] = []
    class Curious extends WindowManager {
      override onDataReceived(): number {
        seen.push([this.path?.now, this.path?.roundTripTime, this.windowSize])
        return 0
      }
    }
    const pair = new EnginePair({
      windowManager: { stream: Curious },
      settings: { initialWindowSize: 70_000 },
    })
    pair.open()
    pair.frames()
    pair.now += 7
    pair.receive(Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0))
    pair.now += 5
    pair.receive(response(1, 200), data(1, 'abc'))
    expect(seen).toEqual([[1012, 7, 69_997]])
  })

  const odd = [Number.NaN, -1, 0, 0.5, -Number.POSITIVE_INFINITY, undefined, 'x']
  test.each(odd)('sends no WINDOW_UPDATE for the credit %s (RFC 9113 §6.9)', (credit) => {
    class Odd extends WindowManager {
      override onDataReceived(): number {
        return credit as number
      }
      override onDataConsumed(): number {
        return credit as number
      }
    }
    const pair = EnginePair.ready({ windowManager: Odd })
    const request = pair.open()
    pair.frames()
    pair.receive(response(1, 200), data(1, 'abc'))
    expect(pair.frames()).toEqual([])
    expect(request.content).toBe('abc')
  })

  test.each([
    [2.9, 2],
    [Number.POSITIVE_INFINITY, 2_147_483_647 - 69_997],
    [1e12, 2_147_483_647 - 69_997],
  ])(
    'makes of the credit %d the largest increment it may send, %i (RFC 9113 §6.9.1)',
    (credit, increment) => {
      class Generous extends WindowManager {
        override onDataReceived(): number {
          return credit
        }
      }
      const pair = EnginePair.ready({
        windowManager: { stream: Generous },
        settings: { initialWindowSize: 70_000 },
        unread: new UnreadBudget(Number.POSITIVE_INFINITY),
      })
      pair.open()
      pair.frames()
      pair.receive(response(1, 200), data(1, 'abc'))
      expect(lines(pair.frames())).toEqual([`WINDOW_UPDATE 1 +${increment}`])
    },
  )

  describe('that throws', () => {
    const thrown = new Error('a manager of the user')
    const fail = (): never => {
      throw thrown
    }
    class OnReceipt extends WindowManager {
      override onDataReceived(): number {
        return fail()
      }
    }
    class OnConsumption extends WindowManager {
      override onDataConsumed(): number {
        return fail()
      }
    }
    const frozen = (size: number): WindowManager => Object.freeze(new WindowManager(size)) as WindowManager
    const kinds: [string, WindowManagerFactory][] = [
      ['when content arrives', OnReceipt],
      ['when it is consumed', OnConsumption],
      ['when it is made', fail],
      ['because it cannot be written to', frozen],
      ['because it is nothing', () => undefined as unknown as WindowManager],
    ]

    it.each(kinds)('%s: its stream ends, with the error as cause, and no other', (_, stream) => {
      const pair = EnginePair.ready({ windowManager: { stream } })
      const [request, other] = [pair.open(), pair.open()]
      pair.frames()
      expect(() => pair.receive(response(1, 200), data(1, 'abc'), response(3, 200, true))).not.toThrow()
      expect(request.failure).toMatchObject({ scope: 'stream', errorCode: 2 })
      if (!/cannot|nothing/.test(_)) expect(request.failure?.cause).toBe(thrown)
      expect([other.ended, pair.closed]).toEqual([true, false])
      expect(lines(pair.frames())).toContain('RST_STREAM 1 INTERNAL_ERROR')
    })

    it.each(kinds.slice(0, 1))('%s: the connection gives back what was consumed', (_, connection) => {
      const pair = EnginePair.ready({
        windowManager: { connection, stream: EagerWindowManager },
        limits: { connectionWindowSize: 65_535 },
      })
      const requests = Array.from({ length: 10 }, () => pair.open())
      pair.frames()
      for (let round = 0; round < 10; round++) {
        for (const [i] of requests.entries()) {
          if (round === 0) pair.receive(response(2 * i + 1, 200))
          pair.receive(data(2 * i + 1, 'x'.repeat(16_000), round === 9))
          pair.frames()
        }
      }
      expect(requests.map(({ ended, received }) => [ended, received])).toEqual(
        requests.map(() => [true, 160_000]),
      )
      expect(pair.closed).toBe(false)
    })
  })

  test.each([
    ['ended', data(1, 'defgh', true)],
    ['was reset by the peer', rstStream(1, 0)],
  ])('gets no credit announced for a stream that %s (RFC 9113 §6.9)', (_name, end) => {
    const pair = EnginePair.ready({
      windowManager: { stream: EagerWindowManager, connection: WindowManager },
    })
    const request = pair.open()
    pair.frames()
    pair.receive(response(1, 200), data(1, 'abc'), end)
    expect(lines(pair.frames())).toEqual([])
    request.stream!.consume(100)
    expect(lines(pair.frames())).toEqual([])
  })
})
