/** Against a server that is not ours: `node:http2` on loopback, with TLS, plain, and on a Unix socket. */
import { createHash } from 'node:crypto'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { H2Error, HTTP20Connection, type HTTP20ConnectionOptions } from '../../../src/index.ts'
import { type Certificate, makeLeaf } from '../../support/certificate.ts'
import { codeOf, rejection } from '../session/peer.ts'

let certificate: Certificate
let secure: http2.Http2SecureServer
let plain: http2.Http2Server
let local: http2.Http2Server
const socketPath = join(tmpdir(), `hyper-${process.pid}.sock`)

const big = Buffer.alloc(3_000_000, 'hyper ')

function answer(stream: http2.ServerHttp2Stream, head: http2.IncomingHttpHeaders): void {
  stream.on('error', () => {})
  switch (head[':path']) {
    case '/hash': {
      const hash = createHash('sha256')
      stream.on('data', (chunk) => hash.update(chunk))
      stream.on('end', () => {
        stream.respond({ ':status': 200 })
        stream.end(hash.digest('hex'))
      })
      return
    }
    case '/big':
      stream.respond({ ':status': 200, 'content-length': String(big.length) })
      stream.end(big)
      return
    case '/gzip':
      stream.respond({ ':status': 200, 'content-encoding': 'gzip' })
      stream.end(gzipSync(big))
      return
    case '/trailers':
      stream.respond({ ':status': 200 }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-digest': 'abc' }))
      stream.end('body')
      return
    case '/push':
      stream.pushStream({ ':path': '/pushed' }, (error, push) => {
        if (error !== null) return
        push.respond({ ':status': 200 })
        push.end('pushed')
        stream.respond({ ':status': 200 })
        stream.end('pushing')
      })
      return
    case '/early':
      stream.respond({ ':status': 413 })
      stream.end('too large')
      return
    case '/hints':
      stream.additionalHeaders({ ':status': 103, link: '</a>' })
      stream.respond({ ':status': 200 })
      stream.end()
      return
    default:
      stream.respond({ ':status': 200, 'x-method': head[':method']! })
      stream.end(`path ${head[':path']}`)
  }
}

beforeAll(async () => {
  certificate = await makeLeaf()
  secure = http2.createSecureServer({ ...certificate, allowHTTP1: false })
  plain = http2.createServer()
  local = http2.createServer()
  for (const server of [secure, plain, local]) server.on('stream', answer)
  await Promise.all([
    new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve)),
    new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve)),
    new Promise<void>((resolve) => local.listen(socketPath, resolve)),
  ])
})

afterAll(() => {
  for (const server of [secure, plain, local]) server.close()
})

function connect(options: HTTP20ConnectionOptions = {}): HTTP20Connection {
  const { port } = secure.address() as AddressInfo
  return new HTTP20Connection(`localhost:${port}`, { tls: { ca: certificate.cert }, ...options })
}

