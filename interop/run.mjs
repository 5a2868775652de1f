/**
 * Runs every case of `cases.mjs` against every server of `servers.mjs` through
 * `dist/`, and prints the table.
 *
 *     node interop/run.mjs [--write] [server …]
 *
 * `--write` also writes docs/interop.md; names limit the servers. The last line
 * is `N passed, N failed`. A server that is not installed is a failure if CI is set.
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { makeCertificate } from '../demo/certificate.mjs'
import { contentOf } from '../demo/content.mjs'
import { PAGE, PUSHED, SMALL, startOrigin } from '../demo/origin.mjs'
import { HTTP20Connection } from '../dist/index.js'
import { cases, DOWNLOAD_BYTES } from './cases.mjs'
import { runDrains } from './drains.mjs'
import { restarts, runRestart } from './restarts.mjs'
import { servers } from './servers.mjs'

const CASE_TIMEOUT_MS = 60_000
const RESTARTS = `A \`Client\` sends GETs and POSTs without a pause, eight at a time, while the server restarts four times. A server that
lets its connections finish costs no request, though nobody listens for a moment. One that does not costs those that it
may have acted on. No POST is executed twice.`

const DRAINS = {
  what: 'GOAWAY after 1, 10 and 100 requests (keepalive_requests), up to 1,000 GETs or POSTs at once',
  drains: true,
}

const { values: options, positionals } = parseArgs({
  options: { write: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const inCI = Boolean(process.env.CI)

const base = mkdtempSync(join(tmpdir(), 'interop-'))
process.on('exit', () => rmSync(base, { recursive: true, force: true }))
process.exitCode = (await main()) === 0 ? 0 : 1

async function main() {
  const unknown = positionals.find((name) => !servers.some((server) => server.name === name))
  if (unknown !== undefined) throw new Error(`no server is called ${unknown}`)
  const world = await prepare()
  const wanted = servers.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
  const rows = []
  for (const server of wanted) rows.push(await runServer(server, world))
  const restarted = []
  for (const restart of restarts) {
    const row = rows.find(({ server }) => server.name === restart.server)
    if (row !== undefined) restarted.push(await runLoad(restart, row, world, runRestart))
  }
  const nginx = rows.find(({ server }) => server.name === 'nginx')
  if (nginx !== undefined)
    restarted.push(await runLoad(DRAINS, nginx, world, (_, ...given) => runDrains(...given)))
  await world.close()

  const table = `${tableOf(rows)}\n## Restarts under load\n\n${RESTARTS}\n\n${restartTable(restarted)}`
  console.log(`\n${table}`)
  if (options.write) {
    mkdirSync(new URL('../docs/', import.meta.url), { recursive: true })
    writeFileSync(new URL('../docs/interop.md', import.meta.url), documentOf(table))
  }
  const all = [...rows, ...restarted.map(({ row, cell }) => ({ version: row.version, cells: [cell] }))]
  const cells = all.flatMap((row) => (row.version === undefined && inCI ? ['FAILED'] : row.cells))
  const passed = cells.filter((cell) => cell === 'ok').length
  const failed = cells.filter((cell) => cell === 'FAILED').length
  console.log(`${passed} passed, ${failed} failed`)
  return failed
}

/** The certificate, the files and the origin behind the proxies, which all servers share. */
async function prepare() {
  // Servers that begin as root read the site as another user.
  chmodSync(base, 0o755)
  const certificate = await makeCertificate()
  const files = { key: join(base, 'key.pem'), cert: join(base, 'cert.pem'), pem: join(base, 'both.pem') }
  writeFileSync(files.key, certificate.key)
  writeFileSync(files.cert, certificate.cert)
  writeFileSync(files.pem, `${certificate.cert}\n${certificate.key}\n`)

  const site = join(base, 'site')
  mkdirSync(join(site, 'bytes'), { recursive: true })
  writeFileSync(join(site, 'bytes', `${DOWNLOAD_BYTES}`), Buffer.concat([...contentOf(DOWNLOAD_BYTES)]))
  for (const name of ['small.txt', 'push', 'fields', 'trailers']) writeFileSync(join(site, name), SMALL)
  writeFileSync(join(site, 'page.html'), PAGE)
  writeFileSync(join(site, 'pushed.txt'), PUSHED)

  const { port: backend, close } = await startOrigin()
  return { certificate, files, site, backend, close }
}

