// What is tried with each major version of undici, and with the fetch of the runtime.
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { adapter } from './hyper.mjs'
import { startPlain } from './servers.mjs'
import { fetches, requests, streams } from './undici-requests.mjs'
import { startTarget } from './undici-target.mjs'
import { acceptUpgrades, helloOver } from './websocket-echo.mjs'

export const { HyperDispatcher, installGlobal } = await adapter('undici')

/** Runs checks one after the other; each fails the program. Prints the one line that is expected. */
export async function run(library, version, checks) {
  let done = 0
  for (const [name, check] of checks) {
    const slow = setTimeout(() => {
      console.error(`${name}: no end after 20 s`)
      process.exit(1)
    }, 20_000)
    try {
      await check()
    } catch (error) {
      console.error(`${name}:`, error)
      process.exit(1)
    }
    clearTimeout(slow)
    done += 1
  }
  console.log(JSON.stringify({ library, version, adapter: 'hyper-h2/undici', checks: done }))
}

/** The checks of one undici. */
export async function checksOf(undici) {
  const target = await startTarget()
  const plain = await startPlain((request, response) => response.end(`plain ${request.url}`), acceptUpgrades)
  const ca = target.cert
  const dispatcher = new HyperDispatcher({ tls: { ca } })
  const { origin } = target
  const request = (path, options) => undici.request(`${origin}${path}`, { dispatcher, ...options })
  return [
    ...requests(undici, request),
    ...streams(undici, dispatcher, origin),
    ...fetches((path, init) => undici.fetch(`${origin}${path}`, { dispatcher, ...init })),
    ...interceptors(undici, dispatcher, origin),
    ...failures(undici, dispatcher, origin, request),
    ...tunnels(undici, dispatcher, origin, plain.origin),
    ['a MockAgent beside it', () => mocked(undici, dispatcher, origin)],
    ['setGlobalDispatcher', () => installed(undici, dispatcher, origin)],
    [
      'close and destroy',
      async () => {
        const closed = dispatcher.close()
        await assert.rejects(request('/echo'), { code: 'UND_ERR_CLOSED' })
        await closed
        await assert.rejects(request('/echo'), (error) => error instanceof undici.errors.ClientDestroyedError)
        await dispatcher.destroy()
        await assert.rejects(request('/echo'), (error) => error instanceof undici.errors.ClientDestroyedError)
      },
    ],
    [
      'every connection carried many requests',
      async () => {
        assert.ok(target.connections <= 12, `${target.connections} connections`)
        await target.close()
        await plain.close()
      },
    ],
  ]
}

function interceptors(undici, dispatcher, origin) {
  const { interceptors } = undici
  return [
    [
      'compose: retry',
      async () => {
        const composed = dispatcher.compose(interceptors.retry({ minTimeout: 1, maxTimeout: 5 }))
        const { statusCode, body } = await undici.request(`${origin}/flaky`, { dispatcher: composed })
        assert.equal(statusCode, 200)
        await body.text()
      },
    ],
    [
      'compose: redirect',
      async () => {
        const composed = dispatcher.compose([interceptors.redirect({ maxRedirections: 2 })])
        const { body } = await undici.request(`${origin}/moved`, { dispatcher: composed })
        assert.equal((await body.json()).url, '/echo')
      },
    ],
    [
      'compose: both, and one that does nothing',
      async () => {
        const idle = (dispatch) => (options, handler) => dispatch(options, handler)
        const composed = dispatcher
          .compose(interceptors.retry(), idle)
          .compose(interceptors.redirect({ maxRedirections: 1 }))
        const { body } = await undici.request(`${origin}/moved`, { dispatcher: composed })
        assert.equal((await body.json()).url, '/echo')
        const response = await undici.fetch(`${origin}/gzip`, { dispatcher: composed })
        assert.equal(await response.text(), 'unpacked')
      },
    ],
    [
      'compose: dump',
      async () => {
        const composed = dispatcher.compose(interceptors.dump())
        const { body } = await undici.request(`${origin}/echo`, { dispatcher: composed })
        assert.equal(await body.text(), '')
      },
    ],
    [
      'RetryAgent',
      async () => {
        const agent = new undici.RetryAgent(dispatcher, { minTimeout: 1, maxTimeout: 5 })
        const { statusCode, body } = await undici.request(`${origin}/flaky`, { dispatcher: agent })
        assert.equal(statusCode, 200)
        await body.text()
      },
    ],
  ]
}

