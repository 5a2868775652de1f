/**
 * `npm run wpt -- FOLDER [WORD…]`: runs the tests of `fetch/` of a checkout of
 * the Web Platform Tests with our `fetch`, and again with the runtime's own,
 * and writes docs/wpt.md; with words, only the files whose path holds one, and
 * nothing is written. Needs `npm run build`, and what `wpt serve` needs: Python.
 * Its one rule: both meet the same server and the same classes, and each
 * difference has a reason, or the command fails.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describeFile } from './description.mjs'
import { runFile } from './process.mjs'
import { writeReport } from './report.mjs'
import { startServer } from './server.mjs'

/** Files at a time: the server is one process in Python. */
const AT_A_TIME = 2

const [folder, ...words] = process.argv.slice(2)
process.exitCode = await main()

async function main() {
  if (folder === undefined || !existsSync(join(folder, 'resources', 'testharness.js'))) {
    console.error(
      'usage: npm run wpt -- FOLDER [WORD…], where FOLDER is a checkout of web-platform-tests/wpt',
    )
    return 2
  }
  const root = resolve(folder)
  const runs = testsOf(root).flatMap((path) => describeFile(root, path))
  const server = await startServer(root)
  try {
    const results = await runAll(root, runs, server)
    return writeReport(results, { part: words.length > 0, whole: existsSync(join(root, 'tools', 'serve')) })
  } finally {
    await server.stop()
  }
}

/** Files that run in any global, by their paths from the root. */
function testsOf(root) {
  return readdirSync(join(root, 'fetch'), { recursive: true })
    .map((path) => `fetch/${path.split('\\').join('/')}`)
    .filter((path) => path.endsWith('.any.js') && !path.includes('.tentative.'))
    .filter((path) => words.length === 0 || words.some((word) => path.includes(word)))
    .sort()
}

async function runAll(root, runs, server) {
  const results = []
  const waiting = [...runs]
  const work = async () => {
    for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) {
      const ours = await runFile(root, run, server, 'ours')
      const runtime = await runFile(root, run, server, 'runtime')
      await server.check()
      results.push({ path: run.path, variant: run.variant, ours, runtime })
      console.log(`${run.path}${run.variant}: ours ${passed(ours)}, runtime ${passed(runtime)}`)
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, work))
  return results.sort((a, b) => `${a.path}${a.variant}`.localeCompare(`${b.path}${b.variant}`))
}

function passed({ tests, harness }) {
  const count = tests.filter(({ status }) => status === 'PASS').length
  return `${count} of ${tests.length}${harness === 'OK' ? '' : ` (${harness})`}`
}
