/** Numbers as people read them, and marks on an axis. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { count, ms, octets, tick } from '../../src/viewer/numbers.ts'

it.each([
  [0.0123, '0.0123 ms'],
  [99.94, '99.9 ms'],
  [1234.4, '1234 ms'],
  [12_345, '12.3 s'],
  [Number.NaN, '–'],
])('%d milliseconds', (value, text) => {
  expect(ms(value)).toBe(text)
})

it('octets are short, and no limit is endless', () => {
  expect([octets(9999), octets(65_536), octets(16_777_216), count(Number.POSITIVE_INFINITY)]).toEqual([
    '9,999',
    '64 KiB',
    '16 MiB',
    '∞',
  ])
})

it('marks are at round moments, and never more than there is room for', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1e-6, max: 1e13, noNaN: true }),
      fc.integer({ min: 1, max: 50 }),
      (span, most) => {
        const every = tick(span, most)
        expect(span / every).toBeLessThanOrEqual(most * 1.000001)
        expect(['1', '2', '5']).toContain(Number(every.toPrecision(6)).toExponential().charAt(0))
      },
    ),
  )
})
