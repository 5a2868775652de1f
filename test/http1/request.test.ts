import { describe, expect, it } from 'vitest'
import { OutputBuffer } from '../../src/bytes.ts'
import { framedHead } from '../../src/http1/request-head.ts'
import { RequestWriter } from '../../src/http1/request-writer.ts'
import type { RequestHead } from '../../src/protocol/index.ts'

const HEAD: RequestHead = { method: 'GET', scheme: 'http', authority: 'a.test', path: '/', fields: [] }

/** The head as it is sent. */
function sent(head: Partial<RequestHead>, endStream = true, trailers = false): string {
  return framedHead({ ...HEAD, ...head }, endStream, trailers).text
}

describe('the head of a request', () => {
  it('has host in front, the fields in order, duplicates kept (RFC 9112 §3.2)', () => {
    expect(sent({ path: '/a?b', fields: ['b', '1', 'host', 'a.test', 'a', '2', 'b', '3'] })).toBe(
      'GET /a?b HTTP/1.1\r\nhost: a.test\r\nconnection: keep-alive\r\nb: 1\r\na: 2\r\nb: 3\r\n\r\n',
    )
  })

  it.each<[name: string, head: Partial<RequestHead>, text: RegExp]>([
    [
      'cookies are one field (RFC 9113 §8.2.3)',
      { fields: ['cookie', 'a', 'x', 'y', 'cookie', 'b'] },
      /cookie: a; b\r\nx: y/,
    ],
    [
      'te is of this connection (RFC 9110 §10.1.4)',
      { fields: ['te', 'trailers'] },
      /connection: keep-alive, te\r\n/,
    ],
    ['OPTIONS is of the server as a whole', { method: 'OPTIONS', path: '*' }, /^OPTIONS \* HTTP\/1\.1\r\n/],
    ['others say that they have no content (RFC 9110 §8.6)', { method: 'PUT' }, /content-length: 0\r\n/],
    [
      'but once',
      { method: 'PUT', fields: ['content-length', '0'] },
      /^(?!.*content-length.*content-length)/s,
    ],
    ['octets are octets', { fields: ['a', '\xe4\xff'] }, /a: \xe4\xff\r\n/],
  ])('%s', (_, head, text) => {
    expect(sent(head)).toMatch(text)
  })

  it.each(['GET', 'HEAD', 'OPTIONS', 'DELETE', 'TRACE'])('%s does not', (method) => {
    expect(sent({ method })).not.toContain('content-length')
  })

  it.each<[name: string, head: Partial<RequestHead>, message: RegExp]>([
    ['CR LF in a value', { fields: ['a', 'b\r\nc: d'] }, /forbidden character/],
    ['a name that is no token', { fields: ['a b', 'c'] }, /name is not valid/],
    ['CR LF in the path', { path: '/ HTTP/1.1\r\na: b' }, /path is not valid/],
    ['a method that is no token', { method: 'GET /' }, /method is not a token/],
    ['an authority with a path', { authority: 'a/b' }, /authority is not valid/],
    ['transfer-encoding', { fields: ['transfer-encoding', 'chunked'] }, /not allowed/],
    ['connection', { fields: ['connection', 'close'] }, /not allowed/],
    ['CONNECT', { method: 'CONNECT', scheme: undefined, path: undefined }, /CONNECT needs HTTP\/2/],
    ['two lengths', { fields: ['content-length', '0', 'content-length', '0'] }, /one number/],
    ['a length that is none', { fields: ['content-length', '+1'] }, /one number/],
    ['a length without content', { fields: ['content-length', '1'] }, /without content/],
  ])('with %s is refused', (_, head, message) => {
    expect(() => sent(head)).toThrow(TypeError)
    expect(() => sent(head)).toThrow(message)
  })
})

