// Requests, streams and fetches that have to work.
import assert from 'node:assert/strict'
import { PassThrough, Readable, Writable } from 'node:stream'
import { textOf } from './servers.mjs'
import { BIG } from './undici-target.mjs'

const BODIES = [
  ['string', () => 'content'],
  ['Buffer', () => Buffer.from('content')],
  ['Uint8Array', () => new Uint8Array(Buffer.from('content'))],
  ['Readable', () => Readable.from(['con', 'tent'])],
  ['iterable', () => ['con', 'tent'].map((text) => Buffer.from(text))],
  [
    'async iterable',
    async function* () {
      yield Buffer.from('con')
      yield Buffer.from('tent')
    },
  ],
  ['Blob', () => new Blob(['content'])],
]

export function requests(undici, request) {
  return [
    [
      'request: GET with query and headers',
      async () => {
        const { statusCode, headers, body } = await request('/echo', {
          query: { a: [1, 2], b: 'c d' },
          headers: { 'X-Tag': 'one' },
        })
        const seen = await body.json()
        assert.equal(statusCode, 200)
        assert.deepEqual(headers['set-cookie'], ['a=1', 'b=2'])
        assert.equal(seen.url, '/echo?a=1&a=2&b=c%20d')
        assert.equal(seen.headers['x-tag'], 'one')
        assert.equal(seen.httpVersion, '2.0')
      },
    ],
    [
      'request: headers as a flat array',
      async () => {
        const { body } = await request('/echo', { headers: ['x-a', '1', 'x-b', '2'] })
        const { headers } = await body.json()
        assert.deepEqual([headers['x-a'], headers['x-b']], ['1', '2'])
      },
    ],
    ...BODIES.map(([kind, make]) => [
      `request: POST of ${kind}`,
      async () => {
        const { body } = await request('/echo', { method: 'POST', body: make() })
        assert.equal((await body.json()).body, 'content')
      },
    ]),
    [
      'request: POST of FormData',
      async () => {
        const form = new undici.FormData()
        form.append('field', 'value')
        const { body } = await request('/echo', { method: 'POST', body: form })
        const seen = await body.json()
        assert.match(seen.headers['content-type'], /^multipart\/form-data; boundary=/)
        assert.match(seen.body, /name="field"\r\n\r\nvalue\r\n/)
      },
    ],
    [
      'request: informational responses',
      async () => {
        const seen = []
        const { body } = await request('/early', { onInfo: (info) => seen.push(info) })
        assert.equal(await body.text(), 'late')
        assert.equal(seen[0].statusCode, 103)
        assert.equal(seen[0].headers.link, '</a.css>; rel=preload')
      },
    ],
    [
      'request: trailers',
      async () => {
        const { body, trailers } = await request('/trailers')
        assert.equal(await body.text(), 'body')
        assert.deepEqual({ ...trailers }, { 'x-end': 'yes' })
      },
    ],
    [
      'request: HEAD',
      async () => {
        const { statusCode, body } = await request('/echo', { method: 'HEAD' })
        assert.equal(statusCode, 200)
        assert.equal(await body.text(), '')
      },
    ],
    [
      'request: a slow reader holds the server back',
      async () => {
        const { body } = await request('/big')
        let length = 0
        for await (const chunk of body) {
          length += chunk.length
          await new Promise(setImmediate)
        }
        assert.equal(length, BIG.length)
      },
    ],
    [
      'request: fifty at a time',
      async () => {
        const all = await Promise.all(Array.from({ length: 50 }, (_, i) => request(`/echo?${i}`)))
        const urls = await Promise.all(all.map(async ({ body }) => (await body.json()).url))
        assert.deepEqual(
          urls,
          Array.from({ length: 50 }, (_, i) => `/echo?${i}`),
        )
      },
    ],
  ]
}

export function streams(undici, dispatcher, origin) {
  return [
    [
      'stream',
      async () => {
        const pieces = []
        const sink = new Writable({
          write: (chunk, _encoding, done) => {
            pieces.push(chunk)
            done()
          },
        })
        const { trailers } = await undici.stream(
          `${origin}/trailers`,
          { dispatcher, method: 'GET' },
          () => sink,
        )
        assert.equal(Buffer.concat(pieces).toString(), 'body')
        assert.deepEqual({ ...trailers }, { 'x-end': 'yes' })
      },
    ],
    [
      'stream: a large body',
      async () => {
        let length = 0
        const sink = new Writable({
          highWaterMark: 1000,
          write: (chunk, _encoding, done) => {
            length += chunk.length
            setImmediate(done)
          },
        })
        await undici.stream(`${origin}/big`, { dispatcher, method: 'GET' }, () => sink)
        assert.equal(length, BIG.length)
      },
    ],
    [
      'pipeline',
      async () => {
        const through = undici.pipeline(`${origin}/echo`, { dispatcher, method: 'POST' }, ({ body }) =>
          body.pipe(new PassThrough()),
        )
        through.end('piped')
        assert.equal(JSON.parse(await textOf(through)).body, 'piped')
      },
    ],
  ]
}

/** `fetch` by path. */
export function fetches(fetch) {
  return [
    [
      'fetch: GET',
      async () => {
        const response = await fetch('/echo?q')
        assert.deepEqual(response.headers.getSetCookie(), ['a=1', 'b=2'])
        const seen = await response.json()
        assert.equal(seen.httpVersion, '2.0')
        assert.equal(seen.url, '/echo?q')
      },
    ],
    [
      'fetch: POST of a string',
      async () => {
        assert.equal((await (await fetch('/echo', { method: 'POST', body: 'text' })).json()).body, 'text')
      },
    ],
    [
      'fetch: POST of a stream',
      async () => {
        const body = new ReadableStream({
          start(controller) {
            controller.enqueue(new TextEncoder().encode('streamed'))
            controller.close()
          },
        })
        assert.equal(
          (await (await fetch('/echo', { method: 'POST', body, duplex: 'half' })).json()).body,
          'streamed',
        )
      },
    ],
    [
      'fetch: content codings',
      async () => {
        assert.equal(await (await fetch('/gzip')).text(), 'unpacked')
      },
    ],
    [
      'fetch: redirects',
      async () => {
        const response = await fetch('/moved')
        assert.equal(response.redirected, true)
        assert.equal((await response.json()).url, '/echo')
      },
    ],
    [
      'fetch: informational responses are passed over',
      async () => {
        assert.equal(await (await fetch('/early')).text(), 'late')
      },
    ],
    [
      'fetch: a large body, read slowly',
      async () => {
        let length = 0
        for await (const chunk of (await fetch('/big')).body) {
          length += chunk.length
          await new Promise(setImmediate)
        }
        assert.equal(length, BIG.length)
      },
    ],
    [
      'fetch: aborted before and after the response',
      async () => {
        const early = AbortSignal.timeout(30)
        await assert.rejects(fetch('/silent', { signal: early }), { name: 'TimeoutError' })
        const late = new AbortController()
        const response = await fetch('/stalls', { signal: late.signal })
        late.abort()
        await assert.rejects(response.text(), { name: 'AbortError' })
      },
    ],
    [
      'fetch: a body that breaks off',
      async () => {
        const response = await fetch('/breaks')
        await assert.rejects(
          response.text(),
          (error) => error instanceof TypeError && error.cause.code === 'UND_ERR_INFO',
        )
      },
    ],
  ]
}
