/** The platform's clock, whatever is put in its place. */
import { afterEach, expect, test, vi } from 'vitest'
import { platformClock } from '../../../src/client/settings/clock.ts'

afterEach(() => {
  vi.useRealTimers()
})

test('never goes back where a test puts a clock of its own in place of the platform’s, and goes on as that does', () => {
  const before = platformClock.now()
  expect(before).toBeGreaterThan(0)
  vi.useFakeTimers({ toFake: ['performance'] })
  expect(performance.now()).toBe(0)
  const then = platformClock.now()
  expect(then).toBeGreaterThanOrEqual(before)
  vi.advanceTimersByTime(250)
  expect(platformClock.now()).toBe(then + 250)
  vi.useRealTimers()
  expect(platformClock.now()).toBeGreaterThanOrEqual(then + 250)
})
