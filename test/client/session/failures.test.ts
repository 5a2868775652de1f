import { describe, expect, it, test } from 'vitest'
import { H2Error, type HTTP20ConnectionOptions } from '../../../src/index.ts'
import { settled } from '../../support/virtual-clock.ts'
import {
  concat,
  data,
  frame,
  GOAWAY,
  goaway,
  headers,
  latin1,
  response,
  rstStream,
  uint32At,
  windowUpdate,
} from '../../support/wire.ts'
import { codeOf, Pair, rejection } from './peer.ts'

describe('what a peer does, and what each request is told', () => {
  it.each<[string, Uint8Array, object]>([
    [
      'RST_STREAM with REFUSED_STREAM (RFC 9113 §8.7)',
      rstStream(1, 7),
      { code: 'H2_STREAM_REFUSED', errorName: 'REFUSED_STREAM', processed: 'no', retryable: true },
    ],
    [
      'RST_STREAM with another code (RFC 9113 §6.4)',
      rstStream(1, 2),
      { code: 'H2_STREAM_RESET', errorCode: 2, initiator: 'peer', scope: 'stream', retryable: false },
    ],
    [
      'RST_STREAM with an unknown code (RFC 9113 §7)',
      rstStream(1, 0x1234),
      { code: 'H2_STREAM_RESET', errorName: 'UNKNOWN(0x1234)' },
    ],
    [
      'DATA before HEADERS (RFC 9113 §8.1)',
      data(1, 'x'),
      { code: 'H2_STREAM_ERROR', scope: 'stream', initiator: 'local', errorName: 'PROTOCOL_ERROR' },
    ],
    [
      'no :status (RFC 9113 §8.3.2)',
      headers(1, [['a', 'b']]),
      {
        code: 'H2_STREAM_ERROR',
        message: expect.stringMatching(/^stream 1 failed: :status.*RFC 9113 §8\.3\.2/),
      },
    ],
    [
      'WINDOW_UPDATE of 0 on the connection (RFC 9113 §6.9)',
      windowUpdate(0, 0),
      {
        code: 'H2_CONNECTION_ERROR',
        scope: 'connection',
        initiator: 'local',
        message: expect.stringMatching(/^connection failed: .*RFC 9113 §6\.9/),
      },
    ],
    [
      'a field block that cannot be decoded (RFC 7541 §2.3.3)',
      frame(1, 4, 1, Uint8Array.of(0xff, 0xff, 0x01)),
      {
        code: 'H2_CONNECTION_ERROR',
        errorName: 'COMPRESSION_ERROR',
        cause: expect.objectContaining({ name: 'HPACKDecodingError' }),
      },
    ],
    [
      'GOAWAY below the stream (RFC 9113 §6.8)',
      goaway(0, 11, 'slow\ndown'),
      { code: 'H2_GOAWAY', processed: 'no', retryable: true, debugData: expect.stringContaining('slow') },
    ],
  ])('%s', async (_, bytes, expected) => {
    const pair = await Pair.open()
    const stream = pair.connection.request('GET', '/')
    await settled()
    await pair.wire.send(bytes)
    const error = await rejection(stream.response)
    expect(error).toBeInstanceOf(H2Error)
    expect(error).toMatchObject(expected)
    expect(error.message).toMatch(/^[a-z0-9 ]+: /)
    expect(error.message).not.toMatch(/failed: .*failed: /)
  })

  test('a connection error says GOAWAY with the code and closes, and all are told with errors of their own', async () => {
    const pair = await Pair.open()
    const streams = ['/1', '/2'].map((path) => pair.connection.request('GET', path))
    await settled()
    await pair.wire.send(response(1, 200), data(0, 'x'))
    const [first, second] = await Promise.all([
      rejection((await streams[0]!.response).text()),
      rejection(streams[1]!.response),
    ])
    expect([first.processed, second.processed]).toEqual(['yes', 'unknown'])
    expect(first).not.toBe(second)
    expect(pair.wire.of(GOAWAY).map((one) => uint32At(one.payload, 4))).toEqual([1])
    expect(pair.wire.ended).toBe(true)
  })

  test('a server that speaks HTTP/1.1', async () => {
    const pair = new Pair({}, { silent: true })
    const stream = pair.connection.request('GET', '/')
    await settled()
    pair.wire.end.write(latin1('HTTP/1.1 400 Bad Request\r\n\r\n'), () => {})
    expect(await rejection(stream.response)).toMatchObject({ code: 'H2_CONNECTION_ERROR' })
  })
})