async function runServer(server, world) {
  const version = server.version()
  if (version === undefined) {
    console.log(`${server.name}: not installed`)
    return { server, version, cells: cases.map(() => 'not installed') }
  }
  const folder = join(base, server.name.replace(/\W/g, '-'))
  mkdirSync(folder)
  const log = join(folder, 'output.log')
  try {
    const { port, stop } = await server.start({ ...world, folder, log })
    const cells = []
    for (const one of cases) cells.push(await runCase(one, server, port, world.certificate.cert))
    await stop()
    if (cells.includes('FAILED')) console.log(tail(log))
    return { server, version, cells }
  } catch (error) {
    console.log(`${server.name}: ${error.message}`)
    return { server, version, cells: cases.map(() => 'FAILED') }
  }
}

/** What a `Client` makes of a server that ends connections under load. */
async function runLoad(restart, row, world, run) {
  const { server, version } = row
  if (version === undefined) return { restart, row, cell: 'not installed' }
  const folder = join(base, `${server.name.replace(/\W/g, '-')}-${restart.what.replace(/\W/g, '-')}`)
  mkdirSync(folder)
  const log = join(folder, 'output.log')
  try {
    const told = await withTimeout(run(restart, server, { ...world, folder, log }))
    console.log(`ok ${server.name} ${restart.what}: ${told}`)
    return { restart, row, cell: 'ok' }
  } catch (error) {
    console.log(`FAILED ${server.name} ${restart.what}\n${error?.stack ?? error}\n${tail(log)}`)
    return { restart, row, cell: 'FAILED' }
  }
}

async function runCase({ name, run }, server, port, ca) {
  if (server.cannot[name] !== undefined) return '–'
  const connections = []
  const dial = (more) => {
    const conn = new HTTP20Connection(`localhost:${port}`, { tls: { ca }, ...more })
    connections.push(conn)
    return conn
  }
  const began = performance.now()
  const seconds = () => ((performance.now() - began) / 1000).toFixed(1)
  try {
    await withTimeout(run({ dial, server }))
    for (const conn of connections) await withTimeout(conn.close())
    console.log(`ok ${server.name} ${name} (${seconds()})`)
    return 'ok'
  } catch (error) {
    for (const conn of connections) conn.destroy()
    console.log(`FAILED ${server.name} ${name} (${seconds()})\n${error?.stack ?? error}`)
    return 'FAILED'
  }
}

async function withTimeout(promise) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing after ${CASE_TIMEOUT_MS / 1000} s`)), CASE_TIMEOUT_MS)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

function tail(log) {
  try {
    return readFileSync(log, 'utf8').split('\n').slice(-40).join('\n')
  } catch {
    return ''
  }
}

function restartTable(restarted) {
  const line = ({ restart, row, cell }) => [
    `${row.server.name} ${row.version ?? ''}`.trim(),
    restart.what,
    restart.drains ? 'none' : 'told truly',
    cell,
  ]
  return `${aligned(['server', 'what happens', 'failures', 'result'], restarted.map(line)).join('\n')}\n`
}

/** The table in Markdown, aligned, with a footnote for each thing that a server cannot do. */
function tableOf(rows) {
  const notes = []
  const lines = rows.map(({ server, version, cells }) => {
    const marked = cells.map((cell, i) => {
      if (cell !== '–') return cell
      notes.push(server.cannot[cases[i].name])
      return `– [${notes.length}]`
    })
    return [`${server.name} ${version ?? ''}`.trim(), ...marked]
  })
  const head = ['server', ...cases.map(({ title }) => title)]
  const footnotes = notes.map((note, i) => `[${i + 1}] ${note}.  `)
  return [...aligned(head, lines), '', ...footnotes, ''].join('\n')
}

/** Lines of a table in Markdown. */
function aligned(head, lines) {
  const widths = head.map((_, column) => Math.max(...[head, ...lines].map((line) => line[column].length)))
  const row = (line) => `| ${line.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`
  return [row(head), rule, ...lines.map(row)]
}

function documentOf(table) {
  const { version } = createRequire(import.meta.url)('../package.json')
  return `# Real servers

hyper-h2 ${version} on Node.js ${process.versions.node}, over TLS on the loopback interface. Written by
\`node interop/run.mjs --write\`; CI runs the same table. Every cell compares what arrived with what must arrive:
downloads and uploads by SHA-256. “Abort, go on” gives up a 100 MB download after its first megabyte and then makes
100 requests on the same connection. HAProxy and Varnish stand in front of an HTTP/1.1 origin; nginx, h2o, Apache httpd,
Caddy and lighttpd serve files, and pass uploads on to that origin; the others do all of it themselves.

${table}`
}
