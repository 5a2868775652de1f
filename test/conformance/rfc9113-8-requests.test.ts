/** Requests: what is sent, and what is refused before an octet of it is (RFC 9113 §8.2, §8.3, §8.6). */
import { expect } from 'vitest'
import type { RequestHead } from '../../src/protocol/index.ts'
import { FieldBlockDecoder } from '../support/field-blocks.ts'
import { requestFault } from '../support/request-rules.ts'
import { DATA, END_HEADERS, END_STREAM, HEADERS, PADDED, response } from '../support/wire.ts'
import type { Peer } from './peer.ts'
import { rule } from './rule.ts'

/** Heads that throw TypeError where they are given, and leave no trace. */
function refused(rows: readonly (readonly [id: string, what: string, head: Partial<RequestHead>])[]): void {
  for (const [id, what, head] of rows) {
    rule(id, `${what} is refused, and nothing is sent`, (stage) => {
      const peer = stage.ready()
      expect(() => peer.connection.open(full(head), true, peer.open(), peer.now)).toThrow(TypeError)
      expect(peer.framesOf(HEADERS), 'the request that lent its sink').toHaveLength(1)
      peer.sends(response(1, 200, true))
      peer.expectUsable()
    })
  }
}

function full(head: Partial<RequestHead>): RequestHead {
  return { method: 'GET', scheme: 'https', authority: 'a.test', path: '/', fields: [], ...head }
}

/** Names and values of the request that is sent now. */
function sentFields(peer: Peer, decoder = new FieldBlockDecoder()): [string, string][] {
  const [sent] = peer.framesOf(HEADERS)
  const { fields } = decoder.decode(sent!.payload)
  expect(requestFault(fields, true)).toBeUndefined()
  return fields.map(({ name, value }) => [name, value])
}

const BAD_OCTETS = ['\0', '\t', '\n', '\r', ' ', '\x7f', '\x80', 'é', 'Ā']

refused([
  ['N14', 'content-length of a GET', { fields: ['content-length', '2'] }],
  ['N14', 'content-length that is no number', { fields: ['content-length', '2x'] }],
  ['N14', 'content-length twice', { fields: ['content-length', '0', 'content-length', '0'] }],
  ['N14', 'content-length, a list', { fields: ['content-length', '0, 0'] }],
  ['N14', 'content-length of CONNECT', { method: 'CONNECT', scheme: undefined, path: undefined, fields: ['content-length', '0'] }], // biome-ignore format: a row
  ['N1', 'an empty method', { method: '' }],
  ['N1', 'a method with a space', { method: 'GET ' }],
  ['N1', 'a method with a line break', { method: 'GET\r\nx' }],
  ['N1', 'a method that is no token', { method: 'G:T' }],
  ['N1', 'a request without :scheme', { scheme: undefined }],
  ['N1', 'an empty :scheme', { scheme: '' }],
  ['N1', 'a :scheme with a colon', { scheme: 'https:' }],
  ['N1', 'a request without :path', { path: undefined }],
  ['N2', 'an empty :path', { path: '' }],
  ['N2', 'a :path that does not begin with a slash', { path: 'index.html' }],
  ['N2', 'an absolute URI as :path', { path: 'https://a.test/' }],
  ['N2', 'an asterisk with another method than OPTIONS', { path: '*' }],
  ['N2', 'a :path with a fragment', { path: '/a#b' }],
  ['N3', 'userinfo in :authority', { authority: 'user@a.test' }],
  ['N3', 'userinfo with a password in :authority', { authority: 'user:pass@a.test' }],
  ['N3', 'an empty :authority', { authority: '' }],
  ['N3', 'a path in :authority', { authority: 'a.test/x' }],
  ['N3', 'host that differs from :authority', { fields: ['host', 'b.test'] }],
  ['N3', 'host twice, once different', { fields: ['host', 'a.test', 'host', 'b.test'] }],
  ['N4', ':method among the fields', { fields: [':method', 'GET'] }],
  ['N4', ':authority among the fields', { fields: ['x-a', 'b', ':authority', 'b.test'] }],
  ['N4', 'an unknown pseudo-header field', { fields: [':version', '2'] }],
  ['N4', ':status in a request', { fields: [':status', '200'] }],
  ['N5', 'a name with upper-case letters', { fields: ['X-Upper', 'x'] }],
  ['N6', 'an empty name', { fields: ['', 'x'] }],
  ...[...BAD_OCTETS, ':', 'a:b', '"', '(', ',', '/', '@'].map(
    (octet) => ['N6', `a name with ${JSON.stringify(octet)}`, { fields: [`x${octet}`, 'v'] }] as const,
  ),
  ...['a\0b', 'a\nb', 'a\rb', 'a\r\nx: y', 'a\x01b', 'a\x7fb', 'Ā', ' a', 'a ', '\ta', 'a\t'].map(
    (value) => ['N6', `the value ${JSON.stringify(value)}`, { fields: ['x-a', value] }] as const,
  ),
  ...BAD_OCTETS.flatMap((octet) => [
    ['N6', `:path with ${JSON.stringify(octet)}`, { path: `/a${octet}b` }] as const,
    ['N6', `:authority with ${JSON.stringify(octet)}`, { authority: `a${octet}test` }] as const,
  ]),
  ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'].map(
    (name) => ['N7', `the field ${name}`, { fields: [name, 'x'] }] as const,
  ),
  ['N8', 'te: gzip', { fields: ['te', 'gzip'] }],
  ['N8', 'te: trailers, gzip', { fields: ['te', 'trailers, gzip'] }],
  ['N8', 'te without a value', { fields: ['te', ''] }],
  ['N12', 'upgrade: h2c', { fields: ['upgrade', 'h2c'] }],
])

