/** Responses: what makes them malformed, and what does not (RFC 9113 §8.1 to §8.3, §8.6). */
import { expect } from 'vitest'
import { concat, data, END_HEADERS, END_STREAM, headers, response } from '../support/wire.ts'
import { PROTOCOL_ERROR, STREAM_CLOSED } from './codes.ts'
import { resets } from './peer.ts'
import { rule, streamErrors } from './rule.ts'

type Fields = readonly (readonly [name: string, value: string])[]

const COMPLETE = END_HEADERS | END_STREAM
const ok = [':status', '200'] as const

/** A complete response, its fields behind `:status`. */
function withFields(...fields: Fields): Uint8Array {
  return headers(1, [ok, ...fields], COMPLETE)
}

/** A row whose response is malformed. */
function malformed(id: string, what: string, fields: Fields) {
  return [id, what, headers(1, fields, COMPLETE), PROTOCOL_ERROR] as const
}

const octet = (code: number) => `x${String.fromCharCode(code)}y`

streamErrors([
  malformed('M1', 'a response without :status', [['server', 'x']]),
  malformed('M1', 'a response without :status whose first field looks like one', [['age', '200']]),
  malformed('M1', 'a response without fields', []),
  malformed('M1', ':status twice', [ok, ok]),
  malformed('M1', 'a second :status that differs', [ok, [':status', '204']]),
  ...['', '20', '2000', 'abc', '2x0', '+20', ' 200', '-20', '2.0', '2e2', '099'].map((status) =>
    malformed('M1', `:status ${JSON.stringify(status)}`, [[':status', status]]),
  ),
  [
    'M1',
    'a malformed :status of an informational response',
    headers(1, [[':status', '1xx']]),
    PROTOCOL_ERROR,
  ],
  ...[':method', ':scheme', ':authority', ':path', ':protocol'].map((name) =>
    malformed('M2', `${name} in a response`, [ok, [name, 'GET']]),
  ),
  malformed('M2', ':path before :status', [[':path', '/'], ok]),
  malformed('M2', ':path in place of :status', [[':path', '200']]),
  malformed('M3', 'an unknown pseudo-header field', [ok, [':state', '1']]),
  malformed('M3', 'a pseudo-header field without a name', [ok, [':', '1']]),
  malformed('M4', ':status behind another field', [['server', 'x'], ok]),
  malformed('M4', 'a second :status behind another field', [ok, ['server', 'x'], ok]),
  malformed('M6', 'a name with an upper-case letter', [ok, ['Server', 'x']]),
  malformed('M6', 'a name with a Z at its end', [ok, ['serverZ', 'x']]),
  malformed('M7', 'an empty name', [ok, ['', 'x']]),
  ...[0x00, 0x01, 0x09, 0x0a, 0x0d, 0x1f, 0x20, 0x7f, 0x80, 0xff].map((code) =>
    malformed('M7', `a name with octet ${code}`, [ok, [octet(code), 'x']]),
  ),
  malformed('M8', 'a name with a colon inside', [ok, ['a:b', 'x']]),
  malformed('M8', 'a name with a colon at its end', [ok, ['a:', 'x']]),
  ...[0x00, 0x0a, 0x0d].map((code) =>
    malformed('M9', `a value with octet ${code}`, [ok, ['x-a', octet(code)]]),
  ),
  malformed('M9', 'a value that is NUL', [ok, ['x-a', '\0']]),
  ...[' x', '\tx', 'x ', 'x\t', ' '].map((value) =>
    malformed('M10', `the value ${JSON.stringify(value)}`, [ok, ['x-a', value]]),
  ),
  ...['connection', 'proxy-connection', 'keep-alive', 'transfer-encoding', 'upgrade'].map((name) =>
    malformed('M11', `the field ${name}`, [ok, [name, 'x']]),
  ),
  malformed('M12', 'the field te', [ok, ['te', 'trailers']]),
  ...['', '+5', '-1', '5,5', '5, 5', '0x5', '1e1', '5.0', 'five', '9'.repeat(30)].map((value) =>
    malformed('M13', `content-length ${JSON.stringify(value)}`, [ok, ['content-length', value]]),
  ),
  ...[
    ['1', '3'],
    ['3', '1'],
  ].map(([first, second]) => {
    const lengths = [ok, ['content-length', first!], ['content-length', second!]] as const
    const what = `content-length ${first}, then ${second}`
    return ['M13', what, concat(headers(1, lengths), data(1, 'abc', true)), PROTOCOL_ERROR] as const
  }),
  malformed('M13', 'content-length fields that differ', [
    ok,
    ['content-length', '0'],
    ['content-length', '1'],
  ]),
  ['M18', 'status 101', headers(1, [[':status', '101']]), PROTOCOL_ERROR],
  ['M18', 'status 101 with END_STREAM', headers(1, [[':status', '101']], COMPLETE), PROTOCOL_ERROR],
  [
    'M19',
    'END_STREAM on an informational response',
    headers(1, [[':status', '103']], COMPLETE),
    PROTOCOL_ERROR,
  ],
  ['M19', 'END_STREAM on 100', headers(1, [[':status', '100']], COMPLETE), PROTOCOL_ERROR],
  [
    'M22',
    'END_STREAM behind informational responses alone',
    concat(headers(1, [[':status', '103']]), data(1, '', true)),
    PROTOCOL_ERROR,
  ],
])

