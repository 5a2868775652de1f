import net from 'node:net'
import tls from 'node:tls'
import { inspect } from 'node:util'
import { afterEach, beforeAll, describe, expect, it, test } from 'vitest'
import { H2Error } from '../../src/errors.ts'
import { dial } from '../../src/transport/node.ts'
import { parseProxy } from '../../src/transport/proxy-url.ts'
import { type Certificate, makeAuthority, makeLeaf } from '../support/certificate.ts'
import {
  closeAll,
  listen,
  options,
  plain,
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

beforeAll(async () => {
  authority = await makeAuthority()
  leaf = await makeLeaf({ issuer: authority })
})

afterEach(closeAll)

/** What a proxy was asked, line by line. */
type Asked = string[]

/** A proxy on one connection: asks `answer` what to say, and tunnels if that is a 2xx. */
function serve(asked: Asked, answer: string): (socket: net.Socket) => void {
  return (socket) => {
    socket.once('data', (chunk) => {
      asked.push(...chunk.toString('latin1').split('\r\n'))
      socket.write(answer)
      if (!answer.includes(' 2')) return
      const [, port] = /:(\d+) HTTP/.exec(asked[0] ?? '') ?? []
      const far = track(net.connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true }))
      far.on('error', () => socket.destroy())
      socket.on('close', () => far.destroy())
      far.on('close', () => socket.destroy())
      socket.pipe(far).pipe(socket)
    })
  }
}

const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n'

test('a tunnel is a step of the dial', async () => {
  const target = await tlsServer(leaf, () => {})
  const port = await plainServer(serve([], ESTABLISHED))
  const steps: string[] = []
  const told = { onStep: (step: string) => steps.push(step), tls: { ca: authority.cert } }
  track(await dial(secure(target), options({ proxy: `http://127.0.0.1:${port}`, ...told })))
  expect(steps).toEqual(['proxy', 'tls'])
})

