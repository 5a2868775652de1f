/**
 * One request and its response, from the call to the end (RFC 9113 §8.1). What
 * it waits for is kept by `Patience`, what it sends by `Sending`, what arrives
 * by `Incoming`. Its one rule: it settles exactly once, and what is settled
 * holds no listener, no deadline and no place in any list.
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
import { type ClientFailure, cancelled, type Ending, errorOf, Rejection } from '../failure.ts'
import type { ConnectionInfo, ExchangePlan } from '../request/exchange-plan.ts'
import type { Body } from '../request/request-body.ts'
import { isEmpty, type PlannedRequest } from '../request/request-init.ts'
import { discardBody } from '../request/upload.ts'
import type { HTTP20Response } from '../response/http20-response.ts'
import { Incoming, type InformationalFields, type Supplier } from '../response/incoming.ts'
import { readableFields } from '../response/readable-fields.ts'
import { type AbortWatcher, unwatch, watch } from './abort-watch.ts'
import { Answer } from './answer.ts'
import type { Timed } from './deadlines.ts'
import type { Carriage, Carrier, ExchangeHost, Resender } from './exchange-host.ts'
import { type Awaited, CONTENT, MORE, Patience, RESPONSE, STREAM } from './patience.ts'
import { Sending, type SendingOwner } from './sending.ts'

const QUEUED = 0
const SENT = 1
const RESPONDED = 2
const SETTLED = 3

export class Exchange extends Link implements StreamSink, Timed, Supplier, SendingOwner, AbortWatcher {
  // — `Timed`; see deadlines.ts —
  slot: number

  readonly plan: ExchangePlan
  readonly incoming: Incoming
  /** When the caller asked, in milliseconds on the clock, NaN before. Written by `wait` or the first `begin`, or before. */
  startedAt: number
  /** Told of failures before the response, if there is one. Written before `begin`. */
  resender: Resender<Exchange> | undefined
  /** What is sent, and sent again. Written by whoever may send it again, or does not send it at all. */
  planned: PlannedRequest | undefined
  /** How often it was sent again, and its number in a recording. Written by the resender, and the recorder. */
  resent: number
  recordedAs: number
  /** The connection that it was put on last, and octets that had come on it then. Written by whoever may send it again. */
  carriage: Carriage | undefined
  receivedThen: number
  /** Called for each informational response, if the caller wants to know. Written before `begin`. */
  onInformationalResponse: ((informational: InformationalFields) => void) | undefined
  /** Called for each connection that it is put on, if the caller wants to know. Written before `begin`. */
  onConnection: ((connection: ConnectionInfo) => void) | undefined
  /** Told of content that was sent; undefined if there is none. Written by `begin`. */
  onSent: StreamSink['onSent']
  /** The engine's side; undefined before `begin`. */
  #stream: RequestStream | PushedStream | undefined
  #host: ExchangeHost<Exchange> | undefined
  #phase: number
  #streamId: number
  readonly #patience: Patience
  /** Undefined if there is nothing to send behind the head, or not yet. */
  sending: Sending | undefined
  /** Made when somebody asks for it. */
  #answer: Answer | undefined

  constructor(plan: ExchangePlan) {
    super()
    this.slot = -1
    this.plan = plan
    this.incoming = new Incoming(this, plan.method, plan.decoding)
    this.startedAt = Number.NaN
    this.resender = undefined
    this.planned = undefined
    this.resent = 0
    this.recordedAs = 0
    this.carriage = undefined
    this.receivedThen = 0
    this.onInformationalResponse = undefined
    this.onConnection = undefined
    this.onSent = undefined
    this.#stream = undefined
    this.#host = undefined
    this.#phase = QUEUED
    this.#streamId = 0
    this.#patience = new Patience(plan.limits)
    this.sending = undefined
    this.#answer = undefined
  }

  // — what the connection does —

  /** Waits in a line: it has a host and deadlines, and no stream yet. `counts`: a connection stands, so the wait is for a stream. */
  wait(host: ExchangeHost<Exchange>, counts: boolean): void {
    const again = this.#host !== undefined
    this.#host = host
    if (Number.isNaN(this.startedAt)) this.startedAt = host.now()
    if (!again) this.#watch()
    if (this.settled) return
    this.#patience.rest()
    if (counts) this.#await(STREAM)
    host.moved(this)
  }

  /** Opens the request. Throws for a head that the engine refuses, and for a body that cannot be opened; nothing was sent then. */
  begin(host: Carrier<Exchange>, planned: PlannedRequest): void {
    const { body, final } = planned
    const again = this.#host !== undefined
    this.#host = host
    if (Number.isNaN(this.startedAt)) this.startedAt = host.now()
    const complete = isEmpty(planned) && this.plan.trailers === undefined
    this.#patience.startOver(this.incoming.httpVersion)
    const stream = host.open(this, planned, complete)
    this.#stream = stream
    if (!again && !this.settled) this.#watch()
    if (this.settled) return
    this.#patience.rest()
    host.moved(this)
    if (!complete) {
      this.sending = new Sending(this, stream, planned.head.fields)
      this.onSent = (_octets, ended) => this.#sent(ended)
      this.sending.give(body, final)
    }
    host.wake()
  }

  /** From the first to the last moment: the caller's signal, and the time for all of it. */
  #watch(): void {
    this.#patience.startTotal(this.startedAt)
    if (this.plan.signal !== undefined) watch(this.plan.signal, this)
  }

  /** Leaves a stream that failed unanswered: as before it was sent, but for the time that passed. */
  withdraw(): void {
    this.sending?.stop(undefined)
    this.sending = undefined
    this.#stream = undefined
    this.#streamId = 0
    this.#phase = QUEUED
    this.#host!.released(this)
  }

  /** Takes a promised request, whose stream is open already. */
  beginPushed(host: ExchangeHost<Exchange>, stream: PushedStream): void {
    this.#host = host
    this.startedAt = host.now()
    this.#stream = stream
    this.#streamId = stream.id
    this.#phase = SENT
    this.#patience.startOver(this.incoming.httpVersion)
    this.#await(RESPONSE)
  }

  /** The transport stands: from now on waiting for a stream counts, if it did not before. */
  connected(): void {
    if (this.#phase === QUEUED && this.#patience.resting) this.#await(STREAM)
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
    return final && (body === undefined || body.replayable || this.sending?.sourced !== true)
  }

  /** The stream's identifier, 0 before HEADERS were sent. */
  get streamId(): number {
    return this.#streamId
  }

  // — what the caller asks —

  /** The response, as one promise however often it is asked for. */
  response(): Promise<HTTP20Response> {
    this.#answer ??= new Answer(this.incoming)
    return this.#answer.promise
  }

  cancel(errorCode: number = ErrorCode.CANCEL): void {
    this.#giveUp(cancelled(errorCode, this.#processed), errorCode)
  }

  reprioritize(urgency: number, incremental: boolean): void {
    if (!this.settled) (this.#stream as RequestStream | undefined)?.reprioritize(urgency, incremental)
    this.#host?.wake()
  }

  /** The reader gives up; `aborted`, the signal does. */
  abort(ending: Ending): void {
    this.#giveUp(ending, ErrorCode.CANCEL)
  }

  aborted(reason: unknown): void {
    this.#giveUp(new Rejection(reason), ErrorCode.CANCEL)
  }

  /** Sends more of a request that was left open. Resolves once the stream takes more. */
  send(body: Body | undefined, final: boolean): Promise<void> {
    const sending = this.sending
    if (sending === undefined || sending.taken) throw new TypeError('send after the request was ended')
    if (body !== undefined || final) sending.giveMore(body, final)
    this.#host!.wake()
    return sending.whenWritable(final)
  }

  // — `Supplier` —

  consume(count: number): void {
    if (this.settled) return
    this.#stream!.consume(count)
    this.#host!.witness?.read(this, count, this.#host!.now())
    if (this.#phase === RESPONDED) this.#await(MORE)
    this.#host!.wake()
  }

  /** A reader waits: the connection is worth living for. */
  wanted(): void {
    if (!this.settled) this.#host!.wake()
  }

  gave(octets: number): void {
    this.#host!.witness?.offered(this, octets, this.#host!.now())
    this.#progress()
  }

  ended(): void {
    this.#host!.witness?.offerEnded(this, this.#host!.now())
    this.#progress()
  }

  #progress(): void {
    if (this.settled) return
    if (this.#phase === SENT) this.#await(CONTENT)
    else if (this.#phase === RESPONDED) this.#await(MORE)
    this.#host!.wake()
  }

  uploadFailed(ending: ClientFailure | Rejection): void {
    const known = ending instanceof Rejection ? ending : { ...ending, processed: this.#processed }
    this.#giveUp(known, ErrorCode.CANCEL)
  }

  // — `StreamSink`: what the engine tells —

  onOpened(streamId: number): void {
    this.#streamId = streamId
    this.#phase = SENT
    this.#host!.witness?.streamOpened(this, streamId, this.#host!.now())
    if (this.sending?.holds === true) this.#patience.hold(this.#host!)
    this.#await(this.sending?.holds === false ? CONTENT : RESPONSE)
  }

  /** Content was sent; once all of it was, it is the peer's turn. */
  #sent(ended: boolean): void {
    if (this.#phase === SENT) this.#await(ended ? RESPONSE : CONTENT)
    else if (this.#phase === RESPONDED) this.#await(MORE)
  }

  onInformational(status: number, fields: FieldList): void {
    const informational = { status, fields: readableFields(fields, this.#host!) }
    this.incoming.inform(informational)
    this.sending?.heard(status)
    if (this.#patience.again(this, this.#host!)) this.#host!.moved(this)
    this.#host!.informed(this, status)
    this.onInformationalResponse?.(informational)
  }

  onResponse(status: number, fields: FieldList, endStream: boolean, _never?: unknown, reason = ''): void {
    const { incoming } = this
    incoming.status = status
    incoming.statusText = reason
    incoming.fields = readableFields(fields, this.#host!)
    this.#phase = RESPONDED
    if (!endStream) this.#await(MORE)
    this.#host!.responded(this)
    this.resender?.answered(this)
    this.#answer?.settle()
    if (!endStream) this.sending?.heard(status)
  }

  onData(buf: Uint8Array, start: number, end: number, frameEnd: boolean): void {
    this.#await(MORE)
    this.incoming.push(buf, start, end, frameEnd)
  }

  onTrailers(fields: FieldList): void {
    this.incoming.trailers = readableFields(fields, this.#host!)
  }

  onEnd(): void {
    this.#settle(undefined, false)
  }

  onWritable(): void {
    if (this.settled) return
    this.#progress()
    this.sending?.writable()
  }

  onPush(stream: PushedStream, head: PromisedHead): StreamSink | undefined {
    return this.#host!.pushed(this, stream, head)
  }

  onFailure(failure: Failure): void {
    if (this.#phase < RESPONDED && this.resender?.resend(this, failure) === true) return
    // What was given up because too much lies unread must not lie any longer.
    this.#settle(failure, failure.kind === 'UNREAD_TOO_LARGE')
  }

  // — deadlines —

  get deadline(): number {
    return this.#patience.deadline
  }

  onDeadline(): void {
    const host = this.#host!
    if (this.#patience.unheld(host)) this.sending?.release()
    const failure = this.settled ? undefined : this.#patience.late(this, host, this.#processed)
    if (failure === undefined) host.moved(this)
    else this.#giveUp(failure, ErrorCode.CANCEL, false)
  }

  /** A wait begins, or begins anew. */
  #await(awaited: Awaited): void {
    if (this.#patience.await(awaited, this, this.#host!)) this.#host!.moved(this)
  }

  /** True while somebody waits for something of it: what was answered, and that nobody reads, is not waited for. */
  get awaited(): boolean {
    return this.#phase < RESPONDED || this.incoming.awaited || (this.sending?.queued ?? 0) > 0
  }

  /** The connection is to close: from now on what nobody reads has a limit. */
  part(): void {
    if (this.#phase === RESPONDED) this.#await(MORE)
  }

  // — the end —

  get #processed(): 'no' | 'unknown' | 'yes' {
    return this.incoming.status !== 0 ? 'yes' : this.#phase === QUEUED ? 'no' : 'unknown'
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
    if (ending === undefined) this.incoming.end()
    else this.incoming.fail(ending, dropContent)
    this.#phase = SETTLED
    this.#patience.end()
    if (this.plan.signal !== undefined) unwatch(this.plan.signal, this)
    this.#answer?.settle()
    this.#host?.settled(this)
    const sending = this.sending
    const unfinished = sending?.stop(ending === undefined ? undefined : errorOf(ending, this.#streamId))
    const unwanted = ending !== undefined || sending?.holds === true
    if (unwanted && sending?.sourced !== true) discardBody(this.planned?.body, ending)
    // The peer has ended a tunnel: what waits is sent, then this side ends too (RFC 9113 §8.5).
    if (ending === undefined && unfinished === true) sending!.stream.end()
    sending?.tell()
  }
}
