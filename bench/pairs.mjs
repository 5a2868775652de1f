/** Libraries over this stack beside the same with their own transport: which rows make a pair, and their table. */
import { CLIENTS } from './clients/index.mjs'
import { digits, formatSpread } from './format.mjs'

/** Title of the section and of its chart. */
export const PAIRS_TITLE = 'Libraries over this stack'

const KEY = 'cpuMicros'
const OVER = CLIENTS.filter(({ own }) => own !== undefined)

/**
 * The pairs that were measured, both halves by the same runtime in the same run.
 *
 * @returns {{ title: string, id: string, label: string, library: string, own: object, over: object, ratio: number }[]}
 *   title of the workload, its case by id and label, median and range of both, and the ratio of the medians
 */
export function pairsOf(workloads) {
  const pairs = []
  for (const { title, cases } of Object.values(workloads)) {
    for (const { id, label, rows } of cases) {
      for (const client of OVER) {
        const { library, own, over } = halvesOf(client, rows)
        if (own === undefined || over === undefined) continue
        pairs.push({ title, id, label, library, own, over, ratio: over.median / own.median })
      }
    }
  }
  return pairs
}

function halvesOf(client, rows) {
  const over = rows.find(({ id }) => id.split('@')[0] === client.id)
  const own = rows.find(({ id }) => id === over?.id.replace(client.id, client.own))
  const { label } = CLIENTS.find(({ id }) => id === client.own)
  return { library: label, own: own?.figures[KEY], over: over?.figures[KEY] }
}

/** What the list of contents says of the section: nothing where no pair was measured. */
export const pairLines = (pairs) =>
  pairs.length === 0 ? [] : [`- [${PAIRS_TITLE}](#libraries-over-this-stack)`]

/** The section of the page. */
export function pairParts(pairs, charts) {
  if (pairs.length === 0) return []
  const lines = pairs.map(({ title, label, library, own, over, ratio }) => {
    const values = [formatSpread(own, 'µs'), formatSpread(over, 'µs'), `${digits(ratio)} ×`]
    return `| ${[`${title}, ${label}`, library, ...values].join(' | ')} |`
  })
  return [
    `## ${PAIRS_TITLE}`,
    'CPU per request of a library with its own transport for HTTP/2, and of the same library over this stack: undici over a `HyperDispatcher` of `hyper-h2/undici`, axios over `hyper-h2/axios`, got over the `request` of `hyper-h2/https`, smithy’s `handle` by `NodeHttp2Handler` and by the handler of `hyper-h2/smithy`, Connect’s transport for gRPC by `@connectrpc/connect-node` and over the HTTP client of `hyper-h2/connect`, `node:http2` by its own `connect` and by that of `hyper-h2/http2`, grpc-js without and with `hyper-h2/register`. The rows are those of the workloads above, in pairs.',
    ...charts.map(({ file, title }) => `![${title}](${file})`),
    [
      '| workload | library | own transport | over hyper-h2 | ratio |',
      '| --- | --- | ---: | ---: | ---: |',
      ...lines,
    ].join('\n'),
  ]
}
