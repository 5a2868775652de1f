import { describe, expect, it } from 'vitest'
import { EnginePair } from '../support/engine.ts'
import { data, HEADERS, PING, ping, RST_STREAM, response, type WireFrame } from '../support/wire.ts'
import { CANCEL, lines } from './sent.ts'

const LIMIT = 10

/** The engine and a peer that counts what may be on its desk: a cancelled stream leaves it with the PING behind its RST_STREAM. */
class Counted {
  readonly pair = EnginePair.ready({}, { 3: LIMIT })
  onDesk = 0
  pings: { octets: Uint8Array; frees: number }[] = []
  #resets = 0

  take(): WireFrame[] {
    const frames = this.pair.frames()
    for (const frame of frames) {
      if (frame.type === HEADERS) this.onDesk += 1
      if (frame.type === RST_STREAM) this.#resets += 1
      if (frame.type !== PING) continue
      this.pings.push({ octets: frame.payload, frees: this.#resets })
      this.#resets = 0
    }
    return frames
  }

  pong(): void {
    const { octets, frees } = this.pings.shift()!
    this.onDesk -= frees
    this.pair.receive(ping(octets, true))
  }
}

describe('a cancelled request keeps its slot until a PING came back', () => {
  it('and the PING is sent with its RST_STREAM', () => {
    const { pair } = new Counted()
    const requests = Array.from({ length: LIMIT + 1 }, () => pair.open())
    pair.frames()
    requests[0]!.stream!.reset(CANCEL)
    const frames = pair.frames()
    expect(lines(frames)).toEqual(['RST_STREAM 1 CANCEL', 'PING'])
    expect([pair.connection.openStreams, pair.connection.queuedStreams]).toEqual([LIMIT - 1, 1])
    pair.receive(ping(frames[1]!.payload, true))
    expect(lines(pair.frames())).toEqual([`HEADERS ${2 * LIMIT + 1} end`])
  })

  it('those cancelled while it is under way wait for the next', () => {
    const counted = new Counted()
    const { pair } = counted
    const requests = Array.from({ length: LIMIT + 2 }, () => pair.open())
    counted.take()
    requests[0]!.stream!.reset(CANCEL)
    counted.take()
    requests[1]!.stream!.reset(CANCEL)
    pair.receive(response(5, 200))
    counted.take()
    expect(counted.pings).toHaveLength(1)
    counted.pong()
    expect(lines(counted.take())).toEqual(['PING', `HEADERS ${2 * LIMIT + 1} end`])
    counted.pong()
    expect(lines(counted.take())).toEqual([`HEADERS ${2 * LIMIT + 3} end`])
  })

  it.each([
    ['HEADERS', response(3, 200)],
    ['DATA', data(3, 'x')],
  ])('no second PING is sent before the peer sent HEADERS or DATA: %s', (_name, activity) => {
    const counted = new Counted()
    const { pair } = counted
    const requests = Array.from({ length: 3 }, () => pair.open())
    pair.frames()
    pair.receive(response(3, 200))
    requests[0]!.stream!.reset(CANCEL)
    counted.take()
    counted.pong()
    requests[2]!.stream!.reset(CANCEL)
    expect(lines(counted.take())).toEqual(['RST_STREAM 5 CANCEL'])
    pair.receive(activity)
    const next = pair.open()
    counted.take()
    next.stream!.reset(CANCEL)
    expect(lines(counted.take())).toEqual(['RST_STREAM 7 CANCEL', 'PING'])
  })

  it('a request that was never sent holds nothing', () => {
    const { pair } = new Counted()
    const requests = Array.from({ length: LIMIT + 1 }, () => pair.open())
    pair.frames()
    requests[LIMIT]!.stream!.reset(CANCEL)
    expect(pair.frames()).toEqual([])
  })

  it('10,000 cancellations: never more than the limit on the desk of the peer, one PING at a time', () => {
    const counted = new Counted()
    const { pair } = counted
    pair.open()
    counted.take()
    pair.receive(response(1, 200))
    let cancelled = 0
    for (let round = 0; round < 10_000 && cancelled < 10_000; round++) {
      const requests = Array.from({ length: LIMIT }, () => pair.open())
      counted.take()
      for (const request of requests) {
        if (request.stream!.id !== 0) cancelled += 1
        request.stream!.reset(CANCEL)
        counted.take()
        expect(counted.pings.length).toBeLessThanOrEqual(1)
      }
      expect(counted.onDesk, `round ${round}`).toBeLessThanOrEqual(LIMIT)
      // The first stream shows that the peer is alive.
      pair.receive(data(1, 'x'))
      if (counted.pings.length > 0) counted.pong()
    }
    expect(cancelled).toBeGreaterThanOrEqual(10_000)
    expect([pair.closed, pair.connection.openStreams, pair.connection.queuedStreams]).toEqual([false, 1, 0])
  })

  it('2,000 cancellations of requests whose responses are under way do not end the connection', () => {
    const pair = EnginePair.ready({}, { 3: 2000 })
    const requests = Array.from({ length: 2000 }, () => pair.open())
    pair.frames()
    for (const request of requests) request.stream!.reset(CANCEL)
    for (const request of requests) pair.receive(response(request.stream!.id, 200, true))
    expect(pair.closedWith?.reason).toBeUndefined()
    expect(pair.closed).toBe(false)
  })
})
