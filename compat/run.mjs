/**
 * Runs every program of this folder that says which runtimes its library
 * supports (`// runtimes: 20 22 24 26`), on each of them, and writes
 * docs/compatibility.md. `npm run compat -- [NAME …]` runs those whose name
 * begins so, and writes nothing. A program prints one line of JSON,
 * `{ library, version, adapter, checks }`, and exits 0; anything else is a
 * failure. The last line is `N passed, N failed`.
 */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const TIME_LIMIT_MS = 120_000
const MAJORS = ['20', '22', '24', '26']
const names = process.argv.slice(2)

const runtimes = new Map(MAJORS.map((major) => [major, pathOf(major)]))
const programs = readdirSync(here)
  .filter(
    (file) => file.endsWith('.mjs') && (names.length === 0 || names.some((name) => file.startsWith(name))),
  )
  .map((file) => ({ file, majors: majorsOf(file), preload: preloadOf(file) }))
  .filter(({ majors }) => majors !== undefined)

if (!existsSync(join(here, 'node_modules'))) {
  console.error('the libraries are not installed: npm ci --prefix compat brings them')
  process.exit(1)
}

const rows = []
let failed = 0
let passed = 0
for (const { file, majors, preload } of programs) {
  const cells = new Map()
  let facts
  for (const major of majors) {
    const runtime = runtimes.get(major)
    if (runtime === undefined) {
      cells.set(major, 'no runtime')
      console.log(`left out ${file} on Node ${major}: the runtime is not installed`)
      continue
    }
    const { answer, output } = await run(runtime, file, preload)
    facts ??= answer
    cells.set(major, answer === undefined ? 'failed' : `${answer.checks}`)
    if (answer === undefined) {
      failed += 1
      console.log(`FAILED ${file} on Node ${major}\n${output}`)
    } else {
      passed += 1
      console.log(`ok ${file} on Node ${major}: ${answer.checks} checks`)
    }
  }
  rows.push({ file, facts, cells })
}
if (names.length === 0) writePage()
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 && passed > 0 ? 0 : 1)

/** The majors that a program names in its first lines; undefined for a module that is none. */
function majorsOf(file) {
  const head = readFileSync(join(here, file), 'utf8').slice(0, 600)
  return /^\/\/ runtimes:(.*)$/m.exec(head)?.[1].trim().split(/\s+/)
}

/** The entry of this package that is loaded before the program (`// import: register/http2`), as flags. */
function preloadOf(file) {
  const head = readFileSync(join(here, file), 'utf8').slice(0, 600)
  const entry = /^\/\/ import: (.*)$/m.exec(head)?.[1]
  return entry === undefined
    ? []
    : ['--import', new URL(`../dist/adapters/${entry}.js`, import.meta.url).href]
}

/** The binary of a Node: this one, or one of the workspace. */
function pathOf(major) {
  if (process.versions.node.split('.')[0] === major) return process.execPath
  const path = join(here, 'node_modules', `node-${major}`, 'bin', 'node')
  return existsSync(path) ? path : undefined
}

function run(runtime, file, preload) {
  return new Promise((resolve) => {
    const child = spawn(runtime, [...preload, join(here, file)], { stdio: ['ignore', 'pipe', 'pipe'] })
    let printed = ''
    let errors = ''
    child.stdout.on('data', (chunk) => {
      printed += chunk
    })
    child.stderr.on('data', (chunk) => {
      errors += chunk
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), TIME_LIMIT_MS)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const line = printed.trim().split('\n').at(-1) ?? ''
      const why = signal === null ? `exit ${code}` : `ended by ${signal}`
      resolve({
        answer: code === 0 && line.startsWith('{') ? JSON.parse(line) : undefined,
        output: `${why}\n${printed}${errors}`,
      })
    })
  })
}

function writePage() {
  const versions = [...runtimes].map(
    ([major, path]) => `Node ${major}${path === undefined ? ' (missing)' : ''}`,
  )
  const table = rows.map(({ file, facts, cells }) => {
    const { library = file, version = '?', adapter = '?' } = facts ?? {}
    const results = MAJORS.map((major) => cells.get(major) ?? '–')
    // What the runtime brings has the runtime's version.
    const shown = version === process.versions.node ? '' : version
    return `| ${library} | ${shown} | ${adapter} | ${results.join(' | ')} |`
  })
  table.sort()
  writeFileSync(
    join(here, '..', 'docs', 'compatibility.md'),
    `# Compatibility

Real packages over this stack, against servers on loopback. Written by \`npm run compat\`, which runs the programs in
\`compat/\`; the numbers are the checks that a program made, all of which held, on that version of Node. A dash: the library
does not support that version.

| library | version | through | ${MAJORS.map((major) => `Node ${major}`).join(' | ')} |
|---|---|---|${MAJORS.map(() => '---|').join('')}
${table.join('\n')}

Runtimes: ${versions.join(', ')}. Guides to the adapters: ${guides()}.
`,
  )
}

function guides() {
  const pages = readdirSync(join(here, '..', 'docs', 'adapters')).filter((name) => name.endsWith('.md'))
  return pages
    .sort()
    .map((name) => `[${name.slice(0, -3)}](adapters/${name})`)
    .join(', ')
}
