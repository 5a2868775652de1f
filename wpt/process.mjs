/**
 * One run of a test file, in a process of its own. Its one rule: it ends,
 * whatever the test does.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const GLOBAL = fileURLToPath(new URL('global.mjs', import.meta.url))
const LIMIT_MS = 15_000
const LONG_LIMIT_MS = 60_000

/** `which`: `'ours'` or `'runtime'`. Gives the subtests with their status, and how the harness ended. */
export function runFile(root, run, { origin, ca }, which) {
  const given = JSON.stringify({ root, run, origin, which })
  const child = spawn(process.execPath, ['--expose-gc', '--no-warnings', GLOBAL, given], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: ca },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const tests = []
  let harness = 'CRASH'
  child.on('message', (message) => {
    if (message.test === undefined) harness = message.harness
    else tests.push(message.test)
  })
  const timer = setTimeout(
    () => {
      harness = 'TIMEOUT'
      child.kill('SIGKILL')
    },
    run.long ? LONG_LIMIT_MS : LIMIT_MS,
  )
  return new Promise((resolve) => {
    child.on('close', () => {
      clearTimeout(timer)
      resolve({ tests, harness })
    })
  })
}
