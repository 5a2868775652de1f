import { describe, expect, it, test } from 'vitest'
import { EnginePair } from '../support/engine.ts'
import {
  concat,
  END_HEADERS,
  END_STREAM,
  frame,
  HEADERS,
  latin1,
  PREFACE,
  PUSH_PROMISE,
  response,
  SETTINGS,
  settings,
  settingsAck,
  uint32,
  uint32At,
} from '../support/wire.ts'
import { itInEveryDelivery } from './deliveries.ts'
import {
  COMPRESSION_ERROR,
  codeName,
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  lines,
  PROTOCOL_ERROR,
} from './sent.ts'

/** SETTINGS with its entries in this order, repeated ones too. */
function ordered(...entries: readonly (readonly [number, number])[]): Uint8Array {
  const rows = entries.map(([id, value]) => concat(Uint8Array.of(id >> 8, id), uint32(value)))
  return frame(SETTINGS, 0, 0, concat(...rows))
}

describe('our SETTINGS (RFC 9113 §3.4, §6.5)', () => {
  function said(options: ConstructorParameters<typeof EnginePair>[0]): [number, number][] {
    const first = new EnginePair(options).frames()[0]!
    expect([first.type, first.flags, first.streamId]).toEqual([SETTINGS, 0, 0])
    const entries: [number, number][] = []
    for (let at = 0; at < first.payload.length; at += 6) {
      entries.push([first.payload[at]! * 256 + first.payload[at + 1]!, uint32At(first.payload, at + 2)])
    }
    return entries
  }

  it('follow the preface, before anything else', () => {
    const pair = new EnginePair()
    pair.open()
    const bytes = pair.connection.pull(65_536)!
    expect(bytes.subarray(0, PREFACE.length)).toEqual(PREFACE)
    expect(bytes[PREFACE.length + 3]).toBe(SETTINGS)
  })

  it('say what differs from the defaults, and that we take no pushes', () => {
    expect(said({})).toEqual([
      [2, 0],
      [4, 1_048_576],
      [6, 65_536],
      [9, 1],
    ])
  })

  it('say what was asked for', () => {
    const own = {
      headerTableSize: 0,
      maxConcurrentStreams: 7,
      initialWindowSize: 1,
      maxFrameSize: 20_000,
      maxHeaderListSize: 9,
    }
    expect(said({ settings: own, enablePush: true })).toEqual([
      [2, 1],
      [1, 0],
      [3, 7],
      [4, 1],
      [5, 20_000],
      [6, 9],
      [9, 1],
    ])
  })

  test.each([
    [65_535, []],
    [65_536, ['WINDOW_UPDATE 0 +1']],
    [2_147_483_647, ['WINDOW_UPDATE 0 +2147418112']],
  ])(
    'are followed by the window of the connection, %i octets (RFC 9113 §6.9.2)',
    (connectionWindowSize, updates) => {
      const pair = new EnginePair({ limits: { connectionWindowSize } })
      expect(lines(pair.frames())).toEqual(['SETTINGS', ...updates])
      expect(pair.connection.recvWindow).toBe(connectionWindowSize)
    },
  )

  itInEveryDelivery('are in force for frames: a larger one is taken at once (RFC 9113 §4.2)', (start) => {
    const pair = start({ settings: { maxFrameSize: 16_400 } })
    const request = pair.open()
    pair.frames()
    pair.receive(response(1, 200), frame(0, END_STREAM, 1, new Uint8Array(16_400)))
    expect([request.received, request.ended]).toEqual([16_400, true])
  })

  const grown = frame(HEADERS, END_HEADERS | END_STREAM, 1, Uint8Array.of(0x3f, 0xe1, 0x3f, 0x88))
  itInEveryDelivery(
    'give the peer its HPACK table when it has acknowledged them (RFC 7541 §6.3)',
    (start) => {
      const pair = start({ settings: { headerTableSize: 8192 } })
      const request = pair.open()
      pair.frames()
      pair.receive(grown)
      expect(request.status).toBe(200)
    },
  )
  itInEveryDelivery('give it none before (RFC 7541 §6.3)', (start) => {
    const pair = start({ settings: { headerTableSize: 8192 } }, 'unready')
    pair.open()
    pair.frames()
    pair.receive(settings(), grown)
    expect(pair.closedWith).toMatchObject({ errorCode: COMPRESSION_ERROR })
  })
  itInEveryDelivery('take the table away, which the next block must say (RFC 9113 §4.3.1)', (start) => {
    const pair = start({ settings: { headerTableSize: 0 } }, 'unready')
    const first = pair.open()
    const second = pair.open()
    pair.open()
    pair.frames()
    pair.receive(settings(), response(1, 200, true), settingsAck)
    expect(first.ended).toBe(true)
    pair.receive(
      frame(HEADERS, END_HEADERS | END_STREAM, 3, Uint8Array.of(0x20, 0x88)),
      response(5, 200, true),
    )
    expect(second.ended).toBe(true)
    expect(pair.closed).toBe(false)
    const late = new EnginePair({ settings: { headerTableSize: 0 } })
    late.open()
    late.frames()
    late.receive(settings(), settingsAck, response(1, 200, true))
    expect(late.closedWith).toMatchObject({ errorCode: COMPRESSION_ERROR })
  })
})

