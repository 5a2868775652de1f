/** Small GET: 100 bytes, on one connection, with 1 to 1,000 requests in flight. */
import { checkBody } from '../check.mjs'
import { laneCases, measureLanes, REQUEST_FIGURES } from './lanes.mjs'

export const workload = {
  title: 'Small GET',
  how: 'Requests for a file of 100 bytes, on one connection, by so many loops as are in flight, each of which sends its next request when it has read its last response to the end. Status and length of each response are checked, the hash of the first.',
  server: 'static',
  figures: REQUEST_FIGURES,
  cases: ({ short }) => laneCases(short ? [1, 100] : [1, 10, 100, 1000]),
  h2load: ({ lanes }) => ({ path: '/small', args: ['-m', String(lanes)] }),
}

export async function run(open, { url, hashes, params, ...times }) {
  const client = await open(url)
  checkBody(await client.get('/small'), 100, hashes['/small'])
  const once = async () => checkBody(await client.get('/small'), 100)
  const figures = await measureLanes(once, { ...params, ...times })
  client.close()
  return figures
}
