/**
 * `hyper-h2/connect`: calls of `@connectrpc/connect` 2 over this stack, for the
 * protocols Connect, gRPC and gRPC-Web. Owns what that library calls an
 * `httpClient`: one function from a request to a response. Its one rule:
 * messages, codings and deadlines belong to the library above; here are bytes,
 * trailers, and how an exchange ends.
 */
import { Client, type ClientOptions, type HTTP20Response, type RequestBody } from '../index.ts'
import { Resendable } from './connect/resendable.ts'
import { type CallFacts, rpcError } from './connect/rpc-error.ts'
import { whole } from './connect/source.ts'

/** A request as the library's transports give it. */
export interface RpcRequest {
  readonly url: string
  readonly method: string
  readonly header: Headers
  readonly body?: AsyncIterable<Uint8Array> | undefined
  readonly signal?: AbortSignal | undefined
}

/** A response as the library's transports take it. */
export interface RpcResponse {
  status: number
  header: Headers
  /** Read once. Leaving it early cancels the call. */
  body: AsyncIterable<Uint8Array>
  /** Filled before `body` ends. */
  trailer: Headers
}

/** Options of a `Client`; content codings are the library's affair. */
export type RpcClientOptions = Omit<ClientOptions, 'decompress'>

/** The library's `UniversalClientFn`, and the connections beneath it. */
export interface RpcClient {
  (request: RpcRequest): Promise<RpcResponse>
  /** Connections and what is open on them: `client.stats()`, `client.destroy()`. */
  readonly client: Client
  /** Takes no more calls, finishes those it has, then closes every connection. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * More often than each five minutes, servers of gRPC take a PING without data
 * for an attack, and say GOAWAY with ENHANCE_YOUR_CALM.
 */
const KEEP_ALIVE = { interval: 330_000, timeout: 15_000 }
/** How long a call may take, or be silent, is for its deadline to say. */
const PATIENT = { headers: 0, bodyIdle: 0 }

/**
 * Makes the `httpClient` of the library's transports.
 *
 * Options are those of `Client` with other defaults: no limit of time for
 * headers and between pieces (calls have deadlines), PING after 330 s of
 * silence, `http:` URLs by HTTP/2 with prior knowledge. Calls reject with what
 * passes for a `ConnectError`, whose `cause` is the `H2Error`.
 *
 * @throws TypeError, RangeError naming the option that is wrong
 * @example
 * import { createTransport } from '@connectrpc/connect/protocol-grpc'
 *
 * const httpClient = createHttpClient({ tls: { ca } })
 * const transport = createTransport({ httpClient, baseUrl: 'https://api.test', ...others })
 */
export function createHttpClient(options: RpcClientOptions = {}): RpcClient {
  const client = new Client({
    h2c: true,
    keepAlive: KEEP_ALIVE,
    ...options,
    timeouts: { ...PATIENT, ...options.timeouts },
    decompress: false,
  })
  const close = (): Promise<void> => client.close()
  return Object.assign((request: RpcRequest) => call(client, request), {
    client,
    close,
    [Symbol.asyncDispose]: close,
  })
}

async function call(client: Client, request: RpcRequest): Promise<RpcResponse> {
  const { url, method, header, signal } = request
  let messages: Resendable | undefined
  let http1 = false
  try {
    let body: RequestBody | undefined
    if (request.body !== undefined && UNARY.test(header.get('content-type') ?? '')) {
      body = await whole(request.body, signal)
    } else if (request.body !== undefined) {
      const sent = new Resendable(request.body)
      messages = sent
      body = () => sent.open()
    }
    const response = await client.request(url, {
      method,
      path: pathOf(url),
      headers: header,
      body,
      signal,
      onConnection: ({ httpVersion }) => {
        http1 = httpVersion !== '2'
      },
    })
    messages?.answered()
    const trailer = new Headers()
    return {
      status: response.status,
      header: response.headers,
      body: new RpcContent(response, trailer, { signal, http1, responded: true }),
      trailer,
    }
  } catch (error) {
    messages?.stop()
    throw rpcError(error, { signal, http1, responded: false })
  }
}

/** As the library's own transports have it: of an empty query nothing is left. */
function pathOf(url: string): string | undefined {
  if (!url.includes('?')) return undefined
  const { pathname, search } = new URL(url)
  return pathname + search
}

/** Unary calls of the Connect protocol: one message without a frame around it. */
const UNARY = /^application\/(?:proto|json)(?:;|$)/

/** The content of a response. The library ends it with `return` or `throw`, or by the signal. */
class RpcContent implements AsyncIterableIterator<Uint8Array> {
  readonly #response: HTTP20Response
  readonly #pieces: AsyncIterableIterator<Uint8Array>
  readonly #trailer: Headers
  readonly #facts: CallFacts
  #over: boolean

  constructor(response: HTTP20Response, trailer: Headers, facts: CallFacts) {
    this.#response = response
    this.#pieces = response[Symbol.asyncIterator]()
    this.#trailer = trailer
    this.#facts = facts
    this.#over = false
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#over) return { done: true, value: undefined }
    try {
      const result = await this.#pieces.next()
      if (result.done === true) await this.#end()
      return result
    } catch (error) {
      throw rpcError(error, this.#facts)
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#cancel()
    return { done: true, value: undefined }
  }

  async throw(error: unknown): Promise<IteratorResult<Uint8Array>> {
    this.#cancel()
    throw error
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #cancel(): void {
    this.#over = true
    this.#response.cancel()
  }

  async #end(): Promise<void> {
    this.#over = true
    for (const [name, value] of await this.#response.trailers) this.#trailer.append(name, value)
  }
}
