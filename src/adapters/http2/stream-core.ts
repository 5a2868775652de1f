/**
 * One request between the engine and the Duplex that its caller holds: what the
 * engine tells becomes events in Node's order, what is written goes to the
 * engine and is called back when the socket took it, and credit is given back
 * when content is passed on to the reader.
 */
import type { AsyncResource } from 'node:async_hooks'
import type {
  Failure,
  FieldList,
  PromisedHead,
  PushedStream,
  RequestStream,
  StreamSink,
} from '../../protocol/index.ts'
import { FINISHED } from './channels.ts'
import type { SessionPart, StreamFace, StreamPart } from './contract.ts'
import { Deliveries } from './deliveries.ts'
import { fieldObject } from './fields-in.ts'
import type { OutgoingFields, SentFields } from './fields-out.ts'
import type { IdleTimeout } from './idle-timeout.ts'
import { outward } from './outward.ts'
import { constants } from './runtime.ts'

/** NGHTTP2_FLAG_END_HEADERS, and NGHTTP2_FLAG_END_STREAM with it. */
const END_HEADERS = constants.NGHTTP2_FLAG_END_HEADERS
const END_BOTH = END_HEADERS | constants.NGHTTP2_FLAG_END_STREAM

/** Content shorter than this part of its chunk is copied, so that it does not keep the chunk alive. */
const SLICE_PART = 4

type Callback = (error?: Error | null) => void

interface Write {
  /** Octets that are not in the output yet. */
  left: number
  readonly callback: Callback
}

export class StreamCore implements StreamSink, StreamPart {
  readonly stream: StreamFace
  /** Undefined once the stream is destroyed. */
  session: SessionPart | undefined
  /** Undefined until `setTimeout` is called. */
  idle: IdleTimeout | undefined = undefined
  readonly deliveries: Deliveries
  /** The context of the call that made the request. */
  scope: AsyncResource | undefined = undefined
  id: number | undefined = undefined
  /** The engine's stream; undefined before it is opened and after the stream is destroyed. */
  handle: RequestStream | PushedStream | undefined = undefined
  readonly pushed: boolean
  closed = false
  aborted = false
  rstCode: number = constants.NGHTTP2_NO_ERROR
  waitsForTrailers = false
  /** Where the request went. */
  scheme: string | undefined = undefined
  authority: string | undefined = undefined
  trailersReady = false
  sentTrailers: OutgoingFields | undefined = undefined
  /** The fields of the request, as given; undefined for a push. */
  sent: SentFields | undefined = undefined
  endAfterHeaders = false
  responded = false
  /** Called in order once there is an identifier. */
  #onReady: (() => void)[] | undefined = undefined
  /** Content that arrived and was not passed on: the reader is behind. */
  #unread: Buffer[] | undefined = undefined
  #wantsMore = true
  /** The response is complete. */
  #remoteEnded = false
  /** END_STREAM of ours was sent. */
  #localEnded = false
  #endPushed = false
  #shutDown = false
  /** The protocol is through with the stream. */
  #over = false
  #writes: Write[] | undefined = undefined
  /** What the Duplex counts for the writes that are under way: strings by their characters. */
  #lengthInFlight = 0

  constructor(stream: StreamFace, session: SessionPart, pushed: boolean) {
    this.stream = stream
    this.session = session
    this.deliveries = new Deliveries(session)
    this.pushed = pushed
    this.#localEnded = pushed
  }

  get pending(): boolean {
    return this.id === undefined
  }

