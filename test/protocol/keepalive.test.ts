import { describe, expect, it, test } from 'vitest'
import type { KeepAlive } from '../../src/protocol/index.ts'
import { EnginePair } from '../support/engine.ts'
import { goaway, PING, ping, response, settings, settingsAck } from '../support/wire.ts'
import { itInEveryDelivery } from './deliveries.ts'
import { lines } from './sent.ts'

const NEVER = Number.POSITIVE_INFINITY

/** A ready connection with a request open, whose clock stands at 1,000. */
function busy(keepAlive: KeepAlive | false = { interval: 100, timeout: 40 }): EnginePair {
  const pair = EnginePair.ready({ keepAlive })
  pair.open()
  pair.frames()
  return pair
}

/** The octets of the PING that the engine sent last. */
function pingOf(pair: EnginePair): Uint8Array {
  return pair.frames().find((frame) => frame.type === PING)!.payload
}

describe('silence with requests open', () => {
  it('for the interval, to the millisecond, has a PING sent', () => {
    const pair = busy()
    expect(pair.connection.nextTimeout()).toBe(1100)
    pair.advance(99)
    expect(pair.frames()).toEqual([])
    pair.advance(1)
    expect(lines(pair.frames())).toEqual(['PING'])
    expect(pair.connection.nextTimeout()).toBe(1140)
    pair.connection.handleTimeout(pair.now)
    expect(pair.frames()).toEqual([])
  })

  it('for the timeout after it, to the millisecond, ends the connection', () => {
    const pair = busy()
    const request = pair.open()
    pair.frames()
    pair.advance(100)
    pair.frames()
    pair.advance(39)
    expect(pair.closed).toBe(false)
    pair.advance(1)
    expect(pair.closedWith).toMatchObject({ scope: 'connection', initiator: 'local', kind: 'TIMEOUT_PING' })
    expect(request.failure).toMatchObject({ kind: 'TIMEOUT_PING', processed: 'unknown' })
    expect(lines(pair.frames())).toEqual(['GOAWAY 0 NO_ERROR'])
    expect(pair.connection.nextTimeout()).toBe(NEVER)
  })

  it('ends with any octet, of an answer or not', () => {
    const pair = busy()
    pair.advance(60)
    pair.receive(response(1, 200).subarray(0, 3))
    expect(pair.connection.nextTimeout()).toBe(1160)
    pair.advance(100)
    expect(lines(pair.frames())).toEqual(['PING'])
    pair.advance(30)
    pair.receive(response(1, 200).subarray(3, 5))
    expect(pair.connection.nextTimeout()).toBe(1230)
    pair.advance(39)
    expect(pair.closed).toBe(false)
    pair.advance(1)
    expect(pair.closed).toBe(true)
  })

  it('begins anew with the answer', () => {
    const pair = busy()
    pair.advance(100)
    const octets = pingOf(pair)
    pair.advance(10)
    pair.receive(ping(octets, true))
    expect(pair.connection.nextTimeout()).toBe(1210)
    expect(pair.pongs).toEqual([])
    pair.advance(100)
    expect(lines(pair.frames())).toEqual(['PING'])
  })

  it('does not matter with no request open', () => {
    const pair = EnginePair.ready({ keepAlive: { interval: 100, timeout: 40 } })
    expect(pair.connection.nextTimeout()).toBe(NEVER)
    pair.advance(1000)
    expect(pair.frames()).toEqual([])
    pair.open()
    expect(pair.connection.nextTimeout()).toBeLessThanOrEqual(pair.now + 100)
  })

  it('matters while requests wait for a slot, or a PING for its answer', () => {
    const queued = EnginePair.ready({ keepAlive: { interval: 100, timeout: 40 } }, { 3: 0 })
    queued.open()
    expect(queued.connection.nextTimeout()).toBe(1100)
    const asked = EnginePair.ready({ keepAlive: { interval: 100, timeout: 40 } })
    asked.connection.ping(asked.now)
    expect(asked.connection.nextTimeout()).toBe(1100)
    asked.advance(100)
    asked.advance(40)
    expect(asked.closedWith).toMatchObject({ kind: 'TIMEOUT_PING' })
  })

  it('is borne for ever if keepAlive is false', () => {
    const pair = busy(false)
    expect(pair.connection.nextTimeout()).toBe(NEVER)
    pair.advance(1e9)
    expect(pair.frames()).toEqual([])
  })

  it('is 30 and 15 seconds if nobody says otherwise', () => {
    const pair = EnginePair.ready()
    pair.open()
    expect(pair.connection.nextTimeout()).toBe(31_000)
    pair.advance(30_000)
    expect(pair.connection.nextTimeout()).toBe(46_000)
  })
})

