import { describe, expect, it, test } from 'vitest'
import { MessagePhase, UNKNOWN_LENGTH } from '../../src/protocol/message-phase.ts'
import { concat, data, END_HEADERS, END_STREAM, headers, latin1, response } from '../support/wire.ts'
import { itInEveryDelivery } from './deliveries.ts'
import { lines } from './sent.ts'

function phase(status = 200, contentLength = UNKNOWN_LENGTH, isHead = false, tunnel = false): MessagePhase {
  const made = new MessagePhase()
  made.response(status, contentLength, isHead, tunnel)
  return made
}

describe('the phase of a message (RFC 9113 §8.1)', () => {
  it('has no content and no end before the response', () => {
    const made = new MessagePhase()
    expect(made.expectsResponse).toBe(true)
    expect(made.content(0)).toMatch(/§8\.1\)/)
    expect(made.content(1)).toMatch(/§8\.1\)/)
    expect(made.end()).toMatch(/§8\.1\)/)
    made.response(200, UNKNOWN_LENGTH, false, false)
    expect(made.expectsResponse).toBe(false)
    expect(made.content(1)).toBeUndefined()
    expect(made.end()).toBeUndefined()
  })

  test.each([[0], [1], [8]])('takes %i informational responses and no more (RFC 9110 §15.2)', (limit) => {
    const made = new MessagePhase()
    for (let i = 0; i < limit; i++) expect(made.informational(103, false, limit, 0)).toBeUndefined()
    expect(made.informational(103, false, limit, 0)).toMatch(`more than ${limit}`)
    expect(made.expectsResponse).toBe(true)
  })

  it('forgives ten informational responses a second, from the first on', () => {
    const made = new MessagePhase()
    for (let i = 0; i < 100; i++) expect(made.informational(102, false, 2, 5000 + 100 * i)).toBeUndefined()
    expect(made.informational(102, false, 2, 14_900)).toBeUndefined()
    expect(made.informational(102, false, 2, 14_900)).toMatch('more than 101')
  })

  it('knows no 101, and no informational response that ends (RFC 9113 §8.1, §8.6)', () => {
    expect(new MessagePhase().informational(101, false, 8, 0)).toMatch(/101/)
    expect(new MessagePhase().informational(100, true, 8, 0)).toMatch(/END_STREAM/)
  })

  it('wants END_STREAM with trailers', () => {
    expect(phase().trailers(false)).toMatch(/trailers/)
    expect(phase().trailers(true)).toBeUndefined()
  })
})

describe('content-length (RFC 9113 §8.1.1)', () => {
  test.each<[string, MessagePhase, number[], 'complete' | 'short' | 'refused']>([
    ['exact', phase(200, 5), [2, 0, 3], 'complete'],
    ['exact, empty', phase(200, 0), [0], 'complete'],
    ['short', phase(200, 5), [4], 'short'],
    ['long', phase(200, 5), [3, 3], 'refused'],
    ['long by one', phase(200, 0), [1], 'refused'],
    ['unknown', phase(200), [3, 3], 'complete'],
    ['of HEAD, without content', phase(200, 5, true), [0], 'complete'],
    ['of HEAD, with content', phase(200, 5, true), [5], 'refused'],
    ['of 204', phase(204, 5), [0], 'complete'],
    ['of 204, with content', phase(204, 5), [5], 'refused'],
    ['of 304', phase(304, 5), [0], 'complete'],
    ['of 304, with content', phase(304, 5), [1], 'refused'],
    ['of a tunnel, where it means nothing (RFC 9110 §9.3.6)', phase(200, 5, false, true), [9], 'complete'],
  ])('%s', (_name, made, lengths, outcome) => {
    const broken = lengths.map((length) => made.content(length)).find((rule) => rule !== undefined)
    expect(broken === undefined).toBe(outcome !== 'refused')
    if (outcome === 'complete') expect(made.end()).toBeUndefined()
    if (outcome === 'short') expect(made.end()).toMatch(/less content/)
  })

  it('is told while it is known', () => {
    const made = phase(200, 5)
    expect(made.contentLeft).toBe(5)
    made.content(2)
    expect(made.contentLeft).toBe(3)
    expect(phase(200, 5, true).contentLeft).toBe(UNKNOWN_LENGTH)
  })
})

