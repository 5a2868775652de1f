/** The targets that the project has set itself, and whether the results reach them. */
import { digits, formatValue } from './format.mjs'

const STARTING_WINDOW = 1_048_576

/**
 * @param {Record<string, object>} workloads results by name
 * @returns {{ text: string, measured: string, limit: string, reached: boolean | undefined }[]} undefined: not measured
 */
export function judgeTargets(workloads) {
  const of = (workload, id, client, key) => figure(workloads, workload, id, client, key)
  const ratio = (text, mine, base, limit) => atMost(text, divide(mine, base), limit, (v) => `${digits(v)} ×`)
  const cpu = of('get', '100', 'hyper', 'cpuMicros')
  const bulk = 'node-http2-tuned'
  const [streams] = workloads.streams?.cases ?? []
  const [idle] = workloads.idle?.cases ?? []
  return [
    ratio(
      'small GET, 100 in flight: CPU of node:http2',
      cpu,
      of('get', '100', 'node-http2', 'cpuMicros'),
      1 / 8,
    ),
    ratio("the same: CPU of undici's best", cpu, bestOfUndici(workloads), 1 / 12),
    ratio('the same: CPU of h2load', cpu, of('get', '100', 'h2load', 'cpuMicros'), 2),
    ...[
      ['cpuMicros', 'CPU'],
      ['p50', 'median latency'],
    ].map(([key, name]) =>
      ratio(
        `small GET, one in flight: ${name} of node:http2`,
        of('get', '1', 'hyper', key),
        of('get', '1', 'node-http2', key),
        0.7,
      ),
    ),
    ratio(
      'header-heavy, 100 in flight: CPU of node:http2',
      of('fields', '100', 'hyper', 'cpuMicros'),
      of('fields', '100', 'node-http2', 'cpuMicros'),
      1 / 3,
    ),
    ...['bytes', 'stream'].map((as) =>
      ratio(
        `download, 1 stream, as ${as}: CPU of node:http2 with windows of 16 MiB`,
        of('download', `1-${as}`, 'hyper', 'cpuMillis'),
        of('download', `1-${as}`, bulk, 'cpuMillis'),
        0.8,
      ),
    ),
    ratio(
      'upload, 1 stream: CPU of node:http2',
      of('upload', '1', 'hyper', 'cpuMillis'),
      of('upload', '1', 'node-http2', 'cpuMillis'),
      1,
    ),
    ratio(
      'Client.request, 100 in flight: CPU of HTTP20Connection',
      of('get', '100', 'hyper-request', 'cpuMicros'),
      cpu,
      1.5,
    ),
    ratio(
      'fetch, 100 in flight: CPU of undici 8 fetch',
      of('get', '100', 'hyper-fetch', 'cpuMicros'),
      of('get', '100', 'undici8-fetch', 'cpuMicros'),
      1 / 8,
    ),
    ...distanceTargets(workloads.distance),
    ratio(
      'idle connections: RSS of node:http2',
      of('idle', idle?.id, 'hyper', 'residentEach'),
      of('idle', idle?.id, 'node-http2', 'residentEach'),
      0.85,
    ),
    ratio(
      'open streams: RSS of node:http2',
      of('streams', streams?.id, 'hyper', 'residentEach'),
      of('streams', streams?.id, 'node-http2', 'residentEach'),
      0.5,
    ),
    atMost('open streams: heap', of('streams', streams?.id, 'hyper', 'heapEach'), 2000, (v) =>
      formatValue(v, 'B'),
    ),
    atMost('import of the main entry', of('start', 'start', 'hyper', 'importMs'), 30, (v) =>
      formatValue(v, 'ms'),
    ),
  ]
}

/** Every cell at least as fast as with static windows, ours or another's, and no window far above what the path needs. */
function distanceTargets(distance) {
  const shares = { 'hyper-static': [], 'node-http2-tuned': [] }
  const excesses = []
  for (const { rows, params } of distance?.cases ?? []) {
    const mine = rowOf(rows, 'hyper')?.figures
    if (mine === undefined) continue
    for (const [id, each] of Object.entries(shares)) {
      const rate = rowOf(rows, id)?.figures.rate.median
      if (rate !== undefined) each.push(mine.rate.median / rate)
    }
    const product = (params.mbit * 1e6 * params.rtt) / 8 / 1000
    // The first window is granted before anything is known of the path.
    if (mine.granted !== undefined) {
      excesses.push(mine.granted.median > STARTING_WINDOW ? mine.granted.median / product : 0)
    }
  }
  const highest = excesses.length === 0 ? undefined : Math.max(...excesses)
  return [
    atLeast('distance, worst cell: rate with static windows of 16 MiB', shares['hyper-static'], 0.95),
    atLeast('the same: rate of node:http2 with windows of 16 MiB', shares['node-http2-tuned'], 0.95),
    atMost(
      'distance, worst cell: window granted (where grown), of the bandwidth-delay product',
      highest,
      4,
      (v) => `${digits(v)} ×`,
    ),
  ]
}

/** The lowest of some ratios. */
function atLeast(text, ratios, limit) {
  const lowest = ratios.length === 0 ? undefined : Math.min(...ratios)
  return {
    text,
    measured: show(lowest, (v) => `${digits(v)} ×`),
    limit: `at least ${limit} ×`,
    reached: lowest === undefined ? undefined : lowest >= limit,
  }
}

function atMost(text, value, limit, format) {
  return {
    text,
    measured: show(value, format),
    limit: `at most ${format(limit)}`,
    reached: value === undefined ? undefined : value <= limit,
  }
}

const show = (value, format) => (value === undefined ? 'not measured' : format(value))
const divide = (a, b) => (a === undefined || b === undefined ? undefined : a / b)

function bestOfUndici(workloads) {
  const values = ['undici7', 'undici8'].flatMap((major) =>
    ['dispatch', 'request', 'fetch'].map((api) =>
      figure(workloads, 'get', '100', `${major}-${api}`, 'cpuMicros'),
    ),
  )
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

function figure(workloads, name, id, client, key) {
  const rows = workloads[name]?.cases.find((each) => each.id === id)?.rows
  return rows && rowOf(rows, client)?.figures[key]?.median
}

/** A client's row on the current long-term support release, else on the Node that ran the benchmark. */
function rowOf(rows, client) {
  return [`${client}@lts`, `${client}@node`, client]
    .map((id) => rows.find((row) => row.id === id))
    .find((row) => row !== undefined)
}

/** The verdicts as aligned text. */
export function textTargets(targets) {
  const lines = targets.map(({ text, measured, limit, reached }) => [text, measured, limit, verdict(reached)])
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column].length)))
  const shown = lines.map((line) =>
    line
      .map((cell, i) => cell.padEnd(widths[i]))
      .join('  ')
      .trimEnd(),
  )
  return ['\n== Targets', ...shown].join('\n')
}

/** Reached, not reached, or not measured. */
export function verdict(reached) {
  if (reached === undefined) return 'not measured'
  return reached ? 'reached' : 'NOT REACHED'
}
