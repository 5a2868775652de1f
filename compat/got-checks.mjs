// What got is asked to do, in both versions that are tried.
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { report } from './checks.mjs'
import { adapter } from './hyper.mjs'
import { BIG, startLibraryServer } from './library-server.mjs'

export async function checkGot(got, library) {
  const { request, Agent } = await adapter('https')
  const server = await startLibraryServer()
  const agent = new Agent({ ca: server.cert })
  const client = got.extend({
    request,
    agent: { https: agent },
    retry: { limit: 0 },
    prefixUrl: undefined,
  })
  const url = (path) => `${server.origin}${path}`

  const checks = [
    ['json', async () => assert.deepEqual(await client(url('/json')).json(), { ok: true })],
    [
      'version and address',
      async () => {
        const response = await client(url('/json'))
        assert.equal(response.httpVersion, '2.0')
        assert.equal(response.ip, '127.0.0.1')
        assert.equal(response.statusMessage, 'OK')
      },
    ],
    [
      'post json',
      async () => {
        const echo = await client.post(url('/echo'), { json: { a: 1 } }).json()
        assert.equal(echo.body, '{"a":1}')
        assert.equal(echo.headers['content-type'], 'application/json')
        assert.match(echo.headers['user-agent'], /got/)
      },
    ],
    [
      'form',
      async () => {
        const echo = await client.post(url('/echo'), { form: { a: '1 2' } }).json()
        assert.equal(echo.body, 'a=1+2')
      },
    ],
    [
      'query',
      async () => {
        const echo = await client(url('/echo'), { searchParams: { q: 'ä' } }).json()
        assert.equal(echo.url, '/echo?q=%C3%A4')
      },
    ],
    [
      'gzip and br',
      async () => {
        assert.equal((await client(url('/gzip'))).rawBody.length, BIG.length)
        assert.equal((await client(url('/br'))).body, 'brotli')
      },
    ],
    [
      '404',
      async () => {
        await assert.rejects(client(url('/404')), { code: 'ERR_NON_2XX_3XX_RESPONSE' })
      },
    ],
    [
      'redirects',
      async () => {
        const response = await client(url('/redirect?a'))
        assert.equal(response.redirectUrls.length, 1)
        assert.equal(JSON.parse(response.body).url, '/echo?a')
        const posted = await client.post(url('/redirect-307'), { body: 'again' }).json()
        assert.equal(posted.method, 'POST')
        assert.equal(posted.body, 'again')
        await assert.rejects(client(url('/redirect-loop')), { name: 'MaxRedirectsError' })
      },
    ],
    [
      'retry',
      async () => {
        const before = server.counts.get('/500') ?? 0
        const retry = { limit: 2, backoffLimit: 10, statusCodes: [500] }
        await assert.rejects(client(url('/500'), { retry }), { name: 'HTTPError' })
        assert.equal(server.counts.get('/500') - before, 3)
      },
    ],
    [
      'retry after a reset',
      async () => {
        const before = server.counts.get('/reset') ?? 0
        await assert.rejects(client(url('/reset'), { retry: { limit: 1, backoffLimit: 10 } }), {
          code: 'ECONNRESET',
        })
        assert.equal(server.counts.get('/reset') - before, 2)
      },
    ],
    [
      'download stream',
      async () => {
        let length = 0
        await pipeline(client.stream(url('/big')), async (source) => {
          for await (const piece of source) length += piece.length
        })
        assert.equal(length, BIG.length)
      },
    ],
    [
      'upload stream',
      async () => {
        const stream = client.stream.post(url('/hash'))
        const answer = []
        await pipeline(Readable.from([BIG]), stream, async (source) => {
          for await (const piece of source) answer.push(piece)
        })
        assert.equal(JSON.parse(Buffer.concat(answer)).length, BIG.length)
      },
    ],
    [
      'progress',
      async () => {
        const progress = []
        const sent = client.post(url('/hash'), { body: BIG })
        sent.on('uploadProgress', ({ percent }) => progress.push(percent))
        await sent
        assert.equal(progress.at(-1), 1)
      },
    ],
    [
      'timeout of the response',
      async () => {
        await assert.rejects(client(url('/slow'), { timeout: { response: 50 } }), {
          code: 'ETIMEDOUT',
          event: 'response',
        })
        await server.quiet()
      },
    ],
    [
      'timeout of the whole',
      async () => {
        await assert.rejects(client(url('/stall'), { timeout: { request: 50 } }), {
          code: 'ETIMEDOUT',
          event: 'request',
        })
        await server.quiet()
      },
    ],
    [
      'timeout of silence',
      async () => {
        await assert.rejects(client(url('/slow'), { timeout: { socket: 50 } }), {
          code: 'ETIMEDOUT',
          event: 'socket',
        })
        await server.quiet()
      },
    ],
    [
      'generous timeouts do not fire',
      async () => {
        const timeout = { lookup: 900, connect: 900, secureConnect: 900, send: 900, response: 900, read: 900 }
        const response = await client(url('/json'), {
          timeout,
          agent: { https: new Agent({ ca: server.cert, client: { idleTimeout: 20 } }) },
        })
        assert.equal(response.statusCode, 200)
        assert.ok(response.timings.phases.total >= 0)
        assert.ok(response.timings.phases.firstByte >= 0)
      },
    ],
    [
      'signal',
      async () => {
        const controller = new AbortController()
        const sent = client(url('/slow'), { signal: controller.signal })
        setTimeout(() => controller.abort(), 30)
        await assert.rejects(sent, { code: 'ERR_ABORTED' })
        await server.quiet()
      },
    ],
    [
      'refused',
      async () => {
        await assert.rejects(client('https://127.0.0.1:1/'), { name: 'RequestError', code: 'ECONNREFUSED' })
      },
    ],
    [
      'certificate authority of the request',
      async () => {
        const own = got.extend({ request, retry: { limit: 0 } })
        const { body } = await own(url('/json'), { https: { certificateAuthority: server.cert } })
        assert.equal(body, '{"ok":true}')
        await assert.rejects(own(url('/json')), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
        const loose = await own(url('/json'), { https: { rejectUnauthorized: false } })
        assert.equal(loose.statusCode, 200)
      },
    ],
    [
      'broken in the middle',
      async () => {
        await assert.rejects(client(url('/cut')), { code: 'ECONNRESET' })
      },
    ],
    [
      'cookies',
      async () => {
        assert.deepEqual((await client(url('/cookies'))).headers['set-cookie'], ['a=1', 'b=2'])
      },
    ],
    [
      'cache',
      async () => {
        const cache = new Map()
        assert.deepEqual(await client(url('/json'), { cache }).json(), { ok: true })
      },
    ],
    [
      '100 at once over one connection',
      async () => {
        const before = server.connections
        await Promise.all(Array.from({ length: 100 }, () => client(url('/json')).json()))
        assert.ok(server.connections - before <= 1)
      },
    ],
  ]
  await report('got', 'hyper-h2/https', checks, library)
  await agent.close()
  ;(await adapter('https')).globalAgent.destroy()
  await server.close()
}
