import { describe, expect, it } from 'vitest'
import { EnginePair } from '../support/engine.ts'
import { data, GOAWAY, goaway, latin1, response, rstStream, windowUpdate } from '../support/wire.ts'
import { type DeliveredPair, itInEveryDelivery, type Start } from './deliveries.ts'
import { lines, PROTOCOL_ERROR } from './sent.ts'

const LAST = 0x7fffffff

/** Three requests open and one that waits. */
function three(start: Start) {
  const pair = start({}, { 3: 3 })
  const requests = [1, 3, 5, 0].map(() => pair.open())
  pair.frames()
  return { pair, requests, failures: () => requests.map((request) => request.failure?.processed) }
}

describe('GOAWAY from the peer (RFC 9113 §6.8)', () => {
  itInEveryDelivery('streams above its last were not processed, those below go on', (start) => {
    const { pair, requests, failures } = three(start)
    pair.receive(goaway(3, 0, 'bye'))
    expect(failures()).toEqual([undefined, undefined, 'no', 'no'])
    expect(requests[2]!.failure).toMatchObject({
      scope: 'connection',
      initiator: 'peer',
      kind: 'GOAWAY',
      errorCode: 0,
      debugData: 'bye',
    })
    expect(pair.calls).toEqual(['ready', 'draining 0 bye'])
    expect([pair.connection.draining, pair.connection.closed]).toEqual([true, false])
    pair.receive(response(1, 200), data(1, 'all', true))
    expect(requests[0]!.content).toBe('all')
    expect(pair.closed).toBe(false)
    pair.receive(response(3, 200, true))
    expect(requests[1]!.ended).toBe(true)
    expect(pair.calls).toEqual(['ready', 'draining 0 bye', 'closed'])
    expect(pair.closedWith).toBeUndefined()
    expect(lines(pair.frames())).toEqual(['GOAWAY 0 NO_ERROR'])
  })

  itInEveryDelivery('of 2^31-1 is a notice: what is open goes on, what waits was not processed', (start) => {
    const { pair, failures } = three(start)
    pair.receive(goaway(LAST, 0))
    expect(failures()).toEqual([undefined, undefined, undefined, 'no'])
    const late = pair.open()
    expect(late.failure).toMatchObject({ kind: 'GOAWAY', processed: 'no' })
    expect(late.stream!.writable).toBe(false)
    expect(pair.frames()).toEqual([])
  })

  itInEveryDelivery('may come again with a smaller last stream, which then counts', (start) => {
    const { pair, failures } = three(start)
    pair.receive(goaway(LAST, 0), goaway(3, 0), goaway(3, 0))
    expect(failures()).toEqual([undefined, undefined, 'no', 'no'])
    pair.receive(goaway(0, 2, 'worse'))
    expect(failures()).toEqual(['no', 'no', 'no', 'no'])
    expect(pair.calls.at(-1)).toBe('closed')
  })

  itInEveryDelivery('may not come again with a larger one', (start) => {
    const { pair, failures } = three(start)
    pair.receive(goaway(3, 0), goaway(5, 0))
    expect(failures()).toEqual(['unknown', 'unknown', 'no', 'no'])
    expect(pair.closedWith).toMatchObject({ errorCode: PROTOCOL_ERROR, initiator: 'local' })
  })

  itInEveryDelivery('above its last, a stream that had its response was processed all the same', (start) => {
    const { pair, requests } = three(start)
    pair.receive(response(5, 200), goaway(3, 0))
    expect(requests[2]!.failure).toMatchObject({ kind: 'GOAWAY', processed: 'yes' })
  })

  itInEveryDelivery('with nothing open closes at once', (start) => {
    const pair = start()
    pair.receive(goaway(0, 0))
    expect(pair.calls).toEqual(['ready', 'draining 0 ', 'closed'])
    expect(pair.closedWith).toBeUndefined()
  })

  itInEveryDelivery('with an error still lets streams finish, and explains the end of the bytes', (start) => {
    const { pair, requests } = three(start)
    pair.receive(goaway(5, 0xb, 'calm'), response(1, 200, true))
    expect(requests[0]!.ended).toBe(true)
    pair.connection.transportEnded(undefined, pair.now)
    expect(requests[1]!.failure).toMatchObject({
      kind: 'GOAWAY',
      errorCode: 0xb,
      debugData: 'calm',
      processed: 'unknown',
    })
  })

  itInEveryDelivery('debug data is escaped and cut to 1 KiB', (start) => {
    const pair = start()
    pair.receive(goaway(0, 0, `a\r\n\x1b[31m\\é${'x'.repeat(2000)}`))
    const call = pair.calls.find((line) => line.startsWith('draining'))!
    expect(call).toMatch(/^draining 0 a\\x0d\\x0a\\x1b\[31m\\x5c\\xe9x+…$/)
    expect(call.length).toBeLessThan(1100)
  })

  itInEveryDelivery('does not stop credit or uploads of the streams below', (start) => {
    const pair = start({}, { 4: 3 })
    const request = pair.open({ method: 'POST' }, false)
    request.stream!.write(latin1('abcdef'))
    request.stream!.end()
    pair.frames()
    pair.receive(goaway(1, 0), windowUpdate(1, 3))
    expect(lines(pair.frames())).toEqual(['DATA 1 3 end'])
  })

  itInEveryDelivery('late frames for a stream above its last are still settled (RFC 9113 §6.8)', (start) => {
    const { pair } = three(start)
    pair.receive(goaway(3, 0), rstStream(5, 7), data(5, 'late'))
    expect(lines(pair.frames())).toEqual(['RST_STREAM 5 STREAM_CLOSED'])
    expect(pair.closed).toBe(false)
  })

  it('closes when the last stream is reset, or is refused by the peer', () => {
    for (const end of [
      (pair: EnginePair) => pair.receive(rstStream(1, 7)),
      (_pair: EnginePair, request: ReturnType<EnginePair['open']>) => request.stream!.reset(8),
    ]) {
      const pair = EnginePair.ready()
      const request = pair.open()
      pair.frames()
      pair.receive(goaway(1, 0))
      end(pair, request)
      expect(pair.calls.at(-1)).toBe('closed')
      expect(pair.closedWith).toBeUndefined()
      expect(lines(pair.frames()).at(-1)).toBe('GOAWAY 0 NO_ERROR')
    }
  })
})

describe('shutdown (RFC 9113 §6.8)', () => {
  itInEveryDelivery('finishes what is open and what waits, then says GOAWAY and closes', (start) => {
    const { pair, requests } = three(start)
    pair.connection.shutdown(0, pair.now)
    expect(pair.frames()).toEqual([])
    expect(pair.open().failure).toMatchObject({ initiator: 'user', kind: 'CLOSED', processed: 'no' })
    pair.receive(response(1, 200, true))
    expect(lines(pair.frames())).toEqual(['HEADERS 7 end'])
    pair.receive(response(3, 200, true), response(5, 200, true))
    expect(pair.closed).toBe(false)
    pair.receive(response(7, 200, true))
    expect(requests.map((request) => request.ended)).toEqual([true, true, true, true])
    expect(pair.calls.at(-1)).toBe('closed')
    expect(pair.closedWith).toBeUndefined()
    expect(lines(pair.frames())).toEqual(['GOAWAY 0 NO_ERROR'])
  })

  it('says the code it was given, at once if nothing is open, and only once', () => {
    const pair = EnginePair.ready()
    pair.connection.shutdown(2, pair.now)
    pair.connection.shutdown(3, pair.now)
    expect(pair.calls).toContain('closed')
    expect(lines(pair.frames())).toEqual(['GOAWAY 0 INTERNAL_ERROR'])
    expect(pair.connection.pull(1000)).toBeUndefined()
  })

  it('closes when the last waiting request is taken back, or cannot be sent', () => {
    const cancelled = EnginePair.ready({}, { 3: 0 })
    const request = cancelled.open()
    cancelled.connection.shutdown(0, cancelled.now)
    request.stream!.reset(8)
    expect(cancelled.closed).toBe(true)
    const refused = EnginePair.ready({}, { 6: 10 })
    refused.open()
    refused.connection.shutdown(0, refused.now)
    expect(refused.closed).toBe(false)
    expect(lines(refused.frames())).toEqual(['GOAWAY 0 NO_ERROR'])
    expect(refused.closed).toBe(true)
  })

  it('is cut short by a GOAWAY of the peer for what waits', () => {
    const pair = EnginePair.ready({}, { 3: 1 })
    const requests = [pair.open(), pair.open()]
    pair.frames()
    pair.connection.shutdown(0, pair.now)
    pair.receive(goaway(1, 0))
    expect(requests[1]!.failure).toMatchObject({ kind: 'GOAWAY', processed: 'no' })
    pair.receive(response(1, 200, true))
    expect(pair.closed).toBe(true)
  })
})

describe('GOAWAY that we send', () => {
  it('names the last stream that the peer promised, and the reason in ASCII (RFC 9113 §6.8)', () => {
    const pair: DeliveredPair | EnginePair = EnginePair.ready()
    pair.receive(data(9, 'x'))
    const frames = pair.frames()
    expect(lines(frames)).toEqual(['GOAWAY 0 PROTOCOL_ERROR'])
    const text = String.fromCharCode(...frames.find((frame) => frame.type === GOAWAY)!.payload.subarray(8))
    expect(text).toMatch(/^[\x20-\x7e]+$/)
    expect(text).toContain('DATA on an idle stream')
  })
})
