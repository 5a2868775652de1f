/** TLS beneath HTTP/2 (RFC 9113 §3.2, §3.3, §9.2), over sockets. */
import { getDiffieHellman } from 'node:crypto'
import tls from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { HTTP20Connection } from '../../src/index.ts'
import { dial } from '../../src/transport/node.ts'
import type { TlsOptions } from '../../src/transport/transport.ts'
import { makeLeaf } from '../support/certificate.ts'
import { END_STREAM, HEADERS, PREFACE, response } from '../support/wire.ts'
import {
  ALPN,
  EARLY_DATA,
  helloOf,
  POST_HANDSHAKE_AUTH,
  pairs,
  SERVER_NAME,
  SUPPORTED_GROUPS,
  SUPPORTED_VERSIONS,
} from './client-hello.ts'
import { testName } from './rules.ts'
import { type Serve, WireServer } from './server.ts'

const leaf = await makeLeaf()
const rsaLeaf = await makeLeaf({ keyType: 'rsa' })
const options = { alpn: ['h2'], connectTimeoutMs: 5000, tlsTimeoutMs: 5000 }

function rule(id: string, claim: string, script: () => Promise<void>): void {
  test(testName(id, claim), script)
}

/** What our client offers to a server of this name. */
function offer(host: string) {
  return helloOf(async (port) => {
    const client = new HTTP20Connection(`https://${host}:${port}`)
    await client.connect().finally(() => client.destroy())
  })
}

/** Dials a TLS server with these options; destroyed when the test is over. */
async function meet(server: tls.TlsOptions, client: TlsOptions = {}) {
  const sockets = new Set<tls.TLSSocket>()
  const listening = tls.createServer({ ...leaf, ALPNProtocols: ['h2'], ...server }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.resume()
  })
  listening.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  const { port } = listening.address() as { port: number }
  const target = { secure: true, host: 'localhost', port }
  const ca = client.ca ?? server.cert ?? leaf.cert
  const attempt = dial(target, { ...options, tls: { ...client, ca } })
  onTestFinished(async () => {
    await attempt.then(
      (transport) => transport.destroy(),
      () => {},
    )
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => listening.close(resolve))
  })
  return { attempt, sockets }
}

/** Answers the first request with 200. */
const answer: Serve = async (side) => {
  await side.frame((frame) => frame.type === HEADERS && (frame.flags & END_STREAM) !== 0)
  side.sends(response(1, 200, true))
}

rule('A1', 'ALPN offers h2, and never h2c', async () => {
  const { extensions } = await offer('localhost')
  expect(extensions.get(ALPN)).toEqual(Buffer.from('\0\x03\x02h2', 'latin1'))
})

rule('A1', 'where the server chose no protocol, no octet of HTTP/2 is sent', async () => {
  const server = await WireServer.listen(answer, { tls: leaf })
  const client = new HTTP20Connection(`https://localhost:${server.port}`, { tls: { ca: leaf.cert } })
  onTestFinished(async () => {
    client.destroy()
    await server.close()
  })
  await expect(client.getResponse(client.request('GET', '/'))).rejects.toMatchObject({ processed: 'no' })
  expect(server.connections.every((side) => side.bytes.length === 0)).toBe(true)
})

rule('A3', 'the preface is the first application data of TLS, and requests follow it', async () => {
  const server = await WireServer.listen(answer, { tls: { ...leaf, ALPNProtocols: ['h2'] } })
  const client = new HTTP20Connection(`https://localhost:${server.port}`, { tls: { ca: leaf.cert } })
  onTestFinished(async () => {
    client.destroy()
    await server.close()
  })
  const done = await client.getResponse(client.request('GET', '/'))
  expect(done.status).toBe(200)
  expect(server.connections[0]!.bytes.subarray(0, 24)).toEqual(new Uint8Array(PREFACE))
})

rule('P1', 'no version below TLS 1.2 is offered', async () => {
  const { extensions } = await offer('localhost')
  const versions = pairs(extensions.get(SUPPORTED_VERSIONS)!.subarray(1))
  expect(versions.toSorted()).toEqual([0x0303, 0x0304])
})

rule('P1', 'TLS 1.1 is refused even where the caller allows it', async () => {
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  const { attempt } = await meet(old, old)
  await expect(attempt).rejects.toMatchObject({
    code: 'H2_TLS_INADEQUATE',
    message: expect.stringContaining('TLSv1.1 is below TLS 1.2'),
    processed: 'no',
  })
})

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  rule('P1', `${maxVersion} is taken`, async () => {
    const { attempt } = await meet({ maxVersion })
    expect(await attempt).toMatchObject({ alpn: 'h2', info: { tlsVersion: maxVersion } })
  })
}

rule('P2', 'the server is named by SNI', async () => {
  const { extensions } = await offer('localhost')
  expect(extensions.get(SERVER_NAME)!.subarray(5).toString()).toBe('localhost')
})

