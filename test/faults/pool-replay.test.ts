/** Fault scenarios of RST_STREAM, GOAWAY and lost connections, as a pool repairs them (RFC 9113 §6.8, §8.7). */
import { setImmediate } from 'node:timers/promises'
import { expect } from 'vitest'
import {
  data,
  goaway,
  headers,
  type PeerConnection,
  ping,
  rstStream,
  settings,
  settingsAck,
  windowUpdate,
} from '../../src/testing/index.ts'
import { answer, answerAll, answerHttp1, type PoolRun } from './pool-run.ts'
import {
  CANCEL,
  ENHANCE_YOUR_CALM,
  HTTP_1_1_REQUIRED,
  INTERNAL_ERROR,
  NO_ERROR,
  PROTOCOL_ERROR,
  poolScenario,
  REFUSED_STREAM,
} from './scenario.ts'
import type { Asked } from './stage.ts'

/** Longer than any retry is put off for. */
const PUT_OFF_MS = 500
const REPEATS = { client: { retry: { idempotent: true } } }

poolScenario('#75 REFUSED_STREAM once, then 200: one replay, one execution', {}, async (run) => {
  const asked = run.post('/once')
  const peer = await run.peer.accept()
  await peer.until(data(1).endStream())
  peer.send(rstStream(1, REFUSED_STREAM))
  await peer.until(headers(3).post('/once'))
  await peer.until(data(3).endStream())
  peer.send(headers(3).status(200).endStream())
  await run.answers(asked, 200)
  expect(run.arrived).toEqual([2])
})

poolScenario('#76 REFUSED_STREAM for ever: three replays, then an error', {}, async (run) => {
  const asked = run.post('/refused')
  const peer = await run.peer.accept()
  for (let streamId = 1; streamId <= 7; streamId += 2) {
    await peer.until(data(streamId).endStream())
    peer.send(rstStream(streamId, REFUSED_STREAM))
    await peer.sync()
    await run.clock.advance(PUT_OFF_MS)
  }
  await run.fails(asked, { code: 'H2_STREAM_REFUSED', processed: 'no', retryable: true })
  expect(run.arrived).toEqual([4])
  await run.usable(peer)
})

poolScenario(
  '#77 REFUSED_STREAM behind the response head: no replay, the body rejects',
  REPEATS,
  async (run) => {
    const asked = run.get()
    const peer = await run.peer.accept()
    await peer.until(headers(1))
    peer.send(headers(1).status(200), data(1, 'some'), rstStream(1, REFUSED_STREAM))
    await run.fails(asked, { errorCode: REFUSED_STREAM, processed: 'yes', retryable: false })
    await run.clock.advance(PUT_OFF_MS)
    await run.usable(peer)
    expect(run.arrived).toEqual([2])
  },
)

poolScenario(
  '#78 CANCEL, INTERNAL_ERROR, ENHANCE_YOUR_CALM, PROTOCOL_ERROR, 0xdead: told, nothing is repeated, the connection stays',
  { ...REPEATS, cases: { CANCEL, INTERNAL_ERROR, ENHANCE_YOUR_CALM, PROTOCOL_ERROR, '0xdead': 0xdead } },
  async (run, errorCode) => {
    const asked = [run.post('/once'), run.get('/twice')]
    const peer = await run.peer.accept()
    await peer.until(headers(3))
    peer.send(rstStream(1, errorCode), rstStream(3, errorCode))
    for (const each of asked) {
      await run.fails(each, { code: 'H2_STREAM_RESET', errorCode, processed: 'unknown', retryable: false })
    }
    await run.clock.advance(PUT_OFF_MS)
    await run.usable(peer)
    expect(run.arrived).toEqual([3])
  },
)

poolScenario(
  '#79 HTTP_1_1_REQUIRED: sent again by HTTP/1.1, once, and remembered',
  { only: 'TLS', peer: { alpn: ['h2', 'http/1.1'], settings: false } },
  async (run) => {
    const asked = run.post('/once')
    const first = await run.peer.accept()
    await first.until(data(1).endStream())
    first.send(settings(), settingsAck(), rstStream(1, HTTP_1_1_REQUIRED))
    await answerHttp1(await run.peer.accept())
    await run.answers(asked, 204)
    await first.closed

    const again = run.get('/again')
    // Two connections in a row have ended.
    await run.elapse(PUT_OFF_MS)
    await answerHttp1(await run.peer.accept())
    await run.answers(again, 204)
    expect((await again.outcome).response?.httpVersion).toBe('1.1')
    expect(run.tap.books, 'connections of HTTP/2').toHaveLength(1)
  },
)

