/**
 * What is asked of every server: one table, run through the package as built.
 * A case throws if anything is not as it must be.
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { contentOf, sha256 } from '../demo/content.mjs'
import { FIELD_COUNT, manyFields, PAGE, PUSHED, SMALL } from '../demo/origin.mjs'

export const DOWNLOAD_BYTES = 100_000_000
const UPLOAD_BYTES = 50_000_000

/**
 * @typedef {object} Ask
 * @property {(options?: object) => import('../dist/index.js').HTTP20Connection} dial  a new connection
 * @property {import('./servers.mjs').Server} server
 *
 * @type {{ name: string, title: string, run: (ask: Ask) => Promise<void> }[]}
 */
export const cases = [
  { name: 'parallel', title: '1,000 GETs', run: parallelGets },
  { name: 'download', title: '100 MB down', run: download },
  { name: 'upload', title: '50 MB up', run: upload },
  { name: 'head', title: 'HEAD', run: head },
  { name: 'missing', title: '404', run: missing },
  { name: 'gzip', title: 'gzip', run: gzip },
  { name: 'fields', title: '200 fields', run: fields },
  { name: 'abort', title: 'abort, go on', run: abortAndGoOn },
  { name: 'trailers', title: 'trailers', run: trailers },
  { name: 'push', title: 'push', run: push },
]

async function get(conn, path, init) {
  return conn.getResponse(conn.request('GET', path, init))
}

async function getSmall(conn) {
  const stream = conn.request('GET', '/small.txt')
  const response = await conn.getResponse(stream)
  equal(response.status, 200)
  equal(await response.text(), SMALL)
  return stream.streamId
}

async function parallelGets({ dial }) {
  const conn = dial()
  const ids = await Promise.all(Array.from({ length: 1000 }, () => getSmall(conn)))
  equal(new Set(ids).size, 1000, 'each request has a stream of its own on one connection')
}

async function download({ dial }) {
  const plain = { headers: { 'accept-encoding': 'identity' } }
  const response = await get(dial(), `/bytes/${DOWNLOAD_BYTES}`, plain)
  equal(response.status, 200)
  equal(response.headers.get('content-length'), `${DOWNLOAD_BYTES}`)
  equal(await sha256(response), await sha256(contentOf(DOWNLOAD_BYTES)))
}

async function upload({ dial, server }) {
  const conn = dial()
  const stream = conn.request('POST', '/upload', { body: contentOf(UPLOAD_BYTES) })
  const response = await conn.getResponse(stream)
  equal(response.status, 200)
  const received = server.echoesUploads ? await sha256(response) : await response.text()
  equal(received, await sha256(contentOf(UPLOAD_BYTES)))
}

async function head({ dial }) {
  const conn = dial()
  const response = await conn.getResponse(conn.request('HEAD', `/bytes/${DOWNLOAD_BYTES}`))
  equal(response.status, 200)
  equal(response.headers.get('content-length'), `${DOWNLOAD_BYTES}`)
  equal((await response.bytes()).length, 0)
  await getSmall(conn)
}

async function missing({ dial }) {
  const conn = dial()
  const response = await get(conn, '/missing')
  equal(response.status, 404)
  ok(/404|not found/.test(await response.text()))
  await getSmall(conn)
}

async function gzip({ dial }) {
  const response = await get(dial(), '/page.html', { headers: { 'accept-encoding': 'gzip' } })
  const coding = response.rawHeaders.find(([name]) => name === 'content-encoding')
  deepEqual(coding && [...coding], ['content-encoding', 'gzip'])
  equal(await response.text(), PAGE)
}

async function fields({ dial }) {
  const response = await get(dial(), '/fields')
  equal(response.status, 200)
  const received = response.rawHeaders.filter(([name]) => name.startsWith('x-field-'))
  equal(received.length, FIELD_COUNT)
  const byName = ([a], [b]) => a.localeCompare(b)
  deepEqual(received.map((pair) => [...pair]).sort(byName), manyFields().sort(byName))
  await response.text()
}

async function abortAndGoOn({ dial }) {
  const conn = dial()
  const controller = new AbortController()
  const reason = new Error('enough')
  const stream = conn.request('GET', `/bytes/${DOWNLOAD_BYTES}`, { signal: controller.signal })
  const response = await conn.getResponse(stream)
  ok((await response.read(1_000_000)).length > 0)
  controller.abort(reason)
  const failure = await response.bytes().then(
    () => undefined,
    (error) => error,
  )
  equal(failure, reason)
  const ids = await Promise.all(Array.from({ length: 100 }, () => getSmall(conn)))
  ok(Math.min(...ids) > stream.streamId, 'on the same connection: its stream identifiers go on')
}

async function trailers({ dial }) {
  const response = await get(dial(), '/trailers')
  equal(await response.text(), SMALL)
  equal((await response.trailers).get('x-trailer'), 'done')
}

async function push({ dial }) {
  const conn = dial({ enablePush: true })
  const stream = conn.request('GET', '/push')
  const response = await conn.getResponse(stream)
  equal(await response.text(), SMALL)
  const texts = []
  for await (const pushed of conn.getPushes(stream)) texts.push(await (await pushed.getResponse()).text())
  deepEqual(texts, [PUSHED])
}
