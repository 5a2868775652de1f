/** Fault scenarios 83 to 95: GOAWAY and the end of a connection (RFC 9113 §5.4.1, §6.8, §8.7). */
import { setImmediate } from 'node:timers/promises'
import { expect } from 'vitest'
import { data, goaway, headers, type PeerConnection } from '../../src/testing/index.ts'
import { type Asked, Patient, type Run } from './run.ts'
import { ENHANCE_YOUR_CALM, INTERNAL_ERROR, NO_ERROR, PROTOCOL_ERROR, scenario } from './scenario.ts'

const NOT_PROCESSED = {
  code: 'H2_GOAWAY',
  scope: 'connection',
  initiator: 'peer',
  processed: 'no',
  retryable: true,
}

async function served(run: Run, peer: PeerConnection, asked: Asked, path: string): Promise<void> {
  const { streamId } = await peer.until(headers().get(path))
  peer.send(headers(streamId).status(204).endStream())
  await run.answers(asked, 204)
}

scenario(
  '#83 GOAWAY, then served on: open streams finish, new ones take a new connection',
  {},
  async (run) => {
    const open = await run.opened('/open')
    const first = run.peer.connection
    first.send(goaway(1, NO_ERROR))
    await first.sync()
    const next = run.get('/next')
    await served(run, await run.peer.accept(), next, '/next')
    first.send(headers(1).status(200), data(1, 'still').endStream())
    await run.answers(open, 200, 'still')
    expect(first.requests).toHaveLength(1)
    await first.closed
  },
)

scenario(
  '#84 GOAWAY 2^31-1, a round trip later GOAWAY of the last, FIN: no request fails',
  {},
  async (run) => {
    const load = (from: number) => Array.from({ length: 20 }, (_, i) => run.get(`/${from + i}`))
    const answer = async (peer: PeerConnection): Promise<void> => {
      for (let i = 0; i < 20; i++) {
        const { streamId } = await peer.until(headers())
        peer.send(headers(streamId).status(204).endStream())
      }
    }
    load(0)
    const first = await run.peer.accept()
    await first.sync()
    first.send(goaway(2 ** 31 - 1, NO_ERROR))
    await first.sync()
    load(20)
    const second = await run.peer.accept()
    await Promise.all([answer(first), answer(second)])
    first.send(goaway(39, NO_ERROR))
    first.end()
    for (const asked of run.asked) await run.answers(asked, 204)
    expect([first.requests.length, second.requests.length]).toEqual([20, 20])
  },
)

scenario('#85 GOAWAY of 0 with 5 in flight: each is proved untouched', {}, async (run) => {
  const asked = Array.from({ length: 5 }, (_, i) => run.post(`/${i}`, 'x'))
  await run.peer.until(data(9).endStream())
  run.peer.send(goaway(0, NO_ERROR))
  for (const each of asked) await run.fails(each, NOT_PROCESSED)
})

scenario(
  '#86 GOAWAY of 3 with 1, 3, 5, 7: 1 and 3 complete, 5 and 7 are proved untouched',
  {},
  async (run) => {
    const asked = ['/1', '/3', '/5', '/7'].map((path) => run.get(path))
    await run.peer.until(headers(7))
    run.peer.send(goaway(3, NO_ERROR), headers(1).status(201).endStream(), headers(3).status(203).endStream())
    await run.answers(asked[0]!, 201)
    await run.answers(asked[1]!, 203)
    await run.fails(asked[2]!, { ...NOT_PROCESSED, streamId: 5 })
    await run.fails(asked[3]!, { ...NOT_PROCESSED, streamId: 7 })
  },
)

scenario('#87 A second GOAWAY with a larger identifier: C:PROTOCOL_ERROR', {}, async (run) => {
  await run.opened()
  run.peer.send(goaway(1, NO_ERROR), goaway(3, NO_ERROR))
  await run.connectionError(PROTOCOL_ERROR)
})

scenario('#87 A second GOAWAY with a smaller identifier: applied', {}, async (run) => {
  const one = await run.opened('/1')
  const three = await run.opened('/3')
  run.peer.send(goaway(3, NO_ERROR), goaway(1, NO_ERROR), headers(1).status(204).endStream())
  await run.answers(one, 204)
  await run.fails(three, NOT_PROCESSED)
})

scenario(
  '#88 GOAWAY at once on every connection: an error for each request, one dial for each',
  {},
  async (run) => {
    for (let i = 1; i <= 3; i++) {
      const asked = run.get()
      const peer = await run.peer.accept()
      await peer.until(headers(1))
      peer.send(goaway(0, NO_ERROR))
      await run.fails(asked, NOT_PROCESSED)
      await peer.closed
      expect(run.tap.dials).toBe(i)
    }
  },
)

