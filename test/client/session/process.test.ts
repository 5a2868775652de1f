/** Programs of their own, on the built package: what a process lives for, and what it dies of. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))
let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(root, 'node_modules', '.hyper-process-'))
  execFileSync(process.execPath, [join(root, 'scripts', 'bundle.mjs'), join(folder, 'dist')], { cwd: root })
  cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
}, 60_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const START = `
import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import { Client, HTTP20Connection } from './dist/index.js'
const server = http2.createServer({ settings: { maxConcurrentStreams: 100 } })
server.on('stream', (stream) => {
  stream.on('error', () => {})
  setTimeout(() => {
    if (stream.destroyed) return
    stream.respond({ ':status': 200 })
    stream.end('hello')
  }, 20)
})
await new Promise((resolve) => server.listen(0, resolve))
server.unref()
server.on('connection', (socket) => socket.unref())
const limit = 100
const url = 'http://localhost:' + server.address().port + '/'
const conn = new HTTP20Connection('localhost:' + server.address().port, { secure: false })
`

/** What a program prints; fails if it does not end by itself. */
function output(program: string): string {
  const file = join(folder, 'program.mjs')
  writeFileSync(file, START + program)
  return execFileSync(process.execPath, [file], { cwd: folder, timeout: 20_000, encoding: 'utf8' }).trim()
}

it.each<[string, string, string]>([
  [
    'an idle connection does not keep the process alive',
    `console.log(await (await conn.request('GET', '/').response).text(), conn.state)`,
    'hello open',
  ],
  [
    'a request does',
    `conn.request('GET', '/').response.then((response) => response.text()).then(console.log)`,
    'hello',
  ],
  [
    'a stream whose end is waited for does, though nobody reads on',
    `const slow = http.createServer((_, response) => {
  response.write('part')
  setTimeout(() => response.destroy(), 100).unref()
})
await new Promise((resolve) => slow.listen(0, resolve))
slow.unref()
slow.on('connection', (socket) => socket.unref())
const response = await new Client().fetch('http://localhost:' + slow.address().port + '/')
const reader = response.body.getReader()
await reader.read()
await reader.closed.catch((error) => console.log(error.message))`,
    'terminated',
  ],
  ['close does', `await conn.connect(); await conn.close(); console.log(conn.state)`, 'idle'],
  [
    'requests that fail and that nobody awaits do not end it',
    `conn.request('GET', '/'); await conn.connect(); conn.request('GET', '/').response.catch((error) => console.log(error.code)); conn.destroy()`,
    'H2_CONNECTION_CLOSED',
  ],
  [
    'idle connections of a client do not keep the process alive',
    `const client = new Client({ h2c: true })
    console.log(await (await client.request(url)).text(), client.stats().connections)`,
    'hello 1',
  ],
  [
    'a request that waits for a stream does, though nothing is open: the peer has yet to see what was given up',
    `const client = new Client({ h2c: true, maxConnectionsPerOrigin: 1, keepAlive: false })
    await (await client.request(url)).text()
    const abort = new AbortController()
    const given = Promise.allSettled(Array.from({ length: limit }, () => client.request(url, { signal: abort.signal })))
    const waits = client.request(url)
    await new Promise(setImmediate)
    abort.abort()
    await given
    console.log(await (await waits).text())`,
    'hello',
  ],
  [
    'a request that waits for a server which takes none does, until its limit',
    `const mute = net.createServer((socket) => {
      socket.unref()
      socket.write(Buffer.from('000006040000000000000300000000', 'hex'))
      socket.resume()
    })
    await new Promise((resolve) => mute.listen(0, resolve))
    mute.unref()
    const client = new Client({ h2c: true, timeouts: { queue: 300 }, keepAlive: false, maxConnectionsPerOrigin: 1 })
    const at = 'http://localhost:' + mute.address().port
    client.request(at, { timeouts: { headers: 100 } }).catch((error) => console.log(error.code))
    await new Promise((resolve) => setTimeout(resolve, 50))
    client.request(at).catch((error) => console.log(error.code))`,
    'H2_TIMEOUT_HEADERS\nH2_TIMEOUT_QUEUE',
  ],
  [
    'a request that waits for room does',
    `const client = new Client({ h2c: true, maxConnections: 1 })
    await (await client.request(url)).text()
    console.log(await (await client.request(url.replace('localhost', '127.0.0.1'))).text())`,
    'hello',
  ],
  [
    'a dial that is put off keeps it for nobody',
    `const client = new Client({ h2c: true, transport: () => { throw new Error('no route') } })
    await client.request(url).catch((error) => console.log(error.code))`,
    'H2_CONNECT',
  ],
  ...['h2c: true', 'h2c: false'].map((version): [string, string, string] => [
    `a body that nobody reads does not, nor one that was forgotten half way (${version})`,
    `const endless = ${version === 'h2c: true' ? 'http2' : 'http'}.createServer((_request, answer) => {
      answer.writeHead(200)
      answer.write('x'.repeat(1000))
      setTimeout(() => answer.write('y'), 50).unref()
    })
    await new Promise((resolve) => endless.listen(0, resolve))
    endless.unref()
    endless.on('connection', (socket) => socket.unref())
    const client = new Client({ ${version} })
    const at = 'http://localhost:' + endless.address().port
    const unread = await client.request(at)
    const fetched = await client.fetch(at)
    const reader = fetched.body.getReader()
    await reader.read()
    console.log(unread.status, fetched.status)`,
    '200 200',
  ]),
  [
    'close does, of a connection whose body nobody reads, but not for ever',
    `const endless = http2.createServer((_request, answer) => { answer.writeHead(200); answer.write('x') })
    await new Promise((resolve) => endless.listen(0, resolve))
    endless.unref()
    endless.on('connection', (socket) => socket.unref())
    const client = new Client({ h2c: true, timeouts: { bodyIdle: 300 } })
    const answer = await client.request('http://localhost:' + endless.address().port)
    await client.close()
    await answer.bytes().catch((error) => console.log(error.code))`,
    'H2_TIMEOUT_BODY',
  ],
  [
    'content that is still to be sent does, though the response has begun',
    `const slow = http2.createServer((request, answer) => {
      answer.writeHead(200)
      answer.write('x')
      setTimeout(() => request.on('data', (piece) => { octets += piece.length }), 200)
    })
    let octets = 0
    process.on('exit', () => console.log(octets > 900_000))
    await new Promise((resolve) => slow.listen(0, resolve))
    slow.unref()
    slow.on('connection', (socket) => socket.unref())
    const client = new Client({ h2c: true })
    await client.request('http://localhost:' + slow.address().port, { method: 'POST', body: new Uint8Array(1_000_000) })`,
    'true',
  ],
  [
    'a wait before an attempt does, and not once the client was destroyed',
    `const busy = http2.createServer((_request, answer) => { answer.writeHead(503, { 'retry-after': '15' }); answer.end() })
    await new Promise((resolve) => busy.listen(0, resolve))
    busy.unref()
    busy.on('connection', (socket) => socket.unref())
    const client = new Client({ h2c: true, retry: { statuses: [503] } })
    const answer = client.request('http://localhost:' + busy.address().port)
    setTimeout(() => client.destroy(), 300)
    await answer.catch((error) => console.log(error.code))`,
    'H2_CONNECTION_CLOSED',
  ],
])('%s', (_, program, expected) => {
  expect(output(program)).toBe(expected)
})
