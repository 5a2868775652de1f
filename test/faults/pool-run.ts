/**
 * One run of a fault scenario with a `Client`, and what the scripts of a pool
 * do and expect. Its peer takes as many connections as are dialled.
 */
import { setImmediate } from 'node:timers/promises'
import { expect } from 'vitest'
import { Client, type ClientOptions, type ClientRequestInit, type RequestBody } from '../../src/index.ts'
import { type Delivery, headers, type PeerConnection, settings } from '../../src/testing/index.ts'
import {
  Asked,
  type LinkKind,
  OnConsumption,
  type PeerSetup,
  type Read,
  readText,
  type Scene,
  Stage,
  type Standing,
  setScene,
} from './stage.ts'
import { type Books, Tap } from './tap.ts'

/** How a scenario's peer and client are set up. */
export interface PoolSetup extends PeerSetup {
  readonly client?: Omit<ClientOptions, 'transport' | 'clock'>
}

export class PoolRun extends Stage {
  readonly client: Client
  /** Scheme, host and port of the peer. */
  readonly origin: string
  /** Milliseconds by which the wall clock went on while the machine slept. */
  slept = 0

  private constructor(scene: Scene, makeClient: (run: PoolRun) => Client) {
    super(scene)
    this.origin = `${scene.secure ? 'https' : 'http'}://${scene.authority}`
    this.client = makeClient(this)
  }

  static async begin(link: LinkKind, delivery: Delivery, setup: PoolSetup): Promise<PoolRun> {
    const tap = new Tap('all')
    const { client } = setup
    const scene = await setScene(link, delivery, setup, tap, client?.limits?.connectionWindowSize)
    const { clock, transport, ca } = scene
    return new PoolRun(
      scene,
      (run) =>
        new Client({
          h2c: true,
          tls: { ca },
          ...client,
          windowManager: tap.managers(client?.windowManager ?? OnConsumption),
          clock: Object.assign(clock, { wall: () => clock.elapsed + run.slept }),
          transport,
        }),
    )
  }

  // — what scripts do —

  request(method: string, path: string, init?: ClientRequestInit, read: Read = readText): Asked {
    const url = path.startsWith('/') ? `${this.origin}${path}` : path
    const asked = new Asked(`${method} ${url}`, this.client.request(url, { method, ...init }), read)
    this.asked.push(asked)
    return asked
  }

  get(path = '/', init?: ClientRequestInit): Asked {
    return this.request('GET', path, init)
  }

  post(path: string, body: RequestBody = 'x', init?: ClientRequestInit): Asked {
    return this.request('POST', path, { body, ...init })
  }

  /** So many GETs at once. */
  burst(count: number, path = '/'): Asked[] {
    return Array.from({ length: count }, (_, i) => this.get(`${path}${i}`))
  }

  /** A connection that has served a request and is idle. */
  async warm(): Promise<PeerConnection> {
    const asked = this.get('/warm')
    const peer = await this.peer.accept()
    await this.serves(peer, asked, '/warm')
    await peer.sync()
    return peer
  }

  /** The next connection, on which the client has begun. */
  async accepted(): Promise<PeerConnection> {
    const peer = await this.peer.accept()
    await peer.until(settings())
    return peer
  }

  /** Answers the request for this path, wherever it comes next, and sees that it is told. */
  async serves(peer: PeerConnection, asked: Asked, path: string): Promise<void> {
    await answer(peer, path)
    await this.answers(asked, 204)
  }

  /** Time passes for a client whose sockets have something to say, too. */
  async elapse(ms: number): Promise<void> {
    await setImmediate()
    await this.clock.advance(ms)
  }

  /** Another request is answered, on a new connection. */
  async servedAnew(path = '/anew'): Promise<PeerConnection> {
    const asked = this.get(path)
    const peer = await this.peer.accept()
    await this.serves(peer, asked, path)
    return peer
  }

  // — what scripts expect —

  /** Another request is answered, and nothing is dialled for it. */
  async usable(peer: PeerConnection, path = '/usable'): Promise<void> {
    const { dials } = this.tap
    await this.serves(peer, this.get(path), path)
    expect(this.tap.dials, 'no further dial').toBe(dials)
  }

  /** Requests that arrived whole on each connection, in order. */
  get arrived(): number[] {
    return this.peer.connections.map(({ requests }) => requests.length)
  }

  // — what oracles look at —

  override standing(): Standing[] {
    const peers = this.peer.connections
    return peers.flatMap((peer, i) => {
      const books = this.tap.books[i]
      if (books === undefined || !books.open || peer.isClosed) return []
      return [{ peer, books, windows: () => this.#windows(books) }]
    })
  }

  /** Connections tell themselves apart by how much they carried. */
  #windows(books: Books): ReturnType<Standing['windows']> {
    const all = this.client.stats().origins.flatMap(({ connections }) => connections)
    const { octetsReceived, octetsSent } = books
    return all.find((one) => one.bytesReceived === octetsReceived && one.bytesSent === octetsSent)
  }

  override disclaimed(connection: number, streamId: number): boolean {
    return this.tap.books[connection]?.disclaimed(streamId) ?? false
  }

  override close(): Promise<void> {
    return this.client.close()
  }

  override destroy(): void {
    this.client.destroy()
  }
}

/** Answers the request for this path. */
export async function answer(peer: PeerConnection, path?: string): Promise<void> {
  const { streamId } = await peer.until(path === undefined ? headers() : headers().field(':path', path))
  peer.send(headers(streamId).status(204).endStream())
}

/** Answers a request that came by HTTP/1.1, which the peer cannot read, and ends. Sees that it is no HTTP/2. */
export async function answerHttp1(peer: PeerConnection): Promise<void> {
  await expect(peer.until(headers())).rejects.toThrow('the client sent no connection preface')
  peer.send('HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n')
  peer.end()
}

/** Answers so many requests. */
export async function answerAll(peer: PeerConnection, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await answer(peer)
}
