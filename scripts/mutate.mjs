/**
 * Mutation testing of the pure rooms: changes one thing in a file of `src/`,
 * runs the tests of its room in a copy of the repository, and sees whether one
 * fails. Draws its mutants by a seed, so that a run can be repeated.
 *
 *     npm run mutate -- --sample 120 --seed 1 --jobs 2 [--only src/hpack] [--list] [--write]
 *
 * Its one rule: a mutant whose JavaScript equals the original's, or that does
 * not compile, is no mutant.
 */
import { spawn } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { tokenize } from './tokens.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Each room, and the tests that have to notice, the quick ones first. */
const ROOMS = {
  'src/hpack': ['test/hpack', 'test/limits'],
  'src/frame': ['test/frame'],
  'src/protocol': ['test/protocol', 'test/conformance', 'test/limits'],
  'src/http1': ['test/http1', 'test/fuzz/http1-response.test.ts'],
}
const COPIED = ['src', 'test', 'package.json', 'vitest.config.ts', 'tsconfig.json', 'tsconfig.base.json']
const READ_BY_TESTS = ['SECURITY.md', 'docs', 'scripts']
/** Numbers of the RFC as data: each is compared with a second copy by its test. */
const TABLES = new Set(['huffman-code.ts', 'static-table.ts'])

const REPLACED = {
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '===': ['!=='],
  '!==': ['==='],
  '&&': ['||'],
  '||': ['&&'],
  '??': ['&&'],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '&': ['|'],
  '|': ['&'],
  '^': ['&'],
  '<<': ['>>'],
  '>>': ['<<'],
  '>>>': ['<<'],
  '+=': ['-='],
  '-=': ['+='],
  '|=': ['&='],
  '&=': ['|='],
  '++': ['--'],
  '--': ['++'],
}
const OPERATOR = /(?:>>>|[<>=!&|?*]{2,3}|\+\+|--|[-+*/%&|^]=|[<>]=|[-<>+*/%&|^])/y
const STATEMENT =
  /^\s+(?:if \(.*\) .*[^{]|(?:return|throw|break|continue)\b.*|(?:this\.|[\w#]+[.([ ]|[\w#]+(?:\+\+|--)).*)$/
const NO_STATEMENT =
  /^\s+(?:const|let|import|export|type|readonly|private|static|get|set|else|case|default)\b/

/**
 * @typedef {object} Mutant
 * @property {string} room
 * @property {string} file  path from the root
 * @property {number} line
 * @property {number} at
 * @property {string} from
 * @property {string} to
 */

/** Everything that could be changed in a file. */
function candidates(source) {
  const found = []
  const tokens = tokenize(source)
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]
    const add = (from, to) => found.push({ at: token.at, line: token.line, from, to })
    if (token.kind === 'number') {
      const from = /^[0-9a-zA-Z_.]+/.exec(source.slice(token.at))[0]
      const value = Number(from.replaceAll('_', ''))
      if (Number.isInteger(value)) add(from, String(value + 1))
    } else if (token.kind === 'word' && (token.text === 'true' || token.text === 'false')) {
      add(token.text, token.text === 'true' ? 'false' : 'true')
    } else if (token.kind === 'punctuation') {
      punctuation(source, tokens, i, add)
    } else if (token.text === 'if' && token.kind === 'word') {
      found.push(...conditions(source, tokens, i))
    }
  }
  return [...found, ...statements(source)]
}

function punctuation(source, tokens, i, add) {
  const token = tokens[i]
  const before = source[token.at - 1]
  const previous = tokens[i - 1]
  if (token.text === '!' && source[token.at + 1] !== '=') {
    const postfix = previous && /[\w)\]]/.test(before)
    if (!postfix) add('!', '')
    return
  }
  // The second character of an operator is a token as well.
  if (previous?.kind === 'punctuation' && previous.at === token.at - 1 && /[<>=!&|?*+\-/%^]/.test(before))
    return
  OPERATOR.lastIndex = token.at
  const operator = OPERATOR.exec(source)?.[0]
  if (operator === undefined) return
  const step = operator === '++' || operator === '--'
  // The formatter puts spaces around what has two operands, and around nothing of generics.
  if (!step && (before !== ' ' || source[token.at + operator.length] !== ' ')) return
  if (
    operator === '+' &&
    [previous, tokens[i + 1]].some((one) => one?.kind === 'string' || one?.kind === 'template')
  ) {
    return
  }
  for (const to of REPLACED[operator] ?? []) add(operator, to)
}

