import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { OriginMemories } from '../../../src/client/pool/origin-memory.ts'
import {
  dialBackoff,
  dialsWanted,
  lifetime,
  needsProbe,
  type OriginFacts,
  STALE_AFTER_MS,
} from '../../../src/client/pool/pool-policy.ts'

const FACTS: OriginFacts = {
  waiting: 0,
  dialling: 0,
  usable: 0,
  unproved: 0,
  late: 0,
  leaving: 0,
  failing: false,
  full: false,
  serial: false,
  limit: 6,
}

describe('how many dials', () => {
  it.each<[string, Partial<OriginFacts>, number]>([
    ['nobody waits', { usable: 1 }, 0],
    ['the first', { waiting: 1 }, 1],
    ['a burst', { waiting: 1_000 }, 1],
    ['a burst, while dialling', { waiting: 1_000, dialling: 1 }, 0],
    ['a connection that has not shown what it takes', { waiting: 9, usable: 1, unproved: 1 }, 0],
    ['all full', { waiting: 9, usable: 3 }, 1],
    ['all full, and at the limit', { waiting: 9, usable: 6 }, 0],
    ['too much lies unread', { waiting: 9, usable: 1, full: true }, 0],
    ['too much lies unread elsewhere', { waiting: 9, full: true }, 1],
    ['HTTP/1.1: one for each', { waiting: 3, serial: true }, 3],
    ['HTTP/1.1: no more than the limit', { waiting: 30, serial: true }, 6],
    ['HTTP/1.1: those under way count', { waiting: 3, dialling: 2, serial: true }, 1],
    ['one that drains counts', { waiting: 9, usable: 4, leaving: 2 }, 0],
    ['all drain: one more', { waiting: 9, leaving: 6 }, 1],
    ['all drain, and so does that one', { waiting: 9, leaving: 7 }, 0],
    ['beside one that is late', { waiting: 9, late: 1 }, 1],
    ['beside one that is late, with a limit of one', { waiting: 9, late: 1, limit: 1 }, 1],
    ['beside two that are late, with a limit of one', { waiting: 9, late: 2, limit: 1 }, 1],
    ['beside three that are late', { waiting: 9, late: 3 }, 0],
    ['HTTP/1.1: after a failure one at a time', { waiting: 9, serial: true, failing: true }, 1],
    ['HTTP/1.1: late ones are not counted on', { waiting: 2, late: 2, serial: true }, 2],
    ['HTTP/1.1: busy ones count to the limit', { waiting: 5, usable: 4, serial: true }, 2],
  ])('%s', (_name, change, dials) => {
    expect(dialsWanted({ ...FACTS, ...change })).toBe(dials)
  })

  test('never beyond the limit, never more than wait, never below 0', () => {
    const small = fc.nat(20)
    const facts = fc.record({
      waiting: small,
      dialling: small,
      late: fc.nat(4),
      usable: small,
      leaving: small,
      unproved: small,
      full: fc.boolean(),
      serial: fc.boolean(),
      failing: fc.boolean(),
      limit: fc.integer({ min: 1, max: 20 }),
    })
    fc.assert(
      fc.property(facts, (given) => {
        const { waiting, dialling, late, usable, leaving, serial, failing, limit } = given
        const dials = dialsWanted(given)
        expect(dials).toBeGreaterThanOrEqual(0)
        expect(dials).toBeLessThanOrEqual(waiting)
        // One more than the limit, where none of the others will take a request soon.
        if (usable + dialling === 0 && dials === 1) expect(leaving).toBeLessThanOrEqual(limit)
        else if (dials > 0) expect(dials + dialling + late + usable + leaving).toBeLessThanOrEqual(limit)
        if (!serial || failing) expect(dials).toBeLessThanOrEqual(1)
      }),
    )
  })
})

test('who was idle for ten seconds is asked first', () => {
  expect([STALE_AFTER_MS - 1, STALE_AFTER_MS].map(needsProbe)).toEqual([false, true])
  expect(STALE_AFTER_MS).toBe(10_000)
})

test('an age limit, ten percent more or less', () => {
  expect([0, 0.5, 1].map((random) => lifetime(1_000, random))).toEqual([900, 1_000, 1_100])
  expect(lifetime(Number.POSITIVE_INFINITY, 0)).toBe(Number.POSITIVE_INFINITY)
})

test('dials that fail, one after the other: 1 s, 1.6 times more each, two minutes at most', () => {
  expect([1, 2, 3].map(dialBackoff)).toEqual([1_000, 1_600, 2_560].map((ms) => expect.closeTo(ms)))
  expect(dialBackoff(50)).toBe(120_000)
})

test('a thousand origins are remembered, those seen last', () => {
  const memories = new OriginMemories()
  const first = memories.recall('0')
  for (let i = 1; i < 1_000; i++) memories.recall(String(i))
  expect(memories.recall('0')).toBe(first)
  memories.recall('1000')
  expect(memories.size).toBe(1_000)
  expect(memories.recall('0')).toBe(first)
  const second = memories.recall('2')
  expect(memories.recall('2')).toBe(second)
})