rule('P2', 'an address is not', async () => {
  const { extensions } = await offer('127.0.0.1')
  expect(extensions.has(SERVER_NAME)).toBe(false)
})

rule('P3', 'no compression is offered', async () => {
  const { compression } = await offer('localhost')
  expect(compression).toEqual([0])
})

rule('P3', 'a renegotiation ends the connection', async () => {
  const { attempt, sockets } = await meet({ maxVersion: 'TLSv1.2' })
  const transport = await attempt
  const closed = new Promise<Error | undefined>((resolve) => {
    transport.start({ onChunk: () => {}, onEnd: () => {}, onClosed: resolve })
  })
  const [socket] = sockets
  socket!.renegotiate({}, () => {})
  expect((await closed)?.message).toContain('renegotiation')
})

for (const suite of ['ECDHE-ECDSA-AES128-SHA256', 'ECDHE-ECDSA-AES256-SHA']) {
  rule('P4', `the prohibited suite ${suite} is refused`, async () => {
    const some = { maxVersion: 'TLSv1.2', ciphers: suite } as const
    const { attempt } = await meet(some, { ciphers: suite })
    await expect(attempt).rejects.toMatchObject({ code: 'H2_TLS_INADEQUATE', processed: 'no' })
  })
}

rule('P4', 'the prohibited suite AES128-GCM-SHA256, without ephemeral keys, is refused', async () => {
  const some = { ...rsaLeaf, maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' } as const
  const { attempt } = await meet(some, { ciphers: 'AES128-GCM-SHA256' })
  await expect(attempt).rejects.toMatchObject({ code: 'H2_TLS_INADEQUATE' })
})

for (const suite of ['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-CHACHA20-POLY1305']) {
  rule('P4', `the suite ${suite}, which is not prohibited, is taken`, async () => {
    const { attempt } = await meet({ maxVersion: 'TLSv1.2', ciphers: suite })
    expect(await attempt).toMatchObject({ alpn: 'h2', info: { cipher: suite } })
  })
}

rule('P5', 'ECDHE-RSA-AES128-GCM-SHA256 with P-256 is offered', async () => {
  const { suites, extensions } = await offer('localhost')
  expect(suites).toContain(0xc02f)
  expect(pairs(extensions.get(SUPPORTED_GROUPS)!.subarray(2))).toContain(0x0017)
})

rule('P5', 'and is taken', async () => {
  const suite = 'ECDHE-RSA-AES128-GCM-SHA256'
  const some = { ...rsaLeaf, maxVersion: 'TLSv1.2', ciphers: suite, ecdhCurve: 'P-256' } as const
  const { attempt } = await meet(some)
  expect(await attempt).toMatchObject({ alpn: 'h2', info: { cipher: suite } })
})

/** Parameters for Diffie-Hellman in PEM. */
function parameters(prime: Buffer): string {
  const integer = (octets: Buffer) =>
    der(0x02, octets[0]! < 0x80 ? octets : Buffer.concat([Buffer.alloc(1), octets]))
  const body = Buffer.concat([integer(prime), integer(Buffer.of(2))])
  const base64 = der(0x30, body)
    .toString('base64')
    .match(/.{1,64}/g)!
    .join('\n')
  return `-----BEGIN DH PARAMETERS-----\n${base64}\n-----END DH PARAMETERS-----\n`
}

function der(tag: number, body: Buffer): Buffer {
  const { length } = body
  const size = length < 0x80 ? Buffer.of(length) : Buffer.of(0x82, length >> 8, length)
  return Buffer.concat([Buffer.of(tag), size, body])
}

for (const [group, bits, taken] of [
  ['modp2', 1024, false],
  ['modp14', 2048, true],
] as const) {
  rule('P6', `an ephemeral key of ${bits} bits is ${taken ? 'taken' : 'refused'}`, async () => {
    const ciphers = 'DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0'
    const dhparam = parameters(getDiffieHellman(group).getPrime())
    const some = { ...rsaLeaf, maxVersion: 'TLSv1.2', ciphers, dhparam } as const
    const { attempt } = await meet(some, { ciphers })
    if (taken) expect(await attempt).toMatchObject({ alpn: 'h2' })
    else await expect(attempt).rejects.toMatchObject({ code: 'H2_TLS_INADEQUATE' })
  })
}

rule(
  'P7',
  'the client does not offer to authenticate behind the handshake, so no server may ask',
  async () => {
    const { extensions } = await offer('localhost')
    expect(extensions.has(POST_HANDSHAKE_AUTH)).toBe(false)
  },
)

rule('A10', 'no early data is offered', async () => {
  const { extensions } = await offer('localhost')
  expect(extensions.has(EARLY_DATA)).toBe(false)
})
