/** Which charts are made of which results. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { digits, formatTick, formatValue } from './format.mjs'
import { PAIRS_TITLE, pairsOf } from './pairs.mjs'
import { barChart, lineChart } from './plot.mjs'

/** The figures that a chart is made of, where it is not the first one alone. */
const CHARTS = {
  get: ['cpuMicros', 'rate', 'p99'],
  download: ['cpuMillis', 'rate'],
  start: ['importMs', 'firstMs'],
  codec: ['encodeMicros', 'decodeMicros'],
}

/** The case that the chart of pairs shows; their table has all. */
const PAIRS_CASE = '100'

/**
 * Writes the charts into a directory.
 *
 * @returns {Record<string, { file: string, title: string }[]>} what was written, by workload, and of `pairs`
 */
export function writePlots(directory, workloads) {
  const written = { pairs: [] }
  for (const [name, workload] of Object.entries(workloads)) {
    written[name] = []
    const write = (file, title, svg) => {
      writeFileSync(join(directory, file), svg)
      written[name].push({ file, title })
    }
    if (name === 'distance') {
      const title = `${workload.title}: rate`
      write('distance.svg', title, distanceChart(title, workload))
      continue
    }
    for (const key of CHARTS[name] ?? [workload.figures[0].key]) {
      const figure = workload.figures.find((each) => each.key === key)
      const title = `${workload.title}: ${figure.label}`
      const groups = groupsOf(workload, key)
      if (groups.length === 0) continue
      const axis = `${figure.label}${figure.unit === '' || figure.unit === 'B' ? '' : ` in ${figure.unit}`}, ${figure.better} is better`
      const chart = barChart({
        title,
        axis,
        format: (value) => formatValue(value, figure.unit),
        tick: (value) => formatTick(value, figure.unit),
        groups,
      })
      write(`${name}-${kebab(key)}.svg`, title, chart)
    }
  }
  const pairs = pairsOf(workloads).filter(({ id }) => id === PAIRS_CASE)
  if (pairs.length > 0) {
    const [file, title] = ['libraries.svg', `${PAIRS_TITLE}: CPU per request`]
    writeFileSync(join(directory, file), pairsChart(title, pairs))
    written.pairs.push({ file, title })
  }
  return written
}

const kebab = (key) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** Two bars per library, its own transport first. */
function pairsChart(title, pairs) {
  const titles = [...new Set(pairs.map((pair) => pair.title))]
  const bars = ({ library, own, over, ratio }) => [
    { ...own, label: library, value: own.median, ours: false },
    { ...over, label: `over hyper-h2: ${digits(ratio)} ×`, value: over.median, ours: true },
  ]
  return barChart({
    title,
    axis: 'CPU per request in µs, less is better',
    format: (value) => formatValue(value, 'µs'),
    tick: (value) => formatTick(value, 'µs'),
    groups: titles.map((each) => ({
      label: `${each}, ${PAIRS_CASE} in flight`,
      bars: pairs.filter((pair) => pair.title === each).flatMap(bars),
    })),
  })
}

/** One bar per client: where it ran on several runtimes, the first of them. The tables have all. */
function groupsOf({ cases }, key) {
  return cases
    .map(({ label, rows }) => ({
      label,
      bars: firstOfEach(rows.filter(({ figures }) => figures[key] !== undefined)).map((row) => {
        const { median, min, max } = row.figures[key]
        return { label: row.label, ours: row.ours, value: median, min, max }
      }),
    }))
    .filter(({ bars }) => bars.length > 0)
}

function firstOfEach(rows) {
  const clientOf = ({ id }) => id.split('@')[0]
  return rows.filter((row, i) => rows.findIndex((other) => clientOf(other) === clientOf(row)) === i)
}

/** A panel per size and rate, a line per client over the round trips. */
function distanceChart(title, { cases }) {
  const trips = [...new Set(cases.map(({ params }) => params.rtt))].sort((a, b) => a - b)
  const panels = new Map()
  for (const { params, rows } of cases) {
    const label = `${params.path.slice(1, -2)} MB at ${params.mbit} Mbit/s`
    if (!panels.has(label)) panels.set(label, new Map())
    const lines = panels.get(label)
    for (const { label: client, figures } of rows) {
      if (!lines.has(client))
        lines.set(
          client,
          trips.map(() => undefined),
        )
      lines.get(client)[trips.indexOf(params.rtt)] = figures.rate.median
    }
  }
  return lineChart({
    title,
    xAxis: 'round trip in ms',
    yAxis: 'rate in Mbit/s',
    steps: trips.map(String),
    format: (value) => String(Math.round(value)),
    panels: [...panels].map(([label, lines]) => ({
      label,
      lines: [...lines].map(([client, values]) => ({ label: client, values })),
    })),
  })
}
