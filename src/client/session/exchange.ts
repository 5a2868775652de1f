/**
 * One request and its response: from the call to the end, whichever comes
 * first (RFC 9113 §8.1). Its one rule: it settles exactly once, and what is
 * settled holds no listener, no deadline and no place in any list.
 */
import { ErrorCode } from '../../frame/registry.ts'
import type {
  Failure,
  FieldList,
  PromisedHead,
  PushedStream,
  RequestStream,
  StreamSink,
} from '../../protocol/index.ts'
import { Link } from '../../protocol/stream-queue.ts'
import { type ClientFailure, cancelled, type Ending, errorOf, Rejection, timedOut } from '../failure.ts'
import type { ConnectionInfo, ExchangePlan } from '../request/exchange-plan.ts'
import type { Body, PieceSource } from '../request/request-body.ts'
import type { PlannedRequest } from '../request/request-init.ts'
import { Senders } from '../request/senders.ts'
import { discardBody, endWith, HIGH_WATER, Upload, type UploadOwner } from '../request/upload.ts'
import { HTTP20Response } from '../response/http20-response.ts'
import { Incoming, type InformationalFields, type Supplier } from '../response/incoming.ts'
import { type AbortWatcher, unwatch, watch } from './abort-watch.ts'
import type { Timed } from './deadlines.ts'
import type { Carrier, ExchangeHost, Resender } from './exchange-host.ts'

/** Takes `reject` of a promise that is being made; see `deferred`. */
let resolveNew: (value: HTTP20Response | PromiseLike<HTTP20Response>) => void
let rejectNew: (reason: unknown) => void
const capture = (resolve: typeof resolveNew, reject: typeof rejectNew): void => {
  resolveNew = resolve
  rejectNew = reject
}

const NEVER = Number.POSITIVE_INFINITY

const QUEUED = 0
const SENT = 1
const RESPONDED = 2
const SETTLED = 3

export class Exchange extends Link implements StreamSink, Timed, Supplier, UploadOwner, AbortWatcher {
  // — `Timed`; see deadlines.ts —
  deadline: number
  slot: number

  readonly plan: ExchangePlan
  readonly incoming: Incoming
  /** When the caller asked, in milliseconds on the clock, NaN before. Written by `wait` or the first `begin`, or before. */
  startedAt: number
  /** Told of failures before the response, if there is one. Written before `begin`. */
  resender: Resender<Exchange> | undefined
  /** What is sent, and sent again. Written by whoever may send it again, or does not send it at all. */
  planned: PlannedRequest | undefined
  /** How often it was sent again. Written by the resender. */
  resent: number
  /** True once a source of its content was asked for some. */
  #sourced: boolean
  /** Called for each informational response, if the caller wants to know. Written before `begin`. */
  onInformationalResponse: ((informational: InformationalFields) => void) | undefined
  /** Called for each connection that it is put on, if the caller wants to know. Written before `begin`. */
  onConnection: ((connection: ConnectionInfo) => void) | undefined
  /** The engine's side; undefined before `begin`. */
  #stream: RequestStream | PushedStream | undefined
  #host: ExchangeHost<Exchange> | undefined
  #phase: number
  #streamId: number
  #totalDeadline: number
  #upload: Upload | undefined
  /** True once the caller's part of the request is complete, or is not wanted any more. */
  #sent: boolean
  #response: Promise<HTTP20Response> | undefined
  #resolve: ((response: HTTP20Response) => void) | undefined
  #reject: ((reason: unknown) => void) | undefined
  #senders: Senders | undefined
  #onPushesOver: (() => void) | undefined
  /** Octets that waited in the engine when the deadline was set last: fewer now is progress. */
  #queuedThen: number

