/**
 * One request that `node:http` carries: from its events to the calls of
 * `Http1RequestHandler`. Its one rule: the response is pulled, so that a reader
 * who stops stops the peer too.
 */
import http, { type Agent, type ClientRequest, type IncomingMessage } from 'node:http'
import type { Http1Failure, Http1Request, Http1RequestHandler, Http1RequestHead } from './transport.ts'

/** Whom a request works for. */
export interface RequestOwner {
  /** It is of no use any more: the connection has to go. */
  requestFailed(error: Error): void
  /** The peer switched to another protocol. */
  switched(): void
}

export class NodeHttp1Request implements Http1Request {
  readonly #handler: Http1RequestHandler
  readonly #request: ClientRequest
  #response: IncomingMessage | undefined
  #sent: boolean
  #paused: boolean
  /** Pauses are over. */
  #flushing: boolean
  /** The handler was told of the end, or shall hear nothing more. */
  #over: boolean
  readonly #whenOver: (() => void)[]

  /** Throws what `node:http` throws for a head that it refuses; nothing was sent then. */
  constructor(
    agent: Agent,
    head: Http1RequestHead,
    endStream: boolean,
    handler: Http1RequestHandler,
    owner: RequestOwner,
  ) {
    this.#handler = handler
    this.#response = undefined
    this.#sent = false
    this.#paused = false
    this.#flushing = false
    this.#over = false
    this.#whenOver = []
    const { method, target, fields, maxHeadSize } = head
    this.#request = http.request({
      agent,
      method,
      path: target,
      headers: fields,
      maxHeaderSize: maxHeadSize,
      // Not even if the process was told so: what is read leniently is read in two ways.
      insecureHTTPParser: false,
    })
    // 0 is no limit: what is beyond one would be left out without a word. The size is limited.
    this.#request.maxHeadersCount = 0
    this.#request.on('information', ({ statusCode, rawHeaders }) => {
      if (!this.#over) handler.onInformational(statusCode, lowered(rawHeaders))
    })
    this.#request.on('response', (response) => this.#responded(response))
    this.#request.on('upgrade', () => owner.switched())
    this.#request.on('error', (error) => owner.requestFailed(error))
    if (endStream) this.#request.end()
    else this.#request.flushHeaders()
  }

  // — what its owner does —

  get sent(): boolean {
    return this.#sent
  }

  /** The head goes to the transport. */
  markSent(): void {
    if (this.#sent) return
    this.#sent = true
    if (!this.#over) this.#handler.onSent()
  }

  /** All of the response has arrived, though perhaps not all of it was read. */
  get complete(): boolean {
    return this.#response?.complete === true
  }

  /** The peer sends no more: what is in memory is handed on, whatever the reader wants. */
  flush(): void {
    this.resume()
    this.#flushing = true
  }

  /** Calls back once it is over and was told so. */
  whenOver(callback: () => void): void {
    if (this.#over) callback()
    else this.#whenOver.push(callback)
  }

  /** Ends it early, behind what arrived before. */
  fail(failure: Http1Failure): void {
    this.#paused = false
    this.#flushing = true
    this.#read()
    this.#end(() => this.#handler.onFailure(failure))
  }

  /** The handler shall hear nothing more. */
  silence(): void {
    this.#end(() => {})
  }

  #end(tell: () => void): void {
    if (this.#over) return
    this.#over = true
    tell()
    for (const callback of this.#whenOver.splice(0)) callback()
  }

  // — `Http1Request` —

  write(chunk: Uint8Array, done: () => void): void {
    this.#request.write(chunk, (error) => {
      if (!error) done()
    })
  }

  end(trailers: readonly string[]): void {
    if (trailers.length > 0) {
      const pairs: [string, string][] = []
      for (let i = 0; i < trailers.length; i += 2) pairs.push([trailers[i]!, trailers[i + 1]!])
      this.#request.addTrailers(pairs)
    }
    this.#request.end()
  }

  pause(): void {
    if (!this.#flushing) this.#paused = true
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    process.nextTick(this.#read)
  }

  // — the response —

  #responded(response: IncomingMessage): void {
    this.#response = response
    const { httpVersion: version, statusCode: status = 0, rawHeaders } = response
    // The request tells of its end.
    response.on('error', () => {})
    response.on('readable', this.#read)
    response.on('end', () => this.#ended(response))
    if (this.#over) return
    const fields = lowered(rawHeaders)
    // The parser judges before it is told that nothing follows, as if the content ended with the connection.
    if (this.#request.method === 'HEAD' && version === '1.1' && !closes(fields)) {
      this.#request.shouldKeepAlive = true
    }
    const persistent = this.#request.shouldKeepAlive
    this.#handler.onResponse({ version, status, fields, persistent })
  }

  readonly #read = (): void => {
    while (!this.#paused) {
      const chunk: Uint8Array | null | undefined = this.#response?.read()
      if (chunk === null || chunk === undefined) return
      if (!this.#over) this.#handler.onData(chunk)
    }
  }

  #ended(response: IncomingMessage): void {
    // Only then did all of it arrive, whatever ended the stream (RFC 9112 §8).
    if (response.complete) this.#end(() => this.#handler.onEnd(lowered(response.rawTrailers)))
  }
}

/** Fields with their names in lower case. */
function lowered(raw: readonly string[]): string[] {
  return raw.map((text, index) => (index % 2 === 0 ? text.toLowerCase() : text))
}

/** True if `connection` says that the connection ends (RFC 9112 §9.6). */
function closes(fields: readonly string[]): boolean {
  return fields.some((name, i) => i % 2 === 0 && name === 'connection' && /\bclose\b/i.test(fields[i + 1]!))
}
