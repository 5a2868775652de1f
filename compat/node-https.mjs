// runtimes: 20 22 24 26
// Plain callers of node:https, and node:https itself with our Agent.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import nodeHttps from 'node:https'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { adapter } from './hyper.mjs'
import { BIG, startLibraryServer } from './library-server.mjs'
import { textOf } from './servers.mjs'

const hyper = await adapter('https')
const { Agent } = hyper
const server = await startLibraryServer()
const agent = new Agent({ ca: server.cert })
const url = (path) => `${server.origin}${path}`
const results = []

async function check(name, run) {
  const timer = setTimeout(() => {
    console.error(`FAILED ${name}: late`)
    process.exit(1)
  }, 10_000)
  try {
    await run()
  } catch (error) {
    console.error(`FAILED ${name}`)
    console.error(error)
    process.exit(1)
  }
  clearTimeout(timer)
  results.push(name)
}

for (const [what, https] of [
  ['hyper', hyper],
  ['node', nodeHttps],
]) {
  const send = (path, options = {}, body) => {
    const request = https.request(url(path), { agent, ...options })
    request.end(body)
    return request
  }
  const answer = async (request) => {
    const [response] = await once(request, 'response')
    return { response, text: await textOf(response) }
  }
  await check(`${what}: get`, async () => {
    const { response, text } = await answer(https.get(url('/json'), { agent }))
    assert.equal(text, '{"ok":true}')
    assert.equal(response.statusCode, 200)
    assert.equal(response.statusMessage, 'OK')
    assert.equal(response.headers['content-type'], 'application/json')
    assert.equal(response.complete, true)
  })
  await check(`${what}: no user-agent`, async () => {
    const { text } = await answer(send('/echo'))
    const { headers, httpVersion } = JSON.parse(text)
    assert.equal(headers['user-agent'], undefined)
    assert.equal(httpVersion, '2.0')
  })
  await check(`${what}: post`, async () => {
    const { text } = await answer(send('/echo', { method: 'POST', headers: { 'X-Case': 'a' } }, 'posted'))
    const echo = JSON.parse(text)
    assert.equal(echo.body, 'posted')
    assert.equal(echo.headers['x-case'], 'a')
    assert.equal(echo.headers['content-length'], '6')
  })
  await check(`${what}: big upload`, async () => {
    const request = https.request(url('/hash'), { agent, method: 'POST' })
    const [response] = await Promise.all([
      once(request, 'response'),
      pipeline(Readable.from([BIG, BIG]), request),
    ])
    const expected = createHash('sha256').update(BIG).update(BIG).digest('hex')
    assert.equal(JSON.parse(await textOf(response[0])).sha256, expected)
  })
  await check(`${what}: big download`, async () => {
    const { text } = await answer(send('/big'))
    assert.equal(text.length, BIG.length)
  })
  await check(`${what}: many at once share a connection`, async () => {
    const before = server.connections
    await Promise.all(Array.from({ length: 50 }, () => answer(send('/json'))))
    assert.ok(server.connections - before <= 1)
  })
  await check(`${what}: trailers`, async () => {
    const { response } = await answer(send('/trailers'))
    assert.deepEqual({ ...response.trailers }, { 'x-digest': 'abc' })
  })
  await check(`${what}: set-cookie`, async () => {
    const { response } = await answer(send('/cookies'))
    assert.deepEqual(response.headers['set-cookie'], ['a=1', 'b=2'])
  })
  await check(`${what}: early hints`, async () => {
    const request = https.request(url('/hints'), { agent })
    const information = once(request, 'information')
    request.end()
    const { text } = await answer(request)
    assert.equal((await information)[0].statusCode, 103)
    assert.match((await information)[0].headers.link, /style/)
    assert.equal(text, 'hinted')
  })
  await check(`${what}: expect`, async () => {
    const request = https.request(url('/echo'), { agent, method: 'PUT', headers: { expect: '100-continue' } })
    request.flushHeaders()
    await once(request, 'continue')
    request.end('after')
    const { text } = await answer(request)
    assert.equal(JSON.parse(text).body, 'after')
  })
  await check(`${what}: reset before the response`, async () => {
    const [error] = await once(send('/reset').on('response', assert.fail), 'error')
    assert.equal(error.code, 'ECONNRESET')
  })
  await check(`${what}: cut in the middle`, async () => {
    const [response] = await once(send('/cut'), 'response')
    await assert.rejects(textOf(response), { code: 'ECONNRESET' })
    assert.equal(response.complete, false)
    assert.equal(response.aborted, true)
  })
  await check(`${what}: destroy in the middle`, async () => {
    const request = send('/stall')
    const [response] = await once(request, 'response')
    response.on('error', () => {})
    await once(response, 'data')
    response.destroy()
    await once(request, 'close')
    await server.quiet()
  })
  await check(`${what}: abort while waiting`, async () => {
    const request = send('/slow')
    const error = once(request, 'error')
    setTimeout(() => request.abort(), 30)
    assert.equal((await error)[0].code, 'ECONNRESET')
    assert.equal(request.aborted, true)
    await server.quiet()
  })
  await check(`${what}: signal`, async () => {
    const controller = new AbortController()
    const request = send('/slow', { signal: controller.signal })
    setTimeout(() => controller.abort(), 30)
    const [error] = await once(request, 'error')
    assert.equal(error.name, 'AbortError')
    await server.quiet()
  })
  await check(`${what}: timeout`, async () => {
    const request = send('/slow', { timeout: 40 })
    await once(request, 'timeout')
    request.destroy()
    await once(request, 'error')
  })
  await check(`${what}: refused`, async () => {
    const [error] = await once(https.get('https://127.0.0.1:1/', { agent }), 'error')
    assert.equal(error.code, 'ECONNREFUSED')
    assert.equal(error.syscall, 'connect')
  })
  await check(`${what}: untrusted`, async () => {
    const [error] = await once(https.get(url('/json'), { agent: new Agent() }), 'error')
    assert.equal(error.code, 'DEPTH_ZERO_SELF_SIGNED_CERT')
  })
  await check(`${what}: rejectUnauthorized`, async () => {
    const loose = new Agent({ rejectUnauthorized: false })
    const { text } = await answer(https.get(url('/json'), { agent: loose }))
    assert.equal(text, '{"ok":true}')
    await loose.close()
  })
}
await agent.close()
await server.close()
console.log(
  JSON.stringify({
    library: 'node:https',
    version: process.versions.node,
    adapter: 'hyper-h2/https',
    checks: results.length,
  }),
)
