/** Fault scenarios 118 to 129: push, extensions, tunnels, what callers give, TLS; and what one connection owes the pool. */

import type { AddressInfo } from 'node:net'
import { createServer } from 'node:tls'
import { expect } from 'vitest'
import { HTTP20Connection } from '../../src/index.ts'
import { Connection } from '../../src/protocol/index.ts'
import {
  data,
  frame,
  headers,
  pushPromise,
  rstStream,
  settings,
  settingsAck,
} from '../../src/testing/index.ts'
import { dial } from '../../src/transport/node.ts'
import { RecordingSink } from '../support/engine.ts'
import { certificate, type Run } from './run.ts'
import { CONNECT_ERROR, ENHANCE_YOUR_CALM, PROTOCOL_ERROR, scenario } from './scenario.ts'

const ALTSVC = 0xa
const ORIGIN = 0xc

scenario('#118 PUSH_PROMISE though push is off: C:PROTOCOL_ERROR', {}, async (run) => {
  await run.opened()
  run.peer.send(pushPromise(1, 2).get('/pushed'))
  await run.connectionError(PROTOCOL_ERROR)
})

scenario(
  '#119 ALTSVC without an origin, on a stream, of 16 kB: ignored',
  {
    huge: true,
    cases: {
      'no origin': frame(ALTSVC, 0, 0, '\0\0h2=":443"'),
      'on a stream': frame(ALTSVC, 0, 1, '\0\0h2=":443"'),
      '16 kB': frame(ALTSVC, 0, 0, `\0\x10https://a.test:1${'x'.repeat(16_000)}`),
    },
  },
  async (run, altSvc) => {
    const asked = await run.opened()
    run.peer.send(altSvc, headers(1).status(204).endStream())
    await run.answers(asked, 204)
    await run.usable()
  },
)

scenario('#119 ORIGIN 10,000 times: bounded', { huge: true }, async (run) => {
  await run.opened()
  const origins = Array.from({ length: 10_000 }, () => frame(ORIGIN, 0, 0, '\0\x0ehttps://a.test'))
  run.peer.send(...(run.delivery === 'octets' ? origins.slice(0, 2000) : origins))
  await run.connectionError(ENHANCE_YOUR_CALM)
})

scenario('#120 421: returned as it is, nothing is repeated', {}, async (run) => {
  const asked = run.post('/once', 'x')
  await run.peer.until(data(1).endStream())
  run.peer.send(headers(1).status(421).endStream())
  await run.answers(asked, 421)
  await run.usable()
  expect(run.peer.executions('POST')).toBe(1)
})

/** A second connection object for the same peer. */
async function another(run: Run, options: ConstructorParameters<typeof HTTP20Connection>[1]): Promise<void> {
  const { cert } = await certificate()
  const { host } = new URL(run.conn.origin)
  const conn = new HTTP20Connection(host, {
    secure: run.link === 'TLS',
    transport: dial,
    clock: run.clock,
    ...options,
    tls: { ca: cert, ...options?.tls },
  })
  const response = conn.getResponse(conn.request('GET', '/other'))
  const second = await run.peer.accept()
  await second.until(headers(1).get('/other'))
  second.send(headers(1).status(204).endStream())
  expect((await response).status).toBe(204)
  await conn.close()
}

scenario(
  '#121 The same address and certificate for another connection object: never shared',
  {},
  async (run) => {
    const asked = await run.opened()
    run.peer.send(headers(1).status(204).endStream())
    await run.answers(asked, 204)
    await another(run, {})
    expect(run.peer.connections.map(({ requests }) => requests.length)).toEqual([1, 1])
  },
)

scenario(
  '#122 The same origin with another client certificate: never the same connection',
  { only: 'TLS' },
  async (run) => {
    const asked = await run.opened()
    run.peer.send(headers(1).status(204).endStream())
    await run.answers(asked, 204)
    const { cert, key } = await certificate()
    await another(run, { tls: { cert, key } })
    expect(run.peer.connections.map(({ requests }) => requests.length)).toEqual([1, 1])
  },
)

