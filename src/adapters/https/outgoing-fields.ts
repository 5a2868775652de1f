/**
 * The header of a request until it is sent, and the methods by which callers of
 * `node:http` write it. Its one rule: a name is kept as it was written, found
 * in any case, and not changed once the header was sent.
 */
import { validateHeaderName, validateHeaderValue } from 'node:http'
import { Writable } from 'node:stream'
import { isOfConnection } from '../wire/connection-fields.ts'
import { misuse } from './node-error.ts'

/** A value as callers write it. */
export type FieldValue = string | number | readonly string[]

interface Field {
  readonly name: string
  value: FieldValue
}

export abstract class OutgoingFields extends Writable {
  readonly #fields: Map<string, Field>
  #trailers: [string, string][] | undefined
  /** Written once, when the header leaves. */
  protected sent: boolean

  constructor() {
    // It ends when the response has ended, not when it is written.
    super({ autoDestroy: false, emitClose: false })
    this.#fields = new Map()
    this.#trailers = undefined
    this.sent = false
  }

  /** True once the header cannot be changed any more. */
  get headersSent(): boolean {
    return this.sent
  }

  setHeader(name: string, value: FieldValue): this {
    this.#check('set')
    validateHeaderName(name)
    validateHeaderValue(name, value as string)
    this.#fields.set(name.toLowerCase(), { name, value })
    return this
  }

  /** Adds to what there is. */
  appendHeader(name: string, value: string | readonly string[]): this {
    const before = this.#fields.get(keyOf(name))
    if (before === undefined) return this.setHeader(name, value)
    const values = [before.value, value].flatMap((one) => (Array.isArray(one) ? [...one] : [String(one)]))
    return this.setHeader(before.name, values)
  }

  /** Sets each field of a `Headers` or `Map`. */
  setHeaders(headers: Headers | Map<string, FieldValue>): this {
    if (
      typeof (headers as { entries?: unknown } | undefined)?.entries !== 'function' ||
      Array.isArray(headers)
    ) {
      const message = 'The "headers" argument must be an instance of Headers or Map'
      throw misuse(TypeError, 'ERR_INVALID_ARG_TYPE', message)
    }
    const cookies: string[] = []
    for (const [name, value] of headers as Iterable<[string, FieldValue]>) {
      if (name === 'set-cookie' && typeof value === 'string') cookies.push(value)
      else this.setHeader(name, value)
    }
    if (cookies.length > 0) this.setHeader('set-cookie', cookies)
    return this
  }

  getHeader(name: string): FieldValue | undefined {
    return this.#fields.get(keyOf(name))?.value
  }

  /** By names in lower case. */
  getHeaders(): { [name: string]: FieldValue } {
    const headers = Object.create(null) as { [name: string]: FieldValue }
    for (const [name, { value }] of this.#fields) headers[name] = value
    return headers
  }

  getHeaderNames(): string[] {
    return [...this.#fields.keys()]
  }

  getRawHeaderNames(): string[] {
    return [...this.#fields.values()].map(({ name }) => name)
  }

  hasHeader(name: string): boolean {
    return this.#fields.has(keyOf(name))
  }

  removeHeader(name: string): void {
    this.#check('remove')
    this.#fields.delete(keyOf(name))
  }

  /** Fields behind the body; those of the last call to name them. */
  addTrailers(trailers: { readonly [name: string]: string } | readonly (readonly [string, string])[]): void {
    const pairs = Array.isArray(trailers) ? trailers : Object.entries(trailers)
    this.#trailers = pairs.map(([name, value]: [string, string]): [string, string] => {
      validateHeaderName(name)
      validateHeaderValue(name, value)
      return [name, value]
    })
  }

  /** Trailers as they are sent; undefined for none. */
  protected get trailerPairs(): [string, string][] | undefined {
    return this.#trailers
  }

  /** The header as it is sent. Names are as they were written: over HTTP/1.1 they stay so. */
  protected headerPairs(): [string, string][] {
    const pairs: [string, string][] = []
    for (const [name, { name: written, value }] of this.#fields) {
      if (isOfConnection(name)) continue
      // RFC 9113 §8.2.2: of all codings of a transfer, trailers alone are left to speak of.
      if (name === 'te' && String(value).toLowerCase() !== 'trailers') continue
      // As node:http sends it: null is a text, and so is an object.
      if (!Array.isArray(value)) pairs.push([written, String(value)])
      else if (name === 'cookie') pairs.push([written, value.join('; ')])
      else for (const one of value) pairs.push([written, String(one)])
    }
    return pairs
  }

  #check(verb: string): void {
    if (!this.sent) return
    const message = `Cannot ${verb} headers after they are sent to the client`
    throw misuse(Error, 'ERR_HTTP_HEADERS_SENT', message)
  }
}

/** The name by which a field is found. Throws TypeError for what is no text. */
function keyOf(name: unknown): string {
  if (typeof name === 'string') return name.toLowerCase()
  throw misuse(TypeError, 'ERR_INVALID_ARG_TYPE', 'The "name" argument must be of type string')
}
