/**
 * Runs the model of the pool in its long form: a hundred thousand sequences of
 * what dials, servers and callers may do, or as many as the argument says, from
 * a seed that is new every time. What is found is printed with its seed and
 * path; MODEL_SEED=… MODEL_PATH=… npm run model repeats it.
 */
import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { fileURLToPath } from 'node:url'

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))
const { status } = spawnSync(process.execPath, [vitest, 'run', 'test/client/pool/pool-model.test.ts'], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  stdio: 'inherit',
  env: {
    ...process.env,
    MODEL_RUNS: process.argv[2] ?? '100000',
    MODEL_SEED: process.env.MODEL_SEED ?? String(randomInt(2 ** 31)),
  },
})
process.exitCode = status ?? 1
