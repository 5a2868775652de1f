/**
 * The response of `fetch` (Fetch §5.5), in the shape of the platform's
 * `Response` and with its prototype. Its one rule: the platform's constructor
 * is never called, and none of its members is reached, because each of them is
 * here; a test holds the two lists against each other.
 */

import type { HTTP20Response } from '../response/http20-response.ts'
import type { FetchBody } from './fetch-body.ts'
import { bodyFailure } from './fetch-failure.ts'

/** What the algorithm knows besides the response itself. */
export interface FetchResponseFacts {
  /** Of the last request, without fragment. */
  readonly url: string
  readonly redirected: boolean
  /** Undefined where a response has no content. */
  readonly body: FetchBody | undefined
  readonly signal: AbortSignal | undefined
}

const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/**
 * A standard `Response` (`instanceof` holds), with `trailers` and `httpVersion`.
 *
 * The body is read once: by `text()` and its like, or as `body`. If it breaks
 * off, reading rejects with a TypeError whose `cause` is an `H2Error`; if the
 * signal is aborted, with the signal's reason.
 *
 * @example
 * const response = await fetch('https://nghttp2.org/httpbin/get')
 * if (response.ok) console.log(await response.json(), await response.trailers)
 */
export class FetchResponse implements Response {
  readonly #response: HTTP20Response
  readonly #facts: FetchResponseFacts
  #headers: Headers | undefined
  #trailers: Promise<Headers> | undefined

  constructor(response: HTTP20Response, facts: FetchResponseFacts) {
    this.#response = response
    this.#facts = facts
    this.#headers = undefined
    this.#trailers = undefined
  }

  /** The status code, 200 to 999. */
  get status(): number {
    return this.#response.status
  }

  /** True for a status from 200 to 299. */
  get ok(): boolean {
    const { status } = this.#response
    return status >= 200 && status <= 299
  }

  /** The reason phrase of HTTP/1.1; empty over HTTP/2, which has none (RFC 9113 §8.3.2). */
  get statusText(): string {
    return this.#response.statusText
  }

  /** The fields as a standard `Headers`, which cannot be changed. */
  get headers(): Headers {
    this.#headers ??= immutable(this.#response.headers)
    return this.#headers
  }

  /** The URL that answered, without fragment. */
  get url(): string {
    return this.#facts.url
  }

  /** True if a redirect was followed. */
  get redirected(): boolean {
    return this.#facts.redirected
  }

  /** `'basic'`. */
  get type(): 'basic' {
    return 'basic'
  }

  /** The version of HTTP that carried it. */
  get httpVersion(): HTTP20Response['httpVersion'] {
    return this.#response.httpVersion
  }

  /**
   * The fields behind the body, empty if there were none; settled when the body has ended, so it has to be
   * read. Rejects as reading the body does.
   */
  get trailers(): Promise<Headers> {
    if (this.#trailers !== undefined) return this.#trailers
    this.#trailers = this.#response.trailers.catch((error: unknown) => {
      throw bodyFailure(error, this.#facts.signal)
    })
    // Only who awaits it shall hear of a failure.
    this.#trailers.catch(() => {})
    return this.#trailers
  }

  /** The content as a byte stream; null where a response has none. Cancelling it gives the response up. */
  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    // Types of the platform say what is so: no content is in shared memory.
    return (this.#facts.body?.stream ?? null) as ReadableStream<Uint8Array<ArrayBuffer>> | null
  }

  /** True once somebody has read of the body. */
  get bodyUsed(): boolean {
    return this.#facts.body?.used === true
  }

  /** The content, decoded as UTF-8. */
  async text(): Promise<string> {
    const { body } = this.#facts
    return body === undefined ? '' : body.text()
  }

  /** The content as JSON. Rejects with SyntaxError if it is none. */
  async json<T = unknown>(): Promise<T> {
    this.#facts.body?.check()
    return JSON.parse(await this.text()) as T
  }

  /** The content as bytes. */
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const { body } = this.#facts
    return (body === undefined ? new Uint8Array() : await body.bytes()) as Uint8Array<ArrayBuffer>
  }

  /** The content as an `ArrayBuffer`. */
  async arrayBuffer(): Promise<ArrayBuffer> {
    this.#facts.body?.check()
    const { buffer, byteOffset, byteLength } = await this.bytes()
    const whole = byteLength === buffer.byteLength
    return whole ? buffer : buffer.slice(byteOffset, byteOffset + byteLength)
  }

  /** The content as a `Blob`, its type from `content-type`. */
  async blob(): Promise<Blob> {
    this.#facts.body?.check()
    return (await this.#platformCopy()).blob()
  }

  /** The content as a form, of either of the two form types. Rejects with TypeError if it is none. */
  async formData(): Promise<FormData> {
    this.#facts.body?.check()
    return (await this.#platformCopy()).formData()
  }

  /** A response of the platform with the content, for what it knows of types. */
  async #platformCopy(): Promise<Response> {
    const type = this.#response.getHeader('content-type')
    return new Response(await this.bytes(), type === undefined ? {} : { headers: { 'content-type': type } })
  }

  /**
   * A second response with the same content. What one of the two reads is kept for the other, without
   * limit. Throws TypeError if the body has a reader.
   */
  clone(): FetchResponse {
    const body = this.#facts.body?.clone()
    const clone = new FetchResponse(this.#response, { ...this.#facts, body })
    clone.#headers = immutable(new Headers(this.headers))
    return clone
  }

  get [Symbol.toStringTag](): string {
    return 'Response'
  }

  /** What `console.log` shows. */
  [INSPECT](_depth: number, options: object, inspect: (value: unknown, options: object) => string): string {
    const { status, ok, url, redirected, httpVersion, headers, bodyUsed } = this
    return `Response ${inspect({ status, ok, url, redirected, httpVersion, headers, bodyUsed }, options)}`
  }
}

/** Fetch §5.1: the guard of a response's fields. A subclass would load the platform's class too early. */
const GUARD: PropertyDescriptorMap = {
  append: { value: refuse },
  delete: { value: refuse },
  set: { value: refuse },
}

function immutable(headers: Headers): Headers {
  return Object.defineProperties(headers, GUARD)
}

function refuse(): never {
  throw new TypeError('the fields of a response cannot be changed: make a Headers of them (Fetch §5.1)')
}

let linked = false

/**
 * Makes the class pass for the platform's, before the first response is made.
 * Later than it could be: the first touch of `Response` loads it, which takes Node 10 ms.
 */
export function linkToPlatform(): void {
  if (linked) return
  linked = true
  const { prototype } = FetchResponse
  Object.setPrototypeOf(prototype, Response.prototype)
  // `new response.constructor(body, init)` is written, too.
  Object.defineProperty(prototype, 'constructor', { value: Response, configurable: true, writable: true })
}
