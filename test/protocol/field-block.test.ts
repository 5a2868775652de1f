import { describe, expect, it, test } from 'vitest'
import { EnginePair } from '../support/engine.ts'
import {
  block,
  CONTINUATION,
  concat,
  END_HEADERS,
  END_STREAM,
  frame,
  HEADERS,
  response,
} from '../support/wire.ts'
import { itInEveryDelivery } from './deliveries.ts'
import { ENHANCE_YOUR_CALM, lines, PROTOCOL_ERROR } from './sent.ts'

type Fields = [string, string][]

/** A response's field block in one HEADERS and `count` CONTINUATION frames. */
function pieces(streamId: number, fields: Fields, count: number, flags = END_STREAM): Uint8Array {
  const bytes = block([[':status', '200'], ...fields])
  const size = Math.ceil(bytes.length / (count + 1))
  const frames = Array.from({ length: count + 1 }, (_, i) => {
    const last = i === count ? END_HEADERS : 0
    return frame(
      i === 0 ? HEADERS : CONTINUATION,
      (i === 0 ? flags : 0) | last,
      streamId,
      bytes.subarray(i * size, (i + 1) * size),
    )
  })
  return concat(...frames)
}

describe('a field block in several frames (RFC 9113 §6.10)', () => {
  itInEveryDelivery('is put together, and END_STREAM counts behind the last of them', (start) => {
    const pair = start()
    const request = pair.open()
    pair.frames()
    pair.receive(pieces(1, [['x', 'y']], 3))
    expect(request.calls).toEqual(['opened 1', 'response 200 end', 'end'])
    expect(request.fields).toEqual(['x', 'y'])
  })

  itInEveryDelivery(
    'may have 8 CONTINUATIONs, or as many as the limit, empty ones counted (RFC 9113 §10.5.1)',
    (start) => {
      for (const [limits, most] of [
        [{}, 8],
        [{ maxContinuationFrames: 0 }, 0],
        [{ maxContinuationFrames: 2 }, 2],
      ] as const) {
        const pair = start({ limits })
        pair.open()
        const second = pair.open()
        pair.frames()
        pair.receive(pieces(1, [], most))
        expect(pair.closed).toBe(false)
        const empty = frame(CONTINUATION, 0, 3)
        pair.receive(response(3, 200).with(4, 0), ...Array.from({ length: most }, () => empty))
        expect(pair.closed).toBe(false)
        pair.receive(empty)
        expect(second.failure).toMatchObject({ scope: 'connection', errorCode: ENHANCE_YOUR_CALM })
      }
    },
  )

  itInEveryDelivery('may be as long as the limit, and not an octet longer (RFC 9113 §10.5.1)', (start) => {
    for (const [length, fine] of [
      [2048, true],
      [2049, false],
    ] as const) {
      const pair = start({ limits: { maxFieldBlockSize: 2048, maxContinuationFrames: 3 } })
      const request = pair.open()
      pair.frames()
      // What one field needs around its value: 15 octets for the status, 6 for itself.
      const value = 'v'.repeat(
        length -
          block([
            [':status', '200'],
            ['x', 'v'.repeat(300)],
          ]).length +
          300,
      )
      pair.receive(pieces(1, [['x', value]], 3))
      expect([pair.closed, request.ended]).toEqual([!fine, fine])
    }
  })

  itInEveryDelivery('and one in a single frame has the same limit', (start) => {
    const pair = start({ limits: { maxFieldBlockSize: 1024 } })
    pair.open()
    pair.frames()
    pair.receive(pieces(1, [['x', 'v'.repeat(2000)]], 0))
    expect(pair.closedWith).toMatchObject({ errorCode: ENHANCE_YOUR_CALM })
  })
})

