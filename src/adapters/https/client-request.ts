/**
 * A request in the shape of `http.ClientRequest`. It is sent when the first of
 * its body is written, when it is ended, or when its header is flushed. Its one
 * rule: it ends with one `close`, before which comes an `error` or the whole of
 * the response, and then nothing of it is left.
 */

import { AsyncResource } from 'node:async_hooks'
import { STATUS_CODES } from 'node:http'
import type { HTTP20Response, Informational } from '../../index.ts'
import { type Agent, agentOf } from './agent.ts'
import { clientOver } from './given-connection.ts'
import { IncomingMessage, type ResponseOwner } from './incoming-message.ts'
import { aborted, hangUp, misuse, toNodeError } from './node-error.ts'
import { type FieldValue, OutgoingFields } from './outgoing-fields.ts'
import { duration, RequestSocket, type SocketOwner } from './request-socket.ts'
import {
  mergeOptions,
  notFound,
  type RequestOptions,
  type RequestTarget,
  servernameOf,
  targetOf,
} from './request-target.ts'
import { Upload } from './upload.ts'

type Callback = (error?: Error | null) => void
type OnResponse = (response: IncomingMessage) => void

export class ClientRequest extends OutgoingFields implements ResponseOwner, SocketOwner {
  readonly agent: Agent
  readonly method: string
  readonly protocol: string
  readonly host: string
  readonly path: string
  /** Set once the request has one. */
  socket: RequestSocket | null
  /** The response, once it has come. */
  res: IncomingMessage | null
  /** True once `abort` was called. */
  aborted: boolean
  /** True if the connection had carried a request before. */
  reusedSocket: boolean
  /** Milliseconds of silence that are an event; undefined if none were asked for. */
  timeout: number | undefined
  /** Means nothing over HTTP/2. */
  shouldKeepAlive: boolean
  readonly #options: RequestOptions
  readonly #target: RequestTarget
  readonly #socket: RequestSocket
  /** Ends the exchange. Made when it is sent. */
  #abort: AbortController | undefined
  #upload: Upload | undefined
  /** The body, if it was given in one piece. */
  #whole: Uint8Array | undefined
  /** True once the request is on a connection. */
  #carried: boolean
  /** Waits until it is. */
  #onCarried: Callback | undefined
  /** True once nothing more will come of the response. */
  #answered: boolean
  #unlisten: (() => void) | undefined
  /** True while the socket's next `timeout` is one of the request. */
  #timed: boolean

  constructor(
    input: string | URL | RequestOptions,
    options?: RequestOptions | OnResponse,
    onResponse?: OnResponse,
  ) {
    super()
    const callback = typeof options === 'function' ? options : onResponse
    const merged = mergeOptions(
      input ?? {},
      typeof options === 'function' ? undefined : (options ?? undefined),
    )
    const target = targetOf(merged)
    this.agent = agentOf(merged.agent)
    if (merged.createConnection !== undefined && merged.agent) {
      const message = 'createConnection has no meaning beside an agent, which makes the connections'
      throw misuse(TypeError, 'ERR_INVALID_ARG_VALUE', message)
    }
    this.method = target.method
    this.protocol = target.protocol
    this.host = target.hostname
    this.path = target.path
    this.socket = null
    this.res = null
    this.aborted = false
    this.reusedSocket = false
    this.timeout = undefined
    this.shouldKeepAlive = true
    this.#options = merged
    this.#target = target
    this.#socket = new RequestSocket(this, target.protocol === 'https:')
    this.#abort = undefined
    this.#upload = undefined
    this.#whole = undefined
    this.#carried = false
    this.#onCarried = undefined
    this.#answered = false
    this.#unlisten = undefined
    this.#timed = false
    this.#setFields(merged)
    if (callback !== undefined) this.once('response', callback)
    if (merged.timeout !== undefined && merged.timeout !== null) this.setTimeout(merged.timeout)
    this.#listen(merged.signal ?? undefined)
    process.nextTick(() => this.#announce())
  }

  #setFields({ headers, auth, setHost }: RequestOptions): void {
    for (const [name, value] of pairsOf(headers)) {
      if (value !== undefined) this.#appendOrSet(name, value, Array.isArray(headers))
    }
    if (setHost !== false && !this.hasHeader('host')) this.setHeader('Host', this.#target.authority)
    // As with node:http, who writes the header as a list writes all of it.
    if (auth && !Array.isArray(headers) && !this.hasHeader('authorization')) {
      this.setHeader('Authorization', `Basic ${Buffer.from(auth).toString('base64')}`)
    }
  }

  /** A list of fields may name one several times. */
  #appendOrSet(name: string, value: FieldValue, append: boolean): void {
    if (append && typeof value !== 'number') this.appendHeader(name, value)
    else this.setHeader(name, value)
  }