describe('GOAWAY (RFC 9113 §6.8)', () => {
  test('what the peer took goes on, new requests begin a new connection', async () => {
    const pair = await Pair.open()
    const first = pair.connection.request('GET', '/1')
    await settled()
    await pair.wire.send(goaway(1, 0))
    expect(pair.connection.state).toBe('draining')
    const second = pair.connection.request('GET', '/2')
    await settled()
    expect(pair.wires.length).toBe(2)
    await pair.wires[0]!.send(response(1, 200), data(1, 'one', true))
    await pair.wires[1]!.send(response(1, 200), data(1, 'two', true))
    expect(await (await first.response).text()).toBe('one')
    expect(await (await second.response).text()).toBe('two')
    expect(pair.wires[0]!.ended).toBe(true)
    expect(pair.wires[1]!.ended).toBe(false)
    expect(pair.connection.state).toBe('open')
  })
})

describe('why the peer left is in the message', () => {
  const said: [string, number, string, RegExp][] = [
    ['a code and words', 11, 'too_many_continuations', /ENHANCE_YOUR_CALM.*"too_many_continuations"$/],
    ['a code alone', 1, '', /^[^"]*PROTOCOL_ERROR[^"]*$/],
    ['words alone', 0, 'maintenance', /; the peer said "maintenance"$/],
    ['nothing', 0, '', /\(RFC 9113 §6\.8\)$/],
    ['much', 1, 'x'.repeat(1000), /"x{200}…"$/],
    ['what could be taken for more lines', 1, 'a\nb', /"a\\x0ab"$|"a\\nb"$/],
  ]
  test.each(said)('of a request that it did not process: %s', async (_what, code, words, expected) => {
    const pair = await Pair.open()
    const stream = pair.connection.request('GET', '/')
    await settled()
    await pair.wire.send(goaway(0, code, words))
    const error = await rejection(stream.response)
    expect(error).toMatchObject({ code: 'H2_GOAWAY', processed: 'no' })
    expect(error.message).toMatch(expected)
    expect(error.message).not.toMatch(/(PROTOCOL_ERROR|ENHANCE_YOUR_CALM).*\1/)
  })

  test.each(said.slice(0, 2))('of one that was cut off: %s', async (_what, code, words, expected) => {
    const pair = await Pair.open()
    const stream = pair.connection.request('GET', '/')
    await settled()
    await pair.wire.send(goaway(1, code, words))
    pair.wire.end.end()
    const error = await rejection(stream.response)
    expect(error).toMatchObject({ code: 'H2_GOAWAY', processed: 'unknown' })
    expect(error.message).toMatch(expected)
    expect(error.message).not.toMatch(/(PROTOCOL_ERROR|ENHANCE_YOUR_CALM).*\1/)
  })
})

describe('bytes that end', () => {
  const phases: [string, (pair: Pair) => Promise<void>, object][] = [
    ['before SETTINGS', async () => {}, { code: 'H2_CONNECTION_CLOSED', processed: 'unknown' }],
    [
      'while the response is awaited',
      async (pair) => pair.wire.send(concat()),
      { code: 'H2_CONNECTION_CLOSED', processed: 'unknown', scope: 'transport' },
    ],
    [
      'in the middle of a frame',
      async (pair) => pair.wire.send(response(1, 200).subarray(0, 12)),
      { code: 'H2_CONNECTION_CLOSED', processed: 'unknown' },
    ],
  ]
  it.each(phases)('%s, by reset', async (name, lead, expected) => {
    const pair = name === 'before SETTINGS' ? new Pair({}, { silent: true }) : await Pair.open()
    const stream = pair.connection.request('GET', '/')
    await settled()
    await lead(pair)
    const cause = new Error('read ECONNRESET')
    pair.wire.client.fail(cause)
    expect(await rejection(stream.response)).toMatchObject({ ...expected, cause })
    expect(pair.connection.state).toBe('idle')
  })

  it.each(phases)('%s, by FIN', async (name, lead, expected) => {
    const pair = name === 'before SETTINGS' ? new Pair({}, { silent: true }) : await Pair.open()
    const stream = pair.connection.request('GET', '/')
    await settled()
    await lead(pair)
    pair.wire.end.end()
    expect(await rejection(stream.response)).toMatchObject(expected)
    await settled()
    expect(pair.wire.closed).toBe(true)
  })

  test('in the middle of a body: what arrived can be read', async () => {
    const pair = await Pair.open()
    const stream = pair.connection.request('GET', '/')
    await settled()
    await pair.wire.send(response(1, 200), data(1, 'abc'))
    pair.wire.client.fail(new Error('read ECONNRESET'))
    const answer = await stream.response
    expect(Buffer.from(await answer.read(5)).toString()).toBe('abc')
    expect(await rejection(answer.read(5))).toMatchObject({ code: 'H2_CONNECTION_CLOSED', processed: 'yes' })
  })

  test('requests that waited for a stream were not processed', async () => {
    const pair = await Pair.open({}, { settings: { 3: 1 } })
    pair.connection.request('GET', '/1')
    const waiting = pair.connection.request('GET', '/2')
    await settled()
    pair.wire.client.fail(new Error('read ECONNRESET'))
    expect(await rejection(waiting.response)).toMatchObject({ processed: 'no', retryable: true })
  })

  test('the next request begins anew', async () => {
    const pair = await Pair.open()
    const lost = pair.connection.request('GET', '/')
    await settled()
    pair.wire.client.fail(new Error('read ECONNRESET'))
    await rejection(lost.response)
    const stream = pair.connection.request('GET', '/')
    await settled()
    await pair.wire.send(response(1, 200, true))
    expect((await stream.response).status).toBe(200)
    expect(pair.wires.length).toBe(2)
  })
})