for (const [method, endStream] of [
  ['GET', true],
  ['POST', false],
  ['M-SEARCH', true],
] as const) {
  rule('N1', `${method} is sent with one :method, :scheme, :authority and :path`, (stage) => {
    const peer = stage.ready()
    peer.open({ method, path: '/a?b=c%20d' }, endStream)
    expect(sentFields(peer).toSorted()).toEqual([
      [':authority', 'a.test'],
      [':method', method],
      [':path', '/a?b=c%20d'],
      [':scheme', 'https'],
    ])
  })
}

rule('N2', 'an asterisk may be the :path of OPTIONS', (stage) => {
  const peer = stage.ready()
  peer.open({ method: 'OPTIONS', path: '*' })
  expect(sentFields(peer)).toContainEqual([':path', '*'])
})

rule('N3', 'host may be sent as well if it says the same', (stage) => {
  const peer = stage.ready()
  peer.open({ authority: '[::1]:8443', fields: ['host', '[::1]:8443'] })
  const fields = sentFields(peer)
  expect(fields).toContainEqual([':authority', '[::1]:8443'])
  expect(fields).toContainEqual(['host', '[::1]:8443'])
})

rule('N3', 'a list of fields that was right for one authority is checked again for another', (stage) => {
  const peer = stage.ready()
  const fields = ['host', 'a.test']
  peer.open({ fields })
  expect(() => peer.open({ fields, authority: 'b.test' })).toThrow(TypeError)
  peer.requests.pop()
  expect(peer.framesOf(HEADERS)).toHaveLength(1)
})

rule('N4', 'pseudo-header fields stand before all others', (stage) => {
  const peer = stage.ready()
  peer.open({ fields: ['accept', '*/*', 'x-a', 'b'] })
  const names = sentFields(peer).map(([name]) => name)
  expect(names.slice(0, 4).every((name) => name.startsWith(':'))).toBe(true)
  expect(names.slice(4)).toEqual(['accept', 'x-a'])
})

rule('N6', 'every octet that is allowed in a name or a value arrives as it was given', (stage) => {
  const peer = stage.ready()
  const codes = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code))
  const name = codes.filter((char) => /[!#$%&'*+\-.^_`|~0-9a-z]/.test(char)).join('')
  const value = codes.slice(0x21, 0x7f).join('')
  const fields = [name, value, 'x-high', codes.slice(0x80).join(''), 'x-inner', 'a \t b', 'x-empty', '']
  peer.open({ fields })
  expect(sentFields(peer).slice(4).flat()).toEqual(fields)
})

rule('N8', 'te: trailers is sent', (stage) => {
  const peer = stage.ready()
  peer.open({ fields: ['te', 'trailers'] })
  expect(sentFields(peer)).toContainEqual(['te', 'trailers'])
})

