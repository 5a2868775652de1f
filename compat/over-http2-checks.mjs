// What libraries that speak HTTP/2 by node:http2 are asked to do: the same of each.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { report } from './checks.mjs'
import { BIG, startLibraryServer } from './library-server.mjs'
import { went } from './registered.mjs'

const UPLOAD = Buffer.alloc(2_000_000, 'upload ')
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

/**
 * @param {(server: object) => Promise<{ send: Function, close?: Function, rejects?: boolean }>} setUp makes
 * `send({ path, method?, headers?, body? })`, which resolves to `{ status, headers, body }`;
 * `rejects`: it rejects for a status that is none of success; `cutIsWhole`: it takes what was cut off for
 * the whole, over the runtime's own sessions too.
 */
export async function checkOverHttp2(library, packageName, setUp) {
  const server = await startLibraryServer()
  const { send, close, rejects = false, cutIsWhole = false } = await setUp(server)
  const echo = async (request) => JSON.parse(String((await send(request)).body))
  const failure = (promise) =>
    promise.then(
      () => assert.fail('it should have failed'),
      (error) => error,
    )
  await report(
    library,
    'hyper-h2/register',
    [
      ['json', async () => assert.equal(String((await send({ path: '/json' })).body), '{"ok":true}')],
      [
        'over HTTP/2, with fields',
        async () => {
          const { httpVersion, headers } = await echo({ path: '/echo', headers: { 'x-own': 'yes' } })
          assert.deepEqual([httpVersion, headers['x-own']], ['2.0', 'yes'])
        },
      ],
      [
        'content',
        async () => {
          const { method, body } = await echo({ path: '/echo', method: 'POST', body: Buffer.from('text') })
          assert.deepEqual([method, body], ['POST', 'text'])
        },
      ],
      [
        'megabytes up',
        async () => {
          const { length, sha256: hash } = await echo({ path: '/hash', method: 'PUT', body: UPLOAD })
          assert.deepEqual([length, hash], [UPLOAD.length, sha256(UPLOAD)])
        },
      ],
      ['megabytes down', async () => assert.equal(sha256((await send({ path: '/big' })).body), sha256(BIG))],
      [
        'a status of failure',
        async () => {
          if (rejects) assert.match(String(await failure(send({ path: '/404' }))), /404/)
          else assert.equal((await send({ path: '/404' })).status, 404)
        },
      ],
      [
        'fields of the response',
        async () => {
          const { headers } = await send({ path: '/json' })
          assert.equal(String(headers['content-type'] ?? headers.get?.('content-type')), 'application/json')
        },
      ],
      [
        'a hundred at a time, over few sessions',
        async () => {
          const answers = await Promise.all(
            Array.from({ length: 100 }, (_, i) => echo({ path: `/echo?n=${i}` })),
          )
          assert.deepEqual(
            answers.map(({ url }) => url),
            Array.from({ length: 100 }, (_, i) => `/echo?n=${i}`),
          )
        },
      ],
      [
        'a reset is a failure',
        async () => assert((await failure(send({ path: '/reset' }))) instanceof Error),
      ],
      [
        'a response cut off is a failure',
        async () => {
          const cut = send({ path: '/cut' })
          if (cutIsWhole) assert.equal(String((await cut).body), 'first')
          else assert((await failure(cut)) instanceof Error)
        },
      ],
      ['and the next request works', async () => assert.equal((await send({ path: '/json' })).status, 200)],
      went,
    ],
    packageName,
  )
  await close?.()
  await server.close()
  process.exit(0)
}