describe("the peer's SETTINGS (RFC 9113 §6.5.2)", () => {
  const bad: [what: string, bytes: Uint8Array, errorCode: number][] = [
    ['ENABLE_PUSH 1', ordered([2, 1]), PROTOCOL_ERROR],
    ['ENABLE_PUSH 2', ordered([2, 2]), PROTOCOL_ERROR],
    ['INITIAL_WINDOW_SIZE 2^31', ordered([4, 2 ** 31]), FLOW_CONTROL_ERROR],
    ['INITIAL_WINDOW_SIZE 2^32-1', ordered([4, 2 ** 32 - 1]), FLOW_CONTROL_ERROR],
    ['MAX_FRAME_SIZE 0', ordered([5, 0]), PROTOCOL_ERROR],
    ['MAX_FRAME_SIZE 16,383', ordered([5, 16_383]), PROTOCOL_ERROR],
    ['MAX_FRAME_SIZE 2^24', ordered([5, 2 ** 24]), PROTOCOL_ERROR],
    ['ENABLE_CONNECT_PROTOCOL 2 (RFC 8441 §3)', ordered([8, 2]), PROTOCOL_ERROR],
    [
      'ENABLE_CONNECT_PROTOCOL taken back (RFC 8441 §3)',
      concat(ordered([8, 1]), ordered([8, 0])),
      PROTOCOL_ERROR,
    ],
    ['NO_RFC7540_PRIORITIES 2 (RFC 9218 §2.1)', ordered([9, 2]), PROTOCOL_ERROR],
    [
      'NO_RFC7540_PRIORITIES that comes late (RFC 9218 §2.1)',
      concat(ordered(), ordered([9, 1])),
      PROTOCOL_ERROR,
    ],
    [
      'NO_RFC7540_PRIORITIES taken back (RFC 9218 §2.1)',
      concat(ordered([9, 1]), ordered([9, 0])),
      PROTOCOL_ERROR,
    ],
    ['a bad value before a good one (RFC 9113 §6.5.3)', ordered([5, 1], [5, 16_384]), PROTOCOL_ERROR],
    ['a bad value behind a good one (RFC 9113 §6.5.3)', ordered([5, 16_384], [5, 1]), PROTOCOL_ERROR],
    [
      'more entries than the limit (RFC 9113 §10.5)',
      ordered(...Array.from({ length: 33 }, () => [3, 1] as const)),
      ENHANCE_YOUR_CALM,
    ],
  ]
  for (const [what, bytes, errorCode] of bad) {
    itInEveryDelivery(`${what}: the connection fails, and nothing is acknowledged`, (start) => {
      const pair = start({}, 'unready')
      const request = pair.open()
      pair.frames()
      pair.receive(bytes)
      expect(request.failure).toMatchObject({ scope: 'connection', errorCode })
      expect(lines(pair.frames()).at(-1)).toBe(`GOAWAY 0 ${codeName(errorCode)}`)
      if (pair.calls.length === 1) expect(pair.calls).toEqual(['closed'])
    })
  }

  const good: [what: string, bytes: Uint8Array][] = [
    ['none', ordered()],
    ['ENABLE_PUSH 0', ordered([2, 0])],
    ['INITIAL_WINDOW_SIZE 0 and 2^31-1', ordered([4, 0], [4, 0x7fffffff])],
    ['MAX_FRAME_SIZE 16,384 and 2^24-1', ordered([5, 16_384], [5, 16_777_215])],
    ['MAX_HEADER_LIST_SIZE 0', ordered([6, 0])],
    ['HEADER_TABLE_SIZE 2^32-1', ordered([1, 2 ** 32 - 1])],
    ['ENABLE_CONNECT_PROTOCOL 1 twice (RFC 8441 §3)', ordered([8, 1], [8, 1])],
    ['NO_RFC7540_PRIORITIES 1 (RFC 9218 §2.1)', ordered([9, 1])],
    ['unknown ones (RFC 9113 §6.5.2)', ordered([0, 1], [7, 1], [0x0a0a, 2 ** 32 - 1], [0xffff, 5])],
    ['as many entries as the limit', ordered(...Array.from({ length: 32 }, () => [3, 1] as const))],
  ]
  for (const [what, bytes] of good) {
    itInEveryDelivery(`${what}: acknowledged once, and told once (RFC 9113 §6.5.3)`, (start) => {
      const pair = start({}, 'unready')
      pair.frames()
      pair.receive(bytes)
      expect(lines(pair.frames())).toEqual(['SETTINGS ack'])
      expect(pair.calls).toEqual(['ready'])
      pair.receive(bytes, bytes)
      expect(lines(pair.frames())).toEqual(['SETTINGS ack', 'SETTINGS ack'])
      expect(pair.calls).toEqual(['ready'])
    })
  }

  itInEveryDelivery(
    'NO_RFC7540_PRIORITIES 0 may come late: it is what silence meant (RFC 9218 §2.1)',
    (start) => {
      const pair = start({}, 'unready')
      pair.receive(ordered(), ordered([9, 0]))
      expect(pair.closed).toBe(false)
      pair.receive(ordered([9, 1]))
      expect(pair.closedWith).toMatchObject({ errorCode: PROTOCOL_ERROR })
    },
  )

  it('count in their order, the last of equals (RFC 9113 §6.5.3)', () => {
    const pair = new EnginePair()
    pair.receive(ordered([4, 7], [3, 5], [3, 2], [4, 3]))
    for (let i = 0; i < 3; i++) pair.open({ method: 'POST' }, false).stream!.write(latin1('abcdef'))
    expect(lines(pair.frames()).slice(-4)).toEqual(['HEADERS 1', 'HEADERS 3', 'DATA 1 3', 'DATA 3 3'])
  })

  it('that break a rule have no effect on a stream behind it', () => {
    const pair = new EnginePair()
    pair.receive(ordered([5, 1], [4, 3]))
    expect(lines(pair.frames()).at(-1)).toBe('GOAWAY 0 PROTOCOL_ERROR')
  })

  it('of the HPACK table are answered at the start of the next block (RFC 9113 §4.3.1)', () => {
    const pair = EnginePair.ready()
    pair.receive(settings({ 1: 0 }), settings({ 1: 100 }))
    pair.open()
    const headers = pair.frames().find((frame) => frame.type === HEADERS)!
    // The smallest of them, then the last: 0x20 and 0x3f 0x45 (RFC 7541 §4.2).
    expect([...headers.payload.subarray(0, 3)]).toEqual([0x20, 0x3f, 0x45])
  })

  it('of MAX_HEADER_LIST_SIZE keep a larger request back, which was not processed (RFC 9113 §10.5.1)', () => {
    // :method GET 42, :scheme https 44, :authority a.test 48, :path / 38, a b 34.
    const pair = EnginePair.ready({}, { 6: 206 })
    const fits = pair.open({ fields: ['a', 'b'] })
    const exceeds = pair.open({ fields: ['a', 'bc'] })
    expect(lines(pair.frames())).toEqual(['HEADERS 1 end'])
    expect(fits.failure).toBeUndefined()
    expect(exceeds.failure).toMatchObject({ scope: 'stream', kind: 'HEADER_LIST_TOO_LARGE', processed: 'no' })
    expect([pair.connection.openStreams, pair.connection.queuedStreams]).toEqual([1, 0])
  })

  test.each([
    [226, 'HEADERS 1'],
    [225, undefined],
  ])('of MAX_HEADER_LIST_SIZE %i count :protocol like any field (RFC 8441 §4)', (size, sent) => {
    // :method CONNECT 46, :scheme https 44, :authority a.test 48, :path / 38, :protocol websocket 50.
    const pair = EnginePair.ready({}, { 6: size, 8: 1 })
    const request = pair.open({ method: 'CONNECT', protocol: 'websocket' }, false)
    expect(lines(pair.frames())).toEqual(sent === undefined ? [] : [sent])
    expect(request.failure?.kind).toBe(sent === undefined ? 'HEADER_LIST_TOO_LARGE' : undefined)
  })

  it('of MAX_FRAME_SIZE bound what we send: the rest of a field block follows (RFC 9113 §6.10)', () => {
    const fields = ['x-long', '~'.repeat(40_000)]
    const sent = (settings = {}) => {
      const pair = EnginePair.ready({}, settings)
      pair.open({ fields }, true)
      return lines(pair.frames())
    }
    expect(sent()).toEqual(['HEADERS 1 end …', 'CONTINUATION 1 …', 'CONTINUATION 1'])
    expect(sent({ 5: 30_000 })).toEqual(['HEADERS 1 end …', 'CONTINUATION 1'])
  })

  it('of ENABLE_PUSH 0 are no permission to push (RFC 9113 §6.6)', () => {
    const pair = EnginePair.ready({}, { 2: 0 })
    pair.open()
    pair.frames()
    pair.receive(frame(PUSH_PROMISE, END_HEADERS, 1, uint32(2)))
    expect(pair.closedWith).toMatchObject({ errorCode: PROTOCOL_ERROR })
  })
})