  constructor(plan: ExchangePlan) {
    super()
    this.deadline = NEVER
    this.slot = -1
    this.plan = plan
    this.incoming = new Incoming(this, plan.method, plan.decoding)
    this.startedAt = Number.NaN
    this.resender = undefined
    this.planned = undefined
    this.resent = 0
    this.#sourced = false
    this.onInformationalResponse = undefined
    this.onConnection = undefined
    this.#stream = undefined
    this.#host = undefined
    this.#phase = QUEUED
    this.#streamId = 0
    this.#totalDeadline = NEVER
    this.#upload = undefined
    this.#sent = false
    this.#response = undefined
    this.#resolve = undefined
    this.#reject = undefined
    this.#senders = undefined
    this.#onPushesOver = undefined
    this.#queuedThen = 0
  }

  // — what the connection does —

  /** Waits in a line: it has a host and deadlines, and no stream yet. `counts`: a connection stands, so the wait is for a stream. */
  wait(host: ExchangeHost<Exchange>, counts: boolean): void {
    const again = this.#host !== undefined
    this.#host = host
    if (Number.isNaN(this.startedAt)) this.startedAt = host.now()
    if (!again) this.#watch()
    this.#limit(counts ? this.plan.limits.queue : 0)
  }

  /** Opens the request. Throws for a head that the engine refuses, and for a body that cannot be opened; nothing was sent then. */
  begin(host: Carrier<Exchange>, planned: PlannedRequest): void {
    const { body, final } = planned
    const again = this.#host !== undefined
    this.#host = host
    if (Number.isNaN(this.startedAt)) this.startedAt = host.now()
    const empty = body === undefined || body.bytes?.length === 0
    this.#sent = final && empty && this.plan.trailers === undefined
    this.#stream = host.open(this, planned, this.#sent)
    if (this.settled) return
    if (!again) this.#watch()
    this.#limit(0)
    try {
      if (!this.#sent) this.#sendBody(body, final)
    } catch (error) {
      this.#giveUp(new Rejection(error), ErrorCode.CANCEL)
      throw error
    }
    host.wake()
  }

  /** From the first to the last moment: the caller's signal, and the time for all of it. */
  #watch(): void {
    const { limits, signal } = this.plan
    if (limits.total > 0) this.#totalDeadline = this.startedAt + limits.total
    if (signal !== undefined) watch(signal, this)
  }

  /** Leaves a stream that failed unanswered: as before it was sent, but for the time that passed. */
  withdraw(): void {
    this.#upload?.stop(undefined)
    this.#stream = undefined
    this.#streamId = 0
    this.#phase = QUEUED
    this.#sent = false
    this.#host!.released(this)
  }

  /** Takes a promised request, whose stream is open already. */
  beginPushed(host: ExchangeHost<Exchange>, stream: PushedStream): void {
    this.#host = host
    this.startedAt = host.now()
    this.#stream = stream
    this.#streamId = stream.id
    this.#phase = SENT
    this.#sent = true
    this.#limit(this.plan.limits.headers)
  }

