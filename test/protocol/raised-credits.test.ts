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
      const raised = new RaisedCredits()
      const streams: Stream[] = Array.from({ length: 16 }, () => ({ sendCredit: 0, raisedAt: NOT_RAISED }))
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
          expect(raised.highest).toBe(Math.max(0, ...streams.map(({ sendCredit }) => sendCredit)))
        }
      }
      expect(raised.highest).toBe(Math.max(0, ...streams.map(({ sendCredit }) => sendCredit)))
    }),
    { numRuns: 500 },
  )
})

it('a credit that sending has brought to nothing is looked at once', () => {
  let looks = 0
  class Stream {
    raisedAt = NOT_RAISED
    credit = 5
    get sendCredit(): number {
      looks += 1
      return this.credit
    }
  }
  const raised = new RaisedCredits()
  const streams = Array.from({ length: 1000 }, () => new Stream())
  for (const stream of streams) raised.raised(stream)
  for (const stream of streams) stream.credit = 0
  expect(raised.highest).toBe(0)
  looks = 0
  for (let i = 0; i < 100; i++) expect(raised.highest).toBe(0)
  expect(looks).toBe(0)
})