describe('names as the caller wrote them', () => {
  const names = (pairs: [string, string][]): string =>
    sent({ fields: ['x-one', '1', 'host', 'a.test', 'cookie', 'c'], writtenNames: new Map(pairs) })

  it('are sent so', () => {
    expect(
      names([
        ['x-one', 'X-One'],
        ['host', 'HOST'],
        ['cookie', 'Cookie'],
        ['other', 'Other'],
      ]),
    ).toBe('GET / HTTP/1.1\r\nHOST: a.test\r\nconnection: keep-alive\r\nX-One: 1\r\nCookie: c\r\n\r\n')
  })

  it.each([
    ['X-One: 2\r\nY'],
    ['x-two'],
    ['X_One'],
    // KELVIN SIGN, whose lower case is the letter.
    ['\u212a'],
  ])('are not where more than the case is other: %j', (written) => {
    const text = sent({
      fields: ['x-one', '1', 'k', '2'],
      writtenNames: new Map([
        ['x-one', written],
        ['k', written],
      ]),
    })
    expect(text).toContain('x-one: 1\r\nk: 2\r\n')
  })
})

/** What leaves in writes of at most `max` octets. */
function pulled(writer: RequestWriter, max: number): string[] {
  const out = new OutputBuffer(0)
  const writes: string[] = []
  for (;;) {
    out.compact()
    const bytes = (writer.complete ? undefined : writer.next(out, max)) ?? out.take(max)
    if (bytes.length === 0) return writes
    writes.push(Buffer.from(bytes).toString('latin1'))
  }
}

/** The data of chunks (RFC 9112 §7.1.3); nothing but that if anything else is there. */
function unchunked(body: string): string {
  const chunk = /^([0-9a-f]+)\r\n/.exec(body)
  if (chunk === null) return `not a chunk: ${body}`
  const size = Number.parseInt(chunk[1]!, 16)
  const data = body.slice(chunk[0].length, chunk[0].length + size)
  const rest = body.slice(chunk[0].length + size)
  if (!rest.startsWith('\r\n')) return `no end: ${rest}`
  return size === 0 ? rest.slice(2) : data + unchunked(rest.slice(2))
}

function writer(fields: readonly string[], trailers = false): RequestWriter {
  return new RequestWriter(framedHead({ ...HEAD, method: 'POST', fields }, false, trailers), false)
}

