/**
 * One run of a fault scenario: a client and a scripted peer on one kind of
 * link, in one mode of delivery, and everything that the oracles look at.
 */
import { setImmediate } from 'node:timers/promises'
import type { SecureContextOptions } from 'node:tls'
import { expect } from 'vitest'
import {
  HTTP20Connection,
  type HTTP20ConnectionOptions,
  type HTTP20RequestInit,
  type HTTP20Response,
  type HTTP20Stream,
  type RequestBody,
  WindowManager,
} from '../../src/index.ts'
import {
  type Delivery,
  goaway,
  headers,
  ScriptedPeer,
  settings,
  VirtualClock,
} from '../../src/testing/index.ts'
import { dial } from '../../src/transport/node.ts'
import { type Certificate, makeLeaf } from '../support/certificate.ts'
import { Tap } from './tap.ts'

/** What carries a run. */
export type LinkKind = 'TLS' | 'TCP' | 'memory, as TLS' | 'memory, as TCP'

export type PeerOptions = NonNullable<ConstructorParameters<typeof ScriptedPeer>[0]>

/** How a scenario's peer and client are set up. */
export interface Setup {
  readonly peer?: PeerOptions
  readonly client?: Omit<HTTP20ConnectionOptions, 'transport' | 'clock' | 'secure'>
  /** The peer's certificate, if not the one that the client trusts; `'plain'`: it does not speak TLS. */
  readonly server?: (() => Promise<Certificate>) | 'plain'
  /** The peer's TLS options. */
  readonly tls?: SecureContextOptions
  /** Default 127.0.0.1. */
  readonly host?: string
}

/** Credit for every octet that is consumed, at once: what is lost anywhere shows in the window. */
class OnConsumption extends WindowManager {
  override onDataConsumed(length: number): number {
    return length
  }
}

/** How a request went. */
export interface Outcome {
  readonly response?: HTTP20Response
  readonly text?: string
  readonly error?: unknown
}

/** A request that a scenario made, and how it went. */
export class Asked {
  readonly stream: HTTP20Stream
  readonly outcome: Promise<Outcome>
  /** Undefined until it is settled. */
  settled: Outcome | undefined = undefined

  constructor(stream: HTTP20Stream, read: (response: HTTP20Response) => Promise<string>) {
    this.stream = stream
    this.outcome = this.#follow(read)
  }

  async #follow(read: (response: HTTP20Response) => Promise<string>): Promise<Outcome> {
    let response: HTTP20Response | undefined
    try {
      response = await this.stream.response
      this.settled = { response, text: await read(response) }
    } catch (error) {
      this.settled = response === undefined ? { error } : { response, error }
    }
    return this.settled
  }
}

let leaf: Promise<Certificate> | undefined
/** The one certificate of a test file. */
export function certificate(): Promise<Certificate> {
  leaf ??= makeLeaf()
  return leaf
}

export class Run {
  readonly peer: ScriptedPeer
  readonly conn: HTTP20Connection
  readonly clock: VirtualClock
  readonly tap: Tap
  readonly asked: Asked[] = []
  readonly link: LinkKind
  readonly delivery: Delivery
  /** Set by scripts whose connection cannot be asked by PING whether all is said. */
  silent = false
  /** Octets of the connection's receive window at its start. */
  readonly windowSize: number

  private constructor(
    link: LinkKind,
    delivery: Delivery,
    peer: ScriptedPeer,
    clock: VirtualClock,
    tap: Tap,
    conn: HTTP20Connection,
    windowSize: number,
  ) {
    this.link = link
    this.delivery = delivery
    this.peer = peer
    this.clock = clock
    this.tap = tap
    this.conn = conn
    this.windowSize = windowSize
  }

  static async begin(link: LinkKind, delivery: Delivery, setup: Setup): Promise<Run> {
    const peer = new ScriptedPeer({ delivery, seed: 20_407, ...setup.peer })
    const clock = new VirtualClock()
    const tap = new Tap()
    const secure = link.endsWith('TLS')
    const { cert } = await certificate()
    const port = link.startsWith('memory') ? 443 : await listen(peer, secure, setup)
    const conn = new HTTP20Connection(`${setup.host ?? '127.0.0.1'}:${port}`, {
      ...setup.client,
      windowManager: tap.ledger.managers(setup.client?.windowManager ?? OnConsumption),
      tls: { ca: cert, ...setup.client?.tls },
      secure,
      clock,
      transport: tap.around(link.startsWith('memory') ? peer.dial : dial),
    })
    const windowSize = setup.client?.limits?.connectionWindowSize ?? 16_777_216
    return new Run(link, delivery, peer, clock, tap, conn, windowSize)
  }

  // — what scripts do —

  request(method: string, path: string, init?: HTTP20RequestInit, read = readText): Asked {
    const asked = new Asked(this.conn.request(method, path, init), read)
    this.asked.push(asked)
    return asked
  }

  get(path = '/', init?: HTTP20RequestInit): Asked {
    return this.request('GET', path, init)
  }

  post(path: string, body: RequestBody, init?: HTTP20RequestInit): Asked {
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
  async opened(path = '/', init?: HTTP20RequestInit): Promise<Asked> {
    const asked = this.get(path, init)
    await this.peer.until(headers().get(path))
    return asked
  }

  // — what scripts expect —

  /** The request rejects with an error like this. */
  async fails(asked: Asked, like: Readonly<Record<string, unknown>>): Promise<void> {
    const { error } = await asked.outcome
    expect(error).toMatchObject(like)
  }

  /** The request is answered. */
  async answers(asked: Asked, status: number, text?: string): Promise<void> {
    const outcome = await asked.outcome
    expect(outcome.error).toBe(undefined)
    expect(outcome.response?.status).toBe(status)
    if (text !== undefined) expect(outcome.text).toBe(text)
  }

  /** The client ends the connection with GOAWAY and this code, and every request is told. */
  async connectionError(errorCode: number, like: Readonly<Record<string, unknown>> = {}): Promise<void> {
    await this.peer.until(goaway(0, errorCode))
    for (const asked of this.asked) {
      if (asked.settled?.text !== undefined) continue
      await this.fails(asked, { scope: 'connection', initiator: 'local', errorCode, ...like })
    }
    await this.peer.connection.closed
  }

  /** The client's transport is gone, and the client was told. */
  async gone(): Promise<void> {
    while (this.tap.open > 0) await setImmediate()
  }

  /** The connection takes another request and brings its answer. */
  async usable(path = '/usable'): Promise<void> {
    const asked = this.get(path)
    const { streamId } = await this.peer.until(headers().get(path))
    this.peer.send(headers(streamId).status(204).endStream())
    await this.answers(asked, 204)
    expect(this.peer.connections.length, 'on the same connection').toBe(1)
  }
}

async function listen(peer: ScriptedPeer, secure: boolean, setup: Setup): Promise<number> {
  if (!secure || setup.server === 'plain') return peer.listen()
  const { cert, key } = await (setup.server ?? certificate)()
  return peer.listen({ cert, key, ...(setup.tls && { tls: setup.tls }) })
}

/** A reader that waits until it is released, and then reads all. */
export class Patient {
  release!: () => void
  readonly released = new Promise<void>((resolve) => {
    this.release = resolve
  })
  readonly read = async (response: HTTP20Response): Promise<string> => {
    await this.released
    return response.text()
  }
}

function readText(response: HTTP20Response): Promise<string> {
  return response.text()
}