rule('N9', 'cookie fields are sent as they were given, whole or in crumbs', (stage) => {
  const peer = stage.ready()
  const decoder = new FieldBlockDecoder()
  peer.open({ fields: ['cookie', 'a=b; c=d; e=f'] })
  expect(sentFields(peer, decoder).filter(([name]) => name === 'cookie')).toEqual([
    ['cookie', 'a=b; c=d; e=f'],
  ])
  peer.open({ fields: ['cookie', 'a=b', 'cookie', 'c=d'] })
  expect(sentFields(peer, decoder).filter(([name]) => name === 'cookie')).toEqual([
    ['cookie', 'a=b'],
    ['cookie', 'c=d'],
  ])
})

rule('N11', 'trailers are HEADERS with END_STREAM behind the content', (stage) => {
  const peer = stage.ready()
  const request = peer.post()
  request.stream!.write(new Uint8Array(10))
  request.stream!.end(['x-checksum', '1'])
  const sent = peer.frames()
  expect(sent.map(({ type, flags }) => [type, flags])).toEqual([
    [HEADERS, END_HEADERS],
    [DATA, 0],
    [HEADERS, END_HEADERS | END_STREAM],
  ])
  const decoder = new FieldBlockDecoder()
  decoder.decode(sent[0]!.payload)
  const { fields } = decoder.decode(sent[2]!.payload)
  expect(fields.map(({ name, value }) => [name, value])).toEqual([['x-checksum', '1']])
})

for (const trailers of [
  [':path', '/'],
  [':status', '200'],
  ['Upper', 'x'],
  ['transfer-encoding', 'x'],
  ['x-a', 'a\r\nb'],
]) {
  rule(
    'N11',
    `the trailer ${JSON.stringify(trailers[0])} is refused, and the request can still be ended`,
    (stage) => {
      const peer = stage.ready()
      const request = peer.post()
      request.stream!.write(new Uint8Array(10))
      expect(() => request.stream!.end(trailers)).toThrow(TypeError)
      request.stream!.end(['x-a', 'b'])
      expect(peer.frames().map((sent) => sent.type)).toEqual([HEADERS, DATA, HEADERS])
      peer.sends(response(1, 200, true))
      expect(request.ended).toBe(true)
    },
  )
}

rule('P15', 'nothing is padded, content is not coded, and credentials stay out of the table', (stage) => {
  const peer = stage.ready()
  const decoder = new FieldBlockDecoder()
  const secrets = ['authorization', 'Bearer x', 'cookie', 'pin=1']
  const request = peer.post({ fields: secrets })
  request.stream!.write(Uint8Array.from('aaaaaaaaaaaaaaaa', (char) => char.charCodeAt(0)))
  request.stream!.end()
  const sent = peer.frames()
  expect(sent.every(({ type, flags }) => type > HEADERS || (flags & PADDED) === 0)).toBe(true)
  expect(sent[1]!.payload).toHaveLength(16)
  const { fields } = decoder.decode(sent[0]!.payload)
  for (const { name, representation } of fields.slice(4)) {
    expect([name, representation]).toEqual([name, 'never indexed'])
  }
})

rule('N14', 'content-length 0 of a GET, as it is forwarded, is sent', (stage) => {
  const peer = stage.ready()
  peer.open({ fields: ['content-length', '0'] })
  expect(sentFields(peer)).toContainEqual(['content-length', '0'])
})

rule('N10', 'content beyond content-length is not taken, and less does not end', (stage) => {
  const peer = stage.ready()
  const { stream } = peer.post({ fields: ['content-length', '3'] })
  stream!.write(new Uint8Array(2))
  expect(() => stream!.write(new Uint8Array(2))).toThrow(TypeError)
  expect(() => stream!.end()).toThrow(TypeError)
  stream!.write(new Uint8Array(1))
  stream!.end()
  const sent = peer.framesOf(DATA).map(({ payload, flags }) => [payload.length, flags])
  expect(sent).toEqual([[3, END_STREAM]])
})

for (const name of [
  'authorization',
  'content-length',
  'content-type',
  'host',
  'set-cookie',
  'te',
  'trailer',
  'if-match',
]) {
  rule('N15', `${name} behind the content is refused, and the request goes on`, (stage) => {
    const peer = stage.ready()
    const { stream } = peer.post()
    peer.frames()
    expect(() => stream!.end([name, name === 'te' ? 'trailers' : '1'])).toThrow(TypeError)
    stream!.end(['x-sum', '1'])
    expect(peer.framesOf(HEADERS)).toHaveLength(1)
  })
}