scenario(
  '#89 GOAWAY ENHANCE_YOUR_CALM "too_many_pings": code and text are told, and logged',
  {},
  async (run) => {
    const asked = await run.opened()
    run.peer.send(goaway(0, ENHANCE_YOUR_CALM, 'too_many_pings'))
    const like = { errorName: 'ENHANCE_YOUR_CALM', debugData: 'too_many_pings' }
    await run.fails(asked, { ...NOT_PROCESSED, ...like })
  },
)

scenario(
  '#90 GOAWAY INTERNAL_ERROR, then TCP RST: unknown whether processed, a POST is not repeated',
  {},
  async (run) => {
    const asked = run.post('/once', 'x')
    await run.peer.until(data(1).endStream())
    run.peer.send(goaway(1, INTERNAL_ERROR))
    await run.peer.sync()
    run.peer.reset()
    await run.fails(asked, {
      message: 'connection failed: closed by the peer with GOAWAY, INTERNAL_ERROR (RFC 9113 §6.8)',
      processed: 'unknown',
      retryable: false,
      initiator: 'peer',
    })
    expect(run.peer.executions('POST')).toBe(1)
  },
)

scenario(
  '#90 GOAWAY with an error, and the connection stays open: what had no answer fails after a second',
  { peer: { hangUp: false }, client: { keepAlive: false, timeouts: { headers: 0 } } },
  async (run) => {
    const asked = run.post('/once', 'x')
    await run.peer.until(data(1).endStream())
    run.peer.send(goaway(1, INTERNAL_ERROR, 'out of order'))
    await run.peer.sync()
    await run.clock.advance(999)
    expect(run.conn.state).toBe('draining')
    await run.clock.advance(1)
    await run.fails(asked, {
      code: 'H2_GOAWAY',
      message:
        'connection failed: GOAWAY with INTERNAL_ERROR, and not closed in 1000 ms (RFC 9113 §5.4.1); the peer said "out of order"',
      processed: 'unknown',
      initiator: 'peer',
      debugData: 'out of order',
    })
    await run.clock.advance(1000)
    await run.gone()
  },
)

scenario(
  '#90 GOAWAY with an error, and the answer goes on: it is taken as long as no second passes in silence',
  { peer: { hangUp: false }, client: { keepAlive: false } },
  async (run) => {
    const asked = await run.opened()
    run.peer.send(goaway(1, INTERNAL_ERROR), headers(1).status(200))
    await run.peer.sync()
    for (let i = 0; i < 5; i++) {
      await run.clock.advance(900)
      run.peer.send(data(1, 'x'))
      await run.peer.sync()
    }
    expect(run.conn.state).toBe('draining')
    run.peer.send(data(1, '').endStream())
    await run.answers(asked, 200)
    await run.peer.until(goaway(0, NO_ERROR))
    await run.clock.advance(1000)
    await run.gone()
  },
)

scenario(
  '#90 GOAWAY with an error, and an answer within the second: it is taken',
  { peer: { hangUp: false }, client: { keepAlive: false } },
  async (run) => {
    const asked = await run.opened()
    run.peer.send(goaway(1, INTERNAL_ERROR))
    await run.peer.sync()
    await run.clock.advance(999)
    run.peer.send(headers(1).status(204).endStream())
    await run.answers(asked, 204)
    await run.peer.until(goaway(0, NO_ERROR))
    await run.clock.advance(1000)
    await run.gone()
  },
)

scenario(
  '#91 GOAWAY, and the server keeps the connection open: we close it once nothing is open',
  { peer: { hangUp: false } },
  async (run) => {
    const asked = await run.opened()
    run.peer.send(goaway(1, NO_ERROR))
    await run.peer.sync()
    run.peer.send(headers(1).status(204).endStream())
    await run.answers(asked, 204)
    await run.peer.until(goaway(0, NO_ERROR))
    await run.clock.advance(1000)
    await run.gone()
  },
)

scenario(
  '#91 GOAWAY, and what is open gets no answer, no more of its body, or no reader: deadlines end it',
  {
    peer: { hangUp: false },
    client: { keepAlive: false, timeouts: { headers: 60_000, bodyIdle: 60_000 } },
  },
  async (run) => {
    await run.ready()
    const unanswered = await run.opened('/unanswered')
    const stalled = await run.opened('/stalled')
    const read = new Patient()
    const unread = run.request('GET', '/unread', {}, read.read)
    await run.peer.until(headers(5))
    const head = (id: number) => headers(id).status(200)
    run.peer.send(head(3), data(3, 'some'), head(5), data(5, 'some'), goaway(5, NO_ERROR))
    await run.peer.sync()
    await run.clock.advance(59_999)
    expect(run.conn.state).toBe('draining')
    await run.clock.advance(1)
    await run.fails(unanswered, { code: 'H2_TIMEOUT_HEADERS', processed: 'unknown', retryable: false })
    read.release()
    for (const late of [stalled, unread]) {
      await run.fails(late, { code: 'H2_TIMEOUT_BODY', processed: 'yes', retryable: false })
    }
    await run.peer.until(goaway(0, NO_ERROR))
    await run.clock.advance(1000)
    await run.gone()
  },
)

