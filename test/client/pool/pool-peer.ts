/**
 * The servers of a pool test: a `Client` over memory, and a peer of plain bytes
 * behind every connection that it dials.
 */
import { Client, type ClientOptions } from '../../../src/index.ts'
import { memoryPair } from '../../../src/transport/memory.ts'
import type { Dial, DialOptions, DialTarget } from '../../../src/transport/transport.ts'
import { settled, VirtualClock } from '../../support/virtual-clock.ts'
import { HEADERS, response, settings, settingsAck } from '../../support/wire.ts'
import { Wire } from '../session/peer.ts'

export interface PoolPeerOptions {
  /** SETTINGS of each peer; undefined to greet by hand. */
  readonly settings?: Readonly<Record<number, number>> | undefined
  readonly silent?: boolean
  /** What TLS chose. */
  readonly alpn?: string | undefined
  /** Called at each dial, which waits for it; what it throws the dial rejects with. */
  readonly onDial?: (dial: number, target: DialTarget, signal: AbortSignal | undefined) => unknown
}

/** A dial that was made. */
export interface MadeDial {
  readonly target: DialTarget
  readonly options: DialOptions
}

export class PoolPair {
  readonly client: Client
  /** Connects to such a peer. */
  readonly dial: Dial
  readonly clock = new VirtualClock()
  readonly wires: Wire[] = []
  readonly dials: MadeDial[] = []

  constructor(options: ClientOptions = {}, peer: PoolPeerOptions = {}) {
    this.dial = async (target, dialOptions, signal) => {
      this.dials.push({ target, options: dialOptions })
      await peer.onDial?.(this.dials.length, target, signal)
      signal?.throwIfAborted()
      const pair = memoryPair({ alpn: 'alpn' in peer ? peer.alpn : 'h2' })
      const wire = new Wire(...pair)
      this.wires.push(wire)
      if (peer.silent !== true) void wire.send(settings(peer.settings), settingsAck)
      return pair[0]
    }
    this.client = new Client({ clock: this.clock, transport: this.dial, ...options })
  }

  /** A pair that has served one request, so that a connection stands and its limits are known. */
  static async open(options: ClientOptions = {}, peer: PoolPeerOptions = {}): Promise<PoolPair> {
    const pair = new PoolPair(options, peer)
    const first = pair.client.request('https://a.test/first')
    await settled()
    await pair.wires[0]!.send(response(1, 200, true))
    await (await first).bytes()
    await settled()
    return pair
  }

  /** Streams that were opened on each connection. */
  get opened(): number[] {
    return this.wires.map((wire) => wire.of(HEADERS).length)
  }
}
