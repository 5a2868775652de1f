/** Servers behind a Unix domain socket: whoever names its path gets there, and shares no connection with others. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hyperAdapter } from '../../src/adapters/axios.ts'
import { Agent, get, globalAgent } from '../../src/adapters/https.ts'
import { HyperDispatcher } from '../../src/adapters/undici.ts'
import { Client } from '../../src/index.ts'
import { Recorder } from './recorder.ts'

const folder = mkdtempSync(join(tmpdir(), 'hyper-'))
const paths = ['a', 'b'].map((name) => join(folder, name))
const servers = paths.map((path) =>
  http.createServer((request, response) => response.end(`${path} ${request.headers.host} ${request.url}`)),
)

beforeAll(async () => {
  for (const [at, server] of servers.entries()) await once(server.listen(paths[at]), 'listening')
})
afterAll(async () => {
  await globalAgent.close()
  for (const server of servers) server.close()
  rmSync(folder, { recursive: true })
})

const URL_ = 'http://a.test:81/x'

async function byHttps(options: object): Promise<string> {
  const [response] = await once(get(URL_, options), 'response')
  let text = ''
  for await (const piece of response) text += piece
  return text
}

test('Client', async () => {
  await using client = new Client({ socketPath: paths[0] })
  expect(await (await client.request(URL_)).text()).toBe(`${paths[0]} a.test:81 /x`)
})

test('a dispatcher', async () => {
  const dispatcher = new HyperDispatcher({ socketPath: paths[0] })
  const told = new Recorder('new')
  dispatcher.dispatch({ origin: 'http://a.test:81', path: '/x', method: 'GET' }, told.handler)
  await told.over
  expect(told.text).toBe(`${paths[0]} a.test:81 /x`)
  await dispatcher.close()
})

test('https, by request', async () => {
  expect(await byHttps({ socketPath: paths[0] })).toBe(`${paths[0]} a.test:81 /x`)
  expect(await byHttps({ socketPath: paths[1] })).toBe(`${paths[1]} a.test:81 /x`)
})

test('https, by agent', async () => {
  const agent = new Agent({ socketPath: paths[1] } as object)
  expect(await byHttps({ agent, socketPath: paths[0] })).toBe(`${paths[1]} a.test:81 /x`)
  await agent.close()
})

test('axios', async () => {
  for (const socketPath of paths) {
    const { data } = await hyperAdapter({ url: URL_, method: 'get', socketPath, proxy: false })
    expect(data).toBe(`${socketPath} a.test:81 /x`)
  }
})
