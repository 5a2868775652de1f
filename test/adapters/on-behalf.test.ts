/**
 * What is called on behalf of a request (callbacks, events, sources of content,
 * what reads the answer) though a connection carries many: it is called in the
 * request's own async context (`AsyncLocalStorage`), and where it throws that
 * hurts its own request only.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hyperAdapter } from '../../src/adapters/axios.ts'
import { createHttpClient } from '../../src/adapters/connect.ts'
import { Agent, request } from '../../src/adapters/https.ts'
import { HyperHttpHandler } from '../../src/adapters/smithy.ts'
import { HyperDispatcher } from '../../src/adapters/undici.ts'
import { turns } from './https-origin.ts'

const context = new AsyncLocalStorage<string>()
const server = http2.createServer()
// Connections are destroyed in the end.
server.on('session', (session) => session.on('error', () => {}))
server.on('stream', (stream) => {
  stream.on('error', () => {})
  stream.additionalHeaders({ ':status': 103 })
  stream.respond({ ':status': 200 })
  stream.write('a')
  stream.resume()
  // In turns of their own, so that several requests are answered in one read of the connection.
  stream.on('end', () => setImmediate(() => stream.end('b')))
})
let port: number
let url: string

beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  port = (server.address() as AddressInfo).port
  url = `http://127.0.0.1:${port}/`
})
afterAll(() => server.close())

/** Notes in whose context something happens. */
type Note = (what: string) => void
/** One request that notes what is called, until it is over. */
type Ask = (note: Note) => Promise<unknown>

async function* source(note: Note): AsyncGenerator<Buffer> {
  for (let i = 0; i < 3; i++) {
    note('source')
    yield Buffer.from('x')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function read(stream: Readable, note: Note): Promise<void> {
  stream.on('data', () => note('data'))
  await new Promise<void>((resolve, reject) => {
    stream.on('error', reject)
    stream.on('end', () => {
      note('end')
      resolve()
    })
  })
}

const dispatcher = new HyperDispatcher({ h2c: true })
const agent = new Agent({ client: { h2c: true } })
const rpc = createHttpClient()
const handler = new HyperHttpHandler()

function dispatched(note: Note): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { origin: url, path: '/', method: 'POST', body: source(note), onInfo() {} }
    dispatcher.dispatch(options, {
      onRequestStart: () => note('start'),
      onResponseStart: (_controller, status) => note(status < 200 ? 'informational' : 'head'),
      onResponseData: () => note('data'),
      onResponseEnd() {
        note('end')
        resolve()
      },
      onResponseError: (_controller, error) => reject(error),
      onBodySent: () => note('bodySent'),
      onRequestSent: () => note('requestSent'),
    })
  })
}

async function requested(note: Note): Promise<void> {
  const sent = request(url, { method: 'POST', agent })
  for (const event of ['socket', 'information', 'response', 'finish', 'close']) {
    sent.on(event, () => note(event))
  }
  sent.on('socket', (socket) => {
    for (const event of ['lookup', 'connect', 'ready']) socket.on(event, () => note(event))
  })
  sent.write('x', () => note('written'))
  sent.end(() => note('ended'))
  const [response] = await once(sent, 'response')
  await read(response, note)
}

const FACES: [face: string, ask: Ask][] = [
  ['undici', dispatched],
  ['https', requested],
  [
    'axios',
    async (note) => {
      const { data } = await hyperAdapter({
        url,
        method: 'post',
        data: Readable.from(source(note)),
        httpAgent: agent,
        responseType: 'stream',
        onUploadProgress: () => note('upload'),
        onDownloadProgress: () => note('download'),
        validateStatus(status: number) {
          note('validateStatus')
          return status === 200
        },
      })
      await read(data as Readable, note)
    },
  ],
  [
    'connect',
    async (note) => {
      const header = new Headers({ 'content-type': 'application/grpc' })
      const answer = await rpc({ url, method: 'POST', header, body: source(note) })
      for await (const _ of answer.body) note('piece')
    },
  ],
  [
    'smithy',
    async (note) => {
      const to = { protocol: 'http:', hostname: '127.0.0.1', port, path: '/', method: 'POST', headers: {} }
      const { response } = await handler.handle({ ...to, body: Readable.from(source(note)) })
      await read(response.body, note)
    },
  ],
]

afterAll(async () => {
  // Who threw has left answers unread.
  await dispatcher.destroy()
  agent.destroy()
  rpc.client.destroy()
  handler.destroy()
})

test.each(FACES)('%s', async (face, ask) => {
  const elsewhere: string[] = []
  let noted = 0
  const one = (name: string): Promise<unknown> => {
    const note: Note = (what) => {
      noted += 1
      if (context.getStore() !== name) elsewhere.push(`${what} of ${name} in ${context.getStore()}`)
    }
    return context.run(name, () => ask(note))
  }
  // The first makes the connection, and the others share it.
  await one(`${face} 0`)
  await Promise.all(Array.from({ length: 8 }, (_, at) => one(`${face} ${at + 1}`)))
  expect(elsewhere).toEqual([])
  expect(noted).toBeGreaterThan(9 * 4)
})

const uncaught: unknown[] = []
const caught = (error: unknown): void => void uncaught.push(error)
process.on('uncaughtException', caught)
process.on('unhandledRejection', caught)
afterAll(() => {
  process.off('uncaughtException', caught)
  process.off('unhandledRejection', caught)
})

test.each(FACES)('%s: whatever of one request throws, the others finish', async (_face, ask) => {
  const points = new Set<string>()
  await ask((what) => void points.add(what))
  expect(points.size).toBeGreaterThanOrEqual(2)
  const thrown = new Set<unknown>()
  for (const point of points) {
    const mine = new Error(`thrown at ${point}`)
    thrown.add(mine)
    // It may reject with what was thrown, or go on, or wait for what never comes now; nobody else may.
    const thrower = ask((what) => {
      if (what === point) throw mine
    })
    thrower.catch(() => {})
    const others = Array.from({ length: 3 }, () => ask(() => {}))
    await Promise.all(others)
    await Promise.race([thrower.catch(() => {}), turns(50)])
  }
  await turns()
  // What an event's listener throws is caught by nobody, as with any emitter; and nothing else is.
  expect(uncaught.splice(0).filter((error) => !thrown.has(error))).toEqual([])
})
