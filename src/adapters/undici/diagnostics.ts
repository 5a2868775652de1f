/**
 * Undici's diagnostics channels, for tracing that listens there. Its one rule:
 * nothing is put together unless someone listens. Connections are reported by
 * `hyper:connection:*`, from which the messages of `undici:client:*` are made.
 */
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { toDispatchError } from './errors.ts'
import { type Pairs, rawHeaders } from './raw-headers.ts'
import { add, type Fields, type Prepared } from './request-options.ts'

const CREATE = channel('undici:request:create')
const BODY_CHUNK_SENT = channel('undici:request:bodyChunkSent')
const BODY_SENT = channel('undici:request:bodySent')
const BODY_CHUNK_RECEIVED = channel('undici:request:bodyChunkReceived')
const HEADERS = channel('undici:request:headers')
const TRAILERS = channel('undici:request:trailers')
const ERROR = channel('undici:request:error')
const SEND_HEADERS = channel('undici:client:sendHeaders')
const CLIENT = {
  start: channel('undici:client:beforeConnect'),
  open: channel('undici:client:connected'),
  error: channel('undici:client:connectError'),
}
const OF_REQUESTS = [
  CREATE,
  BODY_CHUNK_SENT,
  BODY_SENT,
  BODY_CHUNK_RECEIVED,
  HEADERS,
  TRAILERS,
  ERROR,
  SEND_HEADERS,
]

/** Where a connection leads, as far as it is known: what subscribers look for in a socket. */
export interface RemoteEnd {
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
  readonly localAddress?: string | undefined
  readonly localPort?: number | undefined
}

/** A request as subscribers see it. They may add fields to it when it is created. */
class SeenRequest {
  readonly origin: string
  readonly path: string
  readonly method: string
  readonly body: unknown
  completed = false
  aborted = false
  readonly #fields: Fields

  constructor(prepared: Prepared, body: unknown) {
    this.origin = prepared.origin
    this.path = prepared.path
    this.method = prepared.method
    // Text is octets by the time that undici tells of it.
    this.body = typeof body === 'string' ? (body === '' ? null : Buffer.from(body)) : (body ?? null)
    this.#fields = prepared.fields
  }

  /** Names and values in turn. */
  get headers(): string[] {
    return this.#fields.flat()
  }

  addHeader(name: string, value: string): this {
    add(this.#fields, name, value)
    return this
  }
}

/** What is published of one request. */
export class Trace {
  readonly #request: SeenRequest
  /** What is told once the head was sent; undefined from then on. */
  #waiting: (() => void)[] | undefined = []

  /** Undefined if nobody listens. */
  static of(prepared: Prepared, body: unknown): Trace | undefined {
    return OF_REQUESTS.some(({ hasSubscribers }) => hasSubscribers) ? new Trace(prepared, body) : undefined
  }

