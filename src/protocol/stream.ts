/**
 * One stream's record: what each part of the engine knows of it, in one place,
 * each field with its writer. The application holds it as a `RequestStream`
 * (or, for a push, a `PushedStream`); what it asks goes to the host.
 */
import { NO_CONTENT_LENGTH } from './fields-received.ts'
import { checkSentTrailers } from './fields-sent.ts'
import type { RecvWindow } from './flow-control.ts'
import { MessagePhase } from './message-phase.ts'
import { NOT_RAISED } from './raised-credits.ts'
import type { Failure, FieldList, PromisedHead, RequestHead, RequestStream, StreamSink } from './sinks.ts'
import { Link } from './stream-queue.ts'
import { HALF_CLOSED_LOCAL, HALF_CLOSED_REMOTE, IDLE, OPEN, RESERVED_REMOTE } from './stream-state.ts'
import { Upload } from './upload.ts'

/** Whom a stream tells what the application asked of it. */
export interface StreamHost {
  contentQueued(stream: Stream): void
  consumed(stream: Stream, count: number): void
  resetRequested(stream: Stream, errorCode: number): void
  reprioritized(stream: Stream, incremental: boolean): void
  /** Code of the owner's threw: the stream is over, and no other. */
  threw(stream: Stream, cause: unknown): void
}

/** Urgency of a request that names none (RFC 9218 §4.1). */
const DEFAULT_URGENCY = 3

/** Throws RangeError for an urgency that is none (RFC 9218 §4.1). */
function checkUrgency(urgency: number): number {
  if (Number.isInteger(urgency) && urgency >= 0 && urgency <= 7) return urgency
  throw new RangeError('urgency must be an integer from 0 to 7')
}

export class Stream extends Link implements RequestStream {
  readonly #host: StreamHost
  /** The owner. Changed once on a push, when somebody takes it. */
  sink: StreamSink
  readonly phase = new MessagePhase()
  readonly isHead: boolean
  readonly isConnect: boolean
  /** `:authority` of the request; a push must have the same. */
  readonly authority: string
  readonly scheme: string | undefined
  /** The upload outlives the response. */
  readonly duplex: boolean
  /** The owner was told of the end, or made it: it is told nothing more. */
  done = false

  // — written by the stream table —
  id = 0
  /** The next stream in the same slot of the stream map. */
  chained: Stream | undefined = undefined
  /** A row of `stream-state.ts`; changed only to what its `step` says. */
  state = IDLE
  /** The request, until its HEADERS were sent. */
  head: RequestHead | undefined

  // — written by the sending side —
  /** Request content; undefined if the request has none. */
  upload: Upload | undefined
  /** WINDOW_UPDATEs received less octets sent: see `StreamSendWindows`. */
  sendCredit = 0
  /** Written by `raised-credits.ts`. */
  raisedAt = NOT_RAISED
  /** True while on the list of streams that are told that they may write. */
  drained = false
  /** What the content sent is worth: see `abuse-budget.ts`. */
  workSent = 0
  /** RFC 9218 §4.1, 0 to 7. */
  urgency: number

  // — written by the receiving side —
  /** HEADERS arrived, of whatever response: the peer did act on the request. */
  responded = false
  /** A CONNECT that was answered with 2xx: content both ways, no fields (RFC 9113 §8.5). */
  tunnel = false

  // — written by `credit.ts` —
  /** Made when the first DATA frame arrives. */
  recvWindow: RecvWindow | undefined = undefined
  /** Octets of content received that the application has not taken. */
  unconsumed = 0
  /** Octets of its window beyond the first size; see `UnreadBudget`. */
  lent = 0
  /** True while on the list of streams with credit to announce. */
  owing = false

