/** Requests over HTTP/1.1 that are given up at any point, or read in part: no connection and no line stays held. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client } from '../../../src/index.ts'

const CONNECTIONS = 8
let server: Server
let origin = ''

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/redirect') response.writeHead(302, { location: '/large' }).end('elsewhere')
    else if (request.url === '/large') response.end(Buffer.alloc(300_000))
    else if (request.url === '/pieces') {
      response.write('a')
      setImmediate(() => response.end('b'))
    } else response.end('ok')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(() => server.close())

/** What a caller does with a response. */
const WAYS = {
  reads: async (response: Response) => void (await response.arrayBuffer()),
  'reads it twice': async (response: Response) => {
    const copy = response.clone()
    await Promise.all([copy.arrayBuffer(), response.arrayBuffer()])
  },
  'reads a piece': async (response: Response) => {
    const reader = response.body?.getReader()
    await reader?.read()
    await reader?.cancel()
  },
  'reads nothing': async (response: Response) => void (await response.body?.cancel()),
  'aborts with the response': async (_: Response, abort: () => void) => abort(),
} as const

const request = fc.record({
  path: fc.constantFrom('/redirect', '/large', '/pieces', '/ok'),
  redirect: fc.constantFrom('follow' as const, 'manual' as const),
  way: fc.constantFrom(...(Object.keys(WAYS) as (keyof typeof WAYS)[])),
  /** Turns of the event loop after which it is aborted. */
  abortAfter: fc.option(fc.nat(12), { nil: undefined, freq: 3 }),
})

test('whatever becomes of three hundred requests, the next is answered and close() ends', async () => {
  const property = fc.asyncProperty(fc.array(request, { minLength: 300, maxLength: 300 }), async (asked) => {
    const client = new Client({ maxConnectionsPerOrigin: { http1: CONNECTIONS } })
    await Promise.allSettled(
      asked.map(async ({ path, redirect, way, abortAfter }) => {
        const controller = new AbortController()
        const abort = () => controller.abort()
        let turns = abortAfter ?? -1
        const turn = () => (turns-- > 0 ? setImmediate(turn) : abort())
        if (abortAfter !== undefined) setImmediate(turn)
        const { signal } = controller
        await WAYS[way](await client.fetch(`${origin}${path}`, { redirect, signal }), abort)
      }),
    )
    expect(await (await client.fetch(`${origin}/ok`)).text()).toBe('ok')
    const [stats] = client.stats().origins
    expect(stats).toMatchObject({ waiting: 0, dialling: 0 })
    expect(stats!.connections.length).toBeLessThanOrEqual(CONNECTIONS)
    await client.close()
    expect(client.stats().origins).toEqual([])
  })
  await fc.assert(property, { numRuns: 5 })
})