describe('the beginning of a connection', () => {
  it('waits for SETTINGS as long as it is told, to the millisecond (RFC 9113 §3.4)', () => {
    const pair = new EnginePair({ prefaceTimeoutMs: 50 })
    expect(pair.connection.nextTimeout()).toBe(1050)
    pair.advance(49)
    expect(pair.closed).toBe(false)
    pair.advance(1)
    expect(pair.closedWith).toMatchObject({
      scope: 'connection',
      initiator: 'local',
      kind: 'TIMEOUT_PREFACE',
    })
  })

  it('waits for the acknowledgement as long as it is told, to the millisecond (RFC 9113 §6.5.3)', () => {
    const pair = new EnginePair({ prefaceTimeoutMs: 50, settingsAckTimeoutMs: 80 })
    pair.receive(settings())
    expect(pair.connection.nextTimeout()).toBe(1080)
    pair.advance(79)
    expect(pair.closed).toBe(false)
    pair.advance(1)
    expect(pair.closedWith).toMatchObject({ kind: 'TIMEOUT_SETTINGS', errorCode: 4 })
    expect(lines(pair.frames()).at(-1)).toBe('GOAWAY 0 SETTINGS_TIMEOUT')
  })

  it('has no limits when they were kept, or are 0', () => {
    const kept = new EnginePair({ prefaceTimeoutMs: 50, settingsAckTimeoutMs: 80 })
    kept.receive(settings(), settingsAck)
    expect(kept.connection.nextTimeout()).toBe(NEVER)
    const none = new EnginePair({ prefaceTimeoutMs: 0, settingsAckTimeoutMs: 0 })
    expect(none.connection.nextTimeout()).toBe(NEVER)
  })

  it('has 10 seconds each if nobody says otherwise', () => {
    const pair = new EnginePair()
    expect(pair.connection.nextTimeout()).toBe(11_000)
    pair.receive(settings())
    pair.now += 10_000
    pair.connection.handleTimeout(pair.now)
    expect(pair.closedWith).toMatchObject({ kind: 'TIMEOUT_SETTINGS' })
  })

  test.each([
    ['prefaceTimeoutMs', -1],
    ['prefaceTimeoutMs', Number.NaN],
    ['settingsAckTimeoutMs', -1],
    ['settingsAckTimeoutMs', Number.NaN],
    ['keepAlive', { interval: Number.NaN, timeout: 1 }],
    ['keepAlive', { interval: 1, timeout: -1 }],
    ['keepAlive', { interval: 1 }],
  ])('takes no %s of %j', (option, value) => {
    expect(() => new EnginePair({ [option]: value })).toThrow(option)
  })
})

describe('PING of the owner (RFC 9113 §6.7)', () => {
  itInEveryDelivery('is told with its token and its round trip', (start) => {
    const pair = start()
    const first = pair.connection.ping(pair.now)
    pair.now += 3
    const second = pair.connection.ping(pair.now)
    const octets = pair.frames().map((frame) => frame.payload)
    expect(octets).toHaveLength(2)
    expect(octets[0]).not.toEqual(octets[1])
    pair.now += 20
    pair.receive(ping(octets[1]!, true), ping(octets[0]!, true))
    expect(pair.pongs).toEqual([
      { token: second, roundTripTime: 20 },
      { token: first, roundTripTime: 23 },
    ])
    expect(pair.frames()).toEqual([])
  })

  itInEveryDelivery('is answered once: an answer nobody waits for is passed over', (start) => {
    const pair = start()
    pair.connection.ping(pair.now)
    const octets = pair.frames()[0]!.payload
    const wrong = octets.slice()
    wrong[0] = 1
    pair.receive(ping(wrong, true), ping(octets, true), ping(octets, true))
    expect(pair.pongs).toHaveLength(1)
    expect(pair.closed).toBe(false)
  })

  it('may wait for its answer ten times at once, or as often as it is told', () => {
    for (const [limits, most] of [
      [{}, 10],
      [{ maxPings: 2 }, 2],
    ] as const) {
      const pair = EnginePair.ready({ limits })
      for (let i = 0; i < most; i++) pair.connection.ping(pair.now)
      expect(() => pair.connection.ping(pair.now)).toThrow(RangeError)
      const frames = pair.frames()
      expect(frames).toHaveLength(most)
      pair.receive(ping(frames[0]!.payload, true))
      pair.connection.ping(pair.now)
    }
  })

  itInEveryDelivery('of the peer is answered with its octets, before all else (RFC 9113 §6.7)', (start) => {
    const pair = start()
    pair.open()
    const octets = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
    pair.receive(ping(octets))
    const frames = pair.frames()
    expect(lines(frames)).toEqual(['PING ack', 'HEADERS 1 end'])
    expect(frames[0]!.payload).toEqual(octets)
  })

  itInEveryDelivery('and SETTINGS are answered after a GOAWAY too (RFC 9113 §6.8)', (start) => {
    const pair = start()
    pair.open()
    pair.frames()
    pair.receive(goaway(1, 0), ping(new Uint8Array(8)), settings())
    expect(lines(pair.frames())).toEqual(['PING ack', 'SETTINGS ack'])
  })
})

describe('the round trip', () => {
  it('is the smallest that was measured', () => {
    const pair = new EnginePair()
    expect(pair.connection.roundTripTime).toBeNaN()
    pair.now += 30
    pair.receive(settings(), settingsAck)
    expect(pair.connection.roundTripTime).toBe(30)
    pair.frames()
    for (const [took, smallest] of [
      [50, 30],
      [12, 12],
      [40, 12],
      [0, 0],
    ] as const) {
      pair.connection.ping(pair.now)
      const octets = pingOf(pair)
      pair.now += took
      pair.receive(ping(octets, true))
      expect(pair.connection.roundTripTime).toBe(smallest)
    }
  })
})
