/** CONNECT and extended CONNECT (RFC 9113 §8.5, RFC 8441, RFC 9110 §9.3.6). */
import { expect } from 'vitest'
import type { ConnectionOptions, RequestHead } from '../../src/protocol/index.ts'
import { FieldBlockDecoder } from '../support/field-blocks.ts'
import {
  DATA,
  data,
  END_HEADERS,
  END_STREAM,
  HEADERS,
  headers,
  response,
  rstStream,
  settings,
  windowUpdate,
} from '../support/wire.ts'
import {
  CANCEL,
  CONNECT_ERROR,
  ENABLE_CONNECT_PROTOCOL,
  INITIAL_WINDOW_SIZE,
  MAX_CONCURRENT_STREAMS,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
} from './codes.ts'
import { type Peer, resets } from './peer.ts'
import { promise } from './promise.ts'
import { rule, type Stage } from './rule.ts'

const CONNECT: Partial<RequestHead> = {
  method: 'CONNECT',
  scheme: undefined,
  authority: 'b.test:443',
  path: undefined,
}
const WEBSOCKET: Partial<RequestHead> = { method: 'CONNECT', protocol: 'websocket', path: '/chat' }

/** A tunnel that stands, as stream 1. */
function tunnel(stage: Stage, options: ConnectionOptions = {}): Peer {
  const peer = stage.ready(options)
  peer.open(CONNECT, false)
  peer.frames()
  peer.sends(response(1, 200))
  return peer
}

/** Names in each field block that is sent now, the first of its connection. */
function names(peer: Peer, decoder = new FieldBlockDecoder()): string[][] {
  return peer.framesOf(HEADERS).map(({ payload }) => decoder.decode(payload).fields.map(({ name }) => name))
}

rule('O1', 'CONNECT is sent with :method and :authority alone', (stage) => {
  const peer = stage.ready()
  peer.open({ ...CONNECT, fields: ['x-a', 'b'] }, false)
  expect(names(peer)).toEqual([[':method', ':authority', 'x-a']])
})

for (const [what, head] of [
  [':path', { ...CONNECT, path: '/' }],
  [':scheme', { ...CONNECT, scheme: 'https' }],
  ['no :authority', { ...CONNECT, authority: '' }],
] as const) {
  rule('O1', `CONNECT with ${what} is refused, and nothing is sent`, (stage) => {
    const peer = stage.ready()
    expect(() => peer.open(head, false)).toThrow(TypeError)
    peer.requests.length = 0
    expect(peer.frames()).toEqual([])
    peer.expectUsable()
  })
}

for (const [what, flags] of [
  ['trailers', END_HEADERS | END_STREAM],
  ['HEADERS without END_STREAM', END_HEADERS],
] as const) {
  rule('O2', `${what} in a tunnel end the stream`, (stage) => {
    const peer = tunnel(stage)
    peer.sends(data(1, 'x'), headers(1, [['a', 'b']], flags))
    peer.expectStreamError(peer.requests[0]!, 1, PROTOCOL_ERROR)
    expect(peer.requests[0]!.trailers).toBeUndefined()
  })
}

rule('O2', 'a promise in a tunnel is refused, and ends the stream', (stage) => {
  const peer = tunnel(stage, { enablePush: true })
  peer.sends(promise(1, 2))
  const [request] = peer.requests
  expect(request!.pushes).toEqual([])
  expect(request!.failure).toMatchObject({ scope: 'stream', errorCode: PROTOCOL_ERROR })
  expect(resets(peer.frames())).toEqual([
    [2, REFUSED_STREAM],
    [1, PROTOCOL_ERROR],
  ])
  peer.expectUsable()
})

rule('O2', 'a CONNECT that is refused is an ordinary response, trailers included', (stage) => {
  const peer = stage.ready()
  const request = peer.open(CONNECT, false)
  peer.frames()
  peer.sends(response(1, 403), data(1, 'no'), headers(1, [['a', 'b']], END_HEADERS | END_STREAM))
  expect(request).toMatchObject({ status: 403, content: 'no', trailers: ['a', 'b'], ended: true })
  expect(request.stream!.writable, 'the upload is over').toBe(false)
})

rule('O3', 'the peer may end its side of a tunnel and still receive', (stage) => {
  const peer = tunnel(stage)
  const [request] = peer.requests
  peer.sends(data(1, 'bye', true))
  expect(request).toMatchObject({ content: 'bye', ended: true, failure: undefined })
  request!.stream!.write(new Uint8Array(10))
  request!.stream!.end()
  expect(peer.frames().map(({ type, flags, payload }) => [type, flags, payload.length])).toEqual([
    [DATA, END_STREAM, 10],
  ])
  expect(peer.connection.openStreams).toBe(0)
})

