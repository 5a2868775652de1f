/**
 * The face of a connection, in the shape of Python's `http.client`: requests,
 * responses, pushes. What carries them is the subclass's. Its one rule: without
 * a stream, `getResponse` means the oldest request that nobody asked about.
 */
import { StreamQueue } from '../../protocol/stream-queue.ts'
import type { Recording } from '../../trace/recording.ts'
import { Recorder, recordingOf } from '../observe/recorder.ts'
import { type RequestBody, takeBody } from '../request/request-body.ts'
import { HeadDefaults } from '../request/request-head.ts'
import { type HTTP20RequestInit, type PlannedRequest, planRequest } from '../request/request-init.ts'
import type { HTTP20Response } from '../response/http20-response.ts'
import { Exchange } from '../session/exchange.ts'
import type { ConnectionSettings } from '../settings/options.ts'
import { parseTarget, type Target } from '../settings/target.ts'
import { EarlySends } from './early-sends.ts'
import { exchangeOf, HTTP20Stream } from './http20-stream.ts'
import type { HTTP20Push } from './push/http20-push.ts'
import { Pushes } from './push/pushes.ts'
import { PutRequests } from './put-requests.ts'

/** What `HTTP20Connection` and `HTTPConnection` have in common. */
export abstract class ConnectionFace {
  // Read through accessors below: what is printed of a connection shows no key.
  readonly #settings: ConnectionSettings
  readonly #target: Target
  /** Made when somebody asks for it. */
  #pushes: Pushes | undefined
  readonly #defaults: HeadDefaults
  /** Requests whose response nobody asked for, oldest first. */
  readonly #unasked: StreamQueue<Exchange>
  /** Made when somebody asks for it. */
  #put: PutRequests | undefined
  /** Made when somebody sends more. */
  #early: EarlySends | undefined
  readonly #recorder: Recorder | undefined

  /** @internal */
  constructor(target: string | URL, settings: ConnectionSettings) {
    this.#settings = settings
    this.#target = parseTarget(target, settings.secure)
    this.#pushes = undefined
    this.#defaults = new HeadDefaults(this.#target, settings.decoding !== undefined)
    this.#unasked = new StreamQueue()
    this.#put = undefined
    this.#early = undefined
    const { record, clock } = settings
    this.#recorder = record && new Recorder(record, clock)
  }

  /** @internal */
  protected get settings(): ConnectionSettings {
    return this.#settings
  }

  /** @internal */
  protected get recorder(): Recorder | undefined {
    return this.#recorder
  }

  /** @internal */
  protected get target(): Target {
    return this.#target
  }

  /** @internal */
  protected get pushes(): Pushes {
    this.#pushes ??= new Pushes(this.#settings.timeouts, this.#settings.decoding)
    return this.#pushes
  }

  get #drafts(): PutRequests {
    this.#put ??= new PutRequests(this.#defaults, this.#settings)
    return this.#put
  }

  /**
   * Carries a request. Throws TypeError for a head that breaks a rule.
   * @internal
   */
  protected abstract begin(exchange: Exchange, planned: PlannedRequest): void

  /**
   * What was recorded, as a copy: frames, requests, and what held each of them. Throws TypeError
   * unless the option `record` is set.
   */
  recording(): Recording {
    return recordingOf(this.#recorder)
  }

  /** Finishes what is in flight and closes. */
  abstract close(errorCode?: number): Promise<void>

  /** Scheme, host and port, as in `https://example.com:8443`. */
  get origin(): string {
    return this.#target.origin
  }

  /**
   * Makes a request; returns at once. What goes wrong later rejects the
   * response. During `close()` it waits, and then begins a new connection.
   *
   * @throws TypeError for a method, path or field that is not valid, RangeError for a content-length that is not the body's
   */
  request(method: string, path: string, init?: HTTP20RequestInit): HTTP20Stream {
    const { timeouts, decoding } = this.#settings
    const planned = planRequest(this.#defaults, timeouts, decoding, method, path, init)
    const exchange = new Exchange(planned.plan)
    this.begin(exchange, planned)
    return new HTTP20Stream(exchange, this.#unasked)
  }

  /** Begins a request that is put together with `putHeader` and sent with `endHeaders`. */
  putRequest(method: string, path: string): HTTP20Stream {
    return new HTTP20Stream(this.#drafts.begin(method, path), this.#unasked)
  }

  /** Adds a field to the request begun last, or to the one of `stream`. */
  putHeader(name: string, value: string, stream?: HTTP20Stream): void {
    this.#drafts.header(name, value, stream)
  }

  /** Sends the head, and `body` if given. `final: false`: `send` gives more; the default is true. */
  endHeaders(body?: RequestBody | null, final = true, stream?: HTTP20Stream): void {
    const { exchange, planned } = this.#drafts.end(body ?? undefined, final, stream)
    this.begin(exchange, planned)
  }

  /**
   * Sends content of a request that was left open; `final` ends it. Resolves
   * when the stream takes more. Throws TypeError once the request was ended.
   */
  send(data: RequestBody, final = false, stream?: HTTP20Stream): Promise<void> {
    const exchange = stream === undefined ? this.#drafts.latest() : exchangeOf(stream)
    this.#early ??= new EarlySends()
    return this.#early.send(exchange, takeBody(data), final)
  }

  /**
   * The response to `stream`, or without it to the oldest request whose response
   * nobody has asked for. Throws TypeError if there is none.
   */
  getResponse(stream?: HTTP20Stream): Promise<HTTP20Response> {
    const exchange = stream === undefined ? this.#oldest() : exchangeOf(stream)
    exchange.unlink()
    return exchange.response()
  }

  #oldest(): Exchange {
    const oldest = this.#unasked.first
    if (oldest !== undefined) return oldest
    throw new TypeError('getResponse without a stream: no request waits for its response to be asked for')
  }

  /**
   * Pushes that belong to `stream`, until its response has ended; without it,
   * all of the connection, until it closes. Throws TypeError without `enablePush: true`.
   */
  getPushes(stream?: HTTP20Stream): AsyncIterableIterator<HTTP20Push> {
    if (!this.#settings.enablePush) throw new TypeError('getPushes needs the option enablePush: true')
    return this.pushes.of(stream && exchangeOf(stream))
  }

  /**
   * Forgets responses that arrived and that nobody asked for.
   * @internal
   */
  protected forgetUnasked(): void {
    for (const exchange of this.#unasked) if (exchange.settled) exchange.unlink()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
