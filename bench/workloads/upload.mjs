/** Upload of 100 MB, by one stream and by eight. */
import { createHash, randomFillSync } from 'node:crypto'
import { check } from '../check.mjs'
import { MB } from '../content.mjs'
import { BULK_FIGURES, measureBulk } from './bulk.mjs'

export const workload = {
  title: 'Upload of 100 MB',
  how: 'One body of 100 MB, or eight of 12.5 MB at once, from one piece of memory, again and again on one connection; the server grants windows of 16 MiB. Before that, the client sends 12.5 MB to a server that answers with their hash, which is checked; then the status is. (undici 7 `fetch` sends one after the other all the same.)',
  server: 'static',
  everyRuntime: false,
  figures: BULK_FIGURES,
  cases: ({ short }) =>
    (short ? [1] : [1, 8]).map((streams) => ({
      id: `${streams}`,
      label: streams === 1 ? '1 stream' : '8 streams',
      params: { streams },
    })),
  curl: ({ streams }) => streams === 1 && { path: '/small', upload: '/100mb', repeat: 5 },
}

export async function run(open, { url, originUrl, params, ...times }) {
  const body = randomFillSync(new Uint8Array((100 * MB) / params.streams))
  await checkedByHash(await open(originUrl), body.subarray(0, 12.5 * MB))
  const client = await open(url)
  const each = async () => {
    const { status } = await client.upload('/small', body)
    check(status === 200, `status ${status} in place of 200`)
  }
  const once = async () => {
    const running = []
    for (let i = 0; i < params.streams; i++) running.push(each())
    await Promise.all(running)
  }
  const figures = await measureBulk(once, times)
  client.close()
  return figures
}

async function checkedByHash(client, body) {
  const answer = await client.upload('/hash', body)
  const expected = createHash('sha256').update(body).digest('hex')
  check(new TextDecoder().decode(answer.body) === expected, 'the server received other content')
  client.close()
}
