// What is asked of the openai SDK, and with it of SDKs of its kind, whichever its major version: against a stand-in
// of its API.
import assert from 'node:assert/strict'
import { startApi } from './api.mjs'
import { report } from './checks.mjs'
import { hyper } from './hyper.mjs'

const WORDS = ['Hel', 'lo ', 'the', 're']
const chunk = (content) => ({
  id: 'x',
  object: 'chat.completion.chunk',
  created: 0,
  model: 'made-up',
  choices: [{ index: 0, delta: { content }, finish_reason: null }],
})

export async function runOpenAI(OpenAI, toFile, packageName) {
  const { Client } = await hyper('index')
  let failures = 0
  let closed = () => {}

  async function complete(request, response, contentOf) {
    const { stream, messages } = JSON.parse(await contentOf(request))
    response.stream.on('close', () => closed())
    if (failures-- > 0) {
      response.writeHead(429, { 'content-type': 'application/json', 'retry-after-ms': '1' })
      response.end('{"error":{"message":"busy"}}')
      return
    }
    const said = messages.at(-1).content
    if (said === 'hang') return
    if (!stream) {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(
        JSON.stringify({ id: 'x', choices: [{ index: 0, message: { role: 'assistant', content: said } }] }),
      )
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const word of WORDS) {
      response.write(`data: ${JSON.stringify(chunk(word))}\n\n`)
      await new Promise((resolve) => setImmediate(resolve))
    }
    if (said === 'cut') response.stream.destroy(new Error('cut'))
    else if (said !== 'stay') response.end('data: [DONE]\n\n')
  }

  async function files(request, response, contentOf) {
    const content = await contentOf(request)
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ id: 'file', bytes: content.length, type: request.headers['content-type'] }))
  }

  const { origin, cert, close } = await startApi({
    '/v1/chat/completions': complete,
    '/v1/files': files,
  })
  const client = new Client({ tls: { ca: cert } })
  const openai = new OpenAI({
    apiKey: 'made up',
    baseURL: `${origin}/v1`,
    fetch: client.fetch,
    maxRetries: 2,
  })

  const ask = (content, more, options) =>
    openai.chat.completions.create(
      { model: 'made-up', messages: [{ role: 'user', content }], ...more },
      options,
    )

  const textOf = async (stream) => {
    let text = ''
    for await (const { choices } of stream) text += choices[0].delta.content
    return text
  }

  const checks = {
    async 'a completion'() {
      assert.equal((await ask('hello')).choices[0].message.content, 'hello')
    },
    async 'the raw response is of HTTP/2'() {
      const { response } = await ask('hello').withResponse()
      assert.ok(response instanceof Response)
      assert.equal(response.httpVersion, '2')
    },
    async 'a stream of chunks'() {
      assert.equal(await textOf(await ask('hello', { stream: true })), 'Hello there')
    },
    async 'many streams at a time, on one connection'() {
      const texts = await Promise.all(
        Array.from({ length: 100 }, async () => textOf(await ask('hello', { stream: true }))),
      )
      assert.ok(texts.every((text) => text === 'Hello there'))
      assert.equal(client.stats().connections, 1)
    },
    async 'a stream that the reader leaves'() {
      const left = new Promise((resolve) => {
        closed = resolve
      })
      for await (const _ of await ask('stay', { stream: true })) break
      await left
    },
    async 'a stream that is aborted'() {
      const stream = await ask('stay', { stream: true })
      let heard = 0
      for await (const _ of stream) {
        heard += 1
        stream.controller.abort()
      }
      assert.ok(heard < WORDS.length + 1)
    },
    async 'a stream that is cut'() {
      await assert.rejects(async () => textOf(await ask('cut', { stream: true })))
    },
    async 'again after 429'() {
      failures = 2
      assert.equal((await ask('hello')).choices[0].message.content, 'hello')
    },
    async 'an error of the API'() {
      failures = 1
      await assert.rejects(ask('hello', {}, { maxRetries: 0 }), { status: 429 })
    },
    async 'a time limit'() {
      await assert.rejects(ask('hang', {}, { timeout: 100, maxRetries: 0 }), {
        constructor: OpenAI.APIConnectionTimeoutError,
      })
    },
    async 'a limit of the client is a time limit to the SDK'() {
      const impatient = new Client({ tls: { ca: cert }, timeouts: { headers: 50 } })
      const hurried = openai.withOptions({ fetch: impatient.fetch, maxRetries: 0 })
      const request = { model: 'made-up', messages: [{ role: 'user', content: 'hang' }] }
      await assert.rejects(hurried.chat.completions.create(request), {
        constructor: OpenAI.APIConnectionTimeoutError,
      })
      await impatient.close()
    },
    async 'an abort'() {
      const controller = new AbortController()
      const answer = ask('hang', {}, { signal: controller.signal, maxRetries: 0 })
      setTimeout(() => controller.abort(), 20)
      await assert.rejects(answer, { constructor: OpenAI.APIUserAbortError })
    },
    async 'a file'() {
      const file = await toFile(Buffer.alloc(200_000, 1), 'a.jsonl')
      const { bytes, type } = await openai.files.create({ file, purpose: 'batch' })
      assert.ok(bytes > 200_000)
      assert.match(type, /^multipart\/form-data; boundary=/)
    },
    async 'nobody there'() {
      const lost = openai.withOptions({ baseURL: 'https://localhost:1/v1', maxRetries: 0 })
      await assert.rejects(lost.models.list(), { constructor: OpenAI.APIConnectionError })
    },
  }

  await report('openai', 'fetch', Object.entries(checks), packageName)
  await client.close()
  await close()
}
