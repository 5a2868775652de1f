/** POST of JSON with an answer of JSON. */
import { deepStrictEqual } from 'node:assert'
import { check } from '../check.mjs'
import { laneCases, measureLanes, REQUEST_FIGURES } from './lanes.mjs'
import { answer, question } from './messages.mjs'

export const workload = {
  title: 'JSON POST',
  how: 'About 1 kB of JSON is posted and about 4 kB of JSON is answered, on one connection; the client makes the one from an object and the other into one. Status and number of items are checked each time, the whole answer the first time. (undici 7 `fetch` sends one after the other all the same.)',
  server: 'origin',
  everyRuntime: false,
  figures: REQUEST_FIGURES,
  cases: ({ short }) => laneCases(short ? [100] : [1, 100]),
}

export async function run(open, { url, params, ...times }) {
  const client = await open(url)
  const asked = question()
  const expected = answer()
  deepStrictEqual((await client.post('/json', asked)).value, expected)
  const once = async () => {
    const { status, value } = await client.post('/json', asked)
    check(status === 200, `status ${status} in place of 200`)
    check(value.items.length === expected.total, `${value.items.length} items in place of ${expected.total}`)
  }
  const figures = await measureLanes(once, { ...params, ...times })
  client.close()
  return figures
}