const begun = concat(response(1, 200), data(1, 'x'))
streamErrors([
  ['M5', ':status in trailers', concat(begun, headers(1, [ok], COMPLETE)), PROTOCOL_ERROR],
  [
    'M5',
    ':path behind a field of trailers',
    concat(
      begun,
      headers(
        1,
        [
          ['a', 'b'],
          [':path', '/'],
        ],
        COMPLETE,
      ),
    ),
    PROTOCOL_ERROR,
  ],
  ['M6', 'an upper-case name in trailers', concat(begun, headers(1, [['A', 'b']], COMPLETE)), PROTOCOL_ERROR],
  [
    'M11',
    'transfer-encoding in trailers',
    concat(begun, headers(1, [['transfer-encoding', 'x']], COMPLETE)),
    PROTOCOL_ERROR,
  ],
  ['M16', 'trailers without END_STREAM', concat(begun, headers(1, [['a', 'b']])), PROTOCOL_ERROR],
  ['M16', 'a second response', concat(begun, response(1, 200)), PROTOCOL_ERROR],
  [
    'M16',
    'an informational response behind the final one',
    concat(response(1, 200), headers(1, [[':status', '103']])),
    PROTOCOL_ERROR,
  ],
  [
    'M6',
    'an upper-case name in an informational response',
    headers(1, [
      [':status', '103'],
      ['A', 'b'],
    ]),
    PROTOCOL_ERROR,
  ],
])

rule('M1', 'a malformed response is never told', (stage) => {
  const peer = stage.ready()
  const request = peer.open()
  peer.frames()
  peer.sends(headers(1, [ok, ['x-a', 'b'], ['Upper', 'x']]), data(1, 'content', true))
  expect(request.calls.filter((call) => !call.startsWith('failure'))).toEqual(['opened 1'])
  expect(request).toMatchObject({ status: 0, fields: [], content: '' })
})

for (const status of [200, 299, 404, 599, 600, 999]) {
  rule('M1', `the status ${status} is taken`, (stage) => {
    const peer = stage.ready()
    const request = peer.open()
    peer.frames()
    peer.sends(response(1, status, true))
    expect(request).toMatchObject({ status, ended: true, failure: undefined })
  })
}

rule('M7', 'every other octet is taken in a name', (stage) => {
  const peer = stage.ready()
  const request = peer.open()
  peer.frames()
  const names = Array.from({ length: 0x7f - 0x21 }, (_, i) => String.fromCharCode(0x21 + i))
  const name = names.filter((char) => !/[A-Z:]/.test(char)).join('')
  peer.sends(withFields([name, 'x']))
  expect(request).toMatchObject({ fields: [name, 'x'], ended: true })
})

rule('M9', 'every other octet is taken in a value, and empty values are', (stage) => {
  const peer = stage.ready()
  const request = peer.open()
  peer.frames()
  const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code))
  const value = `a${all.filter((char) => !/[\0\r\n]/.test(char)).join('')}a`
  peer.sends(withFields(['x-a', value], ['x-b', '']))
  expect(request).toMatchObject({ fields: ['x-a', value, 'x-b', ''], ended: true })
})

rule('M10', 'white space inside a value is part of it', (stage) => {
  const peer = stage.ready()
  const request = peer.open()
  peer.frames()
  peer.sends(withFields(['x-a', 'a \t b']))
  expect(request.fields).toEqual(['x-a', 'a \t b'])
})

