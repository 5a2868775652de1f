import { X509Certificate } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSecureContext, type TlsOptions as ServerOptions, type TLSSocket } from 'node:tls'
import { afterEach, beforeAll, describe, expect, it, test, vi } from 'vitest'
import { dial } from '../../src/transport/node.ts'
import type { Lookup, SessionCache, TlsOptions, Transport } from '../../src/transport/transport.ts'
import { type Certificate, makeAuthority, makeLeaf } from '../support/certificate.ts'
import {
  closeAll,
  options,
  plainServer,
  recorded,
  rejection,
  secure,
  tlsServer,
  track,
  written,
} from './loopback.ts'

let authority: Certificate
let leaf: Certificate
let expired: Certificate
let elsewhere: Certificate
let selfSigned: Certificate

beforeAll(async () => {
  authority = await makeAuthority()
  leaf = await makeLeaf({ issuer: authority })
  expired = await makeLeaf({ issuer: authority, expired: true })
  elsewhere = await makeLeaf({ issuer: authority, names: ['elsewhere.test'] })
  selfSigned = await makeLeaf()
})

afterEach(closeAll)

const AEAD_SUITE = 'ECDHE-ECDSA-AES128-GCM-SHA256'
const CBC_SUITE = 'ECDHE-ECDSA-AES128-SHA256'
const TLS12: ServerOptions = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }

/** Resolves every name to loopback. */
function loopback(_host: string, _options: object, done: (error: null, addresses: object[]) => void): void {
  done(null, [{ address: '127.0.0.1', family: 4 }])
}

/** Dials a server with our own authority, and starts the transport. */
async function connected(port: number, tls: TlsOptions = {}, sessions?: SessionCache): Promise<Transport> {
  const some = options({ tls: { ca: authority.cert, ...tls }, sessions })
  const transport = await dial(secure(port), some)
  recorded(transport)
  return transport
}

test('each step of a dial is told when it is done, with the time that it took', async () => {
  const port = await tlsServer(leaf, () => {})
  const steps: string[] = []
  const onStep = (step: string, elapsedMs: number): void => {
    expect(elapsedMs).toBeGreaterThanOrEqual(0)
    steps.push(step)
  }
  const lookup: Lookup = (_host, _options, done) => {
    setImmediate(done, null, [{ address: '127.0.0.1', family: 4 }])
  }
  track(
    await dial(
      { ...secure(port), host: 'localhost' },
      options({ onStep, lookup, tls: { ca: authority.cert } }),
    ),
  )
  expect(steps).toEqual(['dns', 'tcp', 'tls'])
})

