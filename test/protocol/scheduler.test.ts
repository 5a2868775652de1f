import { describe, expect, it, test } from 'vitest'
import { EnginePair, type RecordingSink } from '../support/engine.ts'
import { latin1, readFrames, settings, windowUpdate } from '../support/wire.ts'
import { contentOf, lines } from './sent.ts'

const INITIAL_WINDOW_SIZE = 4
/** Octets that leave in one frame, whatever else is in the record of TLS that it leaves in. */
const TURN = 16_000

/** A connection whose windows let everything pass. */
function wide(): EnginePair {
  const pair = EnginePair.ready({}, { [INITIAL_WINDOW_SIZE]: 1_000_000 })
  pair.receive(windowUpdate(0, 10_000_000))
  return pair
}

function upload(pair: EnginePair, length: number, urgency?: number): RecordingSink {
  const request = pair.open({ method: 'POST', urgency }, false)
  request.stream!.write(new Uint8Array(length))
  request.stream!.end()
  return request
}

/** The streams whose DATA was sent, in order. */
function turns(pair: EnginePair): number[] {
  return pair.frames().flatMap((frame) => (frame.type === 0 ? [frame.streamId] : []))
}

describe('uploads', () => {
  it('of one urgency send a frame in turn', () => {
    const pair = wide()
    upload(pair, 3 * TURN)
    upload(pair, 1)
    upload(pair, 2 * TURN)
    expect(turns(pair)).toEqual([1, 3, 5, 1, 5, 1])
  })

  it('go by urgency, and one that names none has 3 (RFC 9218 §4.1, §10)', () => {
    const pair = wide()
    upload(pair, 2 * TURN, 7)
    upload(pair, 2 * TURN)
    upload(pair, TURN, 0)
    upload(pair, 2 * TURN, 3)
    upload(pair, TURN, 2)
    expect(turns(pair)).toEqual([5, 9, 3, 7, 3, 7, 1, 1])
  })

  it('that are urgent go before what was queued, and before what was half sent', () => {
    const pair = wide()
    upload(pair, 4 * TURN)
    pair.connection.pull(TURN)
    const urgent = upload(pair, 10, 1)
    pair.connection.pull(1_000)
    expect(urgent.stream!.queuedBytes).toBe(0)
  })

  it('take a new urgency at once, and the peer is told (RFC 9218 §7.1)', () => {
    const pair = wide()
    upload(pair, TURN)
    const second = upload(pair, TURN)
    pair.frames(1)
    const third = upload(pair, TURN)
    second.stream!.reprioritize(5, true)
    third.stream!.reprioritize(1, false)
    pair.frames()
    expect([third.stream!.queuedBytes, second.stream!.queuedBytes]).toEqual([0, 0])
  })

  it('keep their turn when content is added', () => {
    const pair = EnginePair.ready({}, { [INITIAL_WINDOW_SIZE]: 1_000_000 })
    upload(pair, 65_535).stream!.write(new Uint8Array(1))
    const first = pair.open({ method: 'POST' }, false)
    const second = pair.open({ method: 'POST' }, false)
    pair.frames()
    for (const request of [first, second]) request.stream!.write(latin1('ab'))
    first.stream!.write(latin1('cd'))
    first.stream!.end()
    pair.receive(windowUpdate(0, 100))
    expect(lines(pair.frames())).toEqual(['DATA 3 4 end', 'DATA 5 2'])
  })

  it('that wait for their own window do not hold up others, of whatever urgency', () => {
    const pair = EnginePair.ready({}, { [INITIAL_WINDOW_SIZE]: 10 })
    upload(pair, 20, 0)
    upload(pair, 10, 0)
    upload(pair, 5, 6)
    expect(lines(pair.frames())).toEqual([
      'HEADERS 1',
      'HEADERS 3',
      'HEADERS 5',
      'DATA 1 10',
      'DATA 3 10 end',
      'DATA 5 5 end',
    ])
    pair.receive(windowUpdate(1, 10))
    expect(lines(pair.frames())).toEqual(['DATA 1 10 end'])
  })

  it('that wait for their own window come to their turn by urgency when all windows open', () => {
    const pair = EnginePair.ready({}, { [INITIAL_WINDOW_SIZE]: 0 })
    for (const urgency of [7, 3, 0, 3]) upload(pair, 10, urgency)
    pair.frames()
    pair.receive(settings({ [INITIAL_WINDOW_SIZE]: 10 }))
    expect(turns(pair)).toEqual([5, 3, 7, 1])
  })

  it('wait again when their window shrinks before their turn (RFC 9113 §6.9.2)', () => {
    const pair = EnginePair.ready({}, { [INITIAL_WINDOW_SIZE]: 10 })
    upload(pair, 5)
    pair.connection.pull(1)
    pair.receive(settings({ [INITIAL_WINDOW_SIZE]: 0 }))
    pair.connection.pull(65_536)
    const second = upload(pair, 5)
    pair.frames()
    expect(second.stream!.queuedBytes).toBe(5)
    pair.receive(windowUpdate(3, 5))
    pair.frames()
    expect(second.stream!.queuedBytes).toBe(0)
  })

  it('that only have to end do not wait for those with content', () => {
    const pair = EnginePair.ready({}, { [INITIAL_WINDOW_SIZE]: 1_000_000 })
    const open = pair.open({ method: 'POST', urgency: 7 }, false)
    pair.frames()
    upload(pair, 100_000, 0)
    open.stream!.end()
    const sent = lines(pair.frames())
    expect(sent.indexOf('DATA 1 0 end')).toBe(sent.indexOf('HEADERS 3') + 1)
  })

  it('are chosen when they are pulled, a frame more than was asked at most', () => {
    const pair = wide()
    const request = upload(pair, 10 * TURN)
    pair.connection.pull(1000)
    expect(request.stream!.queuedBytes).toBeGreaterThanOrEqual(10 * TURN - 16_384)
  })

  it('leave in frames that end with the records of TLS, of 16,384 octets, whatever the peer would take', () => {
    const pair = EnginePair.ready({}, { [INITIAL_WINDOW_SIZE]: 1_000_000, 5: 1_000_000 })
    upload(pair, 200_000)
    pair.receive(windowUpdate(0, 1_000_000))
    let sent = 0
    for (
      let bytes = pair.connection.pull(65_536);
      bytes !== undefined;
      bytes = pair.connection.pull(65_536)
    ) {
      const ends = new Set<number>()
      for (let at = 0; at < bytes.length; ) {
        at += 9 + (bytes[at]! << 16) + (bytes[at + 1]! << 8) + bytes[at + 2]!
        ends.add(at)
      }
      for (let at = 16_384; at < bytes.length; at += 16_384) expect(ends).toContain(at)
      expect(ends).toContain(bytes.length)
      sent += bytes.length
    }
    expect(sent).toBeGreaterThan(200_000)
  })

  it('fill no record with a frame that is hardly worth its head', () => {
    const pair = wide()
    upload(pair, 15_400)
    upload(pair, 15_400)
    const first = pair.connection.pull(65_536)!.slice()
    const second = pair.connection.pull(65_536)!.slice()
    expect(lines(readFrames(first))).toEqual(['HEADERS 1', 'HEADERS 3', 'DATA 1 15400 end'])
    expect(lines(readFrames(second))).toEqual(['DATA 3 15400 end'])
  })
})