poolScenario(
  '#83 GOAWAY, then served on: open streams finish, new ones take a new connection',
  {},
  async (run) => {
    const open = run.get('/open')
    const first = await run.peer.accept()
    await first.until(headers(1))
    first.send(goaway(1, NO_ERROR))
    await first.sync()
    const second = await run.servedAnew()
    first.send(headers(1).status(200), data(1, 'still').endStream())
    await run.answers(open, 200, 'still')
    await first.closed
    await run.usable(second)
    expect(run.arrived).toEqual([1, 2])
  },
)

poolScenario(
  '#84 A rolling restart under 1,000 requests: GOAWAY 2^31-1, a round trip later GOAWAY of the last, FIN: none fails',
  { huge: true, peer: { settings: { maxConcurrentStreams: 1000 } } },
  async (run) => {
    await run.warm()
    const first = run.peer.connection
    const before = Array.from({ length: 80 }, (_, i) => run.post(`/a${i}`))
    await first.until(headers(161))
    first.send(goaway(2 ** 31 - 1, NO_ERROR))
    await first.sync()
    const after = Array.from({ length: 920 }, (_, i) => run.post(`/b${i}`))
    const second = await run.peer.accept()
    const serving = answerAll(second, 920)
    for (let streamId = 3; streamId <= 161; streamId += 2)
      first.send(headers(streamId).status(204).endStream())
    first.send(goaway(161, NO_ERROR))
    first.end()
    await serving
    for (const each of [...before, ...after]) await run.answers(each, 204)
    expect(run.tap.dials).toBe(2)
  },
)

poolScenario(
  '#85 GOAWAY of 0 with 5 in flight: each is replayed once on a new connection',
  {},
  async (run) => {
    const first = await run.warm()
    const asked = Array.from({ length: 5 }, (_, i) => run.post(`/${i}`))
    await first.until(data(11).endStream())
    first.send(goaway(0, NO_ERROR))
    await answerAll(await run.peer.accept(), 5)
    for (const each of asked) await run.answers(each, 204)
    expect(run.arrived).toEqual([6, 5])
  },
)

poolScenario('#86 GOAWAY of 3 with 1, 3, 5, 7: 1 and 3 complete, 5 and 7 are replayed', {}, async (run) => {
  const asked = ['/1', '/3', '/5', '/7'].map((path) => run.post(path))
  const first = await run.peer.accept()
  await first.until(data(7).endStream())
  first.send(goaway(3, NO_ERROR), headers(1).status(201).endStream(), headers(3).status(203).endStream())
  const second = await run.peer.accept()
  await answer(second, '/5')
  await answer(second, '/7')
  const statuses = [201, 203, 204, 204]
  for (const [i, each] of asked.entries()) await run.answers(each, statuses[i]!)
  expect(run.arrived).toEqual([4, 2])
})

poolScenario(
  '#88 GOAWAY at once on every connection: bounded tries, later and later, then an error',
  {},
  async (run) => {
    const asked = run.burst(20)
    while (asked.some(({ settled }) => settled === undefined)) {
      const peer = await run.peer.accept()
      await peer.until(headers(1))
      peer.send(goaway(0, NO_ERROR))
      await peer.closed
      await run.elapse(PUT_OFF_MS)
    }
    for (const each of asked) await run.fails(each, { code: 'H2_GOAWAY', processed: 'no', retryable: true })
    expect(run.tap.dials).toBeGreaterThan(1)
    expect(run.tap.dials).toBeLessThanOrEqual(4)
  },
)

poolScenario(
  '#89 GOAWAY ENHANCE_YOUR_CALM "too_many_pings": the next dial waits, and its PINGs are half as many',
  { client: { timeouts: { headers: 0 } } },
  async (run) => {
    const first = await run.warm()
    first.send(goaway(1, ENHANCE_YOUR_CALM, 'too_many_pings'))
    await first.closed
    const asked = run.get('/calm')
    await run.elapse(999)
    expect(run.tap.dials).toBe(1)
    await run.clock.advance(1)
    const second = await run.peer.accept()
    await second.until(headers(1))
    await second.sync()
    second.rest()
    await run.clock.advance(59_000)
    await run.elapse(0)
    expect(second.rest().filter(isPing)).toHaveLength(0)
    await run.clock.advance(1_000)
    await second.until(ping())
    second.send(headers(1).status(204).endStream())
    await run.answers(asked, 204)
  },
)

