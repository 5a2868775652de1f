import { describe, expect, it } from 'vitest'
import type { Failure, StreamSink } from '../../src/protocol/index.ts'
import { EnginePair, type RecordingSink } from '../support/engine.ts'
import {
  block,
  concat,
  data,
  END_HEADERS,
  frame,
  goaway,
  headers,
  PUSH_PROMISE,
  response,
  rstStream,
  uint32,
} from '../support/wire.ts'
import { lines } from './sent.ts'

const BROKEN: Failure = {
  scope: 'transport',
  initiator: 'peer',
  errorCode: 0,
  reason: 'connection failed: ECONNRESET',
  processed: 'unknown',
}

interface Cast {
  readonly pair: EnginePair
  readonly streams: Readonly<Record<string, RecordingSink>>
}

/** A connection with a stream in every phase. */
function cast(): Cast {
  const pair = EnginePair.ready({ enablePush: true }, { 3: 7 })
  const connect = { method: 'CONNECT', scheme: undefined, path: undefined } as never
  const streams: Record<string, RecordingSink> = {
    sent: pair.open(),
    uploading: pair.open({ method: 'POST' }, false),
    informed: pair.open(),
    responded: pair.open(),
    receiving: pair.open(),
    tunnel: pair.open(connect, false),
    halfTunnel: pair.open(connect, false),
    waiting: pair.open(),
  }
  pair.frames()
  const promised = [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':authority', 'a.test'],
    [':path', '/p'],
  ] as const
  const promise = (id: number) => frame(PUSH_PROMISE, END_HEADERS, 1, concat(uint32(id), block(promised)))
  pair.receive(
    headers(5, [[':status', '103']]),
    response(7, 200),
    response(9, 200),
    data(9, 'part'),
    response(11, 200),
    response(13, 200, true),
    promise(2),
    promise(4),
    response(4, 200),
  )
  pair.frames()
  const [reserved, pushed] = streams.sent!.pushes
  streams.reserved = reserved!.sink
  streams.pushed = pushed!.sink
  return { pair, streams }
}

/** What each stream's failure says of its processing. */
function processed({ streams }: Cast): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(streams).map(([name, { failure }]) => [name, failure?.processed]))
}

const UNFINISHED = {
  sent: 'unknown',
  uploading: 'unknown',
  informed: 'yes',
  responded: 'yes',
  receiving: 'yes',
  tunnel: 'yes',
  halfTunnel: 'yes',
  waiting: 'no',
  reserved: 'unknown',
  pushed: 'yes',
}

describe('an end in the midst of everything', () => {
  const ends: [string, (pair: EnginePair) => void, Partial<Failure>][] = [
    ['destroy', (pair) => pair.connection.destroy(BROKEN), { reason: BROKEN.reason }],
    [
      'a broken transport',
      (pair) => pair.connection.transportEnded(BROKEN, pair.now),
      { reason: BROKEN.reason },
    ],
    [
      'a transport that ended',
      (pair) => pair.connection.transportEnded(undefined, pair.now),
      { scope: 'transport', kind: 'CLOSED' },
    ],
    ['a rule that was broken', (pair) => pair.receive(data(99, 'x')), { scope: 'connection', errorCode: 1 }],
  ]
  for (const [what, end, failure] of ends) {
    it(`by ${what} tells every stream once, what became of it, and then the owner`, () => {
      const scene = cast()
      const { pair, streams } = scene
      const atClose: unknown[] = []
      pair.onClosed = (reason) => atClose.push(processed(scene), reason !== undefined)
      end(pair)
      expect(atClose).toEqual([UNFINISHED, true])
      for (const sink of Object.values(streams)) {
        expect(sink.failure).toMatchObject(failure)
        expect(sink.calls.filter((call) => call.startsWith('failure'))).toHaveLength(1)
        expect(sink.calls.at(-1)).toMatch(/^failure/)
        expect([sink.stream?.writable ?? false]).toEqual([false])
      }
      const { connection } = pair
      expect([connection.openStreams, connection.queuedStreams, connection.closed]).toEqual([0, 0, true])
    })
  }

  it('by destroy says GOAWAY with its code, behind what was put together before', () => {
    const { pair } = cast()
    pair.open()
    pair.connection.destroy({ ...BROKEN, errorCode: 8 })
    expect(lines(pair.frames())).toEqual(['GOAWAY 4 CANCEL'])
    pair.connection.destroy(BROKEN)
    expect(pair.connection.pull(100)).toBeUndefined()
  })

  it('by a broken transport says nothing: there is nobody to say it to', () => {
    const { pair } = cast()
    pair.connection.transportEnded(BROKEN, pair.now)
    expect(pair.frames()).toEqual([])
  })

  it('after a GOAWAY: what was below its last stream is as it was, the rest was told before', () => {
    const scene = cast()
    scene.pair.receive(goaway(9, 0))
    expect(processed(scene)).toMatchObject({
      sent: undefined,
      tunnel: 'yes',
      waiting: 'no',
      reserved: undefined,
    })
    scene.pair.connection.transportEnded(undefined, scene.pair.now)
    expect(processed(scene)).toEqual(UNFINISHED)
  })
})

