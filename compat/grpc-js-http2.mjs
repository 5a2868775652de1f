// runtimes: 20 22 24 26
// import: register/http2
// @grpc/grpc-js over hyper-h2/register: all four kinds of call, deadlines, cancelling, metadata,
// keepalive, GOAWAY, retries, a thousand calls at a time, messages of megabytes.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http2 from 'node:http2'
import grpc from '@grpc/grpc-js'
import { report } from './checks.mjs'
import { sessions, went } from './registered.mjs'
import { makeCertificate } from './servers.mjs'

const bytes = (value) => value
const method = (name, requestStream, responseStream) => ({
  path: `/test.Echo/${name}`,
  requestStream,
  responseStream,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
})
const definition = {
  unary: method('Unary', false, false),
  upload: method('Upload', true, false),
  download: method('Download', false, true),
  chat: method('Chat', true, true),
}

let attempts = 0
let cancelled = () => {}
const handlers = {
  unary(call, done) {
    const text = String(call.request)
    if (text === 'hang') {
      call.on('cancelled', () => cancelled())
      return
    }
    if (text === 'fail') {
      const trailers = new grpc.Metadata()
      trailers.set('x-why', 'because')
      done({ code: grpc.status.NOT_FOUND, details: 'not here', metadata: trailers })
      return
    }
    if (text === 'twice' && ++attempts === 1) {
      done({ code: grpc.status.UNAVAILABLE, details: 'later' })
      return
    }
    const headers = new grpc.Metadata()
    headers.set('x-echo', call.metadata.get('x-asked')[0] ?? 'no')
    headers.set('x-bin-bin', Buffer.from([0, 255]))
    call.sendMetadata(headers)
    const trailers = new grpc.Metadata()
    trailers.set('x-after', 'said')
    done(null, call.request, trailers)
  },
  upload(call, done) {
    let length = 0
    call.on('data', (part) => {
      length += part.length
    })
    call.on('end', () => done(null, Buffer.from(String(length))))
  },
  download(call) {
    const [count, size] = String(call.request).split(' ').map(Number)
    let left = count
    const next = () => {
      while (left > 0) {
        left -= 1
        if (!call.write(Buffer.alloc(size, 'd'))) {
          call.once('drain', next)
          return
        }
      }
      call.end()
    }
    next()
  },
  chat(call) {
    call.on('data', (part) => call.write(part))
    call.on('end', () => call.end())
  },
}

const { cert, key } = await makeCertificate()
const server = new grpc.Server({ 'grpc.max_concurrent_streams': 500 })
server.addService(definition, handlers)
const credentials = grpc.ServerCredentials.createSsl(null, [
  { private_key: Buffer.from(key), cert_chain: Buffer.from(cert) },
])
const port = await new Promise((done, failed) => {
  server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? failed(error) : done(bound)))
})
const Client = grpc.makeGenericClientConstructor(definition, 'Echo')
const secure = grpc.credentials.createSsl(Buffer.from(cert))
const makeClient = (options = {}, to = port) => new Client(`localhost:${to}`, secure, options)
const client = makeClient()

const call = (request, { metadata = new grpc.Metadata(), options = {}, on = client } = {}) =>
  new Promise((done, failed) => {
    const made = on.unary(Buffer.from(request), metadata, options, (error, answer) =>
      error ? failed(error) : done(answer),
    )
    made.on('error', () => {})
  })
const failure = async (promise) => {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it did not fail')
}

