/**
 * What a recording is made of: an observer of everything, which writes rows on
 * one tape. Its one rule: a row makes no object; a request is told by its number,
 * which it has from its first row to its last.
 */
import { Kind } from '../../trace/event-kind.ts'
import type { Recording } from '../../trace/recording.ts'
import { Tape, type TapeOptions } from '../../trace/tape.ts'
import type { DialStep, Transport } from '../../transport/transport.ts'
import { type ClientFailure, type Ending, errorOf, Rejection } from '../failure.ts'
import type { HttpVersion } from '../response/incoming.ts'
import { type ObservedRequest, Observer, Witness } from '../session/observer.ts'
import { type Clock, wallOf } from '../settings/clock.ts'
import { LoopWatch } from './loop-watch.ts'

/** Milliseconds within which a request that was asked for counts as sent at once. */
const AT_ONCE = 0.5

/** Of what is known of a connection, what a recording holds. */
const SHOWN = ['localAddress', 'remoteAddress', 'remotePort', 'tlsVersion', 'cipher', 'resumed'] as const

/** Records all connections and requests of one owner. */
export class Recorder {
  readonly #tape: Tape
  readonly #clock: Clock
  readonly #loop: LoopWatch
  /** Who has not written the first rows of requests yet. */
  #owing: RecordingWitness | undefined
  /** Connections that are not over. */
  readonly #connections: Set<number>

