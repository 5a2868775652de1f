import { createHash } from 'node:crypto'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { HTTP20RequestInit } from '../../../src/client/request/request-init.ts'
import { type Certificate, makeLeaf } from '../../support/certificate.ts'
import { settled } from '../../support/virtual-clock.ts'
import { Carrier, still } from './http1.ts'

const big = Buffer.alloc(5_000_000, 'hyper ')
const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
  switch (request.url) {
    case '/hash': {
      const hash = createHash('sha256')
      request.on('data', (chunk) => hash.update(chunk))
      request.on('end', () => response.end(hash.digest('hex')))
      return
    }
    case '/echo': {
      const pieces: Buffer[] = []
      request.on('data', (chunk) => pieces.push(chunk))
      request.on('end', () =>
        response.end(
          JSON.stringify([request.headers, Buffer.concat(pieces).toString(), request.rawTrailers]),
        ),
      )
      return
    }
    case '/big':
      response.end(big)
      return
    case '/chunked':
      response.write('one ')
      response.end('two')
      return
    case '/gzip':
      response.setHeader('content-encoding', 'gzip')
      response.end(gzipSync(big))
      return
    case '/trailers':
      response.write('body')
      response.addTrailers({ 'X-Digest': 'abc' })
      response.end()
      return
    case '/hints':
      response.writeEarlyHints({ link: '</a>; rel=preload' })
      response.end('hinted')
      return
    case '/none':
      response.statusCode = 204
      response.end()
      return
    case '/close':
      response.setHeader('connection', 'close')
      response.end('last')
      return
    default:
      response.end(`${request.method} ${request.url}`)
  }
}

let certificate: Certificate
const servers = new Map<string, http.Server | https.Server>()

beforeAll(async () => {
  certificate = await makeLeaf()
  servers.set('http', http.createServer(answer))
  servers.set('https', https.createServer({ ...certificate, ALPNProtocols: ['http/1.1'] }, answer))
  for (const server of servers.values()) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  }
})

afterAll(async () => {
  for (const server of servers.values()) await new Promise((resolve) => server.close(resolve))
})

async function dial(scheme: string): Promise<Carrier> {
  const { port } = servers.get(scheme)!.address() as AddressInfo
  return Carrier.dial(`${scheme}://localhost:${port}`, { tls: { ca: certificate.cert } })
}

function connectionsOf(scheme: string): Promise<number> {
  return new Promise((resolve) => servers.get(scheme)!.getConnections((_, count) => resolve(count)))
}

describe.each(['http', 'https'])('a server of node:%s', (scheme) => {
  it('carries request after request on one connection, which is gone after close()', async () => {
    const carrier = await dial(scheme)
    const { session } = carrier
    expect(session.info.remotePort).toBe((servers.get(scheme)!.address() as AddressInfo).port)
    const ask = async (method: string, path: string, init?: HTTP20RequestInit) => {
      await carrier.free()
      const response = await carrier.request(method, path, init)
      expect(response.httpVersion).toBe('1.1')
      return response
    }
    expect(await (await ask('GET', '/a')).text()).toBe('GET /a')
    expect(await (await ask('DELETE', '/a')).text()).toBe('DELETE /a')
    expect((await ask('HEAD', '/a')).status).toBe(200)
    expect((await ask('GET', '/none')).status).toBe(204)
    expect(await (await ask('GET', '/chunked')).text()).toBe('one two')
    expect(hashOf(await (await ask('GET', '/big')).bytes())).toBe(hashOf(big))
    expect(hashOf(await (await ask('GET', '/gzip')).bytes())).toBe(hashOf(big))
    expect(await (await ask('POST', '/hash', { body: big })).text()).toBe(hashOf(big))
    const trailed = await ask('GET', '/trailers')
    expect(await trailed.text()).toBe('body')
    expect([...(await trailed.trailers)]).toEqual([['x-digest', 'abc']])
    const hinted = await ask('GET', '/hints')
    expect(hinted.informational.map(({ status, headers }) => [status, headers.get('link')])).toEqual([
      [103, '</a>; rel=preload'],
    ])
    expect(await hinted.text()).toBe('hinted')
    await carrier.free()
    expect(carrier.told).toEqual([])
    expect(session.bytesReceived).toBeGreaterThan(big.length)
    expect(session.bytesSent).toBeGreaterThan(big.length)
    await session.close()
    expect(carrier.told).toEqual(['closed closed'])
    expect(carrier.lines.at(-1)).toMatch(/ closed$/)
    while ((await connectionsOf(scheme)) > 0) await settled()
  })

  it('takes every kind of body, with and without a length', async () => {
    const carrier = await dial(scheme)
    async function* pieces() {
      yield 'a'
      await settled()
      yield Buffer.from('bc')
    }
    const rows: [HTTP20RequestInit, Record<string, string>, string, string[]][] = [
      [{ body: 'abc' }, { 'content-length': '3' }, 'abc', []],
      [{ body: pieces() }, { 'transfer-encoding': 'chunked' }, 'abc', []],
      [{ body: pieces(), headers: { 'content-length': 3 } }, { 'content-length': '3' }, 'abc', []],
      [{}, { 'content-length': '0' }, '', []],
      [
        { body: 'abc', trailers: { 'X-Sum': '1' }, headers: { te: 'trailers' } },
        { 'transfer-encoding': 'chunked', te: 'trailers', connection: 'keep-alive, te' },
        'abc',
        ['x-sum', '1'],
      ],
      [
        {
          headers: [
            ['cookie', 'a=1'],
            ['x', 'y'],
            ['cookie', 'b=2'],
          ],
        },
        { cookie: 'a=1; b=2', x: 'y' },
        '',
        [],
      ],
    ]
    for (const [init, fields, content, trailers] of rows) {
      await carrier.free()
      const [sent, body, trailed] = await (await carrier.request('POST', '/echo', init)).json<
        [object, string, string[]]
      >()
      expect(sent).toMatchObject(fields)
      expect([body, trailed]).toEqual([content, trailers])
      expect('content-length' in sent && 'transfer-encoding' in sent).toBe(false)
    }
    await carrier.session.close()
  })

  it('is held while nobody reads', async () => {
    const carrier = await dial(scheme)
    const response = await carrier.request('GET', '/big')
    await still(() => carrier.session.bytesReceived)
    expect(carrier.session.bytesReceived).toBeLessThan(1_000_000)
    expect(hashOf(await response.bytes())).toBe(hashOf(big))
    await carrier.session.close()
  })

  it('that says connection: close is left', async () => {
    const carrier = await dial(scheme)
    const response = await carrier.request('GET', '/close')
    expect([carrier.told[0], carrier.session.freeStreams]).toEqual(['draining', 0])
    expect(await response.text()).toBe('last')
    await carrier.session.gone()
    expect(carrier.told).toEqual(['draining', 'closed closed'])
    expect(carrier.lines.some((line) => line.includes('failed'))).toBe(false)
  })
})
