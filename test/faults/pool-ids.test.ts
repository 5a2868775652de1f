/** Fault scenario 127 as a pool meets it: the first connection's stream identifiers begin near three quarters of all. */
import { expect } from 'vitest'
import { headers } from '../../src/testing/index.ts'
import { answer } from './pool-run.ts'
import { poolScenario } from './scenario.ts'

/** The last two identifiers of the first three quarters (RFC 9113 §5.1.1). */
const [LAST_BUT_ONE, LAST] = [0x5ffffffd, 0x5fffffff]

poolScenario(
  '#127 Three quarters of the identifiers are used, on a connection that is never idle: the next request has a new one',
  { client: { firstStreamId: LAST_BUT_ONE } },
  async (run) => {
    const open = run.get('/open')
    const first = await run.peer.accept()
    await first.until(headers(LAST_BUT_ONE))
    await first.sync()
    const last = run.get('/last')
    await first.until(headers(LAST))
    first.send(headers(LAST).status(204).endStream())
    await run.answers(last, 204)

    const second = await run.servedAnew()
    first.send(headers(LAST_BUT_ONE).status(204).endStream())
    await run.answers(open, 204)
    await first.closed
    const more = run.get('/more')
    await answer(second, '/more')
    await run.answers(more, 204)
    expect(run.arrived).toEqual([2, 2])
  },
)
