/**
 * A scripted peer's sockets: the one file of this room that needs a platform,
 * loaded when a peer is told to listen. Each chunk is a write of its own, and
 * the next waits a turn of the event loop, so that the client reads it alone.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { createSecureContext, type SecureContext, type SecureContextOptions, TLSSocket } from 'node:tls'
import type { LinkEvents, PeerLink } from './peer-link.ts'

/** How to listen. */
export interface ListenOptions {
  /** PEM. With `key`: TLS; without: plain text. */
  readonly cert?: string | undefined
  readonly key?: string | undefined
  /** More of the runtime's TLS options: `minVersion`, `ciphers`, `requestCert`, … */
  readonly tls?: SecureContextOptions | undefined
  /** The protocols to choose from, the preferred first; none is chosen if there are none. */
  readonly alpn?: readonly string[] | undefined
}

/** Listens on loopback and gives each connection to its owner. */
export class PeerServer {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor(options: ListenOptions, onLink: (link: PeerLink) => void) {
    const { cert, key, tls, alpn = [] } = options
    const context = cert === undefined ? undefined : createSecureContext({ ...tls, cert, key })
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (raw) => {
      this.#sockets.add(raw)
      raw.on('close', () => this.#sockets.delete(raw))
      raw.on('error', ignore)
      if (context === undefined) onLink(new SocketLink(raw, raw))
      else secured(raw, context, alpn, onLink)
    })
  }

  /** Resolves with the port. */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.on('error', reject)
      this.#server.listen(0, '127.0.0.1', () => {
        const address = this.#server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      })
    })
  }

  /** Resolves when the port and every socket are gone. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      // Those that never came as far as a connection; the others were told.
      for (const socket of this.#sockets) if (socket.readableFlowing === null) socket.destroy()
    })
  }
}

function secured(
  raw: Socket,
  secureContext: SecureContext,
  alpn: readonly string[],
  onLink: (link: PeerLink) => void,
): void {
  const ALPNProtocols = alpn.length === 0 ? {} : { ALPNProtocols: [...alpn] }
  const socket = new TLSSocket(raw, { isServer: true, secureContext, ...ALPNProtocols })
  socket.on('error', () => raw.destroy())
  socket.on('secure', () => onLink(new SocketLink(socket, raw)))
}

/** A connection over a socket. */
class SocketLink implements PeerLink {
  readonly #socket: Socket
  /** The TCP socket beneath TLS, else the same. */
  readonly #raw: Socket

  constructor(socket: Socket, raw: Socket) {
    this.#socket = socket
    this.#raw = raw
    socket.on('error', ignore)
  }

  start(events: LinkEvents): void {
    this.#socket.on('data', (chunk: Uint8Array) => events.onChunk(chunk))
    this.#socket.on('end', () => events.onEnd())
    this.#socket.on('close', () => events.onClosed())
  }

  send(chunk: Uint8Array): Promise<void> {
    if (!this.#socket.writable) return Promise.resolve()
    return new Promise((resolve) => {
      const next = (): void => {
        this.#socket.off('close', next)
        setImmediate(resolve)
      }
      this.#socket.once('close', next)
      this.#socket.write(chunk, next)
    })
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  reset(): void {
    this.#raw.resetAndDestroy()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }
}

function ignore(): void {}
