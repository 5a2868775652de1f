/** Fault scenarios of time, of windows and of origins, as a pool meets them: idleness, sleep, security contexts. */
import { setImmediate } from 'node:timers/promises'
import { expect } from 'vitest'
import { Client } from '../../src/index.ts'
import { data, fieldOf, headers, type PeerConnection, ping } from '../../src/testing/index.ts'
import { answer, type PoolRun } from './pool-run.ts'
import { poolScenario } from './scenario.ts'
import { certificate, Patient } from './stage.ts'

poolScenario(
  '#103 100 bodies that nobody reads: each holds up itself alone, and a request beside them is answered at once',
  {
    huge: true,
    client: { limits: { connectionWindowSize: 65_535 }, maxConnectionsPerOrigin: 2 },
    peer: { settings: { maxConcurrentStreams: 101 } },
  },
  async (run) => {
    const full = await run.warm()
    const patient = new Patient()
    const unread = Array.from({ length: 100 }, (_, i) => run.request('GET', `/${i}`, {}, patient.read))
    await full.until(headers(201))
    for (let streamId = 3; streamId <= 201; streamId += 2) {
      full.send(headers(streamId).status(200), data(streamId, 'x'.repeat(500)))
    }
    for (let round = 0; round < 3; round++) {
      await full.sync()
      for (let streamId = 3; streamId <= 201; streamId += 2) full.send(data(streamId, 'x'.repeat(500)))
    }
    await full.sync()
    await run.usable(full)
    patient.release()
    for (let streamId = 3; streamId <= 201; streamId += 2) full.send(data(streamId, 'end').endStream())
    for (const each of unread) await run.answers(each, 200, `${'x'.repeat(2000)}end`)
    expect(run.tap.dials).toBe(1)
  },
)

/** What the client does with a connection that stood idle: it asks first (RFC 9113 §6.7). */
async function askedFirst(run: PoolRun, peer: PeerConnection): Promise<void> {
  const before = peer.requests.length
  const asked = run.get('/asked-first')
  await peer.until(ping())
  expect(peer.requests.length, 'the PING comes before the request').toBe(before)
  await run.serves(peer, asked, '/asked-first')
}

poolScenario(
  '#109 Silence on an idle connection, then a request: it is asked first, and the request goes to a new one within 2 s',
  {},
  async (run) => {
    const first = await run.warm()
    first.stall()
    await run.clock.advance(10_000)
    const asked = run.post('/once')
    await run.elapse(1_999)
    expect(run.tap.dials).toBe(1)
    await run.clock.advance(1)
    await run.serves(await run.peer.accept(), asked, '/once')
    first.resume()
    await run.clock.advance(1_000)
    await first.closed
    expect(run.arrived).toEqual([1, 1])
  },
)

poolScenario(
  '#109 A connection that is idle for less than 10 s is used as it is, one that answers is used again',
  {},
  async (run) => {
    const peer = await run.warm()
    peer.rest()
    await run.clock.advance(9_999)
    await run.usable(peer)
    await run.clock.advance(10_000)
    await askedFirst(run, peer)
    expect(run.tap.dials).toBe(1)
  },
)

poolScenario(
  '#114 Two hours of sleep, of which the monotonic clock knows nothing: idle connections are asked before they are used',
  { cases: { 'the server is there': true, 'it is gone, without a word': false } },
  async (run, there) => {
    const peer = await run.warm()
    run.slept = 7_200_000
    if (there) {
      await askedFirst(run, peer)
      return
    }
    peer.stall()
    const asked = run.post('/once')
    await run.elapse(2_000)
    await run.serves(await run.peer.accept(), asked, '/once')
    peer.resume()
    await run.clock.advance(1_000)
    await peer.closed
  },
)

poolScenario(
  '#120 421, once and for ever: returned as it is, for the connection is the origin’s own already',
  {
    cases: { 'by default': false, 'retry.idempotent': true },
    setup: (idempotent) => ({ client: { retry: { idempotent } } }),
  },
  async (run) => {
    const peer = await run.warm()
    for (const [i, method] of ['GET', 'POST'].entries()) {
      const asked = run.request(method, '/misdirected')
      const { streamId } = await peer.until(headers().field(':path', '/misdirected'))
      peer.send(headers(streamId).status(421).endStream())
      await run.answers(asked, 421)
      expect(run.arrived).toEqual([i + 2])
    }
  },
)

poolScenario(
  '#121 Another name for the same address under the same certificate: a connection of its own',
  {},
  async (run) => {
    const first = await run.warm()
    const { protocol, port } = new URL(run.origin)
    const asked = run.request('GET', `${protocol}//localhost:${port}/other`)
    const second = await run.peer.accept()
    const frame = await second.until(headers().get('/other'))
    expect(fieldOf(frame, ':authority')).toBe(`localhost:${port}`)
    second.send(headers(frame.streamId).status(204).endStream())
    await run.answers(asked, 204)
    await run.usable(first)
    expect(run.arrived).toEqual([2, 1])
  },
)

/** The certificate of a client, changed by the test: what `tls` gives from then on. */
let presented: { ca: string; cert?: string; key?: string }

poolScenario(
  '#122 The same origin with another client certificate, with the same again, and from another client: never shared',
  { only: 'TLS', client: { tls: () => presented } },
  async (run) => {
    const { cert, key } = await certificate()
    const [plain, certified] = [{ ca: cert }, { ca: cert, cert, key }]
    presented = plain
    const first = await run.warm()
    presented = certified
    const second = await run.servedAnew()
    presented = plain
    await run.usable(first)
    presented = certified
    await run.usable(second)
    expect(run.arrived).toEqual([2, 2])
  },
)

poolScenario('#122 Two clients: nothing is shared', {}, async (run) => {
  const first = await run.warm()
  const { cert } = await certificate()
  const other = new Client({ h2c: true, tls: { ca: cert }, clock: run.clock })
  const response = other.request(`${run.origin}/other`)
  const second = await run.peer.accept()
  await answer(second, '/other')
  expect((await response).status).toBe(204)
  await other.close()
  await second.closed
  await run.usable(first)
  expect(run.arrived).toEqual([2, 1])
})

poolScenario(
  '#123 302 to another origin by fetch: authorization, cookie and proxy-authorization stay behind',
  {},
  async (run) => {
    const first = await run.warm()
    const { protocol, port } = new URL(run.origin)
    const fields = {
      authorization: 'Bearer secret',
      cookie: 'id=1',
      'proxy-authorization': 'Basic x',
      'x-own': 'kept',
    }
    const response = run.client.fetch(`${run.origin}/here`, { headers: fields })
    const here = await first.until(headers().get('/here'))
    for (const [name, value] of Object.entries(fields)) expect(fieldOf(here, name)).toBe(value)
    const location = `${protocol}//localhost:${port}/there`
    first.send(headers(here.streamId).status(302).field('location', location).endStream())
    const second = await run.peer.accept()
    const there = await second.until(headers().get('/there'))
    expect(fieldOf(there, 'x-own')).toBe('kept')
    for (const name of ['authorization', 'cookie', 'proxy-authorization']) {
      expect(fieldOf(there, name), name).toBe(undefined)
    }
    second.send(headers(there.streamId).status(204).endStream())
    expect((await response).status).toBe(204)
    await setImmediate()
  },
)
