/**
 * Runs the examples of README.md and of the pages in docs/: each block that opens with
 * ```ts run. It is type-checked and executed as it stands, but for the hosts
 * nghttp2.org and example.com, which become an origin in this process. A comment
 * `// → text` in an example is the output promised there: the lines printed must
 * hold these texts, in this order. The last line is `N passed, N failed`.
 */
import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeCertificate } from '../demo/certificate.mjs'
import { startOrigin } from '../demo/origin.mjs'

const EXAMPLE_TIMEOUT_MS = 60_000
const PUBLIC_HOST = /\b(?:nghttp2\.org|(?:www\.)?example\.(?:com|org))(?::443)?(?![\w.])/g

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'examples-'))
const certificate = await makeCertificate()
const origin = await startOrigin(certificate)
try {
  process.exitCode = await main()
} finally {
  await origin.close()
  rmSync(folder, { recursive: true, force: true })
}

async function main() {
  const examples = documents().flatMap(examplesOf)
  if (examples.length === 0) {
    console.log('FAILED no example is marked: nothing was checked\n0 passed, 1 failed')
    return 1
  }
  prepare(examples)
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const types = await runNode([tsc, '-p', folder])
  if (types.status !== 0) console.log(`FAILED types of the examples\n${types.output}`)

  let failed = types.status === 0 ? 0 : 1
  for (const example of examples) {
    const reason = await failureOf(example)
    console.log(reason === undefined ? `ok ${example.place}` : `FAILED ${example.place}\n${reason}`)
    if (reason !== undefined) failed++
  }
  console.log(`${examples.length + 1 - failed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

function documents() {
  const docs = join(root, 'docs')
  const pages = existsSync(docs)
    ? readdirSync(docs, { recursive: true }).filter((name) => name.endsWith('.md'))
    : []
  return ['README.md', ...pages.sort().map((name) => `docs/${name}`)].filter((path) =>
    existsSync(join(root, path)),
  )
}

/** The marked blocks of a document. Each keeps its line numbers, so that an error names the line of the document. */
function examplesOf(path) {
  const text = readFileSync(join(root, path), 'utf8')
  return [...text.matchAll(/^```ts run\n(.*?)^```$/gms)].map(({ 1: code, index }) => {
    const line = text.slice(0, index).split('\n').length
    return {
      place: `${path}:${line}`,
      name: `${path.replace(/\W+/g, '-')}-${line}`,
      source: '\n'.repeat(line) + code.replace(PUBLIC_HOST, `localhost:${origin.port}`),
      promised: [...code.matchAll(/\/\/ → (.*)$/gm)].map(([, promise]) => promise.trim()),
    }
  })
}

/** A project in which the examples are what a user has: files beside an installed package. */
function prepare(examples) {
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules', 'hyper-h2'), 'dir')
  symlinkSync(join(root, 'node_modules', '@types'), join(folder, 'node_modules', '@types'), 'dir')
  writeFileSync(join(folder, 'cert.pem'), certificate.cert)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
  const compilerOptions = {
    target: 'ES2022',
    lib: ['ES2023', 'ESNext.Disposable'],
    module: 'NodeNext',
    strict: true,
    skipLibCheck: true,
    moduleDetection: 'force',
    types: ['node'],
    rootDir: '.',
    outDir: 'out',
    sourceMap: true,
  }
  const files = examples.map(({ name }) => `${name}.ts`)
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
  for (const { name, source } of examples) writeFileSync(join(folder, `${name}.ts`), source)
}

async function failureOf({ name, promised }) {
  const { status, output } = await runNode(['--enable-source-maps', join(folder, 'out', `${name}.js`)])
  if (status !== 0) return `exit status ${status}\n${output}`
  const lines = output.split('\n')
  let from = 0
  for (const text of promised) {
    const at = lines.findIndex((line, index) => index >= from && line.includes(text))
    if (at === -1) return `"${text}" was promised; printed was:\n${output}`
    from = at + 1
  }
  return undefined
}

function runNode(args) {
  return new Promise((resolve) => {
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem') }
    const child = spawn(process.execPath, args, { cwd: folder, env, timeout: EXAMPLE_TIMEOUT_MS })
    child.stdin.end()
    let output = ''
    for (const pipe of [child.stdout, child.stderr]) {
      pipe.setEncoding('utf8').on('data', (text) => {
        output += text
      })
    }
    child.once('close', (code, signal) => resolve({ status: code ?? signal, output }))
  })
}
