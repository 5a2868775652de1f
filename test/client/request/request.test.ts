import { describe, expect, it, test } from 'vitest'
import { HTTP20Connection, type HTTP20RequestInit, version } from '../../../src/index.ts'
import { settled } from '../../support/virtual-clock.ts'
import { data, response, windowUpdate } from '../../support/wire.ts'
import { Pair } from '../session/peer.ts'

async function headOf(
  method: string,
  path: string,
  init?: HTTP20RequestInit,
): Promise<Record<string, string>> {
  const pair = await Pair.open()
  pair.connection.request(method, path, init)
  await settled()
  expect(pair.wire.validator.faults).toEqual([])
  return pair.wire.head(1)
}

describe('the head of a request (RFC 9113 §8.3.1)', () => {
  it('has the pseudo-header fields and the defaults', async () => {
    const head = await headOf('GET', '/a?b=c')
    expect(head).toMatchObject({
      ':method': 'GET',
      ':scheme': 'https',
      ':authority': 'a.test',
      ':path': '/a?b=c',
      'user-agent': `hyper-h2/${version}`,
    })
    expect(head['accept-encoding']).toMatch(/^gzip, deflate, br/)
    expect(head).not.toHaveProperty('content-length')
  })

  it.each<[string, HTTP20RequestInit, Record<string, string | undefined>]>([
    ['a record, names in any case', { headers: { 'X-One': 'a', 'x-two': undefined } }, { 'x-one': 'a' }],
    ['pairs', { headers: [['X-One', 'a']] }, { 'x-one': 'a' }],
    ['Headers', { headers: new Headers({ 'X-One': 'a' }) }, { 'x-one': 'a' }],
    ['numbers', { headers: { 'x-one': 5 } }, { 'x-one': '5' }],
    ['white space around a value', { headers: { 'x-one': ' a b\t' } }, { 'x-one': 'a b' }],
    ['host as :authority', { headers: { Host: 'b.test' } }, { ':authority': 'b.test', host: undefined }],
    ['te: trailers', { headers: { te: 'trailers' } }, { te: 'trailers' }],
    ['accept-encoding of the caller', { headers: { 'Accept-Encoding': 'br' } }, { 'accept-encoding': 'br' }],
    ['no accept-encoding for a range', { headers: { range: 'bytes=0-1' } }, { 'accept-encoding': undefined }],
    ['user-agent of the caller', { headers: { 'User-Agent': 'me' } }, { 'user-agent': 'me' }],
    ['no user-agent', { headers: { 'user-agent': '' } }, { 'user-agent': undefined }],
    ['urgency (RFC 9218 §4.1)', { priority: { urgency: 1 } }, { priority: 'u=1' }],
    ['incremental (RFC 9218 §4.2)', { priority: { urgency: 0, incremental: true } }, { priority: 'u=0, i' }],
    ['default priority', { priority: { urgency: 3 } }, { priority: undefined }],
    [
      'priority of the caller',
      { priority: { urgency: 1 }, headers: { priority: 'u=5' } },
      { priority: 'u=5' },
    ],
  ])('%s', async (_, init, expected) => {
    const head = await headOf('GET', '/', init)
    for (const [name, value] of Object.entries(expected)) expect(head[name]).toBe(value)
  })

  it('keeps several values apart, in order', async () => {
    const pair = await Pair.open()
    pair.connection.request('GET', '/', { headers: { 'X-A': ['1', '2, 3'] } })
    await settled()
    expect(pair.wire.sections(1)[0]!.filter(([name]) => name === 'x-a')).toEqual([
      ['x-a', '1'],
      ['x-a', '2, 3'],
    ])
  })

  test('an empty path is "/"', async () => {
    expect((await headOf('GET', ''))[':path']).toBe('/')
  })

  test('CONNECT has an authority alone, and stays open (RFC 9113 §8.5)', async () => {
    const pair = await Pair.open()
    const stream = pair.connection.request('CONNECT', 'b.test:443')
    await settled()
    expect(pair.wire.head(1)).toMatchObject({ ':method': 'CONNECT', ':authority': 'b.test:443' })
    expect(pair.wire.head(1)).not.toHaveProperty(':path')
    expect(pair.wire.finished(1)).toBe(false)
    await pair.wire.send(response(1, 200))
    const tunnel = await stream.response
    await pair.connection.send('out', false, stream)
    await pair.wire.send(data(1, 'in'))
    expect(await tunnel.read(10)).toEqual(new TextEncoder().encode('in'))
    expect(pair.wire.content(1)).toBe('out')
    // RFC 9113 §8.5: the end of one direction ends the other, behind what waits.
    await pair.wire.send(data(1, '', true))
    expect(pair.wire.finished(1)).toBe(true)
    expect(pair.wire.resets).toEqual([])
  })

  test('extended CONNECT (RFC 8441 §4)', async () => {
    const pair = await Pair.open({}, { settings: { 8: 1 } })
    pair.connection.request('CONNECT', '/chat', { protocol: 'websocket' })
    await settled()
    expect(pair.wire.head(1)).toMatchObject({
      ':protocol': 'websocket',
      ':path': '/chat',
      ':scheme': 'https',
    })
  })
})

