import * as fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { UnreadBudget, WindowManager } from '../../src/protocol/index.ts'
import { EnginePair, type RecordingSink } from '../support/engine.ts'
import { data, HEADERS, RST_STREAM, response, uint32At, WINDOW_UPDATE } from '../support/wire.ts'

const WINDOW = 1000
const CANCEL = 8

/** An engine whose owner reads nothing. */
function unreading(unread: UnreadBudget, streams: number, windowManager?: typeof WindowManager): EnginePair {
  const pair = EnginePair.ready(
    {
      unread,
      windowManager: windowManager && { stream: windowManager },
      settings: { initialWindowSize: WINDOW },
    },
    { 3: streams },
  )
  return pair
}

function openUnread(pair: EnginePair, count: number): RecordingSink[] {
  return Array.from({ length: count }, () => {
    const request = pair.open()
    request.hold = true
    return request
  })
}

const idOf = (request: RecordingSink): number => request.stream!.id

describe('a budget', () => {
  it('is full from its limit on, until a quarter is free; who waits for room is told once', () => {
    const budget = new UnreadBudget(1000)
    const told: string[] = []
    const first = () => void told.push('first')
    budget.hold(999)
    budget.whenRoom(() => void told.push('at once'))
    expect([budget.full, told]).toEqual([false, ['at once']])
    budget.hold(1)
    budget.whenRoom(first)
    budget.whenRoom(first)
    budget.free(249)
    expect([budget.full, told]).toEqual([true, ['at once']])
    budget.free(1)
    expect([budget.full, told]).toEqual([false, ['at once', 'first']])
    budget.hold(250)
    budget.free(1000)
    expect(told).toHaveLength(2)
  })

  it('of Infinity is never full', () => {
    const budget = new UnreadBudget(Number.POSITIVE_INFINITY)
    budget.hold(1e15)
    expect([budget.full, budget.overfull, budget.lendable]).toEqual([false, false, Number.POSITIVE_INFINITY])
  })
})

// RFC 9113 §5.2.2: a receiver that does not read one stream must still take the frames of the others.
test('a thousand responses that nobody reads hold up none beside them', () => {
  const pair = unreading(new UnreadBudget(), 1001)
  const paused = openUnread(pair, 1000)
  pair.frames()
  for (const request of paused)
    pair.receive(response(idOf(request), 200), data(idOf(request), new Uint8Array(WINDOW)))
  pair.frames()
  expect(pair.connection.recvWindow).toBeGreaterThan(16_777_216 * (7 / 8))
  const beside = pair.open()
  expect(pair.frames().filter(({ type }) => type === HEADERS)).toHaveLength(1)
  pair.receive(response(idOf(beside), 200), data(idOf(beside), 'ok', true))
  expect(beside).toMatchObject({ content: 'ok', ended: true })
})

describe('where too much lies unread', () => {
  it('no request is sent, on any connection that shares the budget, until there is room', () => {
    const unread = new UnreadBudget(4000)
    const [one, other] = [unreading(unread, 100), unreading(unread, 100)]
    const held = openUnread(one, 4)
    one.frames()
    for (const request of held)
      one.receive(response(idOf(request), 200), data(idOf(request), new Uint8Array(WINDOW)))
    one.frames()
    const waiting = [one.open(), other.open()]
    expect([one.connection.freeStreams, other.connection.freeStreams]).toEqual([-1, -1])
    expect([...one.frames(), ...other.frames()]).toEqual([])
    held[0]!.stream!.consume(WINDOW)
    for (const pair of [one, other]) expect(pair.frames().map(({ type }) => type)).toContain(HEADERS)
    expect(waiting.map(idOf)).toEqual([9, 1])
  })

  it.each<[string, (pair: EnginePair, request: RecordingSink) => void]>([
    ['it is read', (_, request) => request.stream!.consume(WINDOW)],
    ['it is cancelled', (_, request) => request.stream!.reset(CANCEL)],
    ['it is complete', (pair, request) => pair.receive(data(idOf(request), '', true))],
    ['the connection ends', (pair) => pair.connection.transportEnded(undefined, pair.now)],
  ])('content counts until %s', (_, end) => {
    const unread = new UnreadBudget()
    const pair = unreading(unread, 100)
    const [request] = openUnread(pair, 1)
    pair.frames()
    pair.receive(response(1, 200), data(1, new Uint8Array(WINDOW)))
    expect(unread.held).toBe(WINDOW)
    end(pair, request!)
    expect([unread.held, unread.lendable]).toEqual([0, unread.limit / 4])
  })

  it('a quarter beyond the limit the response that holds most is given up, and nothing else is touched', () => {
    const unread = new UnreadBudget(250 * WINDOW)
    const pair = unreading(unread, 1000)
    const requests = openUnread(pair, 1000)
    pair.frames()
    for (const request of requests) {
      pair.receive(response(idOf(request), 200), data(idOf(request), new Uint8Array(WINDOW - 1)))
    }
    pair.receive(data(1, 'x'), data(3, 'x'))
    expect(unread.held).toBeLessThanOrEqual(1.25 * unread.limit)
    const given = requests.filter(({ failure }) => failure !== undefined)
    expect(given.length, 'no more than has to be').toBe(1000 - 312)
    for (const { failure } of given) {
      expect(failure).toMatchObject({ kind: 'UNREAD_TOO_LARGE', scope: 'stream', processed: 'yes' })
      expect(failure!.reason).toContain('limits.maxUnread')
    }
    const resets = pair.frames().filter(({ type }) => type === RST_STREAM)
    expect(resets.map(({ payload }) => uint32At(payload))).toEqual(given.map(() => CANCEL))
    expect(pair.closed, 'this is no fault of the peer').toBe(false)
  })
})

/** Grants ten times what arrives. */
class Generous extends WindowManager {
  override onDataReceived(length: number): number {
    return 10 * length
  }
}

test('whatever managers grant, windows are opened beyond their first size by a quarter of the limit at most, all together', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(9), fc.integer({ min: 1, max: WINDOW }), fc.boolean()), {
        minLength: 20,
        maxLength: 200,
      }),
      (steps) => {
        const unread = new UnreadBudget(5 * WINDOW)
        const pair = unreading(unread, 100, Generous)
        const requests = openUnread(pair, 10)
        pair.frames()
        for (const request of requests) pair.receive(response(idOf(request), 200))
        const windows = new Map(requests.map((request) => [idOf(request), WINDOW]))
        for (const [at, length, read] of steps) {
          const request = requests[at]!
          const id = idOf(request)
          const sent = Math.min(length, windows.get(id)!)
          if (sent > 0 && request.failure === undefined) pair.receive(data(id, new Uint8Array(sent)))
          windows.set(id, windows.get(id)! - sent)
          if (read) request.stream!.consume(length)
          for (const { type, streamId, payload } of pair.frames()) {
            if (type === WINDOW_UPDATE && streamId > 0)
              windows.set(streamId, windows.get(streamId)! + uint32At(payload))
          }
          const open = [...windows].filter(([one]) => requests[(one - 1) / 2]!.failure === undefined)
          const reach = open.reduce((sum, [, window]) => sum + window, 0) + unread.held
          expect(reach).toBeLessThanOrEqual(open.length * WINDOW + unread.limit / 4)
        }
      },
    ),
    { numRuns: 200 },
  )
})
