/**
 * One request and its response on an HTTP/1.1 connection, in the shape of a
 * stream of HTTP/2: what the same owner drives, and is told by. Its one rule:
 * content that is not consumed stops the reading, for HTTP/1.1 has no windows
 * (RFC 9112 §9.3).
 */
import type { Processed } from '../errors.ts'
import { checkSentTrailers } from '../protocol/fields-sent.ts'
import type { Failure, FieldList, RequestStream, StreamSink } from '../protocol/index.ts'
import { InformationalCount } from '../protocol/informational.ts'
import type { ResponseHead } from './framing.ts'
import type { RequestWriter } from './request-writer.ts'

/** Octets of content not consumed from which on nothing is read, */
const READ_HIGH = 262_144
/** and below which reading begins again. */
const READ_LOW = 131_072
/** Octets of request content queued below which its source is asked for more. */
const WRITE_LOW = 65_536

/** The connection, as its one stream sees it. */
export interface StreamHost {
  /** Stops reading, or begins again. */
  hold(held: boolean): void
  /** The owner gave the request up. */
  streamReset(): void
}

export class Http1Stream implements RequestStream {
  readonly writer: RequestWriter
  readonly #host: StreamHost
  readonly #sink: StreamSink
  /** A status line arrived. Written by the connection. */
  responded: boolean
  /** Made when the first informational response comes. */
  #informational: InformationalCount | undefined
  #unconsumed: number
  #held: boolean
  /** The owner was told of the end, or gave up. */
  #done: boolean

  constructor(host: StreamHost, writer: RequestWriter, sink: StreamSink) {
    this.writer = writer
    this.#host = host
    this.#sink = sink
    this.responded = false
    this.#informational = undefined
    this.#unconsumed = 0
    this.#held = false
    this.#done = false
  }

  // — `RequestStream` —

  /** HTTP/1.1 has no identifiers. */
  get id(): number {
    return 0
  }

  get writable(): boolean {
    return !this.#done && !this.writer.ended
  }

  get queuedBytes(): number {
    return this.#done ? 0 : this.writer.queued
  }

  write(chunk: Uint8Array): void {
    if (this.writable && chunk.length > 0) this.writer.write(chunk)
  }

  end(trailers: FieldList = []): void {
    if (!this.writable) return
    checkSentTrailers(trailers)
    this.writer.end(trailers)
  }

  consume(count: number): void {
    this.#unconsumed -= count
    if (this.#held && this.#unconsumed < READ_LOW) this.#hold(false)
  }

  /** There is no way to end one request alone (RFC 9112 §9.6). */
  reset(): void {
    if (this.#done) return
    this.#done = true
    this.#host.streamReset()
  }

  /** HTTP/1.1 has none. */
  reprioritize(): void {}

  // — what the connection asks, and tells —

  /** The owner hears nothing more. */
  get done(): boolean {
    return this.#done
  }

  get processed(): Processed {
    if (this.responded) return 'yes'
    return this.writer.sent ? 'unknown' : 'no'
  }

  /** The head left. */
  onSent(): void {
    if (!this.#done) this.#sink.onOpened(0)
  }

  /** Content of the request left, or its end; there may be room for more. */
  onMoved(octets: number): void {
    if (this.#done) return
    this.#sink.onSent?.(octets, this.writer.complete)
    if (this.writable && this.writer.queued < WRITE_LOW) this.#sink.onWritable()
  }

  /** Returns the rule that is broken by there being so many. `limit`: as many as may come at once. */
  onInformational(status: number, fields: FieldList, limit: number, now: number): string | undefined {
    this.#informational ??= new InformationalCount(now)
    const broken = this.#informational.count(limit + this.writer.work, now)
    if (broken === undefined && !this.#done) this.#sink.onInformational(status, fields)
    return broken
  }

  onResponse({ status, fields, framing, reason }: ResponseHead): void {
    if (!this.#done) this.#sink.onResponse(status, fields, framing === 0, undefined, reason)
  }

  onContent(buf: Uint8Array, start: number, end: number): void {
    if (this.#done) return
    this.#unconsumed += end - start
    if (!this.#held && this.#unconsumed >= READ_HIGH) this.#hold(true)
    this.#sink.onData(buf, start, end, true)
  }

  onComplete(trailers: FieldList): void {
    if (this.#held) this.#hold(false)
    if (this.#done) return
    if (trailers.length > 0) this.#sink.onTrailers(trailers)
    if (this.#done) return
    this.#done = true
    this.#sink.onEnd()
  }

  fail(failure: Failure): void {
    if (this.#done) return
    this.#done = true
    this.#sink.onFailure({ ...failure, processed: this.processed })
  }

  #hold(held: boolean): void {
    this.#held = held
    this.#host.hold(held)
  }
}
