/**
 * One HTTP/1.1 connection of a client (RFC 9112), without I/O, with the border
 * of HTTP/2's: bytes in by `receive`, calls out to sinks, bytes out by `pull`,
 * time as a number. Its one rule: one request at a time, the next when both
 * messages of the last are complete (RFC 9112 §9.3); whatever breaks that order
 * ends the connection.
 */
import { OutputBuffer } from '../bytes.ts'
import { ErrorCode } from '../frame/registry.ts'
import type { Failure, FieldList, RequestHead, RequestStream, StreamSink } from '../protocol/index.ts'
import { type Fault, malformed } from './fault.ts'
import type { ResponseHead } from './framing.ts'
import { type Forwarded, framedHead } from './request-head.ts'
import { RequestWriter } from './request-writer.ts'
import { type ResponseHandler, type ResponseLimits, ResponseParser } from './response-parser.ts'
import { Http1Stream, type StreamHost } from './stream.ts'

/** What is tolerated. */
export interface Http1Limits extends ResponseLimits {
  /** Informational responses at once; time and content earn more. */
  readonly maxInformational: number
}

/** Told to the owner of the connection. */
export interface Http1ConnectionSink {
  /** The last request is over, both ways: the next can be opened. */
  onFree(): void
  /** The response that is under way ends the connection. */
  onDraining(): void
  /** Stop reading, or begin again: the owner of the response is behind. */
  onHold(held: boolean): void
  /** The connection ended; the stream was told before, or is told next. `failure` is undefined if that was to be. */
  onClosed(failure: Failure | undefined): void
  /** Behind `onClosed`: nothing that arrives is of use, and nothing waits to leave. The transport is to go at once. */
  onCut(): void
  /** Something worth a line in a log. */
  onNotice(text: string): void
}

const NEVER = Number.POSITIVE_INFINITY
/** Milliseconds that the rest of a request may take to leave, once it is answered. */
const LINGER_MS = 1_000
/** Milliseconds by which an idle connection is closed before the peer would: a request could cross the end. */
const SAFETY_MS = 1_000
const STRAY = malformed('bytes that no request asked for (RFC 9112 §9.2)')

/**
 * The engine of a client's connection.
 *
 * @example
 * const connection = new Http1Connection(sink, limits)
 * const stream = connection.open(head, true, false, streamSink)
 * write(connection.pull(65_536)) // the head
 * connection.receive(bytesFromTheServer, clock())
 */
export class Http1Connection implements ResponseHandler, StreamHost {
  readonly #sink: Http1ConnectionSink
  readonly #parser: ResponseParser
  readonly #maxInformational: number
  readonly #out = new OutputBuffer(0)
  /** The request that has the connection, though its owner may have settled. */
  #current: Http1Stream | undefined = undefined
  #bytesReceived = 0
  #bytesSent = 0
  /** When bytes came last. */
  #heardAt = 0
  /** No request after this one. */
  #draining = false
  #closed = false
  /** The owner was told so. */
  #cut = false
  /** Milliseconds that the peer says it keeps the connection idle. */
  #idleMs = NEVER
  /** When the idle connection is closed, since the peer is about to; Infinity while it is in use. */
  #idleUntil = NEVER
  /** When it is given up that the rest of an answered request leaves. */
  #lingerUntil = NEVER

  constructor(sink: Http1ConnectionSink, limits: Http1Limits) {
    this.#sink = sink
    this.#maxInformational = limits.maxInformational
    this.#parser = new ResponseParser(this, limits)
  }

  // — the world happened —

