import { expect, test } from 'vitest'
import { Dialler, type DiallerOwner } from '../../../src/client/pool/dialler.ts'
import { OriginMemory } from '../../../src/client/pool/origin-memory.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'

function dialler(): { clock: VirtualClock; it: Dialler; due: number[] } {
  const clock = new VirtualClock()
  const owner = { settings: { clock } } as unknown as DiallerOwner
  return { clock, it: new Dialler(owner, new OriginMemory()), due: [] }
}

test('a dial is put off until its time, and its owner is told once', async () => {
  const { clock, it, due } = dialler()
  expect(it.putOff(false, () => due.push(0))).toBe(false)
  it.delay(100)
  expect(it.putOff(false, () => due.push(1))).toBe(true)
  expect(it.putOff(false, () => due.push(2))).toBe(true)
  await clock.advance(99)
  expect(due).toEqual([])
  await clock.advance(1)
  expect(due).toEqual([1])
  expect(it.putOff(false, () => due.push(3))).toBe(false)
})

test('a short delay does not take back a longer one', async () => {
  const { clock, it } = dialler()
  it.backOff()
  it.delay(10)
  await clock.advance(999)
  expect(it.putOff(false, () => {})).toBe(true)
  await clock.advance(1)
  expect(it.putOff(false, () => {})).toBe(false)
})

test('what is put off beside connections that work is not put off where there are none', async () => {
  const { clock, it, due } = dialler()
  it.backOffBeside()
  expect(it.putOff(true, () => due.push(1))).toBe(true)
  expect(it.putOff(false, () => due.push(2))).toBe(false)
  it.delay(1)
  expect(it.putOff(false, () => due.push(3))).toBe(true)
  await clock.advance(1)
  expect(due).toEqual([3])
  it.rest()
  expect(clock.pending).toBe(0)
})
