import { describe, expect, it, test } from 'vitest'
import { fieldSectionSize } from '../../src/protocol/field-rules.ts'
import { checkRequestHead, checkSentFields } from '../../src/protocol/fields-sent.ts'
import type { RequestHead } from '../../src/protocol/index.ts'
import { EnginePair } from '../support/engine.ts'
import { HEADERS } from '../support/wire.ts'

const GET: RequestHead = { method: 'GET', scheme: 'https', authority: 'a.test', path: '/', fields: [] }
const CONNECT: RequestHead = { method: 'CONNECT', authority: 'a.test:443', fields: [] }
const WEBSOCKET: RequestHead = { ...GET, method: 'CONNECT', protocol: 'websocket' }

describe('the head of a request (RFC 9113 §8.3.1)', () => {
  test.each<[string, RequestHead]>([
    ['the plainest', GET],
    ['a method of its own', { ...GET, method: "M!#$%&'*+-.^_`|~09az" }],
    ['a port', { ...GET, authority: 'a.test:8443' }],
    ['an IPv6 address', { ...GET, authority: '[::1]:443' }],
    ['a percent in the host', { ...GET, authority: 'a%20b' }],
    ['a query', { ...GET, path: '/?q="x"&y=[1]|2' }],
    ['two slashes', { ...GET, path: '//x' }],
    ['OPTIONS of the server', { ...GET, method: 'OPTIONS', path: '*' }],
    ['another scheme', { ...GET, scheme: 'coap+tcp' }],
    ['CONNECT (RFC 9113 §8.5)', CONNECT],
    ['extended CONNECT (RFC 8441 §4)', WEBSOCKET],
    ['an urgency (RFC 9218 §4.1)', { ...GET, urgency: 0 }],
  ])('takes %s', (_name, head) => {
    expect(() => checkRequestHead(head)).not.toThrow()
  })

  it('is looked at again where it differs from the last', () => {
    expect(() => checkRequestHead(GET)).not.toThrow()
    expect(() => checkRequestHead({ ...GET, path: '/a b' })).toThrow(/^path/)
    expect(() => checkRequestHead({ ...GET, path: '/a b' })).toThrow(/^path/)
    expect(() => checkRequestHead(GET)).not.toThrow()
    expect(() => checkRequestHead({ ...GET, method: 'CONNECT', path: '*', protocol: 'x' })).toThrow(/^path/)
  })

  test.each<[string, RegExp, Partial<RequestHead>]>([
    ['no method', /^method/, { method: '' }],
    ['a method with a space', /^method/, { method: 'GET /' }],
    ['a method with a line end', /^method/, { method: 'GET\r\n' }],
    ['a method that is no ASCII', /^method/, { method: 'GÉT' }],
    ['no authority', /^authority/, { authority: '' }],
    ['userinfo', /^authority/, { authority: 'me:secret@a.test' }],
    ['an authority with a path', /^authority/, { authority: 'a.test/x' }],
    ['an authority with a query', /^authority/, { authority: 'a.test?x' }],
    ['an authority with a line end', /^authority/, { authority: 'a.test\r\n' }],
    ['an authority that is no ASCII', /^authority/, { authority: 'ä.test' }],
    ['no scheme', /^scheme/, { scheme: undefined }],
    ['a scheme in capitals', /^scheme/, { scheme: 'HTTPS' }],
    ['a scheme with its colon', /^scheme/, { scheme: 'https:' }],
    ['no path', /^path/, { path: undefined }],
    ['an empty path', /^path/, { path: '' }],
    ['a path without its slash', /^path/, { path: 'x' }],
    ['a query alone', /^path/, { path: '?x' }],
    ['an asterisk', /^path/, { path: '*' }],
    ['a fragment', /^path/, { path: '/#top' }],
    ['a path with a space', /^path/, { path: '/a b' }],
    ['a path with a line end', /^path/, { path: '/\r\nx: y' }],
    ['a path with NUL', /^path/, { path: '/\0' }],
    ['a path with DEL', /^path/, { path: '/\x7f' }],
    ['a path that is no ASCII', /^path/, { path: '/é' }],
    ['CONNECT with a path (RFC 9113 §8.5)', /^CONNECT/, { ...CONNECT, scheme: undefined, path: '/' }],
    ['CONNECT with a scheme (RFC 9113 §8.5)', /^CONNECT/, { ...CONNECT, scheme: 'https', path: undefined }],
    ['a protocol without CONNECT (RFC 8441 §4)', /^protocol/, { protocol: 'websocket' }],
    ['a protocol that is no token', /^protocol/, { method: 'CONNECT', protocol: 'web socket' }],
    ['extended CONNECT without a path (RFC 8441 §4)', /^path/, { ...WEBSOCKET, path: undefined }],
    ['extended CONNECT without a scheme (RFC 8441 §4)', /^scheme/, { ...WEBSOCKET, scheme: undefined }],
  ])('refuses %s, before anything is queued', (_name, message, change) => {
    const pair = EnginePair.ready()
    expect(() => pair.open(change)).toThrow(TypeError)
    expect(() => pair.open(change)).toThrow(message)
    expect([pair.connection.queuedStreams, pair.frames()]).toEqual([0, []])
  })

  test.each([-1, 8, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'refuses the urgency %s (RFC 9218 §4.1)',
    (urgency) => {
      const pair = EnginePair.ready()
      expect(() => pair.open({ urgency })).toThrow(RangeError)
    },
  )

  it('quotes no more of a bad value than fits a line', () => {
    expect(() => checkRequestHead({ ...GET, path: ' '.repeat(5000) })).toThrow(/^.{1,120}$/)
  })
})

describe('the fields that we send (RFC 9113 §8.2)', () => {
  test.each<[string, string, string]>([
    ['a token', "x!#$%&'*+-.^_`|~09az", 'v'],
    ['nothing as a value', 'x', ''],
    ['a tab and a space inside', 'x', 'a\t b'],
    ['all that one octet can hold', 'x', '\x80\xff é'],
    ['te: trailers (RFC 9113 §8.2.2)', 'te', 'trailers'],
    ['the same host (RFC 9113 §8.3.1)', 'host', 'a.test'],
    ['content-length', 'content-length', '5'],
  ])('may have %s', (_name, name, value) => {
    expect(() => checkSentFields([name, value], 'a.test')).not.toThrow()
  })

  test.each<[string, string, string]>([
    ['an empty name', '', 'v'],
    ['a capital', 'X-A', 'v'],
    ['a space in the name', 'x a', 'v'],
    ['a colon in the name', 'x:a', 'v'],
    ['a pseudo-header field', ':path', '/'],
    ['a line end in the name', 'x\r\ny', 'v'],
    ['NUL in the name', 'x\0', 'v'],
    ['a name that is no ASCII', 'é', 'v'],
    ['CR', 'x', 'a\rb'],
    ['LF', 'x', 'a\nb'],
    ['NUL', 'x', 'a\0b'],
    ['another control character', 'x', 'a\x01b'],
    ['DEL', 'x', 'a\x7fb'],
    ['a character that no octet holds', 'x', '€'],
    ['a space before', 'x', ' a'],
    ['a tab behind', 'x', 'a\t'],
    ['only a space', 'x', ' '],
    ['connection', 'connection', 'close'],
    ['keep-alive', 'keep-alive', 'timeout=5'],
    ['proxy-connection', 'proxy-connection', 'close'],
    ['transfer-encoding', 'transfer-encoding', 'chunked'],
    ['upgrade', 'upgrade', 'h2c'],
    ['te with anything else (RFC 9113 §8.2.2)', 'te', 'gzip'],
    ['another host (RFC 9113 §8.3.1)', 'host', 'b.test'],
  ])('may not have %s, in heads and in trailers', (_name, name, value) => {
    const pair = EnginePair.ready()
    const fields = ['fine', 'yes', name, value]
    expect(() => pair.open({ fields })).toThrow(TypeError)
    // The second try may not profit from the memory of the first.
    expect(() => pair.open({ fields })).toThrow(TypeError)
    expect([pair.connection.queuedStreams, pair.frames()]).toEqual([0, []])
    const request = pair.open({ method: 'POST' }, false)
    expect(() => request.stream!.end(fields)).toThrow(TypeError)
    expect(request.stream!.writable).toBe(true)
    request.stream!.end(['fine', 'yes'])
    expect(pair.frames().map((frame) => frame.type)).toEqual([HEADERS, HEADERS])
  })

  it('are checked again with another authority (RFC 9113 §8.3.1)', () => {
    const pair = EnginePair.ready()
    // A list that cannot change is checked once: but not for another authority.
    const fields = Object.freeze(['host', 'a.test'])
    pair.open({ fields })
    expect(() => pair.open({ fields, authority: 'b.test' })).toThrow(/host/)
  })

  it('are checked again when the caller has changed the list', () => {
    const pair = EnginePair.ready()
    const fields = ['a', 'b']
    pair.open({ fields })
    fields.push('c', 'd\r\ninjected: yes')
    expect(() => pair.open({ fields })).toThrow(TypeError)
  })

  it('that repeat in number are remembered only up to a bound', () => {
    // Names beyond the memory, and long ones, are judged each time and alike.
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 600; i++) {
        expect(() => checkSentFields([`x-${i}`, 'v'])).not.toThrow()
        expect(() => checkSentFields([`X-${i}`, 'v'])).toThrow(TypeError)
      }
    }
    expect(() => checkSentFields(['x'.repeat(5000), 'v'])).not.toThrow()
  })
})

test('a field section is counted with 32 octets for each field (RFC 9113 §6.5.2)', () => {
  expect(fieldSectionSize([])).toBe(0)
  expect(fieldSectionSize(['ab', 'c', 'd', ''])).toBe(68)
})
