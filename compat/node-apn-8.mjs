// runtimes: 20 22 24 26
// import: register/http2
// @parse/node-apn against a stand-in for Apple's push service.
import assert from 'node:assert/strict'
import apn from '@parse/node-apn'
import { report } from './checks.mjs'
import { sessions, went } from './registered.mjs'
import { startSecure, textOf } from './servers.mjs'

const received = []
let streams = 0
const server = await startSecure(async (request, response) => {
  streams += 1
  const token = request.url.split('/').at(-1)
  const body = await textOf(request)
  received.push({ token, headers: request.headers, body: JSON.parse(body) })
  if (token.startsWith('bad')) {
    response.statusCode = 410
    response.end(JSON.stringify({ reason: 'Unregistered', timestamp: 1 }))
    return
  }
  if (token.startsWith('reset')) {
    response.stream.close(7)
    return
  }
  if (token.startsWith('away')) response.stream.session.goaway(0)
  response.setHeader('apns-id', 'id')
  response.end()
})
const { port } = new URL(server.origin)
const provider = new apn.Provider({
  address: 'localhost',
  port: Number(port),
  ca: server.cert,
  token: {
    key: (await import('node:crypto')).generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      privateKeyEncoding: { type: 'sec1', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    }).privateKey,
    keyId: 'k',
    teamId: 't',
  },
  production: false,
  requestTimeout: 5_000,
})
const note = (alert) => new apn.Notification({ alert, topic: 'app', payload: { a: 1 }, collapseId: 'c' })

await report('@parse/node-apn', 'hyper-h2/register', [
  [
    'a notification, with its fields',
    async () => {
      const { sent, failed } = await provider.send(note('hello'), 'aa')
      assert.deepEqual([sent[0].device, sent.length, failed], ['aa', 1, []])
      const [{ headers, body }] = received
      assert.deepEqual(
        [headers['apns-topic'], headers['apns-collapse-id'], body.aps.alert],
        ['app', 'c', 'hello'],
      )
      assert.match(headers.authorization, /^bearer /)
    },
  ],
  [
    'two hundred devices at a time, over one session',
    async () => {
      const devices = Array.from({ length: 200 }, (_, i) => `d${i}`)
      const { sent, failed } = await provider.send(note('all'), devices)
      assert.deepEqual([sent.length, failed.length, sessions.length], [200, 0, 1])
    },
  ],
  [
    'a device that is gone',
    async () => {
      const { failed } = await provider.send(note('x'), 'bad1')
      assert.deepEqual([failed[0].status, failed[0].response.reason], [410, 'Unregistered'])
    },
  ],
  [
    'a stream that is refused fails alone',
    async () => {
      const { sent, failed } = await provider.send(note('x'), ['reset1', 'ok1'])
      assert.deepEqual([sent.map(({ device }) => device), failed.length], [['ok1'], 1])
    },
  ],
  [
    'GOAWAY has the next one sent over a new session',
    async () => {
      const first = await provider.send(note('x'), 'away1')
      assert.equal(first.sent.length, 1)
      const { sent } = await provider.send(note('x'), 'ok2')
      assert.deepEqual([sent.length, sessions.length > 1], [1, true])
    },
  ],
  ['nothing was sent twice', async () => assert.equal(received.length, streams)],
  went,
])
process.exit(0)