describe('certificates', () => {
  it('of a known authority and the right name are trusted', async () => {
    const port = await tlsServer(leaf, (socket) => socket.end('trusted'))
    const recorder = recorded(await dial(secure(port), options({ tls: { ca: authority.cert } })))
    expect(String(await recorder.received(7))).toBe('trusted')
  })

  const REFUSED: [string, () => Certificate, () => TlsOptions, string][] = [
    [
      'with another name',
      () => elsewhere,
      () => ({ ca: authority.cert }),
      "Host: localhost. is not in the cert's altnames: DNS:elsewhere.test (ERR_TLS_CERT_ALTNAME_INVALID)",
    ],
    [
      'out of date',
      () => expired,
      () => ({ ca: authority.cert }),
      'certificate has expired (CERT_HAS_EXPIRED)',
    ],
    [
      'signed by itself',
      () => selfSigned,
      () => ({ ca: authority.cert }),
      'self-signed certificate (DEPTH_ZERO_SELF_SIGNED_CERT)',
    ],
    [
      'of an authority nobody named',
      () => leaf,
      () => ({}),
      'unable to verify the first certificate (UNABLE_TO_VERIFY_LEAF_SIGNATURE)',
    ],
  ]

  test.each(REFUSED)('%s are refused: H2_TLS, not to be tried again', async (_name, cert, tls, reason) => {
    const port = await tlsServer(cert())
    expect(await rejection(dial(secure(port), options({ tls: tls() })))).toMatchObject({
      code: 'H2_TLS',
      scope: 'transport',
      initiator: 'local',
      errorCode: 2,
      processed: 'no',
      retryable: false,
      message: `TLS handshake with localhost:${port} failed: ${reason}`,
    })
  })

  test.each(REFUSED)('%s are taken with rejectUnauthorized false', async (_name, cert, tls) => {
    const port = await tlsServer(cert())
    const transport = await dial(secure(port), options({ tls: { ...tls(), rejectUnauthorized: false } }))
    expect(track(transport).alpn).toBe('h2')
  })

  it('are verified where the caller passes undefined for the option', async () => {
    const port = await tlsServer(selfSigned)
    const tls = { rejectUnauthorized: undefined, checkServerIdentity: undefined } as unknown as TlsOptions
    expect(await rejection(dial(secure(port), options({ tls })))).toMatchObject({ code: 'H2_TLS' })
  })

  it('are checked against servername, and by checkServerIdentity of the caller', async () => {
    const port = await tlsServer(elsewhere)
    const checkServerIdentity = vi.fn(() => undefined)
    track(await connected(port, { servername: 'elsewhere.test' }))
    track(await connected(port, { checkServerIdentity }))
    expect(checkServerIdentity).toHaveBeenCalledWith('localhost', expect.anything())
  })

  it('are refused by a checkServerIdentity that throws, and nothing is uncaught', async () => {
    const port = await tlsServer(leaf)
    const checkServerIdentity = () => {
      throw new Error('my check')
    }
    const error = await rejection(
      dial(secure(port), options({ tls: { ca: authority.cert, checkServerIdentity } })),
    )
    expect(error).toMatchObject({ code: 'H2_TLS', cause: { message: 'my check' } })
  })

  it('of the client are sent', async () => {
    const client = await makeLeaf({ issuer: authority, names: ['client.test'] })
    let subject: string | undefined
    const port = await tlsServer(
      { ...leaf, requestCert: true, ca: authority.cert, maxVersion: 'TLSv1.2' },
      (socket) => {
        subject = socket.getPeerCertificate().subject?.CN as string
        socket.end('x')
      },
    )
    const transport = await dial(secure(port), options({ tls: { ca: authority.cert, ...client } }))
    await recorded(transport).received(1)
    expect(subject).toBe('client.test')
    const without = await rejection(connected(port))
    expect(without).toMatchObject({ code: expect.stringMatching(/^H2_(TLS|CONNECT)$/), initiator: 'peer' })
  })

  it('that cannot be read are an error of the caller, and nobody is dialled', async () => {
    const tls = { key: 'no key', cert: 'no certificate' }
    const error = await rejection(dial(secure(1), options({ tls })))
    expect(error).toMatchObject({ code: 'H2_TLS', initiator: 'user', retryable: false })
    expect(String(error)).toContain('TLS options for localhost:1 are unusable: ')
  })
})

describe('a handshake that fails', () => {
  it('by an alert is the work of the peer', async () => {
    const port = await tlsServer({ ...leaf, ...TLS12, ciphers: AEAD_SUITE })
    const error = await rejection(connected(port, { ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }))
    expect(error).toMatchObject({ code: 'H2_TLS', initiator: 'peer', retryable: false })
    expect(String(error)).toContain('handshake failure')
  })

  it('as the peer speaks no TLS: H2_TLS', async () => {
    const port = await plainServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    const error = await rejection(connected(port))
    expect(error).toMatchObject({ code: 'H2_TLS', retryable: false })
    expect(String(error)).toMatch(/wrong version number|packet length too long/)
  })

  test.each([
    ['a FIN', (socket: { end(): void }) => socket.end()],
    ['a reset', (socket: { resetAndDestroy(): void }) => socket.resetAndDestroy()],
  ])('by %s is H2_CONNECT, and may be tried again', async (_name, cut) => {
    const port = await plainServer((socket) => {
      socket.once('data', () => cut(socket))
    })
    expect(await rejection(connected(port))).toMatchObject({
      code: 'H2_CONNECT',
      initiator: 'peer',
      retryable: true,
      message: `TLS handshake with localhost:${port} failed: connection reset (ECONNRESET)`,
    })
  })

  it('with TLS 1.1, which RFC 9113 §9.2 forbids', async () => {
    const ciphers = 'DEFAULT@SECLEVEL=0'
    const port = await tlsServer({ ...leaf, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers })
    expect(await rejection(connected(port, { ciphers }))).toMatchObject({ code: 'H2_TLS' })
    const error = await rejection(connected(port, { ciphers, minVersion: 'TLSv1.1' }))
    expect(error).toMatchObject({ code: 'H2_TLS_INADEQUATE' })
    expect(String(error)).toContain('TLSv1.1 is below TLS 1.2 (RFC 9113 §9.2)')
  })
})

