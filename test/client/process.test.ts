/** Programs of their own, on the built package: what a process lives for, and what it dies of. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(root, 'node_modules', '.hyper-process-'))
  execFileSync(process.execPath, [join(root, 'scripts', 'bundle.mjs'), join(folder, 'dist')], { cwd: root })
  cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
}, 60_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const START = `
import http2 from 'node:http2'
import { HTTP20Connection } from './dist/index.js'
const server = http2.createServer()
server.on('stream', (stream) => {
  setTimeout(() => {
    stream.respond({ ':status': 200 })
    stream.end('hello')
  }, 20)
})
await new Promise((resolve) => server.listen(0, resolve))
server.unref()
server.on('connection', (socket) => socket.unref())
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
  ['close does', `await conn.connect(); await conn.close(); console.log(conn.state)`, 'idle'],
  [
    'requests that fail and that nobody awaits do not end it',
    `conn.request('GET', '/'); await conn.connect(); conn.request('GET', '/').response.catch((error) => console.log(error.code)); conn.destroy()`,
    'H2_CONNECTION_CLOSED',
  ],
])('%s', (_, program, expected) => {
  expect(output(program)).toBe(expected)
})
