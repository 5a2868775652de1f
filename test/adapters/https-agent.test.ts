/** Which client a request of `hyper-h2/https` has, and `node:https` in front of it. */
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import nodeHttps from 'node:https'
import net, { type AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { agentOf, globalAgent } from '../../src/adapters/https/agent.ts'
import { servernameOf } from '../../src/adapters/https/request-target.ts'
import { keyOf, namedOptions } from '../../src/adapters/https/tls-key.ts'
import { Agent, get, request as send } from '../../src/adapters/https.ts'
import { type Certificate, makeLeaf } from '../support/certificate.ts'
import { Pair, turns } from './https-origin.ts'

describe('one client for equal options, another for others', () => {
  const check = () => undefined
  const context = new Map()
  test.each<[string, object, object, boolean]>([
    ['nothing', {}, {}, true],
    ['what does not matter', { path: '/a', headers: {} }, { path: '/b', timeout: 5 }, true],
    ['undefined', { ca: undefined, cert: null }, {}, true],
    ['text', { ca: 'a' }, { ca: 'a' }, true],
    ['other text', { ca: 'a' }, { ca: 'b' }, false],
    ['bytes of the same content', { ca: Buffer.from('a') }, { ca: Buffer.from('a') }, true],
    ['bytes of other content', { ca: Buffer.from('a') }, { ca: Buffer.from('b') }, false],
    ['text is not a list of it', { ca: 'a' }, { ca: ['a'] }, false],
    ['lists', { ca: ['a', 'b'] }, { ca: ['a', 'b'] }, true],
    ['lists that join to the same', { ca: ['a,1:b'] }, { ca: ['a', 'b'] }, false],
    ['text that looks like another option', { ca: '1:a' }, { ca: 'a' }, false],
    [
      'objects',
      { pfx: [{ buf: Buffer.from('a'), passphrase: 'b' }] },
      { pfx: [{ passphrase: 'b', buf: Buffer.from('a') }] },
      true,
    ],
    ['one function', { checkServerIdentity: check }, { checkServerIdentity: check }, true],
    ['two functions', { checkServerIdentity: check }, { checkServerIdentity: () => undefined }, false],
    ['one instance', { secureContext: context }, { secureContext: context }, true],
    ['two instances', { secureContext: context }, { secureContext: new Map() }, false],
    ['rejectUnauthorized', { rejectUnauthorized: false }, { rejectUnauthorized: true }, false],
    ['servername', { servername: 'a' }, {}, false],
    ['lookup', { lookup: check }, {}, false],
    ['family', { family: 4 }, { family: 6 }, false],
  ])('%s', (_what, a, b, same) => {
    expect(keyOf(namedOptions(a)) === keyOf(namedOptions(b))).toBe(same)
    const agent = new Agent()
    expect(agent.clientFor(a) === agent.clientFor(b)).toBe(same)
  })

  test('options of the agent win over those of the request, as with node:https', () => {
    const agent = new Agent({ rejectUnauthorized: true })
    expect(agent.clientFor({ rejectUnauthorized: false })).toBe(agent.clientFor({}))
  })

  test('at most 64 are kept, and the one that was used longest ago goes', async () => {
    const agent = new Agent()
    const first = agent.clientFor({ servername: '0' })
    const second = agent.clientFor({ servername: '1' })
    for (let i = 2; i < 64; i++) agent.clientFor({ servername: String(i) })
    expect(agent.clientFor({ servername: '0' })).toBe(first)
    agent.clientFor({ servername: 'one more' })
    expect(agent.clientFor({ servername: '0' })).toBe(first)
    expect(agent.clientFor({ servername: '1' })).not.toBe(second)
    await expect(second.request('https://a.test/')).rejects.toMatchObject({ processed: 'no' })
  })

  test.each([
    ['no host field', undefined, undefined],
    ['the host itself', 'A.test:443', undefined],
    ['another name', 'b.test:8443', 'b.test'],
    ['an address', '127.0.0.1', undefined],
    ['an address of IPv6', '[::1]:443', undefined],
  ])('the name that is verified: %s', (_what, field, expected) => {
    expect(servernameOf({}, 'a.test', field)).toBe(expected)
  })

  test('one for each protocol, as got has them', () => {
    const agent = new Agent()
    expect(agentOf({ http: undefined, https: agent, http2: undefined })).toBe(agent)
    expect(agentOf({ http: undefined, https: undefined, http2: undefined })).toBe(globalAgent)
  })

  test('the caller names it', () => {
    expect(servernameOf({ servername: 'c.test' }, 'a.test', 'b.test')).toBe('c.test')
  })
})

describe('agents', () => {
  test.each([undefined, null, false, true])('%s is the global one', (given) => {
    expect(agentOf(given)).toBe(globalAgent)
  })

  test('an ordinary one of node:https lends its TLS options', () => {
    const given = new nodeHttps.Agent({ rejectUnauthorized: false, keepAlive: true, maxSockets: 3 })
    const agent = agentOf(given)
    expect(agentOf(given)).toBe(agent)
    expect(agent.clientFor({})).toBe(agent.clientFor({ rejectUnauthorized: true }))
    expect(agentOf(new http.Agent())).toBeInstanceOf(Agent)
  })

  test('one that makes connections of its own is refused, but for a proxy that it names', () => {
    class Own extends nodeHttps.Agent {}
    class Tunnel extends nodeHttps.Agent {
      readonly proxy = new URL('http://proxy.test:3128')
    }
    expect(() => agentOf(new Own())).toThrow(/Own makes connections of its own/)
    expect(agentOf(new Tunnel())).toBeInstanceOf(Agent)
  })

  test('close finishes what is open; later requests make new connections', async () => {
    const pair = new Pair(() => ({ body: 'x' }))
    await pair.exchange()
    await pair.agent.close()
    expect((await pair.exchange()).text).toBe('x')
    expect(pair.origin.connectionsMade).toBe(2)
  })

  test('options of the client beneath are checked', () => {
    expect(() => new Agent({ client: { nonsense: 1 } as never }).clientFor({})).toThrow(
      /nonsense is not an option/,
    )
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

  test('facts of the socket', async () => {
    const agent = new Agent({ ca: certificate.cert })
    const request = get(url, { agent })
    const events: string[] = []
    request.on('socket', (socket) => {
      for (const event of ['lookup', 'connect', 'secureConnect']) socket.on(event, () => events.push(event))
    })
    const [response] = await once(request, 'response')
    response.resume()
    const { socket } = response
    expect(events).toEqual(['lookup', 'connect', 'secureConnect'])
    expect(socket).toMatchObject({
      encrypted: true,
      authorized: true,
      authorizationError: null,
      remoteAddress: '127.0.0.1',
      remoteFamily: 'IPv4',
      remotePort: Number(new URL(url).port),
      alpnProtocol: 'h2',
      servername: 'localhost',
      connecting: false,
    })
    expect(socket.getProtocol()).toMatch(/^TLSv1\.[23]$/)
    expect(socket.address()).toMatchObject({ address: '127.0.0.1', family: 'IPv4' })
    expect(socket.getPeerCertificate().subject.CN).toBeTypeOf('string')
    expect(request.reusedSocket).toBe(false)
    await once(request, 'close')

    const again = get(url, { agent })
    const [second] = await once(again, 'response')
    second.resume()
    expect(again.reusedSocket).toBe(true)
    await once(again, 'close')
    await agent.close()
  })

  test('facts of the socket of node:https in front', async () => {
    const agent = new Agent({ ca: certificate.cert })
    const [response] = await once(nodeHttps.get(url, { agent }), 'response')
    const { socket } = response
    expect(socket).toMatchObject({
      encrypted: true,
      authorized: true,
      authorizationError: null,
      alpnProtocol: 'h2',
      remoteAddress: '127.0.0.1',
      remoteFamily: 'IPv4',
      remotePort: Number(new URL(url).port),
      localAddress: '127.0.0.1',
      localPort: expect.any(Number),
    })
    expect(socket.getProtocol()).toMatch(/^TLSv1\.[23]$/)
    expect(socket.getCipher()).toHaveProperty('name')
    expect(socket.getPeerCertificate().subject.CN).toBeTypeOf('string')
    response.resume()
    await once(response, 'close')
    await agent.close()
  })

  test.each([
    ['rejectUnauthorized of the request', () => ({ rejectUnauthorized: false })],
    ['ca of the request', () => ({ ca: certificate.cert })],
    ['an agent of node:https', () => ({ agent: new nodeHttps.Agent({ ca: certificate.cert }) })],
  ])('%s', async (_what, options) => {
    const request = get(url, options())
    const [response] = await once(request, 'response')
    response.resume()
    await once(request, 'close')
    expect(response.statusCode).toBe(200)
    globalAgent.destroy()
  })
})

describe('servers without HTTP/2', () => {
  const answer: http.RequestListener = (request, response) => {
    request.pipe(response)
  }

  test('over TLS and in plain text, it is HTTP/1.1', async () => {
    const certificate = await makeLeaf()
    const agent = new Agent({ ca: certificate.cert })
    for (const server of [nodeHttps.createServer(certificate, answer), http.createServer(answer)]) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const scheme = server instanceof nodeHttps.Server ? 'https' : 'http'
      const { port } = server.address() as AddressInfo
      const request = send(`${scheme}://localhost:${port}/`, { agent, method: 'POST' })
      request.write('streamed ')
      request.end('body')
      const [response] = await once(request, 'response')
      let text = ''
      for await (const piece of response) text += piece
      expect([text, response.httpVersion, response.httpVersionMinor]).toEqual(['streamed body', '1.1', 1])
      expect([response.socket.encrypted, response.socket.remoteAddress]).toEqual([
        scheme === 'https',
        '127.0.0.1',
      ])
      server.close()
    }
    await agent.close()
  })
})

describe('node:https in front', () => {
  const front = (pair: Pair, options: nodeHttps.RequestOptions = {}) =>
    nodeHttps.request('https://a.test/p?q', { agent: pair.agent, ...options })

  test('a request, its body, and its answer', async () => {
    const pair = new Pair(async (request) => {
      const body = await request.text()
      return {
        status: 201,
        body: body + (await request.trailers).get('x-sum'),
        headers: { 'x-a': 'b', trailer: 'x-t' },
        trailers: { 'x-t': 'u' },
      }
    })
    const request = front(pair, {
      method: 'POST',
      headers: { trailer: 'x-sum', connection: 'x-hop', 'x-hop': '1' },
    })
    request.addTrailers({ 'x-sum': '42' })
    request.write('body ')
    request.end()
    const [response] = await once(request, 'response')
    let text = ''
    for await (const piece of response) text += piece
    expect([response.statusCode, response.headers['x-a'], text]).toEqual([201, 'b', 'body 42'])
    expect({ ...response.trailers }).toEqual({ 'x-t': 'u' })
    const { headers, authority, path, method } = pair.origin.requests[0]!
    expect([authority, path, method]).toEqual(['a.test', '/p?q', 'POST'])
    for (const name of ['connection', 'transfer-encoding', 'x-hop', 'user-agent'])
      expect(headers.has(name)).toBe(false)
    await turns()
    expect(pair.open).toBe(0)
  })

  test('back-pressure goes both ways', async () => {
    const pair = new Pair((request) => ({ body: request.body() }))
    const piece = Buffer.alloc(100_000)
    const request = front(pair, { method: 'PUT' })
    const answered = once(request, 'response')
    const sent = pipeline(Readable.from(Array.from({ length: 50 }, () => piece)), request)
    const [response] = await answered
    let length = 0
    for await (const got of response) length += got.length
    await sent
    expect(length).toBe(50 * piece.length)
  })

  test.each([
    ['before the response', () => new Promise<never>(() => {})],
    [
      'in the middle of it',
      () => ({
        body: (async function* () {
          yield 'first'
          await new Promise(() => {})
        })(),
      }),
    ],
  ])('a request that is given up %s leaves nothing', async (_what, handler) => {
    const pair = new Pair(handler)
    const request = front(pair)
    request.on('error', () => {})
    request.on('response', (response) => response.on('error', () => {}).resume())
    request.end()
    await turns(40)
    request.destroy()
    await turns(40)
    expect(pair.open).toBe(0)
    expect(pair.origin.requests[0]!.signal.aborted).toBe(true)
  })

  test('what fails behind is an error in front', async () => {
    const pair = new Pair(() => Promise.reject(new Error('handler')))
    const request = front(pair, { method: 'POST' })
    request.end('x')
    expect((await once(request, 'error'))[0]).toMatchObject({ code: 'ECONNRESET' })
  })

  test.each([
    ['GET', 204, {}],
    ['GET', 304, { trailer: 'x-t' }],
    ['HEAD', 200, { trailer: 'x-t', 'content-length': '9' }],
  ])('an answer without a body: %s %i %j', async (method, status, headers) => {
    const pair = new Pair(() => ({ status, headers }))
    const request = front(pair, { method })
    request.end()
    const [response] = await once(request, 'response')
    response.resume()
    await once(response, 'end')
    expect(response.statusCode).toBe(status)
    expect(response.headers).not.toHaveProperty('trailer')
  })

  test('a source that fails is heard of before the request that it was for', async () => {
    const request = front(new Pair(() => new Promise<never>(() => {})), { method: 'POST' })
    const order: string[] = []
    request.on('error', () => order.push('request'))
    const source = Readable.from(
      (async function* () {
        yield 'begun'
        await turns(5)
        throw new Error('mine')
      })(),
    )
    await pipeline(source, request).catch((error: Error) => order.push(error.message))
    await turns()
    expect(order).toEqual(['mine', 'request'])
  })
})

describe('keepAlive: false', () => {
  const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'

  test.each([
    ['an agent of ours', new Agent({ keepAlive: false })],
    ['an agent of node:http', new http.Agent({ keepAlive: false })],
  ])('%s: its connection closes behind the last request', async (_what, agent) => {
    let ended: Promise<unknown> | undefined
    const server = net.createServer((socket) => {
      ended = once(socket, 'end')
      socket.on('data', () => socket.write(OK))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const asked = get(`http://127.0.0.1:${port}/`, { agent })
    const [response] = await once(asked, 'response')
    response.resume()
    await once(asked, 'close')
    await ended
    await new Promise((resolve) => server.close(resolve))
  })
})
