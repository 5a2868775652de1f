// runtimes: 20 22 24 26
// import: register
// The flag itself: what a program gets by every way of importing node:http2, and its `fetch`.
import assert from 'node:assert/strict'
import * as namespace from 'node:http2'
import byDefault, { connect } from 'node:http2'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { hyper } from './hyper.mjs'
import { startSecure } from './servers.mjs'

process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
process.removeAllListeners('warning')
const require = createRequire(import.meta.url)
const http2 = require('node:http2')
const server = await startSecure((request, response) => response.end(request.httpVersion))
let checks = 0
const check = async (test) => {
  await test()
  checks += 1
}
const isOurs = (session) =>
  Object.getOwnPropertySymbols(session).some(({ description }) => description === 'hyper.http2.session')
const bare = 'http2'
const dynamic = await import('node:http2')

for (const each of [
  connect,
  byDefault.connect,
  namespace.connect,
  http2.connect,
  require(bare).connect,
  dynamic.connect,
]) {
  await check(async () => {
    const session = each(server.origin)
    assert(isOurs(session))
    const text = await new Promise((done, failed) => {
      const stream = session.request({ ':path': '/' }).setEncoding('utf8')
      stream.on('data', done)
      stream.on('error', failed)
    })
    assert.equal(text, '2.0')
    session.destroy()
  })
}
await check(async () => {
  // The `fetch` of Node.js 26 calls http2.connect of itself: not when it runs on this stack already.
  const ours = http2.connect
  let calls = 0
  http2.connect = (...given) => {
    calls += 1
    return ours(...given)
  }
  syncBuiltinESMExports()
  const response = await fetch(server.origin)
  assert(response instanceof Response)
  assert.deepEqual([await response.text(), calls], ['2.0', 0])
  http2.connect = ours
  syncBuiltinESMExports()
})
await check(async () => {
  const { unregister } = await hyper('adapters/register')
  await unregister()
  const { connect: after } = await import('node:http2')
  const session = after(server.origin)
  session.on('error', () => {})
  assert(!isOurs(session))
  session.destroy()
})
console.log(
  JSON.stringify({
    library: 'fetch and node:http2 of Node.js',
    version: process.versions.node,
    adapter: 'hyper-h2/register',
    checks,
  }),
)
process.exit(0)
