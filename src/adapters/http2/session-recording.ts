/**
 * The recording of one session: its octets, both ways. What the application
 * does is not in it: Node's streams tell nobody when they are read.
 */
import { Kind, type Recording, Tape, type TapeOptions } from '../../trace/index.ts'
import { checkObject } from './checks.ts'
import type { WireTap } from './wire.ts'

/** Throws TypeError or RangeError for a `record` that means nothing, before there is a socket. */
export function checkRecord(record: boolean | TapeOptions | undefined): void {
  if (record === undefined || typeof record === 'boolean') return
  checkObject(record, 'options.record')
  new Tape(record)
}

export class SessionRecording implements WireTap {
  readonly #tape: Tape
  readonly #connection: number

  constructor(options: TapeOptions, origin: string) {
    this.#tape = new Tape(options, performance.timeOrigin)
    this.#connection = this.#tape.connect(origin, performance.now())
  }

  /** None if `record` asks for none. */
  static of(record: boolean | TapeOptions | undefined, origin: string): SessionRecording | undefined {
    if (record === undefined || record === false) return undefined
    return new SessionRecording(record === true ? {} : record, origin)
  }

  /** The socket stands. */
  connected(alpn: string): void {
    const details = JSON.stringify({ httpVersion: '2', alpn })
    this.#tape.text(Kind.DIALLED, this.#connection, 0, 0, details, performance.now())
  }

  received(chunk: Uint8Array, now: number): void {
    this.#tape.received(this.#connection, chunk, now)
  }

  sent(chunk: Uint8Array, now: number): void {
    this.#tape.sent(this.#connection, chunk, now)
  }

  /** What is kept now. */
  recording(): Recording {
    return this.#tape.recording()
  }
}