describe('what is not a request throws at once, and names what is wrong', () => {
  it.each<[string, () => unknown, ErrorConstructor | TypeErrorConstructor | RangeErrorConstructor, RegExp]>(
    (
      [
        ['method', ['G T', '/'], TypeError, /method/],
        ['empty method', ['', '/'], TypeError, /method/],
        ['method that is no string', [1, '/'], TypeError, /method/],
        ['path that is no string', ['GET', undefined], TypeError, /path/],
        ['path without slash', ['GET', 'a'], TypeError, /path/],
        ['absolute URL', ['GET', 'https://a.test/'], TypeError, /path/],
        ['fragment', ['GET', '/a#b'], TypeError, /path/],
        ['space in the path', ['GET', '/a b'], TypeError, /path/],
        ['path beyond ASCII', ['GET', '/é'], TypeError, /path/],
        ['CRLF in the path', ['GET', '/\r\nx: y'], TypeError, /path/],
        ['* for GET', ['GET', '*'], TypeError, /path/],
        ['field name', ['GET', '/', { headers: { 'a b': 'c' } }], TypeError, /"a…"/],
        ['pseudo-header field', ['GET', '/', { headers: { ':path': '/' } }], TypeError, /:path/],
        ['CRLF in a value', ['GET', '/', { headers: { a: 'b\r\nc: d' } }], TypeError, /"a"/],
        ['NUL in a value', ['GET', '/', { headers: { a: 'b\0' } }], TypeError, /"a"/],
        ['value beyond 0xff', ['GET', '/', { headers: { a: '€' } }], TypeError, /"a"/],
        ['value that is no text', ['GET', '/', { headers: { a: {} } }], TypeError, /field "a"/],
        ['pairs of three', ['GET', '/', { headers: [['a', 'b', 'c']] }], TypeError, /pairs/],
        ['headers that are text', ['GET', '/', { headers: 'a: b' }], TypeError, /headers/],
        ['connection', ['GET', '/', { headers: { Connection: 'close' } }], TypeError, /connection/],
        ['keep-alive', ['GET', '/', { headers: { 'keep-alive': '5' } }], TypeError, /keep-alive/],
        [
          'proxy-connection',
          ['GET', '/', { headers: { 'proxy-connection': 'x' } }],
          TypeError,
          /proxy-connection/,
        ],
        [
          'transfer-encoding',
          ['GET', '/', { headers: { 'Transfer-Encoding': 'chunked' } }],
          TypeError,
          /transfer/,
        ],
        ['upgrade', ['GET', '/', { headers: { upgrade: 'h2c' } }], TypeError, /upgrade/],
        ['http2-settings', ['GET', '/', { headers: { 'HTTP2-Settings': '' } }], TypeError, /http2-settings/],
        ['te', ['GET', '/', { headers: { te: 'gzip' } }], TypeError, /te /],
        ['body', ['POST', '/', { body: 5 }], TypeError, /body/],
        ['body that is a plain object', ['POST', '/', { body: {} }], TypeError, /body/],
        ['signal', ['GET', '/', { signal: {} }], TypeError, /signal/],
        ['unknown member', ['GET', '/', { haeders: {} }], TypeError, /haeders.*headers/],
        ['timeout', ['GET', '/', { timeouts: { total: -1 } }], RangeError, /timeouts.total/],
        ['unknown timeout', ['GET', '/', { timeouts: { all: 1 } }], TypeError, /timeouts.all/],
        ['urgency', ['GET', '/', { priority: { urgency: 8 } }], RangeError, /urgency/],
        ['incremental', ['GET', '/', { priority: { incremental: 1 } }], TypeError, /incremental/],
        [
          'content-length',
          ['POST', '/', { body: 'ab', headers: { 'content-length': '3' } }],
          RangeError,
          /content-length 3/,
        ],
        [
          'content-length, no number',
          ['POST', '/', { body: 'ab', headers: { 'content-length': 'x' } }],
          TypeError,
          /content-length/,
        ],
        [
          'content-length twice',
          ['POST', '/', { body: 'ab', headers: { 'content-length': ['2', '3'] } }],
          TypeError,
          /content-length/,
        ],
        [
          'content-length without content',
          ['GET', '/', { headers: { 'content-length': '2' } }],
          TypeError,
          /content-length 2/,
        ],
        ['host twice', ['GET', '/', { headers: { host: ['a', 'b'] } }], TypeError, /host/],
        ['a name of no ASCII', ['GET', '/', { headers: { '\u212aey': 'x' } }], TypeError, /not valid/],
        ['trailers', ['POST', '/', { body: 'a', trailers: { 'a b': 'c' } }], TypeError, /not valid/],
        [
          'a pseudo-trailer',
          ['POST', '/', { body: 'a', trailers: { ':status': '200' } }],
          TypeError,
          /status/,
        ],
        [
          'what trailers must not have',
          ['POST', '/', { body: 'a', trailers: { authorization: 'x' } }],
          TypeError,
          /authorization/,
        ],
      ] as [string, [string, string, HTTP20RequestInit?], TypeErrorConstructor, RegExp][]
    ).map(([name, args, kind, text]) => [
      name,
      () => new HTTP20Connection('a.test', { transport: () => new Promise(() => {}) }).request(...args),
      kind,
      text,
    ]),
  )('%s', (_, act, kind, text) => {
    expect(act).toThrow(kind)
    expect(act).toThrow(text)
  })

  test('nothing was sent, and the connection is as it was', async () => {
    const pair = await Pair.open()
    expect(() => pair.connection.request('GET', '/', { headers: { upgrade: 'x' } })).toThrow(TypeError)
    expect(() => pair.connection.getResponse()).toThrow(TypeError)
    const stream = pair.connection.request('GET', '/')
    await settled()
    expect(stream.streamId).toBe(1)
  })
})

