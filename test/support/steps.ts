/**
 * How much of our own code runs: V8 counts each function and block as it is
 * entered. So growth is told without a clock, the same on every machine.
 */
import { Session } from 'node:inspector'

interface Coverage {
  readonly result: readonly {
    readonly url: string
    readonly functions: readonly { readonly ranges: readonly { readonly count: number }[] }[]
  }[]
}

// For as long as the process lives: what is compiled while nobody counts has no counters.
const session = new Session()
session.connect()
post('Profiler.enable')
post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })

function post(method: string, params?: object): unknown {
  let answer: unknown
  session.post(method, params, (error, result) => {
    if (error !== null) throw error
    answer = result
  })
  return answer
}

/** Entries of functions and blocks of files whose address has this in it, while `run` runs. */
export async function stepsOf(run: () => unknown, where = '/src/'): Promise<number> {
  // What was counted until now is taken away.
  post('Profiler.takePreciseCoverage')
  await run()
  const { result } = post('Profiler.takePreciseCoverage') as Coverage
  let steps = 0
  for (const { url, functions } of result) {
    if (!url.includes(where)) continue
    for (const { ranges } of functions) for (const { count } of ranges) steps += count
  }
  return steps
}
