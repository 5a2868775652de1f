/** What proxies are asked, and what for: real ones of Node on loopback, which write down all that they are told. */
import http, { type IncomingMessage, type RequestListener } from 'node:http'
import https from 'node:https'
import type net from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeAll, describe, expect, it, test } from 'vitest'
import { Client, type ClientOptions, HTTP20Connection, HTTPConnection } from '../../../src/index.ts'
import { type Certificate, makeLeaf } from '../../support/certificate.ts'

let leaf: Certificate
const open: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  leaf = await makeLeaf()
})

afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()))
})

async function listen(server: http.Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  open.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

/** A proxy that forwards, and tunnels to nobody. */
class ForwardProxy {
  readonly asked: string[] = []
  readonly headers: IncomingMessage['headers'][] = []
  connections = 0
  readonly #secure: boolean
  port = 0

  constructor(secure = false) {
    this.#secure = secure
  }

  async start(): Promise<this> {
    const forward: RequestListener = (request, response) => {
      this.asked.push(`${request.method} ${request.url}`)
      this.headers.push(request.headers)
      if (request.url === 'http://refused.test/') return response.writeHead(407).end('who are you?')
      const to = http.request(request.url!, { method: request.method, headers: request.headers }, (from) => {
        response.writeHead(from.statusCode!, from.headers)
        from.pipe(response)
      })
      return request.pipe(to)
    }
    const server = this.#secure ? https.createServer(leaf, forward) : http.createServer(forward)
    server.on(this.#secure ? 'secureConnection' : 'connection', () => {
      this.connections += 1
    })
    server.on('connect', (request: IncomingMessage, socket: net.Socket) => {
      this.asked.push(`CONNECT ${request.url}`)
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno')
    })
    this.port = await listen(server)
    return this
  }

  url(credentials = ''): string {
    return `http${this.#secure ? 's' : ''}://${credentials}localhost:${this.port}`
  }
}

/** Says what it was asked. */
async function startOrigin(): Promise<string> {
  const server = http.createServer((request, response) => {
    if (request.url === '/redirect') {
      response.writeHead(302, { location: '/here' }).end()
      return
    }
    const { host } = request.headers
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => response.end(`${request.method} ${host} ${request.url} ${Buffer.concat(chunks)}`))
  })
  return `127.0.0.1:${await listen(server)}`
}

function client(options: ClientOptions): Client {
  const made = new Client(options)
  open.push(async () => made.destroy())
  return made
}

