import { describe, expect, it } from 'vitest'
import { EnginePair } from '../support/engine.ts'
import {
  block,
  CONTINUATION,
  concat,
  data,
  END_HEADERS,
  frame,
  PADDED,
  PUSH_PROMISE,
  response,
  rstStream,
  uint32,
  windowUpdate,
} from '../support/wire.ts'
import { itInEveryDelivery, type Start } from './deliveries.ts'
import { CANCEL, lines, PROTOCOL_ERROR } from './sent.ts'

type Fields = readonly (readonly [string, string])[]

const GET: Fields = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'a.test'],
  [':path', '/style.css'],
]

function promise(streamId: number, promisedId: number, fields: Fields = GET): Uint8Array {
  return frame(PUSH_PROMISE, END_HEADERS, streamId, concat(uint32(promisedId), block(fields)))
}

/** `GET` with one field changed, or left out. */
function but(name: string, value?: string): Fields {
  return GET.flatMap((field) =>
    field[0] !== name ? [field] : value === undefined ? [] : [[name, value] as const],
  )
}

function requested(start: Start, options = {}) {
  const pair = start({ enablePush: true, ...options })
  const request = pair.open()
  pair.frames()
  return { pair, request }
}

describe('a promised request (RFC 9113 §8.4)', () => {
  itInEveryDelivery(
    'is offered on its stream, and its response is given to the sink that took it',
    (start) => {
      const { pair, request } = requested(start)
      pair.receive(promise(1, 2, [...GET, ['x', 'y']]), response(1, 200, true))
      const push = request.pushes[0]!
      push.sink.stream = push.stream as never
      expect(push.stream.id).toBe(2)
      expect(push.head).toEqual({
        method: 'GET',
        scheme: 'https',
        authority: 'a.test',
        path: '/style.css',
        fields: ['x', 'y'],
      })
      expect(pair.connection.openStreams).toBe(0)
      pair.receive(response(2, 103), response(2, 200), data(2, 'css', true))
      expect(push.sink.calls).toEqual(['informational 103', 'response 200', 'frame', 'end'])
      expect(push.sink.content).toBe('css')
      expect(pair.frames()).toEqual([])
    },
  )

  itInEveryDelivery(
    'may come in several frames, padded, for HEAD, in another case (RFC 9113 §6.6)',
    (start) => {
      const { pair, request } = requested(start)
      const fields = but(':method', 'HEAD').map(
        ([name, value]) => [name, name === ':authority' ? 'A.Test' : value] as const,
      )
      const bytes = block(fields)
      pair.receive(
        frame(
          PUSH_PROMISE,
          PADDED,
          1,
          concat(Uint8Array.of(2), uint32(2), bytes.subarray(0, 9), new Uint8Array(2)),
        ),
        frame(CONTINUATION, 0, 1, bytes.subarray(9, 20)),
        frame(CONTINUATION, END_HEADERS, 1, bytes.subarray(20)),
      )
      expect(request.pushes[0]!.head).toMatchObject({ method: 'HEAD', authority: 'A.Test' })
      pair.receive(response(2, 200), data(2, 'x'))
      expect(request.pushes[0]!.sink.failure?.reason).toContain('content in a response that has none')
    },
  )

  itInEveryDelivery('may say that its request has no content (RFC 9113 §8.4)', (start) => {
    const { pair, request } = requested(start)
    pair.receive(promise(1, 2, [...GET, ['content-length', '0']]))
    expect(request.pushes[0]!.head.fields).toEqual(['content-length', '0'])
    expect(pair.frames()).toEqual([])
  })

  itInEveryDelivery('that nobody wants is reset with CANCEL, and what follows is dropped', (start) => {
    const { pair, request } = requested(start)
    request.acceptPushes = false
    pair.receive(promise(1, 2))
    expect(lines(pair.frames())).toEqual(['RST_STREAM 2 CANCEL'])
    pair.receive(response(2, 200), data(2, 'css', true))
    expect(pair.frames()).toEqual([])
    expect(pair.closed).toBe(false)
  })

  const refused: [what: string, fields: Fields, errorCode?: string][] = [
    ['of another authority (RFC 9113 §8.4)', but(':authority', 'b.test')],
    ['of another port (RFC 9113 §8.4)', but(':authority', 'a.test:8443')],
    ['with a method that is not safe (RFC 9113 §8.4)', but(':method', 'POST')],
    ['with a method that is not cacheable (RFC 9113 §8.4)', but(':method', 'OPTIONS')],
    ['with content (RFC 9113 §8.4)', [...GET, ['content-length', '1']]],
    ['without :method (RFC 9113 §8.3.1)', but(':method')],
    ['without :scheme (RFC 9113 §8.3.1)', but(':scheme')],
    ['without :authority (RFC 9113 §8.3.1)', but(':authority')],
    ['without :path (RFC 9113 §8.3.1)', but(':path')],
    ['with an empty :path (RFC 9113 §8.3.1)', but(':path', '')],
    ['with a :path that does not begin with a slash (RFC 9113 §8.3.1)', but(':path', 'x')],
    ['with two :path (RFC 9113 §8.3.1)', [...GET, [':path', '/']]],
    ['with :status (RFC 9113 §8.3)', [...GET, [':status', '200']]],
    ['with a pseudo-header field behind others (RFC 9113 §8.3)', [['a', 'b'], ...GET]],
    ['with a capital in a name (RFC 9113 §8.2)', [...GET, ['X', 'y']]],
    ['with a connection-specific field (RFC 9113 §8.2.2)', [...GET, ['connection', 'close']]],
    [
      'with too many fields (RFC 9113 §10.5.1)',
      [...GET, ...Array.from({ length: 256 }, () => ['a', ''] as const)],
      'REFUSED_STREAM',
    ],
  ]
  for (const [what, fields, errorCode = 'PROTOCOL_ERROR'] of refused) {
    itInEveryDelivery(`${what} ends its own stream and no other`, (start) => {
      const { pair, request } = requested(start)
      pair.receive(promise(1, 2, fields))
      expect(request.pushes).toEqual([])
      expect(lines(pair.frames())).toEqual([`RST_STREAM 2 ${errorCode}`])
      pair.receive(response(2, 200), response(1, 200, true))
      expect(pair.frames()).toEqual([])
      expect(request.ended).toBe(true)
    })
  }

  itInEveryDelivery('of another scheme than its request ends its own stream (RFC 9113 §8.4)', (start) => {
    const { pair, request } = requested(start)
    pair.receive(promise(1, 2, but(':scheme', 'http')))
    expect(request.pushes).toEqual([])
    expect(lines(pair.frames())).toEqual(['RST_STREAM 2 PROTOCOL_ERROR'])
  })

  const fatal: [what: string, bytes: Uint8Array][] = [
    ['an odd stream (RFC 9113 §5.1.1)', promise(1, 3)],
    ['stream 0 (RFC 9113 §5.1.1)', promise(1, 0)],
    ['the same stream again (RFC 9113 §5.1.1)', concat(promise(1, 4), promise(1, 4))],
    ['a stream below the last (RFC 9113 §5.1.1)', concat(promise(1, 4), promise(1, 2))],
    ['a stream on an idle one (RFC 9113 §6.6)', promise(3, 2)],
    ['a stream on a pushed one (RFC 9113 §6.6)', concat(promise(1, 2), promise(2, 4))],
    ['a stream on one that ended (RFC 9113 §6.6)', concat(response(1, 200, true), promise(1, 2))],
    ['a stream on one it reset itself (RFC 9113 §6.6)', concat(rstStream(1, 0), promise(1, 2))],
  ]
  for (const [what, bytes] of fatal) {
    itInEveryDelivery(`of ${what} ends the connection`, (start) => {
      const { pair } = requested(start)
      pair.receive(bytes)
      expect(pair.closedWith).toMatchObject({ scope: 'connection', errorCode: PROTOCOL_ERROR })
    })
  }

  for (const [what, bytes] of [
    ['DATA', data(2, 'x')],
    ['WINDOW_UPDATE', windowUpdate(2, 1)],
    ['DATA on a stream above it', data(4, 'x')],
  ] as const) {
    itInEveryDelivery(`before its HEADERS, ${what} ends the connection (RFC 9113 §5.1)`, (start) => {
      const { pair } = requested(start)
      pair.receive(promise(1, 2), bytes)
      expect(pair.closedWith).toMatchObject({ scope: 'connection', errorCode: PROTOCOL_ERROR })
    })
  }

  itInEveryDelivery('closes the streams below that were passed over (RFC 9113 §5.1.1)', (start) => {
    const { pair } = requested(start)
    pair.receive(promise(1, 4), data(2, 'x'), response(2, 200))
    expect(pair.closed).toBe(false)
  })

  itInEveryDelivery('on a request that we reset is refused (RFC 9113 §5.1)', (start) => {
    const { pair, request } = requested(start)
    request.stream!.reset(CANCEL)
    pair.frames()
    pair.receive(promise(1, 2))
    expect(lines(pair.frames())).toEqual(['RST_STREAM 2 REFUSED_STREAM'])
    expect(pair.closed).toBe(false)
  })

  itInEveryDelivery('on a tunnel is an error of the tunnel (RFC 9113 §8.5)', (start) => {
    const pair = start({ enablePush: true })
    const tunnel = pair.open({ method: 'CONNECT', scheme: undefined, path: undefined } as never, false)
    pair.frames()
    pair.receive(response(1, 200), promise(1, 2))
    expect(tunnel.pushes).toEqual([])
    expect(tunnel.failure).toMatchObject({ scope: 'stream', errorCode: PROTOCOL_ERROR })
  })

  itInEveryDelivery(
    'on a stream whose response ended ends the connection, an open upload or not (RFC 9113 §6.6)',
    (start) => {
      const pair = start({ enablePush: true })
      pair.open({ method: 'CONNECT', scheme: undefined, path: undefined } as never, false)
      pair.frames()
      pair.receive(response(1, 200, true), promise(1, 2))
      expect(pair.closedWith).toMatchObject({ scope: 'connection', errorCode: PROTOCOL_ERROR })
    },
  )

  itInEveryDelivery(
    'beyond our MAX_CONCURRENT_STREAMS is refused, until one ended (RFC 9113 §5.1.2)',
    (start) => {
      const { pair, request } = requested(start, { settings: { maxConcurrentStreams: 2 } })
      pair.receive(promise(1, 2), promise(1, 4), promise(1, 6))
      expect(lines(pair.frames())).toEqual(['RST_STREAM 6 REFUSED_STREAM'])
      pair.receive(response(2, 200, true), promise(1, 8))
      expect(pair.frames()).toEqual([])
      expect(request.pushes.map((push) => push.stream.id)).toEqual([2, 4, 8])
    },
  )

  itInEveryDelivery('that is refused too often ends the connection (RFC 9113 §10.5)', (start) => {
    const { pair } = requested(start, { limits: { maxStreamErrors: 2 } })
    const bad = but(':method', 'PUT')
    pair.receive(promise(1, 2, bad), promise(1, 4, bad))
    expect(pair.closed).toBe(false)
    pair.receive(promise(1, 6, bad))
    expect(pair.closedWith).toMatchObject({ errorCode: 0xb })
    // RFC 9113 §6.8: the last of the peer's streams that we know of.
    expect(lines(pair.frames()).at(-1)).toBe('GOAWAY 6 ENHANCE_YOUR_CALM')
  })
})

