/** Fault scenarios of connection start and of SETTINGS, as a pool meets them (RFC 9113 §3, §5.1.2). */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import { expect } from 'vitest'
import { headers, settings } from '../../src/testing/index.ts'
import type { Lookup } from '../../src/transport/transport.ts'
import { answerAll, answerHttp1 } from './pool-run.ts'
import { poolScenario } from './scenario.ts'

/**
 * An address that takes SYN and never answers: a listener whose thread stands
 * still, and whose queue is full.
 */
class BlackHole {
  readonly #worker: Worker
  readonly #fillers: Socket[] = []

  private constructor(worker: Worker) {
    this.#worker = worker
  }

  static async open(host: string, port: number): Promise<BlackHole> {
    const worker = new Worker(
      `const { parentPort } = require('node:worker_threads')
      const server = require('node:net').createServer()
      server.listen({ host: '${host}', port: ${port}, backlog: 1 }, () => {
        parentPort.postMessage('listening')
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
      })`,
      { eval: true },
    )
    const hole = new BlackHole(worker)
    await once(worker, 'message')
    // One more than the queue holds, as Linux counts.
    for (let i = 0; i < 2; i++) {
      const filler = connect(port, host)
      hole.#fillers.push(filler)
      await once(filler, 'connect')
    }
    return hole
  }

  async close(): Promise<void> {
    for (const filler of this.#fillers) filler.destroy()
    await this.#worker.terminate()
  }
}

/** Connections of an origin that answers nothing: one, and three more for what waits. */
const MOST_DIALS = 4

poolScenario(
  '#1 The server accepts TCP and never speaks: typed timeout for every waiter, and no storm of dials',
  { server: 'plain', peer: { settings: false }, client: { timeouts: { tls: 40 } } },
  async (run) => {
    const asked = run.burst(10)
    if (run.link === 'TCP') {
      for (let i = 0; i < MOST_DIALS; i++) {
        await run.accepted()
        await run.clock.advance(10_500)
      }
    }
    const code = run.link === 'TLS' ? 'H2_TIMEOUT_TLS' : 'H2_TIMEOUT_PREFACE'
    await run.fails(asked[0]!, { code })
    for (const each of asked) await run.fails(each, run.link === 'TLS' ? { code } : {})
    expect(run.peer.connections.length).toBe(run.link === 'TLS' ? 1 : MOST_DIALS)
  },
)

poolScenario(
  '#2 ALPN chooses nothing, or HTTP/1.1: that is spoken, and no octet of HTTP/2',
  {
    only: 'TLS',
    cases: { none: null, 'http/1.1': 'http/1.1' },
    setup: (alpn) => ({ peer: { alpn, settings: false } }),
  },
  async (run) => {
    const asked = run.post('/once')
    await answerHttp1(await run.peer.accept())
    await run.answers(asked, 204)
    expect((await asked.outcome).response?.httpVersion).toBe('1.1')
    expect(run.tap.books, 'no connection of HTTP/2').toEqual([])
  },
)

poolScenario(
  '#5 Silence after the handshake: who was sent is told, who waited is tried elsewhere and told at last',
  { peer: { settings: false } },
  async (run) => {
    const [first, ...rest] = run.burst(10)
    for (let i = 0; i < MOST_DIALS; i++) {
      const peer = await run.accepted()
      await peer.until(headers(1))
      await run.clock.advance(9_999)
      if (i === 0) expect(first!.settled).toBe(undefined)
      await run.clock.advance(501)
    }
    await run.fails(first!, { code: 'H2_TIMEOUT_PREFACE', processed: 'unknown', retryable: false })
    for (const each of rest) await each.outcome
    const untouched = rest.filter(
      ({ settled }) => (settled!.error as { processed: string }).processed === 'no',
    )
    expect(untouched).toHaveLength(10 - MOST_DIALS)
    const message = expect.stringMatching(/end unanswered, the last: .*SETTINGS/)
    for (const each of untouched) await run.fails(each, { scope: 'connection', retryable: true, message })
    expect(run.arrived).toEqual(new Array(MOST_DIALS).fill(1))
  },
)

poolScenario(
  '#7 The server closes right after the handshake, then accepts: what waited is served, what was sent may have been',
  {
    cases: { 'by default': false, 'retry.idempotent': true },
    setup: (idempotent) => ({ peer: { settings: false }, client: { retry: { idempotent } } }),
  },
  async (run, idempotent) => {
    const [sent, ...waiting] = run.burst(5)
    const first = await run.accepted()
    await first.until(headers(1))
    first.end()
    if (!idempotent) await run.fails(sent!, { code: 'H2_CONNECTION_CLOSED', processed: 'unknown' })
    await run.elapse(0)
    const second = await run.peer.accept()
    second.send(settings())
    const served = idempotent ? [sent!, ...waiting] : waiting
    await answerAll(second, served.length)
    for (const each of served) await run.answers(each, 204)
    expect(run.tap.dials).toBe(2)
  },
)

poolScenario('#13 100 requests to a cold origin: one dial, and all share it', {}, async (run) => {
  const asked = run.burst(100)
  await answerAll(await run.peer.accept(), 100)
  for (const each of asked) await run.answers(each, 204)
  expect(run.tap.dials).toBe(1)
})

poolScenario(
  '#15 MAX_CONCURRENT_STREAMS 0 for ever: requests fail at their deadline, and no second connection is tried',
  { peer: { settings: { maxConcurrentStreams: 0 } } },
  async (run) => {
    // What is sent before SETTINGS came is the one request that such a peer sees.
    const [early, ...rest] = run.burst(10)
    const peer = await run.accepted()
    await peer.until(headers(1))
    await peer.sync()
    await run.clock.advance(30_000)
    for (const each of rest) {
      await run.fails(each, { code: 'H2_TIMEOUT_QUEUE', processed: 'no', retryable: true })
    }
    peer.send(headers(1).status(204).endStream())
    await run.answers(early!, 204)
    expect(run.tap.dials).toBe(1)
    expect(run.arrived).toEqual([1])
  },
)

/** Addresses as a resolver gives them that prefers the one that leads nowhere. */
const twoAddresses: Lookup = (_host, options, callback) => {
  const addresses = ['127.0.0.2', '127.0.0.1'].map((address) => ({ address, family: 4 }))
  if (options.all === true) callback(null, addresses)
  else callback(null, addresses[0]!.address, 4)
}

poolScenario(
  '#12 The first address swallows everything, the second is good: the second serves, over one connection',
  { uncut: true, host: 'localhost', client: { lookup: twoAddresses } },
  async (run) => {
    const { port } = new URL(run.origin)
    const hole = await BlackHole.open('127.0.0.2', Number(port))
    try {
      const asked = run.burst(20)
      const peer = await run.peer.accept()
      await answerAll(peer, 20)
      for (const each of asked) await run.answers(each, 204)
      await run.usable(peer)
      expect(run.tap.dials).toBe(1)
    } finally {
      await hole.close()
    }
  },
)
