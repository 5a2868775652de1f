/**
 * The global of a test file: a worker's, as far as Node has one. Loads the
 * harness and the scripts, runs the file, and tells the parent of each subtest.
 * Its one rule: all but `fetch` is the runtime's own, whoever is measured.
 */
import dns from 'node:dns'
import { readFileSync } from 'node:fs'
import https from 'node:https'
import { join } from 'node:path'
import { runInThisContext } from 'node:vm'

const { root, run, origin, which } = JSON.parse(process.argv[2])
const STATUS = ['PASS', 'FAIL', 'TIMEOUT', 'NOTRUN', 'PRECONDITION_FAILED']
const HARNESS = ['OK', 'ERROR', 'TIMEOUT', 'PRECONDITION_FAILED']
/** Names of the tests' hosts lead to this machine, but for those that are not to exist. */
const OWN_HOST = /(?:^|\.)(?:not-)?web-platform\.test$/
const MISSING_HOST = /^nonexistent\./

// What a test leaves unhandled is the harness's to judge: it listens for the events of browsers.
process.on('uncaughtException', (error) => process.send({ harness: `ERROR ${error?.message}` }))
process.on('unhandledRejection', () => {})
// Nobody is left to tell: a run that was broken off leaves no process.
process.on('disconnect', () => process.exit(1))

findHosts()
const location = new URL(`/${run.path.replace(/\.js$/, '.html')}${run.variant}`, origin)
prepareGlobal(location)
globalThis.fetch = which === 'ours' ? await ourFetch() : globalThis.fetch
const sources = await Promise.all([...run.scripts, run.path].map(sourceOf))
runInThisContext(await sourceOf('resources/testharness.js'), { filename: 'testharness.js' })
report()
for (const [index, source] of sources.entries()) {
  runInThisContext(source, { filename: [...run.scripts, run.path][index] })
}

function findHosts() {
  const { lookup } = dns
  dns.lookup = (host, options, callback) => {
    if (!OWN_HOST.test(host) || MISSING_HOST.test(host)) return lookup(host, options, callback)
    const [settings, done] = typeof options === 'function' ? [{}, options] : [options, callback]
    const all = [{ address: '127.0.0.1', family: 4 }]
    process.nextTick(() => (settings.all === true ? done(null, all) : done(null, '127.0.0.1', 4)))
  }
}

function prepareGlobal(url) {
  // The base of relative URLs, as undici has it in every copy.
  Object.defineProperty(globalThis, Symbol.for('undici.globalOrigin.1'), { value: url })
  Object.assign(globalThis, {
    self: globalThis,
    location: url,
    GLOBAL: { isWindow: () => false, isWorker: () => true, isShadowRealm: () => false },
    META_TITLE: run.title,
  })
  if (typeof globalThis.gc === 'function') globalThis.TestUtils = { gc: async () => globalThis.gc() }
}

async function ourFetch() {
  const { fetch } = await import('../dist/index.js')
  const resolved = (input) =>
    typeof input === 'string' || input instanceof URL ? new URL(input, globalThis.location).href : input
  const ours = async (input, init = {}) => fetch(resolved(input), init)
  return Object.defineProperty(ours, 'name', { value: 'fetch' })
}

/** A script, from the server if it has places to fill in. */
function sourceOf(path) {
  return path.includes('.sub.') ? served(path) : readFileSync(join(root, path), 'utf8')
}

function served(path) {
  return new Promise((resolve, reject) => {
    https
      .get(`${origin}/${path}`, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (piece) => {
          text += piece
        })
        response.on('end', () => resolve(text))
      })
      .on('error', reject)
  })
}

function report() {
  globalThis.add_result_callback(({ name, status, message }) => {
    process.send({ test: { name, status: STATUS[status], message: message ?? '' } })
  })
  globalThis.add_completion_callback((_tests, { status, message }) => {
    const harness = `${HARNESS[status]}${message ? ` ${message}` : ''}`
    process.send({ harness }, () => process.exit(0))
  })
}