describe('a transport that ends with nothing open', () => {
  it('is a clean end', () => {
    const pair = EnginePair.ready()
    pair.connection.transportEnded(undefined, pair.now)
    expect([pair.calls, pair.closedWith]).toEqual([['ready', 'closed'], undefined])
  })

  it('and a failure is told with it', () => {
    const pair = EnginePair.ready()
    pair.connection.transportEnded(BROKEN, pair.now)
    expect(pair.closedWith).toBe(BROKEN)
  })
})

it('a stream that its owner resets while others are told of the end is told nothing', () => {
  const ends = [
    (pair: EnginePair) => pair.connection.destroy(BROKEN),
    (pair: EnginePair) => pair.receive(goaway(0, 0)),
  ]
  for (const end of ends) {
    const pair = EnginePair.ready({}, { 3: 2 })
    const [first, open, waiting] = [pair.open(), pair.open(), pair.open()]
    pair.frames()
    let told = 0
    const resetAll = () => {
      told += 1
      for (const request of [first, open, waiting]) request.stream!.reset(8)
    }
    for (const request of [first, open, waiting]) request.onFailure = resetAll
    end(pair)
    expect(told).toBe(1)
    expect([pair.closed, pair.connection.openStreams, pair.connection.queuedStreams]).toEqual([true, 0, 0])
  }
})

describe('a sink that throws', () => {
  const thrown = new Error('a sink of the owner')
  const fail = () => {
    throw thrown
  }

  const push = frame(
    PUSH_PROMISE,
    END_HEADERS,
    1,
    concat(
      uint32(2),
      block([
        [':method', 'GET'],
        [':scheme', 'https'],
        [':authority', 'a.test'],
        [':path', '/'],
      ]),
    ),
  )
  it.each<[keyof StreamSink, Uint8Array[]]>([
    ['onOpened', []],
    ['onSent', []],
    ['onInformational', [headers(1, [[':status', '103']])]],
    ['onResponse', [response(1, 200)]],
    ['onResponse', [response(1, 200, true)]],
    ['onData', [response(1, 200), data(1, 'x')]],
    ['onData', [response(1, 200), data(1, 'x', true)]],
    ['onTrailers', [response(1, 200), headers(1, [['a', 'b']], END_HEADERS | 1)]],
    ['onEnd', [response(1, 200, true)]],
    ['onWritable', [response(1, 200, true)]],
    ['onPush', [push]],
    ['onFailure', [rstStream(1, 8)]],
  ])('from %s ends its stream, and no other (%#)', (callback, frames) => {
    const pair = EnginePair.ready({ enablePush: true })
    const request = pair.open({ method: 'POST' }, false)
    Object.assign(request, { [callback]: fail })
    request.stream!.write(Uint8Array.of(1))
    if (callback === 'onSent') request.stream!.end()
    const other = pair.open()
    expect(() => pair.frames()).not.toThrow()
    pair.receive(...frames)
    const told = callback === 'onFailure' || callback === 'onEnd' || callback === 'onWritable'
    if (!told) expect(request.failure).toMatchObject({ scope: 'stream', errorCode: 2, cause: thrown })
    pair.receive(response(3, 200), data(3, 'y', true))
    expect([other.content, other.ended, other.failure]).toEqual(['y', true, undefined])
    expect([pair.closed, pair.connection.openStreams]).toEqual([false, 0])
    // A connection that is to end does so.
    pair.connection.shutdown(0, pair.now)
    expect(pair.closedWith).toBe(undefined)
    expect(pair.closed).toBe(true)
  })

  it('from onFailure does not keep the others from being told', () => {
    const pair = EnginePair.ready()
    const request = pair.open()
    const other = pair.open()
    pair.frames()
    request.onFailure = fail
    try {
      pair.connection.destroy(BROKEN)
    } catch (error) {
      expect(error).toBe(thrown)
    }
    expect(other.failure?.reason).toBe(BROKEN.reason)
    expect(pair.closed).toBe(true)
  })
})