  /** Bytes arrived. The chunk is borrowed for the call. */
  receive(chunk: Uint8Array, now: number): void {
    this.#heardAt = now
    this.#bytesReceived += chunk.length
    if (this.#closed) {
      // Whoever goes on after the end is not waited for.
      this.#letGo(undefined)
      return
    }
    let at = 0
    if (this.#current?.writer.sent === true) {
      try {
        at = this.#parser.receive(chunk)
      } catch (cause) {
        this.#threw(cause)
      }
    }
    if (this.#closed) return
    if (at < chunk.length) this.#fail(STRAY)
    else if (!this.#parser.awaiting) this.#answered()
  }

  /** No more bytes will come, nor be taken. A response that ends with the connection is complete. */
  transportEnded(failure: Failure | undefined): void {
    if (this.#closed) return
    const stream = this.#current
    if (stream === undefined || stream.done) {
      this.#close(undefined)
      return
    }
    let complete = false
    try {
      complete = failure === undefined && this.#parser.end()
    } catch (cause) {
      this.#threw(cause)
    }
    // What was no response has ended it.
    if (!this.#closed) this.#close(complete ? undefined : (failure ?? CUT_SHORT))
  }

  /** The moment named by `nextTimeout` came. Harmless at any other. */
  handleTimeout(now: number): void {
    if (this.#closed) return
    if (now >= this.#lingerUntil) this.#letGo(undefined)
    else if (now >= this.#idleUntil) this.#close(undefined)
  }

  // — the application asks —

  /**
   * Begins a request. `endStream`: it has no content. `trailers`: there may be
   * some behind it. `forwarded`: the peer is a proxy. Throws TypeError for a head that breaks a rule, and Error
   * unless the connection is free.
   */
  open(
    head: RequestHead,
    endStream: boolean,
    trailers: boolean,
    sink: StreamSink,
    forwarded?: Forwarded,
  ): RequestStream {
    if (!this.free) throw new Error('HTTP/1.1 carries one request at a time')
    const writer = new RequestWriter(framedHead(head, endStream, trailers, forwarded), endStream)
    this.#current = new Http1Stream(this, writer, sink)
    this.#parser.begin(head.method)
    this.#idleUntil = NEVER
    return this.#current
  }

  /** Takes no more requests, finishes the one it has, then closes. */
  shutdown(): void {
    this.#draining = true
    if (this.#current === undefined) this.#close(undefined)
  }

  /** Ends now: the stream and the owner are told. */
  destroy(failure: Failure): void {
    this.#letGo(failure)
  }

  // — what to do next —

  /** Up to `max` octets to send, good until the next call; undefined if there are none now. Ask after every other call. */
  pull(max: number): Uint8Array | undefined {
    const out = this.#out
    const stream = this.#closed ? undefined : this.#current
    if (stream === undefined) {
      out.release()
      return undefined
    }
    out.compact()
    const { writer } = stream
    const { queued, sent, complete } = writer
    const lent = complete ? undefined : writer.next(out, max)
    const bytes = lent ?? out.take(max)
    this.#bytesSent += bytes.length
    try {
      if (!sent) stream.onSent()
      const moved = queued - writer.queued
      if (moved > 0 || (writer.hasContent && writer.complete !== complete)) stream.onMoved(moved)
    } catch (cause) {
      this.#threw(cause)
    }
    if (!this.#parser.awaiting) this.#answered()
    if (bytes.length > 0) return bytes
    out.release()
    return undefined
  }

  /** When to call `handleTimeout`, in milliseconds of the owner's clock; Infinity for never. */
  nextTimeout(): number {
    return this.#closed ? NEVER : Math.min(this.#idleUntil, this.#lingerUntil)
  }

  // — questions —

  get closed(): boolean {
    return this.#closed
  }

  /** True if no request can be opened any more. */
  get draining(): boolean {
    return this.#draining || this.#closed
  }

  /** True if a request can be opened now. */
  get free(): boolean {
    return this.#current === undefined && !this.draining
  }

  /** True if a request has the connection. */
  get busy(): boolean {
    return this.#current !== undefined
  }

  /** When the peer is about to close it, being idle; Infinity if it did not say. */
  get idleUntil(): number {
    return this.#idleUntil
  }

  get bytesReceived(): number {
    return this.#bytesReceived
  }

  get bytesSent(): number {
    return this.#bytesSent
  }

  // — `ResponseHandler` —

  onStatus(): void {
    this.#current!.responded = true
  }

  onInformational(status: number, fields: FieldList): void {
    const broken = this.#current!.onInformational(status, fields, this.#maxInformational, this.#heardAt)
    if (broken !== undefined) this.#fail(malformed(broken))
  }

  onResponse(head: ResponseHead): void {
    this.#idleMs = head.idleMs
    if (!head.persistent && !this.#draining) {
      this.#draining = true
      if (head.framing !== 0) this.#sink.onDraining()
    }
    this.#current?.onResponse(head)
  }

  onContent(buf: Uint8Array, start: number, end: number): void {
    this.#current!.onContent(buf, start, end)
  }

  onComplete(trailers: FieldList): void {
    const stream = this.#current!
    // RFC 9112 §9.3: a request that is not sent in whole leaves nothing to go on with.
    if (!stream.writer.ended) this.#letGo(undefined)
    stream.onComplete(trailers)
  }

  onFault(fault: Fault): void {
    this.#fail(fault)
  }

  // — `StreamHost` —

  hold(held: boolean): void {
    this.#sink.onHold(held)
  }

  streamReset(): void {
    this.#letGo(undefined)
  }

  // — the end —

  /** The response is complete. The connection is free once the request is, too. */
  #answered(): void {
    const stream = this.#current
    if (stream === undefined || this.#closed) return
    if (!stream.writer.complete || this.#out.length > 0) {
      if (this.#lingerUntil === NEVER) this.#lingerUntil = this.#heardAt + LINGER_MS
      return
    }
    this.#current = undefined
    this.#lingerUntil = NEVER
    if (this.#draining) {
      this.#close(undefined)
      return
    }
    this.#idleUntil = this.#heardAt + this.#idleMs - SAFETY_MS
    this.#sink.onFree()
  }

  #fail({ reason, oversized }: Fault): void {
    this.#letGo({
      scope: 'connection',
      initiator: 'local',
      errorCode: ErrorCode.PROTOCOL_ERROR,
      reason,
      processed: 'unknown',
      kind: oversized ? 'HEADER_LIST_TOO_LARGE' : undefined,
    })
  }

  /** Code of the owner's threw: the connection cannot go on, what is around it can. */
  #threw(cause: unknown): void {
    this.#letGo({
      scope: 'connection',
      initiator: 'local',
      errorCode: ErrorCode.INTERNAL_ERROR,
      reason: 'a sink threw',
      processed: 'unknown',
      cause,
    })
  }

  /** Ends it, and has the transport go at once. */
  #letGo(failure: Failure | undefined): void {
    this.#close(failure)
    if (this.#cut) return
    this.#cut = true
    this.#sink.onCut()
  }

  #tellFailure(failure: Failure): void {
    try {
      this.#current?.fail(failure)
    } catch (error) {
      // The owner of the connection is told all the same.
      this.#sink.onNotice(`a sink threw in onFailure: ${error}`)
    }
  }

  #close(failure: Failure | undefined): void {
    if (this.#closed) return
    this.#closed = true
    this.#idleUntil = NEVER
    this.#parser.stop()
    if (failure !== undefined) this.#tellFailure(failure)
    this.#sink.onClosed(failure)
  }
}

const CUT_SHORT: Failure = {
  scope: 'transport',
  initiator: 'peer',
  errorCode: ErrorCode.NO_ERROR,
  reason: 'closed by the peer before the response was complete (RFC 9112 §8)',
  processed: 'unknown',
  kind: 'CLOSED',
}
