/** The virtual clock: order, moments, and what happens between them. */
import { expect, it } from 'vitest'
import { VirtualClock } from '../../src/testing/index.ts'

it('fires timers in order, each at its moment', async () => {
  const clock = new VirtualClock()
  const start = clock.now()
  const fired: [string, number][] = []
  const note = (name: string) => () => fired.push([name, clock.now() - start])
  clock.setTimer(note('late'), 30)
  clock.setTimer(note('early'), 10)
  clock.setTimer(note('early too'), 10)
  await clock.advance(29)
  expect(fired).toEqual([
    ['early', 10],
    ['early too', 10],
  ])
  await clock.advance(1)
  expect(fired.at(-1)).toEqual(['late', 30])
  expect(clock.elapsed).toBe(30)
})

it('lets what a timer causes happen before the next one', async () => {
  const clock = new VirtualClock()
  const seen: string[] = []
  clock.setTimer(() => {
    void Promise.resolve().then(() => seen.push('reaction'))
    clock.setTimer(() => seen.push('nested'), 5)
  }, 10)
  clock.setTimer(() => seen.push('second'), 12)
  await clock.advance(20)
  expect(seen).toEqual(['reaction', 'second', 'nested'])
})

it('forgets a timer that is cleared', async () => {
  const clock = new VirtualClock()
  const timer = clock.setTimer(() => expect.unreachable(), 10)
  expect(clock.pending).toBe(1)
  clock.clearTimer(timer)
  clock.clearTimer(timer)
  expect(clock.pending).toBe(0)
  await clock.advance(10)
})