/** The condition of an `if`, made always true and always false. */
function conditions(source, tokens, i) {
  if (tokens[i + 1]?.text !== '(') return []
  let depth = 0
  let end = i + 1
  do {
    if (tokens[end].kind === 'punctuation' && tokens[end].text === '(') depth++
    if (tokens[end].kind === 'punctuation' && tokens[end].text === ')') depth--
    end++
  } while (depth > 0)
  const at = tokens[i + 1].at + 1
  const from = source.slice(at, tokens[end - 1].at)
  return ['true', 'false'].map((to) => ({ at, line: tokens[i].line, from, to }))
}

/** Statements of one line, taken out. */
function statements(source) {
  const found = []
  let at = 0
  let comment = false
  const lines = source.split('\n')
  for (const [i, text] of lines.entries()) {
    if (text.trim().startsWith('/*')) comment = true
    const balanced = ['()', '[]', '{}'].every(
      ([open, close]) => text.split(open).length === text.split(close).length,
    )
    const goesOn = /^\s*(?:[.?:+\-*/|&]|&&|\|\|)/.test(lines[i + 1] ?? '')
    if (
      !comment &&
      balanced &&
      !goesOn &&
      STATEMENT.test(text) &&
      !NO_STATEMENT.test(text) &&
      !/[{([,=]$/.test(text)
    ) {
      found.push({ at, line: i + 1, from: text, to: '' })
    }
    if (text.includes('*/')) comment = false
    at += text.length + 1
  }
  return found
}

/** The mutants of all rooms. */
async function mutants(only) {
  const vitest = createRequire(createRequire(import.meta.url).resolve('vitest/package.json'))
  const { transformWithOxc } = await import(pathToFileURL(vitest.resolve('vite')).href)
  const code = async (source, file) => (await transformWithOxc(source, file, { sourcemap: false })).code
  /** @type {Mutant[]} */
  const all = []
  for (const room of Object.keys(ROOMS)) {
    for (const name of readdirSync(join(root, room)).sort()) {
      const file = `${room}/${name}`
      if (!file.startsWith(only) || TABLES.has(name) || name === 'index.ts') continue
      const source = readFileSync(join(root, file), 'utf8')
      const original = await code(source, file)
      const rows = candidates(source).map(async (one) => {
        const mutated = await code(changed(source, one), file).catch(() => original)
        return mutated === original ? [] : [{ room, file, ...one }]
      })
      all.push(...(await Promise.all(rows)).flat())
    }
  }
  return all
}

function changed(source, { at, from, to }) {
  return source.slice(0, at) + to + source.slice(at + from.length)
}

/** A generator of numbers in [0, 1) from a seed. */
function seeded(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function sampleOf(all, count, seed) {
  const random = seeded(seed)
  const rest = [...all]
  const taken = []
  while (taken.length < count && rest.length > 0)
    taken.push(...rest.splice(Math.floor(random() * rest.length), 1))
  return taken
}

/** A copy of the repository in which one worker changes files. */
function copyOfRoot() {
  const folder = mkdtempSync(join(tmpdir(), 'mutate-'))
  for (const name of [...COPIED, ...READ_BY_TESTS])
    cpSync(join(root, name), join(folder, name), { recursive: true })
  // Links to each package, not to the folder: the runner's cache stays in the copy.
  mkdirSync(join(folder, 'node_modules'))
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!name.startsWith('.'))
      symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name))
  }
  return folder
}

/** Runs a folder of tests: 'passed', 'failed' or 'timeout'. */
function test(folder, tests, timeoutMs) {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const args = [
    vitest,
    'run',
    tests,
    '--bail',
    '1',
    '--reporter',
    'dot',
    '--passWithNoTests',
    '--maxWorkers',
    '2',
  ]
  const child = spawn(process.execPath, args, { cwd: folder, stdio: 'ignore', detached: true })
  return new Promise((resolve) => {
    const stop = () => {
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        // It has ended by itself.
      }
    }
    const timer = setTimeout(() => {
      stop()
      resolve('timeout')
    }, timeoutMs)
    child.on('exit', (code) => {
      clearTimeout(timer)
      stop()
      resolve(code === 0 ? 'passed' : 'failed')
    })
  })
}

