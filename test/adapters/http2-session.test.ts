/** Sessions of `hyper-h2/http2` against Node's own servers. */
import { once } from 'node:events'
import { constants } from 'node:http2'
import net from 'node:net'
import tls from 'node:tls'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { connect } from '../../src/adapters/http2/connect.ts'
import { HEADERS, response } from '../support/wire.ts'
import { answerOf, BytePeer, ending, open, recorded, serve, serveSecure } from './http2-origin.ts'

const ok = (stream: { respond(headers?: object): void; end(text?: string): void }): void => {
  stream.respond({ ':status': 200 })
  stream.end('ok')
}

describe('a session', () => {
  it('over TLS: connects, tells of both settings, answers, closes', async () => {
    const { url, ca } = await serveSecure(ok)
    const session = open(url, { ca })
    const events = recorded(session, 'connect', 'remoteSettings', 'localSettings', 'close', 'error')
    expect([session.connecting, session.encrypted, session.alpnProtocol, session.localSettings]).toEqual([
      true,
      undefined,
      undefined,
      {},
    ])
    const { text, headers } = await answerOf(session.request())
    expect([text, headers[':status']]).toEqual(['ok', 200])
    expect([session.encrypted, session.alpnProtocol, session.type, session.connecting]).toEqual([
      true,
      'h2',
      1,
      false,
    ])
    session.close()
    expect(session.closed).toBe(true)
    await once(session, 'close')
    expect(session.destroyed).toBe(true)
    expect(events).toEqual(['connect', 'remoteSettings', 'localSettings', 'close'])
  })

  it('in clear text says so, and reads an authority as an object', async () => {
    const { port } = await serve(ok)
    const session = connect({ protocol: 'http:', host: 'localhost', port })
    ending(() => session.destroy())
    await once(session, 'connect')
    expect([session.encrypted, session.alpnProtocol, session.originSet]).toEqual([false, 'h2c', undefined])
  })

  it('is what promisify makes of connect', async () => {
    const { url } = await serve(ok)
    const session = await promisify(connect)(url)
    ending(() => session.destroy())
    expect((session as unknown as { connecting: boolean }).connecting).toBe(false)
    await expect(promisify(connect)('http://127.0.0.1:1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('calls its listener with itself and the socket', async () => {
    const { url } = await serve(ok)
    const [session, socket] = await new Promise<unknown[]>((told) => {
      const made = connect(url, (...given) => told(given))
      ending(() => made.destroy())
    })
    expect((session as { type: number }).type).toBe(constants.NGHTTP2_SESSION_CLIENT)
    expect(socket).toBeInstanceOf(net.Socket)
  })

  it.each([
    [
      'a protocol that is none',
      () => connect('ftp://a.test'),
      'ERR_HTTP2_UNSUPPORTED_PROTOCOL',
      /protocol "ftp:" is unsupported/,
    ],
    [
      'an authority that is none',
      () => connect(7 as never),
      'ERR_INVALID_ARG_TYPE',
      /"authority" argument must be of type string or an instance of URL or Object|"authority"/,
    ],
    [
      'options that are none',
      () => connect('http://a.test', 7 as never),
      'ERR_INVALID_ARG_TYPE',
      /The "options" argument must be of type object. Received type number \(7\)/,
    ],
    [
      'settings out of range',
      () => connect('http://a.test', { settings: { maxFrameSize: 1 } }),
      'ERR_HTTP2_INVALID_SETTING_VALUE',
      /Invalid value for setting "maxFrameSize": 1/,
    ],
    [
      'too many custom settings',
      () => connect('http://a.test', { remoteCustomSettings: new Array(11).fill(1) }),
      'ERR_HTTP2_TOO_MANY_CUSTOM_SETTINGS',
      /exceeds/,
    ],
    [
      'a limit that is none',
      () => connect('http://a.test', { maxSessionInvalidFrames: -1 }),
      'ERR_OUT_OF_RANGE',
      /maxSessionInvalidFrames/,
    ],
  ])('refuses %s as Node does', (_name, make, code, message) => {
    expect(make).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }))
  })

  it('fails with the socket: error, then close, and its requests cancelled', async () => {
    const session = open('http://127.0.0.1:1')
    const stream = session.request()
    const ends = recorded(session, 'error', 'close')
    const closed = new Promise((told) => session.once('close', told))
    const [error] = await once(stream, 'error')
    expect(error).toMatchObject({ code: 'ERR_HTTP2_STREAM_CANCEL', cause: { code: 'ECONNREFUSED' } })
    await closed
    expect(ends).toEqual(['error', 'close'])
  })

  it('that closes while it connects has no requests any more, and ends those that it has', async () => {
    const { url } = await serve(ok)
    const session = open(url)
    const stream = session.request()
    session.close()
    expect(() => session.request()).toThrow(expect.objectContaining({ code: 'ERR_HTTP2_GOAWAY_SESSION' }))
    const closed = once(session, 'close')
    expect((await once(stream, 'error'))[0]).toMatchObject({ code: 'ERR_HTTP2_GOAWAY_SESSION' })
    await closed
    expect(() => session.request()).toThrow(expect.objectContaining({ code: 'ERR_HTTP2_INVALID_SESSION' }))
  })

  it('finishes what is open before it closes', async () => {
    const { url, server } = await serve((stream) => {
      stream.respond()
      stream.session?.once('goaway', () => stream.end('late'))
    })
    const session = open(url)
    const stream = session.request()
    const answer = answerOf(stream)
    await once(stream, 'response')
    session.close()
    expect((await answer).text).toBe('late')
    await once(session, 'close')
    expect(server.listening).toBe(true)
  })

  it('that is destroyed ends its streams with the same error', async () => {
    const { url } = await serve((stream) => stream.respond())
    const session = open(url)
    const stream = session.request()
    const events = recorded(stream, 'aborted', 'error', 'close')
    const failed = new Promise<Error>((told) => session.once('error', told))
    const closed = new Promise((told) => session.once('close', told))
    await once(stream, 'response')
    session.destroy(new Error('enough'), constants.NGHTTP2_ENHANCE_YOUR_CALM)
    session.destroy(new Error('again'))
    expect((await once(stream, 'error'))[0].message).toBe('enough')
    expect((await failed).message).toBe('enough')
    await closed
    expect(events).toEqual(['error', 'close'])
    expect(stream.rstCode).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM)
    expect(stream.session).toBeUndefined()
  })

  it('destroyed by a code has an error that names it', async () => {
    const { url } = await serve(ok)
    const session = open(url)
    await once(session, 'connect')
    session.destroy(constants.NGHTTP2_CONNECT_ERROR)
    const [error] = await once(session, 'error')
    expect(error).toMatchObject({
      code: 'ERR_HTTP2_SESSION_ERROR',
      message: 'Session closed with error code 10',
    })
  })

  it('sees streams of a dropped connection end with CANCEL, aborted, without an error', async () => {
    const peer = new BytePeer()
    const session = peer.session()
    peer.greet()
    const stream = session.request({ ':method': 'POST' })
    const events = recorded(stream, 'aborted', 'error', 'close')
    await peer.frame(({ type }) => type === HEADERS)
    peer.send(response(1, 200))
    await once(stream, 'response')
    const closed = once(session, 'close')
    peer.near.destroy()
    await closed
    expect(events).toEqual(['aborted', 'close'])
    expect([stream.rstCode, stream.aborted]).toEqual([constants.NGHTTP2_CANCEL, true])
  })

  it('disposes of itself', async () => {
    const { url } = await serve(ok)
    const session = open(url)
    await session[Symbol.asyncDispose]()
    expect(session.destroyed).toBe(true)
  })
})

