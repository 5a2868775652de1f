// runtimes: 20 22 24 26
// ofetch 1 over our fetch.
import assert from 'node:assert/strict'
import { ofetch } from 'ofetch'
import { startApi } from './api.mjs'
import { report } from './checks.mjs'
import { hyper } from './hyper.mjs'

const { Client } = await hyper('index')
const { api, origin, cert, close } = await startApi()
const client = new Client({ tls: { ca: cert } })
const http = ofetch.create({ baseURL: origin, retryDelay: 1 }, { fetch: client.fetch })

const checks = {
  async json() {
    assert.deepEqual(await http('/json'), { hello: 'there' })
  },
  async 'HTTP/2 it is'() {
    assert.equal((await http.raw('/json')).httpVersion, '2')
  },
  async 'json both ways'() {
    const { method, text } = await http('/echo', { method: 'POST', body: { a: 1 } })
    assert.deepEqual([method, text], ['POST', '{"a":1}'])
  },
  async 'a query and fields'() {
    const { query, headers } = await http('/echo', { query: { q: 'a b' }, headers: { 'x-mine': 'yes' } })
    assert.deepEqual([query, headers['x-mine']], ['q=a+b', 'yes'])
  },
  async 'a stream to send'() {
    const body = new Blob(['x'.repeat(300_000)]).stream()
    assert.equal((await http('/echo', { method: 'POST', body })).length, 300_000)
  },
  async 'bytes, a Blob and text'() {
    assert.equal((await http('/bytes', { responseType: 'arrayBuffer' })).byteLength, 1_000_000)
    assert.equal((await http('/bytes', { responseType: 'blob' })).size, 1_000_000)
    assert.equal(await http('/drip', { responseType: 'text' }), 'one two three')
  },
  async 'a stream to read'() {
    let text = ''
    for await (const piece of await http('/drip', { responseType: 'stream' })) {
      text += new TextDecoder().decode(piece)
    }
    assert.equal(text, 'one two three')
  },
  async 'nothing to read'() {
    assert.equal(await http('/nothing'), undefined)
  },
  async redirects() {
    assert.deepEqual(await http('/moved'), { hello: 'there' })
  },
  async 'an error of HTTP, with its data'() {
    await assert.rejects(http('/missing'), {
      name: 'FetchError',
      status: 404,
      data: { error: 'nothing here' },
    })
  },
  async 'again after 503'() {
    api.failures = 1
    await http('/flaky', { retry: 2 })
    assert.equal(api.failures, -1)
  },
  async 'a time limit'() {
    await assert.rejects(http('/hang', { timeout: 100, retry: 0 }), { name: 'FetchError' })
  },
  async 'an abort'() {
    const controller = new AbortController()
    const answer = http('/hang', { signal: controller.signal, retry: 0 })
    setTimeout(() => controller.abort(), 20)
    await assert.rejects(answer, ({ cause }) => cause.name === 'AbortError')
  },
  async interceptors() {
    const told = []
    await http('/json', { onRequest: () => told.push('request'), onResponse: () => told.push('response') })
    assert.deepEqual(told, ['request', 'response'])
  },
  async 'nobody there'() {
    await assert.rejects(http('/', { baseURL: 'https://localhost:1', retry: 0 }), ({ cause }) => {
      assert.equal(cause.name, 'TypeError')
      return true
    })
  },
}

await report('ofetch', 'fetch', Object.entries(checks))
await client.close()
await close()