function failures(undici, dispatcher, origin, request) {
  const { errors } = undici
  return [
    [
      'aborted by a signal',
      async () => {
        await assert.rejects(request('/silent', { signal: AbortSignal.abort(new Error('mine')) }), {
          message: 'mine',
        })
        const controller = new AbortController()
        const { body } = await request('/stalls', { signal: controller.signal })
        controller.abort(new Error('mine'))
        await assert.rejects(body.text(), { message: 'mine' })
      },
    ],
    [
      'a destroyed body resets its stream',
      async () => {
        const { body } = await request('/stalls')
        body.on('error', () => {})
        body.destroy()
        await new Promise((resolve) => body.once('close', resolve))
      },
    ],
    [
      'headersTimeout',
      () =>
        assert.rejects(
          request('/silent', { headersTimeout: 30 }),
          (error) => error instanceof errors.HeadersTimeoutError && error instanceof errors.UndiciError,
        ),
    ],
    [
      'bodyTimeout',
      async () => {
        const { body } = await request('/stalls', { bodyTimeout: 30 })
        await assert.rejects(body.text(), (error) => error instanceof errors.BodyTimeoutError)
      },
    ],
    [
      'a reset stream',
      async () => {
        const { body } = await request('/breaks')
        await assert.rejects(
          body.text(),
          (error) => error instanceof errors.InformationalError && error.http2ErrorCode === 2,
        )
      },
    ],
    [
      'nobody listens',
      () => assert.rejects(undici.request('https://localhost:1/', { dispatcher }), { code: 'ECONNREFUSED' }),
    ],
    [
      'an unknown authority',
      async () => {
        const strict = new HyperDispatcher()
        await assert.rejects(undici.request(origin, { dispatcher: strict }), {
          code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
        })
        await strict.close()
      },
    ],
    [
      'invalid arguments',
      async () => {
        await assert.rejects(request('/echo', { headers: { upgrade: 'x' } }), errors.InvalidArgumentError)
        await assert.rejects(request('/echo', { headers: { 'a b': 'x' } }), errors.InvalidArgumentError)
        await assert.rejects(request('/echo', { method: 'A B' }), errors.InvalidArgumentError)
      },
    ],
    [
      'a body that fails',
      async () => {
        const failing = Readable.from(
          (async function* () {
            yield 'a'
            throw new Error('no more')
          })(),
        )
        await assert.rejects(request('/echo', { method: 'POST', body: failing }), { message: 'no more' })
      },
    ],
    [
      'content-length that lies',
      () =>
        assert.rejects(
          request('/echo', { method: 'POST', body: 'abc', headers: { 'content-length': '5' } }),
          errors.RequestContentLengthMismatchError,
        ),
    ],
  ]
}

function tunnels(undici, dispatcher, origin, plainOrigin) {
  const echoed = async (socket) => {
    socket.write('through')
    const [chunk] = await new Promise((resolve) => socket.once('data', (...data) => resolve(data)))
    assert.equal(chunk.toString(), 'through')
    socket.end()
    await new Promise((resolve) => socket.once('close', resolve))
  }
  const secure = origin.replace('https', 'wss')
  return [
    [
      'CONNECT',
      async () => {
        const { statusCode, headers, socket } = await undici.connect(origin, {
          dispatcher,
          path: 'target.test:443',
        })
        assert.equal(statusCode, 200)
        assert.equal(headers['x-authority'], 'target.test:443')
        await echoed(socket)
      },
    ],
    [
      'upgrade',
      async () => {
        const { socket } = await undici.upgrade(`${origin}/up`, { dispatcher, protocol: 'Echo' })
        await echoed(socket)
      },
    ],
    [
      'WebSocket over HTTP/2',
      async () => {
        assert.equal(await helloOver(undici.WebSocket, secure, { dispatcher }), 'hello')
      },
    ],
    [
      'WebSocket, refused',
      () => assert.rejects(helloOver(undici.WebSocket, `${secure}/refused`, { dispatcher })),
    ],
    [
      'WebSocket of HTTP/1.1, by a fallback',
      async () => {
        const both = new HyperDispatcher({ fallback: new undici.Agent() })
        const url = plainOrigin.replace('http', 'ws')
        assert.equal(await helloOver(undici.WebSocket, url, { dispatcher: both }), 'hello')
        await both.close()
      },
    ],
  ]
}

async function mocked(undici, dispatcher, origin) {
  const agent = new undici.MockAgent()
  agent.get('https://mocked.test').intercept({ path: '/a' }).reply(200, 'mock')
  const mock = await undici.request('https://mocked.test/a', { dispatcher: agent })
  assert.equal(await mock.body.text(), 'mock')
  const real = await undici.request(`${origin}/echo`, { dispatcher })
  assert.equal((await real.body.json()).httpVersion, '2.0')
  agent.deactivate()
  await agent.close()
}

/** The global dispatcher of undici is that of the runtime's fetch too, as far as both know the same symbol. */
async function installed(undici, dispatcher, origin) {
  const before = undici.getGlobalDispatcher()
  undici.setGlobalDispatcher(dispatcher)
  const { body } = await undici.request(`${origin}/echo`)
  assert.equal((await body.json()).httpVersion, '2.0')
  assert.equal((await (await undici.fetch(`${origin}/echo`)).json()).httpVersion, '2.0')
  // The fetch of Node.js 26 reads a symbol that undici 6 does not write.
  const native = Number(process.versions.undici.split('.')[0])
  const shared = native < 8 || globalThis[Symbol.for('undici.globalDispatcher.2')] === dispatcher
  if (shared) {
    const response = await fetch(`${origin}/echo`, { method: 'POST', body: 'built in' })
    const seen = await response.json()
    assert.equal(seen.httpVersion, '2.0')
    assert.equal(seen.body, 'built in')
  }
  undici.setGlobalDispatcher(before)
}
