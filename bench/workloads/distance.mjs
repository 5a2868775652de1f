/** One download over a path with a round trip and a rate. */
import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { check } from '../check.mjs'
import { FILES } from '../content.mjs'

/** A client with small windows would need minutes: its rate is taken after so many seconds. */
const CUT_AFTER_SECONDS = 8
const SHORT_CUT_AFTER_SECONDS = 2

export const workload = {
  title: 'Download over distance',
  how: `A file of 1 or 64 MB by the first large request on a fresh connection (TLS and one small response come before, unmeasured), over an emulated path. Chunk after chunk, by iterating the response or by events where the client has one of them: what it takes a runtime to load its web streams is none of the path's. Status, length and hash are checked. A transfer that is not done after ${CUT_AFTER_SECONDS} s (${SHORT_CUT_AFTER_SECONDS} in the short form) is ended and its rate is that of the bytes that came; such a row is marked, and not run again in later rounds.`,
  server: 'link',
  everyRuntime: false,
  figures: [
    { key: 'rate', label: 'rate', unit: 'Mbit/s', better: 'more' },
    { key: 'seconds', label: 'time', unit: 's', better: 'less' },
    { key: 'granted', label: 'largest window granted', unit: 'B', better: 'less' },
    { key: 'cut', mark: 'ended early' },
  ],
  cases({ short }) {
    const cells = []
    for (const mbit of short ? [1000] : [100, 1000]) {
      for (const rtt of short ? [40] : [1, 20, 80, 200]) {
        for (const mb of short ? [64] : [1, 64]) {
          cells.push({
            id: `${mb}mb-${rtt}ms-${mbit}mbit`,
            label: `${mb} MB, ${rtt} ms, ${mbit} Mbit/s`,
            params: {
              path: `/${mb}mb`,
              rtt,
              mbit,
              cutSeconds: short ? SHORT_CUT_AFTER_SECONDS : CUT_AFTER_SECONDS,
            },
          })
        }
      }
    }
    return cells
  },
  curl: ({ path }) => ({ path, repeat: 1, repeatSmall: true }),
}

export async function run(open, { url, hashes, params }) {
  const client = await open(url, { watched: true })
  check((await client.get('/small')).status === 200, 'status of the small file')
  const chunks = []
  let received = 0
  const began = performance.now()
  const read = client.pieces ?? client.stream
  const done = read(params.path, (chunk) => {
    chunks.push(chunk)
    received += chunk.length
  })
  const finished = await Promise.race([done, wait(params.cutSeconds * 1000)])
  const seconds = (performance.now() - began) / 1000
  if (finished !== undefined) checkWhole(finished.status, chunks, received, params.path, hashes)
  return {
    rate: (received * 8) / 1e6 / seconds,
    seconds: finished === undefined ? undefined : seconds,
    granted: client.granted?.(),
    cut: finished === undefined ? 1 : 0,
  }
}

function checkWhole(status, chunks, received, path, hashes) {
  check(status === 200, `status ${status} in place of 200`)
  check(received === FILES[path], `${received} bytes in place of ${FILES[path]}`)
  const sum = createHash('sha256')
  for (const chunk of chunks) sum.update(chunk)
  check(sum.digest('hex') === hashes[path], 'content with another hash')
}
