/**
 * One request on an HTTP/1.1 link, in the shape of a stream of the engine: what
 * `Exchange` drives, and what tells it. Its one rule: content that is not
 * consumed stops the reading, since HTTP/1.1 has no windows (RFC 9112 §9.3).
 */
import { ErrorCode } from '../../frame/registry.ts'
import { checkSentTrailers } from '../../protocol/fields-sent.ts'
import type { FieldList, RequestStream, StreamSink } from '../../protocol/index.ts'
import { InformationalCount } from '../../protocol/informational.ts'
import { wrongLength } from '../../protocol/upload.ts'
import type {
  Http1Failure,
  Http1Request,
  Http1RequestHandler,
  Http1ResponseHead,
} from '../../transport/transport.ts'
import { type ClientFailure, transportLost } from '../failure.ts'
import { fieldsFault, hasContent, isFalsely204, responseFault } from './http1-head.ts'
import { Http1Upload } from './http1-upload.ts'

/** Octets of content not consumed from which on nothing is read, */
const READ_HIGH = 262_144
/** and below which reading begins again. */
const READ_LOW = 131_072
/** Octets of request content queued below which its source is asked for more. */
const WRITE_LOW = 65_536

/** The connection, as its one stream sees it. */
export interface Http1StreamHost {
  readonly maxInformational: number
  /** Milliseconds of the connection's clock. */
  now(): number
  /** Fields in one field section. */
  readonly maxFields: number
  /** A final response began. */
  streamResponded(head: Http1ResponseHead): void
  /** The response is complete; the stream tells its owner next. */
  streamEnded(stream: Http1Stream): void
  /** The connection cannot go on; the stream tells its owner next. `failure` is undefined if the owner gave up. */
  streamBroke(failure: ClientFailure | undefined): void
  /** Something happened: the turn ends soon. */
  wake(): void
}

export class Http1Stream implements RequestStream, Http1RequestHandler {
  readonly #host: Http1StreamHost
  readonly #sink: StreamSink
  readonly #method: string
  /** Written by `begin`. */
  #request!: Http1Request
  #upload: Http1Upload | undefined
  #sent: boolean
  /** A head arrived, of whatever response. */
  #responded: boolean
  /** Made when the first informational response comes. */
  #informational: InformationalCount | undefined
  #unconsumed: number
  #paused: boolean
  /** The owner was told of the end, or gave up. */
  #done: boolean

  constructor(host: Http1StreamHost, sink: StreamSink, method: string) {
    this.#host = host
    this.#sink = sink
    this.#method = method
    this.#upload = undefined
    this.#sent = false
    this.#responded = false
    this.#informational = undefined
    this.#unconsumed = 0
    this.#paused = false
    this.#done = false
  }

  /** Takes the link's side. `length`: octets of content announced, undefined with the chunked coding. */
  begin(request: Http1Request, endStream: boolean, length: number | undefined): void {
    this.#request = request
    if (!endStream) this.#upload = new Http1Upload(request, length, this.#uploaded)
  }

  // — `RequestStream` —

  /** HTTP/1.1 has no identifiers. */
  get id(): number {
    return 0
  }

  get writable(): boolean {
    return !this.#done && this.#upload !== undefined && !this.#upload.ended
  }

  get queuedBytes(): number {
    return this.#upload?.queued ?? 0
  }