scenario('#123 302 to another origin: returned, nothing is sent anywhere', {}, async (run) => {
  const asked = run.get('/', { headers: { authorization: 'Bearer secret', cookie: 'id=1' } })
  await run.peer.until(headers(1))
  run.peer.send(headers(1).status(302).field('location', 'https://else.test/').endStream())
  await run.answers(asked, 302)
  await run.usable()
  expect(run.tap.dials).toBe(1)
})

scenario(
  '#124 A field value with CR LF, a path with a space, te: gzip: TypeError, nothing is sent',
  {},
  async (run) => {
    await run.ready()
    expect(() => run.get('/', { headers: { x: 'a\r\nx: y' } })).toThrow(TypeError)
    expect(() => run.get('/a b')).toThrow(TypeError)
    expect(() => run.get('/', { headers: { te: 'gzip' } })).toThrow(TypeError)
    await run.peer.sync()
    expect(run.peer.requests).toEqual([])
    await run.usable()
  },
)

scenario(
  '#124 A Host that is not the authority: it becomes :authority, and there is no host',
  {},
  async (run) => {
    const asked = run.get('/', { headers: { Host: 'else.test' } })
    const { fields } = await run.peer.expect(headers(1).field(':authority', 'else.test'))
    expect(fields.map(([name]) => name)).not.toContain('host')
    run.peer.send(headers(1).status(204).endStream())
    await run.answers(asked, 204)
  },
)

/** Opens a tunnel and returns the bytes that come through it. */
async function tunnel(run: Run): Promise<{ send: (text: string, final?: boolean) => Promise<void> }> {
  const asked = run.request('CONNECT', 'db.test:5432')
  await run.peer.expect(
    headers(1).field(':method', 'CONNECT').field(':authority', 'db.test:5432').endStream(false),
  )
  run.peer.send(headers(1).status(200))
  await asked.stream.response
  return { send: (text, final = false) => run.conn.send(text, final, asked.stream) }
}

scenario('#125 A tunnel: octets both ways, each side ends by itself', {}, async (run) => {
  const { send } = await tunnel(run)
  await send('ping')
  await run.peer.expect(data(1, 'ping').endStream(false))
  run.peer.send(data(1, 'pong').endStream())
  await run.answers(run.asked[0]!, 200, 'pong')
  await run.usable()
})

scenario('#125 A tunnel that ends from our side first: the other goes on', {}, async (run) => {
  const { send } = await tunnel(run)
  await send('bye', true)
  await run.peer.until(data(1).endStream())
  run.peer.send(data(1, 'still '), data(1, 'here').endStream())
  await run.answers(run.asked[0]!, 200, 'still here')
  await run.usable()
})

scenario('#125 RST_STREAM CONNECT_ERROR in a tunnel: told', {}, async (run) => {
  await tunnel(run)
  run.peer.send(data(1, 'some'), rstStream(1, CONNECT_ERROR))
  await run.fails(run.asked[0]!, { errorName: 'CONNECT_ERROR', initiator: 'peer', scope: 'stream' })
  await run.usable()
})

scenario('#125 HEADERS in a tunnel: S:PROTOCOL_ERROR', {}, async (run) => {
  await tunnel(run)
  run.peer.send(headers(1).field('x', 'y').endStream())
  await run.fails(run.asked[0]!, { errorCode: PROTOCOL_ERROR, scope: 'stream', initiator: 'local' })
  await run.usable()
})

scenario(
  '#126 Extended CONNECT before the first SETTINGS: it waits for them',
  { peer: { settings: false } },
  async (run) => {
    const asked = run.request('CONNECT', '/chat', { protocol: 'websocket' })
    const get = run.get('/')
    await run.peer.until(headers(1).get('/'))
    run.peer.send(settings({ enableConnectProtocol: 1 }), settingsAck())
    await run.peer.until(headers(3).field(':protocol', 'websocket').field(':path', '/chat'))
    run.peer.send(headers(1).status(204).endStream(), headers(3).status(200), data(3, 'frame').endStream())
    await run.answers(get, 204)
    await run.answers(asked, 200, 'frame')
  },
)

