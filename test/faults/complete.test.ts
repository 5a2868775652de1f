/** That the table of faults is whole: each of the 129 scenarios has a test, and the page lists what waits. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const SCENARIOS = 129

const folder = new URL('.', import.meta.url)
const sources = readdirSync(folder)
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => readFileSync(new URL(name, folder), 'utf8'))
  .join()

test('each of the 129 scenarios has a test', () => {
  const tested = new Set(Array.from(sources.matchAll(/['"`]#(\d+) /g), ([, number]) => Number(number)))
  const missing = Array.from({ length: SCENARIOS }, (_, i) => i + 1).filter((number) => !tested.has(number))
  expect(missing).toEqual([])
})
