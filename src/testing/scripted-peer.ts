/**
 * A server that says what a script tells it to, legal or not: for tests of what
 * a client makes of it. Owns its connections; what happens on one of them
 * belongs to `PeerConnection`.
 */
import type { FrameSpec } from './frame-spec.ts'
import { MemoryLink } from './memory-link.ts'
import { type PeerBehaviour, PeerConnection, type PeerRequest, type Sendable } from './peer-connection.ts'
import type { PeerLink } from './peer-link.ts'
import type { ListenOptions, PeerServer } from './peer-server.ts'
import type { ReceivedFrame } from './received-frame.ts'
import type { Dial } from './transport-shape.ts'

/** How a scripted peer behaves by itself, and what its TLS chooses. */
export interface ScriptedPeerOptions extends PeerBehaviour {
  /** The protocol that TLS chooses (RFC 7301), or several, the preferred first; `null` for none. Default `'h2'`. */
  readonly alpn?: string | readonly string[] | null | undefined
}

/**
 * A server of scripted frames, in memory, over TCP or over TLS.
 *
 * The lines of a script concern the connection that was accepted last; `accept`
 * waits for the next one.
 *
 * @example
 * const peer = new ScriptedPeer()
 * const conn = new HTTP20Connection('a.test', { transport: peer.dial })
 * const answer = conn.getResponse(conn.request('GET', '/'))
 * await peer.expect(headers(1).get('/').endStream())
 * peer.send(headers(1).status(204).endStream())
 * console.log((await answer).status) // 204
 */
export class ScriptedPeer {
  /** Connects in memory: a value for the client's `transport` option. */
  readonly dial: Dial
  /** Every connection, in the order in which they came. */
  readonly connections: PeerConnection[] = []
  readonly #options: ScriptedPeerOptions
  /** Connections that `accept` has not returned. */
  #accepted = 0
  #current: PeerConnection | undefined
  #waiting: (() => void)[] = []
  #server: PeerServer | undefined

  constructor(options: ScriptedPeerOptions = {}) {
    this.#options = options
    this.dial = async (target, { alpn: offered }, signal) => {
      signal?.throwIfAborted()
      const alpn = protocolsOf(options)
      const chosen = alpn.find((protocol) => offered.includes(protocol)) ?? alpn[0]
      const link = new MemoryLink(target.secure ? chosen : undefined)
      this.#connected(link)
      return link.transport
    }
  }

  /**
   * Listens on a free port of loopback, in plain text or, given a certificate and
   * key, with TLS. Rejects where the runtime has no `node:net`.
   */
  async listen(options: Pick<ListenOptions, 'cert' | 'key' | 'tls'> = {}): Promise<number> {
    const { PeerServer } = await import('./peer-server.ts')
    const alpn = protocolsOf(this.#options)
    this.#server = new PeerServer({ ...options, alpn }, (link) => this.#connected(link))
    return this.#server.listen()
  }

  /** Waits for the next connection, which the script's lines concern from now on. */
  async accept(): Promise<PeerConnection> {
    while (this.#accepted >= this.connections.length) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    this.#current = this.connections[this.#accepted++]!
    return this.#current
  }

  /** The connection that the script's lines concern. Throws Error before the first. */
  get connection(): PeerConnection {
    this.#current ??= this.connections[this.#accepted++]
    if (this.#current === undefined) throw new Error('nobody has connected yet')
    return this.#current
  }

  /** Requests that arrived whole, on all connections. */
  get requests(): PeerRequest[] {
    return this.connections.flatMap(({ requests }) => requests)
  }

  /** How many requests with this method, and this path if given, arrived whole. */
  executions(method: string, path?: string): number {
    return this.requests.filter((each) => each.method === method && (path ?? each.path) === each.path).length
  }

  // — lines of a script; see `PeerConnection` —

  send(...parts: readonly Sendable[]): void {
    this.connection.send(...parts)
  }

  async expect(spec: FrameSpec): Promise<ReceivedFrame> {
    return (this.#current ?? (await this.accept())).expect(spec)
  }

  async until(spec: FrameSpec): Promise<ReceivedFrame> {
    return (this.#current ?? (await this.accept())).until(spec)
  }

  async sync(): Promise<void> {
    return (this.#current ?? (await this.accept())).sync()
  }

  end(): void {
    this.connection.end()
  }

  cut(): void {
    this.connection.cut()
  }

  reset(): void {
    this.connection.reset()
  }

  stall(): void {
    this.connection.stall()
  }

  resume(): void {
    this.connection.resume()
  }

  /** Cuts every connection and stops listening. Resolves when nothing is left of them. */
  async close(): Promise<void> {
    for (const connection of this.connections) {
      connection.resume()
      if (!connection.isClosed) connection.cut()
    }
    await this.#server?.close()
    await Promise.all(this.connections.map(({ closed }) => closed))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #connected(link: PeerLink): void {
    this.connections.push(new PeerConnection(link, this.#options))
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }
}

function protocolsOf({ alpn = 'h2' }: ScriptedPeerOptions): readonly string[] {
  if (alpn === null) return []
  return typeof alpn === 'string' ? [alpn] : alpn
}
