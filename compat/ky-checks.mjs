// What is asked of ky, whichever its major version.
import assert from 'node:assert/strict'
import { startApi } from './api.mjs'
import { report } from './checks.mjs'
import { hyper } from './hyper.mjs'

export async function runKy(ky, packageName, prefix) {
  const { Client } = await hyper('index')
  const { api, origin, cert, close } = await startApi()
  const { fetch, ...client } = own(new Client({ tls: { ca: cert } }))
  const http = ky.create({ fetch, [prefix]: origin, retry: { limit: 2, backoffLimit: 1 } })

  const checks = {
    async json() {
      assert.deepEqual(await http.get('json').json(), { hello: 'there' })
    },
    async 'HTTP/2 it is'() {
      assert.equal((await http.get('json')).httpVersion, '2')
    },
    async 'json both ways'() {
      const { method, text, headers } = await http.post('echo', { json: { a: 1 } }).json()
      assert.deepEqual([method, text, headers['content-type']], ['POST', '{"a":1}', 'application/json'])
    },
    async 'a form, a search, fields'() {
      const body = new FormData()
      body.set('file', new Blob(['content']), 'name.txt')
      const options = { body, searchParams: { q: 'a b' }, headers: { 'x-mine': 'yes' } }
      const { headers, query } = await http.post('echo', options).json()
      assert.match(headers['content-type'], /^multipart\/form-data; boundary=/)
      assert.deepEqual([query, headers['x-mine']], ['q=a+b', 'yes'])
    },
    async 'a stream to send'() {
      const body = new Blob(['x'.repeat(300_000)]).stream()
      assert.equal((await http.post('echo', { body, duplex: 'half' }).json()).length, 300_000)
    },
    async 'bytes and text'() {
      assert.equal((await http.get('bytes').arrayBuffer()).byteLength, 1_000_000)
      assert.equal(await http.get('drip').text(), 'one two three')
    },
    async 'a stream to read'() {
      const { body } = await http.get('drip')
      let text = ''
      for await (const piece of body) text += new TextDecoder().decode(piece)
      assert.equal(text, 'one two three')
    },
    async 'progress of a download'() {
      const seen = []
      const onDownloadProgress = ({ transferredBytes }) => seen.push(transferredBytes)
      await http.get('bytes', { onDownloadProgress }).arrayBuffer()
      assert.equal(seen.at(-1), 1_000_000)
    },
    async 'redirects, and none'() {
      assert.deepEqual(await http.get('moved').json(), { hello: 'there' })
      const response = await http.get('moved', { redirect: 'manual', throwHttpErrors: false })
      assert.ok(response.status === 302 || response.type === 'opaqueredirect')
    },
    async 'an error of HTTP'() {
      await assert.rejects(http.get('missing').json(), (error) => {
        assert.equal(error.name, 'HTTPError')
        assert.equal(error.response.status, 404)
        return true
      })
    },
    async 'again after 503'() {
      api.failures = 2
      await http.get('flaky').json()
      assert.equal(api.failures, -1)
    },
    async hooks() {
      const told = []
      const hooks = {
        beforeRequest: [() => void told.push('before')],
        afterResponse: [() => void told.push('after')],
      }
      await http.get('json', { hooks }).json()
      assert.deepEqual(told, ['before', 'after'])
    },
    async 'a time limit'() {
      await assert.rejects(http.get('hang', { timeout: 100, retry: 0 }), { name: 'TimeoutError' })
    },
    async 'an abort'() {
      const controller = new AbortController()
      const answer = http.get('hang', { signal: controller.signal, retry: 0 })
      setTimeout(() => controller.abort(), 20)
      await assert.rejects(answer, { name: 'AbortError' })
    },
    async 'nobody there'() {
      await assert.rejects(ky.get('https://localhost:1/', { fetch, retry: 0 }), (error) => {
        assert.ok(['TypeError', 'NetworkError'].includes(error.name), error.name)
        return true
      })
    },
  }
  await report('ky', 'fetch', Object.entries(checks), packageName)
  await client.close()
  await close()
}

const own = (client) => ({ fetch: client.fetch, close: () => client.close() })
