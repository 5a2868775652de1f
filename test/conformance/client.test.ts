/** Rules that only the whole client can keep, over TCP (RFC 9113 §3, §5.4.1, §8, §9.1; RFC 9110 §10.1.1). */
import { expect, onTestFinished, test } from 'vitest'
import { H2Error, HTTP20Connection } from '../../src/index.ts'
import { FieldBlockDecoder } from '../support/field-blocks.ts'
import {
  DATA,
  END_STREAM,
  GOAWAY,
  HEADERS,
  latin1,
  PREFACE,
  RST_STREAM,
  response,
  rstStream,
  uint32At,
  type WireFrame,
  windowUpdate,
} from '../support/wire.ts'
import { INTERNAL_ERROR, NO_ERROR, PROTOCOL_ERROR } from './codes.ts'
import { testName } from './rules.ts'
import { type Serve, type ServerOptions, WireServer } from './server.ts'

/** A client and its server; both are gone when the test is. */
async function meet(serve: Serve, options: ServerOptions = {}) {
  const server = await WireServer.listen(serve, options)
  const client = new HTTP20Connection(`http://127.0.0.1:${server.port}`)
  onTestFinished(async () => {
    client.destroy()
    await server.close()
  })
  return { server, client }
}

function rule(id: string, claim: string, script: () => Promise<void>): void {
  test(testName(id, claim), script)
}

const isHeaders = (streamId: number) => (frame: WireFrame) =>
  frame.type === HEADERS && frame.streamId === streamId
const isEnd = (streamId: number) => (frame: WireFrame) =>
  frame.streamId === streamId && (frame.flags & END_STREAM) !== 0

/** Answers the first request with 200. */
const answer: Serve = async (side) => {
  await side.frame(isEnd(1))
  side.sends(response(1, 200, true))
}

function fieldsOf(frame: WireFrame): (readonly [string, string])[] {
  return new FieldBlockDecoder().decode(frame.payload).fields.map(({ name, value }) => [name, value])
}

async function rejection(promise: Promise<unknown>): Promise<H2Error> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(H2Error)
  return error as H2Error
}

rule('A2', 'in clear text the client begins with the preface, and never asks for an upgrade', async () => {
  const { server, client } = await meet(answer)
  await client.getResponse(client.request('GET', '/'))
  const [side] = server.connections
  expect(side!.bytes.subarray(0, 24)).toEqual(new Uint8Array(PREFACE))
  expect(side!.frames.map((frame) => frame.type)).toContain(HEADERS)
})

rule('A5', 'a server that speaks HTTP/1.1 is named in the error', async () => {
  const serve: Serve = async (side) => side.sends(latin1('HTTP/1.1 400 Bad Request\r\n\r\n'))
  const { client } = await meet(serve, { silent: true })
  const error = await rejection(client.getResponse(client.request('GET', '/')))
  expect(error).toMatchObject({ errorCode: PROTOCOL_ERROR, scope: 'connection' })
  expect(error.message).toMatch(/HTTP\/1/)
})

rule('A7', 'behind its GOAWAY the client closes the TCP connection', async () => {
  const { server, client } = await meet(async (side) => {
    await side.frame(isHeaders(1))
    side.sends(windowUpdate(0, 0))
  })
  const error = await rejection(client.getResponse(client.request('GET', '/')))
  expect(error).toMatchObject({ errorCode: PROTOCOL_ERROR, scope: 'connection', processed: 'unknown' })
  const [side] = server.connections
  await side!.closed()
  const last = side!.frames.at(-1)!
  expect([last.type, uint32At(last.payload, 4)]).toEqual([GOAWAY, PROTOCOL_ERROR])
})

rule(
  'A8',
  'a connection that is cut fails its requests without a claim that they were processed',
  async () => {
    const { client } = await meet(async (side) => {
      await side.frame(isHeaders(1))
      side.socket.destroy()
    })
    const error = await rejection(client.getResponse(client.request('GET', '/')))
    expect(error).toMatchObject({ scope: 'transport', processed: 'unknown' })
  },
)