rule('O3', 'we may end our side of a tunnel and still receive', (stage) => {
  const peer = tunnel(stage)
  const [request] = peer.requests
  request!.stream!.end()
  expect(peer.frames().map(({ type, flags }) => [type, flags])).toEqual([[DATA, END_STREAM]])
  peer.sends(data(1, 'more'), windowUpdate(1, 10), data(1, '', true))
  expect(request).toMatchObject({ content: 'more', ended: true, failure: undefined })
})

rule('O4', 'RST_STREAM with CONNECT_ERROR is told with its code', (stage) => {
  const peer = tunnel(stage)
  peer.sends(data(1, 'x'), rstStream(1, CONNECT_ERROR))
  const told = { scope: 'stream', initiator: 'peer', errorCode: CONNECT_ERROR, processed: 'yes' }
  expect(peer.requests[0]!.failure).toMatchObject(told)
  peer.expectUsable()
})

rule('O5', 'content-length in the 2xx of a tunnel means nothing', (stage) => {
  const peer = stage.ready()
  const request = peer.open(CONNECT, false)
  peer.frames()
  peer.sends(
    headers(1, [
      [':status', '200'],
      ['content-length', '1'],
    ]),
    data(1, 'more than one', true),
  )
  expect(request).toMatchObject({ status: 200, content: 'more than one', ended: true, failure: undefined })
})

rule('O5', 'transfer-encoding in it is malformed as in any response of HTTP/2', (stage) => {
  const peer = stage.ready()
  const request = peer.open(CONNECT, false)
  peer.frames()
  peer.sends(
    headers(1, [
      [':status', '200'],
      ['transfer-encoding', 'chunked'],
    ]),
  )
  peer.expectStreamError(request, 1, PROTOCOL_ERROR)
})

rule('O6', 'extended CONNECT waits for the SETTINGS of the peer, which other requests do not', (stage) => {
  const peer = stage.silent()
  const socket = peer.open(WEBSOCKET, false)
  peer.open()
  const decoder = new FieldBlockDecoder()
  expect(names(peer, decoder)).toHaveLength(1)
  peer.sends(settings({ [ENABLE_CONNECT_PROTOCOL]: 1 }))
  const pseudo = [':method', ':protocol', ':scheme', ':authority', ':path']
  expect(names(peer, decoder)).toEqual([pseudo])
  peer.sends(response(3, 200), data(3, 'frame'))
  expect(socket).toMatchObject({ status: 200, content: 'frame' })
  socket.stream!.write(new Uint8Array(4))
  expect(peer.framesOf(DATA)).toHaveLength(1)
})

for (const value of [undefined, 0]) {
  rule('O6', `extended CONNECT is not sent to a peer whose setting is ${value}`, (stage) => {
    const peer = stage.ready({}, value === undefined ? {} : { [ENABLE_CONNECT_PROTOCOL]: value })
    const request = peer.open(WEBSOCKET, false)
    expect(peer.frames()).toEqual([])
    expect(request.failure).toMatchObject({ kind: 'EXTENDED_CONNECT', processed: 'no' })
    peer.expectUsable()
  })
}

for (const [what, head] of [
  ['another method', { protocol: 'websocket' }],
  ['no :path', { ...WEBSOCKET, path: undefined }],
  ['no :scheme', { ...WEBSOCKET, scheme: undefined }],
  ['a :protocol that is no token', { ...WEBSOCKET, protocol: 'web socket' }],
] as const) {
  rule('O6', `:protocol with ${what} is refused`, (stage) => {
    const peer = stage.ready({}, { [ENABLE_CONNECT_PROTOCOL]: 1 })
    expect(() => peer.open(head, false)).toThrow(TypeError)
    peer.requests.length = 0
    expect(peer.frames()).toEqual([])
  })
}

rule('O6', 'the tunnel of an extended CONNECT carries no trailers', (stage) => {
  const peer = stage.ready({}, { [ENABLE_CONNECT_PROTOCOL]: 1, [INITIAL_WINDOW_SIZE]: 9 })
  const request = peer.open(WEBSOCKET, false)
  peer.frames()
  peer.sends(response(1, 200), headers(1, [['a', 'b']], END_HEADERS | END_STREAM))
  peer.expectStreamError(request, 1, PROTOCOL_ERROR)
})

rule('O3', 'a tunnel that we reset is closed both ways', (stage) => {
  const peer = tunnel(stage)
  peer.requests[0]!.stream!.reset(CANCEL)
  peer.frames()
  peer.sends(settings({ [MAX_CONCURRENT_STREAMS]: 9 }), data(1, 'late'))
  expect(peer.requests[0]!.content).toBe('')
  peer.expectUsable()
})
