/**
 * One connection of the in-memory origin: a small server's side of HTTP/2
 * (RFC 9113 §5, §6, §8), flow control both ways. Its one rule: it sends only
 * what is legal, so what a client makes of it is the client's own.
 */
import { FrameCutter } from './frame-cutter.ts'
import {
  DATA,
  data,
  type FrameSpec,
  goaway,
  HEADERS,
  PING,
  ping,
  rstStream,
  SETTINGS,
  settings,
  settingsAck,
  WINDOW_UPDATE,
  windowUpdate,
} from './frame-spec.ts'
import { headers, pushPromise } from './headers-spec.ts'
import { concat, uint16At, uint32At } from './octets.ts'
import { type FieldsInput, OriginRequest, type OriginResponse, pairsOf } from './origin-request.ts'
import type { PeerLink } from './peer-link.ts'
import type { ReceivedFrame } from './received-frame.ts'

/** Answers a request. */
export type OriginHandler = (request: OriginRequest) => OriginResponse | Promise<OriginResponse>

/** The origin, as its connections see it. */
export interface OriginHost {
  readonly handler: OriginHandler
  readonly maxConcurrentStreams: number | undefined
  requested(request: OriginRequest): void
  /** A handler, or what it answered with, threw. */
  failed(error: unknown): void
  closed(connection: OriginConnection): void
}

const RST_STREAM = 0x3
const GOAWAY = 0x7
const NO_ERROR = 0x0
const INTERNAL_ERROR = 0x2
const REFUSED_STREAM = 0x7
const ENABLE_PUSH = 2
const INITIAL_WINDOW_SIZE = 4
const FRAME_SIZE = 16_384

const encoder = /* @__PURE__ */ new TextEncoder()

interface OriginStream {
  readonly id: number
  readonly request: OriginRequest
  /** Octets that may be sent, on top of the client's INITIAL_WINDOW_SIZE. */
  credit: number
  requestEnded: boolean
  responseEnded: boolean
}

export class OriginConnection {
  readonly #link: PeerLink
  readonly #host: OriginHost
  readonly #cutter = new FrameCutter()
  readonly #streams = new Map<number, OriginStream>()
  #output: Uint8Array[] = []
  #writing = false
  #window = 65_535
  #initialWindow = 65_535
  #pushAllowed = true
  #lastId = 0
  #lastPromised = 0
  #leaving = false
  /** Responses that wait for credit. */
  #waiting: (() => void)[] = []

  constructor(link: PeerLink, host: OriginHost) {
    this.#link = link
    this.#host = host
    const { maxConcurrentStreams } = host
    this.#send(settings(maxConcurrentStreams === undefined ? {} : { maxConcurrentStreams }))
    link.start({
      onChunk: (bytes) => {
        for (const frame of this.#cutter.cut(bytes)) this.#receive(frame)
      },
      onEnd: () => {
        this.#leaving = true
        this.#finish()
      },
      onClosed: () => {
        for (const { request } of this.#streams.values()) request.aborted(new Error('the connection ended'))
        this.#streams.clear()
        this.#wake()
        host.closed(this)
      },
    })
  }

  /** GOAWAY; ends once every open request was answered (RFC 9113 §6.8). */
  close(): void {
    if (this.#leaving) return
    this.#leaving = true
    this.#send(goaway(this.#lastId, NO_ERROR))
    this.#finish()
  }

  destroy(): void {
    this.#link.destroy()
  }

  // — in —

  #receive(frame: ReceivedFrame): void {
    const { type, flags, streamId, payload } = frame
    const stream = this.#streams.get(streamId)
    const ends = (flags & 1) === 1
    if (type === HEADERS) this.#headers(frame, stream)
    else if (type === DATA) this.#data(stream, streamId, payload)
    else if (type === SETTINGS && !ends) this.#settings(payload)
    else if (type === PING && !ends) this.#send(ping(payload).ack())
    else if (type === WINDOW_UPDATE) this.#credited(stream, streamId, uint32At(payload, 0))
    else if (type === RST_STREAM && stream !== undefined) this.#drop(stream, new Error('reset by the client'))
    else if (type === GOAWAY) this.#leaving = true
    if ((type === DATA || type === HEADERS) && ends)
      this.#requestEnded(streamId, type === DATA ? [] : frame.fields)
  }

  #headers(frame: ReceivedFrame, stream: OriginStream | undefined): void {
    if (stream !== undefined) return
    const id = frame.streamId
    this.#lastId = Math.max(this.#lastId, id)
    if (this.#streams.size >= (this.#host.maxConcurrentStreams ?? Number.POSITIVE_INFINITY)) {
      this.#send(rstStream(id, REFUSED_STREAM))
      return
    }
    const opened = this.#open(id, frame.fields)
    this.#host.requested(opened.request)
    this.#answer(opened).catch((error: unknown) => {
      if (!this.#streams.has(id)) return
      this.#host.failed(error)
      this.#send(rstStream(id, INTERNAL_ERROR))
      this.#drop(opened, new Error('the handler failed'))
    })
  }

