/**
 * One dispatched request, from the handler's first call to its last. Its one
 * rule: of `end`, `error` and `upgrade` the handler is told exactly one, once,
 * and whatever it throws ends its request and nothing else.
 */
import { AsyncResource } from 'node:async_hooks'
import type { BodyFlow, BodyReceiver, ClientRequestInit, HTTP20Response, RequestBody } from '../../index.ts'
import { Expectation } from '../wire/expectation.ts'
import { type BodyWatcher, watched } from './body-watch.ts'
import { Cancellation } from './cancellation.ts'
import type { DispatchController, DispatchOptions } from './contract.ts'
import { Trace } from './diagnostics.ts'
import {
  aborted,
  type Circumstances,
  DispatchError,
  lacksExtendedConnect,
  toDispatchError,
} from './errors.ts'
import type { HandlerFace } from './handler-face.ts'
import { answerTo } from './http1-answer.ts'
import type { Listed } from './open-requests.ts'
import { type Pairs, RawFields } from './raw-headers.ts'
import { bodyOf, hearStream, isNodeStream, stopStream } from './request-body.ts'
import type { RequestHost } from './request-host.ts'
import { asWritten, type Prepared } from './request-options.ts'
import { ScopedReceiver } from './scoped-receiver.ts'
import { Outgoing, Tunnel } from './tunnel.ts'

export class DispatchedRequest implements DispatchController, BodyReceiver, Listed {
  /** Written by the list of open requests only. */
  slot: number
  readonly prepared: Prepared
  readonly #host: RequestHost
  readonly #options: DispatchOptions
  readonly #face: HandlerFace
  readonly #cancel: Cancellation
  readonly #trace: Trace | undefined
  /** Where it was dispatched. */
  readonly #scope: AsyncResource
  /** The handler was told its last, or handed to somebody else. */
  #over: boolean
  #answered: boolean
  #aborted: boolean
  #reason: unknown
  #paused: boolean
  /** True while the handler is told of the head, and of what is there already of the content. */
  #telling: boolean
  #response: HTTP20Response | undefined
  #flow: BodyFlow | undefined
  /** What a tunnel's user writes; made before the request is sent. */
  #outgoing: Outgoing | undefined
  /** Holds the content back until the server asks for it. */
  #expectation: Expectation | undefined
  #tunnel: Tunnel | undefined
  readonly #headers: RawFields
  readonly #trailers: RawFields

  constructor(host: RequestHost, prepared: Prepared, options: DispatchOptions, face: HandlerFace) {
    this.slot = -1
    this.#host = host
    this.prepared = prepared
    this.#options = options
    this.#face = face
    this.#cancel = new Cancellation()
    this.#scope = new AsyncResource('HyperDispatch')
    this.#over = false
    this.#answered = false
    this.#aborted = false
    this.#reason = null
    this.#paused = false
    this.#telling = false
    this.#response = undefined
    this.#flow = undefined
    this.#outgoing = undefined
    this.#expectation = undefined
    this.#tunnel = undefined
    this.#headers = new RawFields()
    this.#trailers = new RawFields()
    this.#trace = Trace.of(prepared, options.body)
  }

