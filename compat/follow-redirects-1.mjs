// runtimes: 20 22 24 26
import assert from 'node:assert/strict'
import { once } from 'node:events'
import followRedirects from 'follow-redirects'
import { report } from './checks.mjs'
import { adapter } from './hyper.mjs'
import { BIG, startLibraryServer } from './library-server.mjs'
import { textOf } from './servers.mjs'

const hyper = await adapter('https')
const server = await startLibraryServer()
const other = await startLibraryServer()
const agent = new hyper.Agent({ rejectUnauthorized: false })
const { https } = followRedirects.wrap({ https: hyper })

async function send(path, options = {}, body = undefined) {
  const request = https.request(`${server.origin}${path}`, { agent, ...options })
  request.end(body)
  const [response] = await once(request, 'response')
  return { response, text: await textOf(response) }
}

const checks = [
  ['get', async () => assert.equal((await send('/json')).text, '{"ok":true}')],
  [
    'get()',
    async () => {
      const [response] = await once(https.get(`${server.origin}/redirect?q`, { agent }), 'response')
      assert.equal(JSON.parse(await textOf(response)).url, '/echo?q')
      assert.equal(response.responseUrl, `${server.origin}/echo?q`)
    },
  ],
  [
    '302 makes a GET of a POST',
    async () => {
      const { text } = await send('/redirect?q', { method: 'POST' }, 'body')
      assert.equal(JSON.parse(text).method, 'GET')
      assert.equal(JSON.parse(text).body, '')
    },
  ],
  [
    '307 sends the body again',
    async () => {
      const { text, response } = await send('/redirect-307', { method: 'POST', trackRedirects: true }, 'body')
      assert.equal(JSON.parse(text).body, 'body')
      assert.equal(response.redirects.length, 2)
    },
  ],
  [
    'loop',
    () => assert.rejects(send('/redirect-loop', { maxRedirects: 3 }), { code: 'ERR_FR_TOO_MANY_REDIRECTS' }),
  ],
  [
    'credentials stay with their origin',
    async () => {
      const headers = { authorization: 'Basic x', 'x-own': 'y' }
      const { text } = await send(`/redirect-away?to=${encodeURIComponent(`${other.origin}/echo`)}`, {
        headers,
      })
      const echo = JSON.parse(text)
      assert.equal(echo.headers.authorization, undefined)
      assert.equal(echo.headers['x-own'], 'y')
    },
  ],
  [
    'beforeRedirect',
    async () => {
      let seen
      await send('/redirect?q', { beforeRedirect: (_options, response) => (seen = response.statusCode) })
      assert.equal(seen, 302)
    },
  ],
  [
    'big both ways',
    async () => {
      assert.equal(JSON.parse((await send('/hash', { method: 'POST' }, BIG)).text).length, BIG.length)
      assert.equal((await send('/big')).text.length, BIG.length)
    },
  ],
  [
    'timeout',
    async () => {
      const request = https.get(`${server.origin}/slow`, { agent })
      request.setTimeout(50)
      request.on('error', () => {})
      await once(request, 'timeout')
      request.destroy()
      await server.quiet()
    },
  ],
  [
    'abort',
    async () => {
      const request = https.get(`${server.origin}/slow`, { agent })
      request.on('error', () => {})
      await once(request, 'socket')
      request.abort()
      await server.quiet()
    },
  ],
  ['reset', () => assert.rejects(send('/reset'), { code: 'ECONNRESET' })],
]
await report('follow-redirects', 'hyper-h2/https', checks)
await agent.close()
await server.close()
await other.close()