  /** @param length the content-length of the request, or `NO_CONTENT_LENGTH` */
  constructor(
    host: StreamHost,
    head: RequestHead,
    endStream: boolean,
    sink: StreamSink,
    length = NO_CONTENT_LENGTH,
  ) {
    super()
    this.#host = host
    this.sink = sink
    this.isHead = head.method === 'HEAD'
    this.isConnect = head.method === 'CONNECT'
    this.authority = head.authority
    this.scheme = head.scheme
    this.duplex = head.duplex ?? false
    this.head = head
    this.upload = endStream ? undefined : new Upload(length)
    this.urgency = head.urgency === undefined ? DEFAULT_URGENCY : checkUrgency(head.urgency)
  }

  /** True while the peer may send DATA or HEADERS. */
  get receiving(): boolean {
    return this.state === OPEN || this.state === HALF_CLOSED_LOCAL
  }

  /** True while we may send DATA or trailers. */
  get sending(): boolean {
    return this.state === OPEN || this.state === HALF_CLOSED_REMOTE
  }

  /** True until the stream closed, one way or another. */
  get live(): boolean {
    return this.state <= HALF_CLOSED_REMOTE || this.state === RESERVED_REMOTE
  }

  get writable(): boolean {
    return this.live && this.upload !== undefined && !this.upload.ended
  }

  get queuedBytes(): number {
    return this.upload === undefined ? 0 : this.upload.length
  }

  // — the owner is told; what it throws ends this stream, and nothing else —

  tellOpened(): void {
    try {
      this.sink.onOpened(this.id)
    } catch (cause) {
      this.threw(cause)
    }
  }

  tellSent(octets: number, ended: boolean): void {
    try {
      this.sink.onSent?.(octets, ended)
    } catch (cause) {
      this.threw(cause)
    }
  }

  tellInformational(status: number, fields: FieldList): void {
    try {
      this.sink.onInformational(status, fields)
    } catch (cause) {
      this.threw(cause)
    }
  }

  tellResponse(status: number, fields: FieldList, endStream: boolean, secret?: readonly string[]): void {
    try {
      this.sink.onResponse(status, fields, endStream, secret)
    } catch (cause) {
      this.threw(cause)
    }
  }

  tellData(buf: Uint8Array, start: number, end: number, frameEnd: boolean): void {
    try {
      this.sink.onData(buf, start, end, frameEnd)
    } catch (cause) {
      this.threw(cause)
    }
  }

  tellTrailers(fields: FieldList, secret?: readonly string[]): void {
    try {
      this.sink.onTrailers(fields, secret)
    } catch (cause) {
      this.threw(cause)
    }
  }

  tellEnd(): void {
    try {
      this.sink.onEnd()
    } catch (cause) {
      this.threw(cause)
    }
  }

  tellWritable(): void {
    try {
      this.sink.onWritable()
    } catch (cause) {
      this.threw(cause)
    }
  }

  /** The sink that takes a promised request; undefined to refuse it. */
  offer(pushed: Stream, head: PromisedHead): StreamSink | undefined {
    try {
      return this.sink.onPush(pushed, head)
    } catch (cause) {
      this.threw(cause)
      return undefined
    }
  }

  /** Tells the owner, unless it knows of an end already. */
  fail(failure: Failure): void {
    if (this.done) return
    this.done = true
    try {
      this.sink.onFailure(failure)
    } catch (cause) {
      this.threw(cause)
    }
  }

  threw(cause: unknown): void {
    this.#host.threw(this, cause)
  }

  write(chunk: Uint8Array): void {
    if (!this.writable || chunk.length === 0) return
    this.upload!.push(chunk)
    this.#host.contentQueued(this)
  }

  end(trailers?: FieldList): void {
    if (!this.writable) return
    const upload = this.upload!
    upload.checkWhole()
    if (trailers !== undefined && trailers.length > 0) {
      checkSentTrailers(trailers)
      upload.trailers = trailers
    }
    upload.ended = true
    this.#host.contentQueued(this)
  }

  consume(count: number): void {
    this.#host.consumed(this, count)
  }

  reset(errorCode: number): void {
    this.#host.resetRequested(this, errorCode)
  }

  reprioritize(urgency: number, incremental: boolean): void {
    this.urgency = checkUrgency(urgency)
    this.#host.reprioritized(this, incremental)
  }
}
