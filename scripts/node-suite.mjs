/**
 * Node's own tests of `node:http2`, with this project's `connect` in the place
 * of Node's: `npm run node-suite -- [options]`. They come from Debian's source
 * package of Node.js (with its archive tools, into a scratch folder), nothing of
 * them is kept here. Each test runs on plain Node first: one that fails there
 * tells nothing. Writes docs/node-suite.md; fails if fewer pass than `LEAST`.
 *
 * --source DIR   a tree of Node's sources, with `test/parallel`
 * --node FILE    the Node to run them on (default: this one)
 * --only PART    tests whose name has this part; nothing is written
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { REASONS } from './node-suite/reasons.mjs'
import { runTests, wanted } from './node-suite/run-tests.mjs'
import { debianSource } from './node-suite/source.mjs'

const LEAST = 200
const root = fileURLToPath(new URL('..', import.meta.url))
const preload = join(root, 'scripts/node-suite/replace-connect.cjs')
const { values } = parseArgs({
  options: { source: { type: 'string' }, node: { type: 'string' }, only: { type: 'string', default: '' } },
})
const node = values.node ?? process.execPath
const { folder, version } = values.source === undefined ? debianSource() : treeAt(values.source)
const tests = join(folder, 'test')
const names = readdirSync(join(tests, 'parallel')).filter(
  (name) => name.includes(values.only) && wanted(name, readFileSync(join(tests, 'parallel', name), 'utf8')),
)

const plain = await runTests({ node, folder: tests, names })
const sound = names.filter((name) => plain.get(name).passed)
const ours = await runTests({ node, folder: tests, names: sound, preload })
const failed = sound.filter((name) => !ours.get(name).passed)
for (const name of failed) console.log(`not passed ${name}: ${ours.get(name).why}`)
if (values.only === '') writePage()
console.log(`${sound.length - failed.length} passed, ${failed.length} failed`)
process.exit(sound.length - failed.length >= LEAST || values.only !== '' ? 0 : 1)

function treeAt(folder) {
  return { folder, version: 'a tree of its sources' }
}

function writePage() {
  const running = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
  const rows = failed.map((name) => `| ${name} | ${REASONS[name] ?? ours.get(name).why} |`)
  writeFileSync(
    join(root, 'docs/node-suite.md'),
    `# Node's own tests

The tests that Node.js has for \`node:http2\` and that call \`connect(\` without internals of the runtime, run with
[\`connect\` of \`hyper-h2/http2\`](adapters/http2.md) against Node's own servers. Written by \`npm run node-suite\`.

| tests of | run on | there are | pass on plain Node | of those pass here |
|---|---|---|---|---|
| Node.js ${version} | Node.js ${running.slice(1)} | ${names.length} | ${sound.length} | **${sound.length - failed.length}** |

The others, and why:

| test | reason |
|---|---|
${rows.join('\n')}
`,
  )
}
