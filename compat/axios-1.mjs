// runtimes: 20 22 24 26
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import axios, { AxiosError, AxiosHeaders, CanceledError } from 'axios'
import { report } from './checks.mjs'
import { adapter } from './hyper.mjs'
import { BIG, startLibraryServer } from './library-server.mjs'

const { hyperAdapter } = await adapter('axios')
const { Agent } = await adapter('https')
const main = await import('../dist/index.js')
const server = await startLibraryServer()
const other = await startLibraryServer()
const agent = new Agent({ rejectUnauthorized: false })
const plain = { baseURL: server.origin, httpsAgent: agent }

const FETCH = "axios's fetch adapter"

/** What every way of sending has to do. */
function checksOf(way, http) {
  return (
    [
      [
        'json',
        async () => {
          const { data, status, statusText, headers } = await http.get('/json')
          assert.deepEqual(data, { ok: true })
          assert.equal(status, 200)
          assert.ok(headers instanceof AxiosHeaders)
          assert.equal(headers['content-type'], 'application/json')
          assert.ok(['OK', ''].includes(statusText))
        },
      ],
      ['over HTTP/2', async () => assert.equal((await http.get('/echo')).data.httpVersion, '2.0')],
      [
        'params',
        async () => {
          const params = {
            a: 1,
            list: ['x', 'y'],
            deep: { er: { yes: true } },
            none: null,
            at: new Date(0),
            text: 'ä b:,',
          }
          const expected = new URL(axios.getUri({ url: '/echo', baseURL: server.origin, params }))
          assert.equal((await http.get('/echo', { params })).data.url, expected.pathname + expected.search)
        },
      ],
      [
        'post json',
        async () => {
          const { data } = await http.post('/echo', { a: 1 }, { headers: { 'X-Own': 'y' } })
          assert.equal(data.body, '{"a":1}')
          assert.equal(data.headers['content-type'], 'application/json')
          assert.equal(data.headers['x-own'], 'y')
        },
      ],
      [
        'form',
        async () => {
          const { data } = await http.post('/echo', new URLSearchParams({ a: 'b' }))
          assert.equal(data.body, 'a=b')
          assert.match(data.headers['content-type'], /x-www-form-urlencoded/)
        },
      ],
      [
        'form data',
        async () => {
          const form = new FormData()
          form.set('field', 'value')
          const { data } = await http.post('/echo', form)
          assert.match(data.headers['content-type'], /^multipart\/form-data; boundary=/)
          assert.match(data.body, /value/)
        },
      ],
      [
        'postForm',
        async () => assert.match((await http.postForm('/echo', { a: 'b' })).data.body, /name="a"/),
      ],
      [
        'put, patch, delete, head, options',
        async () => {
          for (const method of ['put', 'patch', 'delete', 'options']) {
            const { data } = await http.request({ url: '/echo', method, data: 'x' })
            assert.equal(data.method, method.toUpperCase())
          }
          assert.equal((await http.head('/json')).status, 200)
        },
      ],
      [
        '404',
        async () => {
          const error = await rejection(http.get('/404'))
          assert.ok(error instanceof AxiosError)
          assert.equal(error.code, 'ERR_BAD_REQUEST')
          assert.deepEqual(error.response.data, { missing: true })
          assert.equal(error.status, 404)
          assert.equal(error.toJSON().status, 404)
        },
      ],
      ['500', async () => assert.equal((await rejection(http.get('/500'))).code, 'ERR_BAD_RESPONSE')],
      [
        'validateStatus',
        async () => assert.equal((await http.get('/404', { validateStatus: null })).status, 404),
      ],
      [
        'gzip',
        async () => {
          const { data, headers } = await http.get('/gzip', { responseType: 'arraybuffer' })
          assert.equal(data.byteLength, BIG.length)
          if (way === 'adapter') assert.equal(headers['content-encoding'], undefined)
        },
      ],
      [
        'basic auth',
        async () => {
          const { data } = await http.get('/echo', { auth: { username: 'u', password: 'p' } })
          assert.equal(data.headers.authorization, `Basic ${Buffer.from('u:p').toString('base64')}`)
        },
      ],
      [
        'signal',
        async () => {
          const controller = new AbortController()
          const sent = http.get('/slow', { signal: controller.signal })
          setTimeout(() => controller.abort(), 30)
          const error = await rejection(sent)
          assert.ok(error instanceof CanceledError)
          assert.ok(axios.isCancel(error))
          assert.equal(error.code, 'ERR_CANCELED')
          await server.quiet()
        },
      ],
      [
        'cancel token',
        async () => {
          const source = axios.CancelToken.source()
          const sent = http.get('/slow', { cancelToken: source.token })
          setTimeout(() => source.cancel('enough'), 30)
          assert.equal((await rejection(sent)).message, 'enough')
          await server.quiet()
        },
      ],
      [
        'timeout',
        async () => {
          const error = await rejection(http.get('/slow', { timeout: 50 }))
          // Axios's own adapters differ: fetch says ETIMEDOUT.
          assert.ok(['ECONNABORTED', 'ETIMEDOUT'].includes(error.code))
          assert.equal(error.message, 'timeout of 50ms exceeded')
          await server.quiet()
        },
      ],
      [
        'maxContentLength',
        async () => {
          const error = await rejection(http.get('/big', { maxContentLength: 1_000 }))
          assert.equal(error.message, 'maxContentLength size of 1000 exceeded')
          // Axios leaves the rest of what its fetch adapter refuses unread, whatever fetch it has.
          if (way !== FETCH) await server.quiet()
        },
      ],
      [
        'maxBodyLength',
        async () => {
          const error = await rejection(http.post('/hash', BIG, { maxBodyLength: 1_000 }))
          assert.equal(error.code, 'ERR_BAD_REQUEST')
        },
      ],
      [
        'progress',
        async () => {
          const up = []
          const down = []
          await http.post('/hash', BIG, { onUploadProgress: (event) => up.push(event) })
          await http.get('/big', {
            responseType: 'arraybuffer',
            onDownloadProgress: (event) => down.push(event),
          })
          await new Promise((resolve) => setTimeout(resolve, 20))
          assert.equal(up.at(-1).loaded, BIG.length)
          assert.equal(up.at(-1).upload, true)
          assert.equal(down.at(-1).loaded, BIG.length)
        },
      ],
      ['redirect', async () => assert.equal((await http.get('/redirect?q')).data.url, '/echo?q')],
      [
        'reset',
        async () => {
          const error = await rejection(http.get('/reset'))
          assert.ok(error instanceof AxiosError)
          assert.ok(['ECONNRESET', 'ERR_NETWORK', 'H2_STREAM_RESET'].includes(error.code), error.code)
        },
      ],
      [
        'refused',
        async () => {
          const error = await rejection(http.get('https://127.0.0.1:1/'))
          assert.ok(axios.isAxiosError(error))
        },
      ],
      [
        'interceptors and instances',
        async () => {
          const own = http.create?.() ?? http
          own.interceptors.request.use((config) => {
            config.headers.set('x-intercepted', 'yes')
            return config
          })
          assert.equal((await own.get('/echo')).data.headers['x-intercepted'], 'yes')
        },
      ],
      [
        '50 at once over one connection',
        async () => {
          const before = server.connections
          await Promise.all(Array.from({ length: 50 }, () => http.get('/json')))
          assert.ok(server.connections - before <= 1)
        },
      ],
    ]
      // Axios itself mislabels forms with any fetch outside browsers.
      .filter(([name]) => way !== FETCH || !['form data', 'postForm'].includes(name))
      .map(([name, run]) => [`${way}: ${name}`, run])
  )
}