describe('a response', () => {
  const ending = END_HEADERS | END_STREAM
  const length5 = headers(1, [
    [':status', '200'],
    ['content-length', '5'],
  ])
  const table: [what: string, bytes: Uint8Array, calls: string[], method?: string][] = [
    ['of a head alone', response(1, 200, true), ['response 200 end', 'end']],
    ['with content', concat(response(1, 200), data(1, 'hi', true)), ['response 200', 'frame', 'end']],
    [
      'that ends with an empty frame',
      concat(response(1, 200), data(1, 'hi'), data(1, '', true)),
      ['response 200', 'frame', 'end'],
    ],
    [
      'with its content-length',
      concat(length5, data(1, 'hel'), data(1, 'lo', true)),
      ['response 200', 'frame', 'frame', 'end'],
    ],
    [
      'behind informational ones',
      concat(response(1, 100), response(1, 103), response(1, 200, true)),
      ['informational 100', 'informational 103', 'response 200 end', 'end'],
    ],
    [
      'with trailers',
      concat(response(1, 200), data(1, 'hi'), headers(1, [['a', 'b']], ending)),
      ['response 200', 'frame', 'trailers', 'end'],
    ],
    [
      'with trailers and no content',
      concat(response(1, 200), headers(1, [['a', 'b']], ending)),
      ['response 200', 'trailers', 'end'],
    ],
    [
      'with empty trailers',
      concat(response(1, 200), headers(1, [], ending)),
      ['response 200', 'trailers', 'end'],
    ],
    ['to HEAD with content-length', concat(length5, data(1, '', true)), ['response 200', 'end'], 'HEAD'],
    [
      '204 with content-length',
      headers(
        1,
        [
          [':status', '204'],
          ['content-length', '5'],
        ],
        ending,
      ),
      ['response 204 end', 'end'],
    ],
    [
      '304 with content-length',
      headers(
        1,
        [
          [':status', '304'],
          ['content-length', '5'],
        ],
        ending,
      ),
      ['response 304 end', 'end'],
    ],
  ]
  for (const [what, bytes, calls, method = 'GET'] of table) {
    itInEveryDelivery(`${what} is told in order, and its stream is gone (RFC 9113 §8.1)`, (start) => {
      const pair = start()
      const request = pair.open({ method })
      pair.frames()
      pair.receive(bytes)
      expect(request.calls).toEqual(['opened 1', ...calls])
      expect(pair.connection.openStreams).toBe(0)
      expect(pair.frames()).toEqual([])
    })
  }

  itInEveryDelivery(
    'has its fields in wire order, repeated ones too, and no pseudo-header field',
    (start) => {
      const pair = start()
      const request = pair.open()
      pair.frames()
      const fields = [
        ['set-cookie', 'a'],
        ['x', ''],
        ['set-cookie', 'b'],
      ] as const
      pair.receive(
        headers(1, [
          [':status', '103'],
          ['link', '</x>'],
        ]),
        headers(1, [[':status', '200'], ...fields]),
        headers(
          1,
          [
            ['x-sum', '1'],
            ['x-sum', '2'],
          ],
          ending,
        ),
      )
      expect(request.informational).toEqual([{ status: 103, fields: ['link', '</x>'] }])
      expect(request.fields).toEqual(fields.flat())
      expect(request.trailers).toEqual(['x-sum', '1', 'x-sum', '2'])
    },
  )

  itInEveryDelivery('that is complete stops the upload, which is no failure (RFC 9113 §8.1)', (start) => {
    const pair = start()
    const request = pair.open({ method: 'POST' }, false)
    request.stream!.write(latin1('part'))
    pair.frames()
    pair.receive(response(1, 200), data(1, 'enough', true))
    expect(request.calls.slice(-2)).toEqual(['end', 'writable'])
    expect(request.stream!.writable).toBe(false)
    request.stream!.write(latin1('more'))
    request.stream!.end()
    expect(lines(pair.frames())).toEqual(['RST_STREAM 1 NO_ERROR'])
    expect(pair.connection.openStreams).toBe(0)
  })

  itInEveryDelivery('may come before the end of the upload, which goes on', (start) => {
    const pair = start()
    const request = pair.open({ method: 'POST' }, false)
    pair.frames()
    pair.receive(response(1, 200), data(1, 'early'))
    request.stream!.write(latin1('more'))
    request.stream!.end()
    expect(lines(pair.frames())).toEqual(['DATA 1 4 end'])
    pair.receive(data(1, '', true))
    expect(request.ended).toBe(true)
    expect(pair.frames()).toEqual([])
  })
})