describe('through a proxy', () => {
  it('CONNECT names the target, without credentials if there are none', async () => {
    const asked: Asked = []
    const target = await plainServer((socket) => socket.pipe(socket))
    const port = await plainServer(serve(asked, ESTABLISHED))
    const transport = await dial(plain(target), options({ proxy: `http://127.0.0.1:${port}` }))
    const recorder = recorded(transport)
    await written(transport, 'through')
    expect(String(await recorder.received(7))).toBe('through')
    expect(asked).toEqual([`CONNECT 127.0.0.1:${target} HTTP/1.1`, `host: 127.0.0.1:${target}`, '', ''])
  })

  it('credentials are sent as Basic, percent-decoded and in UTF-8 (RFC 7617 §2)', async () => {
    const asked: Asked = []
    const target = await plainServer((socket) => socket.end('x'))
    const port = await plainServer(serve(asked, ESTABLISHED))
    const proxy = `http://m%C3%BCller:p%40ss@127.0.0.1:${port}`
    await recorded(await dial(plain(target), options({ proxy }))).received(1)
    const expected = Buffer.from('müller:p@ss').toString('base64')
    expect(asked).toContain(`proxy-authorization: Basic ${expected}`)
  })

  test.each([
    [
      'interim responses before it (RFC 9110 §15.2)',
      `HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${ESTABLISHED}`,
    ],
    ['another 2xx (RFC 9110 §9.3.6)', 'HTTP/1.1 204\r\n\r\n'],
    ['fields, of which the length means nothing', 'HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\n'],
  ])('the answer may have %s', async (_name, answer) => {
    const target = await plainServer((socket) => socket.end('x'))
    const port = await plainServer(serve([], answer))
    const transport = await dial(plain(target), options({ proxy: `http://127.0.0.1:${port}` }))
    expect(String(await recorded(transport).received(1))).toBe('x')
  })

  it('what the target says with the answer of the proxy is not lost', async () => {
    const port = await plainServer((socket) => {
      socket.once('data', () => socket.end(`${ESTABLISHED}early`))
    })
    const transport = await dial(plain(1), options({ proxy: `http://127.0.0.1:${port}` }))
    const recorder = recorded(transport)
    expect(String(await recorder.received(5))).toBe('early')
    await recorder.ended
    transport.end()
    expect(await recorder.closed).toBeUndefined()
  })

  it('our side may still write after the FIN of the target', async () => {
    let hear!: (chunk: Buffer) => void
    const heard = new Promise<Buffer>((resolve) => {
      hear = resolve
    })
    const target = await plainServer((socket) => {
      socket.on('data', hear).end('last words')
    })
    const port = await plainServer(serve([], ESTABLISHED))
    const transport = await dial(plain(target), options({ proxy: `http://127.0.0.1:${port}` }))
    const recorder = recorded(transport)
    await recorder.ended
    await new Promise((resolve) => setImmediate(resolve))
    await written(transport, 'still here')
    transport.end()
    expect(await recorder.closed).toBeUndefined()
    expect(String(await heard)).toBe('still here')
  })

  const TUNNELS: [string, string, boolean][] = [
    ['plain text through http', 'http', false],
    ['TLS through http', 'http', true],
    ['plain text through https', 'https', false],
    ['TLS through https', 'https', true],
  ]

  test.each(TUNNELS)('%s: carries much both ways, ends and closes', async (_name, scheme, isSecure) => {
    const size = 1_000_000
    let gone!: Promise<unknown>
    const onSocket = (socket: net.Socket): void => {
      gone = new Promise((resolve) => socket.on('close', resolve))
      socket.pipe(socket)
    }
    const target = isSecure ? await tlsServer(leaf, onSocket) : await plainServer(onSocket)
    const proxyServer = serve([], ESTABLISHED)
    const port =
      scheme === 'http'
        ? await plainServer(proxyServer)
        : await listen(tls.createServer({ ...leaf, allowHalfOpen: true }, proxyServer))
    const some = options({ proxy: `${scheme}://localhost:${port}`, tls: { ca: authority.cert } })
    const transport = await dial((isSecure ? secure : plain)(target, 'localhost'), some)
    expect(transport.alpn).toBe(isSecure ? 'h2' : undefined)
    const recorder = recorded(transport)
    await written(transport, Buffer.alloc(size, 'abc'))
    expect((await recorder.received(size)).equals(Buffer.alloc(size, 'abc'))).toBe(true)
    transport.destroy()
    expect(await recorder.closed).toBeUndefined()
    await gone
  })

  it('the name of the target, not of the proxy, is verified', async () => {
    const elsewhere = await makeLeaf({ issuer: authority, names: ['elsewhere.test'] })
    const target = await tlsServer(elsewhere)
    const port = await plainServer(serve([], ESTABLISHED))
    const some = options({ proxy: `http://127.0.0.1:${port}`, tls: { ca: authority.cert } })
    expect(await rejection(dial(secure(target), some))).toMatchObject({
      code: 'H2_TLS',
      cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    })
  })

  it('a Unix domain socket needs no proxy', async () => {
    const some = options({ proxy: 'http://127.0.0.1:1', socketPath: '/nonexistent/socket' })
    expect(await rejection(dial(plain(1), some))).toMatchObject({ code: 'H2_CONNECT' })
  })
})

