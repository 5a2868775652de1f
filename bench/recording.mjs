/**
 * What recording costs: `node bench/recording.mjs [--rounds N]`. The same small
 * GETs, a hundred in flight, and the same downloads, by a client that records and
 * by one that does not, turn about in one process, against node:http2 in another.
 * Prints microseconds of CPU a GET, and milliseconds a download of 64 MiB: the
 * median of all rounds, and the ratio of neighbours.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http2'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'

const IN_FLIGHT = 100
const REQUESTS = 4_000
const SIZE = 67_108_864
const BODY = Buffer.from(JSON.stringify({ hello: 'world', list: [1, 2, 3] }))

if (process.argv[2] === 'serve') serve()
else await measure()

function serve() {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json')
    if (request.url === '/') return response.end(BODY)
    const piece = Buffer.alloc(65_536, 'x')
    let left = SIZE
    const more = () => {
      while (left > 0) {
        left -= piece.length
        if (!response.write(piece)) return
      }
      response.end()
    }
    response.on('drain', more)
    more()
  })
  server.listen(0, '127.0.0.1', () => process.send(server.address().port))
  process.on('disconnect', () => process.exit())
}

async function measure() {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } })
  const root = fileURLToPath(new URL('..', import.meta.url))
  const { Client } = await import(pathToFileURL(resolve(root, 'dist/index.js')).href)
  const server = fork(fileURLToPath(import.meta.url), ['serve'])
  const [port] = await once(server, 'message')
  const origin = `http://127.0.0.1:${port}`
  const clients = { off: new Client({ h2c: true }), on: new Client({ h2c: true, record: true }) }
  for (const [name, work, count, unit] of [
    ['a small GET, 100 in flight', gets, REQUESTS, 'µs'],
    ['a download of 64 MiB', download, 1, 'ms'],
  ]) {
    const spent = { off: [], on: [] }
    for (const client of Object.values(clients)) for (let i = 0; i < 3; i++) await work(client, origin)
    for (let round = 0; round < Number(values.rounds); round++) {
      const order = round % 2 === 0 ? ['off', 'on'] : ['on', 'off']
      for (const which of order) spent[which].push(await cpuOf(() => work(clients[which], origin)))
    }
    const ratios = spent.on.map((on, i) => on / spent.off[i])
    const scale = unit === 'µs' ? count : 1000
    const [off, on] = [median(spent.off) / scale, median(spent.on) / scale]
    const more = (median(ratios) - 1) * 100
    console.log(
      `${name}: ${off.toFixed(2)} ${unit}, recorded ${on.toFixed(2)} ${unit}, ${more.toFixed(1)} % more`,
    )
  }
  for (const client of Object.values(clients)) client.destroy()
  server.disconnect()
}

/** Microseconds of CPU. */
async function cpuOf(work) {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

async function gets(client, origin) {
  let left = REQUESTS
  const one = async () => {
    while (left-- > 0) await (await client.request(`${origin}/`)).text()
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, one))
}

async function download(client, origin) {
  for await (const _ of await client.request(`${origin}/large`)) {
  }
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1]
}