describe('record', () => {
  it('keeps the frames, and tells what a request waited for', async () => {
    const { url } = await serve(ok)
    const session = open(url, { record: true })
    await answerOf(session.request({ ':path': '/a?secret' }))
    const recording = session.recording()
    expect(recording.requests()).toMatchObject([{ method: 'GET', url: `${url}/a?******`, status: 200 }])
    expect(recording.connections()).toMatchObject([{ origin: url, info: { alpn: 'h2c' } }])
    const [{ total, parts }] = recording.stalls() as [ReturnType<typeof recording.stalls>[number]]
    expect(parts.reduce((sum, { ms }) => sum + ms, 0)).toBeCloseTo(total, 6)
    session.close()
  })

  it('is nothing unless it was asked for, and refuses what means nothing', async () => {
    const { url } = await serve(ok)
    const session = open(url)
    expect(() => session.recording()).toThrow(TypeError)
    session.close()
    expect(() => open(url, { record: 1 as never })).toThrow(TypeError)
    expect(() => open(url, { record: { maxBytes: 1 } })).toThrow(RangeError)
  })
})

describe('settings', () => {
  it('are the ones asked for, and change while the session runs', async () => {
    const { url, server } = await serve(ok, {
      settings: { maxConcurrentStreams: 7, customSettings: { 1000: 5 } },
      remoteCustomSettings: [55],
    } as object)
    const accepted = once(server, 'session')
    const session = open(url, {
      settings: { initialWindowSize: 100_000, enablePush: false, customSettings: { 55: 12 } },
      remoteCustomSettings: [1000],
    })
    const [theirs] = await once(session, 'remoteSettings')
    expect(theirs).toMatchObject({
      maxConcurrentStreams: 7,
      initialWindowSize: 65_535,
      customSettings: { 1000: 5 },
    })
    expect(session.remoteSettings).toBe(theirs)
    const [ours] = await once(session, 'localSettings')
    expect(ours).toMatchObject({
      initialWindowSize: 100_000,
      enablePush: false,
      headerTableSize: 4096,
      customSettings: { 55: 12 },
    })
    const [peer] = await accepted
    expect(peer.remoteSettings).toMatchObject({
      initialWindowSize: 100_000,
      enablePush: false,
      customSettings: { 55: 12 },
    })
    const [error, changed, duration] = await new Promise<unknown[]>((told) => {
      session.settings({ initialWindowSize: 50 }, (...given) => told(given))
    })
    expect([error, (changed as { initialWindowSize: number }).initialWindowSize, typeof duration]).toEqual([
      null,
      50,
      'number',
    ])
    expect([peer.remoteSettings.initialWindowSize, session.pendingSettingsAck]).toEqual([50, false])
  })

  it('wait for the connection, and are cancelled with the session', async () => {
    const { url } = await serve(ok)
    const session = open(url)
    expect(session.pendingSettingsAck).toBe(false)
    session.settings({ maxFrameSize: 20_000 })
    expect(session.pendingSettingsAck).toBe(true)
    await once(session, 'connect')
    const cancelled = new Promise((told) => session.settings({}, told))
    session.destroy()
    expect(await cancelled).toMatchObject({ code: 'ERR_HTTP2_SETTINGS_CANCEL' })
    expect(() => session.settings({})).toThrow(expect.objectContaining({ code: 'ERR_HTTP2_INVALID_SESSION' }))
  })

  it('beyond what may wait for its acknowledgement end the session', async () => {
    const { url } = await serve(ok)
    const session = open(url, { maxOutstandingSettings: 2 })
    await once(session, 'connect')
    session.settings({})
    session.settings({})
    const [error] = await once(session, 'error')
    expect(error).toMatchObject({ code: 'ERR_HTTP2_MAX_PENDING_SETTINGS_ACK' })
  })

  it.each([
    [{ enablePush: 1 }, 'TypeError'],
    [{ headerTableSize: -1 }, 'RangeError'],
    [{ maxHeaderSize: 2 ** 32 }, 'RangeError'],
    [{ initialWindowSize: 2 ** 31 }, 'RangeError'],
    [{ customSettings: { 70000: 1 } }, 'RangeError'],
    [{ customSettings: { 7: -1 } }, 'RangeError'],
  ])('%j are refused', async (settings, name) => {
    const { url } = await serve(ok)
    const session = open(url)
    expect(() => session.settings(settings as object)).toThrow(
      expect.objectContaining({ name, code: 'ERR_HTTP2_INVALID_SETTING_VALUE' }),
    )
  })
})