scenario(
  '#126 Extended CONNECT that the peer does not take: a typed error, nothing is sent',
  {},
  async (run) => {
    const asked = run.request('CONNECT', '/chat', { protocol: 'websocket' })
    await run.fails(asked, { code: 'H2_EXTENDED_CONNECT', processed: 'no', initiator: 'local' })
    expect(run.peer.requests).toEqual([])
    await run.usable()
  },
)

scenario(
  '#127 Stream identifiers near 2^31: used to the last, none twice, then a typed failure',
  {},
  async (run) => {
    run.silent = true
    await run.ready()
    const sink = {
      onReady() {},
      onDraining() {},
      onPong() {},
      onClosed() {},
      onNotice() {},
    }
    const engine = new Connection(sink, { firstStreamId: 2 ** 31 - 3 }, 0)
    const head = { method: 'GET', scheme: 'https', authority: 'a.test', path: '/', fields: [] }
    const sinks = [new RecordingSink(), new RecordingSink(), new RecordingSink()]
    for (const each of sinks) each.stream = engine.open(head, true, each, 0)
    const { cert } = await certificate()
    const { hostname, port } = new URL(run.conn.origin)
    const target = { secure: run.link === 'TLS', host: hostname, port: Number(port) }
    const limits = { alpn: ['h2'], connectTimeoutMs: 5000, tlsTimeoutMs: 5000, tls: { ca: cert } }
    const transport = await dial(target, limits)
    const peer = await run.peer.accept()
    const closed = new Promise<void>((resolve) => {
      transport.start({ onChunk: (chunk) => engine.receive(chunk, 1), onEnd() {}, onClosed: () => resolve() })
    })
    const bytes = engine.pull(65_536)!
    await new Promise<void>((resolve) => transport.write(bytes, resolve))
    await peer.until(headers(2 ** 31 - 3))
    await peer.until(headers(2 ** 31 - 1))
    expect(sinks[2]!.failure).toMatchObject({ kind: 'STREAM_IDS_EXHAUSTED', processed: 'no' })
    transport.destroy()
    await closed
  },
)

scenario(
  '#128 A body source throws, its trailers throw, or are no fields: one request fails, the connection is whole',
  {
    cases: {
      body: {
        body: async function* () {
          yield 'some'
          throw new Error('source broke')
        } as () => AsyncGenerator<string>,
      },
      trailers: {
        body: () => 'some',
        trailers: () => {
          throw new Error('source broke')
        },
      },
      'trailers later': { body: () => 'some', trailers: () => Promise.reject(new Error('source broke')) },
    },
  },
  async (run, given) => {
    const { body, ...init } = given as { body: () => string; trailers?: () => Promise<never> }
    const asked = run.post('/', body(), init)
    await run.fails(asked, { code: 'H2_BODY', initiator: 'user', cause: { message: 'source broke' } })
    await run.usable()
  },
)

function thrower(): never {
  throw new Error('a logger broke')
}

scenario(
  '#128 A logger throws at every line: requests are answered all the same',
  { client: { logger: { debug: thrower, info: thrower, warn: thrower } } },
  async (run) => {
    const asked = await run.opened()
    run.peer.send(headers(1).status(200), data(1, 'fine').endStream())
    await run.answers(asked, 200, 'fine')
    await run.usable()
  },
)

scenario('#129 TLS 1.2 renegotiation: the connection ends, nothing hangs', { only: 'TLS' }, async (run) => {
  const { cert, key } = await certificate()
  const server = createServer({ cert, key, ALPNProtocols: ['h2'], maxVersion: 'TLSv1.2' }, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('close', () => server.close())
    socket.write(settings().toBytes())
    socket.once('data', () => socket.renegotiate({}, () => {}))
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const conn = new HTTP20Connection(`127.0.0.1:${port}`, { tls: { ca: cert }, clock: run.clock })
  await expect(conn.getResponse(conn.request('GET', '/'))).rejects.toMatchObject({
    name: 'H2Error',
    errorCode: PROTOCOL_ERROR,
    scope: 'connection',
  })
  await conn.close()
  await run.usable()
})
