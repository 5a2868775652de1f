/**
 * A response in the shape of `http.IncomingMessage`. Its one rule: the body is
 * read from the client when the stream is, never before, so that a reader who
 * stops stops the peer (RFC 9113 §5.2).
 */
import http, { STATUS_CODES } from 'node:http'
import { Readable } from 'node:stream'
import type { HTTP20Response } from '../../index.ts'
import { ContentReader, READ_SIZE } from './content-reader.ts'
import { hangUp, type NodeError, toNodeError } from './node-error.ts'
import type { RequestSocket } from './request-socket.ts'

/** Fields of which a response has one: later ones are let fall, as `node:http` does. */
const SINGLE: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'content-length',
  'content-type',
  'etag',
  'expires',
  'from',
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'retry-after',
  'server',
  'user-agent',
])

/** The fields of a message by name in lower case. */
export type Fields = { [name: string]: string | string[] | undefined } & { 'set-cookie'?: string[] }

/** The request, as its response sees it. */
export interface ResponseOwner {
  readonly socket: RequestSocket | null
  /** Nothing more will be read of the response. `complete`: all of it was; else `reason` is the caller's, if one was given. */
  responseClosed(complete: boolean, reason?: Error): void
}

export class IncomingMessage extends Readable {
  static {
    // Libraries tell responses from other streams by `instanceof`.
    Object.setPrototypeOf(IncomingMessage.prototype, http.IncomingMessage.prototype)
  }

  readonly statusCode: number
  /** HTTP/2 has no phrases: the one that is registered for the status, empty for none. */
  readonly statusMessage: string
  readonly httpVersion: string
  readonly httpVersionMajor: number
  readonly httpVersionMinor: number
  /** Names and values by turns, in wire order. */
  readonly rawHeaders: string[]
  /** As `rawHeaders`, once the body has ended. */
  rawTrailers: string[]
  /** The request that it answers. */
  readonly req: ResponseOwner
  readonly socket: RequestSocket
  readonly method: null
  readonly url: string
  /** True if the response broke off, or was given up. */
  aborted: boolean
  /** True once all of it was read. */
  complete: boolean
  readonly #response: HTTP20Response
  readonly #reader: ContentReader
  readonly #join: boolean
  /** Set once the response broke off, which is no error of the request. */
  #broken: boolean
  #headers: Fields | undefined
  #trailers: Fields | undefined

  constructor(response: HTTP20Response, req: ResponseOwner, socket: RequestSocket, joinDuplicates: boolean) {
    super({ highWaterMark: READ_SIZE })
    const version = response.httpVersion
    this.statusCode = response.status
    // Over HTTP/2 nobody says one.
    this.statusMessage = version === '2' ? (STATUS_CODES[response.status] ?? '') : response.statusText
    this.httpVersion = version === '2' ? '2.0' : version
    this.httpVersionMajor = version === '2' ? 2 : 1
    this.httpVersionMinor = version === '2' ? 0 : 1
    this.rawHeaders = response.rawHeaders.flat()
    this.rawTrailers = []
    this.req = req
    this.socket = socket
    this.method = null
    this.url = ''
    this.aborted = false
    this.complete = false
    this.#response = response
    this.#join = joinDuplicates
    this.#reader = new ContentReader(response, this.#gave, this.#broke)
    this.#broken = false
    this.#headers = undefined
    this.#trailers = undefined
    // Before the listeners of others, of which one may throw, or give up what is over.
    this.once('end', () => {
      req.responseClosed(true)
      process.nextTick(() => this.destroy())
    })
  }

  /** By names in lower case; duplicates joined, or let fall, as `node:http` does. */
  get headers(): Fields {
    this.#headers ??= joined(this.rawHeaders, this.#join)
    return this.#headers
  }

  set headers(headers: Fields) {
    this.#headers = headers
  }

  /** By names in lower case, every value in a list. */
  get headersDistinct(): { [name: string]: string[] } {
    return distinct(this.rawHeaders)
  }

  get trailers(): Fields {
    if (!this.complete && this.#trailers === undefined) return {}
    this.#trailers ??= joined(this.rawTrailers, this.#join)
    return this.#trailers
  }

  set trailers(trailers: Fields) {
    this.#trailers = trailers
  }

  get trailersDistinct(): { [name: string]: string[] } {
    return distinct(this.rawTrailers)
  }

  get connection(): RequestSocket {
    return this.socket
  }

  setTimeout(ms: number, callback?: () => void): this {
    if (callback !== undefined) this.on('timeout', callback)
    this.socket.setTimeout(ms)
    return this
  }

  override _read(): void {
    this.#reader.read()
  }

  readonly #gave = (bytes: Buffer): void => {
    if (this.destroyed) return
    this.socket.touch()
    if (bytes.length === 0) this.#end()
    else this.#pass(bytes)
  }

  #pass(bytes: Buffer): void {
    let passed = false
    try {
      this.push(bytes)
      passed = true
    } finally {
      // A listener that throws does not end the reading: the next piece is asked for all the same.
      if (!passed) process.nextTick(() => this.read(0))
    }
  }

  #end(): void {
    const ended = (trailers: Headers | undefined): void => {
      if (this.destroyed) return
      for (const [name, value] of trailers ?? []) this.rawTrailers.push(name, value)
      this.complete = true
      this.push(null)
    }
    this.#response.trailers.then(
      (trailers) => process.nextTick(ended, trailers),
      () => process.nextTick(ended, undefined),
    )
  }

  readonly #broke = (error: unknown): void => {
    if (this.destroyed) return
    this.#broken = true
    const shown: NodeError = toNodeError(error)
    this.destroy(shown.code === 'ECONNRESET' ? hangUp('aborted', error) : shown)
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const early = !this.readableEnded || !this.complete
    if (this.#broken) this.req.responseClosed(false)
    if (early) {
      this.aborted = true
      this.#response.cancel()
      this.emit('aborted')
    }
    // As with node:http, what a response is destroyed with is an error of its request too.
    if (error !== null) this.req.responseClosed(!early, error)
    else if (!early) this.req.responseClosed(true)
    process.nextTick(() => {
      // And who does not listen for errors of responses is not ended by one.
      callback(this.listenerCount('error') === 0 ? null : error)
      // One that is given up closes before its request.
      process.nextTick(() => this.req.responseClosed(false))
    })
  }
}

/** Fields by name in lower case; duplicates joined, or let fall, as `node:http` does. */
export function joined(raw: readonly string[], joinDuplicates: boolean): Fields {
  const fields: Fields = {}
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase()
    const value = raw[i + 1]!
    const before = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (name === '__proto__') continue
    if (name === 'set-cookie') {
      fields['set-cookie'] ??= []
      fields['set-cookie'].push(value)
    } else if (before === undefined) fields[name] = value
    else if (name === 'cookie') fields[name] = `${before}; ${value}`
    else if (joinDuplicates || !SINGLE.has(name)) fields[name] = `${before}, ${value}`
  }
  return fields
}

function distinct(raw: readonly string[]): { [name: string]: string[] } {
  const fields = Object.create(null) as { [name: string]: string[] }
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase()
    fields[name] ??= []
    fields[name].push(raw[i + 1]!)
  }
  return fields
}
