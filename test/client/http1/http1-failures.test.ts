import { afterEach, describe, expect, it } from 'vitest'
import { takeBody } from '../../../src/client/request/request-body.ts'
import type { HTTP20RequestInit } from '../../../src/client/request/request-init.ts'
import { Exchange } from '../../../src/client/session/exchange.ts'
import { memoryPair } from '../../../src/transport/memory.ts'
import { rejection } from '../session/peer.ts'
import { against, Carrier, closeServers, facts, OK } from './http1.ts'

afterEach(closeServers)

describe('what goes wrong', () => {
  const rows: [name: string, bytes: string, code: string, processed: string, message: RegExp][] = [
    [
      'FIN before the response',
      '',
      'H2_CONNECTION_CLOSED',
      'unknown',
      /^transport failed: closed by the peer before the response was complete \(RFC 9112 §8\)$/,
    ],
    ['FIN in the head', 'HTTP/1.1 200', 'H2_CONNECTION_CLOSED', 'unknown', /RFC 9112 §8/],
    ['FIN after 103', 'HTTP/1.1 103 E\r\n\r\n', 'H2_CONNECTION_CLOSED', 'yes', /RFC 9112 §8/],
    [
      'garbage',
      'SSH-2.0-x\r\n',
      'H2_CONNECTION_ERROR',
      'unknown',
      /^connection failed: a status line that is not one \(RFC 9112 §4\)/,
    ],
    [
      'a head too large',
      `HTTP/1.1 200 OK\r\nA: ${'a'.repeat(70_000)}`,
      'H2_HEADER_LIST_TOO_LARGE',
      'yes',
      /RFC 9110 §5.4/,
    ],
    ['a version too high', 'HTTP/2.0 200 OK\r\n\r\n', 'H2_CONNECTION_ERROR', 'yes', /RFC 9112 §2.3/],
    ['a status too low', 'HTTP/1.1 099 OK\r\n\r\n', 'H2_CONNECTION_ERROR', 'yes', /status 99 of a final/],
    [
      '101 that names an upgrade',
      'HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
      'H2_CONNECTION_ERROR',
      'yes',
      /status 101/,
    ],
    ['101 that names none', 'HTTP/1.1 101 S\r\n\r\n', 'H2_CONNECTION_ERROR', 'yes', /status 101/],
    [
      'a transfer coding',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
      'H2_CONNECTION_ERROR',
      'yes',
      /RFC 9112 §6.1/,
    ],
    [
      'the chunked coding twice',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n',
      'H2_CONNECTION_ERROR',
      'yes',
      /RFC 9112 §6.1/,
    ],
    [
      'chunks in HTTP/1.0',
      'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      'H2_CONNECTION_ERROR',
      'yes',
      /RFC 9112 §6.1/,
    ],
    [
      'nine informational responses',
      'HTTP/1.1 103 E\r\n\r\n'.repeat(9),
      'H2_CONNECTION_ERROR',
      'yes',
      /more than 8 informational/,
    ],
  ]
  const fields = 'A: b\r\n'.repeat(3_000)
  rows.push(
    [
      'a space before a colon',
      'HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok',
      'H2_CONNECTION_ERROR',
      'yes',
      /RFC 9112 §5/,
    ],
    [
      'a field without a name in 103',
      'HTTP/1.1 103 E\r\n: 2\r\n\r\n',
      'H2_CONNECTION_ERROR',
      'yes',
      /RFC 9112 §5/,
    ],
    [
      '3,000 fields',
      `HTTP/1.1 200 OK\r\n${fields}\r\n`,
      'H2_HEADER_LIST_TOO_LARGE',
      'yes',
      /^connection failed: more than 256 fields/,
    ],
    [
      '3,000 fields in 103',
      `HTTP/1.1 103 E\r\n${fields}\r\n`,
      'H2_HEADER_LIST_TOO_LARGE',
      'yes',
      /more than 256 fields/,
    ],
  )
  it.each(rows)('%s rejects the response', async (_, bytes, code, processed, message) => {
    const carrier = await against((socket) => socket.end(bytes))
    const error = await rejection(carrier.request('GET', '/'))
    expect(facts(error)).toEqual([code, processed, expect.stringMatching(message)])
    await carrier.session.gone()
    expect(carrier.told).toEqual(['closed closed'])
    expect(
      carrier.lines.some((line) => line.includes('connection failed') || line.includes('transport failed')),
    ).toBe(true)
  })

  const bodies: [name: string, bytes: string, message: RegExp][] = [
    ['less than content-length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc', /RFC 9112 §8/],
    ['no last chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n', /RFC 9112 §8/],
    [
      'a bad chunk',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n',
      /RFC 9112 §7.1/,
    ],
  ]
  it.each(bodies)('%s gives what arrived, then rejects', async (_, bytes, message) => {
    const carrier = await against((socket) => socket.end(bytes))
    const response = await carrier.request('GET', '/')
    expect(Buffer.from(await response.read(3)).toString()).toBe('abc')
    const error = await rejection(response.read())
    expect(facts(error)).toEqual([expect.any(String), 'yes', expect.stringMatching(message)])
    expect(facts(await rejection(response.trailers))).toEqual(facts(error))
    await carrier.session.gone()
  })

  it('a reset is told as what the transport broke with', async () => {
    const carrier = await against((socket) => socket.resetAndDestroy())
    const error = await rejection(carrier.request('GET', '/'))
    expect(facts(error)).toEqual([
      'H2_CONNECTION_CLOSED',
      'unknown',
      expect.stringMatching(/^transport failed: broken, .*ECONNRESET/),
    ])
    await carrier.session.gone()
  })

  it('a connection found closed has processed nothing', async () => {
    const [client, peer] = memoryPair()
    const carrier = await new Carrier('http://a.test').over(client)
    peer.start({ onChunk: () => expect.fail('nothing is sent'), onEnd() {}, onClosed() {} })
    // The end is under way when the request is made, and its head has not left.
    client.fail(new Error('reset'))
    const error = await rejection(carrier.request('GET', '/'))
    expect(facts(error)).toEqual(['H2_CONNECTION_CLOSED', 'no', expect.stringContaining('transport failed')])
    expect(error.retryable).toBe(true)
    await carrier.session.gone()
  })

  it('a callback that throws costs the connection and nothing else', async () => {
    const carrier = await against((socket) => socket.end(`HTTP/1.1 103 E\r\n\r\n${OK}`))
    const exchange = carrier.carry('GET', '/')
    exchange.onInformationalResponse = () => {
      throw new Error('mine')
    }
    const error = await rejection(exchange.response())
    expect(facts(error)).toEqual(['H2_CONNECTION_ERROR', 'yes', 'connection failed: a sink threw'])
    expect((error.cause as Error).message).toBe('mine')
    await carrier.session.gone()
  })
})

