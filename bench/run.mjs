/**
 * The benchmark, one command: `npm run bench -- [--short | --full] [--only WORKLOADS] [--clients IDS]
 * [--runtimes IDS] [--rounds N] [--seconds N] [--out DIRECTORY] [--dist DIRECTORY] [--profile DIRECTORY]`.
 * The short form is the default. It writes to `bench/out/`, as does a choice of
 * clients: a quick look never replaces a full measurement in `docs/benchmarks/`.
 * A choice of workloads replaces just those of an earlier run. The full form runs
 * the conformance suite first. `--dist` measures
 * another build; `--profile` writes a CPU profile of every run on Node.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { makeContent } from './content.mjs'
import { describeMachine } from './machine.mjs'
import { measureWorkload } from './measure.mjs'
import { nativeVersion } from './native.mjs'
import { writePlots } from './plots.mjs'
import { writePage } from './report.mjs'
import { findRuntimes } from './runtimes.mjs'
import { packageVersions, rowsOf, WORKLOADS } from './schedule.mjs'
import { Servers } from './servers.mjs'
import { textTables } from './table.mjs'
import { judgeTargets, textTargets } from './targets.mjs'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const SHORT = { short: true, rounds: 2, warmSeconds: 0.5, seconds: 0.3 }
const FULL = { short: false, rounds: 5, warmSeconds: 1, seconds: 0.6 }

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    only: { type: 'string' },
    clients: { type: 'string' },
    runtimes: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    out: { type: 'string' },
    dist: { type: 'string' },
    profile: { type: 'string' },
  },
})
const list = (text) => text?.split(',')
const plan = {
  ...(values.full ? FULL : SHORT),
  only: list(values.clients),
  onlyRuntimes: list(values.runtimes),
}
if (values.rounds !== undefined) plan.rounds = Number(values.rounds)
if (values.seconds !== undefined) {
  plan.seconds = Number(values.seconds)
  plan.warmSeconds = plan.seconds / 2
}
const wanted = list(values.only) ?? WORKLOADS
for (const name of wanted) {
  if (!WORKLOADS.includes(name))
    throw new Error(`${name} is not a workload; known are ${WORKLOADS.join(', ')}`)
}
const isWhole = values.full && plan.only === undefined && plan.onlyRuntimes === undefined
const out = resolve(values.out ?? join(ROOT, isWhole ? 'docs/benchmarks' : 'bench/out'))
const dist = resolve(values.dist ?? join(ROOT, 'dist'))
if (!existsSync(join(dist, 'index.js'))) throw new Error(`${dist} has no index.js: npm run build makes it`)
process.env.HYPER_DIST = dist
plan.exported = Object.keys(await import(pathToFileURL(join(dist, 'index.js')).href))
if (!existsSync(join(ROOT, 'bench/node_modules'))) {
  console.error('the peers are not installed, their rows are left out: npm ci --prefix bench brings them')
}

// No number is worth anything if a rule was dropped for it.
if (values.full) {
  const { status } = spawnSync(process.execPath, ['scripts/conformance.mjs'], { cwd: ROOT, stdio: 'ignore' })
  if (status !== 0) throw new Error('the conformance suite fails: npm run conformance')
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
const runtimes = findRuntimes(values.profile)
const main = [runtimes.get('lts'), runtimes.get('node')].find(({ missing }) => missing === undefined)
const servers = new Servers(await makeContent(), main)
const file = join(out, 'results.json')
const results = { machine: undefined, versions: undefined, workloads: earlier(file), targets: [] }
let failures = 0
for (const name of WORKLOADS.filter((name) => wanted.includes(name))) {
  const { workload } = await import(`./workloads/${name}.mjs`)
  const rows = rowsOf(name, workload, runtimes, plan)
  // The short form has no row for some of them.
  if (rows.rows.length === 0 && rows.missing.length === 0) continue
  const log = (text) => process.stderr.write(`${text}\n`)
  results.workloads[name] = await measureWorkload(name, workload, rows, servers, plan, log)
  failures += results.workloads[name].failed.length
  console.log(textTables(results.workloads[name]))
}
const { static: files, origin, link } = servers.describe()
await servers.down()

results.machine = { ...describeMachine(), servers: { static: files, origin, link } }
results.versions = versions()
results.workloads = inOrder(results.workloads)
results.targets = judgeTargets(results.workloads)
console.log(textTargets(results.targets))
mkdirSync(out, { recursive: true })
writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`)
writePage(out, results, writePlots(out, results.workloads))
console.log(
  `\n${results.machine.cpu}, ${results.machine.cores} cores, ${results.machine.kernel}; ${results.machine.pinning}`,
)
console.log(
  Object.entries(results.versions)
    .map((entry) => entry.join(' '))
    .join(', '),
)
console.log(`written: ${out}`)
process.exit(failures > 0 ? 1 : 0)

/** Workloads measured earlier into the same place, which this run does not repeat. */
function earlier(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).workloads : {}
}

/** In the order of the page, whatever was measured last. */
function inOrder(workloads) {
  return Object.fromEntries(
    WORKLOADS.filter((name) => name in workloads).map((name) => [name, workloads[name]]),
  )
}

/** Everything that was run, with its version. */
function versions() {
  const all = { 'hyper-h2': JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version }
  for (const { id, name, version } of runtimes.values()) {
    if (version !== undefined) all[name === 'Node' ? `Node (${id})` : name] = version
  }
  for (const id of ['h2load', 'curl']) all[id] = nativeVersion(id) ?? 'missing'
  return { ...all, nghttpd: servers.nghttpd ?? 'missing', ...packageVersions() }
}
