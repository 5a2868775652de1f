/** Sessions of `hyper-h2/http2` with a peer of plain bytes: what breaks rules, what says GOAWAY, and silence. */
import { once } from 'node:events'
import * as theirs from 'node:http2'
import { describe, expect, it, vi } from 'vitest'
import module, * as ours from '../../src/adapters/http2.ts'
import {
  ACK,
  concat,
  DATA,
  data,
  END_HEADERS,
  END_STREAM,
  GOAWAY,
  goaway,
  HEADERS,
  headers,
  PING,
  paddedData,
  ping,
  RST_STREAM,
  response,
  rstStream,
  SETTINGS,
  settings,
  settingsAck,
  uint32At,
  windowUpdate,
} from '../support/wire.ts'
import { answerOf, BytePeer, recorded } from './http2-origin.ts'

const { constants } = theirs

/** A session with one request that the peer has received. */
async function asked(options: Parameters<BytePeer['session']>[0] = {}, fields: object = {}) {
  const peer = new BytePeer()
  const session = peer.session(options)
  peer.greet()
  const stream = session.request(fields)
  await peer.frame(({ type }) => type === HEADERS)
  return { peer, session, stream }
}

describe('what goes out first', () => {
  it('is what was asked for, and nothing more', async () => {
    const peer = new BytePeer()
    peer.session()
    const { payload } = await peer.frame(({ type }) => type === SETTINGS)
    expect(payload.length).toBe(0)
  })

  it('is every setting that was asked for', async () => {
    const peer = new BytePeer()
    peer.session({ settings: { enablePush: false, headerTableSize: 0, customSettings: { 500: 6 } } })
    const { payload } = await peer.frame(({ type }) => type === SETTINGS)
    expect([...payload]).toEqual([0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 244, 0, 0, 0, 6])
  })

  it('waits for peerMaxConcurrentStreams, and then for the peer', async () => {
    const peer = new BytePeer()
    const session = peer.session({ peerMaxConcurrentStreams: 1 })
    session.request()
    const second = session.request()
    const third = session.request()
    expect((await peer.frame(({ type }) => type === HEADERS)).streamId).toBe(1)
    peer.send(settings({ 3: 2 }), settingsAck)
    expect((await peer.frame(({ type }) => type === HEADERS)).streamId).toBe(3)
    expect([second.id, third.id]).toEqual([3, 5])
    peer.send(response(1, 200, true))
    expect((await peer.frame(({ type }) => type === HEADERS)).streamId).toBe(5)
  })

  it('is one write for what a turn asks', async () => {
    const peer = new BytePeer()
    const session = peer.session()
    await once(session, 'connect')
    await peer.frame(({ type }) => type === SETTINGS)
    let writes = 0
    const write = peer.near.write
    peer.near.write = ((...given: Parameters<typeof write>) => {
      writes += 1
      return write.apply(peer.near, given)
    }) as typeof write
    for (let i = 0; i < 10; i++) session.request()
    for (let i = 0; i < 10; i++) await peer.frame(({ type }) => type === HEADERS)
    expect(writes).toBe(1)
  })

  it('carries END_STREAM with the last content', async () => {
    const { peer, stream } = await asked({}, { ':method': 'POST' })
    stream.write('one')
    stream.end('two')
    const frames = [await peer.frame(({ type }) => type === DATA)]
    if ((frames[0]!.flags & END_STREAM) === 0) frames.push(await peer.frame(({ type }) => type === DATA))
    expect(frames.at(-1)!.flags & END_STREAM).toBe(END_STREAM)
    expect(frames.at(-1)!.payload.length).toBeGreaterThan(0)
  })
})

