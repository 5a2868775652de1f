/**
 * An origin without a socket: tests of code that uses the client give its
 * `dial` to the `transport` option and answer requests from a function.
 */
import { MemoryLink } from './memory-link.ts'
import { OriginConnection, type OriginHandler, type OriginHost } from './origin-connection.ts'
import type { OriginRequest } from './origin-request.ts'
import type { Dial } from './transport-shape.ts'

/** How an in-memory origin behaves. */
export interface MemoryOriginOptions {
  /** Requests open at a time on one connection (RFC 9113 §5.1.2). No limit if absent. */
  readonly maxConcurrentStreams?: number | undefined
}

/**
 * An HTTP/2 origin in memory. It streams both ways with flow control, and sends
 * informational responses, trailers and pushes.
 *
 * @example
 * const origin = new MemoryOrigin(async (request) => ({ body: `hello ${await request.text()}` }))
 * await using conn = new HTTP20Connection('a.test', { transport: origin.dial })
 * const response = await conn.getResponse(conn.request('POST', '/', { body: 'there' }))
 * console.log(await response.text()) // hello there
 */
export class MemoryOrigin {
  /** Connects in memory: a value for the client's `transport` option. */
  readonly dial: Dial
  /** Every request that arrived. */
  readonly requests: OriginRequest[] = []
  /** What handlers threw: their requests were reset with INTERNAL_ERROR. */
  readonly errors: unknown[] = []
  /** Connections made, for ever. */
  connectionsMade = 0
  readonly #connections = new Set<OriginConnection>()

  constructor(handler: OriginHandler, options: MemoryOriginOptions = {}) {
    const host: OriginHost = {
      handler,
      maxConcurrentStreams: options.maxConcurrentStreams,
      requested: (request) => this.requests.push(request),
      failed: (error) => this.errors.push(error),
      closed: (connection) => this.#connections.delete(connection),
    }
    this.dial = async (target, _options, signal) => {
      signal?.throwIfAborted()
      const link = new MemoryLink(target.secure ? 'h2' : undefined)
      this.#connections.add(new OriginConnection(link, host))
      this.connectionsMade += 1
      return link.transport
    }
  }

  /** Says GOAWAY on every connection, which ends when its requests are answered. The next dial is served. */
  close(): void {
    for (const connection of this.#connections) connection.close()
  }

  /** Cuts every connection now. */
  destroy(): void {
    for (const connection of this.#connections) connection.destroy()
  }
}
