import { describe, expect } from 'vitest'
import type { RequestHead } from '../../src/protocol/index.ts'
import {
  concat,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  headers,
  PRIORITY,
  paddedData,
  response,
  rstStream,
  windowUpdate,
} from '../support/wire.ts'
import { itInEveryDelivery } from './deliveries.ts'
import { OnConsumption } from './on-consumption.ts'
import {
  CANCEL,
  codeName,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  lines,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
} from './sent.ts'

type Fields = readonly (readonly [string, string])[]

const ok = response(1, 200)
const ending = END_HEADERS | END_STREAM

function final(fields: Fields, flags = END_HEADERS): Uint8Array {
  return headers(1, [[':status', '200'], ...fields], flags)
}

describe('a stream error ends its stream and nothing else', () => {
  type Row = [what: string, bytes: Uint8Array, head?: Partial<RequestHead>, errorCode?: number]
  const table: Row[] = [
    ['DATA before the response (RFC 9113 §8.1)', data(1, 'x')],
    ['empty DATA before the response (RFC 9113 §8.1)', data(1, '', true)],
    [
      'DATA between an informational response and the response (RFC 9113 §8.1)',
      concat(response(1, 103), data(1, 'x')),
    ],
    ['an informational response that ends the stream (RFC 9113 §8.1)', response(1, 100, true)],
    ['status 101 (RFC 9113 §8.6)', response(1, 101)],
    [
      'more informational responses than the limit (RFC 9110 §15.2)',
      concat(...Array.from({ length: 9 }, () => response(1, 102))),
    ],
    ['no :status (RFC 9113 §8.3.2)', headers(1, [['a', 'b']])],
    [
      ':status behind a field (RFC 9113 §8.3)',
      headers(1, [
        ['a', 'b'],
        [':status', '200'],
      ]),
    ],
    ['two :status (RFC 9113 §8.3)', final([[':status', '200']])],
    ['a pseudo-header field of requests (RFC 9113 §8.3)', final([[':path', '/']])],
    ['a connection-specific field (RFC 9113 §8.2.2)', final([['connection', 'close']])],
    [
      'less content than content-length (RFC 9113 §8.1.1)',
      concat(final([['content-length', '5']]), data(1, 'hell', true)),
    ],
    ['no content for a content-length (RFC 9113 §8.1.1)', final([['content-length', '5']], ending)],
    [
      'trailers before content-length is reached (RFC 9113 §8.1.1)',
      concat(final([['content-length', '5']]), data(1, 'x'), headers(1, [['a', 'b']], ending)),
    ],
    [
      'more content than content-length (RFC 9113 §8.1.1)',
      concat(final([['content-length', '5']]), data(1, 'hel'), data(1, 'lo!')),
    ],
    ['content in the response to HEAD (RFC 9110 §6.4.1)', concat(ok, data(1, 'x')), { method: 'HEAD' }],
    ['content in 204 (RFC 9110 §6.4.1)', concat(response(1, 204), data(1, 'x'))],
    ['content in 304 (RFC 9110 §6.4.1)', concat(response(1, 304), data(1, 'x'))],
    ['trailers without END_STREAM (RFC 9113 §8.1)', concat(ok, headers(1, [['a', 'b']]))],
    [
      'a pseudo-header field in trailers (RFC 9113 §8.1)',
      concat(ok, headers(1, [[':status', '200']], ending)),
    ],
    ['WINDOW_UPDATE of 0 (RFC 9113 §6.9)', windowUpdate(1, 0)],
    [
      'WINDOW_UPDATE that overflows (RFC 9113 §6.9.1)',
      windowUpdate(1, 0x7fffffff - 65_534),
      {},
      FLOW_CONTROL_ERROR,
    ],
    ['PRIORITY of 4 octets (RFC 9113 §6.3)', frame(PRIORITY, 0, 1, new Uint8Array(4)), {}, FRAME_SIZE_ERROR],
  ]
  for (const [what, bytes, head = {}, errorCode = PROTOCOL_ERROR] of table) {
    itInEveryDelivery(what, (start) => {
      const pair = start({ windowManager: OnConsumption })
      const answers = () => lines(pair.frames()).filter((line) => !line.startsWith('WINDOW_UPDATE'))
      const request = pair.open(head)
      const other = pair.open()
      pair.frames()
      pair.receive(bytes)
      expect(request.failure).toMatchObject({ scope: 'stream', initiator: 'local', errorCode })
      expect(answers()).toEqual([`RST_STREAM 1 ${codeName(errorCode)}`])
      expect(request.ended).toBe(false)
      expect(pair.connection.openStreams).toBe(1)
      // What is still under way is dropped, and the other stream lives on.
      pair.receive(
        data(1, 'late'),
        headers(1, [['late', 'x']], ending),
        rstStream(1, 0),
        response(3, 200, true),
      )
      expect(answers()).toEqual([])
      expect(request.calls.filter((call) => call.startsWith('failure'))).toHaveLength(1)
      expect(request.calls.at(-1)).toMatch(/^failure/)
      expect(other.calls).toEqual(['opened 3', 'response 200 end', 'end'])
      expect(pair.connection.recvWindow).toBe(16_777_216)
    })
  }

  itInEveryDelivery('stops an upload (RFC 9113 §5.4.2)', (start) => {
    const pair = start()
    const request = pair.open({ method: 'POST' }, false)
    request.stream!.write(new Uint8Array(100_000))
    pair.frames(100)
    pair.receive(response(1, 101))
    expect(request.stream!.writable).toBe(false)
    request.stream!.write(new Uint8Array(5))
    const rest = lines(pair.frames())
    expect(rest.filter((line) => line.startsWith('RST_STREAM'))).toEqual(['RST_STREAM 1 PROTOCOL_ERROR'])
    expect(rest.at(-1)).toBe('RST_STREAM 1 PROTOCOL_ERROR')
  })
})