  start(): void {
    const { body } = this.#options
    if (isNodeStream(body)) hearStream(body, (error) => this.#fail(error))
    if (!this.#call(() => this.#face.start(this))) return
    let content: RequestBody | Promise<RequestBody> | undefined
    try {
      if (this.prepared.tunnel) this.#outgoing = new Outgoing()
      content = this.#outgoing ?? this.#content(body)
    } catch (error) {
      this.#fail(error)
      return
    }
    if (content instanceof Promise) content.then(this.#sendWhole, (error) => this.#fail(error))
    else this.#send(content)
  }

  // — `DispatchController` —

  get aborted(): boolean {
    return this.#aborted
  }

  get paused(): boolean {
    return this.#paused
  }

  get reason(): unknown {
    return this.#reason
  }

  get rawHeaders(): unknown {
    return this.#headers.raw
  }

  set rawHeaders(given: unknown) {
    this.#headers.raw = given
  }

  get rawTrailers(): unknown {
    return this.#trailers.raw
  }

  set rawTrailers(given: unknown) {
    this.#trailers.raw = given
  }

  abort(reason?: unknown): void {
    if (this.#over || this.#aborted) return
    this.#aborted = true
    this.#reason = reason ?? null
    this.#fail(reason ?? aborted())
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    if (this.#flow !== undefined) this.#flow.resume()
    // What a handler says while it is told of the head counts when that is over.
    else if (!this.#telling) this.#begin()
  }

  // — `BodyReceiver` —

  onData(piece: Uint8Array): boolean {
    const chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    if (this.#over) return false
    this.#trace?.chunkReceived(chunk)
    return this.#call(() => this.#face.data(this, chunk)) && !this.#paused
  }

  onEnd(trailers: Pairs): void {
    if (this.#over) return
    this.#trailers.pairs = trailers
    this.#over = true
    this.#trace?.trailers(trailers)
    try {
      this.#face.end(this, trailers)
    } catch (error) {
      this.#tell(error)
    }
    this.#settle()
  }

  onError(error: unknown): void {
    const told = toDispatchError(error, this.#known)
    // Callers make a body of the head in the microtasks behind it, and have to have it by then.
    if (this.#telling) setImmediate(() => this.#fail(told))
    else this.#fail(told)
  }

  // — the request —

  #content(body: unknown): RequestBody | Promise<RequestBody> | undefined {
    const content = bodyOf(body, this.prepared, this.#cancel.signal)
    const { handler } = this.#face
    const wanted = handler.onBodySent !== undefined || handler.onRequestSent !== undefined
    if (content === undefined && wanted) this.#call(() => handler.onRequestSent?.())
    if (content === undefined || !(wanted || this.#trace?.watchesBody === true)) return content
    const { fields } = this.prepared
    return content instanceof Promise
      ? content.then((whole) => watched(whole, fields, this.#watcher))
      : watched(content, fields, this.#watcher)
  }

  get #watcher(): BodyWatcher {
    const { handler } = this.#face
    return {
      sent: (chunk) => {
        this.#trace?.chunkSent(chunk)
        this.#call(() => handler.onBodySent?.(chunk))
      },
      done: () => {
        this.#trace?.bodySent()
        this.#call(() => handler.onRequestSent?.())
      },
    }
  }

  /** What was announced as empty, and is: the head ends the request. */
  readonly #sendWhole = (body: RequestBody): void => {
    this.#send(body instanceof Uint8Array && body.length === 0 ? undefined : body)
  }

  readonly #send = (body: RequestBody | undefined): void => {
    if (this.#over) return
    const { origin, path, servername, method, protocol, fields, timeouts, expects } = this.prepared
    this.#expectation = expects && body !== undefined ? new Expectation(this.#host.clock) : undefined
    // Undici names itself nowhere; an empty value is how the client is told to do the same.
    if (!fields.some(([name]) => name === 'user-agent')) fields.push(['user-agent', ''])
    const init: ClientRequestInit = {
      method,
      path,
      servername,
      headers: asWritten(this.prepared),
      body: this.#expectation === undefined ? body : this.#expectation.held(body!),
      timeouts,
      protocol,
      signal: this.#cancel.signal,
      onInformational: this.#informed,
    }
    this.#host.client.request(`${origin}/`, init).then(this.#responded, this.#failed)
    const trace = this.#trace
    if (trace === undefined) return
    this.#host.whenConnected(origin, (remote) => {
      if (!this.#over) trace.sent(remote)
    })
  }

  // — the response —

  get #informed(): ClientRequestInit['onInformational'] {
    const expectation = this.#expectation
    const told = typeof this.#options.onInfo === 'function' || this.#host.informational
    if (!told && expectation === undefined) return undefined
    return ({ status, headers }) => {
      if (status === 100) expectation?.granted()
      if (!told) return
      const pairs = [...headers]
      this.#headers.pairs = pairs
      const tell = (): void => this.#face.informational(this, status, pairs)
      if (!this.#over) this.#call(() => this.#scope.runInAsyncScope(tell))
    }
  }

  readonly #responded = (response: HTTP20Response): void => {
    this.#response = response
    this.#trace?.sent({})
    this.#tellAnswered()
    if (this.#over) {
      response.cancel()
      return
    }
    const { status, statusText } = response
    const pairs = response.rawHeaders
    if (this.prepared.tunnel) {
      this.#upgrade(response)
      return
    }
    this.#headers.pairs = pairs
    this.#trace?.headers(status, pairs, statusText)
    const { handler } = this.#face
    if (handler.onResponseStarted !== undefined && !this.#call(() => handler.onResponseStarted?.())) return
    this.#telling = true
    const goesOn = this.#call(() => this.#face.head(this, status, pairs, statusText))
    this.#telling = false
    if (!goesOn || this.#paused) return
    this.#telling = true
    this.#begin()
    this.#telling = false
  }

  #begin(): void {
    if (
      this.#over ||
      this.#flow !== undefined ||
      this.#response === undefined ||
      this.#outgoing !== undefined
    )
      return
    this.#flow = this.#response.pushTo(new ScopedReceiver(this, this.#scope))
    // A handler may have paused and resumed before there was a flow.
    if (!this.#paused) this.#flow.resume()
  }

  #upgrade(response: HTTP20Response): void {
    const { protocol, fields } = this.prepared
    const like1 = protocol !== undefined && this.#wants101
    if (like1 && response.status >= 300) {
      this.#fail(new DispatchError('UND_ERR_SOCKET', 'bad upgrade'))
      return
    }
    const { status, pairs } = answerTo(protocol, fields, response, like1)
    const tunnel = new Tunnel(response, this.#outgoing!, !like1)
    this.#tunnel = tunnel
    this.#headers.pairs = pairs
    this.#trace?.headers(response.status, pairs, '')
    let wanted = false
    const told = this.#call(() => {
      wanted = this.#face.upgrade(this, status, pairs, tunnel)
    })
    if (!told) return
    if (!wanted) {
      this.#fail(new DispatchError('UND_ERR_SOCKET', 'bad upgrade'))
      return
    }
    this.#over = true
    this.#trace?.trailers([])
    tunnel.once('close', () => this.#settle())
  }

  /** Who asks as one asks in HTTP/1.1 is answered so, as `undici.upgrade` does; `websocket` is how those ask who know of HTTP/2. */
  get #wants101(): boolean {
    const { allowH2, upgrade, protocol } = this.#options
    if (this.#face.wants101 || allowH2 === false) return true
    return upgrade !== this.prepared.protocol || protocol !== undefined
  }

  // — failures —

  readonly #failed = (error: unknown): void => {
    if (this.#over) return
    const { fallback } = this.#host
    if (this.prepared.protocol !== undefined && fallback !== undefined && lacksExtendedConnect(error)) {
      this.#over = true
      this.#tellAnswered()
      this.#settle()
      try {
        fallback.dispatch(this.#options, this.#face.handler)
      } catch (thrown) {
        this.#tell(thrown)
      }
      return
    }
    this.#fail(toDispatchError(error, this.#known, this.prepared.protocol))
  }

  /** Calls the handler. False if the request is over now. */
  #call(told: () => void): boolean {
    try {
      told()
    } catch (error) {
      this.#fail(error)
    }
    return !this.#over
  }

  #fail(given: unknown): void {
    if (this.#over) return
    // A body may throw nothing at all, which callers would take for success.
    const error = given ?? aborted()
    this.#over = true
    this.#tellAnswered()
    this.#tunnel?.destroy()
    void this.#outgoing?.return()
    this.#cancel.abort(error)
    stopStream(this.#options.body, error)
    this.#trace?.error(error)
    this.#tell(error)
    this.#settle()
  }

  get #known(): Circumstances {
    const { origin, timeouts } = this.prepared
    const { headers = 0, bodyIdle = 0 } = { ...this.#host.timeouts, ...timeouts }
    const responded = this.#response !== undefined
    return {
      responded,
      headersTimeout: headers,
      bodyTimeout: bodyIdle,
      socket: this.#host.remoteOf(origin),
    }
  }

  #tell(error: unknown): void {
    try {
      this.#face.error(this, error)
    } catch (thrown) {
      this.#host.handlerFailed(thrown)
    }
  }

  #tellAnswered(): void {
    if (this.#answered) return
    this.#answered = true
    this.#expectation?.over()
    this.#host.answered(this.prepared.origin)
  }

  #settle(): void {
    this.#host.settled(this)
  }
}
