/**
 * The server of a client test: an `HTTP20Connection` over memory, and a peer of
 * plain bytes behind it that says what the test tells it to. All that the
 * client sends is judged as it comes.
 */
import { expect } from 'vitest'
import { HTTP20Connection, type HTTP20ConnectionOptions } from '../../../src/index.ts'
import { chunksOf, type MemoryTransport, memoryPair } from '../../../src/transport/memory.ts'
import { FieldBlockDecoder } from '../../support/field-blocks.ts'
import { settled, VirtualClock } from '../../support/virtual-clock.ts'
import {
  concat,
  DATA,
  HEADERS,
  RST_STREAM,
  readFrames,
  settings,
  settingsAck,
  uint32At,
  type WireFrame,
} from '../../support/wire.ts'
import { WireValidator } from '../../support/wire-validator.ts'

export interface PeerOptions {
  /** SETTINGS of the peer. */
  readonly settings?: Readonly<Record<number, number>>
  /** What TLS chose. */
  readonly alpn?: string | undefined
  /** Octets per chunk that the client receives. */
  readonly chunk?: number
  /** Do not greet. */
  readonly silent?: boolean
  /** Milliseconds that a dial takes. */
  readonly dialMs?: number
}

/** One transport that the client dialled, seen from the other end. */
export class Wire {
  readonly end: MemoryTransport
  readonly client: MemoryTransport
  readonly validator = new WireValidator()
  /** The client sent FIN. */
  ended = false
  /** The client's side is gone. */
  closed = false
  readonly #decoder = new FieldBlockDecoder()
  readonly #outgoing: Uint8Array[] = []
  #writing = false
  #received: Uint8Array[] = []
  #heads = new Map<number, [string, string][][]>()
  #decoded = 0

  constructor(client: MemoryTransport, end: MemoryTransport) {
    this.client = client
    this.end = end
    end.start({
      onChunk: (chunk) => {
        this.validator.clientSent(chunk)
        this.#received.push(chunk.slice())
      },
      onEnd: () => {
        this.ended = true
        end.end()
      },
      onClosed: () => {
        this.closed = true
      },
    })
  }

  /** Sends bytes to the client, and waits until all that follows from them happened. */
  async send(...parts: readonly Uint8Array[]): Promise<void> {
    const bytes = concat(...parts)
    this.validator.peerSent(bytes)
    this.#outgoing.push(bytes)
    this.#write()
    await settled()
  }

  #write(): void {
    const next = this.#writing ? undefined : this.#outgoing.shift()
    if (next === undefined) return
    this.#writing = true
    this.end.write(next, () => {
      this.#writing = false
      this.#write()
    })
  }

  /** Every frame that the client has sent. */
  get frames(): WireFrame[] {
    return readFrames(concat(...this.#received))
  }

  /** How many writes of the client arrived, in chunks that were not cut. */
  get writes(): number {
    return this.#received.length
  }

  of(type: number, streamId?: number): WireFrame[] {
    return this.frames.filter((one) => one.type === type && (streamId ?? one.streamId) === one.streamId)
  }

  /** `[streamId, errorCode]` of each RST_STREAM. */
  get resets(): [number, number][] {
    return this.of(RST_STREAM).map((one) => [one.streamId, uint32At(one.payload)])
  }

  /** The content sent on a stream. */
  content(streamId: number): string {
    return Buffer.concat(this.of(DATA, streamId).map((one) => one.payload)).toString()
  }

  /** True if the client's side of a stream is done. */
  finished(streamId: number): boolean {
    return this.frames.some(
      (one) =>
        (one.type === DATA || one.type === HEADERS) && one.streamId === streamId && (one.flags & 1) === 1,
    )
  }

  /** The field sections sent on a stream: request, then trailers. */
  sections(streamId: number): [string, string][][] {
    const blocks = this.of(HEADERS)
    for (const one of blocks.slice(this.#decoded)) {
      const { fields } = this.#decoder.decode(one.payload)
      const sections = this.#heads.get(one.streamId) ?? []
      sections.push(fields.map(({ name, value }) => [name, value]))
      this.#heads.set(one.streamId, sections)
    }
    this.#decoded = blocks.length
    return this.#heads.get(streamId) ?? []
  }

  /** The request on a stream as a record. */
  head(streamId: number): Record<string, string> {
    return Object.fromEntries(this.sections(streamId)[0] ?? [])
  }
}

/** A connection, its clock, and the peers of all its dials. */
export class Pair {
  readonly connection: HTTP20Connection
  readonly clock = new VirtualClock()
  readonly wires: Wire[] = []

  constructor(options: HTTP20ConnectionOptions = {}, peer: PeerOptions = {}) {
    const alpn = 'alpn' in peer ? peer.alpn : 'h2'
    this.connection = new HTTP20Connection('a.test', {
      clock: this.clock,
      transport: async () => {
        const { dialMs } = peer
        if (dialMs !== undefined) await new Promise<void>((resolve) => this.clock.setTimer(resolve, dialMs))
        const pair = memoryPair({ alpn, ...(peer.chunk === undefined ? {} : { cut: chunksOf(peer.chunk) }) })
        const wire = new Wire(...pair)
        this.wires.push(wire)
        if (peer.silent !== true) void wire.send(settings(peer.settings), settingsAck)
        return pair[0]
      },
      ...options,
    })
  }

  /** The connection in use. */
  get wire(): Wire {
    return this.wires[this.wires.length - 1]!
  }

  /** A pair whose connection stands and whose settings were exchanged. */
  static async open(options: HTTP20ConnectionOptions = {}, peer: PeerOptions = {}): Promise<Pair> {
    const pair = new Pair(options, peer)
    await pair.connection.connect()
    await settled()
    return pair
  }
}

/** What a promise rejects with; fails if it does not. */
export async function rejection(promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  try {
    await promise
  } catch (error) {
    return error as Error & Record<string, unknown>
  }
  return expect.fail('it did not reject')
}

/** The code that a promise rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return (await rejection(promise)).code
}
