/** Whom TLS has to meet: what callers say of it counts, and requests of another name share no connection. */
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { hyperAdapter } from '../../src/adapters/axios.ts'
import { Agent, request as send } from '../../src/adapters/https.ts'
import type { DispatchOptions } from '../../src/adapters/undici.ts'
import { HyperDispatcher } from '../../src/adapters/undici.ts'
import { MemoryOrigin } from '../../src/testing/index.ts'
import type { Dial } from '../../src/testing/transport-shape.ts'
import { Recorder } from './recorder.ts'

/** An origin, and the names that dials to it asked TLS for. */
function watched(): { origin: MemoryOrigin; names: unknown[]; transport: Dial } {
  const origin = new MemoryOrigin(() => ({ body: '' }))
  const names: unknown[] = []
  const transport: Dial = (target, options, signal) => {
    names.push(options.tls?.servername)
    return origin.dial(target, options, signal)
  }
  return { origin, names, transport }
}

const OF_DISPATCH: [what: string, options: Partial<DispatchOptions>, name: string | undefined][] = [
  ['nothing said', {}, undefined],
  [
    'a name for an address, as interceptors.dns() gives it',
    { origin: 'https://192.0.2.1', servername: 'a.test' },
    'a.test',
  ],
  ['the origin itself', { servername: 'a.test' }, undefined],
  ['null', { servername: null }, undefined],
  ['an empty name', { servername: '' }, undefined],
  ['a host field', { headers: { host: 'b.test:8443' } }, 'b.test'],
  ['a host field that is an address', { headers: { host: '192.0.2.1:443' } }, undefined],
  ['a host field that is an address of IPv6', { headers: { host: '[2001:db8::1]:443' } }, undefined],
  ['a name before a host field', { servername: 'c.test', headers: { host: 'b.test' } }, 'c.test'],
  ['plain text', { origin: 'http://a.test', servername: 'b.test' }, undefined],
]

test.each(OF_DISPATCH)('a dispatcher: %s', async (_what, options, name) => {
  const { names, transport } = watched()
  const dispatcher = new HyperDispatcher({ transport, h2c: true })
  const recorder = new Recorder('new')
  dispatcher.dispatch({ origin: 'https://a.test', path: '/', method: 'GET', ...options }, recorder.handler)
  expect(await recorder.over).toBe('end')
  expect(names).toEqual([name])
  dispatcher.destroy()
})

test('a dispatcher shares connections by origin and name', async () => {
  const { names, origin, transport } = watched()
  const dispatcher = new HyperDispatcher({ transport })
  for (const servername of ['a.test', 'b.test', 'A.test', undefined, 'b.test']) {
    const recorder = new Recorder('new')
    dispatcher.dispatch(
      { origin: 'https://192.0.2.1', path: '/', method: 'GET', servername },
      recorder.handler,
    )
    await recorder.over
  }
  expect(names).toEqual(['a.test', 'b.test', undefined])
  expect(origin.requests.map(({ authority }) => authority)).toEqual(Array(5).fill('192.0.2.1'))
  dispatcher.destroy()
})

test.each([
  ['a name that no host has', 'a b'],
  ['what is no text', 5],
])('a dispatcher refuses %s', async (_what, servername) => {
  const { names, transport } = watched()
  const dispatcher = new HyperDispatcher({ transport })
  const recorder = new Recorder('new')
  const options = { origin: 'https://a.test', path: '/', method: 'GET', servername } as DispatchOptions
  dispatcher.dispatch(options, recorder.handler)
  expect(await recorder.over).toBe('error')
  expect(recorder.error.code).toBe('UND_ERR_INVALID_ARG')
  expect(names).toEqual([])
  dispatcher.destroy()
})

test.each<[what: string, host: string | undefined, agent: { servername?: string }, name: string | undefined]>(
  [
    ['nothing said', undefined, {}, undefined],
    ['a host field', 'b.test:8443', {}, 'b.test'],
    ['the host of the URL', 'A.test', {}, undefined],
    ['an address', '192.0.2.1', {}, undefined],
    ['the agent says it', 'b.test', { servername: 'c.test' }, 'c.test'],
  ],
)('axios and https: %s', async (_what, host, options, name) => {
  const { names, transport } = watched()
  const headers = host === undefined ? {} : { host }
  for (const ask of [
    (agent: Agent) => hyperAdapter({ url: 'https://a.test/', method: 'get', headers, httpsAgent: agent }),
    async (agent: Agent) => {
      const [response] = await once(send('https://a.test/', { agent, headers }).end(), 'response')
      response.resume()
      await once(response, 'close')
    },
  ]) {
    const agent = new Agent({ ...options, client: { transport } })
    await ask(agent)
    agent.destroy()
  }
  expect(names).toEqual([name, name])
})
