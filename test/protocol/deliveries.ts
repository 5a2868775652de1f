/**
 * Scenarios whose outcome may not depend on how the peer's bytes are cut. Each
 * is run with them whole, one octet at a time, and in two pieces cut at every
 * place; the memory of a chunk is overwritten as soon as the engine has had it.
 */
import { expect, it } from 'vitest'
import type { ConnectionOptions, Failure, RequestHead } from '../../src/protocol/index.ts'
import { EnginePair, type RecordingSink } from '../support/engine.ts'
import { concat, settings, settingsAck, type WireFrame } from '../support/wire.ts'
import { lines } from './sent.ts'

type Cut = (bytes: Uint8Array) => readonly Uint8Array[]

/** Begins a connection; with `'unready'` the peer has not said its SETTINGS. */
export type Start = (
  options?: ConnectionOptions,
  peerSettings?: Readonly<Record<number, number>> | 'unready',
) => DeliveredPair

/** Above so many octets not every place is tried. */
const ALL_PLACES = 250

export class DeliveredPair extends EnginePair {
  /** The longest delivery, in octets. */
  longest = 0
  readonly #cut: Cut
  readonly #sinks: RecordingSink[] = []
  readonly #sent: string[] = []

  constructor(cut: Cut, options: ConnectionOptions) {
    super(options)
    this.#cut = cut
  }

  override receive(...chunks: readonly Uint8Array[]): void {
    const bytes = concat(...chunks)
    this.longest = Math.max(this.longest, bytes.length)
    for (const piece of this.#cut(bytes)) {
      const borrowed = piece.slice()
      super.receive(borrowed)
      borrowed.fill(0xee)
    }
  }

  override open(head: Partial<RequestHead> = {}, endStream = true): RecordingSink {
    const sink = super.open(head, endStream)
    this.#sinks.push(sink)
    return sink
  }

  override frames(max?: number): WireFrame[] {
    const frames = super.frames(max)
    this.#sent.push(...lines(frames))
    return frames
  }

  /** Everything that anybody was told or sent. */
  outcome(): unknown {
    this.frames()
    const { connection } = this
    return {
      calls: this.calls,
      pongs: this.pongs,
      closedWith: plain(this.closedWith),
      sent: this.#sent,
      streams: this.#sinks.map(story),
      numbers: [connection.openStreams, connection.queuedStreams, connection.recvWindow],
    }
  }
}

function story(sink: RecordingSink): unknown {
  return {
    calls: sink.calls,
    informational: sink.informational,
    response: [sink.status, sink.fields, sink.trailers],
    content: [sink.received, sink.content],
    failure: plain(sink.failure),
    pushes: sink.pushes.map((push) => [push.stream.id, push.head, story(push.sink)]),
  }
}

function plain(failure: Failure | undefined): unknown {
  return failure === undefined ? undefined : { ...failure, cause: String(failure.cause) }
}

/** A test whose scenario is run in every delivery; its own expectations hold in each, and all end alike. */
export function itInEveryDelivery(title: string, scenario: (start: Start) => void): void {
  it(title, () => {
    const whole = play(scenario, (bytes) => [bytes])
    const expected = JSON.stringify(whole.outcome())
    const same = (how: string, cut: Cut) =>
      expect(JSON.stringify(play(scenario, cut).outcome()), how).toBe(expected)
    same('one octet at a time', octets)
    const step = whole.longest <= ALL_PLACES ? 1 : Math.ceil(whole.longest / 60)
    for (let at = 1; at < whole.longest; at += at < 64 ? 1 : step) {
      same(`cut at ${at}`, (bytes) => [bytes.subarray(0, at), bytes.subarray(at)])
    }
  })
}

function play(scenario: (start: Start) => void, cut: Cut): DeliveredPair {
  let pair: DeliveredPair | undefined
  scenario((options = {}, peerSettings = {}) => {
    pair = new DeliveredPair(cut, options)
    pair.frames()
    if (peerSettings === 'unready') return pair
    pair.receive(settings(peerSettings), settingsAck)
    pair.frames()
    return pair
  })
  if (pair === undefined) throw new Error('the scenario began no connection')
  return pair
}

function octets(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (octet) => Uint8Array.of(octet))
}
