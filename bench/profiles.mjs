/**
 * Where the processor time of our client goes: `npm run bench:profiles` runs
 * the work whose targets are the hardest, under V8's sampling profiler, and
 * writes the shares by place to `docs/benchmarks/profiles.md`.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeContent } from './content.mjs'
import { describeMachine } from './machine.mjs'
import { findRuntimes } from './runtimes.mjs'
import { rowsOf, runOnce } from './schedule.mjs'
import { Servers } from './servers.mjs'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const DIST = join(ROOT, 'dist')
const OUT = join(ROOT, 'docs/benchmarks/profiles.md')
const CLIENTS = ['hyper', 'floor']
const WORK = { get: ['1', '100'], download: ['1-bytes', '1-stream', '8-stream'] }
const SECONDS = 4
/** Places with a smaller share of the time are added up. */
const LEAST_SHARE = 0.01
/** Source maps by the file that they belong to. */
const maps = new Map()

process.env.HYPER_DIST = DIST
const profiles = mkdtempSync(join(tmpdir(), 'profiles-'))
const runtimes = findRuntimes(profiles)
const runtime = [runtimes.get('lts'), runtimes.get('node')].find(({ missing }) => missing === undefined)
const servers = new Servers(await makeContent(), findRuntimes().get(runtime.id))
const parts = [
  '# Where the time goes',
  `Shares of processor time by place, sampled by V8 (\`npm run bench:profiles\`), Node ${runtime.version}, ${describeMachine().cpu}. The second column is the [floor](README.md): a bare TLS socket that does the same work with frames made by hand and checks nothing, so what stands there stands under every client that is written in JavaScript.`,
]
for (const [name, ids] of Object.entries(WORK)) {
  const { workload } = await import(`./workloads/${name}.mjs`)
  const { url } = await servers.for(workload.server)
  const { cert, hashes } = servers.content
  const place = { url, prefix: [], originUrl: servers.origin, cert, hashes, warmSeconds: 1, seconds: SECONDS }
  const cases = workload.cases({ short: false }).filter(({ id }) => ids.includes(id))
  const { rows } = rowsOf(name, workload, runtimes, {
    only: CLIENTS,
    onlyRuntimes: [runtime.id],
    exported: [],
  })
  for (const each of cases) {
    const shares = new Map()
    for (const row of rows) {
      await runOnce(row, name, workload, each, place)
      shares.set(row.client.id, sharesByPlace(join(profiles, readdirSync(profiles)[0])))
      rmSync(profiles, { recursive: true })
      mkdirSync(profiles)
    }
    parts.push(`## ${workload.title}, ${each.label}`, table(shares))
  }
}
await servers.down()
rmSync(profiles, { recursive: true })
mkdirSync(dirname(OUT), { recursive: true })
writeFileSync(OUT, `${parts.join('\n\n')}\n`)
console.log(parts.join('\n\n'))

/** Share of the samples of each place, those in which the process had nothing to do left out. */
function sharesByPlace(file) {
  const { nodes, samples } = JSON.parse(readFileSync(file, 'utf8'))
  const placeOf = new Map(nodes.map(({ id, callFrame }) => [id, place(callFrame)]))
  const counts = new Map()
  let all = 0
  for (const id of samples) {
    const where = placeOf.get(id)
    if (where === undefined) continue
    counts.set(where, (counts.get(where) ?? 0) + 1)
    all++
  }
  return new Map([...counts].map(([where, count]) => [where, count / all]))
}

/** In words: a folder of ours, or what of the runtime it is. */
function place({ functionName, url, lineNumber, columnNumber }) {
  if (functionName === '(idle)') return undefined
  if (functionName === '(garbage collector)') return 'garbage collection'
  if (functionName === '(program)')
    return 'native code that no function was seen to call: sockets, TLS, libuv'
  if (url === '')
    return functionName === 'writeBuffer' ? 'writing to the socket: TLS, kernel' : 'other functions of V8'
  if (url.startsWith('node:')) return 'JavaScript of Node.js'
  const path = fileURLToPath(url)
  if (!path.startsWith(DIST)) return 'the benchmark itself'
  const { originalSource = path } = mapOf(path).findEntry(lineNumber, columnNumber)
  return `\`${dirname(originalSource.replace(/^(?:\.\.\/)+/, ''))}/\``
}

function mapOf(path) {
  let map = maps.get(path)
  if (map === undefined) {
    map = new SourceMap(JSON.parse(readFileSync(join(dirname(path), `${basename(path)}.map`), 'utf8')))
    maps.set(path, map)
  }
  return map
}

function table(shares) {
  const [ours, floor] = CLIENTS.map((id) => shares.get(id))
  const places = [...new Set([...ours.keys(), ...floor.keys()])]
  const of = (map, where) => map.get(where) ?? 0
  const large = places.filter((where) => of(ours, where) >= LEAST_SHARE || of(floor, where) >= LEAST_SHARE)
  large.sort((a, b) => of(ours, b) - of(ours, a))
  const rest = (map) => 1 - large.reduce((sum, where) => sum + of(map, where), 0)
  const line = (where, a, b) => `| ${where} | ${percent(a)} | ${percent(b)} |`
  return [
    '| place | hyper-h2 | floor |',
    '| --- | ---: | ---: |',
    ...large.map((where) => line(where, of(ours, where), of(floor, where))),
    line('the rest', rest(ours), rest(floor)),
  ].join('\n')
}

function percent(share) {
  return `${(Math.abs(share) * 100).toFixed(1)} %`
}
