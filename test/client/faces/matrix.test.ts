/**
 * What clients of HTTP/2 get wrong, one row each, against a scripted server:
 * the same scenarios by `Client.request` and by `Client.fetch`.
 */
import { describe, expect, test } from 'vitest'
import { Client, type ClientOptions, type Informational } from '../../../src/index.ts'
import {
  continuation,
  data,
  goaway,
  headers,
  hpackInteger,
  hpackString,
  type PeerConnection,
  rstStream,
  ScriptedPeer,
  type ScriptedPeerOptions,
  VirtualClock,
} from '../../../src/testing/index.ts'
import { concat } from '../../support/wire.ts'

const NO_ERROR = 0
const REFUSED_STREAM = 7
const ENHANCE_YOUR_CALM = 11

/** What a caller sees of a response, however it was asked for. */
interface Answer {
  readonly status: number
  readonly text: string
  readonly trailers: Headers
  /** Statuses of informational responses. */
  readonly informational: readonly number[]
}

type Ask = (client: Client, path: string, method?: 'GET' | 'POST') => Promise<Answer>

const COLUMNS: Readonly<Record<string, Ask>> = {
  'Client.request': (client, path, method = 'GET') => ask(client.request.bind(client), path, method),
  'Client.fetch': (client, path, method = 'GET') => ask(client.fetch, path, method),
}

interface Answered {
  readonly status: number
  text(): Promise<string>
  readonly trailers: Promise<Headers>
}

async function ask(
  send: (url: string, init: object) => Promise<Answered>,
  path: string,
  method: string,
): Promise<Answer> {
  const informational: number[] = []
  const onInformational = ({ status }: Informational): number => informational.push(status)
  const content = method === 'POST' ? { body: 'x' } : {}
  const response = await send(`https://a.test${path}`, { method, ...content, onInformational })
  const text = await response.text()
  return { status: response.status, text, trailers: await response.trailers, informational }
}

class Scene {
  readonly ask: (path?: string, method?: 'GET' | 'POST') => Promise<Answer>
  readonly peer: ScriptedPeer
  readonly clock = new VirtualClock()
  readonly client: Client

  constructor(column: Ask, peer: ScriptedPeerOptions = {}, options: ClientOptions = {}) {
    this.peer = new ScriptedPeer(peer)
    this.client = new Client({ clock: this.clock, transport: this.peer.dial, ...options })
    this.ask = (path = '/', method = 'GET') => {
      const answer = column(this.client, path, method)
      // Some are looked at late.
      answer.catch(() => {})
      return answer
    }
  }

  /** A connection that stands and whose limits are known. */
  async warm(): Promise<PeerConnection> {
    const warm = this.ask('/warm')
    const peer = await this.peer.accept()
    await serve(peer, 1)
    await warm
    return peer
  }
}

async function serve(peer: PeerConnection, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const { streamId } = await peer.until(headers())
    peer.send(headers(streamId).status(200), data(streamId, 'ok').endStream())
  }
}

const OK = { status: 200, text: 'ok' }

