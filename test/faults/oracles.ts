/**
 * What holds after every run, whatever the peer did: the eight oracles. Each is
 * stated once, here; scenarios say only what is particular to them.
 */
import { setImmediate } from 'node:timers/promises'
import { expect } from 'vitest'
import { H2Error } from '../../src/index.ts'
import { Recording, type Tape } from '../../src/trace/index.ts'
import type { Stage, Standing } from './stage.ts'

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
export async function checkOracles(run: Stage, before: string): Promise<void> {
  await quiet(run)
  const { peer, tap, clock } = run

  const waiting = run.asked.filter(({ settled }) => settled === undefined).map(({ name }) => name)
  expect(waiting, '(a) every request is settled').toEqual([])

  if (!run.silent) for (const standing of run.standing()) checkWindows(run, standing)
  for (const { ledger } of tap.books) expect(ledger.faults, '(c) the window ledger balances').toEqual([])

  const closing = run.close()
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

  expect(executedTwice(run), '(d) a request that is not idempotent is executed at most once').toEqual([])

  for (const { tape } of tap.books) checkRecording(tape)

  for (const { validator } of tap.books) {
    expect(validator.faults.join(), '(f) every frame we sent was legal').toBe('')
  }

  for (const { settled } of run.asked) if (settled?.error instanceof H2Error) checkError(settled.error)
}

function checkWindows(run: Stage, { books, windows }: Standing): void {
  const stats = windows()
  if (stats === undefined) throw new Error('(c) the client does not know a connection that stands')
  expect(books.ledger.window, '(c) all credit was given back').toBe(run.windowSize)
  books.ledger.checkDrained(stats.recvWindow, stats.sendWindow)
  const { sendWindow, recvWindow, openStreams } = books.tape.recording().rebuild()
  expect(
    { sendWindow, recvWindow, streamsOpen: openStreams },
    '(h) what its frames rebuild is what it is',
  ).toEqual({
    sendWindow: stats.sendWindow,
    recvWindow: stats.recvWindow,
    streamsOpen: stats.streamsOpen,
  })
}

/** (h) Whatever the conversation was, it can be written, read and explained, and the parts of a request's time are the whole. */
function checkRecording(tape: Tape): void {
  const recording = Recording.read(tape.recording().write())
  for (const { request, total, parts } of recording.stalls()) {
    expect(recording.explain(request), '(h) explained').toContain(request.url)
    const sum = parts.reduce((all, { ms }) => all + ms, 0)
    expect(sum, '(h) the parts are the whole').toBeCloseTo(total, 6)
  }
}

/** What the peer said that it did nothing about was not executed. */
function executedTwice(run: Stage): string[] {
  const executed = new Map<string, number>()
  run.peer.connections.forEach(({ requests }, connection) => {
    for (const { method, path, streamId } of requests) {
      if (IDEMPOTENT.includes(method) || run.disclaimed(connection, streamId)) continue
      executed.set(`${method} ${path}`, (executed.get(`${method} ${path}`) ?? 0) + 1)
    }
  })
  return [...executed].filter(([, count]) => count > 1).map(([request]) => request)
}

/** Waits for handles to go. */
export async function handlesAre(before: string): Promise<void> {
  for (let i = 0; i < PATIENCE && handles() !== before; i++) await setImmediate()
}

/** Waits until the client has read everything and said everything. */
async function quiet(run: Stage): Promise<void> {
  for (const { peer } of run.silent ? [] : run.standing()) {
    await Promise.race([peer.sync().catch(() => peer.closed), peer.closed])
  }
  await setImmediate()
  await run.clock.advance(0)
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