await report('@grpc/grpc-js', 'hyper-h2/register', [
  ['unary', async () => assert.equal(String(await call('hello')), 'hello')],
  [
    'metadata both ways, binary too, and trailers',
    async () => {
      const metadata = new grpc.Metadata()
      metadata.set('x-asked', 'yes')
      const made = client.unary(Buffer.from('x'), metadata, () => {})
      const [headers] = await once(made, 'metadata')
      const [status] = await once(made, 'status')
      assert.deepEqual([headers.get('x-echo'), headers.get('x-bin-bin')], [['yes'], [Buffer.from([0, 255])]])
      assert.deepEqual([status.code, status.metadata.get('x-after')], [0, ['said']])
    },
  ],
  [
    'a status of trailers only',
    async () => {
      const error = await failure(call('fail'))
      assert.deepEqual([error.code, error.details, error.metadata.get('x-why')], [5, 'not here', ['because']])
    },
  ],
  [
    'client streaming, of megabytes',
    async () => {
      const answer = await new Promise((done, failed) => {
        const upload = client.upload((error, value) => (error ? failed(error) : done(value)))
        for (let i = 0; i < 30; i++) upload.write(Buffer.alloc(100_000))
        upload.end()
      })
      assert.equal(String(answer), '3000000')
    },
  ],
  [
    'server streaming, of megabytes, to a slow reader too',
    async () => {
      for (const slow of [false, true]) {
        let length = 0
        for await (const part of client.download(Buffer.from('100 50000'))) {
          length += part.length
          if (slow) await new Promise(setImmediate)
        }
        assert.equal(length, 5_000_000)
      }
    },
  ],
  [
    'both ways at once',
    async () => {
      const chat = client.chat()
      for (const word of ['one', 'two', 'three']) {
        chat.write(Buffer.from(word))
        assert.equal(String((await once(chat, 'data'))[0]), word)
      }
      chat.end()
      chat.resume()
      assert.equal((await once(chat, 'status'))[0].code, 0)
    },
  ],
  [
    'a message of 3 MB there and back',
    async () => assert.equal((await call(Buffer.alloc(3_000_000, 'm'))).length, 3_000_000),
  ],
  [
    'a deadline',
    async () => {
      const error = await failure(call('hang', { options: { deadline: Date.now() + 50 } }))
      assert.equal(error.code, grpc.status.DEADLINE_EXCEEDED)
    },
  ],
  [
    'cancelling, which the server hears of',
    async () => {
      const heard = new Promise((done) => {
        cancelled = done
      })
      const made = client.unary(Buffer.from('hang'), () => {})
      made.on('error', () => {})
      setTimeout(() => made.cancel(), 50)
      assert.equal((await once(made, 'status'))[0].code, grpc.status.CANCELLED)
      await heard
    },
  ],
  [
    'cancelling a stream that is read',
    async () => {
      const download = client.download(Buffer.from('100000 1000'))
      const status = new Promise((done) => download.once('status', done))
      download.on('error', () => {})
      await once(download, 'data')
      download.cancel()
      assert.equal((await status).code, grpc.status.CANCELLED)
    },
  ],
  [
    'a retry by the service configuration',
    async () => {
      const policy = {
        maxAttempts: 3,
        initialBackoff: '0.01s',
        maxBackoff: '0.1s',
        backoffMultiplier: 1,
        retryableStatusCodes: ['UNAVAILABLE'],
      }
      const config = JSON.stringify({ methodConfig: [{ name: [{}], retryPolicy: policy }] })
      const retrying = makeClient({ 'grpc.service_config': config })
      assert.equal(String(await call('twice', { on: retrying })), 'twice')
      assert.equal(attempts, 2)
      retrying.close()
    },
  ],
  [
    'a thousand calls at a time, beyond what the server takes at once',
    async () => {
      const answers = await Promise.all(Array.from({ length: 1000 }, (_, i) => call(`n${i}`)))
      assert.deepEqual(
        answers.map(String),
        Array.from({ length: 1000 }, (_, i) => `n${i}`),
      )
    },
  ],
  [
    'keepalive, without calls too',
    async () => {
      const before = sessions.length
      const kept = makeClient({
        'grpc.keepalive_time_ms': 30,
        'grpc.keepalive_timeout_ms': 2_000,
        'grpc.keepalive_permit_without_calls': 1,
        'grpc.use_local_subchannel_pool': 1,
      })
      await call('x', { on: kept })
      let pings = 0
      const session = sessions[before]
      const { ping } = session
      const enough = new Promise((done) => {
        session.ping = (...given) => {
          if (++pings === 3) done()
          return ping.apply(session, given)
        }
      })
      await enough
      assert.equal(String(await call('y', { on: kept })), 'y')
      kept.close()
    },
  ],
  [
    'GOAWAY: what is open ends, the next call has a new session',
    async () => {
      const plain = http2.createSecureServer({ key, cert })
      const peers = []
      plain.on('session', (session) => peers.push(session))
      plain.on('stream', (stream) => {
        if (peers.length === 1) stream.session.goaway(0, stream.id)
        stream.on('error', () => {})
        stream.resume()
        stream.respond({ 'content-type': 'application/grpc' }, { waitForTrailers: true })
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
        setTimeout(() => stream.end(Buffer.from([0, 0, 0, 0, 2, 0x6f, 0x6b])), 30)
      })
      await new Promise((done) => plain.listen(0, '127.0.0.1', done))
      const going = makeClient({ 'grpc.use_local_subchannel_pool': 1 }, plain.address().port)
      assert.equal(String(await call('x', { on: going })), 'ok')
      assert.equal(String(await call('x', { on: going })), 'ok')
      assert.equal(peers.length, 2)
      going.close()
      for (const session of peers) session.destroy()
      plain.close()
    },
  ],
  [
    'a server that is gone is UNAVAILABLE',
    async () => {
      const nobody = makeClient({ 'grpc.use_local_subchannel_pool': 1 }, 1)
      assert.equal(
        (await failure(call('x', { on: nobody, options: { deadline: Date.now() + 5_000 } }))).code,
        grpc.status.UNAVAILABLE,
      )
      nobody.close()
    },
  ],
  went,
])
client.close()
server.forceShutdown()
