/**
 * What `npm start` shows: the library, as built, against an origin in this
 * process with a certificate made a moment ago. Its one rule: every line of the
 * table at the end is a comparison that could have failed.
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { HTTP20Connection, version } from '../dist/index.js'
import { makeCertificate } from './certificate.mjs'
import { contentOf, sha256 } from './content.mjs'
import { PAGE, PUSHED, SMALL, startOrigin } from './origin.mjs'

const DOWNLOAD_BYTES = 200_000_000
const UPLOAD_BYTES = 50_000_000
const REQUESTS = 1000
const BAR_WIDTH = 40

const JOBS = [
  ['one request', oneRequest],
  [`${REQUESTS} requests at once`, manyRequests],
  ['200 MB download', download],
  ['50 MB streamed upload', upload],
  ['gzip body', gzipBody],
  ['trailers', trailers],
  ['server push', serverPush],
]

process.exitCode = await main()

async function main() {
  const certificate = await makeCertificate()
  const origin = await startOrigin(certificate)
  const target = `localhost:${origin.port}`
  const tls = { ca: certificate.cert }
  console.log(`hyper-h2 ${version} on Node.js ${process.versions.node}, https://${target}\n`)

  const conn = new HTTP20Connection(target, { tls })
  const rows = []
  try {
    for (const [what, job] of JOBS) rows.push(await timed(what, () => job(conn, target, tls)))
    await conn.close()
  } finally {
    conn.destroy()
    await origin.close()
  }
  console.log(`\n${aligned(rows)}`)
  return rows.every(({ failed }) => !failed) ? 0 : 1
}

async function timed(what, job) {
  const began = performance.now()
  let result
  let failed = false
  try {
    result = await job()
  } catch (error) {
    failed = true
    result = `FAILED: ${error instanceof Error ? error.message.split('\n')[0] : error}`
    console.error(error)
  }
  return { what, result, failed, time: `${(performance.now() - began).toFixed(0)} ms` }
}

function aligned(rows) {
  const width = (key) => Math.max(...rows.map((row) => row[key].length))
  return rows
    .map((row) =>
      [
        row.what.padEnd(width('what')),
        row.result.padEnd(width('result')),
        row.time.padStart(width('time')),
      ].join('  '),
    )
    .join('\n')
}

async function oneRequest(conn) {
  const stream = conn.request('GET', '/')
  const response = await conn.getResponse(stream)
  equal(response.status, 200)
  equal(await response.text(), PAGE)
  return `${response.status}, HTTP/${conn.httpVersion}, the page as it was sent`
}

async function manyRequests(conn) {
  const get = async () => {
    const stream = conn.request('GET', '/small.txt')
    const response = await conn.getResponse(stream)
    equal(response.status, 200)
    equal(await response.text(), SMALL)
    return stream.streamId
  }
  const ids = await Promise.all(Array.from({ length: REQUESTS }, get))
  equal(new Set(ids).size, REQUESTS)
  return `${REQUESTS} bodies equal, ${REQUESTS} streams of one connection`
}

async function download(conn) {
  const response = await conn.getResponse(conn.request('GET', `/bytes/${DOWNLOAD_BYTES}`))
  equal(response.status, 200)
  const received = await sha256(response, progress('download', DOWNLOAD_BYTES))
  equal(received, await sha256(contentOf(DOWNLOAD_BYTES)))
  return `sha256 ${received.slice(0, 16)}… equal`
}

async function upload(conn) {
  const told = progress('upload', UPLOAD_BYTES)
  async function* body() {
    for (const piece of contentOf(UPLOAD_BYTES)) {
      yield piece
      told(piece.length)
    }
  }
  const response = await conn.getResponse(conn.request('POST', '/upload', { body: body() }))
  equal(response.status, 200)
  const received = await response.text()
  equal(received, await sha256(contentOf(UPLOAD_BYTES)))
  return `sha256 ${received.slice(0, 16)}… equal`
}

async function gzipBody(conn) {
  const response = await conn.getResponse(
    conn.request('GET', '/page.html', { headers: { 'accept-encoding': 'gzip' } }),
  )
  ok(response.rawHeaders.some(([name, value]) => name === 'content-encoding' && value === 'gzip'))
  equal(await response.text(), PAGE)
  return `${PAGE.length} bytes after decoding, equal`
}

async function trailers(conn) {
  const response = await conn.getResponse(conn.request('GET', '/trailers'))
  equal(await response.text(), SMALL)
  const value = (await response.trailers).get('x-trailer')
  equal(value, 'done')
  return `x-trailer: ${value}`
}

async function serverPush(_conn, target, tls) {
  const conn = new HTTP20Connection(target, { tls, enablePush: true })
  try {
    const stream = conn.request('GET', '/push')
    const response = await conn.getResponse(stream)
    equal(await response.text(), SMALL)
    const bodies = []
    for await (const push of conn.getPushes(stream)) bodies.push(await (await push.getResponse()).text())
    deepEqual(bodies, [PUSHED])
    await conn.close()
    return `${bodies.length} pushed, its body equal`
  } finally {
    conn.destroy()
  }
}

/** Takes the length of each piece: a bar that is redrawn on a terminal, a line per quarter elsewhere. */
function progress(what, total) {
  const redraw = process.stdout.isTTY
  const steps = redraw ? BAR_WIDTH : 4
  let done = 0
  let shown = 0
  return (length) => {
    done += length
    const step = Math.floor((done / total) * steps)
    if (step === shown) return
    shown = step
    const megabytes = `${Math.round(done / 1e6)} of ${total / 1e6} MB`
    if (!redraw) console.log(`${what}: ${megabytes}`)
    else {
      const bar = '#'.repeat(step).padEnd(BAR_WIDTH, '.')
      process.stdout.write(`\r${what.padEnd(10)}[${bar}] ${megabytes}${done === total ? '\n' : '  '}`)
    }
  }
}