describe('what is refused before anything is sent', () => {
  const rows: [name: string, method: string, path: string, init: HTTP20RequestInit, message: RegExp][] = [
    ['CR LF in a value (RFC 9110 §5.5)', 'GET', '/', { headers: { a: 'b\r\nx: y' } }, /forbidden character/],
    ['a space in a name (RFC 9110 §5.1)', 'GET', '/', { headers: { 'a b': 'c' } }, /name is not valid/],
    ['CR LF in the path (RFC 9112 §3.2)', 'GET', '/ HTTP/1.1\r\nx: y', {}, /path is not valid/],
    ['CR LF in the method (RFC 9112 §3.1)', 'GET / HTTP/1.1\r\n', '/', {}, /method is not a token/],
    ['CR LF in the authority (RFC 9112 §3.2)', 'GET', '/', { headers: { host: 'a\r\nb' } }, /authority/],
    [
      'transfer-encoding (RFC 9112 §6.1)',
      'POST',
      '/',
      { headers: { 'transfer-encoding': 'x' }, body: 'a' },
      /not allowed/,
    ],
    ['connection (RFC 9110 §7.6.1)', 'GET', '/', { headers: { connection: 'close' } }, /not allowed/],
    ['upgrade (RFC 9110 §7.8)', 'GET', '/', { headers: { upgrade: 'websocket' } }, /not allowed/],
    ['CONNECT (RFC 9110 §9.3.6)', 'CONNECT', 'a.test:1', {}, /CONNECT needs HTTP\/2/],
    ['extended CONNECT (RFC 8441 §4)', 'CONNECT', '/', { protocol: 'websocket' }, /CONNECT needs HTTP\/2/],
    [
      'two lengths (RFC 9112 §6.3)',
      'POST',
      '/',
      { headers: { 'content-length': ['1', '1'] }, body: 'a' },
      /one number/,
    ],
    [
      'a length that is none (RFC 9110 §8.6)',
      'GET',
      '/',
      { headers: { 'content-length': '1, 1' } },
      /one number/,
    ],
    [
      'a length without content (RFC 9112 §6.3)',
      'GET',
      '/',
      { headers: { 'content-length': '1' } },
      /without content/,
    ],
  ]
  it.each(rows)('%s', async (_, method, path, init, message) => {
    const carrier = await against((socket) => socket.write(OK))
    expect(() => carrier.carry(method, path, init)).toThrow(TypeError)
    expect(() => carrier.carry(method, path, init)).toThrow(message)
    expect(await (await carrier.request('GET', '/fine')).text()).toBe('ok')
    expect(carrier.server.received).toMatch(/^GET \/fine HTTP\/1.1\r\nhost: 127.0.0.1:\d+\r\n/)
    await carrier.session.close()
  })

  it('a second request at a time', async () => {
    const carrier = await against((socket) => socket.write(OK))
    const first = carrier.request('GET', '/')
    expect([carrier.session.freeStreams, carrier.session.openStreams]).toEqual([0, 1])
    expect(() => carrier.carry('GET', '/')).toThrow('one request at a time')
    expect(await (await first).text()).toBe('ok')
    await carrier.free()
    expect([carrier.session.freeStreams, carrier.session.openStreams]).toEqual([1, 0])
    await carrier.session.close()
  })

  it('a ping', async () => {
    const carrier = await against(() => {})
    expect(facts(await rejection(carrier.session.ping()))).toEqual([
      'H2_CONNECTION_ERROR',
      'no',
      'connection failed: HTTP/1.1 has no PING (RFC 9113 §6.7)',
    ])
    await carrier.session.close()
  })

  it('a request whose body cannot be read: nothing of it is sent', async () => {
    const carrier = await against(() => {})
    const body = new ReadableStream<Uint8Array>()
    const planned = carrier.plan('POST', '/', { body })
    body.getReader()
    expect(() => carrier.session.carry(new Exchange(planned.plan), planned)).toThrow(TypeError)
    await carrier.session.gone()
    expect(carrier.server.received).toBe('')
  })
})

describe('content-length that is not kept (RFC 9112 §6.3)', () => {
  it.each([
    ['more', ['abc', 'de']],
    ['less', ['abc']],
  ])('%s octets fail the request and end the connection', async (which, pieces) => {
    const carrier = await against(() => {})
    const planned = carrier.plan('POST', '/', { headers: { 'content-length': 4 }, body: 'abcd' })
    const exchange = new Exchange(planned.plan)
    carrier.session.carry(exchange, { ...planned, body: undefined, final: false })
    const response = exchange.response()
    const bodies = pieces.map((piece) => takeBody(piece))
    const last = bodies.pop()
    for (const body of bodies) void exchange.send(body, false).catch(() => {})
    const misuse = new TypeError(`${which} content than content-length says (RFC 9113 §8.1.1)`)
    expect(await Promise.all([rejection(exchange.send(last, true)), rejection(response)])).toEqual([
      misuse,
      misuse,
    ])
    await carrier.session.gone()
    expect(carrier.server.received).not.toContain('abcd')
  })
})