  #listen(signal: AbortSignal | undefined): void {
    if (signal === undefined) return
    if (typeof signal !== 'object' || !('aborted' in signal)) {
      throw misuse(
        TypeError,
        'ERR_INVALID_ARG_TYPE',
        'The "options.signal" property must be an instance of AbortSignal',
      )
    }
    const onAbort = (): void => {
      this.destroy(aborted(signal))
    }
    if (signal.aborted) {
      onAbort()
      return
    }
    signal.addEventListener('abort', onAbort)
    this.#unlisten = () => signal.removeEventListener('abort', onAbort)
  }

  #announce(): void {
    if (this.destroyed) return
    this.#socket.connecting = this.sent && !this.#carried
    this.socket = this.#socket
    this.emit('socket', this.#socket)
  }

  // — what callers ask —

  get connection(): RequestSocket | null {
    return this.socket
  }

  get finished(): boolean {
    return this.writableEnded
  }

  get _headerSent(): boolean {
    return this.sent
  }

  /** Sends the header now, before there is a body. */
  flushHeaders(): void {
    if (!this.sent && !this.destroyed) this.#send(undefined)
  }

  setTimeout(ms: number, callback?: () => void): this {
    const limit = duration(ms)
    if (callback !== undefined) this.once('timeout', callback)
    this.timeout = limit
    if (!this.#answered) {
      this.#hearTimeout()
      this.#socket.setTimeout(limit)
    }
    return this
  }

  clearTimeout(callback?: () => void): this {
    return this.setTimeout(0, callback)
  }

  /** The request is told of one timeout of its socket, and of none that others set there. */
  #hearTimeout(): void {
    if (this.#timed) return
    this.#timed = true
    this.#socket.once('timeout', () => {
      this.#timed = false
      this.emit('timeout')
    })
  }

  setNoDelay(): void {}

  setSocketKeepAlive(): void {}

  /** As `destroy()`, and says so: `aborted` is true, and `abort` is emitted. */
  abort(): void {
    if (this.aborted) return
    this.aborted = true
    process.nextTick(() => this.emit('abort'))
    this.destroy()
  }

  override write(chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
    if (this.writableEnded) return this.#refuse(typeof encoding === 'function' ? encoding : callback)
    return super.write(chunk, encoding as BufferEncoding, callback as Callback)
  }

  /** As with node:http, what is written behind the end is an error, and what came before it is sent all the same. */
  #refuse(callback: unknown): false {
    const error = misuse(Error, 'ERR_STREAM_WRITE_AFTER_END', 'write after end')
    process.nextTick(() => {
      if (typeof callback === 'function') callback(error)
      if (!this.destroyed) this.emit('error', error)
    })
    return false
  }

  override end(chunk?: unknown, encoding?: unknown, callback?: unknown): this {
    if (this.writableEnded && chunk !== undefined && chunk !== null && typeof chunk !== 'function') {
      this.#refuse(typeof encoding === 'function' ? encoding : callback)
      return this
    }
    if (this.#startsWith(chunk)) {
      this.#whole = typeof chunk === 'string' ? Buffer.from(chunk, encodingOf(encoding)) : chunk
      return super.end(typeof encoding === 'function' ? (encoding as () => void) : (callback as () => void))
    }
    return super.end(chunk, encoding as BufferEncoding, callback as () => void)
  }

  /** True for the whole of a body, of which nothing was written before. */
  #startsWith(chunk: unknown): chunk is string | Uint8Array {
    if (this.sent || this.destroyed || this.writableEnded || this.writableLength > 0) return false
    return typeof chunk === 'string' || chunk instanceof Uint8Array
  }

  // — `Writable` —

  override _write(chunk: Buffer, _encoding: string, callback: Callback): void {
    if (!this.sent) this.#send(undefined)
    this.#socket.touch()
    this.#upload!.write(chunk, callback)
  }

  override _final(callback: Callback): void {
    if (!this.sent) this.#send(this.#whole ?? null)
    this.#upload?.end()
    if (this.#carried || this.#answered) callback()
    else this.#onCarried = callback
  }

  /** Sends the request: with this body, with none (null), or with one that is written later (undefined). */
  #send(whole: Uint8Array | null | undefined): void {
    this.sent = true
    this.#abort = new AbortController()
    if (whole === undefined) this.#upload = new Upload(() => this.#socket.touch())
    const pairs = this.headerPairs()
    // As with node:https, nobody speaks for a caller who names no user agent.
    if (!this.hasHeader('user-agent')) pairs.push(['user-agent', ''])
    const options = this.#options
    const servername = servernameOf(options, this.#target.hostname, this.getHeader('host'))
    this.#request(servername === undefined ? options : { ...options, servername }, pairs, whole).then(
      (response) => process.nextTick(() => this.#respond(response)),
      (error) => process.nextTick(() => this.#fail(error)),
    )
  }

  /**
   * Trailers that may be given while the body is written. Behind a length that was announced there are none,
   * as with node:https, unless they were announced too: over HTTP/1.1 they need chunks in its place.
   */
  get #laterTrailers(): (() => [string, string][]) | undefined {
    if (this.hasHeader('content-length') && !this.hasHeader('trailer')) return undefined
    return () => this.trailerPairs ?? []
  }

  async #request(
    options: RequestOptions,
    headers: [string, string][],
    whole: Uint8Array | null | undefined,
  ): Promise<HTTP20Response> {
    const { origin, hostname, sentPath: path } = this.#target
    // What a connection brings is told where the request was sent, not where the connection was made.
    const scope = new AsyncResource('HyperRequest')
    const inScope = (tell: () => void): void => scope.runInAsyncScope(tell)
    if (origin === undefined) throw notFound(hostname)
    const own = options.createConnection !== undefined
    const client = own ? clientOver(options, this.#target) : this.agent.clientFor(options)
    return client.request(`${origin}/`, {
      method: this.method,
      path,
      headers,
      body: whole === undefined ? this.#upload : whole,
      trailers: whole === undefined ? this.#laterTrailers : this.trailerPairs,
      signal: this.#abort!.signal,
      onInformational: (informational) => process.nextTick(() => inScope(() => this.#inform(informational))),
      onConnection: (info) =>
        inScope(() => {
          this.#carried = true
          this.reusedSocket = info.reused
          this.#socket.connected(info, this.#socket.connecting)
          const finish = this.#onCarried
          this.#onCarried = undefined
          finish?.()
        }),
    })
  }

  // — what comes back —

  #inform({ status, headers }: Informational): void {
    if (this.destroyed) return
    this.#socket.touch()
    const second = this.#socket.alpnProtocol === 'h2'
    if (status === 100) this.emit('continue')
    this.emit('information', {
      statusCode: status,
      statusMessage: STATUS_CODES[status] ?? '',
      httpVersion: second ? '2.0' : '1.1',
      httpVersionMajor: second ? 2 : 1,
      httpVersionMinor: second ? 0 : 1,
      headers: Object.fromEntries(headers),
      rawHeaders: [...headers].flat(),
    })
  }

  #respond(response: HTTP20Response): void {
    if (this.destroyed) {
      response.cancel()
      return
    }
    this.#socket.touch()
    const { joinDuplicateHeaders = false } = this.#options
    this.res = new IncomingMessage(response, this, this.#socket, joinDuplicateHeaders)
    this.#socket.on('timeout', () => this.res!.emit('timeout'))
    // As with node:http, what nobody listens for is read and let fall.
    if (!this.emit('response', this.res)) this.res.resume()
  }

  #fail(error: unknown): void {
    if (!this.destroyed) this.destroy(toNodeError(error))
  }

  responseClosed(complete: boolean, reason?: Error): void {
    if (this.#answered) return
    this.#answered = true
    this.#socket.setTimeout(0)
    if (!complete || this.writableFinished) {
      this.destroy(reason)
      return
    }
    // The server has answered, and wants nothing of what is left of the request.
    this.#upload?.drop()
    this.once('finish', () => this.destroy())
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#unlisten?.()
    const { res } = this
    const over = this.#answered
    this.#answered = true
    // As with node:http, who aborts before there is a socket asked for it, and hears of no error.
    const quiet = res !== null || (this.aborted && this.socket === null)
    const reason = error ?? (quiet ? null : hangUp())
    // Before the client lets the body go, which counts what waits as written.
    this.#upload?.drop(reason ?? hangUp())
    if (!over || reason !== null) this.#abort?.abort(reason)
    this.#onCarried = undefined
    callback(reason)
    // As with node:http: the request's error, the response's end, the request's close.
    process.nextTick(() => {
      if (!over) res?.destroy(hangUp('aborted', error ?? undefined))
      this.#socket.close(reason !== null)
      this.emit('close')
    })
  }
}

function pairsOf(headers: unknown): [string, FieldValue | undefined][] {
  if (headers === undefined || headers === null) return []
  if (!Array.isArray(headers)) return Object.entries(headers as object)
  if (headers.every((one) => Array.isArray(one))) return headers as [string, string][]
  const pairs: [string, FieldValue][] = []
  for (let i = 0; i + 1 < headers.length; i += 2) pairs.push([headers[i], headers[i + 1]])
  return pairs
}

function encodingOf(encoding: unknown): BufferEncoding {
  return typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8'
}
