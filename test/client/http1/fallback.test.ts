import { once } from 'node:events'
import { createServer } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Client, HTTPConnection } from '../../../src/index.ts'
import { type Certificate, makeLeaf } from '../../support/certificate.ts'
import { settled } from '../../support/virtual-clock.ts'
import { goaway, response, rstStream } from '../../support/wire.ts'
import { PoolPair } from '../pool/pool-peer.ts'
import { codeOf } from '../session/peer.ts'

let certificate: Certificate
const servers: Server[] = []

async function listening(server: Server): Promise<number> {
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

beforeAll(async () => {
  certificate = await makeLeaf()
})
afterAll(() => {
  for (const server of servers) server.close()
})

const echo = (
  request: { httpVersion: string; url?: string | undefined },
  answer: { end(text: string): unknown },
): void => {
  answer.end(`${request.httpVersion} ${request.url}`)
}

describe('what TLS chose', () => {
  test('http/1.1: requests go by it, many at a time, on no more connections than are allowed', async () => {
    let connections = 0
    const server = createHttpsServer({ key: certificate.key, cert: certificate.cert }, echo)
    server.on('secureConnection', () => connections++)
    const port = await listening(server)
    const client = new Client({ tls: { ca: certificate.cert }, maxConnectionsPerOrigin: 3 })
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const answer = await client.request(`https://localhost:${port}/${i}`)
        return `${answer.httpVersion}: ${await answer.text()}`
      }),
    )
    expect(answers).toEqual(Array.from({ length: 20 }, (_, i) => `1.1: 1.1 /${i}`))
    expect(connections).toBe(3)
    await client.close()
    expect(client.stats().connections).toBe(0)
  })

  test('h2 where the server has both', async () => {
    const port = await listening(
      createSecureServer({ key: certificate.key, cert: certificate.cert, allowHTTP1: true }, echo as never),
    )
    const client = new Client({ tls: { ca: certificate.cert } })
    const answer = await client.fetch(`https://localhost:${port}/x`)
    expect([answer.httpVersion, await answer.text()]).toEqual(['2', '2.0 /x'])
    await client.close()
  })

  test('nothing, in plain text: HTTP/1.1', async () => {
    const port = await listening(createServer(echo))
    const client = new Client()
    const answer = await client.fetch(`http://localhost:${port}/x`, { method: 'POST', body: 'x' })
    expect([answer.httpVersion, await answer.text()]).toEqual(['1.1', '1.1 /x'])
    await client.close()
  })
})

describe('HTTP_1_1_REQUIRED (RFC 9113 §7)', () => {
  for (const [name, frame] of [
    ['RST_STREAM', rstStream(1, 13)],
    ['GOAWAY', goaway(0, 13)],
  ] as const) {
    test(`${name}: the request goes by HTTP/1.1, and so do those after it`, async () => {
      const pair = new PoolPair()
      const outcome = codeOf(pair.client.request('https://a.test/', { method: 'POST', body: 'x' }))
      for (let i = 0; i < 4; i++) await settled()
      await pair.wires[0]!.send(frame)
      for (let i = 0; i < 4; i++) await settled()
      expect(pair.dials.map(({ options }) => options.alpn)).toEqual([['h2', 'http/1.1'], ['http/1.1']])
      pair.client.destroy()
      await outcome
      pair.wires.length = 0
    })
  }

  test('from a peer in plain text, which has no other version, it is a failure', async () => {
    const pair = new PoolPair({ h2c: true }, { alpn: undefined })
    const outcome = codeOf(pair.client.request('http://a.test/'))
    for (let i = 0; i < 4; i++) await settled()
    await pair.wires[0]!.send(rstStream(1, 13))
    expect(await outcome).toBe('H2_STREAM_RESET')
    expect(pair.dials).toHaveLength(1)
  })
})

describe('HTTPConnection', () => {
  test('over HTTP/1.1: requests in a row, stats, close, and again', async () => {
    const port = await listening(createHttpsServer({ key: certificate.key, cert: certificate.cert }, echo))
    const conn = new HTTPConnection(`localhost:${port}`, { tls: { ca: certificate.cert } })
    expect(conn.state).toBe('idle')
    for (let round = 0; round < 2; round++) {
      const streams = ['/a', '/b', '/c'].map((path) => conn.request('GET', path))
      for (const stream of streams)
        expect(await (await conn.getResponse(stream)).text()).toMatch(/^1\.1 \/[abc]$/)
      expect([conn.httpVersion, conn.state]).toEqual(['1.1', 'open'])
      expect(conn.stats.transport.tlsVersion).toBe('TLSv1.3')
      await conn.close()
      expect([conn.httpVersion, conn.state]).toEqual(['1.1', 'idle'])
    }
    expect(await codeOf(conn.ping())).toMatch(/^H2_/)
    await conn.close()
  })

  test('over HTTP/2: one connection, PING, requests made while it closes', async () => {
    const port = await listening(
      createSecureServer({ key: certificate.key, cert: certificate.cert }, echo as never),
    )
    const conn = new HTTPConnection(`localhost:${port}`, { tls: { ca: certificate.cert } })
    await conn.connect()
    expect(await conn.ping()).toBeGreaterThan(0)
    const first = conn.request('GET', '/first')
    const closed = conn.close()
    const second = conn.request('GET', '/second')
    expect(await (await conn.getResponse()).text()).toBe('2.0 /first')
    await closed
    expect(await (await second.response).text()).toBe('2.0 /second')
    expect(first.streamId).toBe(1)
    expect(second.streamId).toBe(1)
    await conn.close()
  })

  test('a connection that cannot be made rejects connect, and each request', async () => {
    const conn = new HTTPConnection('localhost:1')
    expect(await codeOf(conn.connect())).toBe('H2_CONNECT')
    expect(await codeOf(conn.request('GET', '/').response)).toBe('H2_CONNECT')
    expect(conn.state).toBe('idle')
  })

  test('GOAWAY: the next request begins a connection, and none fails', async () => {
    const pair = new PoolPair()
    const conn = new HTTPConnection('a.test', { transport: pair.dial, clock: pair.clock })
    const first = conn.request('GET', '/')
    for (let i = 0; i < 4; i++) await settled()
    await pair.wires[0]!.send(goaway(1, 0))
    const second = conn.request('GET', '/')
    for (let i = 0; i < 4; i++) await settled()
    await pair.wires[0]!.send(response(1, 200, true))
    await pair.wires[1]!.send(response(1, 200, true))
    expect([(await first.response).status, (await second.response).status]).toEqual([200, 200])
    conn.destroy()
  })
})
