/** The in-memory origin, through the client that it is made for. */
import { describe, expect, it } from 'vitest'
import { HTTP20Connection, type HTTP20ConnectionOptions } from '../../src/index.ts'
import { MemoryOrigin, type OriginHandler } from '../../src/testing/index.ts'

function open(handler: OriginHandler, options: HTTP20ConnectionOptions = {}) {
  const origin = new MemoryOrigin(handler)
  const conn = new HTTP20Connection('a.test', { transport: origin.dial, ...options })
  return { origin, conn }
}

describe('an in-memory origin', () => {
  it('answers from a function', async () => {
    const { origin, conn } = open((request) => ({
      status: 201,
      headers: { 'X-Path': request.path },
      body: 'made',
    }))
    const response = await conn.getResponse(conn.request('PUT', '/a?b', { body: 'x' }))
    expect([response.status, response.getHeader('x-path'), await response.text()]).toEqual([
      201,
      '/a?b',
      'made',
    ])
    expect(response.getHeader('content-length')).toBe('4')
    expect(origin.requests.map(({ method, path }) => [method, path])).toEqual([['PUT', '/a?b']])
    await conn.close()
  })

  it('streams both ways within the windows', async () => {
    const { conn } = open((request) => ({ body: request.body() }), {
      settings: { initialWindowSize: 30_000 },
      limits: { connectionWindowSize: 65_535 },
    })
    const body = new Uint8Array(500_000).map((_, i) => i % 251)
    const response = await conn.getResponse(conn.request('POST', '/echo', { body }))
    expect(Buffer.compare(await response.bytes(), body)).toBe(0)
    await conn.close()
  })

  it('sends informational responses and trailers, and takes trailers', async () => {
    const { conn } = open(async (request) => {
      request.inform(103, { link: '</a>' })
      await request.text()
      const sum = (await request.trailers).get('x-sum') ?? ''
      return { body: 'x', trailers: () => ({ 'x-echo': sum }) }
    })
    const response = await conn.getResponse(
      conn.request('POST', '/', { body: 'abc', trailers: { 'x-sum': '3' } }),
    )
    expect(await response.text()).toBe('x')
    expect(response.informational.map(({ status }) => status)).toEqual([103])
    expect((await response.trailers).get('x-echo')).toBe('3')
    await conn.close()
  })

  it('pushes to a client that takes pushes', async () => {
    const { conn } = open((request) => ({ body: String(request.push('/style.css', { body: 'body {}' })) }), {
      enablePush: true,
    })
    const stream = conn.request('GET', '/')
    const pushes = conn.getPushes(stream)
    const response = await conn.getResponse(stream)
    const { value: push } = await pushes.next()
    expect(await (await push.getResponse()).text()).toBe('body {}')
    expect(await response.text()).toBe('true')
    await conn.close()
  })

  it('says when the client gives up', async () => {
    let given!: AbortSignal
    const { conn } = open((request) => {
      given = request.signal
      return new Promise(() => {})
    })
    const stream = conn.request('GET', '/')
    const failed = stream.response.catch(() => {})
    await conn.ping()
    stream.cancel()
    await conn.ping()
    expect(given.aborted).toBe(true)
    await failed
    await conn.close()
  })

  it('resets what its handler fails, and keeps the error', async () => {
    const { origin, conn } = open(() => {
      throw new Error('handler broke')
    })
    await expect(conn.getResponse(conn.request('GET', '/'))).rejects.toMatchObject({
      errorName: 'INTERNAL_ERROR',
    })
    expect(origin.errors).toMatchObject([{ message: 'handler broke' }])
    await conn.close()
  })

  it('answers HEAD without content, and an early response stops an upload', async () => {
    const { conn } = open(() => ({ body: 'some text' }))
    const head = await conn.getResponse(conn.request('HEAD', '/'))
    expect([head.getHeader('content-length'), await head.text()]).toEqual(['9', ''])
    const early = await conn.getResponse(conn.request('POST', '/', { body: new ReadableStream() }))
    expect(await early.text()).toBe('some text')
    await conn.close()
  })

  it('says GOAWAY and serves the next connection', async () => {
    const { origin, conn } = open(() => ({ body: 'fine' }))
    await (await conn.getResponse(conn.request('GET', '/'))).text()
    origin.close()
    await conn.close()
    expect(await (await conn.getResponse(conn.request('GET', '/'))).text()).toBe('fine')
    expect(origin.connectionsMade).toBe(2)
    await conn.close()
  })
})