const http = axios.create({ ...plain, adapter: hyperAdapter })

const own = [
  [
    'stream down',
    async () => {
      const { data } = await http.get('/big', { responseType: 'stream' })
      let length = 0
      for await (const piece of data) length += piece.length
      assert.equal(length, BIG.length)
    },
  ],
  [
    'stream down, given up',
    async () => {
      const { data } = await http.get('/stall', { responseType: 'stream' })
      await once(data, 'data')
      data.destroy()
      await server.quiet()
    },
  ],
  [
    'stream down, aborted',
    async () => {
      const controller = new AbortController()
      const { data } = await http.get('/stall', { responseType: 'stream', signal: controller.signal })
      await once(data, 'data')
      controller.abort()
      await assert.rejects(data.toArray(), { name: 'CanceledError' })
      await server.quiet()
    },
  ],
  [
    'stream up',
    async () => {
      const { data } = await http.post('/hash', Readable.from([BIG, BIG]))
      assert.equal(data.length, 2 * BIG.length)
    },
  ],
  [
    'stream up that fails',
    async () => {
      const body = Readable.from(
        (async function* () {
          yield BIG
          throw new Error('my own')
        })(),
      )
      assert.equal((await rejection(http.post('/hash', body))).message, 'my own')
    },
  ],
  [
    'stream up that is destroyed',
    async () => {
      const body = new Readable({ read() {} })
      body.push('first')
      setTimeout(() => body.destroy(), 30)
      assert.ok(axios.isCancel(await rejection(http.post('/hash', body))))
    },
  ],
  [
    'stream up beyond maxBodyLength',
    async () => {
      const error = await rejection(http.post('/hash', Readable.from([BIG]), { maxBodyLength: 1_000 }))
      assert.equal(error.message, 'Request body larger than maxBodyLength limit')
      assert.ok(error instanceof AxiosError)
    },
  ],
  [
    'redirect 307 with a stream',
    async () => {
      const { data } = await http.post('/redirect-307', Readable.from(['again']))
      assert.equal(data.body, 'again')
    },
  ],
  [
    'redirect 302 of a post',
    async () => {
      const { data, request } = await http.post('/redirect?q', { a: 1 })
      assert.equal(data.method, 'GET')
      assert.equal(data.headers['content-type'], undefined)
      assert.equal(request.res.responseUrl, `${server.origin}/echo?q`)
    },
  ],
  [
    'maxRedirects',
    async () => {
      assert.equal(
        (await rejection(http.get('/redirect-loop', { maxRedirects: 3 }))).code,
        'ERR_FR_TOO_MANY_REDIRECTS',
      )
      assert.equal((await http.get('/redirect?q', { maxRedirects: 0, validateStatus: null })).status, 302)
    },
  ],
  [
    'beforeRedirect',
    async () => {
      const beforeRedirect = (options, answer) => {
        assert.equal(answer.statusCode, 302)
        options.headers['x-hook'] = 'seen'
      }
      assert.equal((await http.get('/redirect?q', { beforeRedirect })).data.headers['x-hook'], 'seen')
      const thrown = () => {
        throw new Error('no')
      }
      assert.equal(
        (await rejection(http.get('/redirect?q', { beforeRedirect: thrown }))).code,
        'ERR_FR_REDIRECTION_FAILURE',
      )
    },
  ],
  [
    'credentials stay with their origin',
    async () => {
      const headers = { authorization: 'Bearer x', cookie: 'a=b', 'x-api-key': 'k', 'x-own': 'y' }
      const to = `/redirect-away?to=${encodeURIComponent(`${other.origin}/echo`)}`
      const { data } = await http.get(to, { headers, sensitiveHeaders: ['X-Api-Key'] })
      for (const name of ['authorization', 'cookie', 'x-api-key']) assert.equal(data.headers[name], undefined)
      assert.equal(data.headers['x-own'], 'y')
      const same = await http.get('/redirect?q', { auth: { username: 'u', password: 'p' } })
      assert.match(same.data.headers.authorization, /^Basic /)
    },
  ],
  [
    'decompress: false',
    async () => {
      const { data, headers } = await http.get('/gzip', { decompress: false, responseType: 'arraybuffer' })
      assert.equal(headers['content-encoding'], 'gzip')
      assert.ok(data.length < BIG.length)
    },
  ],
  [
    'clarifyTimeoutError',
    async () => {
      const transitional = { clarifyTimeoutError: true }
      const error = await rejection(
        http.get('/slow', { timeout: 40, timeoutErrorMessage: 'late', transitional }),
      )
      assert.equal(error.code, 'ETIMEDOUT')
      assert.equal(error.message, 'late')
    },
  ],
  [
    'system errors',
    async () => {
      const error = await rejection(http.get('https://127.0.0.1:1/'))
      assert.ok(error instanceof AxiosError)
      assert.equal(error.code, 'ECONNREFUSED')
      assert.equal(error.cause.syscall, 'connect')
      const untrusted = axios.create({ baseURL: server.origin, adapter: hyperAdapter })
      assert.equal((await rejection(untrusted.get('/json'))).code, 'DEPTH_ZERO_SELF_SIGNED_CERT')
    },
  ],
  [
    'cut in the middle',
    async () => {
      const error = await rejection(http.get('/cut'))
      assert.equal(error.code, 'ERR_BAD_RESPONSE')
      assert.equal(error.message, 'stream has been aborted')
    },
  ],
  [
    'what is not supported says so',
    async () => {
      assert.equal((await rejection(http.get('ftp://a/'))).message, 'Unsupported protocol ftp:')
      assert.equal((await rejection(http.get('/json', { socketPath: '/nowhere' }))).code, 'ENOENT')
      assert.equal(
        (await rejection(http.get('/json', { proxy: { host: 'a', port: 1 } }))).code,
        'ERR_NOT_SUPPORT',
      )
      assert.equal((await rejection(http.post('/json', 5, { transformRequest: [] }))).code, 'ERR_BAD_REQUEST')
    },
  ],
]

const agentBelow = axios.create({ ...plain, adapter: 'http' })
const checks = [
  ...checksOf('adapter', http),
  ...own,
  ...checksOf("axios's http adapter, our Agent", agentBelow),
]
if (main.fetch !== undefined) {
  const client = new main.Client({ tls: { rejectUnauthorized: false } })
  const fetch = (input, init) => client.fetch(input, init)
  checks.push(...checksOf(FETCH, axios.create({ ...plain, adapter: 'fetch', env: { fetch } })))
  checks.push(['the client ends', () => client.destroy()])
}
await report('axios', 'hyper-h2/axios', checks)
await agent.close()
await server.close()
await other.close()

async function rejection(promise) {
  try {
    await promise
  } catch (error) {
    return error
  }
  assert.fail('was not rejected')
}