rule('A9', 'close says GOAWAY with NO_ERROR, then ends TCP', async () => {
  const { server, client } = await meet(answer)
  await client.getResponse(client.request('GET', '/'))
  await client.close()
  const [side] = server.connections
  await side!.closed()
  const last = side!.frames.at(-1)!
  expect([last.type, uint32At(last.payload, 4)]).toEqual([GOAWAY, NO_ERROR])
})

rule('N2', 'a path that is empty is sent as a slash', async () => {
  const { server, client } = await meet(answer)
  await client.getResponse(client.request('GET', ''))
  expect(fieldsOf(await server.connections[0]!.frame(isHeaders(1)))).toContainEqual([':path', '/'])
})

rule('N3', 'host becomes :authority, and is not sent as well', async () => {
  const { server, client } = await meet(answer)
  await client.getResponse(client.request('GET', '/', { headers: { Host: 'b.test' } }))
  const fields = fieldsOf(await server.connections[0]!.frame(isHeaders(1)))
  expect(fields).toContainEqual([':authority', 'b.test'])
  expect(fields.map(([name]) => name)).not.toContain('host')
})

rule('N5', 'names are sent in lower case, however they were written', async () => {
  const { server, client } = await meet(answer)
  const stream = client.request('GET', '/', { headers: { 'X-Upper-CASE': 'Value', ETag: '"A"' } })
  await client.getResponse(stream)
  const fields = fieldsOf(await server.connections[0]!.frame(isHeaders(1)))
  expect(fields).toContainEqual(['x-upper-case', 'Value'])
  expect(fields).toContainEqual(['etag', '"A"'])
})

for (const name of ['Connection', 'Keep-Alive', 'Proxy-Connection', 'Transfer-Encoding', 'Upgrade']) {
  rule('N7', `the field ${name} is refused by the client`, async () => {
    const { server, client } = await meet(answer)
    expect(() => client.request('GET', '/', { headers: { [name]: 'x' } })).toThrow(TypeError)
    expect(server.connections).toEqual([])
  })
}

rule('N12', 'HTTP2-Settings is refused by the client', async () => {
  const { server, client } = await meet(answer)
  expect(() => client.request('GET', '/', { headers: { 'HTTP2-Settings': 'AAMAAABk' } })).toThrow(TypeError)
  expect(server.connections).toEqual([])
})

/** Content in pieces, which are given once the request is known to be under way. */
async function* pieces(texts: readonly string[], seen?: () => Promise<unknown>): AsyncGenerator<Uint8Array> {
  await seen?.()
  for (const text of texts) yield latin1(text)
}

for (const [what, texts] of [
  ['shorter', ['abc']],
  ['longer', ['abc', 'def', 'g']],
] as const) {
  rule(
    'N10',
    `content ${what} than its content-length ends the stream, which is not ended as complete`,
    async () => {
      const { server, client } = await meet(async (side) => {
        await side.frame((frame) => frame.type === RST_STREAM)
      })
      await client.connect()
      const seen = () => server.connections[0]!.frame(isHeaders(1))
      const init = { body: pieces(texts, seen), headers: { 'content-length': '6' } }
      const error = await rejection(client.getResponse(client.request('POST', '/', init)))
      expect(error).toMatchObject({ scope: 'stream', initiator: 'user' })
      const [side] = server.connections
      await side!.frame((frame) => frame.type === RST_STREAM)
      const sent = side!.frames.filter((frame) => frame.streamId === 1)
      expect(sent.filter((frame) => (frame.flags & END_STREAM) !== 0 && frame.type === DATA)).toEqual([])
      const octets = sent.filter((frame) => frame.type === DATA)
      expect(octets.reduce((sum, frame) => sum + frame.payload.length, 0)).toBeLessThanOrEqual(6)
    },
  )
}

rule('N10', 'content of the length that was announced is sent to its end', async () => {
  const { server, client } = await meet(answer)
  const init = { body: pieces(['abc', 'def']), headers: { 'content-length': '6' } }
  const done = await client.getResponse(client.request('POST', '/', init))
  expect(done.status).toBe(200)
  const sent = server.connections[0]!.frames.filter((frame) => frame.type === DATA)
  expect(sent.reduce((sum, frame) => sum + frame.payload.length, 0)).toBe(6)
})

