/**
 * Runs tests of Node's own suite, each in a process of its own, and says which
 * passed: exit code 0 within the time limit, and not one that skipped itself.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const TIME_LIMIT_MS = 20_000

/** Files that call `connect(` and need no internals of the runtime, by name. */
export function wanted(name, source) {
  return (
    /^test-http2-.*\.js$/.test(name) &&
    source.includes('connect(') &&
    !/--expose-internals|internalBinding/.test(source)
  )
}

/**
 * @param {{ node: string, folder: string, names: readonly string[], preload?: string, jobs?: number }} what
 * @returns {Promise<Map<string, { passed: boolean, why: string }>>}
 */
export async function runTests({ node, folder, names, preload, jobs = 2 }) {
  const results = new Map()
  const waiting = [...names]
  const worker = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      results.set(name, await runOne(node, folder, name, preload))
    }
  }
  await Promise.all(Array.from({ length: jobs }, worker))
  return results
}

function flagsOf(source) {
  return [...source.matchAll(/^\/\/ Flags: (.*)$/gm)].flatMap(([, flags]) => flags.trim().split(/\s+/))
}

function runOne(node, folder, name, preload) {
  const file = join(folder, 'parallel', name)
  const flags = flagsOf(readFileSync(file, 'utf8'))
  const scratch = mkdtempSync(join(tmpdir(), 'node-suite-'))
  const args = [...flags, ...(preload === undefined ? [] : ['--require', preload]), file]
  const options = {
    cwd: scratch,
    timeout: TIME_LIMIT_MS,
    killSignal: 'SIGKILL',
    maxBuffer: 1e7,
    env: { ...process.env, NODE_TEST_DIR: scratch, NODE_OPTIONS: '' },
  }
  return new Promise((resolve) => {
    execFile(node, args, options, (error, stdout, stderr) => {
      rmSync(scratch, { recursive: true, force: true })
      if (error === null) resolve({ passed: true, why: '' })
      else if (error.killed) resolve({ passed: false, why: 'did not end in time' })
      else resolve({ passed: false, why: firstError(`${stderr}\n${stdout}`) })
    })
  })
}

function firstError(text) {
  const lines = text.split('\n')
  const line = lines.find((each) => /Error|Mismatched|not ok|Assert/.test(each)) ?? lines[0] ?? ''
  return line.trim().slice(0, 200)
}
