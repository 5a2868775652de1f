/**
 * From results to docs/wpt.md: subtests by folder, ours beside the runtime's,
 * and each difference. Its one rule: a difference without a reason in
 * `reasons.tsv` is printed, and fails the command.
 */
import { readFileSync, writeFileSync } from 'node:fs'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const PAGE = new URL('../docs/wpt.md', import.meta.url)
const SUBSTITUTE = `
This page was written from a copy of a part of the suite, whose files were served by a substitute of \`wpt serve\` that knows
some of its handlers, by HTTP/1.1: what needs another fails for both.
`
/** Lines of `path`, `subtest`, `reason`: beginnings of both that an asterisk may end. */
const REASONS = readFileSync(new URL('reasons.tsv', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => line.split('\t'))

/**
 * Writes the page, unless it is of a `part`. `whole`: the checkout has the suite's own server. Returns the
 * exit code.
 */
export function writeReport(results, { part, whole }) {
  const differences = results.flatMap(differencesOf)
  const open = differences.filter(({ reason }) => reason === undefined)
  for (const { path, name, ours, message } of open) {
    console.log(`no reason: ${path}\t${name}\n  ours ${ours}: ${message}`)
  }
  console.log(`${differences.length} differences, ${open.length} without a reason`)
  if (!part) writeFileSync(PAGE, page(results, differences, whole))
  return open.length === 0 ? 0 : 1
}

/** Subtests that one passes and the other does not. */
function differencesOf({ path, variant, ours, runtime }) {
  const theirs = new Map(runtime.tests.map((test) => [test.name, test.status]))
  const mine = new Map(ours.tests.map((test) => [test.name, test]))
  const found = []
  for (const name of new Set([...theirs.keys(), ...mine.keys()])) {
    const our = mine.get(name)?.status ?? 'NOTRUN'
    const their = theirs.get(name) ?? 'NOTRUN'
    if ((our === 'PASS') === (their === 'PASS')) continue
    const message = mine.get(name)?.message ?? ''
    const file = path + variant
    found.push({ path: file, name, ours: our, runtime: their, message, reason: reasonOf(file, name, our) })
  }
  return found
}

function reasonOf(path, name, ours) {
  if (ours === 'PASS') return 'ours passes, the runtime’s does not'
  return REASONS.find(([file, test]) => matches(file, path) && matches(test, name))?.[2]
}

function matches(pattern, text) {
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern
}

function page(results, differences, whole) {
  const behind = differences.filter(({ ours }) => ours !== 'PASS')
  return `# Web Platform Tests

Written by \`npm run wpt -- FOLDER\`, which runs the tests of \`fetch/\` for any global of a checkout of
[web-platform-tests/wpt](https://github.com/web-platform-tests/wpt) over HTTPS, once with \`fetch\` of hyper-h2
${version} and once with that of Node.js ${process.version.slice(1)}, in the same process with the same classes. The numbers are subtests that
passed; what fails for both mostly needs a browser. Nothing of the suite is in this repository.
${whole ? '' : SUBSTITUTE}
${folderTable(results)}

## Where the runtime’s passes and ours does not

${behind.length === 0 ? 'Nowhere.' : reasonTable(behind)}

What differs from a browser by intent is in [the guide](client.md#what-differs-from-a-browser).
`
}

function folderTable(results) {
  const folders = new Map()
  for (const { path, ours, runtime } of results) {
    const folder = path
      .split('/')
      .slice(0, path.startsWith('fetch/api/') ? 3 : 2)
      .join('/')
    const row = folders.get(folder) ?? { subtests: 0, ours: 0, runtime: 0 }
    row.subtests += new Set([...ours.tests, ...runtime.tests].map(({ name }) => `${path} ${name}`)).size
    row.ours += count(ours)
    row.runtime += count(runtime)
    folders.set(folder, row)
  }
  const rows = [...folders].map(
    ([folder, { subtests, ours, runtime }]) => `| ${folder} | ${subtests} | ${ours} | ${runtime} |`,
  )
  const total = [...folders.values()].reduce(
    (sum, row) => sum.map((value, index) => value + [row.subtests, row.ours, row.runtime][index]),
    [0, 0, 0],
  )
  return `| folder | subtests | ours | the runtime’s |
|---|---|---|---|
${rows.join('\n')}
| all | ${total.join(' | ')} |`
}

function count({ tests }) {
  return tests.filter(({ status }) => status === 'PASS').length
}

/** Differences of one file with one reason are one row. */
function reasonTable(differences) {
  const rows = new Map()
  for (const { path, reason = '**none yet**' } of differences) {
    const key = `${path} | ${reason}`
    rows.set(key, (rows.get(key) ?? 0) + 1)
  }
  const lines = [...rows].map(([key, number]) => {
    const [path, reason] = key.split(' | ')
    return `| ${path} | ${number} | ${reason} |`
  })
  return `| file | subtests | why |\n|---|---|---|\n${lines.join('\n')}`
}
