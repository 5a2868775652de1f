// runtimes: 20 22 24 26
// The fetch, and where there is one the WebSocket, that the runtime brings.
import assert from 'node:assert/strict'
import { startPlain } from './servers.mjs'
import { installGlobal, run } from './undici-checks.mjs'
import { fetches } from './undici-requests.mjs'
import { startTarget } from './undici-target.mjs'
import { acceptUpgrades, helloOver } from './websocket-echo.mjs'

const target = await startTarget()
const plain = await startPlain((_request, response) => response.end('plain'), acceptUpgrades)
const uninstall = installGlobal({ tls: { ca: target.cert } })
const sockets = typeof WebSocket === 'function'

await run('fetch of Node.js', process.versions.node, [
  ...fetches((path, init) => fetch(`${target.origin}${path}`, init)),
  ...(sockets
    ? [
        [
          'WebSocket over HTTP/2',
          async () => assert.equal(await helloOver(WebSocket, target.origin.replace('http', 'ws')), 'hello'),
        ],
        [
          'WebSocket of HTTP/1.1',
          async () => assert.equal(await helloOver(WebSocket, plain.origin.replace('http', 'ws')), 'hello'),
        ],
      ]
    : []),
  [
    'uninstalled',
    async () => {
      await uninstall()
      await assert.rejects(fetch(`${target.origin}/echo`), TypeError)
      assert.equal(await (await fetch(plain.origin)).text(), 'plain')
      await target.close()
      await plain.close()
    },
  ],
])
