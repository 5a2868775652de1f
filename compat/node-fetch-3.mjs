// runtimes: 20 22 24 26
// node-fetch calls node:https by name, so it is given our Agent.
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import fetch, { FormData } from 'node-fetch'
import { report } from './checks.mjs'
import { adapter } from './hyper.mjs'
import { BIG, startLibraryServer } from './library-server.mjs'

const { Agent } = await adapter('https')
const server = await startLibraryServer()
const agent = new Agent({ ca: server.cert })
const send = (path, init) => fetch(`${server.origin}${path}`, { agent, ...init })

const checks = [
  [
    'json',
    async () => {
      const response = await send('/json')
      assert.deepEqual(await response.json(), { ok: true })
      assert.equal(response.status, 200)
      assert.equal(response.statusText, 'OK')
    },
  ],
  ['over HTTP/2', async () => assert.equal((await (await send('/echo')).json()).httpVersion, '2.0')],
  [
    'post',
    async () => {
      const echo = await (
        await send('/echo', { method: 'POST', body: 'text', headers: { 'x-a': 'b' } })
      ).json()
      assert.equal(echo.body, 'text')
      assert.equal(echo.headers['x-a'], 'b')
      assert.equal(echo.headers['content-length'], '4')
    },
  ],
  [
    'stream up',
    async () => {
      const body = Readable.from([BIG, BIG])
      assert.equal((await (await send('/hash', { method: 'POST', body })).json()).length, 2 * BIG.length)
    },
  ],
  [
    'form',
    async () => {
      const body = new FormData()
      body.set('field', 'value')
      const echo = await (await send('/echo', { method: 'POST', body })).json()
      assert.match(echo.headers['content-type'], /^multipart\/form-data/)
      assert.match(echo.body, /value/)
    },
  ],
  ['big', async () => assert.equal((await (await send('/big')).arrayBuffer()).byteLength, BIG.length)],
  ['gzip', async () => assert.equal((await (await send('/gzip')).arrayBuffer()).byteLength, BIG.length)],
  [
    'redirect',
    async () => {
      const response = await send('/redirect?x')
      assert.equal(response.redirected, true)
      assert.equal((await response.json()).url, '/echo?x')
    },
  ],
  [
    'redirect 307 with body',
    async () => {
      const echo = await (await send('/redirect-307', { method: 'POST', body: 'again' })).json()
      assert.equal(echo.body, 'again')
    },
  ],
  ['404', async () => assert.equal((await send('/404')).ok, false)],
  [
    'cookies',
    async () => assert.deepEqual((await send('/cookies')).headers.raw()['set-cookie'], ['a=1', 'b=2']),
  ],
  [
    'abort',
    async () => {
      const controller = new AbortController()
      const sent = send('/slow', { signal: controller.signal })
      setTimeout(() => controller.abort(), 30)
      await assert.rejects(sent, { name: 'AbortError' })
      await server.quiet()
    },
  ],
  [
    'abort in the body',
    async () => {
      const controller = new AbortController()
      const response = await send('/stall', { signal: controller.signal })
      setTimeout(() => controller.abort(), 30)
      await assert.rejects(response.text(), { name: 'AbortError' })
      await server.quiet()
    },
  ],
  ['reset', async () => assert.rejects(send('/reset'), { name: 'FetchError', code: 'ECONNRESET' })],
  ['cut', async () => assert.rejects((await send('/cut')).text(), { code: 'ERR_STREAM_PREMATURE_CLOSE' })],
  ['refused', async () => assert.rejects(fetch('https://127.0.0.1:1/', { agent }), { code: 'ECONNREFUSED' })],
  ['agent by function', async () => assert.equal((await send('/json', { agent: () => agent })).status, 200)],
  [
    '50 at once over one connection',
    async () => {
      const before = server.connections
      const texts = await Promise.all(Array.from({ length: 50 }, async () => (await send('/json')).text()))
      assert.ok(texts.every((text) => text === '{"ok":true}'))
      assert.ok(server.connections - before <= 1)
    },
  ],
]
await report('node-fetch', 'hyper-h2/https', checks)
await agent.close()
await server.close()