describe('a peer that breaks a rule', () => {
  it.each([
    ['of the connection', windowUpdate(0, 0x7fffffff), -524, 'Flow control error'],
    [
      'of frames',
      concat(Uint8Array.of(0, 0, 1, 6, 0, 0, 0, 0, 0, 0)),
      -522,
      'The length of the frame is invalid',
    ],
    ['of streams', response(7, 200), -505, 'Protocol error'],
    [
      'of field blocks',
      concat(Uint8Array.of(0, 0, 1, 1, 4, 0, 0, 0, 1, 0xff)),
      -523,
      'Header compression/decompression error',
    ],
  ])(
    '%s ends the session with what nghttp2 calls it, its rule as the cause',
    async (_name, bytes, errno, message) => {
      const { peer, session, stream } = await asked()
      const streamFailed = new Promise<Error>((told) => stream.once('error', told))
      const failed = once(session, 'error')
      peer.send(bytes)
      const [error] = await failed
      expect(error).toMatchObject({ code: 'ERR_HTTP2_ERROR', errno, message })
      expect(error.cause.message).toMatch(/RFC \d+ §/)
      expect(await streamFailed).toBe(error)
      if (!peer.near.destroyed) await once(session, 'close')
    },
  )

  it('by a flood has an error of its own', async () => {
    const { peer, session, stream } = await asked({ limits: { glitchBurst: 5, glitchesPerSecond: 0 } })
    stream.on('error', () => {})
    peer.send(...Array.from({ length: 7 }, () => ping(new Uint8Array(8))))
    const [error] = await once(session, 'error')
    expect(error.code).toBe('ERR_HTTP2_TOO_MANY_INVALID_FRAMES')
  })

  it('of a message ends the stream alone', async () => {
    const { peer, session, stream } = await asked()
    peer.send(headers(1, [['no-status', '1']], END_HEADERS))
    const [error] = await once(stream, 'error')
    expect(error).toMatchObject({ message: 'Stream closed with error code NGHTTP2_PROTOCOL_ERROR' })
    expect(error.cause.message).toContain('§8.3.2')
    const reset = await peer.frame(({ type }) => type === RST_STREAM)
    expect([uint32At(reset.payload), session.destroyed]).toEqual([1, false])
  })

  it('with fields beyond the limit ends the stream with ENHANCE_YOUR_CALM', async () => {
    const { peer, stream } = await asked({ maxHeaderListPairs: 4 })
    peer.send(
      headers(1, [[':status', '200'], ...Array.from({ length: 5 }, (_, i) => [`a${i}`, '1'] as const)]),
    )
    const [error] = await once(stream, 'error')
    expect(error.message).toContain('NGHTTP2_ENHANCE_YOUR_CALM')
  })
})

describe('GOAWAY', () => {
  it('without an error is told, closes the session, and leaves what is open to end', async () => {
    const { peer, session, stream } = await asked()
    const answer = answerOf(stream)
    const told = once(session, 'goaway')
    peer.send(goaway(1, 0, 'bye'))
    const [code, lastStreamId, opaque] = await told
    expect([code, lastStreamId, String(opaque)]).toEqual([0, 1, 'bye'])
    expect([session.closed, session.destroyed]).toEqual([true, false])
    expect(() => session.request()).toThrow(expect.objectContaining({ code: 'ERR_HTTP2_GOAWAY_SESSION' }))
    const closed = once(session, 'close')
    peer.send(response(1, 200), data(1, 'rest', true))
    expect((await answer).text).toBe('rest')
    await closed
    expect([session.goawayCode, session.goawayLastStreamID]).toEqual([0, 1])
  })

  it('ends requests that it leaves out with REFUSED_STREAM', async () => {
    const { peer, session, stream } = await asked()
    const events = recorded(stream, 'error', 'close')
    const goneAway = new Promise<unknown[]>((told) => session.once('goaway', (...given) => told(given)))
    peer.send(goaway(0, 0))
    const [error] = await once(stream, 'error')
    expect(error.message).toContain('NGHTTP2_REFUSED_STREAM')
    expect((await goneAway)[2]).toBeUndefined()
    if (events.length < 2) await once(stream, 'close')
    expect(stream.rstCode).toBe(constants.NGHTTP2_REFUSED_STREAM)
  })

  it('with an error destroys the session, says NO_ERROR itself, and resets nothing', async () => {
    const { peer, session, stream } = await asked({}, { ':method': 'POST' })
    const streamFailed = new Promise<Error>((told) => stream.once('error', told))
    peer.send(goaway(1, constants.NGHTTP2_INTERNAL_ERROR))
    const [error] = await once(session, 'error')
    expect(error).toMatchObject({
      code: 'ERR_HTTP2_SESSION_ERROR',
      message: 'Session closed with error code 2',
    })
    expect(await streamFailed).toBe(error)
    const said = await peer.frame(({ type }) => type === GOAWAY || type === RST_STREAM)
    expect([said.type, uint32At(said.payload, 4)]).toEqual([GOAWAY, 0])
  })

  it('behind a response takes nothing of it away', async () => {
    const { peer, session, stream } = await asked()
    session.on('error', () => {})
    stream.on('error', () => {})
    let text = ''
    stream.on('data', (piece) => {
      text += piece
    })
    const answered = once(stream, 'response')
    peer.send(response(1, 200), data(1, 'all of it', true), goaway(1, constants.NGHTTP2_INTERNAL_ERROR))
    await answered
    await once(stream, 'close')
    expect(text).toBe('all of it')
  })
})