rule('N13', 'a final status stops content that expects 100-continue', async () => {
  const { server, client } = await meet(async (side) => {
    await side.frame(isHeaders(1))
    side.sends(response(1, 417, true))
  })
  let asked = false
  async function* endless(): AsyncGenerator<Uint8Array> {
    asked = true
    for (;;) yield new Uint8Array(16_384)
  }
  const init = { body: endless(), headers: { expect: '100-continue' } }
  const done = await client.getResponse(client.request('POST', '/', init))
  expect(done.status).toBe(417)
  expect(asked).toBe(false)
  const [side] = server.connections
  const reset = await side!.frame((frame) => frame.type === RST_STREAM)
  expect(uint32At(reset.payload)).toBe(NO_ERROR)
})

rule('N13', 'a server that never says 100 still gets the content', async () => {
  const { server, client } = await meet(answer)
  const init = { body: latin1('content'), headers: { expect: '100-continue' } }
  const done = await client.getResponse(client.request('POST', '/', init))
  expect(done.status).toBe(200)
  const request = await server.connections[0]!.frame(isHeaders(1))
  expect(fieldsOf(request)).toContainEqual(['expect', '100-continue'])
})

rule('P9', '421 is handed to the caller, and nothing is sent again', async () => {
  const { server, client } = await meet(async (side) => {
    await side.frame(isEnd(1))
    side.sends(response(1, 421, true))
  })
  const done = await client.getResponse(client.request('GET', '/'))
  expect(done.status).toBe(421)
  expect(server.connections).toHaveLength(1)
  expect(server.connections[0]!.frames.filter((frame) => frame.type === HEADERS)).toHaveLength(1)
})

rule('P10', 'a connection object dials once for any number of requests', async () => {
  const { server, client } = await meet(async (side) => {
    for (let id = 1; id < 41; id += 2) {
      await side.frame(isEnd(id))
      side.sends(response(id, 200, true))
    }
  })
  const streams = Array.from({ length: 20 }, () => client.request('GET', '/'))
  const done = await Promise.all(streams.map((stream) => client.getResponse(stream)))
  expect(done.map((each) => each.status)).toEqual(new Array(20).fill(200))
  expect(server.connections).toHaveLength(1)
})

rule('P14', 'over clear text the :scheme is http', async () => {
  const { server, client } = await meet(answer)
  await client.getResponse(client.request('GET', '/'))
  expect(fieldsOf(await server.connections[0]!.frame(isHeaders(1)))).toContainEqual([':scheme', 'http'])
})

rule('P14', 'a target whose scheme contradicts the transport is refused', async () => {
  expect(() => new HTTP20Connection('https://a.test', { secure: false })).toThrow(TypeError)
  expect(() => new HTTP20Connection('http://a.test', { secure: true })).toThrow(TypeError)
})

rule('F6', 'an unknown error code is told by its number', async () => {
  const { client } = await meet(async (side) => {
    await side.frame(isHeaders(1))
    side.sends(rstStream(1, 0xdead))
  })
  const error = await rejection(client.getResponse(client.request('GET', '/')))
  expect(error).toMatchObject({ errorCode: 0xdead, errorName: 'UNKNOWN(0xdead)', initiator: 'peer' })
})

rule('F8', 'REFUSED_STREAM makes any method retryable, another code does not', async () => {
  const { client } = await meet(async (side) => {
    await side.frame(isHeaders(3))
    side.sends(rstStream(1, 7), rstStream(3, INTERNAL_ERROR))
  })
  const streams = [client.request('POST', '/', { body: 'x' }), client.request('POST', '/', { body: 'x' })]
  const errors = await Promise.all(streams.map((stream) => rejection(client.getResponse(stream))))
  expect(errors.map((error) => [error.processed, error.retryable])).toEqual([
    ['no', true],
    ['unknown', false],
  ])
})