function isPing({ type, flags }: { type: number; flags: number }): boolean {
  return type === 6 && flags === 0
}

poolScenario(
  '#90 GOAWAY INTERNAL_ERROR, then TCP RST: a POST it may have acted on fails, a GET may be repeated, the rest are replayed',
  REPEATS,
  async (run) => {
    const [acted, repeated, untouched] = [run.post('/acted'), run.get('/repeated'), run.post('/untouched')]
    const first = await run.peer.accept()
    await first.until(data(5).endStream())
    first.send(goaway(3, INTERNAL_ERROR))
    await first.sync()
    first.reset()
    const second = await run.peer.accept()
    await run.fails(acted, { processed: 'unknown', retryable: false, initiator: 'peer' })
    await answer(second)
    await answer(second)
    await run.answers(untouched, 204)
    await run.answers(repeated, 204)
    expect(run.peer.executions('POST', '/acted')).toBe(1)
  },
)

poolScenario(
  '#91 GOAWAY, and the server keeps the connection for ever: others go elsewhere, and timeouts.drain ends it',
  { peer: { hangUp: false }, client: { keepAlive: false, timeouts: { drain: 50_000 } } },
  async (run) => {
    const stuck = run.get('/stuck')
    const first = await run.peer.accept()
    await first.until(headers(1))
    first.send(goaway(1, NO_ERROR))
    await first.sync()
    const second = await run.servedAnew()
    await run.clock.advance(49_999)
    expect(stuck.settled).toBe(undefined)
    await run.clock.advance(1)
    await run.fails(stuck, { code: 'H2_TIMEOUT_DRAIN', processed: 'unknown', retryable: false })
    await first.until(goaway(0, NO_ERROR))
    await run.clock.advance(1000)
    while (run.tap.open > 1) await setImmediate()
    await run.usable(second)
  },
)

/** The states in which a connection breaks, and how a GET ends that may be repeated. */
const STATES = {
  idle: { repeated: false, processed: undefined },
  'in a head': { repeated: true, processed: 'unknown' },
  'in a body': { repeated: false, processed: 'yes' },
  'in an upload': { repeated: false, processed: 'unknown' },
} as const

for (const [how, breaks] of [
  ['#93 FIN without GOAWAY', (peer: PeerConnection) => peer.end()],
  ['#94 TCP RST', (peer: PeerConnection) => peer.reset()],
] as const) {
  for (const [state, { repeated, processed }] of Object.entries(STATES)) {
    poolScenario(
      `${how}, ${state}: ${repeated ? 'a GET is repeated if the caller said so' : 'nothing is repeated'}, and the next request dials`,
      {
        cases: { 'by default': false, 'retry.idempotent': true },
        setup: (idempotent) => ({ client: { retry: { idempotent } } }),
      },
      async (run, idempotent) => {
        const peer = await run.warm()
        const asked = await inState(run, peer, state)
        breaks(peer)
        if (repeated && idempotent) await run.serves(await run.peer.accept(), asked!, '/asked')
        else if (asked !== undefined) await run.fails(asked, { code: 'H2_CONNECTION_CLOSED', processed })
        await peer.closed
        if (asked === undefined) await run.gone()
        if (repeated && idempotent) await run.usable(run.peer.connection)
        else await run.servedAnew()
        expect(run.tap.dials).toBe(2)
      },
    )
  }
}

/** A request in this state on the connection; undefined for `idle`. */
async function inState(run: PoolRun, peer: PeerConnection, state: string): Promise<Asked | undefined> {
  if (state === 'idle') return undefined
  const asked = state === 'in an upload' ? run.post('/asked', new ReadableStream(), {}) : run.get('/asked')
  await peer.until(headers(3))
  if (state === 'in a body') {
    peer.send(headers(3).status(200), data(3, 'some'))
  } else if (state === 'in a head') {
    peer.send(headers(3).status(200).toBytes().subarray(0, 11))
  } else peer.send(windowUpdate(3, 1))
  // A PING cannot stand within a field block.
  if (state !== 'in a head') await peer.sync()
  return asked
}

poolScenario(
  '#95 The server closes an idle connection exactly as we send: a GET is served, a POST is executed at most once',
  REPEATS,
  async (run) => {
    const first = await run.warm()
    const [get, post] = [run.get('/get'), run.post('/post')]
    first.end()
    const second = await run.peer.accept()
    await run.serves(second, get, '/get')
    await run.fails(post, { code: 'H2_CONNECTION_CLOSED', processed: 'unknown', retryable: false })
    await run.usable(second)
  },
)
