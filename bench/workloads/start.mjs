/** What it takes to begin: to import the package, and to have a first response. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { CLIENTS } from '../clients/index.mjs'
import { median } from '../statistics.mjs'

const SCRIPT = fileURLToPath(new URL('../first-response.mjs', import.meta.url))

export const workload = {
  title: 'Start',
  how: `Import: the time of a process that imports the package's main entry less that of one that imports nothing, both from start to exit, 5 pairs in turns per run (3 in the short form). First response: from before the import to the end of a first response of 100 bytes, with DNS left out and TLS included.`,
  server: 'static',
  figures: [
    { key: 'importMs', label: 'import', unit: 'ms', better: 'less' },
    { key: 'firstMs', label: 'import to first response', unit: 'ms', better: 'less' },
  ],
  cases: ({ short }) => [{ id: 'start', label: 'a new process', params: { pairs: short ? 3 : 5 } }],
}

export async function run(_open, { url, cert, client: id, runtimeFlags, params }) {
  const { module, options = {} } = CLIENTS.find((client) => client.id === id)
  const { packages } = await import(new URL(module, new URL('../clients/', import.meta.url)))
  const names = typeof packages === 'function' ? packages(options) : packages
  const start = (task) => {
    const began = performance.now()
    const text = execFileSync(process.execPath, [...runtimeFlags, SCRIPT, JSON.stringify(task)], {
      encoding: 'utf8',
    })
    return { took: performance.now() - began, text }
  }
  const imports = []
  const firsts = []
  for (let i = 0; i < params.pairs; i++) {
    const empty = start({ packages: [] }).took
    imports.push(start({ packages: names }).took - empty)
    firsts.push(Number(start({ module, options, url, cert }).text))
  }
  return { importMs: median(imports), firstMs: median(firsts) }
}
