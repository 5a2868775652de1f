/**
 * One row of the table of faults as tests: over TLS and plain TCP, in each mode
 * of delivery, every case on a connection of its own, the oracles after each.
 */
import { describe, test } from 'vitest'
import { ErrorCode } from '../../src/frame/registry.ts'
import type { Delivery } from '../../src/testing/index.ts'
import { checkOracles, handles, handlesAre } from './oracles.ts'
import { PoolRun, type PoolSetup } from './pool-run.ts'
import { Run, type Setup } from './run.ts'
import { certificate, type LinkKind, type Stage } from './stage.ts'

export const {
  NO_ERROR,
  PROTOCOL_ERROR,
  INTERNAL_ERROR,
  FLOW_CONTROL_ERROR,
  SETTINGS_TIMEOUT,
  STREAM_CLOSED,
  FRAME_SIZE_ERROR,
  REFUSED_STREAM,
  CANCEL,
  COMPRESSION_ERROR,
  CONNECT_ERROR,
  ENHANCE_YOUR_CALM,
  HTTP_1_1_REQUIRED,
} = ErrorCode

const MODES: readonly (readonly [name: string, delivery: Delivery])[] = [
  ['as written', 'written'],
  ['one octet at a time', 'octets'],
  ['everything at once', 'burst'],
  ['random pieces', 'pieces'],
]

/** A row without cases has one, which is called this. */
const ONLY = { '': undefined }

/** What differs from row to row. */
interface Row<C, S> {
  /** What differs from case to case. */
  readonly setup?: (given: C) => S
  /** Says nothing of the other link. */
  readonly only?: 'TLS' | 'TCP'
  /** Variants of a row, by name. */
  readonly cases?: Readonly<Record<string, C>>
  /** So many octets that a socket would take seconds to carry them one by one: cut modes run in memory. */
  readonly huge?: boolean
  /** About what comes before the first octet: runs as written alone. */
  readonly uncut?: boolean
}

/** A row: `#58 No :status: S:PROTOCOL_ERROR`. */
export function scenario<C = undefined>(
  title: string,
  plan: Setup & Row<C, Setup>,
  script: (run: Run, given: C) => Promise<void>,
): void {
  row(title, plan, Run.begin, script)
}

/** A row with a `Client` in place of a connection object. */
export function poolScenario<C = undefined>(
  title: string,
  plan: PoolSetup & Row<C, PoolSetup>,
  script: (run: PoolRun, given: C) => Promise<void>,
): void {
  row(title, plan, PoolRun.begin, script)
}

type Begin<R, S> = (link: LinkKind, delivery: Delivery, setup: S) => Promise<R>

function row<C, S, R extends Stage>(
  title: string,
  plan: S & Row<C, S>,
  begin: Begin<R, S>,
  script: (run: R, given: C) => Promise<void>,
): void {
  describe(title, () => {
    for (const secure of ['TLS', 'TCP'] as const) {
      if (plan.only !== undefined && plan.only !== secure) continue
      for (const [mode, delivery] of plan.uncut === true ? MODES.slice(0, 1) : MODES) {
        const cut = delivery === 'octets' || delivery === 'pieces'
        const link: LinkKind = plan.huge === true && cut ? `memory, as ${secure}` : secure
        test(`over ${link}, ${mode}`, async () => {
          await certificate()
          const cases = plan.cases ?? (ONLY as unknown as Record<string, C>)
          for (const [name, given] of Object.entries<C>(cases)) {
            const setup = { ...plan, ...plan.setup?.(given) }
            await runCase(
              name,
              () => begin(link, delivery, setup),
              (run) => script(run, given),
            )
          }
        })
      }
    }
  })
}

async function runCase<R extends Stage>(
  name: string,
  begin: () => Promise<R>,
  script: (run: R) => Promise<void>,
): Promise<void> {
  const before = handles()
  const run = await begin()
  try {
    await script(run)
    await checkOracles(run, before)
  } catch (error) {
    if (name !== '' && error instanceof Error) error.message = `${name}: ${error.message}`
    throw error
  } finally {
    run.destroy()
    await run.peer.close()
    await handlesAre(before)
  }
}