  write(chunk: Uint8Array): void {
    if (!this.writable || chunk.length === 0 || this.#upload!.write(chunk)) return
    throw new TypeError(wrongLength('more'))
  }

  end(trailers: FieldList = []): void {
    if (!this.writable) return
    checkSentTrailers(trailers)
    if (!this.#upload!.end(trailers)) throw new TypeError(wrongLength('less'))
  }

  /** The application took content: reading begins again when little is left. */
  consume(count: number): void {
    this.#unconsumed -= count
    if (!this.#paused || this.#unconsumed >= READ_LOW) return
    this.#paused = false
    this.#request.resume()
  }

  /** There is no way to end one request alone (RFC 9112 §9.6). */
  reset(): void {
    if (this.#done) return
    this.#finish()
    this.#host.streamBroke(undefined)
  }

  /** HTTP/1.1 has none. */
  reprioritize(): void {}

  // — what the host asks —

  get processed(): 'no' | 'unknown' | 'yes' {
    if (this.#responded) return 'yes'
    return this.#sent ? 'unknown' : 'no'
  }

  get done(): boolean {
    return this.#done
  }

  /** True if all of the request was given, though perhaps not yet sent. */
  get requestComplete(): boolean {
    return this.#upload?.ended !== false
  }

  /** Tells the owner of an end that it does not know of. */
  fail(failure: ClientFailure): void {
    if (this.#done) return
    this.#finish()
    this.#sink.onFailure({ ...failure, processed: this.processed })
  }

  #finish(): void {
    this.#done = true
    this.#upload?.stop()
  }

  // — `Http1RequestHandler` —

  onSent(): void {
    this.#sent = true
    this.#tell(() => this.#sink.onOpened(0))
  }

  onInformational(status: number, fields: FieldList): void {
    if (this.#done) return
    this.#responded = true
    if (!this.#areFine(fields)) return
    const now = this.#host.now()
    this.#informational ??= new InformationalCount(now)
    const fault = this.#informational.count(this.#host.maxInformational + (this.#upload?.work ?? 0), now)
    if (fault !== undefined) this.#malformed(fault)
    else this.#tell(() => this.#sink.onInformational(status, fields))
  }

  onResponse(head: Http1ResponseHead): void {
    if (this.#done) return
    this.#responded = true
    if (!this.#areFine(head.fields)) return
    const fault = responseFault(head)
    if (fault !== undefined) {
      this.#malformed(fault)
      return
    }
    this.#host.streamResponded(head)
    this.#tell(() => this.#sink.onResponse(head.status, head.fields, !hasContent(this.#method, head)))
    // Whether content follows is anybody's guess: the response is complete, and the connection is not used again.
    if (isFalsely204(head) && !this.#done) {
      this.#done = true
      this.#host.streamBroke(undefined)
      this.#tell(() => this.#sink.onEnd(), true)
    }
  }

  onData(chunk: Uint8Array): void {
    this.#unconsumed += chunk.length
    if (!this.#paused && this.#unconsumed >= READ_HIGH) {
      this.#paused = true
      this.#request.pause()
    }
    this.#tell(() => this.#sink.onData(chunk, 0, chunk.length, true))
  }

  onEnd(trailers: FieldList): void {
    if (this.#done || !this.#areFine(trailers)) return
    if (trailers.length > 0) this.#tell(() => this.#sink.onTrailers(trailers))
    if (this.#done) return
    this.#done = true
    this.#host.streamEnded(this)
    this.#tell(() => this.#sink.onEnd(), true)
  }

  onFailure(failure: Http1Failure): void {
    this.fail(failureOf(failure))
    this.#host.wake()
  }

  // — the rest —

  readonly #uploaded = (): void => {
    if (this.#done) return
    if (this.writable && this.queuedBytes < WRITE_LOW) this.#tell(() => this.#sink.onWritable())
  }

  #malformed(reason: string, kind: 'malformed' | 'oversized' = 'malformed'): void {
    this.#break(failureOf({ kind, reason, cause: undefined }))
  }

  /** False if the fields were not, and the connection has ended for it. */
  #areFine(fields: FieldList): boolean {
    const { maxFields } = this.#host
    const fault = fieldsFault(fields)
    if (fault !== undefined) this.#malformed(fault)
    else if (fields.length > 2 * maxFields) {
      this.#malformed(`more than ${maxFields} fields (RFC 9110 §5.4)`, 'oversized')
    } else return true
    return false
  }

  #break(failure: ClientFailure): void {
    if (this.#done) return
    this.#host.streamBroke(failure)
    this.fail(failure)
  }

  /** Calls the owner. What its code throws costs the connection, and nothing else. */
  #tell(call: () => void, evenDone = false): void {
    if (this.#done && !evenDone) return
    try {
      call()
    } catch (cause) {
      this.#break({
        scope: 'connection',
        initiator: 'local',
        errorCode: ErrorCode.INTERNAL_ERROR,
        reason: 'a sink threw',
        processed: 'unknown',
        cause,
      })
    }
    this.#host.wake()
  }
}

/** The facts of a failure of the link, as errors are made of them. */
export function failureOf({ kind, reason, cause }: Http1Failure): ClientFailure {
  if (kind === 'lost') {
    const lost = transportLost(cause)
    return cause === undefined ? { ...lost, reason } : lost
  }
  return {
    scope: 'connection',
    initiator: 'local',
    errorCode: ErrorCode.PROTOCOL_ERROR,
    reason,
    processed: 'unknown',
    kind: kind === 'oversized' ? 'HEADER_LIST_TOO_LARGE' : undefined,
    cause,
  }
}