describe('ALPN (RFC 7301)', () => {
  test.each([
    ['chosen', ['h2'], ['h2'], 'h2'],
    ['chosen by the preference of the server', ['h2', 'http/1.1'], ['http/1.1'], 'http/1.1'],
    ['none offered', [], ['h2'], undefined],
    ['none known to the server', ['h2'], undefined, undefined],
  ])('%s', async (_name, offered, spoken, chosen) => {
    const server = { ...leaf, ALPNProtocols: spoken } as ServerOptions
    const port = await tlsServer(server)
    // Not an option by its type.
    const tls = { ca: authority.cert, ALPNProtocols: ['ours'] }
    const some = options({ alpn: offered, tls })
    expect(track(await dial(secure(port), some)).alpn).toBe(chosen)
  })
})

describe('server name indication (RFC 9113 §9.2)', () => {
  test.each([
    ['a name', 'localhost', {}, 'localhost'],
    ['a name with a dot at the end', 'localhost.', {}, 'localhost'],
    ['an address', '127.0.0.1', {}, false],
    ['an address, with a name of the caller', '127.0.0.1', { servername: 'localhost' }, 'localhost'],
  ])('for %s', async (_name, host, extra, expected) => {
    const warned = vi.spyOn(process, 'emitWarning')
    let seen: unknown
    const port = await tlsServer(leaf, (socket) => {
      seen = socket.servername
      socket.write('x')
    })
    const tls = { ca: authority.cert, lookup: loopback, ...extra }
    await recorded(await dial(secure(port, host), options({ tls }))).received(1)
    expect(seen).toBe(expected)
    expect(warned).not.toHaveBeenCalled()
    warned.mockRestore()
  })
})

describe('suites of TLS 1.2 (RFC 9113 §9.2.2)', () => {
  it('with ephemeral keys and authenticated encryption are taken', async () => {
    const port = await tlsServer({ ...leaf, ...TLS12, ciphers: AEAD_SUITE })
    const { info } = await connected(port)
    expect(info).toMatchObject({ tlsVersion: 'TLSv1.2', cipher: AEAD_SUITE, resumed: false })
  })

  it('with CBC are refused: INADEQUATE_SECURITY', async () => {
    let gone!: Promise<void>
    const port = await tlsServer({ ...leaf, ...TLS12, ciphers: CBC_SUITE }, (socket) => {
      gone = new Promise((resolve) => socket.resume().on('end', resolve))
    })
    expect(await rejection(connected(port))).toMatchObject({
      code: 'H2_TLS_INADEQUATE',
      scope: 'transport',
      initiator: 'local',
      errorCode: 0xc,
      errorName: 'INADEQUATE_SECURITY',
      processed: 'no',
      retryable: false,
      message: `TLS handshake with localhost:${port} failed: suite ${CBC_SUITE} is prohibited (RFC 9113 §9.2.2)`,
    })
    await gone
  })

  it('with CBC are taken where HTTP/2 was not chosen', async () => {
    const port = await tlsServer({ ...leaf, ...TLS12, ciphers: CBC_SUITE, ALPNProtocols: ['http/1.1'] })
    const some = options({ alpn: ['h2', 'http/1.1'], tls: { ca: authority.cert } })
    const transport = track(await dial(secure(port), some))
    expect(transport.alpn).toBe('http/1.1')
    expect(transport.info.cipher).toBe(CBC_SUITE)
  })
})

describe('the certificate of the peer', () => {
  it.each([
    ['stays known once it was asked for', true],
    ['is not known of a connection that is gone', false],
  ])('%s', async (_name, asks) => {
    const port = await tlsServer(leaf, (socket) => socket.resume())
    const transport = await dial(secure(port), options({ tls: { ca: authority.cert } }))
    const recorder = recorded(transport)
    const der = new X509Certificate(leaf.cert).raw
    if (asks) expect(transport.info.peerCertificate).toEqual(der)
    transport.destroy()
    await recorder.closed
    expect(transport.info.peerCertificate).toEqual(asks ? der : undefined)
  })
})

