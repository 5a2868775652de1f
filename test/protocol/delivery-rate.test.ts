import { describe, expect, it } from 'vitest'
import { DeliveryRate } from '../../src/protocol/delivery-rate.ts'

const ROUND_TRIP = 100

/** Arrivals as [milliseconds since the one before, octets]; measured anew behind each where `renewed`. */
function measured(arrivals: [after: number, octets: number][], renewed = false): number {
  const rate = new DeliveryRate()
  let now = 5_000
  for (const [after, octets] of arrivals) {
    now += after
    rate.arrived(octets, now, ROUND_TRIP)
    if (renewed) rate.renew()
  }
  return rate.perRoundTrip(1, ROUND_TRIP)
}

const times = (count: number, after: number, octets: number): [number, number][] =>
  Array.from({ length: count }, () => [after, octets])

describe('DeliveryRate', () => {
  it('is what arrives in a round trip', () => {
    // The first octets count from a round trip before they came.
    expect(measured([...times(1, 0, 100), ...times(200, 1, 10)])).toBeCloseTo((2_100 / 300) * 100)
    expect(measured([...times(1, 0, 100), ...times(200, 1, 10), ...times(100, 1, 10)], true)).toBe(0)
  })

  it('tells nothing before the round trip is known, of fewer octets than are asked for, or too soon', () => {
    const rate = new DeliveryRate()
    rate.arrived(1_000, 0, Number.NaN)
    expect(rate.perRoundTrip(1, ROUND_TRIP)).toBe(0)
    rate.arrived(1_000, 10, ROUND_TRIP)
    expect(rate.perRoundTrip(1_001, ROUND_TRIP)).toBe(0)
    expect(rate.perRoundTrip(1_000, ROUND_TRIP)).toBe(1_000)
    for (let now = 11; now <= 110; now++) rate.arrived(10, now, ROUND_TRIP)
    rate.renew()
    for (let now = 111; now <= 176; now++) rate.arrived(10, now, ROUND_TRIP)
    expect(rate.perRoundTrip(1, ROUND_TRIP)).toBe(0)
    rate.arrived(10, 177, ROUND_TRIP)
    expect(rate.perRoundTrip(1, ROUND_TRIP)).toBe(1_000)
  })

  it('begins anew at a pause, which counts', () => {
    const before = [...times(1, 0, 100), ...times(300, 1, 10)]
    expect(measured([...before, [80, 800]])).toBe(1_000)
    expect(measured([...before, [80, 800], ...times(20, 1, 10)])).toBe(1_000)
    // And at a shorter one, once the pile of the last is paid off.
    expect(measured([...before, [80, 800], ...times(90, 1, 10), [20, 200]])).toBe(0)
  })

  it('counts a pause for four round trips at most', () => {
    expect(measured([...times(1, 0, 100), [100_000, 4_000]])).toBe(1_000)
  })

  it('does not begin anew at a short pause within what piled up in a long one', () => {
    const before = [...times(1, 0, 100), ...times(300, 1, 10)]
    // 80 ms, then half of the pile, 10 ms, then the rest.
    expect(measured([...before, [80, 400], [10, 500]])).toBe(1_000)
  })

  it('does not begin anew at a pause near the end of a pile, for what comes behind it may be of that pile', () => {
    const before = [...times(1, 0, 100), ...times(300, 1, 10)]
    // As packets lost together are sent again one by one: 80 ms, a part of the pile, 20 ms, the rest.
    expect(measured([...before, [80, 300], ...times(50, 1, 10), [20, 700]])).toBe(1_000)
  })

  it('is not measured anew before the pile of a pause within a pile is paid off', () => {
    const before = [...times(1, 0, 100), ...times(300, 1, 10)]
    const rate = new DeliveryRate()
    let now = 0
    for (const [after, octets] of [...before, [80, 800], ...times(75, 1, 10), [20, 200]] as const) {
      now += after
      rate.arrived(octets, now, ROUND_TRIP)
    }
    for (let i = 0; i < 24; i++) {
      rate.renew()
      now += 1
      rate.arrived(10, now, ROUND_TRIP)
    }
    expect(rate.perRoundTrip(1, ROUND_TRIP)).toBeCloseTo(1_000)
  })

  it('begins anew at a pause nearly as long as the last: while TCP starts, each brings more than the one before', () => {
    const before = [...times(1, 0, 100), ...times(300, 1, 10)]
    expect(measured([...before, [100, 100], [80, 200]])).toBe(250)
    expect(measured([...before, [100, 400], [70, 1_300]])).toBe(1_000)
  })

  it.each([80, 240])('is not measured anew before the pile of %i ms is paid off', (pause) => {
    const before = [...times(1, 0, 100), ...times(300, 1, 10)]
    const rate = new DeliveryRate()
    let now = 0
    for (const [after, octets] of [...before, [pause, 5 * pause] as const]) {
      now += after
      rate.arrived(octets, now, ROUND_TRIP)
    }
    for (let i = 1; i < pause; i++) {
      rate.renew()
      now += 1
      // The other half of the pile comes with the first, then all is as before.
      rate.arrived(i === 1 ? 5 * pause + 10 : 10, now, ROUND_TRIP)
    }
    expect(rate.perRoundTrip(1, ROUND_TRIP)).toBeCloseTo(1_000)
    now += 1
    rate.arrived(10, now, ROUND_TRIP)
    rate.renew()
    expect(rate.perRoundTrip(1, ROUND_TRIP)).toBe(0)
  })
})