describe('PRIORITY_UPDATE (RFC 9218 §7.1)', () => {
  test.each([
    [0, true, 'PRIORITY_UPDATE 1 u=0, i'],
    [7, false, 'PRIORITY_UPDATE 1 u=7'],
  ])('tells urgency %i and incremental %s', (urgency, incremental, line) => {
    const pair = EnginePair.ready()
    const request = pair.open()
    pair.frames()
    request.stream!.reprioritize(urgency, incremental)
    expect(lines(pair.frames())).toEqual([line])
    expect(request.failure).toBeUndefined()
  })

  it('is not sent for a stream that is not open, but a waiting one takes the urgency', () => {
    const pair = wide()
    const waiting = [upload(pair, 1), upload(pair, 1)]
    waiting[1]!.stream!.reprioritize(0, false)
    expect(turns(pair)).toEqual([3, 1])
    waiting[0]!.stream!.reset(8)
    pair.frames()
    waiting[0]!.stream!.reprioritize(2, false)
    expect(pair.frames()).toEqual([])
  })

  test.each([-1, 8, 2.5, Number.NaN])('refuses the urgency %s', (urgency) => {
    const request = EnginePair.ready().open()
    expect(() => request.stream!.reprioritize(urgency, false)).toThrow(RangeError)
  })
})

test('content is never mixed up between streams', () => {
  const pair = wide()
  const texts = ['a', 'b', 'c'].map((letter) => letter.repeat(40_000))
  for (const text of texts) {
    const request = pair.open({ method: 'POST' }, false)
    for (let at = 0; at < text.length; at += 1700) request.stream!.write(latin1(text.slice(at, at + 1700)))
    request.stream!.end()
  }
  const frames = pair.frames(7777)
  expect(texts.map((_text, i) => contentOf(frames, 2 * i + 1))).toEqual(texts)
})