  private constructor(prepared: Prepared, body: unknown) {
    this.#request = new SeenRequest(prepared, body)
    CREATE.publish({ request: this.#request })
  }

  /** False if neither a channel nor anyone else wants to know what is sent. */
  get watchesBody(): boolean {
    return BODY_CHUNK_SENT.hasSubscribers || BODY_SENT.hasSubscribers
  }

  /** The head is on its way. All but the first time this tells nothing. */
  sent(socket: RemoteEnd): void {
    const waiting = this.#waiting
    if (waiting === undefined) return
    this.#waiting = undefined
    if (SEND_HEADERS.hasSubscribers) this.#sendsHeaders(socket)
    for (const tell of waiting) tell()
    if (this.#request.body === null) this.bodySent()
  }

  #sendsHeaders(socket: RemoteEnd): void {
    const request = this.#request
    const { headers } = request
    let text = `${request.method} ${request.path} HTTP/2\r\n`
    for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`
    SEND_HEADERS.publish({ request, headers: text, socket })
  }

  chunkSent(chunk: unknown): void {
    if (!BODY_CHUNK_SENT.hasSubscribers) return
    this.#inTurn(() => BODY_CHUNK_SENT.publish({ request: this.#request, chunk }))
  }

  bodySent(): void {
    if (!BODY_SENT.hasSubscribers) return
    this.#inTurn(() => BODY_SENT.publish({ request: this.#request }))
  }

  #inTurn(tell: () => void): void {
    if (this.#waiting === undefined) tell()
    else this.#waiting.push(tell)
  }

  chunkReceived(chunk: unknown): void {
    if (BODY_CHUNK_RECEIVED.hasSubscribers) BODY_CHUNK_RECEIVED.publish({ request: this.#request, chunk })
  }

  headers(statusCode: number, pairs: Pairs, statusText: string): void {
    if (!HEADERS.hasSubscribers) return
    const response = { statusCode, headers: rawHeaders(pairs), statusText }
    HEADERS.publish({ request: this.#request, response })
  }

  trailers(pairs: Pairs): void {
    this.#request.completed = true
    if (TRAILERS.hasSubscribers) {
      TRAILERS.publish({ request: this.#request, trailers: rawHeaders(pairs) })
    }
  }

  error(error: unknown): void {
    this.#request.aborted = true
    if (ERROR.hasSubscribers) ERROR.publish({ request: this.#request, error })
  }
}

/** What is told of the connections of a dispatcher's origins. */
export interface ConnectionWatcher {
  /** True if the origin is one of the dispatcher's. */
  serves(origin: string): boolean
  /** Plain text to it is HTTP/2. */
  readonly h2c: boolean
  opened(origin: string, remote: RemoteEnd): void
  /** GOAWAY came (RFC 9113 §6.8): the connection closes when what it carries is done. */
  draining(origin: string, errorCode: number): void
  closed(origin: string): void
  /** True if no connection came to be; one that stood is told of again when it is closed. */
  failed(origin: string, error: unknown): boolean
}

interface ConnectionMessage extends RemoteEnd {
  readonly origin: string
  readonly alpn?: string
  readonly error?: unknown
  readonly errorCode?: number
}

/** Tells a watcher of connections, and undici's channels too; returns what ends it. */
export function watchConnections(watcher: ConnectionWatcher): () => void {
  // A dispatcher that was dropped unclosed is not kept for the sake of its watching.
  const held = new WeakRef(watcher)
  const listeners: [name: string, listener: (message: unknown) => void][] = []
  const listen = (name: string, tell: (watcher: ConnectionWatcher, message: ConnectionMessage) => void) => {
    const listener = (message: unknown): void => {
      const alive = held.deref()
      if (alive === undefined) stop()
      else if (alive.serves((message as ConnectionMessage).origin)) tell(alive, message as ConnectionMessage)
    }
    subscribe(name, listener)
    listeners.push([name, listener])
  }
  const stop = (): void => {
    for (const [name, listener] of listeners.splice(0)) unsubscribe(name, listener)
  }
  listen('hyper:connection:start', (_, { origin }) => publish(CLIENT.start, origin, {}))
  listen('hyper:connection:open', (alive, { origin, alpn, ...facts }) => {
    const { remoteAddress, remotePort, localAddress, localPort } = facts
    const socket = { remoteAddress, remotePort, localAddress, localPort }
    const plain2 = alive.h2c && origin.startsWith('http:')
    publish(CLIENT.open, origin, { version: alpn === 'h2' || plain2 ? 'h2' : 'h1', socket })
    alive.opened(origin, socket)
  })
  listen('hyper:connection:draining', (alive, { origin, errorCode = 0 }) => alive.draining(origin, errorCode))
  listen('hyper:connection:close', (alive, { origin }) => alive.closed(origin))
  listen('hyper:connection:error', (alive, { origin, error: given }) => {
    const error = toDispatchError(given)
    if (alive.failed(origin, error)) publish(CLIENT.error, origin, { error })
  })
  return stop
}

function publish(to: ReturnType<typeof channel>, origin: string, facts: Record<string, unknown>): void {
  if (!to.hasSubscribers) return
  const { host, hostname, protocol, port } = new URL(origin)
  const { version, ...others } = facts
  const connectParams = { host, hostname, protocol, port, version, servername: null, localAddress: null }
  to.publish({ connectParams, ...others })
}
