/** GET with 30 request and 30 response fields, half of them new each time. */
import { check } from '../check.mjs'
import { laneCases, measureLanes, REQUEST_FIGURES } from './lanes.mjs'
import { requestFieldSets } from './messages.mjs'

export const workload = {
  title: 'Header-heavy GET',
  how: 'As the small GET, with 30 request and 30 response fields of 14 characters each, 15 of which have a new value each time: the sets are made before, and are so many that no dynamic table remembers them. The answer is 2 bytes and one field that repeats one of the request; each is checked.',
  server: 'origin',
  everyRuntime: false,
  figures: REQUEST_FIGURES,
  cases: ({ short }) => laneCases(short ? [100] : [1, 100]),
}

export async function run(open, { url, params, ...times }) {
  const client = await open(url)
  const sets = requestFieldSets()
  const once = async (count) => {
    const fields = sets[count % sets.length]
    const { status, body, value } = await client.get('/fields', fields, 'x-rnew-0')
    check(status === 200, `status ${status} in place of 200`)
    check(body.length === 2, `${body.length} bytes in place of 2`)
    check(value === fields['x-new-0'], `field ${value} in place of ${fields['x-new-0']}`)
  }
  const figures = await measureLanes(once, { ...params, ...times })
  client.close()
  return figures
}
