/** What the engine says and tells at its limits, and must not say again. */
import { describe, expect, it } from 'vitest'
import { WindowManager } from '../../src/protocol/index.ts'
import { EnginePair, RecordingSink } from '../support/engine.ts'
import { data, headers, ping, response, settings, WINDOW_UPDATE } from '../support/wire.ts'

const CANCEL = 0x8
const MAX_WINDOW = 2 ** 31 - 1

/** Resets its stream from within a call. */
class Leaver extends RecordingSink {
  override onResponse(status: number, fields: readonly string[], endStream: boolean): void {
    super.onResponse(status, fields, endStream)
    if (endStream) this.stream?.reset(CANCEL)
  }

  override onTrailers(fields: readonly string[]): void {
    super.onTrailers(fields)
    this.stream?.reset(CANCEL)
  }
}

class Generous extends WindowManager {
  override onDataReceived(length: number): number {
    return length
  }

  override onDataConsumed(length: number): number {
    return length
  }
}

const GET = { method: 'GET', scheme: 'https', authority: 'a.test', path: '/', fields: [] }

describe('an owner that resets its stream', () => {
  it.each([
    ['the head of a response without content', [response(1, 200, true)], ['opened 1', 'response 200 end']],
    ['trailers', [response(1, 200), headers(1, [['x', 'y']], 0x5)], ['opened 1', 'response 200', 'trailers']],
  ])('from within %s is told of no end', (_name, frames, calls) => {
    const pair = EnginePair.ready()
    const sink = new Leaver()
    sink.stream = pair.connection.open(GET, true, sink, pair.now)
    pair.frames()
    pair.receive(...frames)
    expect(sink.calls).toEqual(calls)
    expect(pair.closed).toBe(false)
  })
})

describe('a window of 2^31-1', () => {
  it('that is full is given no WINDOW_UPDATE, which could only say 0 (RFC 9113 §6.9)', () => {
    const pair = EnginePair.ready({
      settings: { initialWindowSize: MAX_WINDOW },
      limits: { connectionWindowSize: MAX_WINDOW },
      windowManager: Generous,
    })
    const sink = pair.open()
    sink.hold = true
    pair.frames()
    pair.receive(response(1, 200), data(1, 'twelve bytes'))
    const updates = () => pair.frames().filter(({ type }) => type === WINDOW_UPDATE)
    expect(updates().length).toBe(2)
    sink.stream!.consume(12)
    expect(updates()).toEqual([])
  })
})

describe('a connection whose preface was not taken yet', () => {
  it('has as many answers waiting as any other (RFC 9113 §10.5)', () => {
    const most = { maxQueuedControlFrames: 5 }
    const pair = new EnginePair({ limits: most })
    // SETTINGS are answered as well.
    pair.receive(settings(), ...Array.from({ length: 4 }, () => ping(new Uint8Array(8))))
    expect(pair.closed).toBe(false)
    pair.receive(ping(new Uint8Array(8)))
    expect(pair.closed).toBe(true)
  })
})

describe('a reader that takes what waited', () => {
  it.each([
    ['the default', undefined],
    ['the base class', WindowManager],
  ])('has its stream given credit, by %s of window managers (RFC 9113 §6.9)', (_name, windowManager) => {
    const pair = EnginePair.ready({ settings: { initialWindowSize: 10_000 }, windowManager })
    const sink = pair.open()
    sink.hold = true
    pair.frames()
    pair.receive(response(1, 200), data(1, new Uint8Array(9000)))
    const updates = () =>
      pair.frames().filter(({ type, streamId }) => type === WINDOW_UPDATE && streamId === 1)
    expect(updates()).toEqual([])
    sink.stream!.consume(9000)
    expect(updates().length).toBe(1)
  })
})
