/**
 * What runs of fault scenarios have in common: a client and a scripted peer on
 * one kind of link, in one mode of delivery, and everything that the oracles
 * look at. What the client is, a run says.
 */
import { setImmediate } from 'node:timers/promises'
import type { SecureContextOptions } from 'node:tls'
import { expect } from 'vitest'
import { type HTTP20Response, WindowManager } from '../../src/index.ts'
import { type Delivery, type PeerConnection, ScriptedPeer, VirtualClock } from '../../src/testing/index.ts'
import { dial } from '../../src/transport/node.ts'
import type { Dial } from '../../src/transport/transport.ts'
import { type Certificate, makeLeaf } from '../support/certificate.ts'
import type { Books, Tap } from './tap.ts'

/** What carries a run. */
export type LinkKind = 'TLS' | 'TCP' | 'memory, as TLS' | 'memory, as TCP'

export type PeerOptions = NonNullable<ConstructorParameters<typeof ScriptedPeer>[0]>

/** How a scenario's peer is set up. */
export interface PeerSetup {
  readonly peer?: PeerOptions
  /** The peer's certificate, if not the one that the client trusts; `'plain'`: it does not speak TLS. */
  readonly server?: (() => Promise<Certificate>) | 'plain'
  /** The peer's TLS options. */
  readonly tls?: SecureContextOptions
  /** Default 127.0.0.1. */
  readonly host?: string
}

/** Credit for every octet that is consumed, at once: what is lost anywhere shows in the window. */
export class OnConsumption extends WindowManager {
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

/** How a scenario reads a response. */
export type Read = (response: HTTP20Response) => Promise<string>

/** A request that a scenario made, and how it went. */
export class Asked {
  readonly name: string
  readonly outcome: Promise<Outcome>
  /** Undefined until it is settled. */
  settled: Outcome | undefined = undefined

  constructor(name: string, response: Promise<HTTP20Response>, read: Read) {
    this.name = name
    this.outcome = this.#follow(response, read)
  }

  async #follow(promise: Promise<HTTP20Response>, read: Read): Promise<Outcome> {
    let response: HTTP20Response | undefined
    try {
      response = await promise
      this.settled = { response, text: await read(response) }
    } catch (error) {
      this.settled = response === undefined ? { error } : { response, error }
    }
    return this.settled
  }
}

/** What a client says of a connection. */
interface StandingStats {
  readonly recvWindow: number
  readonly sendWindow: number
  readonly streamsOpen: number
}

/** A connection that is in use, as each side has it. */
export interface Standing {
  readonly peer: PeerConnection
  readonly books: Books
  /** What the client says of its windows; asked once both sides have said everything. */
  windows(): StandingStats | undefined
}

let leaf: Promise<Certificate> | undefined
/** The one certificate of a test file. */
export function certificate(): Promise<Certificate> {
  leaf ??= makeLeaf()
  return leaf
}

/** What a run begins with. */
export interface Scene {
  readonly link: LinkKind
  readonly delivery: Delivery
  readonly peer: ScriptedPeer
  readonly clock: VirtualClock
  readonly tap: Tap
  readonly secure: boolean
  /** Host and port of the peer. */
  readonly authority: string
  /** PEM of whom the client trusts. */
  readonly ca: string
  /** For the client's `transport` option. */
  readonly transport: Dial
  /** Octets of a connection's receive window at its start. */
  readonly windowSize: number
}

/** Has the peer listen. */
export async function setScene(
  link: LinkKind,
  delivery: Delivery,
  setup: PeerSetup,
  tap: Tap,
  windowSize = 16_777_216,
): Promise<Scene> {
  const peer = new ScriptedPeer({ delivery, seed: 20_407, ...setup.peer })
  const clock = new VirtualClock()
  const secure = link.endsWith('TLS')
  const inMemory = link.startsWith('memory')
  const { cert: ca } = await certificate()
  const port = inMemory ? 443 : await listen(peer, secure, setup)
  const authority = `${setup.host ?? '127.0.0.1'}:${port}`
  const transport = tap.around(inMemory ? peer.dial : dial)
  return { link, delivery, peer, clock, tap, secure, authority, ca, transport, windowSize }
}

async function listen(peer: ScriptedPeer, secure: boolean, setup: PeerSetup): Promise<number> {
  if (!secure || setup.server === 'plain') return peer.listen()
  const { cert, key } = await (setup.server ?? certificate)()
  return peer.listen({ cert, key, ...(setup.tls && { tls: setup.tls }) })
}

export abstract class Stage {
  readonly peer: ScriptedPeer
  readonly clock: VirtualClock
  readonly tap: Tap
  readonly asked: Asked[] = []
  readonly link: LinkKind
  readonly delivery: Delivery
  /** Set by scripts whose connections cannot be asked by PING whether all is said. */
  silent = false
  readonly windowSize: number

  constructor({ peer, clock, tap, link, delivery, windowSize }: Scene) {
    this.peer = peer
    this.clock = clock
    this.tap = tap
    this.link = link
    this.delivery = delivery
    this.windowSize = windowSize
  }

  /** Connections that are in use. */
  abstract standing(): Standing[]
  /** Ends the client in good order. */
  abstract close(): Promise<void>
  /** Ends the client now. */
  abstract destroy(): void
  /** True if the peer said that it did nothing about this request of its nth connection. */
  disclaimed(_connection: number, _streamId: number): boolean {
    return false
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

  /** The client's transports are gone, and the client was told. */
  async gone(): Promise<void> {
    while (this.tap.open > 0) await setImmediate()
  }
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

export function readText(response: HTTP20Response): Promise<string> {
  return response.text()
}
