/**
 * How long a property is tried, and from which seed. In the suite: a few runs
 * from a fixed seed. With FUZZ_MINUTES: rounds from one new seed after another
 * until the time is over. FUZZ_SEED and FUZZ_PATH repeat what was found.
 */
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'

const FIXED_SEED = 9113
const RUNS_PER_ROUND = 300
/** Milliseconds after which an asynchronous run hangs. */
const PATIENCE = 10_000

const minutes = Number(process.env.FUZZ_MINUTES ?? 0)
const seed = Number(process.env.FUZZ_SEED ?? FIXED_SEED)
const path = process.env.FUZZ_PATH

/** Milliseconds that a test which fuzzes may take. */
export const FUZZ_TIMEOUT = 60_000 + minutes * 60_000

/** Tries a property: `runs` times, or for as long as was asked. */
export async function fuzz<T>(property: fc.IProperty<T> | fc.IAsyncProperty<T>, runs: number): Promise<void> {
  const either = property as fc.IAsyncProperty<T>
  if (minutes === 0 || path !== undefined) {
    await fc.assert(either, {
      seed,
      timeout: PATIENCE,
      numRuns: runs,
      ...(path === undefined ? {} : { path }),
    })
    return
  }
  const end = performance.now() + minutes * 60_000
  let tried = 0
  for (let round = 0; performance.now() < end; round++) {
    await fc.assert(either, { seed: (seed + round) | 0, timeout: PATIENCE, numRuns: RUNS_PER_ROUND })
    tried += RUNS_PER_ROUND
    // The test runner wants to hear from its worker.
    await setImmediate()
  }
  process.stdout.write(`tried ${tried} inputs\n`)
}
