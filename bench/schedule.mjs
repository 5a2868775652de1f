/** Who runs what: the rows of a workload, and one run of a row. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CLIENTS } from './clients/index.mjs'
import { nativeVersion, runNative } from './native.mjs'
import { CLIENT_CORE, pinned, run } from './processes.mjs'
import { atLeast } from './runtimes.mjs'

const WORKER = fileURLToPath(new URL('./worker.mjs', import.meta.url))
const TIMEOUT_MS = 120_000

/** The packages whose versions the report names. */
const PEERS = [
  ...['undici7', 'undici8', 'got', 'axios', '@smithy/node-http-handler'],
  ...['@connectrpc/connect-node', '@grpc/grpc-js', 'hpack.js'],
]

/** Every workload, in the order of the report. */
export const WORKLOADS = [
  'get',
  'fields',
  'download',
  'upload',
  'json',
  'rpc',
  'distance',
  'idle',
  'streams',
  'start',
  'codec',
]

/**
 * The rows of a workload, and those that were wanted and cannot be had.
 *
 * @returns {{ rows: object[], missing: { row: string, reason: string }[] }}
 */
export function rowsOf(name, workload, runtimes, { short, only, onlyRuntimes, exported }) {
  const rows = []
  const missing = []
  for (const client of CLIENTS) {
    if (!client.does.includes(name)) continue
    if (only !== undefined ? !only.includes(client.id) : short && !inShortForm(client, name)) continue
    if (client.needsExport !== undefined && !exported.includes(client.needsExport)) {
      missing.push({ row: client.label, reason: `dist/index.js does not export ${client.needsExport}` })
      continue
    }
    if (client.native) {
      if (workload[client.id] === undefined) continue
      const version = nativeVersion(client.id)
      if (version === undefined) missing.push({ row: client.label, reason: 'it is not installed' })
      else rows.push({ id: client.id, client, label: client.label, version })
      continue
    }
    for (const id of runtimesOf(client, workload, runtimes, short, onlyRuntimes)) {
      const runtime = runtimes.get(id)
      const label = `${client.label}, ${runtime.name} ${runtime.version ?? id}`
      const reason = cannotRun(client, runtime)
      if (reason !== undefined) missing.push({ row: label, reason })
      else rows.push({ id: `${client.id}@${id}`, client, runtime, label })
    }
  }
  return { rows, missing }
}

function inShortForm({ short }, name) {
  return short === true || (Array.isArray(short) && short.includes(name))
}

function runtimesOf(client, workload, runtimes, short, onlyRuntimes) {
  if (onlyRuntimes !== undefined) return client.runtimes.filter((id) => onlyRuntimes.includes(id))
  if (!short && client.everyRuntime && workload.everyRuntime !== false) return client.runtimes
  const first = client.runtimes.find((id) => cannotRun(client, runtimes.get(id)) === undefined)
  return [first ?? client.runtimes[0]]
}

function cannotRun(client, runtime) {
  if (runtime.missing !== undefined) return runtime.missing
  if (client.needs === undefined || runtime.name !== 'Node' || atLeast(runtime.version, client.needs))
    return undefined
  return `it needs Node ${client.needs}`
}

/** Does one case once with one row's client. Throws with the client's own words if it fails. */
export async function runOnce(row, name, workload, { params }, place) {
  if (row.client.native) return runNative(row.client.id, name, workload, params, place)
  const { url, prefix, originUrl, cert, hashes, warmSeconds, seconds } = place
  const { file, flags } = row.runtime
  const task = {
    client: row.client.id,
    workload: name,
    runtimeFlags: flags,
    ...{ params, url, originUrl, cert, hashes, warmSeconds, seconds },
  }
  const command = [...prefix, ...pinned(CLIENT_CORE, [file, ...flags, WORKER, JSON.stringify(task)])]
  const { stdout, stderr, code } = await run(command, {
    env: environment(row.client, cert),
    timeoutMs: TIMEOUT_MS,
  })
  if (code !== 0) throw new Error(stderr.trim() || `exit code ${code}`)
  const text = stdout.trim().split('\n').at(-1)
  return text === 'undefined' ? undefined : JSON.parse(text)
}

/** Only Node's own `fetch` learns the certificate from the environment: reading it would slow the others' start. */
function environment(client, cert) {
  const { NODE_OPTIONS, NODE_EXTRA_CA_CERTS, ...env } = process.env
  return client.id === 'node-fetch' ? { ...env, NODE_EXTRA_CA_CERTS: cert } : env
}

/** Versions of the packages that are compared. */
export function packageVersions() {
  const versions = {}
  for (const name of PEERS) {
    const file = new URL(`./node_modules/${name}/package.json`, import.meta.url)
    if (existsSync(file)) versions[name] = JSON.parse(readFileSync(file, 'utf8')).version
  }
  return versions
}