describe('RST_STREAM from the peer', () => {
  const table: [what: string, bytes: Uint8Array, processed: string, errorCode: number][] = [
    ['is told with its code (RFC 9113 §6.4)', rstStream(1, CANCEL), 'unknown', CANCEL],
    [
      'REFUSED_STREAM proves that nothing was done (RFC 9113 §8.7)',
      rstStream(1, REFUSED_STREAM),
      'no',
      REFUSED_STREAM,
    ],
    [
      'REFUSED_STREAM behind a response proves nothing',
      concat(ok, rstStream(1, REFUSED_STREAM)),
      'yes',
      REFUSED_STREAM,
    ],
    ['behind the response: the peer acted', concat(ok, data(1, 'x'), rstStream(1, 2)), 'yes', 2],
    ['NO_ERROR before the end is a failure', concat(ok, rstStream(1, 0)), 'yes', 0],
    ['of an unknown code is told as it is (RFC 9113 §7)', rstStream(1, 0xfeedface), 'unknown', 0xfeedface],
  ]
  for (const [what, bytes, processed, errorCode] of table) {
    itInEveryDelivery(what, (start) => {
      const pair = start()
      const request = pair.open()
      pair.frames()
      pair.receive(bytes)
      expect(request.failure).toMatchObject({ scope: 'stream', initiator: 'peer', errorCode, processed })
      // RFC 9113 §5.4.2: never answered with another.
      expect(pair.frames()).toEqual([])
      expect(pair.connection.openStreams).toBe(0)
      request.stream!.reset(CANCEL)
      expect(pair.frames()).toEqual([])
    })
  }

  const whole: [what: string, head: Partial<RequestHead>, bytes: Uint8Array, calls: string[]][] = [
    [
      'all of content-length',
      {},
      concat(final([['content-length', '4']]), data(1, 'done')),
      ['opened 1', 'response 200', 'frame', 'end', 'writable'],
    ],
    [
      'a content-length of 0',
      {},
      final([['content-length', '0']]),
      ['opened 1', 'response 200', 'end', 'writable'],
    ],
    [
      'a response to HEAD',
      { method: 'HEAD' },
      final([['content-length', '4']]),
      ['opened 1', 'response 200', 'end', 'writable'],
    ],
  ]
  for (const [what, head, bytes, calls] of whole) {
    itInEveryDelivery(`NO_ERROR behind ${what} ends a response that is whole (RFC 9113 §8.1)`, (start) => {
      const pair = start()
      const request = pair.open({ method: 'POST', ...head }, false)
      pair.frames()
      pair.receive(bytes, rstStream(1, 0))
      expect(request.calls).toEqual(calls)
      expect(request.failure).toBeUndefined()
      expect([pair.frames(), pair.connection.openStreams]).toEqual([[], 0])
    })
    itInEveryDelivery(`any other code behind ${what} is a failure`, (start) => {
      const pair = start()
      const request = pair.open({ method: 'POST', ...head }, false)
      pair.frames()
      pair.receive(bytes, rstStream(1, CANCEL))
      expect(request.failure).toMatchObject({ errorCode: CANCEL, processed: 'yes' })
    })
  }

  itInEveryDelivery('NO_ERROR behind a part of content-length is a failure', (start) => {
    const pair = start()
    const request = pair.open()
    pair.frames()
    pair.receive(final([['content-length', '5']]), data(1, 'part'), rstStream(1, 0))
    expect(request.failure).toMatchObject({ errorCode: 0, processed: 'yes' })
  })

  itInEveryDelivery(
    'REFUSED_STREAM behind an informational response is no proof that nothing was done',
    (start) => {
      const pair = start()
      const request = pair.open({ method: 'POST' }, false)
      pair.frames()
      pair.receive(response(1, 100), rstStream(1, REFUSED_STREAM))
      expect(request.failure!.processed).not.toBe('no')
    },
  )

  itInEveryDelivery('a malformed response proves that the peer acted', (start) => {
    const pair = start()
    const request = pair.open({ method: 'POST' })
    pair.frames()
    pair.receive(final([['content-length', '5']], ending))
    expect(request.failure!.processed).toBe('yes')
  })

  itInEveryDelivery('behind a complete response changes nothing (RFC 9113 §8.1)', (start) => {
    const pair = start()
    const request = pair.open({ method: 'POST' }, false)
    pair.frames()
    pair.receive(ok, data(1, 'done', true))
    expect(lines(pair.frames())).toEqual(['RST_STREAM 1 NO_ERROR'])
    pair.receive(rstStream(1, 0))
    expect(request.calls).toEqual(['opened 1', 'response 200', 'frame', 'end', 'writable'])
    expect(request.failure).toBeUndefined()
    expect(pair.frames()).toEqual([])
  })
})

