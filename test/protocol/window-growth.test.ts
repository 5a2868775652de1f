import { describe, expect, test } from 'vitest'
import { AdaptiveWindowManager, FixedWindowManager, type WindowManager } from '../../src/protocol/index.ts'
import { type Download, type Outcome, simulate } from '../support/tcp-path.ts'

const START = 1_048_576
const LARGEST = AdaptiveWindowManager.MAX_WINDOW_SIZE
const SEEDS = [1, 2, 3]

function outcomes(download: Omit<Download, 'seed'>, make: () => WindowManager): Outcome[] {
  return SEEDS.map((seed) => simulate({ ...download, seed }, make()))
}

const sum = (all: Outcome[]): number => all.reduce((total, { elapsed }) => total + elapsed, 0)

// RFC 9113 §5.2.1: how much to grant is the receiver's choice. The design's promise: as fast as a window of 16 MiB,
// and no more granted than four times what the path holds, or than the stream began with.
describe.each([0, 20])('a download whose reader is kept from reading for up to %i ms at a time', (stall) => {
  test.each([
    [1, 100],
    [20, 100],
    [80, 100],
    [200, 100],
    [1, 1000],
    [20, 1000],
    [80, 1000],
    [200, 1000],
  ])('over %i ms and %i Mbit/s', (roundTripTime, mbit) => {
    const download = { roundTripTime, mbit, size: 64_000_000, stall }
    const adaptive = outcomes(download, () => new AdaptiveWindowManager(START))
    const fixed = outcomes(download, () => new FixedWindowManager(LARGEST))
    expect(sum(fixed) / sum(adaptive)).toBeGreaterThan(0.95)
    for (const { largestWindow, product } of adaptive) {
      // A reader that is late by many round trips is served by what it could not read; there the start may double.
      const start = stall > roundTripTime ? 2.2 * START : START
      expect(largestWindow).toBeLessThanOrEqual(Math.max(start, 4 * product))
    }
  })
})

test('a stream that begins with 65,535 octets grows as far', () => {
  const download = { roundTripTime: 80, mbit: 1000, size: 64_000_000, stall: 0 }
  const small = outcomes(download, () => new AdaptiveWindowManager(65_535))
  const large = outcomes(download, () => new AdaptiveWindowManager(START))
  expect(sum(large) / sum(small)).toBeGreaterThan(0.95)
})