  /** Octets written and not called back for. */
  get inFlight(): number {
    let octets = 0
    if (this.#writes !== undefined) for (const { left } of this.#writes) octets += left
    return octets
  }

  get localEnded(): boolean {
    return this.#localEnded
  }

  get remoteEnded(): boolean {
    return this.#remoteEnded
  }

  get opened(): boolean {
    return this.handle !== undefined
  }

  detach(): void {
    this.session = undefined
    this.handle = undefined
  }

  /** Something moved on the stream. */
  touch(): void {
    this.idle?.refresh()
    this.session?.idle.refresh()
  }

  /** The stream has its identifier. */
  ready(id: number): void {
    this.id = id
    this.stream.uncork()
    const waiting = this.#onReady
    this.#onReady = undefined
    if (waiting !== undefined) for (const callback of waiting) callback()
    this.stream.emit('ready')
  }

  whenReady(callback: () => void): void {
    if (!this.pending) {
      callback()
      return
    }
    this.#onReady ??= []
    this.#onReady.push(callback)
  }

  // — the engine tells —

  onOpened(): void {}

  onInformational(status: number, fields: FieldList): void {
    const pairs = [':status', String(status), ...fields]
    this.deliveries.deliver(() => {
      this.#tell('headers', pairs, END_HEADERS)
      if (status === constants.HTTP_STATUS_CONTINUE) outward(this.scope, () => this.stream.emit('continue'))
    })
  }

  onResponse(status: number, fields: FieldList, endStream: boolean, neverIndexed?: readonly string[]): void {
    const pairs = [':status', String(status), ...fields]
    const flags = endStream ? END_BOTH : END_HEADERS
    this.responded = true
    this.deliveries.deliver(() => {
      if (status === constants.HTTP_STATUS_MISDIRECTED_REQUEST) this.#misdirected()
      const headers = this.#tell(this.pushed ? 'push' : 'response', pairs, flags, neverIndexed)
      if (FINISHED.hasSubscribers) FINISHED.publish({ stream: this.stream, headers, flags })
    })
  }

  /** 421: the peer is not authoritative for what was asked (RFC 8336 §2.4). */
  #misdirected(): void {
    this.session?.misdirected(`${this.scheme}://${this.authority}`)
  }

  onTrailers(fields: FieldList, neverIndexed?: readonly string[]): void {
    const pairs = [...fields]
    this.deliveries.deliver(() => this.#tell('trailers', pairs, END_BOTH, neverIndexed))
  }

  #tell(event: string, pairs: readonly string[], flags: number, neverIndexed?: readonly string[]): object {
    this.touch()
    const headers = fieldObject(pairs, neverIndexed)
    outward(this.scope, () => this.stream.emit(event, headers, flags, pairs))
    this.deliveries.pause()
    return headers
  }

  onData(buf: Uint8Array, start: number, end: number): void {
    if (end === start || this.session === undefined) return
    this.touch()
    const chunk = this.#own(buf, start, end)
    this.deliveries.deliver(() => this.#content(chunk))
  }

  #content(chunk: Buffer): void {
    if (this.#wantsMore) {
      this.#pass(chunk)
      return
    }
    this.#unread ??= []
    this.#unread.push(chunk)
  }