describe('the window of a stream', () => {
  itInEveryDelivery('takes what was granted, and is an error one octet later (RFC 9113 §6.9.1)', (start) => {
    const pair = start({ settings: { initialWindowSize: 10 } })
    const request = pair.open()
    request.hold = true
    pair.frames()
    pair.receive(ok, data(1, '12345'), paddedData(1, '12', 2))
    expect(request.failure).toBeUndefined()
    // The three octets of padding are owed back, but no WINDOW_UPDATE has said so.
    pair.receive(data(1, 'x'))
    expect(request.failure).toMatchObject({ scope: 'stream', errorCode: FLOW_CONTROL_ERROR })
    expect(lines(pair.frames())).toEqual(['RST_STREAM 1 FLOW_CONTROL_ERROR'])
  })

  itInEveryDelivery('stays tolerant until our SETTINGS are acknowledged (RFC 9113 §6.9.3)', (start) => {
    const pair = start({ settings: { initialWindowSize: 10 } }, 'unready')
    const request = pair.open()
    request.hold = true
    pair.frames()
    pair.receive(frame(4, 0, 0), ok, data(1, new Uint8Array(16_000)))
    for (let i = 0; i < 3; i++) pair.receive(data(1, new Uint8Array(16_000)))
    pair.receive(data(1, new Uint8Array(1535)))
    expect(request.failure).toBeUndefined()
    pair.receive(frame(4, 1, 0), data(1, new Uint8Array(1)))
    expect(request.failure).toMatchObject({ errorCode: FLOW_CONTROL_ERROR })
    const next = pair.open()
    pair.frames()
    pair.receive(response(3, 200), data(3, '12345678901'))
    expect(next.failure).toMatchObject({ errorCode: FLOW_CONTROL_ERROR })
  })
})

describe('the window of the connection', () => {
  itInEveryDelivery('is shared, and passing it is an error of the connection (RFC 9113 §6.9.1)', (start) => {
    const pair = start({ limits: { connectionWindowSize: 65_535 } })
    const requests = [pair.open(), pair.open()]
    for (const request of requests) request.hold = true
    pair.frames()
    const eighth = new Uint8Array(8192)
    pair.receive(ok, response(3, 200))
    for (let i = 0; i < 4; i++) pair.receive(data(1, eighth), data(3, eighth.subarray(i === 3 ? 1 : 0)))
    expect(pair.connection.recvWindow).toBe(0)
    expect(pair.closed).toBe(false)
    pair.receive(data(1, '', true))
    expect(requests[0]!.ended).toBe(true)
    pair.receive(data(3, 'x'))
    expect(pair.closedWith).toMatchObject({ scope: 'connection', errorCode: FLOW_CONTROL_ERROR })
  })
})