describe('http: by a proxy', () => {
  it('is asked for in absolute form (RFC 9112 §3.2.2), over one connection', async () => {
    const authority = await startOrigin()
    const proxy = await new ForwardProxy().start()
    const { fetch } = client({ proxy: proxy.url() })
    const get = await fetch(`http://${authority}/a?b#c`)
    expect(await get.text()).toBe(`GET ${authority} /a?b `)
    const post = await fetch(`http://${authority}`, { method: 'POST', body: 'content' })
    expect(await post.text()).toBe(`POST ${authority} / content`)
    expect(proxy.asked).toEqual([`GET http://${authority}/a?b`, `POST http://${authority}/`])
    expect(proxy.headers.map(({ host }) => host)).toEqual([authority, authority])
    expect(proxy.headers[0]).not.toHaveProperty('proxy-authorization')
    expect(proxy.connections).toBe(1)
  })

  it('goes to where the URL says, whatever host says', async () => {
    const authority = await startOrigin()
    const proxy = await new ForwardProxy().start()
    const headers = { host: 'elsewhere.test' }
    const response = await client({ proxy: proxy.url() }).fetch(`http://${authority}/x`, { headers })
    expect(await response.text()).toBe('GET elsewhere.test /x ')
    expect(proxy.asked).toEqual([`GET http://${authority}/x`])
  })

  it('* is asked for without a path (RFC 9112 §3.2.4)', async () => {
    const authority = await startOrigin()
    const proxy = await new ForwardProxy().start()
    const init = { method: 'OPTIONS', path: '*' }
    const response = await client({ proxy: proxy.url() }).request(`http://${authority}/`, init)
    await response.bytes()
    expect(proxy.asked).toEqual([`OPTIONS http://${authority}`])
  })

  it('carries the credentials of the proxy to the proxy, with each request', async () => {
    const authority = await startOrigin()
    const proxy = await new ForwardProxy().start()
    const { fetch } = client({ proxy: proxy.url('us%20er:p%40ss@') })
    const response = await fetch(`http://${authority}/redirect`)
    expect(await response.text()).toBe(`GET ${authority} /here `)
    const expected = `Basic ${Buffer.from('us er:p@ss').toString('base64')}`
    expect(proxy.headers.map((headers) => headers['proxy-authorization'])).toEqual([expected, expected])
  })

  it("leaves the caller's own credentials as they are", async () => {
    const authority = await startOrigin()
    const proxy = await new ForwardProxy().start()
    const init = { headers: { 'proxy-authorization': 'Bearer mine' } }
    const answer = await client({ proxy: proxy.url('u:p@') }).request(`http://${authority}/`, init)
    await answer.bytes()
    expect(proxy.headers[0]!['proxy-authorization']).toBe('Bearer mine')
  })

  it('is answered by the proxy itself as by anybody', async () => {
    const proxy = await new ForwardProxy().start()
    const response = await client({ proxy: proxy.url() }).fetch('http://refused.test/')
    expect([response.status, await response.text()]).toEqual([407, 'who are you?'])
  })

  it('speaks TLS to a proxy of https:', async () => {
    const authority = await startOrigin()
    const proxy = await new ForwardProxy(true).start()
    const { fetch } = client({ proxy: proxy.url(), tls: { ca: leaf.cert } })
    expect(await (await fetch(`http://${authority}/x`)).text()).toBe(`GET ${authority} /x `)
    expect(proxy.asked).toEqual([`GET http://${authority}/x`])
  })

  it('goes the same way from a connection', async () => {
    const authority = await startOrigin()
    const proxy = await new ForwardProxy().start()
    const connection = new HTTPConnection(`http://${authority}`, { proxy: proxy.url() })
    const response = await connection.getResponse(connection.request('GET', '/x'))
    expect(await response.text()).toBe(`GET ${authority} /x `)
    expect(proxy.asked).toEqual([`GET http://${authority}/x`])
    await connection.close()
  })

  test('a proxy that cannot be reached is named', async () => {
    const answer = client({ proxy: 'http://u:s3cret@localhost:1' }).request('http://a.test/')
    const error = await answer.catch((error: Error) => error)
    expect(error).toMatchObject({
      code: 'H2_PROXY',
      message: expect.stringMatching(/^connect to proxy localhost:1 failed: connection refused/),
      cause: { code: 'ECONNREFUSED' },
    })
  })
})

describe('a tunnel by CONNECT is asked for', () => {
  test.each<[string, (proxy: string) => Promise<unknown>, string]>([
    ['for https:', (proxy) => client({ proxy }).request('https://a.test/'), 'a.test:443'],
    [
      'for HTTP/2 in plain text',
      (proxy) => client({ proxy, h2c: true }).request('http://a.test/'),
      'a.test:80',
    ],
    [
      'for a connection of HTTP/2 in plain text',
      (proxy) => new HTTP20Connection('http://a.test', { proxy }).connect(),
      'a.test:80',
    ],
  ])('%s, and what is answered in its place is a property of the error', async (_name, act, target) => {
    const proxy = await new ForwardProxy().start()
    const error = await act(proxy.url('u:p@')).catch((error: Error) => error)
    expect(proxy.asked).toEqual([`CONNECT ${target}`])
    expect(error).toMatchObject({ code: 'H2_PROXY', proxyResponse: { status: 403, content: 'no' } })
  })
})
