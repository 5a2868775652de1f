/**
 * A tape of a conversation that a test writes down frame by frame, with time as
 * the test says: what the client told, and what the wire carried.
 */
import { Kind, type Recording, type RequestStalls, Tape } from '../../src/trace/index.ts'
import {
  block,
  concat,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  HEADERS,
  PREFACE,
  response,
  settings,
  settingsAck,
  windowUpdate,
} from '../support/wire.ts'

export class TapedPeer {
  readonly tape: Tape
  now = 0
  readonly connection: number
  readonly #requests = new Map<number, number>()

  /** A connection whose SETTINGS are answered a round trip later. */
  constructor({ tape, dial, roundTrip = 0, ours = {}, peers = {}, extra = 0 }: Partial<Opening> = {}) {
    this.tape = tape ?? new Tape()
    this.connection = this.tape.connect('https://a.test', 0)
    if (dial === undefined) this.told(Kind.DIALLED, 0, 0)
    else dial(this)
    this.sent(PREFACE, settings(ours), extra > 0 ? windowUpdate(0, extra) : new Uint8Array())
    this.wait(roundTrip)
    this.received(settings(peers), settingsAck)
    this.sent(settingsAck)
  }

  wait(ms: number): this {
    this.now += ms
    return this
  }

  sent(...bytes: readonly Uint8Array[]): this {
    this.tape.sent(this.connection, concat(...bytes), this.now)
    return this
  }

  received(...bytes: readonly Uint8Array[]): this {
    this.tape.received(this.connection, concat(...bytes), this.now)
    return this
  }

  told(kind: number, subject: number, value: number): this {
    this.tape.note(kind, this.connection, subject, value, this.now)
    return this
  }

  /** The application asks; nothing is sent yet. */
  call(stream: number, method = 'GET', path = '/'): this {
    this.#requests.set(stream, this.tape.call(method, 'https://a.test', path, this.now))
    return this
  }

  /** HEADERS leave. */
  open(stream: number, end = true, method = 'GET', path = '/'): this {
    if (this.#requests.has(stream)) this.request(Kind.OPENED, stream, stream)
    const fields: [string, string][] = [
      [':method', method],
      [':scheme', 'https'],
      [':authority', 'a.test'],
      [':path', path],
    ]
    return this.sent(frame(HEADERS, END_HEADERS | (end ? END_STREAM : 0), stream, block(fields)))
  }

  /** The client tells something of the request on this stream. */
  request(kind: number, stream: number, value = 0): this {
    const request = this.#requests.get(stream)!
    this.tape.note(kind, this.connection, request, value, this.now)
    return this
  }

  respond(stream: number, end = false): this {
    return this.received(response(stream, 200, end))
  }

  /** Content comes, and is read at once unless it is held. */
  content(stream: number, length: number, end = false, held = false): this {
    this.received(data(stream, new Uint8Array(length), end))
    if (!held && this.#requests.has(stream)) this.request(Kind.READ, stream, length)
    return this
  }

  /** We give credit. */
  grant(stream: number, length: number): this {
    return this.sent(windowUpdate(stream, length))
  }

  upload(stream: number, length: number, end = false): this {
    return this.sent(data(stream, new Uint8Array(length), end))
  }

  settle(...streams: readonly number[]): this {
    for (const stream of streams) this.request(Kind.SETTLED, stream)
    return this
  }

  recording(): Recording {
    return this.tape.recording()
  }

  /** Milliseconds by cause of the nth request. */
  causes(nth = 1): Record<string, number> {
    return causesOf(this.recording().stalls()[nth - 1]!)
  }
}

interface Opening {
  readonly tape: Tape
  /** What happens until the connection stands. */
  readonly dial: (peer: TapedPeer) => void
  readonly roundTrip: number
  readonly ours: Readonly<Record<number, number>>
  readonly peers: Readonly<Record<number, number>>
  readonly extra: number
}

function causesOf({ parts }: RequestStalls): Record<string, number> {
  return Object.fromEntries(parts.map(({ cause, ms }) => [cause, Math.round(ms * 1000) / 1000]))
}