describe('a field section beyond our limits (RFC 9113 §10.5.1)', () => {
  itInEveryDelivery('fails its stream, and the connection goes on decoding', (start) => {
    const pair = start({ settings: { maxHeaderListSize: 200 } })
    const request = pair.open()
    const next = pair.open()
    pair.frames()
    // 42 for the status; a field that is indexed and too large for the list.
    const large = concat(Uint8Array.of(0x88, 0x40), block([['x', 'v'.repeat(130)]]).subarray(1))
    pair.receive(frame(HEADERS, END_HEADERS, 1, large))
    expect(request.failure).toMatchObject({
      scope: 'stream',
      errorCode: PROTOCOL_ERROR,
      kind: 'HEADER_LIST_TOO_LARGE',
    })
    expect(lines(pair.frames())).toEqual(['RST_STREAM 1 PROTOCOL_ERROR'])
    pair.receive(
      frame(HEADERS, END_HEADERS | END_STREAM, 3, concat(Uint8Array.of(0x88), block([['y', 'z']]))),
    )
    expect(next.fields).toEqual(['y', 'z'])
  })

  test.each([
    [
      'octets, 32 for each field',
      { settings: { maxHeaderListSize: 42 + 40 } },
      [['x', '1234567']] as Fields,
      [['x', '12345678']] as Fields,
    ],
    [
      'fields',
      { limits: { maxHeaderFields: 3 } },
      [
        ['a', ''],
        ['b', ''],
      ] as Fields,
      [
        ['a', ''],
        ['b', ''],
        ['c', ''],
      ] as Fields,
    ],
  ])('is counted by %s, to the last', (_name, options, fits, exceeds) => {
    for (const [fields, fine] of [
      [fits, true],
      [exceeds, false],
    ] as const) {
      const pair = EnginePair.ready(options)
      const request = pair.open()
      pair.frames()
      pair.receive(pieces(1, fields, 0))
      expect(request.ended).toBe(fine)
      expect(request.failure?.kind).toBe(fine ? undefined : 'HEADER_LIST_TOO_LARGE')
    }
  })

  itInEveryDelivery('in trailers fails the stream too', (start) => {
    const pair = start({ limits: { maxHeaderFields: 2 } })
    const request = pair.open()
    pair.frames()
    const trailers = block([
      ['a', ''],
      ['b', ''],
      ['c', ''],
    ])
    pair.receive(response(1, 200), frame(HEADERS, END_HEADERS | END_STREAM, 1, trailers))
    expect(request.failure).toMatchObject({ kind: 'HEADER_LIST_TOO_LARGE' })
    expect(request.trailers).toBeUndefined()
  })

  itInEveryDelivery('and far beyond them ends the connection', (start) => {
    const pair = start({ settings: { maxHeaderListSize: 100 } })
    pair.open()
    pair.frames()
    pair.receive(pieces(1, [['x', 'v'.repeat(1000)]], 1))
    expect(pair.closedWith).toMatchObject({ errorCode: ENHANCE_YOUR_CALM })
  })

  it('that repeats one large entry by index is not decoded to its end (RFC 9113 §10.5.1)', () => {
    const pair = EnginePair.ready({ limits: { maxHeaderFields: 100_000 } })
    pair.open()
    pair.frames()
    const entry = concat(Uint8Array.of(0x88, 0x40), block([['x', 'v'.repeat(3000)]]).subarray(1))
    pair.receive(
      frame(HEADERS, END_HEADERS | END_STREAM, 1, concat(entry, new Uint8Array(10_000).fill(0xbe))),
    )
    expect(pair.closedWith).toMatchObject({ errorCode: ENHANCE_YOUR_CALM })
  })
})

describe('field blocks that we send', () => {
  it('are not torn apart by a reset (RFC 9113 §4.3)', () => {
    const pair = EnginePair.ready()
    const request = pair.open({ fields: ['x', '~'.repeat(40_000)] }, true)
    request.onOpened = () => request.stream!.reset(8)
    pair.receive(Uint8Array.of(0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8))
    expect(lines(pair.frames(1000))).toEqual([
      'PING ack',
      'HEADERS 1 end …',
      'CONTINUATION 1 …',
      'CONTINUATION 1',
      'RST_STREAM 1 CANCEL',
      'PING',
    ])
  })
})