describe('a dial that fails', () => {
  const refused = new H2Error('connection failed: ECONNREFUSED', {
    code: 'H2_CONNECT',
    scope: 'transport',
    initiator: 'peer',
    errorCode: 10,
    errorName: 'CONNECT_ERROR',
    processed: 'no',
    cause: new Error('ECONNREFUSED'),
  })

  it.each<[string, HTTP20ConnectionOptions, object]>([
    [
      'an H2Error passes, made anew for each',
      { transport: () => Promise.reject(refused) },
      {
        code: 'H2_CONNECT',
        message: refused.message,
        cause: refused.cause,
        processed: 'no',
        retryable: true,
      },
    ],
    [
      'anything else is H2_CONNECT',
      { transport: () => Promise.reject(new Error('boom')) },
      { code: 'H2_CONNECT', cause: new Error('boom'), processed: 'no', retryable: true },
    ],
    [
      'a dial that throws',
      {
        transport: () => {
          throw new Error('boom')
        },
      },
      { code: 'H2_CONNECT', cause: new Error('boom') },
    ],
  ])('%s', async (_, options, expected) => {
    const { connection } = new Pair(options)
    const streams = ['/1', '/2'].map((path) => connection.request('GET', path))
    const all = [...streams.map((stream) => stream.response), connection.connect(), connection.ping()]
    const errors = await Promise.all(all.map(rejection))
    for (const error of errors) expect(error).toMatchObject(expected)
    expect(new Set(errors).size).toBe(4)
    expect(connection.state).toBe('idle')
  })

  it.each([
    [undefined, 'no protocol'],
    ['http/1.1', 'http/1.1'],
  ])('ALPN chose %s (RFC 9113 §3.2)', async (alpn, text) => {
    const pair = new Pair({}, { alpn })
    const stream = pair.connection.request('GET', '/')
    const error = await rejection(stream.response)
    expect(error).toMatchObject({ code: 'H2_ALPN', processed: 'no', retryable: false })
    expect(error.message).toContain(text)
    await settled()
    expect(pair.wire.closed).toBe(true)
    expect(pair.wire.frames).toEqual([])
  })

  test('plain text needs no ALPN (RFC 9113 §3.3)', async () => {
    const pair = await Pair.open({ secure: false }, { alpn: undefined })
    const stream = pair.connection.request('GET', '/')
    await settled()
    expect(pair.wire.head(1)[':scheme']).toBe('http')
    expect(stream.streamId).toBe(1)
  })

  test('one dial for any number of requests, and the next after it failed', async () => {
    let dials = 0
    const { connection } = new Pair({
      transport: () => {
        dials++
        return Promise.reject(new Error('no'))
      },
    })
    const codes = await Promise.all([1, 2, 3].map(() => codeOf(connection.request('GET', '/').response)))
    expect([codes, dials]).toEqual([['H2_CONNECT', 'H2_CONNECT', 'H2_CONNECT'], 1])
    await codeOf(connection.request('GET', '/').response)
    expect(dials).toBe(2)
  })
})
