/** Origins in memory by URL, and a `fetch` that reaches them. */
import { setImmediate as turn } from 'node:timers/promises'
import { createFetch, type Fetch, type FetchOptions } from '../../../src/client/fetch/fetch.ts'
import type { ClientRequestInit, SendRequest } from '../../../src/client/request/client-request.ts'
import { type H2Error, HTTP20Connection, type HTTP20ConnectionOptions } from '../../../src/index.ts'
import { MemoryOrigin, type OriginRequest, type OriginResponse } from '../../../src/testing/index.ts'

/** Answers a request to `url`, the whole of it. */
export type Answer = (request: OriginRequest, url: URL) => OriginResponse | Promise<OriginResponse>

/** Every origin there is: each is made when it is first asked for something. */
export class Origins {
  readonly fetch: Fetch
  /** What `fetch` sent, in order. */
  readonly sent: { url: string; init: ClientRequestInit }[] = []
  /** What arrived, with the headers it came with. */
  readonly arrived: { url: string; method: string; headers: Headers; request: OriginRequest }[] = []
  readonly #answer: Answer
  readonly #options: HTTP20ConnectionOptions
  readonly #connections = new Map<string, HTTP20Connection>()
  readonly #origins = new Map<string, MemoryOrigin>()

  constructor(answer: Answer, options: FetchOptions = {}, connection: HTTP20ConnectionOptions = {}) {
    this.#answer = answer
    this.#options = connection
    this.fetch = createFetch(this.send, options)
  }

  readonly send: SendRequest = async (given, init = {}) => {
    const url = new URL(given)
    const { method = 'GET', onInformational, ...rest } = init
    this.sent.push({ url: url.href, init })
    const response = await this.connection(url.origin).request(method, url.pathname + url.search, rest)
      .response
    for (const informational of response.informational) onInformational?.(informational)
    return response
  }

  connection(origin: string): HTTP20Connection {
    let connection = this.#connections.get(origin)
    if (connection === undefined) {
      const { dial } = this.origin(origin)
      connection = new HTTP20Connection(origin, { transport: dial, ...this.#options })
      this.#connections.set(origin, connection)
    }
    return connection
  }

  origin(origin: string): MemoryOrigin {
    let memory = this.#origins.get(origin)
    if (memory === undefined) {
      memory = new MemoryOrigin((request) => {
        const url = new URL(request.path, `${request.scheme}://${request.authority}`)
        this.arrived.push({ url: url.href, method: request.method, headers: request.headers, request })
        return this.#answer(request, url)
      })
      this.#origins.set(origin, memory)
    }
    return memory
  }

  /** Streams open on all connections, once what is under way was done. */
  async openStreams(): Promise<number> {
    for (let i = 0; i < 20; i++) await turn()
    let open = 0
    for (const connection of this.#connections.values()) open += connection.stats.streamsOpen
    return open
  }
}

/** Answers everything alike. */
export function answering(response: OriginResponse, options: FetchOptions = {}): Origins {
  return new Origins(() => response, options)
}

/** Pieces as they are pushed. */
export class Pieces implements AsyncIterable<string> {
  readonly #pieces: (string | undefined)[] = []
  #wake: (() => void) | undefined

  push(piece: string): void {
    this.#pieces.push(piece)
    this.#wake?.()
  }

  end(): void {
    this.#pieces.push(undefined)
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    for (;;) {
      while (this.#pieces.length > 0) {
        const piece = this.#pieces.shift()
        if (piece === undefined) return
        yield piece
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

/** What a promise rejects with; fails if it does not. */
export async function failure(promise: Promise<unknown>): Promise<TypeError & { cause?: H2Error }> {
  try {
    await promise
  } catch (error) {
    return error as TypeError & { cause?: H2Error }
  }
  throw new Error('it did not reject')
}