describe('piecemeal, as in http.client', () => {
  test('putRequest, putHeader, endHeaders, send', async () => {
    const pair = await Pair.open()
    const { connection } = pair
    const stream = connection.putRequest('POST', '/up')
    connection.putHeader('X-One', '1')
    connection.putHeader('x-two', '2', stream)
    await settled()
    expect(stream.streamId).toBeUndefined()
    connection.endHeaders(undefined, false)
    await connection.send('ab')
    await connection.send(new Uint8Array([99]))
    await connection.send(['d', 'e'], true)
    await settled()
    expect(pair.wire.head(1)).toMatchObject({ ':method': 'POST', ':path': '/up', 'x-one': '1', 'x-two': '2' })
    expect(pair.wire.content(1)).toBe('abcde')
    expect(pair.wire.finished(1)).toBe(true)
    expect(() => connection.send('x')).toThrow(TypeError)
    await pair.wire.send(response(1, 204, true))
    expect((await connection.getResponse()).status).toBe(204)
    expect(() => connection.putHeader('a', 'b')).toThrow(TypeError)
  })

  test('endHeaders with a body is final, and says its length', async () => {
    const pair = await Pair.open()
    pair.connection.putRequest('POST', '/')
    pair.connection.endHeaders('abc')
    await settled()
    expect(pair.wire.head(1)['content-length']).toBe('3')
    expect(pair.wire.finished(1)).toBe(true)
  })

  test('a body that is not all says no length', async () => {
    const pair = await Pair.open()
    pair.connection.putRequest('POST', '/')
    pair.connection.endHeaders('abc', false)
    await pair.connection.send('d', true)
    await settled()
    expect(pair.wire.head(1)).not.toHaveProperty('content-length')
    expect(pair.wire.content(1)).toBe('abcd')
  })

  test('two at a time, each by its stream', async () => {
    const pair = await Pair.open()
    const { connection } = pair
    const first = connection.putRequest('POST', '/1')
    const second = connection.putRequest('POST', '/2')
    connection.putHeader('x', '1', first)
    connection.putHeader('x', '2')
    connection.endHeaders(null, false, second)
    connection.endHeaders(null, false, first)
    await connection.send('one', true, first)
    await connection.send('two', true, second)
    await settled()
    expect([pair.wire.head(1).x, pair.wire.content(1)]).toEqual(['2', 'two'])
    expect([pair.wire.head(3).x, pair.wire.content(3)]).toEqual(['1', 'one'])
  })

  test('send waits for flow control (RFC 9113 §6.9)', async () => {
    const pair = await Pair.open({}, { settings: { 4: 0 } })
    const stream = pair.connection.putRequest('POST', '/')
    pair.connection.endHeaders(null, false)
    let sent = false
    const sending = pair.connection.send(new Uint8Array(300_000)).then(() => {
      sent = true
    })
    await settled()
    expect(sent).toBe(false)
    await pair.wire.send(windowUpdate(0, 1_000_000), windowUpdate(1, 250_000))
    await sending
    const more = pair.connection.send(new Uint8Array(300_000))
    stream.cancel()
    await expect(more).rejects.toMatchObject({ code: 'H2_STREAM_CANCELLED' })
  })

  it.each([
    ['putHeader', (c: HTTP20Connection) => c.putHeader('a', 'b')],
    ['endHeaders', (c: HTTP20Connection) => c.endHeaders()],
    ['send', (c: HTTP20Connection) => c.send('x')],
  ])('%s without putRequest', (_, act) => {
    expect(() => act(new HTTP20Connection('a.test'))).toThrow(TypeError)
  })
})