describe('content', () => {
  const octets = (text: string): Uint8Array => Buffer.from(text)

  it('leaves with the head and the end, by content-length', () => {
    const one = writer(['content-length', '4'])
    one.write(octets('ab'))
    one.write(octets('cd'))
    one.end([])
    expect([one.sent, one.complete, one.queued]).toEqual([false, false, 4])
    expect(pulled(one, 65_536)).toEqual([
      'POST / HTTP/1.1\r\nhost: a.test\r\nconnection: keep-alive\r\ncontent-length: 4\r\n\r\nabcd',
    ])
    expect([one.sent, one.complete, one.queued]).toEqual([true, true, 0])
  })

  it('leaves in chunks where no length is known, what waits together in one (RFC 9112 §7.1)', () => {
    const one = writer([])
    for (const piece of ['a', 'bc', 'def']) one.write(octets(piece))
    one.end([])
    expect(pulled(one, 65_536)[0]!.split('\r\n\r\n').slice(1).join('|')).toBe('6\r\nabcdef\r\n0|')
  })

  it('leaves in chunks where there are trailers, and the length is not sent (RFC 9112 §6.2)', () => {
    const one = writer(['content-length', '2', 'trailer', 'x'], true)
    one.write(octets('ab'))
    one.end(['x', '1', 'x', '2'])
    const text = pulled(one, 65_536).join('')
    expect(text).not.toContain('content-length')
    expect(text).toMatch(/\r\ntrailer: x\r\n.*\r\n\r\n2\r\nab\r\n0\r\nx: 1\r\nx: 2\r\n\r\n$/s)
  })

  it('may be none, in chunks', () => {
    const one = writer([])
    one.end([])
    expect(pulled(one, 65_536).join('')).toMatch(/transfer-encoding: chunked\r\n\r\n0\r\n\r\n$/)
  })

  it.each([1, 20, 100, 1000])('is whole in writes of %s octets', (max) => {
    const text = 'hyper'.repeat(100)
    for (const fields of [['content-length', '500'], []]) {
      const one = writer(fields)
      one.write(octets(text))
      one.end([])
      const writes = pulled(one, max)
      expect(Math.max(...writes.map(({ length }) => length))).toBeLessThanOrEqual(max)
      const body = writes.join('').split(/\r\n\r\n(.*)/s)[1]!
      expect(fields.length > 0 ? body : unchunked(body)).toBe(text)
    }
  })

  it('that is large is sent from where it lies, and is in use until the next call', () => {
    const one = writer(['content-length', '100000'])
    const content = new Uint8Array(100_000).fill(97)
    one.write(content)
    one.end([])
    const out = new OutputBuffer(0)
    expect(one.next(out, 30_000)).toBeUndefined()
    const head = out.take(30_000)
    const copied =
      head.length - head.findIndex((_, at) => at > 3 && head[at - 1] === 10 && head[at - 3] === 10)
    out.compact()
    const lent = one.next(out, 65_536)!
    expect([lent.buffer === content.buffer, lent.byteOffset, lent.length]).toEqual([true, copied, 65_536])
    expect([one.queued, one.complete]).toEqual([100_000 - copied, false])
    expect(one.next(out, 65_536)).toBeUndefined()
    expect(out.take(65_536)).toHaveLength(100_000 - copied - 65_536)
    expect([one.queued, one.complete]).toEqual([0, true])
  })

  it('is complete only when what was lent is given back', () => {
    const one = writer(['content-length', '20000'])
    const out = new OutputBuffer(0)
    one.next(out, 1000)
    out.take()
    out.compact()
    one.write(new Uint8Array(20_000))
    one.end([])
    expect(one.next(out, 65_536)).toHaveLength(20_000)
    expect([one.queued, one.complete]).toEqual([20_000, false])
    expect([one.next(out, 65_536), out.length, one.queued, one.complete]).toEqual([undefined, 0, 0, true])
  })

  it('is neither more nor less than content-length says (RFC 9112 §6.3)', () => {
    const one = writer(['content-length', '3'])
    one.write(octets('ab'))
    expect(() => one.end([])).toThrow(TypeError)
    expect(() => one.write(octets('cd'))).toThrow('more content than content-length says')
    one.write(octets('c'))
    one.end([])
    expect(pulled(one, 65_536)[0]).toMatch(/\r\n\r\nabc$/)
  })

  it('is so where it leaves in chunks, too', () => {
    const one = writer(['content-length', '3', 'trailer', 'x'], true)
    expect(() => one.write(octets('abcd'))).toThrow(TypeError)
    expect(() => one.end(['x', '1'])).toThrow('less content than content-length says')
  })
})

describe('a request to a proxy (RFC 9112 §3.2.2)', () => {
  const forwarded = { origin: 'http://a.test:81', authorization: 'Basic eA==' }
  const text = (head: Partial<RequestHead>, by = forwarded as Partial<typeof forwarded>): string =>
    framedHead({ ...HEAD, ...head }, true, false, { authorization: undefined, origin: '', ...by }).text

  it('has its target in absolute form, and the credentials of the proxy', () => {
    expect(text({ path: '/x?y', authority: 'b.test' })).toBe(
      'GET http://a.test:81/x?y HTTP/1.1\r\nhost: b.test\r\nconnection: keep-alive\r\nproxy-authorization: Basic eA==\r\n\r\n',
    )
  })

  it('has none but the caller’s', () => {
    const own = text({ fields: ['proxy-authorization', 'Basic eQ==', 'x', 'proxy-authorization'] })
    expect(own.match(/proxy-authorization: .*/g)).toEqual(['proxy-authorization: Basic eQ=='])
    expect(text({ fields: ['x', 'proxy-authorization'] })).toContain('proxy-authorization: Basic eA==')
    expect(text({}, { origin: 'http://a.test' })).not.toContain('proxy-authorization')
  })

  it('of the server as a whole has no path (RFC 9112 §3.2.4)', () => {
    expect(text({ method: 'OPTIONS', path: '*' })).toMatch(/^OPTIONS http:\/\/a\.test:81 HTTP\/1\.1\r\n/)
  })
})
