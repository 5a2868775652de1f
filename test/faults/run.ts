/**
 * One run of a fault scenario with a connection object, and what the scripts of
 * one connection do and expect.
 */
import { expect } from 'vitest'
import {
  HTTP20Connection,
  type HTTP20ConnectionOptions,
  type HTTP20RequestInit,
  type HTTP20Stream,
  type RequestBody,
} from '../../src/index.ts'
import { type Delivery, goaway, headers, settings } from '../../src/testing/index.ts'
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
import { Tap } from './tap.ts'

export { Asked, certificate, type LinkKind, Patient } from './stage.ts'

/** How a scenario's peer and client are set up. */
export interface Setup extends PeerSetup {
  readonly client?: Omit<HTTP20ConnectionOptions, 'transport' | 'clock' | 'secure'>
}

/** A request of one connection. */
export class AskedStream extends Asked {
  readonly stream: HTTP20Stream

  constructor(name: string, stream: HTTP20Stream, read: Read) {
    super(name, stream.response, read)
    this.stream = stream
  }
}

export class Run extends Stage {
  readonly conn: HTTP20Connection

  private constructor(scene: Scene, conn: HTTP20Connection) {
    super(scene)
    this.conn = conn
  }

  static async begin(link: LinkKind, delivery: Delivery, setup: Setup): Promise<Run> {
    const tap = new Tap('first')
    const { client } = setup
    const scene = await setScene(link, delivery, setup, tap, client?.limits?.connectionWindowSize)
    const { secure, clock, transport, ca } = scene
    const conn = new HTTP20Connection(scene.authority, {
      ...client,
      windowManager: tap.managers(client?.windowManager ?? OnConsumption),
      tls: { ca, ...client?.tls },
      secure,
      clock,
      transport,
    })
    return new Run(scene, conn)
  }

  // — what scripts do —

  request(method: string, path: string, init?: HTTP20RequestInit, read: Read = readText): AskedStream {
    const asked = new AskedStream(`${method} ${path}`, this.conn.request(method, path, init), read)
    this.asked.push(asked)
    return asked
  }

  get(path = '/', init?: HTTP20RequestInit): AskedStream {
    return this.request('GET', path, init)
  }

  post(path: string, body: RequestBody, init?: HTTP20RequestInit): AskedStream {
    return this.request('POST', path, { body, ...init })
  }

  /** Connects; each side has the other's SETTINGS. */
  async ready(): Promise<void> {
    await Promise.all([this.conn.connect(), this.peer.accept()])
    // The peer answers the client's SETTINGS before it asks.
    await this.peer.until(settings())
    await this.peer.sync()
  }

  /** A GET whose HEADERS the peer has: the ordinary beginning. */
  async opened(path = '/', init?: HTTP20RequestInit): Promise<AskedStream> {
    const asked = this.get(path, init)
    await this.peer.until(headers().get(path))
    return asked
  }

  // — what scripts expect —

  /** The client ends the connection with GOAWAY and this code, and every request is told. */
  async connectionError(errorCode: number, like: Readonly<Record<string, unknown>> = {}): Promise<void> {
    await this.peer.until(goaway(0, errorCode))
    for (const asked of this.asked) {
      if (asked.settled?.text !== undefined) continue
      await this.fails(asked, { scope: 'connection', initiator: 'local', errorCode, ...like })
    }
    await this.peer.connection.closed
  }

  /** The connection takes another request and brings its answer. */
  async usable(path = '/usable'): Promise<void> {
    const asked = this.get(path)
    const { streamId } = await this.peer.until(headers().get(path))
    this.peer.send(headers(streamId).status(204).endStream())
    await this.answers(asked, 204)
    expect(this.peer.connections.length, 'on the same connection').toBe(1)
  }

  // — what oracles look at —

  override standing(): Standing[] {
    const { conn, peer, tap } = this
    const stands = tap.dials === 1 && tap.open === 1 && peer.connections.length === 1
    if (!stands || conn.state !== 'open') return []
    return [{ peer: peer.connection, books: tap.books[0]!, windows: () => conn.stats }]
  }

  override close(): Promise<void> {
    return this.conn.close()
  }

  override destroy(): void {
    this.conn.destroy()
  }
}
