/** A path that died without a word, as a request on a connection that was silent finds out (RFC 9113 §6.7). */
import { describe, expect, it, test } from 'vitest'
import type { KeepAlive } from '../../src/protocol/index.ts'
import { PathDoubt } from '../../src/protocol/path-doubt.ts'
import { EnginePair } from '../support/engine.ts'
import { PING, ping, response } from '../support/wire.ts'
import { lines } from './sent.ts'

/** A connection that was silent for so long, and has just sent a request. */
function silentFor(ms: number, keepAlive?: KeepAlive | false): EnginePair {
  const pair = EnginePair.ready({ keepAlive })
  pair.frames()
  pair.advance(ms)
  pair.open()
  pair.frames()
  return pair
}

/** PINGs that were sent since the last look. */
function asked(pair: EnginePair): Uint8Array[] {
  return pair.frames().flatMap((frame) => (frame.type === PING ? [frame.payload] : []))
}

describe('a request on a connection that was silent for a second', () => {
  test('and gets no sign: a PING after half a second, the end within three', () => {
    const pair = silentFor(1_000)
    pair.advance(499)
    expect(asked(pair)).toEqual([])
    pair.advance(1)
    expect(asked(pair)).toHaveLength(1)
    pair.advance(2_000)
    expect(pair.closed).toBe(false)
    // What has come may not have been read yet.
    pair.advance(99)
    expect(pair.closed).toBe(false)
    pair.advance(1)
    expect(pair.closedWith).toMatchObject({ kind: 'TIMEOUT_PING' })
  })

  test('any octet is a sign, and the usual time counts from there', () => {
    const pair = silentFor(1_000)
    pair.advance(499)
    pair.receive(response(1, 200).subarray(0, 3))
    pair.advance(29_999)
    expect(asked(pair)).toEqual([])
    pair.advance(1)
    expect(asked(pair)).toHaveLength(1)
    pair.advance(14_999)
    expect(pair.closed).toBe(false)
    pair.advance(1)
    expect(pair.closed).toBe(true)
  })

  test('the answer to the PING is a sign, and a slow server is waited for', () => {
    const pair = silentFor(1_000)
    pair.advance(500)
    const [payload] = asked(pair)
    pair.advance(2_000)
    pair.receive(ping(payload!, true))
    pair.advance(29_999)
    expect(pair.closed).toBe(false)
  })

  test('what came while this side was busy is read before the end', () => {
    const pair = silentFor(1_000)
    pair.advance(500)
    const [payload] = asked(pair)
    pair.advance(9_000)
    expect(pair.closed).toBe(false)
    pair.receive(ping(payload!, true))
    pair.advance(200)
    expect(pair.closed).toBe(false)
  })

  it.each([
    ['of which nothing is known', Number.NaN, 500, 2_000],
    ['that is short', 100, 500, 2_000],
    ['that is long', 600, 2_400, 4_800],
  ])('on a path %s', (_name, roundTrip, askAfter, deadAfter) => {
    const doubt = new PathDoubt()
    doubt.requested(5_000, 1_000)
    expect(doubt.askAt(roundTrip)).toBe(5_000 + askAfter)
    expect(doubt.deadAt(8_000, roundTrip)).toBe(8_000 + deadAfter)
  })

  it.each<[string, number, KeepAlive | false | undefined]>([
    ['silent for less than a second', 999, undefined],
    ['without keepAlive', 1_000, false],
  ])('not so %s', (_name, ms, keepAlive) => {
    const pair = silentFor(ms, keepAlive)
    pair.advance(10_000)
    expect(asked(pair)).toEqual([])
  })

  test('not so where much is on its way: a narrow path takes longer than that for it', () => {
    const pair = EnginePair.ready()
    pair.frames()
    pair.advance(1_000)
    const upload = pair.open({ method: 'POST' }, false)
    upload.stream!.write(new Uint8Array(16_384))
    pair.frames()
    pair.connection.departed(pair.now)
    pair.advance(10_000)
    expect(asked(pair)).toEqual([])
  })

  test('keepAlive.interval and keepAlive.timeout that are shorter count', () => {
    const pair = silentFor(1_000, { interval: 100, timeout: 40 })
    pair.advance(0)
    expect(lines(pair.frames())).toEqual(['PING'])
    pair.advance(40)
    expect(pair.closed).toBe(true)
  })
})