  #open(id: number, fields: readonly (readonly [string, string])[]): OriginStream {
    const request = new OriginRequest(fields, {
      consumed: (length) => this.#consumed(id, length),
      inform: (status, extra) => this.#head(id, status, extra, false),
      push: (path, response) => this.#push(id, request, path, response),
    })
    const stream = { id, request, credit: 0, requestEnded: false, responseEnded: false }
    this.#streams.set(id, stream)
    return stream
  }

  #data(stream: OriginStream | undefined, streamId: number, payload: Uint8Array): void {
    if (stream !== undefined) stream.request.received(payload)
    else this.#consumed(streamId, payload.length)
  }

  #requestEnded(streamId: number, fields: readonly (readonly [string, string])[]): void {
    const stream = this.#streams.get(streamId)
    if (stream === undefined) return
    stream.requestEnded = true
    stream.request.ended(fields.some(([name]) => name === ':method') ? [] : fields)
    this.#settle(stream)
  }

  #settings(payload: Uint8Array): void {
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      const [id, value] = [uint16At(payload, at), uint32At(payload, at + 2)]
      if (id === INITIAL_WINDOW_SIZE) this.#initialWindow = value
      else if (id === ENABLE_PUSH) this.#pushAllowed = value === 1
    }
    this.#send(settingsAck())
    this.#wake()
  }

  #credited(stream: OriginStream | undefined, streamId: number, increment: number): void {
    if (streamId === 0) this.#window += increment
    else if (stream !== undefined) stream.credit += increment
    this.#wake()
  }

  /** Gives the client its octets back (RFC 9113 §6.9). */
  #consumed(streamId: number, length: number): void {
    if (length === 0) return
    this.#send(windowUpdate(0, length))
    if (this.#streams.get(streamId)?.requestEnded === false) this.#send(windowUpdate(streamId, length))
  }

  // — out —

  async #answer(stream: OriginStream): Promise<void> {
    await this.#respond(stream, await this.#host.handler(stream.request))
  }

  async #respond(stream: OriginStream, response: OriginResponse): Promise<void> {
    const { status = 200, headers: fields = {}, body, trailers } = response
    const bodiless = stream.request.method === 'HEAD' || status === 204 || status === 304
    const whole = wholeOf(body)
    const given = pairsOf(fields)
    if (whole !== undefined && status !== 204 && !given.some(([name]) => name === 'content-length')) {
      given.push(['content-length', String(whole.length)])
    }
    const nothing = bodiless || ((body === undefined || whole?.length === 0) && trailers === undefined)
    this.#head(stream.id, status, given, nothing)
    if (!nothing)
      await this.#content(stream, whole === undefined ? (body as AsyncIterable<string>) : [whole], trailers)
    stream.responseEnded = true
    this.#settle(stream)
  }

  async #content(
    stream: OriginStream,
    body: AsyncIterable<string | Uint8Array> | Iterable<Uint8Array> | undefined,
    trailers: OriginResponse['trailers'],
  ): Promise<void> {
    for await (const piece of body ?? []) {
      const octets = typeof piece === 'string' ? encoder.encode(piece) : piece
      for (let at = 0; at < octets.length; ) {
        const length = await this.#allowance(stream, Math.min(octets.length - at, FRAME_SIZE))
        if (!this.#streams.has(stream.id)) return
        this.#send(data(stream.id, octets.slice(at, at + length)))
        at += length
      }
    }
    if (!this.#streams.has(stream.id)) return
    const fields = pairsOf((typeof trailers === 'function' ? trailers() : trailers) ?? {})
    if (fields.length === 0) this.#send(data(stream.id, '').endStream())
    else
      this.#send(
        fields.reduce((spec, [name, value]) => spec.field(name, value), headers(stream.id)).endStream(),
      )
  }

  /** Octets that are sent now, taken from both windows; waits until it is one or more, or the stream is gone. */
  async #allowance(stream: OriginStream, wanted: number): Promise<number> {
    for (;;) {
      if (!this.#streams.has(stream.id)) return 0
      const allowed = Math.min(wanted, this.#window, this.#initialWindow + stream.credit)
      if (allowed > 0) {
        this.#window -= allowed
        stream.credit -= allowed
        return allowed
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  #head(id: number, status: number, fields: FieldsInput, endStream: boolean): void {
    if (!this.#streams.has(id)) return
    const spec = headers(id).status(status)
    for (const [name, value] of pairsOf(fields)) spec.field(name, value)
    this.#send(spec.endStream(endStream))
  }

  #push(parentId: number, parent: OriginRequest, path: string, response: OriginResponse): boolean {
    if (!this.#pushAllowed || !this.#streams.has(parentId)) return false
    this.#lastPromised += 2
    const id = this.#lastPromised
    const { scheme, authority } = parent
    const promise = pushPromise(parentId, id)
      .get(path)
      .field(':scheme', scheme)
      .field(':authority', authority)
    this.#send(promise)
    const stream = this.#open(id, [
      [':method', 'GET'],
      [':scheme', scheme],
      [':authority', authority],
      [':path', path],
    ])
    stream.requestEnded = true
    stream.request.ended([])
    this.#respond(stream, response).catch((error: unknown) => this.#host.failed(error))
    return true
  }

  /** Both sides are done, or only ours is: then the rest of the request is not wanted (RFC 9113 §8.1). */
  #settle(stream: OriginStream): void {
    if (!stream.responseEnded || !this.#streams.delete(stream.id)) return
    if (!stream.requestEnded) {
      this.#send(rstStream(stream.id, NO_ERROR))
      stream.request.aborted(new Error('the response is complete'))
    }
    this.#finish()
  }

  #drop(stream: OriginStream, reason: Error): void {
    this.#streams.delete(stream.id)
    stream.request.aborted(reason)
    this.#wake()
    this.#finish()
  }

  #finish(): void {
    if (this.#leaving && this.#streams.size === 0 && !this.#writing) this.#link.end()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  #send(spec: FrameSpec): void {
    this.#output.push(spec.toBytes())
    if (this.#writing) return
    this.#writing = true
    queueMicrotask(() => this.#write())
  }

  async #write(): Promise<void> {
    while (this.#output.length > 0) {
      const bytes = concat(this.#output)
      this.#output = []
      await this.#link.send(bytes)
    }
    this.#writing = false
    this.#finish()
  }
}

/** The octets of a body that is there in whole, undefined for one that comes in pieces. */
function wholeOf(body: OriginResponse['body']): Uint8Array | undefined {
  if (typeof body === 'string') return encoder.encode(body)
  return body instanceof Uint8Array ? body : undefined
}