  /** The content as memory that may be kept. */
  #own(buf: Uint8Array, start: number, end: number): Buffer {
    const whole = this.session!.wire?.chunk
    const inside =
      whole !== undefined && whole.buffer === buf.buffer && (end - start) * SLICE_PART >= whole.length
    if (inside) return Buffer.from(buf.buffer, buf.byteOffset + start, end - start)
    return Buffer.from(buf.subarray(start, end))
  }

  #pass(chunk: Buffer): void {
    this.#wantsMore = outward(this.scope, () => this.stream.push(chunk)) ?? false
    this.handle?.consume(chunk.length)
    this.session?.wire?.schedule()
  }

  /** The reader wants more. */
  read(): void {
    this.#wantsMore = true
    const unread = this.#unread
    while (unread !== undefined && this.#wantsMore && unread.length > 0) this.#pass(unread.shift()!)
    this.#pushEnd()
  }

  /** Tells the reader of the end, behind all content. */
  #pushEnd(): void {
    if (!this.#remoteEnded || this.#endPushed || this.#unread?.length) return
    this.#endPushed = true
    outward(this.scope, () => this.stream.push(null))
  }

  onEnd(): void {
    this.deliveries.deliver(() => {
      this.#remoteEnded = true
      this.#pushEnd()
      this.#closeIfOver()
    })
  }

  onWritable(): void {}

  onSent(octets: number, ended: boolean): void {
    this.touch()
    if (ended) this.#localEnded = true
    let left = octets
    const done: Callback[] = []
    const writes = this.#writes
    while (left > 0 && writes !== undefined && writes.length > 0) {
      const write = writes[0]!
      const taken = Math.min(left, write.left)
      write.left -= taken
      left -= taken
      if (write.left === 0) {
        writes.shift()
        done.push(write.callback)
      }
    }
    if (done.length > 0) {
      this.session?.wire?.whenTaken(() => {
        for (const callback of done) callback()
      })
    }
    if (ended) this.session?.wire?.whenPulled(() => this.#closeIfOver())
  }

  #closeIfOver(): void {
    if (this.#remoteEnded && this.#localEnded) this.over(constants.NGHTTP2_NO_ERROR)
  }

  onPush(stream: PushedStream, head: PromisedHead): StreamSink | undefined {
    return this.session?.accept(stream, head)
  }

  onFailure(failure: Failure): void {
    const code = errorCodeOf(failure)
    // What ends all streams is the session's to tell.
    if (code !== undefined) this.deliveries.deliver(() => this.over(code, failure))
  }

  /** The protocol is through with the stream, with this error code. */
  over(errorCode: number, failure?: Failure): void {
    if (this.#over) return
    this.#over = true
    if (!this.stream.destroyed) outward(this.scope, () => this.#finish(errorCode, failure))
  }

  #finish(errorCode: number, failure: Failure | undefined): void {
    const { stream } = this
    if (!this.closed) this.session!.closeStream(this, errorCode, 'silent')
    if (errorCode !== constants.NGHTTP2_NO_ERROR || !stream.readable) {
      if (failure?.initiator === 'local')
        this.session!.streamBroken(this, new Error(failure.reason, { cause: failure.cause }))
      stream.destroy()
      return
    }
    stream.on('end', this.whenDone)
    this.#remoteEnded = true
    this.#pushEnd()
    stream.read(0)
  }

  /** Destroys the stream once both halves are done. */
  readonly whenDone = (): void => {
    const { stream } = this
    if (stream.writableFinished && !stream.readable && this.closed) stream.destroy()
  }

  // — the caller asks —

  /** @param length what the Duplex counts for the chunks */
  write(chunks: readonly Uint8Array[], length: number, callback: Callback): void {
    if (this.pending) {
      this.whenReady(() => this.write(chunks, length, callback))
      return
    }
    if (this.stream.destroyed || this.handle === undefined) return
    this.touch()
    let octets = 0
    for (const chunk of chunks) {
      octets += chunk.length
      this.#requestHandle.write(chunk)
    }
    // Content for a stream that takes none is dropped, and so is its callback's reason to wait.
    this.#writes ??= []
    if (octets === 0 || !this.#requestHandle.writable) process.nextTick(callback)
    else this.#writes.push({ left: octets, callback })
    this.#lengthInFlight = length
    process.nextTick(() => this.#endWithLast())
    this.session!.wire!.schedule()
  }

  get #requestHandle(): RequestStream {
    return this.handle as RequestStream
  }

  /** END_STREAM goes with the last content, if nothing can follow it. */
  #endWithLast(): void {
    const { stream } = this
    if (this.waitsForTrailers || !stream.writableEnded || stream.destroyed) return
    if (stream.writableLength <= this.#lengthInFlight) this.shutDown()
  }

  /** No more content comes. */
  shutDown(): void {
    if (this.#shutDown || this.handle === undefined || this.pushed) return
    this.#shutDown = true
    const wire = this.session!.wire!
    if (this.waitsForTrailers) this.#wantTrailers()
    else this.#requestHandle.end()
    wire.schedule()
  }

  #wantTrailers(): void {
    const { stream } = this
    this.trailersReady = true
    if (stream.destroyed || this.closed) return
    if (!stream.emit('wantTrailers')) stream.sendTrailers({})
  }

  /** The trailers, the last that is sent. */
  endWith(trailers: readonly string[]): void {
    if (this.stream.destroyed || this.handle === undefined) return
    this.waitsForTrailers = false
    this.#requestHandle.end(trailers)
    this.session!.wire!.schedule()
    this.whenDone()
  }

  /** Ends the stream at the peer. What was written before leaves first, if it can, unless this is an error. */
  reset(errorCode: number): void {
    const { handle, session } = this
    if (handle === undefined || this.#over) return
    const wire = session!.wire!
    const gentle = errorCode === constants.NGHTTP2_NO_ERROR || errorCode === constants.NGHTTP2_CANCEL
    const queued = this.pushed ? 0 : this.#requestHandle.queuedBytes
    if (gentle && queued > 0) wire.afterSend(() => handle.reset(errorCode))
    else handle.reset(errorCode)
    wire.afterSend(() => this.over(errorCode))
  }
}

/** The error code that ends a stream of itself; undefined where it ends with its session. */
function errorCodeOf(failure: Failure): number | undefined {
  if (failure.kind === 'HEADER_LIST_TOO_LARGE') return constants.NGHTTP2_ENHANCE_YOUR_CALM
  if (failure.scope === 'stream') return failure.errorCode
  return failure.kind === 'GOAWAY' && failure.processed === 'no'
    ? constants.NGHTTP2_REFUSED_STREAM
    : undefined
}
