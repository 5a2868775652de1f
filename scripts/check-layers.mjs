/**
 * Checks that the house is built as ARCHITECTURE.md draws it. Reads every
 * TypeScript file under `src/` of the root given as argument (default: this
 * repository), prints each violation as `file:line rule`, and exits 1 if there
 * was one. Its one rule: an arrow is allowed only if `ROOMS` says so.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { functionsOf } from './functions.mjs'
import { importsOf } from './imports.mjs'
import { tokenize } from './tokens.mjs'

const MAX_FILE_LINES = 400
const MAX_FUNCTION_LINES = 60
const LEAVES = ['bytes.ts', 'errors.ts', 'first-octets.ts', 'snapshot.ts']

/** What every floor of `client/` stands on. */
const UNDER_CLIENT = ['protocol/', 'type:transport/transport.ts', '#platform', 'frame/registry.ts']
/**
 * For each room what it may import besides the leaves and itself. An entry
 * ends in `/` for a whole room; `type:` in front allows types only. `client/`
 * is not one room: its floors are, and its files that stand beside them.
 */
const ROOMS = {
  hpack: [],
  frame: [],
  protocol: ['hpack/', 'frame/'],
  http1: ['protocol/', 'frame/registry.ts'],
  trace: ['protocol/', 'frame/', 'hpack/', '#page'],
  transport: ['node:'],
  'client/failure.ts': [...UNDER_CLIENT, 'hpack/decoding-error.ts'],
  'client/context.ts': UNDER_CLIENT,
  ...floors('client/', [
    'settings',
    'response',
    'request',
    'session',
    'observe',
    'http1',
    'pool',
    'fetch',
    'faces',
  ]),
}
ROOMS['client/observe'].push('frame/frame-trace.ts', 'trace/')
ROOMS['client/http1'].push('http1/')
ROOMS['client/faces'].push('type:trace/recording.ts')
ROOMS['client/fetch'] = ROOMS['client/fetch'].filter((place) => !/(?:observe|http1|pool)\/$/.test(place))
const ENTRY_MAY_IMPORT = ['client/', 'errors.ts', 'protocol/window-managers.ts']
/** Rooms that stand outside: they use what package.json exports, and nothing else of ours. */
const OUTSIDERS = ['adapters', 'cli', 'testing', 'viewer']
/** Files and folders of theirs that may import the platform: where it is the contract, or is loaded when it is used. */
const OUTSIDE_PLATFORM = [
  'testing/peer-server.ts',
  'adapters/smithy/',
  'adapters/undici/',
  'adapters/https.ts',
  'adapters/https/',
  'adapters/axios/',
  'adapters/http2.ts',
  'adapters/http2/',
  'adapters/register/',
]

const PURE_ROOMS = ['hpack', 'frame', 'protocol', 'http1', 'trace']
const IMPURE_WORDS = new Set(
  'async await Promise setTimeout setInterval setImmediate queueMicrotask Date performance console'.split(
    ' ',
  ),
)
const HOMELESS_NAME = /^(?:.+-)?(?:utils?|helpers?)$|^(?:common|types?)$/

const root = resolve(process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '..'))
const packageJson = readJson(join(root, 'package.json'))
/** @type {{ file: string, line: number, rule: string }[]} */
const violations = []

main()

function main() {
  const files = sourceFiles(join(root, 'src'))
  if (files.length === 0) report('', 1, 'no source: nothing was checked')
  const graph = new Map()
  for (const file of files) {
    const source = readFileSync(join(root, 'src', file), 'utf8')
    const tokens = tokenize(source)
    const imports = importsOf(tokens)
    checkName(file)
    checkArrows(file, imports)
    checkPurity(file, tokens)
    checkSizes(file, source, tokens)
    checkReferences(file, source)
    graph.set(file, edgesOf(file, imports))
  }
  checkCycles(graph)

  violations.sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line)
  for (const { file, line, rule } of violations) console.log(`src/${file}:${line} ${rule}`)
  if (violations.length === 0) console.log(`${files.length} files, every arrow points down`)
  process.exitCode = violations.length === 0 ? 0 : 1
}

function report(file, line, rule) {
  violations.push({ file, line, rule })
}

function readJson(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
}

/** Paths of all `.ts` files beneath a folder, relative to it, with `/`. */
function sourceFiles(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true })
    .map((path) => path.split('\\').join('/'))
    .filter((path) => /\.[cm]?tsx?$/.test(path))
    .sort()
}

/** Rooms that stand on each other, the lowest first: each may import those below it. */
function floors(folder, names) {
  const below = [...UNDER_CLIENT, `${folder}failure.ts`, `${folder}context.ts`]
  const rooms = {}
  for (const name of names) {
    rooms[folder + name] = [...below]
    below.push(`${folder}${name}/`)
  }
  return rooms
}

/** The room in which a file lives: a folder, a floor, or the file itself; '' for a file that stands beside the rooms. */
function roomOf(file) {
  if (file in ROOMS) return file
  const [first = '', second] = file.split('/')
  if (`${first}/${second}` in ROOMS) return `${first}/${second}`
  return file.includes('/') ? first : ''
}

/** Where a specifier leads: a file under `src/` if it is ours, else the specifier as it stands. */
function targetOf(file, specifier) {
  if (specifier.startsWith('.')) {
    const path = posix.join(posix.dirname(file), specifier)
    return path.replace(/\.js$/, '.ts')
  }
  const { name, exports = {}, imports = {} } = packageJson
  const mapped = specifier.startsWith('#')
    ? imports[specifier]
    : specifier === name || specifier.startsWith(`${name}/`)
      ? exports[`.${specifier.slice(name.length)}`]
      : undefined
  return sourceOf(mapped) ?? specifier
}