scenario(
  '#91 GOAWAY, and a body that comes an octet each 50 s: ended when timeouts.drain has passed, to the millisecond',
  { peer: { hangUp: false }, client: { keepAlive: false, timeouts: { drain: 300_000 } } },
  async (run) => {
    await run.ready()
    const asked = run.post('/', 'x')
    await run.peer.until(data(1).endStream())
    run.peer.send(headers(1).status(200), goaway(0x7fffffff, NO_ERROR))
    await run.peer.sync()
    for (let i = 0; i < 5; i++) {
      await run.clock.advance(50_000)
      // A second GOAWAY does not begin the time anew.
      run.peer.send(data(1, 'x'), goaway(1, NO_ERROR))
      await run.peer.sync()
    }
    await run.clock.advance(49_999)
    expect(asked.settled).toBe(undefined)
    await run.clock.advance(1)
    await run.fails(asked, {
      code: 'H2_TIMEOUT_DRAIN',
      scope: 'connection',
      initiator: 'local',
      errorCode: NO_ERROR,
      processed: 'yes',
      retryable: false,
    })
    await run.peer.until(goaway(0, NO_ERROR))
    await run.clock.advance(1000)
    await run.gone()
  },
)

scenario(
  '#92 GOAWAY with 16 KiB of debug data, ESC and CRLF in it: at most 1 KiB is kept, escaped',
  {},
  async (run) => {
    const asked = await run.opened()
    run.peer.send(goaway(0, NO_ERROR, `\x1b[31mred\r\n${'x'.repeat(16_300)}`))
    await run.fails(asked, NOT_PROCESSED)
    const { error } = await asked.outcome
    const { debugData, message } = error as { debugData: string; message: string }
    expect(debugData).toMatch(/^\\x1b\[31mred\\x0d\\x0a[x]+…$/)
    expect(debugData.length).toBeLessThan(1100)
    expect(message.length, 'a message repeats some of it').toBeLessThan(400)
    expect(message).not.toMatch(/[^ -~§…]/)
  },
)

/** The states in which a connection breaks. */
type State = 'idle' | 'head' | 'body' | 'upload'
const STATES: Readonly<Record<string, State>> = {
  idle: 'idle',
  'in a head': 'head',
  'in a body': 'body',
  'in an upload': 'upload',
}

async function broken(
  run: Run,
  state: State,
  breaks: (peer: PeerConnection) => void,
): Promise<Asked | undefined> {
  if (state === 'idle') {
    await run.ready()
    breaks(run.peer.connection)
    return undefined
  }
  const asked = state === 'upload' ? run.post('/up', new ReadableStream()) : run.get()
  await run.peer.until(headers(1))
  if (state === 'body') run.peer.send(headers(1).status(200), data(1, 'some'))
  await run.peer.sync()
  if (state === 'head') {
    const before = run.tap.octetsReceived
    run.peer.send(headers(1).status(200).toBytes().subarray(0, 11))
    // RST together with data is FIN to Node.
    while (run.tap.octetsReceived < before + 11) await setImmediate()
  }
  breaks(run.peer.connection)
  return asked
}

async function servedAgain(run: Run): Promise<void> {
  const again = run.get('/again')
  const peer = await run.peer.accept()
  await served(run, peer, again, '/again')
}

for (const [how, breaks] of [
  ['#93 FIN without GOAWAY', (peer: PeerConnection) => peer.end()],
  ['#94 TCP RST', (peer: PeerConnection) => peer.reset()],
] as const) {
  scenario(
    `${how}: idle, in a head, in a body, in an upload: told truly, and the next request dials`,
    { cases: STATES },
    async (run, state) => {
      const asked = await broken(run, state, breaks)
      if (asked !== undefined) {
        const processed = state === 'body' ? 'yes' : 'unknown'
        const like = { code: 'H2_CONNECTION_CLOSED', scope: 'transport', initiator: 'peer', retryable: false }
        await run.fails(asked, { ...like, processed })
        const { error } = await asked.outcome
        if (how.startsWith('#94')) expect(error).toMatchObject({ cause: { code: 'ECONNRESET' } })
      }
      await run.gone()
      await servedAgain(run)
    },
  )
}

scenario(
  '#95 The server closes an idle connection as we send: told truly, executed at most once',
  {},
  async (run) => {
    await run.ready()
    const asked = run.post('/once', 'x')
    run.peer.end()
    await run.fails(asked, { code: 'H2_CONNECTION_CLOSED', scope: 'transport' })
    expect(run.peer.executions('POST')).toBeLessThan(2)
    await run.gone()
    await servedAgain(run)
  },
)