  /** Throws RangeError or TypeError for options that mean nothing. */
  constructor(options: TapeOptions, clock: Clock) {
    this.#tape = new Tape(options, wallOf(clock) - clock.now())
    this.#clock = clock
    this.#owing = undefined
    this.#connections = new Set()
    this.#loop = new LoopWatch(clock, (lagMs, now) => {
      for (const connection of this.#connections) {
        this.#tape.note(Kind.LAG, connection, 0, micros(lagMs), now)
      }
    })
  }

  /** What is kept now. */
  recording(): Recording {
    this.settle()
    return this.#tape.recording()
  }

  now(): number {
    return this.#clock.now()
  }

  /** Who observes the connections to an origin for it. */
  observer(origin: string): Observer {
    return new RecordingObserver(this, this.#tape, origin)
  }

  /** The number of a request; its first row is written if it has none. */
  number(request: ObservedRequest, origin: string): number {
    this.settle()
    if (request.recordedAs !== 0) return request.recordedAs
    const { method, path } = request.plan
    request.recordedAs = this.#tape.call(method, origin, path, request.startedAt)
    this.#loop.begin(request.startedAt)
    return request.recordedAs
  }

  /** The number of a request whose first row this witness writes, before anybody writes another. */
  promised(request: ObservedRequest, witness: RecordingWitness): void {
    if (this.#owing !== witness) this.settle()
    this.#owing = witness
    request.recordedAs = this.#tape.number()
    this.#loop.begin(request.startedAt)
  }

  /** Rows that are owed are written now. */
  settle(): void {
    const owing = this.#owing
    if (owing === undefined) return
    this.#owing = undefined
    owing.pay()
  }

  settled(request: ObservedRequest, now: number): void {
    this.settle()
    const number = request.recordedAs
    if (number === 0) return
    this.#loop.end()
    const { ending } = request.incoming
    if (ending === undefined) this.#tape.settled(number, request.streamId, now)
    else this.#tape.text(Kind.SETTLED, 0, number, 1, reasonOf(ending, request), now)
  }

  connected(origin: string, now: number): number {
    this.settle()
    const connection = this.#tape.connect(origin, now)
    this.#connections.add(connection)
    return connection
  }

  disconnected(connection: number, error: unknown, now: number): void {
    if (!this.#connections.delete(connection)) return
    this.settle()
    const why = error instanceof Error ? error.message : ''
    this.#tape.text(Kind.CLOSED, connection, 0, error === undefined ? 0 : 1, why, now)
  }
}

/** Who observes the connections to an origin for a recording, if there is to be one. */
export function recordersOf(recorder: Recorder | undefined, origin: string): readonly Observer[] {
  return recorder === undefined ? [] : [recorder.observer(origin)]
}

/** The recording of one that was asked to record. Throws TypeError for one that was not. */
export function recordingOf(recorder: Recorder | undefined): Recording {
  if (recorder === undefined) throw new TypeError('nothing is recorded unless the option record is set')
  return recorder.recording()
}

/** What an abort signal's reason says is the caller's own affair. */
function reasonOf(ending: Ending, { streamId }: ObservedRequest): string {
  if (ending instanceof Rejection) return 'given up by the caller'
  const error = errorOf(ending, streamId)
  return error instanceof Error ? error.message : 'failed'
}

function micros(ms: number): number {
  return Math.round(ms * 1000)
}

class RecordingObserver extends Observer {
  readonly #recorder: Recorder
  readonly #tape: Tape
  readonly #origin: string

  constructor(recorder: Recorder, tape: Tape, origin: string) {
    super()
    this.#recorder = recorder
    this.#tape = tape
    this.#origin = origin
  }

  override connecting(now: number): Witness {
    return new RecordingWitness(this.#recorder, this.#tape, this.#origin, now)
  }

  override requestQueued(request: ObservedRequest, now: number): void {
    this.#tape.note(Kind.WAITS, 0, this.#number(request), 0, now)
  }

  override requestStarted(request: ObservedRequest, now: number): void {
    // Of HTTP/2's, the connection tells.
    if (request.incoming.httpVersion === '2') return
    this.#tape.note(Kind.CARRIED, 0, this.#number(request), 0, now)
  }

  override requestResent(request: ObservedRequest, failure: ClientFailure): void {
    const number = this.#number(request)
    this.#tape.text(Kind.RESENT, 0, number, 0, failure.reason, this.#recorder.now())
  }

  override responded(request: ObservedRequest, now: number): void {
    const { httpVersion, status } = request.incoming
    if (httpVersion !== '2') this.#tape.note(Kind.RESPONDED, 0, this.#number(request), status, now)
  }

  override settled(request: ObservedRequest, now: number): void {
    this.#recorder.settled(request, now)
  }

  #number(request: ObservedRequest): number {
    return this.#recorder.number(request, this.#origin)
  }
}

class RecordingWitness extends Witness {
  readonly #recorder: Recorder
  readonly #tape: Tape
  readonly #origin: string
  readonly #connection: number
  /** Its octets are frames. */
  #framed: boolean
  /**
   * Requests that were given to it and have a number and no row: most are sent in
   * the same turn, and then one row tells both. Those in front of `#paid` have.
   */
  #owed: ObservedRequest[]
  #paid: number

  constructor(recorder: Recorder, tape: Tape, origin: string, now: number) {
    super()
    this.#recorder = recorder
    this.#tape = tape
    this.#origin = origin
    this.#connection = recorder.connected(origin, now)
    this.#framed = false
    this.#owed = []
    this.#paid = 0
  }

  /** Writes the rows that it owes. */
  pay(): void {
    for (let i = this.#paid; i < this.#owed.length; i++) this.#called(this.#owed[i]!)
    this.#owed = []
    this.#paid = 0
  }

  #called(request: ObservedRequest): void {
    const { plan, startedAt, recordedAs } = request
    this.#tape.called(recordedAs, plan.method, this.#origin, plan.path, startedAt)
    this.#tape.note(Kind.CARRIED, this.#connection, recordedAs, 0, startedAt)
  }

  override dialStep(step: DialStep, elapsedMs: number, now: number): void {
    this.#text(Kind.DIAL_STEP, micros(elapsedMs), step, now)
  }

  override opened({ info, alpn }: Transport, httpVersion: HttpVersion, now: number): void {
    this.#framed = httpVersion === '2'
    const shown: Record<string, unknown> = { httpVersion, alpn }
    for (const name of SHOWN) if (info[name] !== undefined) shown[name] = info[name]
    this.#text(Kind.DIALLED, 0, JSON.stringify(shown), now)
  }

  override received(chunk: Uint8Array, now: number): void {
    this.#recorder.settle()
    if (this.#framed) this.#tape.received(this.#connection, chunk, now)
  }

  override sent(chunk: Uint8Array, now: number): void {
    this.#recorder.settle()
    if (this.#framed) this.#tape.sent(this.#connection, chunk, now)
  }

  override blocked(now: number): void {
    this.#note(Kind.BLOCKED, 0, now)
  }

  override writable(now: number): void {
    this.#note(Kind.WRITABLE, 0, now)
  }

  override late(lagMs: number, now: number): void {
    this.#note(Kind.LAG, micros(lagMs), now)
  }

  override roundTrip(roundTripTime: number, now: number): void {
    this.#note(Kind.ROUND_TRIP, micros(roundTripTime), now)
  }

  override carried(request: ObservedRequest, now: number): void {
    const { recordedAs } = request
    if (recordedAs === 0 && this.#framed && this.#tape.keepsFields) {
      this.#recorder.promised(request, this)
      this.#owed.push(request)
    } else {
      this.#tape.note(Kind.CARRIED, this.#connection, this.#number(request), 0, now)
    }
  }

  override streamOpened(request: ObservedRequest, streamId: number, now: number): void {
    if (this.#owed[this.#paid] === request && now - request.startedAt < AT_ONCE) {
      this.#paid++
      this.#tape.started(this.#connection, request.recordedAs, streamId, now)
    } else {
      this.#tape.note(Kind.OPENED, this.#connection, this.#number(request), streamId, now)
    }
  }

  override offered(request: ObservedRequest, octets: number, now: number): void {
    this.#tape.note(Kind.OFFERED, this.#connection, this.#number(request), octets, now)
  }

  override offerEnded(request: ObservedRequest, now: number): void {
    this.#tape.note(Kind.OFFER_ENDED, this.#connection, this.#number(request), 0, now)
  }

  override read(request: ObservedRequest, octets: number, now: number): void {
    this.#tape.read(this.#connection, this.#number(request), request.streamId, octets, now)
  }

  override closed(error: unknown, now: number): void {
    this.#recorder.disconnected(this.#connection, error, now)
  }

  #note(kind: number, value: number, now: number): void {
    this.#recorder.settle()
    this.#tape.note(kind, this.#connection, 0, value, now)
  }

  #text(kind: number, value: number, text: string, now: number): void {
    this.#recorder.settle()
    this.#tape.text(kind, this.#connection, 0, value, text, now)
  }

  #number(request: ObservedRequest): number {
    return this.#recorder.number(request, this.#origin)
  }
}
