// runtimes: 20 22 24 26
import assert from 'node:assert/strict'
import superagent from 'superagent'
import { report } from './checks.mjs'
import { adapter } from './hyper.mjs'
import { BIG, startLibraryServer } from './library-server.mjs'

const hyper = await adapter('https')
const server = await startLibraryServer()
const url = (path) => `${server.origin}${path}`
const native = superagent.protocols['https:']
superagent.protocols['https:'] = hyper

const checks = [
  [
    'get',
    async () => {
      const response = await superagent.get(url('/json')).ca(server.cert)
      assert.deepEqual(response.body, { ok: true })
      assert.equal(response.status, 200)
    },
  ],
  [
    'over HTTP/2',
    async () => {
      assert.equal((await superagent.get(url('/echo')).ca(server.cert)).body.httpVersion, '2.0')
    },
  ],
  [
    'post json',
    async () => {
      const { body } = await superagent.post(url('/echo')).ca(server.cert).send({ a: 1 }).set('X-Own', 'y')
      assert.equal(body.body, '{"a":1}')
      assert.equal(body.headers['x-own'], 'y')
    },
  ],
  [
    'query',
    async () => {
      assert.equal((await superagent.get(url('/echo')).ca(server.cert).query({ q: 1 })).body.url, '/echo?q=1')
    },
  ],
  [
    'form data',
    async () => {
      const { body } = await superagent
        .post(url('/echo'))
        .ca(server.cert)
        .field('name', 'value')
        .attach('file', Buffer.from('file'), 'a.txt')
      assert.match(body.body, /value/)
      assert.match(body.body, /a\.txt/)
    },
  ],
  [
    'gzip',
    async () => {
      assert.equal(
        (await superagent.get(url('/gzip')).ca(server.cert).buffer(true).parse(superagent.parse.image)).body
          .length,
        BIG.length,
      )
    },
  ],
  [
    'redirects',
    async () => {
      const response = await superagent.get(url('/redirect?q')).ca(server.cert)
      assert.equal(response.body.url, '/echo?q')
      assert.equal(response.redirects.length, 1)
    },
  ],
  ['404', () => assert.rejects(superagent.get(url('/404')).ca(server.cert), { status: 404 })],
  [
    'timeout',
    async () => {
      await assert.rejects(superagent.get(url('/slow')).ca(server.cert).timeout(50), { code: 'ECONNABORTED' })
      await server.quiet()
    },
  ],
  [
    'response timeout',
    async () => {
      await assert.rejects(superagent.get(url('/slow')).ca(server.cert).timeout({ response: 50 }), {
        timeout: 50,
      })
      await server.quiet()
    },
  ],
  [
    'abort',
    async () => {
      const sent = superagent.get(url('/slow')).ca(server.cert)
      const aborted = new Promise((resolve) => sent.on('abort', resolve))
      sent.end(() => {})
      setTimeout(() => sent.abort(), 30)
      await aborted
      await server.quiet()
    },
  ],
  ['reset', () => assert.rejects(superagent.get(url('/reset')).ca(server.cert), { code: 'ECONNRESET' })],
  [
    'retry',
    async () => {
      const before = server.counts.get('/500') ?? 0
      await assert.rejects(superagent.get(url('/500')).ca(server.cert).retry(1))
      assert.equal(server.counts.get('/500') - before, 2)
    },
  ],
  ['untrusted', () => assert.rejects(superagent.get(url('/json')), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })],
  [
    'disableTLSCerts',
    async () => assert.equal((await superagent.get(url('/json')).disableTLSCerts()).status, 200),
  ],
  [
    'our Agent beneath node:https',
    async () => {
      superagent.protocols['https:'] = native
      const agent = new hyper.Agent({ ca: server.cert })
      assert.equal((await superagent.get(url('/echo')).agent(agent)).body.httpVersion, '2.0')
      await agent.close()
    },
  ],
]
await report('superagent', 'hyper-h2/https', checks)
await hyper.globalAgent.close()
await server.close()