  /** The transport stands: from now on waiting for a stream counts, if it did not before. */
  connected(): void {
    if (this.#phase === QUEUED && this.deadline === this.#totalDeadline) this.#limit(this.plan.limits.queue)
  }

  /** Ends it without asking the engine, which is gone. */
  fail(ending: Ending): void {
    this.#settle(ending, false)
  }

  get settled(): boolean {
    return this.#phase === SETTLED
  }

  /** True if all that was given of the request can be given again. */
  get replayable(): boolean {
    if (this.planned === undefined) return false
    const { body, final } = this.planned
    return final && (body === undefined || body.replayable || !this.#sourced)
  }

  /** The stream's identifier, 0 before HEADERS were sent. */
  get streamId(): number {
    return this.#streamId
  }

  /** Why it failed, undefined if it did not. */
  get ending(): Ending | undefined {
    return this.incoming.ending
  }

  /** Calls back when no more pushes can come. */
  whenPushesOver(callback: () => void): void {
    if (this.incoming.over) callback()
    else this.#onPushesOver = callback
  }

  // — what the caller asks —

  /** The response, as one promise however often it is asked for. */
  response(): Promise<HTTP20Response> {
    if (this.#response !== undefined) return this.#response
    const { incoming } = this
    if (incoming.status !== 0) this.#response = Promise.resolve(new HTTP20Response(incoming))
    else if (incoming.ending !== undefined) this.#response = Promise.reject(incoming.error())
    else {
      this.#response = new Promise<HTTP20Response>(capture)
      this.#resolve = resolveNew
      this.#reject = rejectNew
    }
    return this.#response
  }

  cancel(errorCode: number = ErrorCode.CANCEL): void {
    this.#giveUp(cancelled(errorCode, this.#processed), errorCode)
  }

  reprioritize(urgency: number, incremental: boolean): void {
    if (this.settled || this.#stream === undefined) return
    this.stream.reprioritize(urgency, incremental)
    this.#host!.wake()
  }

  abort(ending: Ending): void {
    this.#giveUp(ending, ErrorCode.CANCEL)
  }

  /** The signal was. */
  aborted(): void {
    this.#giveUp(new Rejection(this.plan.signal!.reason), ErrorCode.CANCEL)
  }

  /** Sends more of a request that was left open. Resolves once the stream takes more. */
  send(body: Body | undefined, final: boolean): Promise<void> {
    if (this.#sent || this.#upload !== undefined) throw new TypeError('send after the request was ended')
    if (body !== undefined || final) this.#sendBody(body, final)
    this.#host!.wake()
    return this.#whenWritable(final)
  }

  // — `Supplier` —

  consume(count: number): void {
    if (this.settled) return
    this.#stream!.consume(count)
    if (this.#phase === RESPONDED) this.#limit(this.plan.limits.bodyIdle)
    this.#host!.wake()
  }

  // — `UploadOwner` —

  get stream(): RequestStream {
    return this.#stream as RequestStream
  }

  progress(): void {
    if (this.settled) return
    if (this.#phase === SENT) this.#limit(this.plan.limits.headers)
    else if (this.#phase === RESPONDED) this.#limit(this.plan.limits.bodyIdle)
    this.#host!.wake()
  }

  uploadFailed(ending: ClientFailure | Rejection): void {
    const known = ending instanceof Rejection ? ending : { ...ending, processed: this.#processed }
    this.#giveUp(known, ErrorCode.CANCEL)
  }

  #sendBody(body: Body | undefined, final: boolean): void {
    const { trailers } = this.plan
    if (final) this.#sent = true
    if (body?.open !== undefined) {
      this.#sourced = true
      this.#pump(body.open(), body.length, final)
      return
    }
    if (body?.bytes !== undefined) this.stream.write(body.bytes)
    if (final) endWith(this, trailers)
  }

  #pump(source: PieceSource, length: number | undefined, final: boolean): void {
    const over = (): void => {
      this.#upload = undefined
      this.#senders?.wake()
    }
    this.#upload = new Upload(this, source, length, final, final ? this.plan.trailers : undefined, over)
    this.#upload.pump()
  }

  #whenWritable(final: boolean): Promise<void> {
    const waits = this.#upload !== undefined || (!final && this.stream.queuedBytes >= HIGH_WATER)
    if (this.incoming.ending !== undefined) return Promise.reject(this.incoming.error())
    if (!waits || this.settled) return Promise.resolve()
    this.#senders ??= new Senders(this.incoming)
    return this.#senders.wait()
  }

  // — `StreamSink`: what the engine tells —

  onOpened(streamId: number): void {
    this.#streamId = streamId
    this.#phase = SENT
    this.#limit(this.plan.limits.headers)
  }

  onInformational(status: number, fields: FieldList): void {
    const informational = { status, fields }
    this.incoming.informational ??= []
    this.incoming.informational.push(informational)
    this.#limit(this.plan.limits.headers)
    this.#host!.informed(this, status)
    this.onInformationalResponse?.(informational)
  }

  onResponse(status: number, fields: FieldList, endStream: boolean, reason = ''): void {
    const { incoming } = this
    incoming.status = status
    incoming.statusText = reason
    incoming.fields = fields
    this.#phase = RESPONDED
    if (!endStream) this.#limit(this.plan.limits.bodyIdle)
    this.#host!.responded(this)
    this.resender?.answered(this)
    if (this.#resolve === undefined) return
    this.#resolve(new HTTP20Response(incoming))
    this.#resolve = undefined
    this.#reject = undefined
  }

  onData(buf: Uint8Array, start: number, end: number, frameEnd: boolean): void {
    this.#limit(this.plan.limits.bodyIdle)
    this.incoming.push(buf, start, end, frameEnd)
  }

  onTrailers(fields: FieldList): void {
    this.incoming.trailers = fields
  }

  onEnd(): void {
    this.#settle(undefined, false)
  }

  onWritable(): void {
    if (this.settled) return
    this.progress()
    if (this.#upload !== undefined) this.#upload.pump()
    else this.#senders?.wake()
  }

  onPush(stream: PushedStream, head: PromisedHead): StreamSink | undefined {
    return this.#host!.pushed(this, stream, head)
  }

  onFailure(failure: Failure): void {
    if (this.#phase < RESPONDED && this.resender?.resend(this, failure) === true) return
    this.#settle(failure, false)
  }

  // — deadlines —

  onDeadline(now: number): void {
    const { limits } = this.plan
    if (now >= this.#totalDeadline) {
      this.#expire('TOTAL', limits.total)
    } else if (this.#phase === QUEUED) {
      this.#expire('QUEUE', limits.queue)
    } else if (this.#queued !== this.#queuedThen) {
      this.#limit(this.#phase === SENT ? limits.headers : limits.bodyIdle)
    } else if (this.#phase === SENT) {
      this.#expire('HEADERS', limits.headers)
    } else if (this.incoming.unread && !this.#host!.closing) {
      // The reader is late, not the peer.
      this.#limit(limits.bodyIdle)
    } else {
      this.#expire('BODY', limits.bodyIdle)
    }
  }

  #expire(which: string, limitMs: number): void {
    this.#giveUp(timedOut(which, limitMs, this.#processed), ErrorCode.CANCEL, false)
  }

  /** Sets the deadline of the present phase; 0 for none but the total. */
  #limit(limitMs: number): void {
    const host = this.#host!
    const phaseDeadline = limitMs > 0 ? host.now() + limitMs : NEVER
    this.deadline = Math.min(phaseDeadline, this.#totalDeadline)
    this.#queuedThen = this.#queued
    host.moved(this)
  }

  /** Octets of the request that the engine has not sent. */
  get #queued(): number {
    return this.#stream !== undefined && 'queuedBytes' in this.#stream ? this.#stream.queuedBytes : 0
  }

  // — the end —

  get #processed(): 'no' | 'unknown' | 'yes' {
    if (this.incoming.status !== 0) return 'yes'
    return this.#phase === QUEUED ? 'no' : 'unknown'
  }

  /** Ends it from this side: one RST_STREAM, and the engine gives the windows back. */
  #giveUp(ending: Ending, errorCode: number, dropContent = true): void {
    if (this.settled) {
      // A body that arrived in whole and is not wanted.
      if (dropContent && this.incoming.ended) this.incoming.drop(ending)
      return
    }
    const stream = this.#stream
    this.#settle(ending, dropContent)
    stream?.reset(errorCode)
    this.#host?.wake()
  }

  #settle(ending: Ending | undefined, dropContent: boolean): void {
    if (this.settled) return
    const { incoming } = this
    if (ending === undefined) incoming.end()
    else incoming.fail(ending, dropContent)
    this.#phase = SETTLED
    this.deadline = NEVER
    if (this.plan.signal !== undefined) unwatch(this.plan.signal, this)
    if (this.#reject !== undefined) {
      this.#reject(incoming.error())
      this.#resolve = undefined
      this.#reject = undefined
    }
    this.#host?.settled(this)
    const unfinished = !this.#sent || this.#upload !== undefined
    this.#sent = true
    this.#upload?.stop(ending === undefined ? undefined : errorOf(ending, this.#streamId))
    if (ending !== undefined && !this.#sourced) discardBody(this.planned?.body, ending)
    // The peer has ended a tunnel: what waits is sent, then this side ends too (RFC 9113 §8.5).
    if (ending === undefined && unfinished) this.stream.end()
    this.#senders?.wake()
    this.#onPushesOver?.()
  }
}
