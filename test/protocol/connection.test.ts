import { describe, expect, it } from 'vitest'
import { EnginePair } from '../support/engine.ts'
import { data, HEADERS, headers, PING, response, SETTINGS, settings, WINDOW_UPDATE } from '../support/wire.ts'

describe('a connection', () => {
  it('begins with the preface, one SETTINGS frame and the larger window (RFC 9113 §3.4)', () => {
    const pair = new EnginePair()
    expect(pair.frames().map((frame) => frame.type)).toEqual([SETTINGS, WINDOW_UPDATE])
  })

  it('sends a request without waiting for the peer, and gives its response', () => {
    const pair = new EnginePair()
    const request = pair.open()
    expect(pair.frames().map((frame) => [frame.type, frame.streamId])).toContainEqual([HEADERS, 1])
    pair.receive(settings(), response(1, 200), data(1, 'hello', true))
    expect(request.status).toBe(200)
    expect(request.content).toBe('hello')
    expect(request.calls).toEqual(['opened 1', 'response 200', 'frame', 'end'])
    expect(pair.connection.openStreams).toBe(0)
  })

  it('holds no memory for output that it does not have', () => {
    const idle = EnginePair.ready()
    idle.connection.ping(idle.now)
    const sent = idle.connection.pull(65_536)!
    expect(idle.connection.pull(65_536)).toBeUndefined()
    expect(new EnginePair().connection.pull(65_536)!.buffer).toBe(sent.buffer)
  })

  it('answers PING with its octets (RFC 9113 §6.7)', () => {
    const pair = EnginePair.ready()
    pair.receive(Uint8Array.of(0, 0, 8, PING, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8))
    expect(pair.frames()).toEqual([
      { type: PING, flags: 1, streamId: 0, payload: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
    ])
  })

  it('delivers trailers after the content (RFC 9113 §8.1)', () => {
    const pair = EnginePair.ready()
    const request = pair.open()
    pair.frames()
    pair.receive(response(1, 200), data(1, 'x'), headers(1, [['grpc-status', '0']], 0x5))
    expect(request.trailers).toEqual(['grpc-status', '0'])
    expect(request.calls.slice(-2)).toEqual(['trailers', 'end'])
  })
})