describe('renegotiation (RFC 9113 §9.2.1)', () => {
  test.each([
    ['with our own context', () => ({ ca: authority.cert })],
    ['with a context of the caller', () => ({ secureContext: createSecureContext({ ca: authority.cert }) })],
  ])('breaks the connection, %s', async (_name, tls) => {
    let peer!: TLSSocket
    const port = await tlsServer({ ...leaf, ...TLS12, ciphers: AEAD_SUITE }, (socket) => {
      peer = socket
      socket.write('x')
    })
    const recorder = recorded(await dial(secure(port), options({ tls: tls() })))
    await recorder.received(1)
    peer.renegotiate({}, () => {})
    const error = await recorder.closed
    expect(String(error)).toContain('renegotiation (RFC 9113 §9.2.1)')
  })
})

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('sessions of %s', (version) => {
  const versions = { minVersion: version, maxVersion: version }

  /** One connection that lasts until the server's first bytes came, and with them its tickets. */
  async function once(port: number, sessions: SessionCache, tls: TlsOptions = {}): Promise<boolean> {
    const transport = await dial(secure(port), options({ tls: { ca: authority.cert, ...tls }, sessions }))
    const recorder = recorded(transport)
    await written(transport, 'x')
    await recorder.received(1)
    transport.destroy()
    await recorder.closed
    return transport.info.resumed === true
  }

  it('are resumed by the next dial', async () => {
    const port = await tlsServer({ ...leaf, ...versions }, (socket) => socket.pipe(socket))
    const sessions: SessionCache = { session: undefined }
    expect(await once(port, sessions)).toBe(false)
    expect(sessions.session).toBeInstanceOf(Uint8Array)
    expect(await once(port, sessions)).toBe(true)
    expect(await once(port, { session: undefined })).toBe(false)
  })

  it('are not offered under another name, and are forgotten when a handshake fails', async () => {
    const port = await tlsServer({ ...elsewhere, ...versions }, (socket) => socket.pipe(socket))
    const sessions: SessionCache = { session: undefined }
    await once(port, sessions, { servername: 'elsewhere.test' })
    expect(sessions.session).toBeDefined()
    expect(await rejection(once(port, sessions, { servername: '' }))).toMatchObject({
      code: 'H2_TLS',
      cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    })
    expect(sessions.session).toBeUndefined()
  })

  it('made without verification are offered only without it', async () => {
    const port = await tlsServer({ ...elsewhere, ...versions }, (socket) => socket.pipe(socket))
    const sessions: SessionCache = { session: undefined }
    const lenient = { rejectUnauthorized: false }
    expect(await once(port, sessions, lenient)).toBe(false)
    expect(await once(port, sessions, lenient)).toBe(true)
    expect(await rejection(once(port, sessions))).toMatchObject({ code: 'H2_TLS' })
  })
})

describe('SSLKEYLOGFILE', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hyper-'))
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true, force: true })
  })

  it('gets the secrets of each connection, one a line', async () => {
    const path = join(folder, 'keys')
    const port = await tlsServer(leaf)
    vi.stubEnv('SSLKEYLOGFILE', path)
    await connected(port)
    const lines = readFileSync(path, 'latin1').trimEnd().split('\n')
    expect(lines.length).toBeGreaterThanOrEqual(4)
    for (const line of lines) expect(line).toMatch(/^[A-Z0-9_]+ [0-9a-f]{64} [0-9a-f]+$/)
  })

  it('makes a file that nobody else can read', async () => {
    mkdirSync(folder, { recursive: true })
    const path = join(folder, 'keys of mine')
    const port = await tlsServer(leaf)
    vi.stubEnv('SSLKEYLOGFILE', path)
    await connected(port)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('that cannot be written does no harm', async () => {
    const port = await tlsServer(leaf)
    vi.stubEnv('SSLKEYLOGFILE', join(folder, 'no', 'such', 'folder'))
    expect((await connected(port)).alpn).toBe('h2')
  })
})
