import { afterEach, describe, expect, it } from 'vitest'
import type { HTTP20RequestInit } from '../../../src/client/request/request-init.ts'
import { memoryPair } from '../../../src/transport/memory.ts'
import { settled, VirtualClock } from '../../support/virtual-clock.ts'
import { rejection } from '../session/peer.ts'
import { against, Carrier, closeServers, facts, OK, type Script, startPeer, still, until } from './http1.ts'

afterEach(closeServers)

describe('what is sent', () => {
  async function sent(method: string, init: HTTP20RequestInit): Promise<string[]> {
    const [client, peer] = memoryPair()
    const carrier = await new Carrier('http://a.test', { decompress: false }).over(client)
    const received = startPeer(peer)
    const headers = { 'user-agent': '', ...init.headers }
    const response = carrier.request(method, '/', { ...init, headers })
    response.catch(() => {})
    for (let i = 0; i < 20; i++) await settled()
    carrier.session.destroy(undefined)
    await carrier.session.gone()
    return received
  }

  it.each<[name: string, method: string, init: HTTP20RequestInit, text: string]>([
    ['a GET has no length', 'GET', {}, 'GET / HTTP/1.1\r\nhost: a.test\r\nconnection: keep-alive\r\n\r\n'],
    [
      'other methods say that they have no content (RFC 9110 §8.6)',
      'PROPFIND',
      {},
      'PROPFIND / HTTP/1.1\r\nhost: a.test\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n',
    ],
    [
      'host is the authority, and first (RFC 9112 §3.2)',
      'GET',
      { headers: { x: 'y', host: 'b.test' } },
      'GET / HTTP/1.1\r\nhost: b.test\r\nconnection: keep-alive\r\nx: y\r\n\r\n',
    ],
    [
      'cookies are one field (RFC 9113 §8.2.3)',
      'GET',
      { headers: { cookie: ['a=1', 'b=2'] } },
      'GET / HTTP/1.1\r\nhost: a.test\r\nconnection: keep-alive\r\ncookie: a=1; b=2\r\n\r\n',
    ],
    [
      'head, content and end leave together',
      'POST',
      { body: new Uint8Array([97, 98]), headers: { trailer: 'x' } },
      'POST / HTTP/1.1\r\nhost: a.test\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nab',
    ],
    [
      'the last chunk leaves with the content',
      'POST',
      { body: ['ab'] },
      'POST / HTTP/1.1\r\nhost: a.test\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n' +
        '2\r\nab\r\n0\r\n\r\n',
    ],
    [
      'small pieces leave together (RFC 9112 §7.1)',
      'POST',
      { body: Array.from({ length: 101 }, () => 'x'), trailers: { sum: '1' }, headers: { trailer: 'sum' } },
      'POST / HTTP/1.1\r\nhost: a.test\r\nconnection: keep-alive\r\ntrailer: sum\r\ntransfer-encoding: chunked\r\n\r\n' +
        `65\r\n${'x'.repeat(101)}\r\n0\r\nsum: 1\r\n\r\n`,
    ],
  ])('%s', async (_, method, init, text) => {
    const received = await sent(method, init)
    expect(received.join('')).toBe(text)
    if (!text.endsWith('sum: 1\r\n\r\n')) expect(received).toHaveLength(1)
  })

  it('large content leaves piece by piece, so that its progress can be seen', async () => {
    const received = await sent('POST', { body: new Uint8Array(300_000) })
    expect(Math.max(...received.map((chunk) => chunk.length))).toBeLessThan(70_000)
    expect(received.join('')).toHaveLength(300_000 + received.join('').indexOf('\r\n\r\n') + 4)
  })

  it.each([{ x: 'a\r\nb: c' }, { 'transfer-encoding': 'b: c' }, { authorization: 'b: c' }])(
    'trailers are checked (RFC 9110 §6.5.1): %j',
    async (trailers) => {
      const carrier = await against(() => {})
      expect(() => carrier.request('POST', '/', { body: 'a', trailers })).toThrow(TypeError)
      const response = carrier.request('POST', '/', { body: 'a', trailers: () => trailers })
      expect(await rejection(response)).toBeInstanceOf(TypeError)
      await carrier.session.gone()
      expect(carrier.server.received).not.toContain('b: c')
    },
  )
})

