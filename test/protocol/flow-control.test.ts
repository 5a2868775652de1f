import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RecvWindow, SendWindow, StreamSendWindows } from '../../src/protocol/flow-control.ts'
import {
  AdaptiveWindowManager,
  EagerWindowManager,
  FixedWindowManager,
  WindowManager,
} from '../../src/protocol/index.ts'
import { NOT_RAISED, RaisedCredits } from '../../src/protocol/raised-credits.ts'

const MAX = 2_147_483_647

describe('the send window of the connection', () => {
  it('begins at 65,535 octets and may reach 2^31-1, no more (RFC 9113 §6.9.1)', () => {
    const window = new SendWindow()
    window.take(65_535)
    expect(window.available).toBe(0)
    expect(window.replenish(MAX)).toBe(true)
    expect(window.replenish(1)).toBe(false)
    expect(window.available).toBe(MAX)
  })
})

describe('the send windows of streams', () => {
  it('move with the initial size, below 0 if need be (RFC 9113 §6.9.2)', () => {
    const windows = new StreamSendWindows()
    expect(windows.available(-60_000)).toBe(5535)
    expect(windows.setInitial(1000, new RaisedCredits([]))).toBe(true)
    expect(windows.available(-60_000)).toBe(-59_000)
    expect(windows.available(0)).toBe(1000)
  })

  it('may reach 2^31-1 by WINDOW_UPDATE, no more (RFC 9113 §6.9.1)', () => {
    const windows = new StreamSendWindows()
    expect(windows.replenish(0, MAX - 65_535)).toBe(MAX - 65_535)
    expect(windows.replenish(0, MAX - 65_534)).toBeNaN()
    expect(windows.replenish(-10, MAX - 65_525)).toBe(MAX - 65_535)
  })

  it('may reach 2^31-1 by SETTINGS, no more (RFC 9113 §6.9.2)', () => {
    const windows = new StreamSendWindows()
    const stream = { sendCredit: 100, raisedAt: NOT_RAISED }
    const credits = new RaisedCredits([stream])
    credits.raised(stream)
    expect(windows.setInitial(MAX - 99, credits)).toBe(false)
    expect(windows.available(0)).toBe(65_535)
    expect(windows.setInitial(MAX - 100, credits)).toBe(true)
    stream.sendCredit = 99
    expect(windows.setInitial(MAX - 99, credits)).toBe(true)
  })
})

describe('a receive window', () => {
  it('takes what fits exactly, and nothing above it (RFC 9113 §6.9.1)', () => {
    const window = new RecvWindow(new EagerWindowManager(100))
    expect(window.receive(60)).toBe(true)
    expect(window.receive(41)).toBe(false)
    expect([window.windowSize, window.received]).toEqual([40, 60])
    expect(window.receive(40)).toBe(true)
    expect(window.receive(0)).toBe(true)
    expect(window.receive(1)).toBe(false)
  })

  it('puts credit together, and announces it once', () => {
    const window = new RecvWindow(new EagerWindowManager(100))
    window.receive(10)
    window.receive(20)
    expect(window.owes).toBe(true)
    expect(window.takeIncrement()).toBe(30)
    expect(window.owes).toBe(false)
    expect(window.takeIncrement()).toBe(0)
    expect([window.windowSize, window.announced]).toEqual([100, 30])
  })

  it('does not ask its manager about nothing', () => {
    class Counting extends WindowManager {
      asked = 0
      override onDataConsumed(): number {
        this.asked += 1
        return 0
      }
    }
    const manager = new Counting(100)
    const window = new RecvWindow(manager)
    window.consume(0)
    expect(manager.asked).toBe(0)
    window.consume(1)
    expect(manager.asked).toBe(1)
  })

  const operation = fc.oneof(
    fc.record({ do: fc.constant('receive'), length: fc.nat(5000) }),
    fc.record({ do: fc.constant('consume'), length: fc.nat(5000) }),
    fc.record({ do: fc.constant('announce'), length: fc.constant(0) }),
  )
  const managers = [WindowManager, EagerWindowManager, FixedWindowManager, AdaptiveWindowManager] as const

  it('keeps windowSize === initial + announced - received, whatever its manager grants', () => {
    const property = fc.property(
      fc.integer({ min: 0, max: 20_000 }),
      fc.integer({ min: 0, max: managers.length }),
      fc.array(operation, { maxLength: 80 }),
      fc.infiniteStream(fc.double()),
      (initial, which, operations, credits) => {
        class Wild extends WindowManager {
          override onDataReceived(): number {
            return credits.next().value as number
          }
          override onDataConsumed(): number {
            return credits.next().value as number
          }
        }
        const Manager = managers[which] ?? Wild
        const window = new RecvWindow(new Manager(initial))
        for (const step of operations) {
          const { windowSize } = window
          if (step.do === 'receive') expect(window.receive(step.length)).toBe(step.length <= windowSize)
          else if (step.do === 'consume') window.consume(step.length)
          else expect(window.takeIncrement()).toBeGreaterThanOrEqual(0)
          expect(window.windowSize).toBe(initial + window.announced - window.received)
          expect(window.windowSize).toBeLessThanOrEqual(MAX)
        }
      },
    )
    fc.assert(property, { numRuns: 200 })
  })
})
