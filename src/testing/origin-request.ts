/**
 * A request as a handler of the in-memory origin has it. Its one rule: content
 * is credited when the handler takes it, so a handler that waits holds the
 * client back (RFC 9113 §5.2).
 */

/** Field names and values: a record, pairs, or `Headers`. */
export type FieldsInput = { readonly [name: string]: string } | Iterable<readonly [string, string]> | Headers

/** What the connection does for a request. */
export interface RequestHost {
  /** The handler took so many octets of content. */
  consumed(length: number): void
  inform(status: number, fields: FieldsInput): void
  push(path: string, response: OriginResponse): boolean
}

/** What a handler answers. */
export interface OriginResponse {
  /** Default 200. */
  readonly status?: number | undefined
  readonly headers?: FieldsInput | undefined
  /** Text, octets, or pieces of them as they come. `content-length` is set where it is known. */
  readonly body?: string | Uint8Array | AsyncIterable<string | Uint8Array> | undefined
  /** Fields behind the body, or a function that is called once the body was sent. */
  readonly trailers?: FieldsInput | (() => FieldsInput) | undefined
}

const decoder = /* @__PURE__ */ new TextDecoder()

/** A request to the in-memory origin. */
export class OriginRequest {
  readonly method: string
  readonly scheme: string
  readonly authority: string
  readonly path: string
  readonly headers: Headers
  /** Aborted when the client gives the request up, or its connection ends. */
  readonly signal: AbortSignal
  /** The fields behind the content, once that was read; empty if there were none. */
  readonly trailers: Promise<Headers>
  readonly #host: RequestHost
  readonly #abort = new AbortController()
  readonly #pieces: Uint8Array[] = []
  #ended = false
  #wake: (() => void) | undefined
  #giveTrailers!: (trailers: Headers) => void

  constructor(fields: readonly (readonly [name: string, value: string])[], host: RequestHost) {
    const pseudo = (name: string) => fields.find((field) => field[0] === name)?.[1] ?? ''
    this.method = pseudo(':method')
    this.scheme = pseudo(':scheme')
    this.authority = pseudo(':authority')
    this.path = pseudo(':path')
    this.headers = headersOf(fields)
    this.signal = this.#abort.signal
    this.trailers = new Promise((resolve) => {
      this.#giveTrailers = resolve
    })
    this.#host = host
  }

  /** The content in pieces as they arrive. Rejects with the signal's reason if the client gives up. */
  async *body(): AsyncGenerator<Uint8Array, undefined> {
    for (;;) {
      const piece = this.#pieces.shift()
      if (piece !== undefined) {
        this.#host.consumed(piece.length)
        yield piece
        continue
      }
      this.signal.throwIfAborted()
      if (this.#ended) return
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** The whole content. */
  async bytes(): Promise<Uint8Array> {
    const pieces: Uint8Array[] = []
    for await (const piece of this.body()) pieces.push(piece)
    const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0))
    let at = 0
    for (const piece of pieces) {
      whole.set(piece, at)
      at += piece.length
    }
    return whole
  }

  /** The whole content, decoded as UTF-8. */
  async text(): Promise<string> {
    return decoder.decode(await this.bytes())
  }

  async json<T = unknown>(): Promise<T> {
    return JSON.parse(await this.text()) as T
  }

  /** Sends an informational response, such as 103 (RFC 9110 §15.2). */
  inform(status: number, headers: FieldsInput = {}): void {
    this.#host.inform(status, headers)
  }

  /** Promises and sends what a GET of `path` would be answered (RFC 9113 §8.4). False if the client takes no pushes. */
  push(path: string, response: OriginResponse): boolean {
    return this.#host.push(path, response)
  }

  // — what the connection tells —

  /** @internal */
  received(content: Uint8Array): void {
    if (content.length > 0) this.#pieces.push(content)
    this.#wake?.()
  }

  /** @internal */
  ended(trailers: readonly (readonly [name: string, value: string])[]): void {
    this.#ended = true
    this.#giveTrailers(headersOf(trailers))
    this.#wake?.()
  }

  /** @internal */
  aborted(reason: Error): void {
    if (!this.#ended) this.#giveTrailers(new Headers())
    this.#pieces.length = 0
    this.#abort.abort(reason)
    this.#wake?.()
  }
}

function headersOf(fields: readonly (readonly [name: string, value: string])[]): Headers {
  const headers = new Headers()
  for (const [name, value] of fields) if (!name.startsWith(':')) headers.append(name, value)
  return headers
}

/** Pairs of name and value, names in lower case. */
export function pairsOf(fields: FieldsInput): [name: string, value: string][] {
  const pairs =
    Symbol.iterator in fields ? [...(fields as Iterable<[string, string]>)] : Object.entries(fields)
  return pairs.map(([name, value]) => [name.toLowerCase(), value])
}