describe('the order of messages', () => {
  it('a response before the request is complete ends both, and the connection (RFC 9112 §9.3)', async () => {
    // No time passes: the connection does not linger.
    const script: Script = (socket) => socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno')
    const carrier = await against(script, { clock: new VirtualClock() })
    let stopped = false
    async function* endless() {
      try {
        for (;;) {
          yield 'x'
          await settled()
        }
      } finally {
        stopped = true
      }
    }
    const response = await carrier.request('POST', '/', { body: endless() })
    expect([response.status, await response.text()]).toEqual([413, 'no'])
    await carrier.session.gone()
    await until(() => stopped)
    expect(carrier.told).toEqual(['closed closed'])
  })

  it('a response to a request that is given but not sent is waited for, and not for ever', async () => {
    const clock = new VirtualClock()
    const [client, peer] = memoryPair()
    const carrier = await new Carrier('http://a.test', { clock }).over(client)
    startPeer(peer)
    const response = carrier.request('POST', '/', { body: Buffer.alloc(200_000) })
    peer.pause()
    await settled()
    peer.write(Buffer.from(OK), () => {})
    expect(await (await response).text()).toBe('ok')
    await settled()
    expect([carrier.session.freeStreams, carrier.session.state]).toEqual([0, 'open'])
    await clock.advance(1_001)
    await carrier.session.gone()
    expect(client.closed).toBe(true)
  })

  it('bytes behind a response are not the next one (RFC 9112 §9.2)', async () => {
    const carrier = await against((socket) =>
      socket.write(`${OK}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`),
    )
    expect(await (await carrier.request('GET', '/')).text()).toBe('ok')
    await carrier.session.gone()
    expect(carrier.told).toEqual(['closed closed'])
  })

  it.each([
    ['a length, and content', 'Content-Length: 2\r\n\r\nok'],
    ['a length, and none', 'Content-Length: 2\r\n\r\n'],
    ['the chunked coding, and content', 'Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
    ['the chunked coding, and none', 'Transfer-Encoding: chunked\r\n\r\n'],
  ])('204 with %s has no content, and ends the connection (RFC 9112 §6.3)', async (_, rest) => {
    const carrier = await against((socket) => socket.write(`HTTP/1.1 204 No Content\r\n${rest}`))
    const response = await carrier.request('GET', '/')
    expect([response.status, await response.text()]).toEqual([204, ''])
    await carrier.session.gone()
    expect(carrier.told).toEqual(['closed closed'])
  })

  it('transfer-encoding: identity is none (RFC 9112 §6.3)', async () => {
    const carrier = await against((socket) =>
      socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: Identity\r\n\r\nok'),
    )
    expect(await (await carrier.request('GET', '/')).text()).toBe('ok')
    await carrier.session.gone()
  })

  it('100 after expect: 100-continue, then the response', async () => {
    const carrier = await against((socket) => socket.write(`HTTP/1.1 100 Continue\r\n\r\n${OK}`))
    const response = await carrier.request('POST', '/', { body: 'abc', headers: { expect: '100-continue' } })
    expect(response.informational.map(({ status }) => status)).toEqual([100])
    expect(await response.text()).toBe('ok')
    await carrier.session.close()
  })

  it('informational responses may tell of the progress of an upload, one for each KiB (RFC 9110 §15.2)', async () => {
    const progress = 'HTTP/1.1 104 Upload Resumption Supported\r\n\r\n'
    // The end of the content looks like that of a head: then all of it has come.
    const carrier = await against((socket, _head, count) => {
      if (count === 1) socket.write(`${progress.repeat(20)}${OK}`)
    })
    const body = `${'x'.repeat(12 * 1024 - 4)}\r\n\r\n`
    expect(await (await carrier.request('POST', '/', { body })).text()).toBe('ok')
    await carrier.session.close()
  })

  it('readChunked gives what arrived together as one', async () => {
    const carrier = await against((socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'),
    )
    const pieces = []
    for await (const piece of (await carrier.request('GET', '/')).readChunked())
      pieces.push(String(Buffer.from(piece)))
    expect(pieces).toEqual(['hello'])
    await carrier.session.close()
  })
})

describe('connections that end', () => {
  it('drain from the head of the response on (RFC 9112 §9.6)', async () => {
    const [client, peer] = memoryPair()
    const carrier = await new Carrier('http://a.test').over(client)
    startPeer(peer)
    const asked = carrier.request('GET', '/')
    await settled()
    peer.write(Buffer.from('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\no'), () => {})
    const response = await asked
    const { session, told } = carrier
    expect([session.state, session.freeStreams, told]).toEqual(['draining', 0, ['draining']])
    peer.write(Buffer.from('k'), () => {})
    expect(await response.text()).toBe('ok')
    await session.gone()
    expect(told).toEqual(['draining', 'closed closed'])
  })
})

describe('idle connections', () => {
  it('closed by the server are gone without a failure', async () => {
    const carrier = await against((socket) => socket.end(OK))
    expect(await (await carrier.request('GET', '/')).text()).toBe('ok')
    await carrier.session.gone()
    expect(carrier.told).toEqual(['closed closed'])
    expect(carrier.lines.some((line) => line.includes('failed'))).toBe(false)
  })

  it('are closed a second before keep-alive: timeout is over', async () => {
    const clock = new VirtualClock()
    const hint = 'HTTP/1.1 200 OK\r\nKeep-Alive: max=5, timeout=5\r\nContent-Length: 2\r\n\r\nok'
    const carrier = await against((socket, _, count) => socket.write(count % 2 === 0 ? hint : OK), { clock })
    const { session } = carrier
    const ask = async (): Promise<void> => {
      await (await carrier.request('GET', '/')).text()
      await carrier.free()
    }
    await ask()
    await clock.advance(3_999)
    // The next response says nothing of it.
    await ask()
    await clock.advance(60_000)
    await ask()
    await clock.advance(3_999)
    expect([session.worn, session.state]).toEqual([false, 'open'])
    await clock.advance(1)
    expect([session.worn, session.state, carrier.told]).toEqual([false, 'closed', ['closed closed']])
    await session.gone()
    expect(clock.pending).toBe(0)
  })

  it('are worn at once where keep-alive: timeout is a second', async () => {
    const [client, peer] = memoryPair()
    const carrier = await new Carrier('http://a.test', { clock: new VirtualClock() }).over(client)
    startPeer(peer)
    const asked = carrier.request('GET', '/')
    await settled()
    peer.write(
      Buffer.from('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\no'),
      () => {},
    )
    const response = await asked
    expect([carrier.session.worn, carrier.session.idle]).toEqual([false, false])
    peer.write(Buffer.from('k'), () => {})
    await response.text()
    await carrier.free()
    expect([carrier.session.worn, carrier.session.idle]).toEqual([true, true])
    await carrier.session.close()
  })

  it('do not keep the process alive, those in use do', async () => {
    const [client, peer] = memoryPair()
    const carrier = await new Carrier('http://a.test').over(client)
    startPeer(peer)
    await settled()
    expect(client.referenced).toBe(false)
    const response = carrier.request('GET', '/')
    await settled()
    expect(client.referenced).toBe(true)
    peer.write(Buffer.from(OK), () => {})
    await (await response).text()
    await settled()
    expect(client.referenced).toBe(false)
    carrier.session.destroy(undefined)
    await carrier.session.gone()
  })
})

describe('back-pressure', () => {
  it('of a server that does not read holds the source of the body', async () => {
    const carrier = await against((socket) => socket.pause())
    let given = 0
    async function* endless() {
      for (;;) {
        given += 65_536
        yield new Uint8Array(65_536)
      }
    }
    const exchange = carrier.carry('POST', '/', { body: endless() })
    const response = rejection(exchange.response())
    await still(() => given)
    // What was given and has not gone to the kernel is what is queued.
    expect(given - carrier.session.bytesSent).toBeLessThan(500_000)
    expect(exchange.sending?.queued).toBeLessThan(500_000)
    exchange.cancel()
    await response
    await carrier.session.gone()
  })

  it('of a client that does not read holds the server, and nothing is lost', async () => {
    const total = 48 * 1024 * 1024
    let sent = 0
    const carrier = await against((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`)
      const more = (): void => {
        while (sent < total) {
          sent += 65_536
          if (!socket.write(Buffer.alloc(65_536, sent / 65_536))) return void socket.once('drain', more)
        }
      }
      more()
    })
    const exchange = carrier.carry('GET', '/')
    const response = await exchange.response()
    await still(() => carrier.session.bytesReceived)
    expect(carrier.session.bytesReceived).toBeLessThan(1_000_000)
    expect(sent).toBeLessThan(total)
    let octets = 0
    let wrong = 0
    for await (const piece of response) {
      if (piece[0] !== (Math.floor(octets / 65_536) + 1) % 256) wrong++
      octets += piece.length
    }
    expect([octets, wrong]).toEqual([total, 0])
    await carrier.session.close()
  })
})

describe('giving up', () => {
  const phases: [
    name: string,
    script: Script,
    init: (signal: AbortSignal) => HTTP20RequestInit,
    ready: (carrier: Carrier) => Promise<unknown>,
  ][] = [
    ['before the head is sent', () => {}, (signal) => ({ signal }), async () => {}],
    [
      'while the body is sent',
      () => {},
      (signal) => ({ signal, body: new Blob([new Uint8Array(5_000_000)]).stream() }),
      (carrier) => until(() => carrier.server.received.length > 0),
    ],
    [
      'while the response is awaited',
      () => {},
      (signal) => ({ signal }),
      (carrier) => until(() => carrier.server.received.length > 0),
    ],
    [
      'in the body of the response',
      (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'),
      (signal) => ({ signal }),
      (carrier) => until(() => carrier.lines.some((line) => line.includes('answered'))),
    ],
  ]
  it.each(phases)('%s closes the connection, and every promise settles', async (_, script, init, ready) => {
    const carrier = await against(script)
    const abort = new AbortController()
    const exchange = carrier.carry('POST', '/', init(abort.signal))
    const response = exchange.response()
    const body = response.then((one) => one.text())
    body.catch(() => {})
    await ready(carrier)
    const reason = new Error('enough')
    abort.abort(reason)
    expect(await rejection(body)).toBe(reason)
    await carrier.session.gone()
    expect([carrier.told, carrier.session.freeStreams]).toEqual([['closed closed'], 0])
    await until(() => carrier.server.sockets.size === 0)
  })

  const limits: [code: string, timeouts: object, bytes: string, ms: number][] = [
    ['H2_TIMEOUT_HEADERS', { headers: 500 }, '', 500],
    ['H2_TIMEOUT_HEADERS', { headers: 500 }, 'HTTP/1.1 100 Continue\r\n\r\n', 500],
    ['H2_TIMEOUT_BODY', { bodyIdle: 400 }, 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n', 400],
    ['H2_TIMEOUT_TOTAL', { total: 300 }, '', 300],
  ]
  it.each(limits)('%s after %o, having read %j', async (code, timeouts, bytes, ms) => {
    const clock = new VirtualClock()
    const [client, peer] = memoryPair()
    const carrier = await new Carrier('http://a.test', { clock, timeouts }).over(client)
    startPeer(peer)
    const text = carrier.request('GET', '/').then((response) => response.text())
    text.catch(() => {})
    await settled()
    if (bytes !== '') peer.write(Buffer.from(bytes), () => {})
    await clock.advance(ms - 1)
    expect(carrier.told).toEqual([])
    await clock.advance(1)
    expect((await rejection(text)).code).toBe(code)
    await carrier.session.gone()
    expect([client.closed, clock.pending]).toEqual([true, 0])
  })
})

describe('the end of a session', () => {
  it('close() lets what is open finish', async () => {
    let socketOf: { write(text: string): unknown } | undefined
    const carrier = await against((socket) => {
      socketOf = socket
    })
    const text = carrier.request('GET', '/').then((response) => response.text())
    await until(() => socketOf !== undefined)
    const closed = carrier.session.close()
    expect([carrier.session.state, carrier.session.freeStreams]).toEqual(['draining', 0])
    socketOf!.write(OK)
    expect(await text).toBe('ok')
    await closed
    expect(carrier.told).toEqual(['closed closed'])
    await carrier.session.close()
  })

  it('close() does not wait for a server that does not close', async () => {
    const clock = new VirtualClock()
    const [client, peer] = memoryPair()
    const carrier = await new Carrier('http://a.test', { clock }).over(client)
    peer.start({ onChunk() {}, onEnd() {}, onClosed() {} })
    const closed = carrier.session.close()
    await clock.advance(1_000)
    await closed
    expect([client.closed, clock.pending]).toEqual([true, 0])
  })

  it('destroy() rejects what is open with its reason', async () => {
    const carrier = await against(() => {})
    const response = carrier.request('GET', '/')
    await until(() => carrier.server.received !== '')
    const reason = new Error('enough')
    carrier.session.destroy(reason)
    const error = await rejection(response)
    expect(facts(error)).toEqual([
      'H2_CONNECTION_CLOSED',
      'unknown',
      'connection failed: destroyed by the caller',
    ])
    expect(error.cause).toBe(reason)
    await carrier.session.gone()
    carrier.session.destroy(reason)
    expect(carrier.told).toEqual(['closed closed'])
  })

  it('leaves no socket behind', async () => {
    await until(() => !process.getActiveResourcesInfo().includes('TCPSocketWrap'))
  })
})
