/** Download of 100 MB, by one stream and by eight, read as bytes and as a stream. */
import { createHash } from 'node:crypto'
import { check, checkBody } from '../check.mjs'
import { MB } from '../content.mjs'
import { BULK_FIGURES, measureBulk } from './bulk.mjs'

export const workload = {
  title: 'Download of 100 MB',
  how: 'A file of 100 MB by one request, or one of 12.5 MB by each of eight at once, again and again on one connection. "As bytes": the body in one piece, by the method that the client has for it. "As a stream": chunk after chunk, dropped once counted; by `response.body` where there is one, else by the events of the stream. Status and length are checked each time, the hash the first time.',
  server: 'static',
  everyRuntime: false,
  figures: BULK_FIGURES,
  cases: ({ short }) => [
    { id: '1-bytes', label: '1 stream, as bytes', params: { streams: 1, as: 'bytes' } },
    { id: '1-stream', label: '1 stream, as a stream', params: { streams: 1, as: 'stream' } },
    ...(short
      ? []
      : [{ id: '8-stream', label: '8 streams, as a stream', params: { streams: 8, as: 'stream' } }]),
  ],
  h2load: ({ streams, as }) =>
    as === 'stream' && {
      path: streams === 1 ? '/100mb' : '/12.5mb',
      args: ['-m', String(streams), '-w', '24', '-W', '25'],
    },
  curl: ({ streams, as }) => streams === 1 && as === 'stream' && { path: '/100mb', repeat: 5 },
}

export async function run(open, { url, hashes, params, ...times }) {
  const client = await open(url)
  const path = params.streams === 1 ? '/100mb' : '/12.5mb'
  const length = (100 * MB) / params.streams
  const each =
    params.as === 'bytes'
      ? async (hash) => checkBody(await client.get(path), length, hash)
      : (hash) => streamed(client, path, length, hash)
  await each(hashes[path])
  const once = async () => {
    const running = []
    for (let i = 0; i < params.streams; i++) running.push(each())
    await Promise.all(running)
  }
  const figures = await measureBulk(once, times)
  client.close()
  return figures
}

async function streamed(client, path, length, hash) {
  const sum = hash === undefined ? undefined : createHash('sha256')
  let received = 0
  const { status } = await client.stream(path, (chunk) => {
    received += chunk.length
    sum?.update(chunk)
  })
  check(status === 200, `status ${status} in place of 200`)
  check(received === length, `${received} bytes in place of ${length}`)
  check(sum === undefined || sum.digest('hex') === hash, 'content with another hash')
}
