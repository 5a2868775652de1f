/**
 * Runs the soaks in their long form: a million cancelled requests on one
 * connection, a million answered ones on one client, and a million from each kind
 * of honest server, or as many as the argument says.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const requests = process.argv[2] ?? '1000000'
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const child = spawn(
  process.execPath,
  [
    vitest,
    'run',
    'test/faults/soak.test.ts',
    'test/client/session/scale.test.ts',
    'test/protocol/honest-peers.test.ts',
    '--disable-console-intercept',
  ],
  {
    cwd: root,
    env: { ...process.env, SOAK_REQUESTS: requests },
    stdio: 'inherit',
  },
)
child.once('close', (code) => {
  process.exitCode = code ?? 1
})