describe('over TLS', () => {
  test('parallel requests, HEAD, trailers, hints, pushes, ping, close, reuse', async () => {
    const conn = connect({ enablePush: true })
    const texts = await Promise.all(
      Array.from({ length: 500 }, async (_, i) => (await conn.request('GET', `/${i}`).response).text()),
    )
    expect(texts).toEqual(Array.from({ length: 500 }, (_, i) => `path /${i}`))
    const head = await conn.request('HEAD', '/').response
    expect([head.getHeader('x-method'), await head.text()]).toEqual(['HEAD', ''])
    const trailed = await conn.request('GET', '/trailers').response
    expect([await trailed.text(), (await trailed.trailers).get('x-digest')]).toEqual(['body', 'abc'])
    const hinted = await conn.request('GET', '/hints').response
    expect(hinted.informational.map(({ status }) => status)).toEqual([103])
    const stream = conn.request('GET', '/push')
    const pushed: string[] = []
    for await (const push of conn.getPushes(stream)) pushed.push(await (await push.getResponse()).text())
    expect([pushed, await (await conn.getResponse(stream)).text()]).toEqual([['pushed'], 'pushing'])
    expect(await conn.ping()).toBeGreaterThan(0)
    expect(conn.stats.transport.tlsVersion).toBe('TLSv1.3')
    await conn.close()
    expect((await conn.request('GET', '/again').response).status).toBe(200)
    expect(conn.stats.transport.resumed).toBe(true)
    await conn.close()
  })

  test('a download, plain and gzip, and a streaming upload by hash', async () => {
    const conn = connect()
    const [download, inflated] = await Promise.all(
      ['/big', '/gzip'].map(async (path) => (await conn.request('GET', path).response).bytes()),
    )
    expect([big.equals(download!), big.equals(inflated!)]).toEqual([true, true])
    const body = async function* () {
      for (let at = 0; at < big.length; at += 77_777) yield big.subarray(at, at + 77_777)
    }
    const upload = await conn.request('POST', '/hash', { body: body() }).response
    expect(await upload.text()).toBe(createHash('sha256').update(big).digest('hex'))
    await conn.close()
  })

  test('an early response to an endless upload', async () => {
    const conn = connect()
    let stopped = false
    const body = async function* () {
      try {
        for (;;) yield big.subarray(0, 10_000)
      } finally {
        stopped = true
      }
    }
    const response = await conn.request('POST', '/early', { body: body() }).response
    expect([response.status, await response.text()]).toEqual([413, 'too large'])
    expect((await conn.request('GET', '/next').response).status).toBe(200)
    await conn.close()
    expect(stopped).toBe(true)
  })

  test('abort in the middle, then a hundred good requests', async () => {
    const conn = connect()
    const response = await conn.request('GET', '/big').response
    await response.read(1000)
    response.cancel()
    const all = Array.from({ length: 100 }, async () => (await conn.request('GET', '/').response).status)
    expect(new Set(await Promise.all(all))).toEqual(new Set([200]))
    await conn.close()
  })
})

describe('beneath HTTP', () => {
  test('plain text with prior knowledge (RFC 9113 §3.3)', async () => {
    const conn = new HTTP20Connection(`http://127.0.0.1:${(plain.address() as AddressInfo).port}`)
    expect(await (await conn.request('GET', '/x').response).text()).toBe('path /x')
    await conn.close()
  })

  test('a Unix socket', async () => {
    const conn = new HTTP20Connection('localhost', { secure: false, socketPath })
    expect(await (await conn.request('GET', '/x').response).text()).toBe('path /x')
    await conn.close()
  })

  test('a certificate that nobody vouches for', async () => {
    const error = await rejection(connect({ tls: {} }).request('GET', '/').response)
    expect(error).toBeInstanceOf(H2Error)
    expect(error).toMatchObject({ scope: 'transport', processed: 'no' })
  })

  test('a port where nobody listens', async () => {
    const server = http2.createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise<void>((resolve) => {
      server.close(() => resolve())
    })
    const conn = new HTTP20Connection(`127.0.0.1:${port}`, { secure: false })
    expect(await codeOf(conn.request('GET', '/').response)).toMatch(/^H2_/)
  })

  test.each([
    ['chooses nothing', undefined, 'H2_ALPN'],
    ['ends the handshake for it', ['http/1.1'], /^H2_(?:ALPN|TLS)$/],
  ])('a server that knows no h2 and %s (RFC 9113 §3.2)', async (_, ALPNProtocols, code) => {
    const server = tls.createServer({ ...certificate, ...(ALPNProtocols && { ALPNProtocols }) }, (socket) =>
      socket.end(),
    )
    server.on('tlsClientError', () => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const conn = new HTTP20Connection(`localhost:${port}`, { tls: { ca: certificate.cert } })
    expect(await codeOf(conn.request('GET', '/').response)).toEqual(
      typeof code === 'string' ? code : expect.stringMatching(code),
    )
    await new Promise<void>((resolve) => {
      server.close(() => resolve())
    })
  })
})