describe('what is told in one chunk', () => {
  it('comes one by one, with a turn for promises in between', async () => {
    const { peer, stream } = await asked()
    peer.send(
      response(1, 200),
      data(1, 'x'),
      headers(1, [['x-end', '1']], END_HEADERS | END_STREAM),
      rstStream(1, 0),
    )
    await once(stream, 'response')
    // Who awaits one event can still listen for the next.
    stream.resume()
    const [trailers] = await once(stream, 'trailers')
    expect(trailers).toMatchObject({ 'x-end': '1' })
  })
})

describe('what gRPC asks of a client over HTTP/2', () => {
  /** What of a response is told when the stream is reset with NO_ERROR. */
  async function resetAfter(...chunks: readonly Uint8Array[]): Promise<string[]> {
    const { peer, stream } = await asked({}, { ':method': 'POST' })
    const events = recorded(stream, 'response', 'trailers', 'aborted', 'error')
    stream.on('data', (piece) => events.push(String(piece)))
    peer.send(...chunks, rstStream(1, constants.NGHTTP2_CANCEL))
    await once(stream, 'close')
    expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL)
    return events
  }

  it.each([
    ['behind the head', [response(1, 200)], ['response', 'aborted']],
    ['within the content', [response(1, 200), data(1, 'part')], ['response', 'part', 'aborted']],
    [
      'behind the content',
      [response(1, 200), data(1, 'one'), data(1, 'two')],
      ['response', 'one', 'two', 'aborted'],
    ],
  ])('a reset %s tells what came before', async (_name, chunks, events) => {
    expect(await resetAfter(...chunks)).toEqual(events)
  })

  it('padded content is the content', async () => {
    const { peer, stream } = await asked()
    const answer = answerOf(stream)
    peer.send(
      response(1, 200),
      paddedData(1, 'in', 200),
      paddedData(1, ' frames', 0),
      paddedData(1, '', 9, true),
    )
    expect((await answer).text).toBe('in frames')
  })

  it('PINGs before, within and behind a response are answered, and change nothing', async () => {
    const { peer, stream } = await asked()
    const answer = answerOf(stream)
    const octets = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
    peer.send(ping(octets), response(1, 200), ping(octets), data(1, 'x', true), ping(octets))
    expect((await answer).text).toBe('x')
    for (let i = 0; i < 3; i++) {
      const { payload } = await peer.frame(({ type, flags }) => type === PING && flags === ACK)
      expect(payload).toEqual(octets)
    }
  })
})

describe('silence', () => {
  it('of a peer with requests open ends the session', async () => {
    const { session, stream } = await asked({ keepAlive: { interval: 10, timeout: 10 } })
    stream.on('error', () => {})
    const [error] = await once(session, 'error')
    expect(error).toMatchObject({ code: 'ETIMEDOUT', message: expect.stringContaining('PING') })
  })

  it('of a peer that takes no bytes does not keep its socket when the session is destroyed', async () => {
    const peer = new BytePeer()
    peer.near._write = () => {}
    const session = peer.session()
    await once(session, 'connect')
    await new Promise(setImmediate)
    session.destroy()
    await once(session, 'close')
    expect(peer.near.destroyed).toBe(true)
  })
})

describe('the module', () => {
  it('has everything that node:http2 has, and its own connect', () => {
    for (const [name, value] of Object.entries(theirs)) {
      if (name === 'connect' || name === 'default') continue
      expect((ours as Record<string, unknown>)[name]).toBe(value)
      expect((module as Record<string, unknown>)[name]).toBe(value)
    }
    expect(module.connect).toBe(ours.connect)
    expect(ours.connect).not.toBe(theirs.connect)
  })

  it('warns once of an option that does nothing here', () => {
    const warnings: string[] = []
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation((text) => {
      warnings.push(String(text))
    })
    for (let i = 0; i < 2; i++)
      new BytePeer().session({ paddingStrategy: 1, strictFieldWhitespaceValidation: true })
    emitWarning.mockRestore()
    expect(warnings).toEqual(['the option paddingStrategy of http2.connect has no effect in hyper-h2'])
  })

  it('has the members that Node documents, on its prototypes', async () => {
    const { session, stream } = await asked()
    const server = theirs.createServer()
    const names = (value: object): string[] =>
      Object.getOwnPropertyNames(Object.getPrototypeOf(value)).filter((name) => name !== 'constructor')
    server.close()
    const real = theirs.connect('http://127.0.0.1:1')
    real.on('error', () => {})
    const realStream = real.request()
    realStream.on('error', () => {})
    const sessionNames = names(
      Object.getPrototypeOf(Object.getPrototypeOf(real)) === Object.prototype
        ? real
        : Object.getPrototypeOf(real),
    )
    for (const name of [...names(real), ...sessionNames]) expect(name in session, name).toBe(true)
    for (const name of [...names(realStream), ...names(Object.getPrototypeOf(realStream))]) {
      expect(name in stream, name).toBe(true)
    }
  })
})