/** `./dist/a/b.js` of a package.json entry is `a/b.ts`. */
function sourceOf(entry) {
  const path = typeof entry === 'object' ? entry?.default : entry
  return /^\.\/dist\/(.+)\.js$/.exec(path ?? '')?.[1]?.concat('.ts')
}

function checkName(file) {
  for (const part of file.split('/')) {
    const name = part.replace(/(?:\.d)?\.[cm]?tsx?$/, '')
    if (HOMELESS_NAME.test(name)) report(file, 1, `name: "${name}" says nothing of what lives here`)
  }
}

function checkArrows(file, imports) {
  const room = roomOf(file)
  const known = room in ROOMS || OUTSIDERS.includes(room) || file === 'index.ts' || LEAVES.includes(file)
  if (!known) report(file, 1, `arrow: ${file} is in no room of the house`)
  for (const { specifier, typeOnly, line } of imports) {
    if (specifier === undefined)
      report(file, line, 'arrow: the imported module must be named by a plain string')
    else if (known && !mayImport(file, room, specifier, typeOnly)) {
      report(file, line, `arrow: ${file} may not import ${specifier}${typeOnly ? ' (types too)' : ''}`)
    }
  }
}

function mayImport(file, room, specifier, typeOnly) {
  if (LEAVES.includes(file)) return false
  const target = targetOf(file, specifier)
  if (OUTSIDERS.includes(room)) {
    const platform = OUTSIDE_PLATFORM.some(
      (place) => file === place || (place.endsWith('/') && file.startsWith(place)),
    )
    if (platform && target.startsWith('node:')) return true
    return target.startsWith(`${room}/`) || publicEntries().includes(target)
  }
  if (file === 'index.ts') return matchesAny(ENTRY_MAY_IMPORT, specifier, target, typeOnly)
  if (LEAVES.includes(target) || target.startsWith(`${room}/`)) return true
  return matchesAny(ROOMS[room], specifier, target, typeOnly)
}

function matchesAny(allowed, specifier, target, typeOnly) {
  return allowed.some((entry) => {
    const wanted = entry.startsWith('type:') ? entry.slice(5) : entry
    if (wanted !== entry && !typeOnly) return false
    if (wanted.startsWith('#')) return specifier === wanted
    return wanted.endsWith('/') || wanted.endsWith(':') ? target.startsWith(wanted) : target === wanted
  })
}

function publicEntries() {
  return Object.values(packageJson.exports ?? {}).map(sourceOf)
}

function edgesOf(file, imports) {
  return imports
    .filter(({ specifier }) => specifier !== undefined)
    .map(({ specifier, line }) => ({ to: targetOf(file, specifier), line }))
}

/** Reports each cycle once, at the import that closes it. */
function checkCycles(graph) {
  const done = new Set()
  const path = []
  const visit = (file) => {
    path.push(file)
    for (const { to, line } of graph.get(file) ?? []) {
      const from = path.indexOf(to)
      if (from !== -1) report(file, line, `cycle: ${[...path.slice(from), to].join(' -> ')}`)
      else if (!done.has(to)) visit(to)
    }
    path.pop()
    done.add(file)
  }
  for (const file of graph.keys()) if (!done.has(file)) visit(file)
}

function checkPurity(file, tokens) {
  const room = roomOf(file)
  if (!PURE_ROOMS.includes(room)) return
  for (const [index, { kind, text, line }] of tokens.entries()) {
    if (kind !== 'word') continue
    if (IMPURE_WORDS.has(text)) report(file, line, `pure: no ${text} in ${room}/`)
    if (text === 'Math' && tokens[index + 1]?.text === '.' && tokens[index + 2]?.text === 'random') {
      report(file, line, `pure: no Math.random in ${room}/`)
    }
  }
}

function checkSizes(file, source, tokens) {
  const lines = source.split('\n').length - (source.endsWith('\n') ? 1 : 0)
  if (lines > MAX_FILE_LINES) report(file, 1, `size: ${lines} lines in a file, at most ${MAX_FILE_LINES}`)
  for (const { name, line, lines } of functionsOf(tokens)) {
    if (lines > MAX_FUNCTION_LINES) {
      report(file, line, `size: ${lines} lines in ${name}, at most ${MAX_FUNCTION_LINES}`)
    }
  }
}

/** References to an RFC have one form on one line, so that a machine can collect them. */
function checkReferences(file, source) {
  for (const { 0: text, index } of source.matchAll(/\brfc[ -]?\d+(.{0,12})/gi)) {
    const [name] = /^\w+[ -]?\d+/.exec(text)
    const rest = text.slice(name.length)
    const section = /^[ ,;:#-]*(?:§|\bsec(?:tion|\.)|\bchapter\b)/i.test(rest)
    if (!/^RFC \d{4}$/.test(name) || (section && !/^ §[0-9A-Z]/.test(rest))) {
      reportReference(file, source, index, text.trim())
    }
  }
  for (const { 0: text, index } of source.matchAll(/(?<!field )\bsections?\s+(?:[A-Z]\.)?\d[\d.]*/gi)) {
    if (!/\bRFC.{0,8}$/i.test(source.slice(0, index))) reportReference(file, source, index, text)
  }
  for (const { index } of source.matchAll(/\bRFC(?: \d{4})?\s*\n[\s*/]*(?:\d{4}|§)/g)) {
    reportReference(file, source, index, 'a reference over two lines')
  }
}

function reportReference(file, source, at, found) {
  const line = source.slice(0, at).split('\n').length
  report(file, line, `reference: write "RFC 9113 §6.9", not "${found}"`)
}