describe('PING', () => {
  it('comes back with its octets and a duration; the peer sees them', async () => {
    const { url, server } = await serve(ok)
    const accepted = once(server, 'session')
    const session = open(url)
    await once(session, 'connect')
    const [peer] = await accepted
    const seen = once(peer, 'ping')
    const [error, duration, payload] = await new Promise<unknown[]>((told) => {
      expect(session.ping(Buffer.from('abcdefgh'), (...given) => told(given))).toBe(true)
    })
    expect([error, String(payload)]).toEqual([null, 'abcdefgh'])
    expect(duration).toBeGreaterThanOrEqual(0)
    expect(String((await seen)[0])).toBe('abcdefgh')
  })

  it('of the peer is told', async () => {
    const { url, server } = await serve(ok)
    const accepted = once(server, 'session')
    const session = open(url)
    const told = once(session, 'ping')
    ;(await accepted)[0].ping(Buffer.from('12345678'), () => {})
    expect(String((await told)[0])).toBe('12345678')
  })

  it('is cancelled while the session connects, beyond the limit, and with the session', async () => {
    const { url } = await serve(ok)
    const session = open(url, { maxOutstandingPings: 1 })
    const early = new Promise((told) => expect(session.ping(told)).toBe(undefined))
    expect(await early).toMatchObject({ code: 'ERR_HTTP2_PING_CANCEL', message: 'HTTP2 ping cancelled' })
    if (session.connecting) await once(session, 'connect')
    const first = new Promise((told) => expect(session.ping(told)).toBe(true))
    const second = new Promise((told) => expect(session.ping(told)).toBe(false))
    session.destroy()
    for (const told of [first, second]) expect(await told).toMatchObject({ code: 'ERR_HTTP2_PING_CANCEL' })
    expect(() => session.ping(() => {})).toThrow(
      expect.objectContaining({ code: 'ERR_HTTP2_INVALID_SESSION' }),
    )
  })

  it.each([
    [() => [Buffer.alloc(7), () => {}], 'ERR_HTTP2_PING_LENGTH'],
    [() => [{}, () => {}], 'ERR_INVALID_ARG_TYPE'],
    [() => [Buffer.alloc(8)], 'ERR_INVALID_ARG_TYPE'],
  ])('of %s is refused', async (given, code) => {
    const { url } = await serve(ok)
    const session = open(url)
    expect(() => session.ping(...(given() as [never]))).toThrow(expect.objectContaining({ code }))
  })
})