/** How long each folder of tests takes with nothing changed; they have to pass. */
async function baseline(folder, rooms) {
  const times = {}
  for (const tests of rooms.flatMap((room) => ROOMS[room])) {
    const started = performance.now()
    const outcome = await test(folder, tests, 300_000)
    if (outcome !== 'passed') throw new Error(`${tests}, with nothing changed: ${outcome}`)
    times[tests] = performance.now() - started
  }
  return times
}

/** What becomes of a change: 'passed' if no test of its room notices. */
async function outcomeOf(folder, room, times) {
  for (const tests of ROOMS[room]) {
    const outcome = await test(folder, tests, 4 * times[tests] + 5000)
    if (outcome !== 'passed') return outcome
  }
  return 'passed'
}

async function work(folder, queue, times, results) {
  for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
    const path = join(folder, mutant.file)
    const source = readFileSync(path, 'utf8')
    writeFileSync(path, changed(source, mutant))
    const outcome = await outcomeOf(folder, mutant.room, times)
    writeFileSync(path, source)
    results.push({ ...mutant, outcome })
    console.log(`${outcome === 'passed' ? 'SURVIVED' : outcome.padEnd(8)} ${title(mutant)}`)
  }
}

function title({ file, line, from, to }) {
  const short = (text) => text.trim().replaceAll(/\s+/g, ' ')
  return `${file}:${line} ${short(from)} → ${short(to) || '(nothing)'}`
}

/** The table of `docs/robustness.md`. */
function report(results, total, seed) {
  const lines = ['| folder | mutants | killed | by timeout | survived | score |', '|---|---|---|---|---|---|']
  const rows = [
    ...Object.keys(ROOMS).map((room) => [room, results.filter((one) => one.room === room)]),
    ['all', results],
  ]
  for (const [room, of] of rows) {
    if (of.length === 0) continue
    const survived = of.filter(({ outcome }) => outcome === 'passed').length
    const timeouts = of.filter(({ outcome }) => outcome === 'timeout').length
    const score = (((of.length - survived) / of.length) * 100).toFixed(1)
    lines.push(
      `| ${room} | ${of.length} | ${of.length - survived} | ${timeouts} | ${survived} | ${score} % |`,
    )
  }
  const command = `npm run mutate -- --sample ${results.length} --seed ${seed}`
  return [
    `\`${command}\`: ${results.length} mutants drawn from ${total}, Node ${process.versions.node}.`,
    '',
    ...lines,
    '',
    'Survivors:',
    '',
    ...results
      .filter(({ outcome }) => outcome === 'passed')
      .map((one) => `- \`${title(one).replaceAll('`', "'")}\``)
      .sort(),
  ].join('\n')
}

const { values } = parseArgs({
  options: {
    sample: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '1' },
    only: { type: 'string', default: 'src/' },
    list: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const all = await mutants(values.only)
const sample = sampleOf(all, Number(values.sample), Number(values.seed))
if (values.list) {
  for (const one of sample) console.log(title(one))
  console.log(`${sample.length} of ${all.length}`)
} else {
  const folders = Array.from({ length: Number(values.jobs) }, copyOfRoot)
  try {
    const rooms = Object.keys(ROOMS).filter((room) => sample.some((one) => one.room === room))
    const times = await baseline(folders[0], rooms)
    const queue = [...sample]
    const results = []
    await Promise.all(folders.map((folder) => work(folder, queue, times, results)))
    const text = report(results, all.length, values.seed)
    console.log(`\n${text}`)
    if (values.write) {
      const page = join(root, 'docs/robustness.md')
      const between = /(<!-- mutation:start -->\n)[\s\S]*(<!-- mutation:end -->)/
      writeFileSync(
        page,
        readFileSync(page, 'utf8').replace(between, (_, start, end) => `${start}${text}\n${end}`),
      )
    }
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  }
}