describe('a proxy that fails: H2_PROXY', () => {
  const REFUSALS: [string, string, string, object][] = [
    [
      'wants credentials',
      'HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n',
      'status 407, credentials missing or wrong',
      { initiator: 'peer', retryable: false },
    ],
    ['refuses', 'HTTP/1.1 403 Forbidden\r\n\r\n', 'status 403', { initiator: 'peer', retryable: false }],
    ['finds no one', 'HTTP/1.1 502 Bad\r\n\r\n', 'status 502', { initiator: 'peer', retryable: true }],
    [
      'speaks something else',
      'SSH-2.0-OpenSSH\r\n',
      'not an HTTP/1.1 response (RFC 9112 §4); what answers speaks SSH',
      { initiator: 'local' },
    ],
    [
      'has no status',
      'HTTP/1.1 2xx OK\r\n\r\n',
      'not an HTTP/1.1 response (RFC 9112 §4)',
      { initiator: 'local' },
    ],
    [
      'never ends its head',
      `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(3000)}`,
      'a head of more than 16384 octets (RFC 9110 §5.4)',
      { initiator: 'local' },
    ],
    [
      'sends interim responses without end',
      'HTTP/1.1 100 Continue\r\n\r\n'.repeat(1000),
      'a head of more than 16384 octets (RFC 9110 §5.4)',
      { initiator: 'local' },
    ],
    [
      'is a SOCKS proxy',
      '\x05\xff',
      'not an HTTP/1.1 response (RFC 9112 §4); what answers speaks SOCKS',
      { initiator: 'local' },
    ],
    [
      'wants TLS itself',
      '\x15\x03\x01\x00\x02\x02\x46',
      'not an HTTP/1.1 response (RFC 9112 §4); what answers speaks TLS',
      { initiator: 'local' },
    ],
  ]

  test.each(REFUSALS)('as it %s', async (_name, answer, reason, facts) => {
    let gone!: Promise<unknown>
    const port = await plainServer((socket) => {
      gone = new Promise((resolve) => socket.on('close', resolve))
      socket.once('data', () => socket.write(answer, 'latin1'))
      socket.on('end', () => socket.end())
    })
    const error = await rejection(
      dial(plain(80, 'example.test'), options({ proxy: `http://user:secret@127.0.0.1:${port}` })),
    )
    const message = `CONNECT to example.test:80 through proxy 127.0.0.1:${port} failed: ${reason}`
    expect(error).toMatchObject({ code: 'H2_PROXY', scope: 'transport', processed: 'no', message, ...facts })
    expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain('secret')
    await gone
  })

  const CREDENTIALS = Buffer.from('user:secret').toString('base64')
  it('and its answer is a property of the error, without what is secret in it', async () => {
    const content = `you sent Basic ${CREDENTIALS}, which is not enough. ${'x'.repeat(8000)}`
    const fields = [
      ['Proxy-Authenticate', 'Basic realm="here"'],
      ['Set-Cookie', 'session=secret'],
      ['X-Echo', `Basic ${CREDENTIALS}`],
      ['Content-Length', `${content.length}`],
    ]
    const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    const port = await plainServer((socket) => {
      socket.once('data', () => socket.end(`HTTP/1.1 407 Not You\r\n${head}\r\n${content}`))
    })
    const proxy = `http://user:secret@127.0.0.1:${port}`
    const error = (await rejection(dial(plain(80, 'a.test'), options({ proxy })))) as H2Error
    expect(error.proxyResponse).toMatchObject({
      status: 407,
      statusText: 'Not You',
      fields: [
        'proxy-authenticate',
        'Basic realm="here"',
        'set-cookie',
        '(hidden)',
        'x-echo',
        'Basic (hidden)',
        'content-length',
        `${content.length}`,
      ],
      content: expect.stringMatching(/^you sent Basic \(hidden\), which is not enough\. x+$/),
    })
    expect(error.proxyResponse!.content.length).toBeLessThanOrEqual(4096)
    expect(inspect(error, { depth: 9 })).not.toMatch(/secret|dXNlcj/)
    expect(new H2Error(error.message, error).proxyResponse).toBe(error.proxyResponse)
  })

  test.each([
    ['as much as it said', 'content-length: 3\r\n\r\nnopeless', undefined, 'nop'],
    ['until it ends', '\r\nnope', (socket: net.Socket) => socket.end(), 'nope'],
    ['until it breaks', '\r\nnope', (socket: net.Socket) => socket.resetAndDestroy(), /^(?:nope)?$/],
    ['until it is silent', '\r\nnope', undefined, 'nope'],
  ])('and the content of its answer is read %s', async (_name, rest, then, content) => {
    const port = await plainServer((socket) => {
      socket.once('data', () => socket.write(`HTTP/1.1 403 Forbidden\r\n${rest}`, () => then?.(socket)))
    })
    const error = await rejection(dial(secure(443), options({ proxy: `http://127.0.0.1:${port}` })))
    const expected = typeof content === 'string' ? content : expect.stringMatching(content)
    expect(error).toMatchObject({ code: 'H2_PROXY', proxyResponse: { status: 403, content: expected } })
  })

  test.each([
    ['closes', (socket: net.Socket) => socket.end(), 'closed without an answer'],
    ['resets', (socket: net.Socket) => socket.resetAndDestroy(), 'the proxy broke the connection'],
  ])('as it %s', async (_name, act, reason) => {
    const port = await plainServer((socket) => {
      socket.once('data', () => act(socket))
    })
    const error = await rejection(dial(plain(80), options({ proxy: `http://127.0.0.1:${port}` })))
    expect(error).toMatchObject({ code: 'H2_PROXY', initiator: 'peer', retryable: true })
    expect(String(error)).toContain(reason)
  })

  it('as it cannot be reached', async () => {
    expect(
      await rejection(dial(plain(80), options({ proxy: 'http://u:p@nonexistent.invalid' }))),
    ).toMatchObject({
      code: 'H2_PROXY',
      message: expect.stringMatching(
        /^connect to proxy nonexistent\.invalid:80 failed: name does not resolve/,
      ),
    })
  })

  it('as its own certificate is of no known authority', async () => {
    const port = await listen(tls.createServer(leaf))
    const error = await rejection(dial(plain(80), options({ proxy: `https://localhost:${port}` })))
    expect(error).toMatchObject({ code: 'H2_PROXY', retryable: false })
    expect(String(error)).toContain(`TLS handshake with proxy localhost:${port} failed: unable to verify`)
  })

  it('as it says something in the name of the target before TLS began', async () => {
    const port = await plainServer((socket) => {
      socket.once('data', () => socket.write(`${ESTABLISHED}!`))
    })
    const error = await rejection(dial(secure(443), options({ proxy: `http://127.0.0.1:${port}` })))
    expect(error).toMatchObject({ code: 'H2_PROXY', initiator: 'local' })
    expect(String(error)).toContain('bytes before the TLS handshake')
  })

  it('never answers: H2_TIMEOUT_CONNECT', async () => {
    const port = await plainServer((socket) => socket.on('end', () => socket.end()).resume())
    const some = options({ proxy: `http://127.0.0.1:${port}`, connectTimeoutMs: 30 })
    expect(await rejection(dial(plain(80), some))).toMatchObject({
      code: 'H2_TIMEOUT_CONNECT',
      message: `connect to 127.0.0.1:80 through proxy 127.0.0.1:${port} failed: timed out after 30 ms, the proxy did not answer CONNECT`,
    })
  })

  it('is left when the signal aborts', async () => {
    const controller = new AbortController()
    const reason = new Error('changed my mind')
    let gone!: Promise<unknown>
    const port = await plainServer((socket) => {
      gone = new Promise((resolve) => socket.on('close', resolve))
      socket.on('data', () => controller.abort(reason)).on('end', () => socket.end())
    })
    const dialled = dial(plain(80), options({ proxy: `http://127.0.0.1:${port}` }), controller.signal)
    expect(await rejection(dialled)).toBe(reason)
    await gone
  })
})