describe('what else a session does', () => {
  it('says GOAWAY with what it is given', async () => {
    const { url, server } = await serve(ok)
    const accepted = once(server, 'session')
    const session = open(url)
    session.on('error', () => {})
    session.goaway(constants.NGHTTP2_INADEQUATE_SECURITY, 0, Buffer.from('why'))
    const [peer] = await accepted
    const [code, lastStreamId, opaque] = await once(peer, 'goaway')
    expect([code, lastStreamId, String(opaque)]).toEqual([12, 0, 'why'])
    expect(() => session.goaway('x' as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    )
  })

  it('counts identifiers from where it is told, until there are no more', async () => {
    const { url } = await serve(ok)
    const session = open(url)
    await once(session, 'connect')
    session.setNextStreamID(2 ** 31 - 1)
    // An identifier that is even, or was passed, changes nothing.
    session.setNextStreamID(2)
    session.setNextStreamID(3)
    const last = session.request()
    expect(last.id).toBe(2 ** 31 - 1)
    const none = session.request()
    const [error] = await once(none, 'error')
    expect(error).toMatchObject({ code: 'ERR_HTTP2_OUT_OF_STREAMS' })
    expect((await answerOf(last)).text).toBe('ok')
    expect(() => session.setNextStreamID(-1)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }))
  })

  it('has a window that only grows', async () => {
    const { url, server } = await serve(ok)
    const accepted = once(server, 'session')
    const session = open(url)
    await once(session, 'connect')
    expect(session.state).toMatchObject({
      effectiveLocalWindowSize: 65_535,
      localWindowSize: 16_777_216,
      remoteWindowSize: 65_535,
    })
    session.setLocalWindowSize(2 ** 25)
    expect(session.state).toMatchObject({ effectiveLocalWindowSize: 2 ** 25, localWindowSize: 2 ** 25 })
    const [peer] = await accepted
    await answerOf(session.request())
    expect(peer.state.remoteWindowSize).toBe(2 ** 25 - 2)
    expect(() => session.setLocalWindowSize(2 ** 32)).toThrow(
      expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
    )
    session.destroy()
    expect(() => session.setLocalWindowSize(1)).toThrow(
      expect.objectContaining({ code: 'ERR_HTTP2_INVALID_SESSION' }),
    )
    expect(session.state).toEqual({})
  })

  it('tells of silence, once, and not of what moves', async () => {
    const { url } = await serve(() => {})
    const session = open(url)
    const stream = session.request()
    await new Promise<void>((told) => stream.setTimeout(30, told))
    await new Promise<void>((told) => session.setTimeout(30, told))
    expect([session.timeout, stream.timeout]).toEqual([30, 30])
    for (const value of ['1', -1, Number.POSITIVE_INFINITY])
      expect(() => session.setTimeout(value as number)).toThrow()
    expect(() => session.setTimeout(10, 'x' as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    )
    session.setTimeout(0)
    stream.close()
    expect(stream.listenerCount('timeout')).toBe(0)
  })

  it('keeps the process as its socket does', async () => {
    const { port } = await serve(ok)
    const socket = net.connect(port, '127.0.0.1')
    const session = open('http://a.test', { createConnection: () => socket })
    const calls: string[] = []
    for (const name of ['ref', 'unref'] as const) {
      socket[name] = () => {
        calls.push(name)
        return socket
      }
    }
    session.unref()
    session.ref()
    expect(calls).toEqual(['unref', 'ref'])
  })

  it('lives without the listeners that its caller removed', async () => {
    const { url } = await serve(ok)
    const session = open(url)
    session.removeAllListeners()
    const { text } = await answerOf(session.request())
    session.removeAllListeners()
    session.close()
    await once(session, 'close')
    expect(text).toBe('ok')
  })

  it('knows its origins over TLS, less those answered with 421', async () => {
    const { url, ca, server } = await serveSecure((stream) => {
      stream.respond({ ':status': 421 })
      stream.end()
    })
    server.on('session', (peer) => peer.origin('https://b.test', 'https://c.test'))
    const session = open(url, { ca, servername: 'localhost' })
    const [origins] = await once(session, 'origin')
    expect(origins).toEqual(['https://b.test', 'https://c.test'])
    expect(session.originSet).toEqual([url, 'https://b.test', 'https://c.test'])
    await answerOf(session.request({ ':authority': 'b.test', ':scheme': 'https' }))
    expect(session.originSet).toEqual([url, 'https://c.test'])
  })

  it('tells of alternative services', async () => {
    const { url, server } = await serve(ok)
    server.on('session', (peer) => peer.altsvc('h2=":8000"', 'https://a.test:8111/x'))
    const session = open(url)
    expect(await once(session, 'altsvc')).toEqual(['h2=":8000"', 'https://a.test:8111', 0])
  })
})