describe.each(Object.entries(COLUMNS))('%s', (_name, column) => {
  test.each(['GET', 'POST'] as const)(
    'a %s that is refused is sent again (RFC 9113 §8.7)',
    async (method) => {
      const scene = new Scene(column)
      const answer = scene.ask('/', method)
      const peer = await scene.peer.accept()
      await peer.until(headers(1))
      peer.send(rstStream(1, REFUSED_STREAM))
      await serve(peer, 1)
      expect(await answer).toMatchObject(OK)
      expect(scene.peer.connections).toHaveLength(1)
    },
  )

  test.each(['GET', 'POST'] as const)(
    'four %s, and GOAWAY of the second: four answers (RFC 9113 §6.8)',
    async (method) => {
      const scene = new Scene(column)
      const first = await scene.warm()
      const answers = [1, 2, 3, 4].map((i) => scene.ask(`/${i}`, method))
      await first.until(headers(9))
      first.send(goaway(5, NO_ERROR))
      for (const streamId of [3, 5])
        first.send(headers(streamId).status(200), data(streamId, 'ok').endStream())
      await serve(await scene.peer.accept(), 2)
      expect(await Promise.all(answers)).toMatchObject([OK, OK, OK, OK])
      expect(scene.peer.connections.map(({ requests }) => requests.map(({ path }) => path))).toEqual([
        ['/warm', '/1', '/2', '/3', '/4'],
        ['/3', '/4'],
      ])
    },
  )

  test('GOAWAY on an idle connection, then a request: answered on a new one', async () => {
    const scene = new Scene(column)
    const first = await scene.warm()
    first.send(goaway(1, NO_ERROR))
    await first.closed
    const answer = scene.ask()
    await serve(await scene.peer.accept(), 1)
    expect(await answer).toMatchObject(OK)
  })

  test('a limit of 2 streams and 10 cold requests: never more on a connection, all answered (RFC 9113 §5.1.2)', async () => {
    const scene = new Scene(column, { settings: { maxConcurrentStreams: 2 } })
    const answers = Array.from({ length: 10 }, (_, i) => scene.ask(`/${i}`))
    let open = 0
    for (let left = 10; left > 0; ) {
      const peer = await scene.peer.accept()
      await peer.sync()
      open += 1
      const arrived = peer.requests.map(({ streamId }) => streamId)
      expect(arrived.length).toBeGreaterThan(0)
      expect(arrived.length).toBeLessThanOrEqual(2)
      left -= arrived.length
    }
    expect(open).toBe(5)
    for (const peer of scene.peer.connections) await serve(peer, 2)
    expect(await Promise.all(answers)).toMatchObject(answers.map(() => OK))
  })

  test('103 Early Hints are seen (RFC 8297)', async () => {
    const scene = new Scene(column)
    const answer = scene.ask()
    await scene.peer.until(headers(1))
    scene.peer.send(
      headers(1).status(103).field('link', '</a.css>'),
      headers(1).status(200),
      data(1, 'ok').endStream(),
    )
    expect(await answer).toMatchObject({ ...OK, informational: [103] })
  })

  test('trailers are seen (RFC 9113 §8.1)', async () => {
    const scene = new Scene(column)
    const answer = scene.ask()
    await scene.peer.until(headers(1))
    scene.peer.send(headers(1).status(200), data(1, 'ok'), headers(1).field('grpc-status', '0').endStream())
    const { text, trailers } = await answer
    expect([text, trailers.get('grpc-status')]).toEqual(['ok', '0'])
  })

  test('RST_STREAM ENHANCE_YOUR_CALM: an error that says so (RFC 9113 §7)', async () => {
    const scene = new Scene(column)
    const answer = scene.ask()
    await scene.peer.until(headers(1))
    scene.peer.send(rstStream(1, ENHANCE_YOUR_CALM))
    expect(await facts(answer)).toMatchObject({
      code: 'H2_STREAM_RESET',
      errorCode: ENHANCE_YOUR_CALM,
      errorName: 'ENHANCE_YOUR_CALM',
      initiator: 'peer',
      processed: 'unknown',
      retryable: false,
    })
  })

  test('a peer that falls silent is found out, to the millisecond', async () => {
    const scene = new Scene(column, {}, { keepAlive: { interval: 3_000, timeout: 1_000 } })
    await scene.warm()
    const answer = scene.ask()
    await scene.peer.until(headers(3))
    await scene.peer.sync()
    scene.peer.stall()
    let over = false
    void facts(answer).then(() => {
      over = true
    })
    await scene.clock.advance(3_999)
    expect(over).toBe(false)
    await scene.clock.advance(1)
    expect(await facts(answer)).toMatchObject({ code: 'H2_TIMEOUT_PING', processed: 'unknown' })
  })

  const floods: Readonly<Record<string, (peer: PeerConnection) => void>> = {
    'CONTINUATION without end (RFC 9113 §10.5)': (peer) => {
      peer.send(headers(1).status(200).open())
      for (let i = 0; i < 400; i++) peer.send(continuation(1, new Uint8Array(16_384)))
    },
    'a field of 4 kB, referred to 4,000 times (RFC 7541 §7.3)': (peer) => {
      const entry = concat(Uint8Array.of(0x40), hpackString('x-large'), hpackString('y'.repeat(3_900)))
      peer.send(
        headers(1).block(
          concat(Uint8Array.of(0x88), entry, new Uint8Array(4_000).fill(hpackInteger(62, 7, 0x80)[0]!)),
        ),
      )
    },
  }
  test.each(Object.entries(floods))('%s: ended early, and others are served', async (_flood, send) => {
    const scene = new Scene(column)
    const answer = scene.ask()
    const first = await scene.peer.accept()
    await first.until(headers(1))
    const { length } = first.frames
    send(first)
    expect(await facts(answer)).toMatchObject({ initiator: 'local' })
    expect(first.frames.length - length, 'what the client says to it').toBeLessThan(10)
    const after = scene.ask('/after')
    const peer = await carrierOf(scene, '/after')
    const { streamId } = peer.requests.at(-1)!
    peer.send(headers(streamId).status(200), data(streamId, 'ok').endStream())
    expect(await after).toMatchObject(OK)
  })
})

/** The connection that this request came on. */
async function carrierOf({ peer, clock }: Scene, path: string): Promise<PeerConnection> {
  for (;;) {
    const carrier = peer.connections.find(({ requests }) => requests.at(-1)?.path === path)
    if (carrier !== undefined) return carrier
    await clock.advance(0)
  }
}

/** The `H2Error` that a promise rejects with, or that is the cause of its TypeError. */
async function facts(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error instanceof TypeError ? error.cause : error
  }
  throw new Error('it was answered')
}