describe('the URL of a proxy', () => {
  test.each([
    ['http://proxy.test', { secure: false, host: 'proxy.test', port: 80, authorization: undefined }],
    ['https://proxy.test', { secure: true, host: 'proxy.test', port: 443, authorization: undefined }],
    ['http://[::1]:8080/', { secure: false, host: '::1', port: 8080, authorization: undefined }],
    ['http://u@p.test', { secure: false, host: 'p.test', port: 80, authorization: `Basic ${btoa('u:')}` }],
    [
      'http://a%zz@p.test',
      { secure: false, host: 'p.test', port: 80, authorization: `Basic ${btoa('a%zz:')}` },
    ],
  ])('%s', (text, proxy) => {
    expect(parseProxy(text)).toEqual(proxy)
  })

  test.each(['socks5://user:secret@proxy.test', 'http://user:secret@', 'user:secret'])(
    'of another kind throws, and is not quoted: %s',
    async (proxy) => {
      const error = await rejection(dial(plain(80), options({ proxy })))
      expect(error).toBeInstanceOf(TypeError)
      expect(error).not.toBeInstanceOf(H2Error)
      expect(`${(error as Error).stack} ${JSON.stringify(error)}`).not.toContain('user:secret')
      expect((error as Error).cause).toBeUndefined()
    },
  )

  it('does not carry a host that would break the request', async () => {
    const port = await plainServer(() => expect.unreachable())
    const some = options({ proxy: `http://127.0.0.1:${port}` })
    const error = await rejection(dial(plain(80, 'x HTTP/1.1\r\nhost: y'), some))
    expect(error).toBeInstanceOf(TypeError)
  })
})
