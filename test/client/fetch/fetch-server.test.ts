/** `fetch` against a server that is not ours: `node:http2` on loopback, with the ways in which programs use it. */
import { once } from 'node:events'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFetch } from '../../../src/client/fetch/fetch.ts'
import { Client } from '../../../src/index.ts'
import { failure } from './fetch-origins.ts'

const content = 'hyper '.repeat(200_000)
const server = http2.createServer()
let origin = ''
const client = new Client({ h2c: true })
const fetch = createFetch((url, init) => client.request(url, init))

server.on('stream', async (stream, head) => {
  stream.on('error', () => {})
  const path = head[':path']
  if (path === '/moved') {
    stream.respond({ ':status': 307, location: '/echo' })
    stream.end('moved')
  } else if (path === '/large') {
    stream.respond({ ':status': 200, 'content-type': 'text/plain' })
    stream.end(content)
  } else if (path === '/broken') {
    stream.respond({ ':status': 200 })
    stream.write('part')
    setImmediate(() => stream.destroy(new Error('broken')))
  } else if (path === '/events') {
    stream.respond({ ':status': 200, 'content-type': 'text/event-stream' })
    for (const event of ['one', 'two', '[DONE]']) stream.write(`data: ${event}\n\n`)
  } else if (path === '/form') {
    const init = { headers: { 'content-type': head['content-type']! } }
    const form = await new Response(Buffer.concat(await stream.toArray()), init).formData()
    stream.respond({ ':status': 200, 'content-type': 'application/json' })
    const shown = [...form].map(async ([name, value]) => [
      name,
      typeof value === 'string' ? value : [value.name, value.type, await value.text()],
    ])
    stream.end(JSON.stringify(await Promise.all(shown)))
  } else {
    stream.respond({ ':status': 200, 'x-method': head[':method']! }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-digest': 'abc' }))
    stream.pipe(stream)
  }
})

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(async () => {
  client.destroy()
  await new Promise((resolve) => server.close(resolve))
})

test('a redirect, content, trailers', async () => {
  const response = await fetch(`${origin}/moved`, { method: 'POST', body: 'content' })
  expect([response.url, response.redirected, response.headers.get('x-method')]).toEqual([
    `${origin}/echo`,
    true,
    'POST',
  ])
  expect(await response.text()).toBe('content')
  expect((await response.trailers).get('x-digest')).toBe('abc')
})

test('a body of each kind, both ways', async () => {
  const large = content
  for (const body of [large, new Blob([large]), () => new Blob([large]).stream()]) {
    const response = await fetch(`${origin}/echo`, { method: 'POST', body })
    expect((await response.text()) === large).toBe(true)
  }
  const streamed = await fetch(
    new Request(`${origin}/echo`, {
      method: 'POST',
      body: new Blob([large]).stream(),
      duplex: 'half',
    } as never),
  )
  expect((await streamed.text()) === large).toBe(true)
})

test('a stream through a pipeline of Node', async () => {
  let length = 0
  const response = await fetch(`${origin}/large`)
  await pipeline(Readable.fromWeb(response.body as never), async (pieces) => {
    for await (const piece of pieces) length += piece.length
  })
  expect(length).toBe(content.length)
})

test('a form, read by the platform', async () => {
  const form = new FormData()
  form.append('a"b', 'c\nd')
  form.append('file', new File(['content'], 'name é.txt', { type: 'text/x' }))
  const response = await fetch(`${origin}/form`, { method: 'POST', body: form })
  expect(await response.json()).toEqual([
    ['a"b', 'c\r\nd'],
    ['file', ['name é.txt', 'text/x', 'content']],
  ])
})

test('a body that breaks off', async () => {
  const error = await failure((await fetch(`${origin}/broken`)).text())
  expect([error.constructor, error.message, error.cause?.code]).toEqual([
    TypeError,
    'terminated',
    'H2_STREAM_RESET',
  ])
})

test('as ky calls it: a Request, what a Request cannot carry, a clone to read first', async () => {
  const request = new Request(`${origin}/echo`, {
    method: 'POST',
    body: '{"a":1}',
    headers: { accept: 'x/y' },
  })
  const response = await fetch(request.clone(), { dispatcher: undefined, onProgress: 1 } as object)
  expect(response).toBeInstanceOf(Response)
  expect(await response.clone().json()).toEqual({ a: 1 })
  expect(await response.json()).toEqual({ a: 1 })
  expect(await request.text()).toBe('{"a":1}')
})

test('as SDKs call it: no this, Headers, a signal, events until the last', async () => {
  const controller = new AbortController()
  const { signal } = controller
  const headers = new Headers({ authorization: 'Bearer x' })
  const response = await fetch.call(undefined, `${origin}/events`, { method: 'GET', headers, signal })
  expect([response.ok, Object.fromEntries(response.headers.entries())['content-type']]).toEqual([
    true,
    'text/event-stream',
  ])
  let text = ''
  const decoder = new TextDecoder()
  for await (const piece of response.body!) {
    text += decoder.decode(piece, { stream: true })
    if (text.includes('[DONE]')) break
  }
  expect(text.match(/data: .+/g)).toEqual(['data: one', 'data: two', 'data: [DONE]'])
  controller.abort()
  expect(response.bodyUsed).toBe(true)
})
