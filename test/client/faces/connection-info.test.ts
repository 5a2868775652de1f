/** What `onConnection` tells of the connection that a request was put on. */
import { X509Certificate } from 'node:crypto'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Client, type ConnectionInfo } from '../../../src/index.ts'
import { MemoryOrigin } from '../../../src/testing/index.ts'
import { type Certificate, makeLeaf } from '../../support/certificate.ts'

describe('over memory', () => {
  test('the first request on a connection, and one that reuses it', async () => {
    const origin = new MemoryOrigin(() => ({ body: 'ok' }))
    await using client = new Client({ transport: origin.dial })
    const told: ConnectionInfo[] = []
    for (let i = 0; i < 2; i++) {
      const response = await client.request('https://a.test/', { onConnection: (info) => told.push(info) })
      await response.text()
    }
    expect(told.map(({ httpVersion, reused }) => [httpVersion, reused])).toEqual([
      ['2', false],
      ['2', true],
    ])
  })

  test('a request on a connection that stands is told of it at once', async () => {
    const origin = new MemoryOrigin(() => ({ body: 'ok' }))
    await using client = new Client({ transport: origin.dial })
    await (await client.request('https://a.test/')).text()
    let told = false
    const sent = client.request('https://a.test/', { onConnection: () => (told = true) })
    expect(told).toBe(true)
    await (await sent).text()
  })

  test('no function is misuse', async () => {
    await using client = new Client()
    const sent = client.request('https://a.test/', { onConnection: 1 as never })
    await expect(sent).rejects.toThrow(new TypeError('onConnection must be a function'))
  })
})

describe('over TLS', () => {
  let certificate: Certificate
  let server: http2.Http2SecureServer
  let url: string

  beforeAll(async () => {
    certificate = await makeLeaf()
    server = http2.createSecureServer(certificate, (_request, response) => response.end('ok'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `https://localhost:${(server.address() as AddressInfo).port}/`
  })
  afterAll(() => server.close())

  test.each([
    ['valid', () => ({ ca: certificate.cert }), true, undefined],
    [
      'not valid, and not asked for',
      () => ({ rejectUnauthorized: false }),
      false,
      'DEPTH_ZERO_SELF_SIGNED_CERT',
    ],
  ])('a certificate that is %s', async (_what, tls, authorized, authorizationError) => {
    await using client = new Client({ tls: tls() })
    let told: ConnectionInfo | undefined
    const response = await client.request(url, { onConnection: (info) => (told = info) })
    expect(await response.text()).toBe('ok')
    expect(told).toMatchObject({ authorized, remoteAddress: '127.0.0.1' })
    expect(told!.authorizationError).toBe(authorizationError)
    expect(Buffer.from(told!.peerCertificate!)).toEqual(new X509Certificate(certificate.cert).raw)
    // Statistics are plain data, and stay small.
    const { transport } = client.stats().origins[0]!.connections[0]!
    expect(transport).toMatchObject({ authorized, remoteAddress: '127.0.0.1' })
    expect('peerCertificate' in transport).toBe(false)
  })
})