rule('M13', 'content-length that is repeated alike counts once', (stage) => {
  const peer = stage.ready()
  const request = peer.open()
  peer.frames()
  peer.sends(headers(1, [ok, ['content-length', '3'], ['content-length', '3']]), data(1, 'abc', true))
  expect(request).toMatchObject({ content: 'abc', ended: true, failure: undefined })
})

rule('M14', 'content-length in a response to HEAD or a 304 asks for no content', (stage) => {
  const peer = stage.ready()
  const [head, cached] = [peer.open({ method: 'HEAD' }), peer.open()]
  peer.frames()
  peer.sends(withFields(['content-length', '100']))
  peer.sends(
    headers(
      3,
      [
        [':status', '304'],
        ['content-length', '100'],
      ],
      COMPLETE,
    ),
  )
  expect(head).toMatchObject({ status: 200, fields: ['content-length', '100'], ended: true })
  expect(cached).toMatchObject({ status: 304, fields: ['content-length', '100'], ended: true })
  peer.expectUsable()
})

rule('M15', 'set-cookie fields stay apart', (stage) => {
  const peer = stage.ready()
  const request = peer.open()
  peer.frames()
  peer.sends(withFields(['set-cookie', 'a=1'], ['x', 'y'], ['set-cookie', 'b=2, c'], ['set-cookie', 'a=1']))
  expect(request.fields).toEqual(['set-cookie', 'a=1', 'x', 'y', 'set-cookie', 'b=2, c', 'set-cookie', 'a=1'])
})

rule('M17', 'HEADERS behind trailers are a stream error, and the response stands', (stage) => {
  const peer = stage.ready()
  const request = peer.open()
  peer.frames()
  peer.sends(begun, headers(1, [['a', 'b']], COMPLETE))
  const calls = [...request.calls]
  expect(request).toMatchObject({ trailers: ['a', 'b'], ended: true })
  peer.sends(headers(1, [['c', 'd']], COMPLETE))
  expect(resets(peer.frames())).toEqual([[1, STREAM_CLOSED]])
  expect(request.calls).toEqual(calls)
  peer.expectUsable()
})

rule(
  'M20',
  'informational responses are told one by one, unknown ones too, before the final one',
  (stage) => {
    const peer = stage.ready()
    const request = peer.open()
    peer.frames()
    for (const status of ['100', '102', '103', '199'])
      peer.sends(
        headers(1, [
          [':status', status],
          ['x-s', status],
        ]),
      )
    expect(request.status).toBe(0)
    peer.sends(response(1, 200, true))
    expect(request.informational).toEqual(
      [100, 102, 103, 199].map((status) => ({ status, fields: ['x-s', String(status)] })),
    )
    expect(request).toMatchObject({ status: 200, ended: true })
  },
)

rule('M20', 'eight of them are taken, a ninth ends the stream', (stage) => {
  const peer = stage.ready()
  const [fits, exceeds] = [peer.open(), peer.open()]
  peer.frames()
  for (const id of [1, 3]) {
    for (let i = 0; i < 8; i++) peer.sends(headers(id, [[':status', '103']]))
  }
  peer.sends(response(1, 200, true))
  expect(fits.ended).toBe(true)
  peer.sends(headers(3, [[':status', '103']]))
  peer.expectStreamError(exceeds, 3, PROTOCOL_ERROR)
})

rule('M21', 'the fields of a 103 and those of the final response do not mix', (stage) => {
  const peer = stage.ready()
  const request = peer.open()
  peer.frames()
  peer.sends(
    headers(1, [
      [':status', '103'],
      ['link', '</a.css>'],
    ]),
  )
  peer.sends(withFields(['link', '</b.css>']))
  expect(request.informational).toEqual([{ status: 103, fields: ['link', '</a.css>'] }])
  expect(request.fields).toEqual(['link', '</b.css>'])
})

rule('M22', 'informational responses, then the final one', (stage) => {
  const peer = stage.ready()
  const request = peer.open()
  peer.frames()
  peer.sends(headers(1, [[':status', '103']]), response(1, 200), data(1, 'x', true))
  expect(request.calls).toEqual(['opened 1', 'informational 103', 'response 200', 'frame', 'end'])
})
