/**
 * Requests that are put together piece by piece, as in `http.client`: method
 * and path, fields, then head and body. Its one rule: without a stream, the
 * request begun last is meant.
 */

import { takeBody } from '../request/request-body.ts'
import { addField, type HeadDefaults, type NamesGiven, requestHead } from '../request/request-head.ts'
import { announcedLength, describeBody, type PlannedRequest } from '../request/request-init.ts'
import { Exchange } from '../session/exchange.ts'
import type { ConnectionSettings } from '../settings/options.ts'
import { exchangeOf, type HTTP20Stream } from './http20-stream.ts'

/** A request whose head was not sent yet. */
interface Draft {
  readonly exchange: Exchange
  readonly fields: string[]
  readonly names: NamesGiven
}

export class PutRequests {
  readonly #defaults: HeadDefaults
  readonly #settings: ConnectionSettings
  /** Whose head was not sent yet. */
  readonly #drafts: WeakMap<Exchange, Draft>
  #latest: Exchange | undefined

  constructor(defaults: HeadDefaults, settings: ConnectionSettings) {
    this.#defaults = defaults
    this.#settings = settings
    this.#drafts = new WeakMap()
    this.#latest = undefined
  }

  /** Throws TypeError for a method or path that is no string. */
  begin(method: string, path: string): Exchange {
    requestHead(this.#defaults, method, path, undefined, undefined, undefined)
    const exchange = new Exchange({
      method,
      path,
      limits: this.#settings.timeouts,
      signal: undefined,
      trailers: undefined,
      decoding: this.#settings.decoding,
    })
    this.#drafts.set(exchange, { exchange, fields: [], names: { written: undefined } })
    this.#latest = exchange
    return exchange
  }

  header(name: string, value: string, stream: HTTP20Stream | undefined): void {
    const { fields, names } = this.#draft(stream, 'putHeader')
    addField(fields, name, value, names)
  }

  /** Throws TypeError or RangeError for a head that is not valid; it can be put together anew then. */
  end(
    body: unknown,
    final: boolean,
    stream: HTTP20Stream | undefined,
  ): { exchange: Exchange; planned: PlannedRequest } {
    const { exchange, fields, names } = this.#draft(stream, 'endHeaders')
    const { plan } = exchange
    const { method, path } = plan
    const taken = body === undefined ? undefined : takeBody(body)
    // What is yet to come is not known: neither is the length.
    if (taken !== undefined) describeBody(fields, final ? taken : { ...taken, length: undefined })
    const head = requestHead(this.#defaults, method, path, fields, undefined, undefined, names.written)
    const length = taken === undefined || !final ? undefined : announcedLength(head, taken)
    this.#drafts.delete(exchange)
    return { exchange, planned: { plan, head, body: taken && { ...taken, length }, final } }
  }

  /** The request begun last. */
  latest(): Exchange {
    if (this.#latest === undefined) throw new TypeError('send before putRequest')
    return this.#latest
  }

  #draft(stream: HTTP20Stream | undefined, member: string): Draft {
    const exchange = stream === undefined ? this.#latest : exchangeOf(stream)
    const draft = exchange && this.#drafts.get(exchange)
    if (draft === undefined) throw new TypeError(`${member} without a request that putRequest began`)
    return draft
  }
}