describe('session.socket', () => {
  it('shows the socket behind a guard', async () => {
    const { url, ca, port } = await serveSecure(ok)
    const session = open(url, { ca })
    const socket = session.socket as tls.TLSSocket
    expect(session.socket).toBe(socket)
    expect(socket).toBeInstanceOf(tls.TLSSocket)
    await once(session, 'connect')
    expect([socket.remotePort, socket.alpnProtocol, socket.authorized]).toEqual([port, 'h2', true])
    expect('encrypted' in socket).toBe(true)
    for (const name of [
      'destroy',
      'emit',
      'end',
      'pause',
      'read',
      'resume',
      'write',
      'setEncoding',
      'setKeepAlive',
      'setNoDelay',
    ] as const) {
      expect(() => socket[name]).toThrow(
        expect.objectContaining({ code: 'ERR_HTTP2_NO_SOCKET_MANIPULATION' }),
      )
      expect(() => {
        ;(socket as unknown as Record<string, unknown>)[name] = undefined
      }).toThrow(expect.objectContaining({ code: 'ERR_HTTP2_NO_SOCKET_MANIPULATION' }))
    }
    ;(socket as unknown as { servername: string }).servername = 'other'
    expect((socket as unknown as { servername: string }).servername).toBe('other')
    socket.setTimeout(123)
    expect(session.timeout).toBe(123)
    session.close()
    await once(session, 'close')
    expect(session.socket).toBeUndefined()
    expect(() => socket.remotePort).toThrow(expect.objectContaining({ code: 'ERR_HTTP2_SOCKET_UNBOUND' }))
    expect(() => socket instanceof net.Socket).toThrow(
      expect.objectContaining({ code: 'ERR_HTTP2_SOCKET_UNBOUND' }),
    )
  })

  it.each(['connecting', 'connected', 'secured'] as const)('adopts a socket that is %s', async (stage) => {
    const { port, ca } = await serveSecure(ok)
    const socket = tls.connect({
      port,
      host: '127.0.0.1',
      servername: 'localhost',
      ca,
      ALPNProtocols: ['h2'],
    })
    if (stage === 'connected') await once(socket, 'connect')
    if (stage === 'secured') await once(socket, 'secureConnect')
    const session = open('https://a.test', { createConnection: () => socket })
    let sync = true
    const connected = new Promise<boolean>((told) => session.once('connect', () => told(sync)))
    sync = false
    expect(await connected).toBe(false)
    expect((await answerOf(session.request())).text).toBe('ok')
  })

  it('belongs to one session', async () => {
    const { port } = await serve(ok)
    const socket = net.connect(port, '127.0.0.1')
    open('http://a.test', { createConnection: () => socket })
    expect(() => open('http://a.test', { createConnection: () => socket })).toThrow(
      expect.objectContaining({ code: 'ERR_HTTP2_SOCKET_BOUND' }),
    )
  })
})
