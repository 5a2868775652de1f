/**
 * What holds after every run, whatever the peer did: the seven oracles. Each is
 * stated once, here; scenarios say only what is particular to them.
 */
import { setImmediate } from 'node:timers/promises'
import { expect } from 'vitest'
import { H2Error } from '../../src/index.ts'
import type { Run } from './run.ts'

const IDEMPOTENT = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'CONNECT']

/** Turns of the event loop that handles may take to go. */
const PATIENCE = 50

/** What the process said that nobody asked for. */
const complaints: unknown[] = []
for (const event of ['uncaughtException', 'unhandledRejection', 'warning'] as const) {
  process.on(event, (what: unknown) => complaints.push(what))
}

/** Sockets of this process. Timers are the run's own clock's; the platform's belong to the test runner, too. */
export function handles(): string {
  const counted = process.getActiveResourcesInfo().filter((name) => /^T(?:CP|LS)/.test(name))
  return counted.sort().join()
}

/** Ends a run and checks all that has to hold. `before`: the handles there were before it. */
export async function checkOracles(run: Run, before: string): Promise<void> {
  await quiet(run)
  const { conn, peer, tap, clock } = run

  const waiting = run.asked
    .filter(({ settled }) => settled === undefined)
    .map(({ stream }) => stream.streamId)
  expect(waiting, '(a) every request is settled').toEqual([])

  if (alive(run) && !run.silent) {
    expect(tap.ledger.window, '(c) all credit was given back').toBe(run.windowSize)
    tap.ledger.checkDrained(conn.stats.recvWindow, conn.stats.sendWindow)
  }
  expect(tap.ledger.faults, '(c) the window ledger balances').toEqual([])

  const closing = conn.close()
  await clock.advance(1_000)
  for (const connection of peer.connections) connection.resume()
  const gone = peer.close()
  await closing
  await gone
  await handlesAre(before)
  expect(handles(), '(e) handles are back at their base').toBe(before)
  expect(clock.pending, '(e) timers too').toBe(0)
  expect(tap.open, '(e) every transport was closed').toBe(0)

  await setImmediate()
  expect(complaints.splice(0).map(String).slice(0, 3), '(b) nothing is uncaught, nobody is warned').toEqual(
    [],
  )

  const executed = new Map<string, number>()
  for (const { method, path } of peer.requests) {
    if (IDEMPOTENT.includes(method)) continue
    executed.set(`${method} ${path}`, (executed.get(`${method} ${path}`) ?? 0) + 1)
  }
  const twice = [...executed].filter(([, count]) => count > 1)
  expect(twice, '(d) a request that is not idempotent is executed at most once').toEqual([])

  expect(tap.validator.faults.join(), '(f) every frame we sent was legal').toBe('')

  for (const { settled } of run.asked) if (settled?.error instanceof H2Error) checkError(settled.error)
}

/** Waits for handles to go. */
export async function handlesAre(before: string): Promise<void> {
  for (let i = 0; i < PATIENCE && handles() !== before; i++) await setImmediate()
}

/** Waits until the client has read everything and said everything. */
async function quiet(run: Run): Promise<void> {
  if (alive(run) && !run.silent) {
    const { connection } = run.peer
    await Promise.race([connection.sync().catch(() => connection.closed), connection.closed])
  }
  await setImmediate()
  await run.clock.advance(0)
}

function alive(run: Run): boolean {
  const { connections } = run.peer
  return run.tap.dials === 1 && run.tap.open === 1 && connections.length === 1 && run.conn.state === 'open'
}

/** (g) An error says what failed, which rule, who began it, and whether to send again. */
function checkError(error: H2Error): void {
  expect(error.code, '(g) code').toMatch(/^H2_[A-Z0-9_]+$/)
  expect(['stream', 'connection', 'transport'], '(g) scope').toContain(error.scope)
  expect(['user', 'local', 'peer'], '(g) initiator').toContain(error.initiator)
  expect(['no', 'unknown', 'yes'], '(g) processed').toContain(error.processed)
  expect(typeof error.retryable, '(g) retryable').toBe('boolean')
  expect(Number.isInteger(error.errorCode), '(g) errorCode').toBe(true)
  expect(error.errorName, '(g) errorName').not.toBe('')
  expect(error.message, '(g) what failed: which rule').toMatch(/.: ./)
  if (error.processed !== 'no') expect(error.retryable, '(g) never retryable once processed').toBe(false)
}
