/**
 * A server on loopback whose every octet a test decides, for rules that only the
 * whole client can keep: TCP or TLS beneath, frames of `wire.ts` on top, and the
 * validator over all that the client sends.
 */
import net from 'node:net'
import tls from 'node:tls'
import { expect } from 'vitest'
import { concat, readFrames, settings, settingsAck, type WireFrame } from '../support/wire.ts'
import { WireValidator } from '../support/wire-validator.ts'

/** One connection that a client made. */
export class ServerSide {
  readonly socket: net.Socket
  readonly validator = new WireValidator()
  /** Everything received. */
  bytes: Uint8Array = new Uint8Array()
  ended = false
  #waiting: (() => void)[] = []

  constructor(socket: net.Socket) {
    this.socket = socket
    socket.on('data', (chunk) => {
      this.bytes = concat(this.bytes, chunk)
      this.validator.clientSent(chunk)
      this.#wake()
    })
    socket.on('error', () => {})
    const end = () => {
      this.ended = true
      this.#wake()
    }
    socket.on('end', end)
    socket.on('close', end)
  }

  get frames(): WireFrame[] {
    return readFrames(this.bytes)
  }

  sends(...parts: readonly Uint8Array[]): void {
    const bytes = concat(...parts)
    this.validator.peerSent(bytes)
    this.socket.write(bytes)
  }

  /** Resolves with the first frame that fits, once it is there. */
  async frame(fits: (frame: WireFrame) => boolean): Promise<WireFrame> {
    let found: WireFrame | undefined
    await this.until(() => {
      found = this.frames.find(fits)
      return found !== undefined
    })
    return found!
  }

  /** Resolves once the client has closed. */
  closed(): Promise<void> {
    return this.until(() => this.ended)
  }

  async until(fits: () => boolean): Promise<void> {
    while (!fits()) {
      if (this.ended) throw new Error('the client has closed')
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const each of waiting) each()
  }
}

/** What a server does with one connection. */
export type Serve = (side: ServerSide) => Promise<void>

export interface ServerOptions {
  readonly tls?: tls.TlsOptions
  /** Leaves SETTINGS to `serve`. */
  readonly silent?: boolean
}

/** Listens for clients, TLS if there are options for it. */
export class WireServer {
  readonly connections: ServerSide[] = []
  readonly #server: net.Server
  readonly #sockets = new Set<net.Socket>()

  private constructor(serve: Serve, { tls: options, silent }: ServerOptions) {
    const accept = (socket: net.Socket) => {
      const side = new ServerSide(socket)
      this.connections.push(side)
      if (silent !== true) side.sends(settings(), settingsAck)
      // What goes wrong here shows on the client's side of the test, or as a fault of its octets.
      serve(side).catch(() => socket.destroy())
    }
    this.#server = options === undefined ? net.createServer(accept) : tls.createServer(options, accept)
    this.#server.on('connection', (socket: net.Socket) => this.#sockets.add(socket))
    this.#server.on('tlsClientError', () => {})
  }

  /** Calls `serve` for each connection, behind SETTINGS and the acknowledgement of the client's. */
  static async listen(serve: Serve, options: ServerOptions = {}): Promise<WireServer> {
    const server = new WireServer(serve, options)
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port
  }

  /** Closes all, and judges what the clients sent. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
    expect(this.connections.flatMap((side) => side.validator.faults)).toEqual([])
  }
}
