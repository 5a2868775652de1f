// runtimes: 20 22 24 26
// Servers that speak HTTP/1.1 alone, in plain text and by what TLS chose.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import undici from 'undici7'
import { makeCertificate, startPlain } from './servers.mjs'
import { HyperDispatcher, run } from './undici-checks.mjs'
import { acceptUpgrades, helloOver } from './websocket-echo.mjs'

const { version } = JSON.parse(
  readFileSync(new URL('node_modules/undici7/package.json', import.meta.url), 'utf8'),
)
const { key, cert } = await makeCertificate()
const answer = (request, response) => response.end(`${request.httpVersion} ${request.url}`)
const plain = await startPlain(answer)
const secure = createServer({ key, cert }, answer)
acceptUpgrades(secure)
await new Promise((listening) => secure.listen(0, '127.0.0.1', listening))
const dispatcher = new HyperDispatcher({ tls: { ca: cert } })

async function text(origin) {
  const [lean, fetched] = await Promise.all([
    undici.request(`${origin}/a`, { dispatcher }).then(({ body }) => body.text()),
    fetch(`${origin}/b`, { dispatcher }).then((response) => response.text()),
  ])
  assert.deepEqual([lean, fetched], ['1.1 /a', '1.1 /b'])
}

await run('undici, servers of HTTP/1.1', version, [
  ['plain text', () => text(plain.origin)],
  ['TLS', () => text(`https://localhost:${secure.address().port}`)],
  [
    'WebSocket over TLS, by a fallback',
    async () => {
      const fallback = new undici.Agent({ connect: { ca: cert } })
      const both = new HyperDispatcher({ tls: { ca: cert }, fallback })
      const url = `wss://localhost:${secure.address().port}`
      assert.equal(await helloOver(undici.WebSocket, url, { dispatcher: both }), 'hello')
      await both.close()
      await fallback.close()
    },
  ],
  [
    'the end',
    async () => {
      await dispatcher.close()
      await plain.close()
      secure.closeAllConnections()
      await new Promise((closed) => secure.close(closed))
    },
  ],
])
