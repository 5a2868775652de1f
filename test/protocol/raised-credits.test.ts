import fc from 'fast-check'
import { expect, it } from 'vitest'
import { NOT_RAISED, RaisedCredits } from '../../src/protocol/raised-credits.ts'

interface Stream {
  sendCredit: number
  raisedAt: number
}

it('the highest credit is that of the streams that are open, whatever was raised, sent and closed', () => {
  const step = fc.tuple(
    fc.constantFrom('raise', 'send', 'close', 'ask'),
    fc.nat({ max: 15 }),
    fc.integer({ min: 1, max: 20 }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const streams: Stream[] = Array.from({ length: 16 }, () => ({ sendCredit: 0, raisedAt: NOT_RAISED }))
      const raised = new RaisedCredits(streams)
      const highest = () => Math.max(0, ...streams.map(({ sendCredit }) => sendCredit))
      const check = (most: number) => expect(raised.exceed(most)).toBe(highest() > most)
      for (const [what, which, amount] of steps) {
        const stream = streams[which]!
        if (what === 'raise') {
          stream.sendCredit += amount
          raised.raised(stream)
        } else if (what === 'send') {
          stream.sendCredit -= amount
        } else if (what === 'close') {
          raised.remove(stream)
          streams[which] = { sendCredit: 0, raisedAt: NOT_RAISED }
          expect(stream.raisedAt).toBe(NOT_RAISED)
        } else {
          check(amount * 3)
        }
      }
      check(0)
      check(highest())
      check(highest() - 1)
    }),
    { numRuns: 500 },
  )
})

it('every stream is looked at once, and no more', () => {
  let looks = 0
  class Looked implements Stream {
    raisedAt = NOT_RAISED
    credit = 5
    get sendCredit(): number {
      looks += 1
      return this.credit
    }
  }
  const streams = Array.from({ length: 1000 }, () => new Looked())
  const raised = new RaisedCredits(streams)
  for (const stream of streams) raised.raised(stream)
  looks = 0
  for (let i = 0; i < 100; i++) expect(raised.exceed(5)).toBe(false)
  expect(looks, 'the bound says enough').toBe(0)
  // What it takes to look at every one; then at the first.
  expect(raised.exceed(4)).toBe(true)
  const all = looks
  for (let i = 0; i < 100; i++) expect(raised.exceed(4)).toBe(true)
  expect(looks - all).toBe(100)
  for (const stream of streams) stream.credit = 0
  looks = 0
  for (let i = 0; i < 100; i++) expect(raised.exceed(0)).toBe(false)
  expect(looks, 'each is put right once').toBe(1000)
})