describe('a pushed response', () => {
  itInEveryDelivery('can be cancelled, before its HEADERS and after', (start) => {
    const { pair, request } = requested(start)
    pair.receive(promise(1, 2), promise(1, 4), response(4, 200), data(4, 'x'))
    for (const push of request.pushes) {
      push.stream.reset(CANCEL)
      push.stream.reset(CANCEL)
    }
    expect(lines(pair.frames())).toEqual(['RST_STREAM 2 CANCEL', 'RST_STREAM 4 CANCEL'])
    pair.receive(response(2, 200), data(2, 'x', true), data(4, 'y', true))
    expect(pair.frames()).toEqual([])
    expect(request.pushes.map((push) => push.sink.calls)).toEqual([[], ['response 200', 'frame']])
  })

  itInEveryDelivery('that the peer resets fails alone', (start) => {
    const { pair, request } = requested(start)
    pair.receive(promise(1, 2), rstStream(2, CANCEL), response(1, 200, true))
    expect(request.pushes[0]!.sink.failure).toMatchObject({ initiator: 'peer', errorCode: CANCEL })
    expect(request.ended).toBe(true)
  })

  it('outlives its request, and holds up the end of a shutdown', () => {
    const pair = EnginePair.ready({ enablePush: true })
    const request = pair.open()
    pair.frames()
    pair.receive(promise(1, 2), response(1, 200, true))
    pair.connection.shutdown(0, pair.now)
    expect(pair.closed).toBe(false)
    pair.receive(response(2, 200, true))
    expect(request.pushes[0]!.sink.ended).toBe(true)
    expect(pair.closed).toBe(true)
    expect(lines(pair.frames())).toEqual(['GOAWAY 2 NO_ERROR'])
  })

  it('can be reset from within its offer', () => {
    const pair = EnginePair.ready({ enablePush: true })
    const request = pair.open()
    pair.frames()
    const take = request.onPush.bind(request)
    request.onPush = (stream, head) => {
      stream.reset(CANCEL)
      return take(stream, head)
    }
    pair.receive(promise(1, 2))
    expect(lines(pair.frames())).toEqual(['RST_STREAM 2 CANCEL'])
  })

  it('taken while its owner destroys the connection is told of it', () => {
    const pair = EnginePair.ready({ enablePush: true })
    const request = pair.open()
    pair.frames()
    const take = request.onPush.bind(request)
    const end = {
      scope: 'connection',
      initiator: 'user',
      errorCode: 0,
      reason: 'enough',
      processed: 'unknown',
    } as const
    request.onPush = (stream, head) => {
      pair.connection.destroy(end)
      return take(stream, head)
    }
    pair.receive(promise(1, 2))
    expect(request.pushes[0]!.sink.failure?.reason).toBe('enough')
  })
})
