/**
 * Where a request goes is what the caller's library says: each face, with every
 * confusing target, dials the host that the library's own transport dials, and
 * sends the same authority and path, or refuses.
 */
import { once } from 'node:events'
import type http from 'node:http'
import https from 'node:https'
import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hyperAdapter } from '../../src/adapters/axios.ts'
import { createHttpClient } from '../../src/adapters/connect.ts'
import { Agent, request as send } from '../../src/adapters/https.ts'
import { HyperHttpHandler } from '../../src/adapters/smithy.ts'
import { HyperDispatcher } from '../../src/adapters/undici.ts'
import { Client, HTTP20Connection } from '../../src/index.ts'
import { GENERATIONS, type Generation, Recorder } from './recorder.ts'
import { type Arrival, type Ask, arrivalOf, corpus, isName } from './targets.ts'

const SAFE_HOST = 'good.test'

/** Sends of faces that are given host and path apart. */
const dispatched =
  (generation: Generation): Ask =>
  async (host, path, transport) => {
    const dispatcher = new HyperDispatcher({ transport })
    const recorder = new Recorder(generation)
    dispatcher.dispatch({ origin: `https://${host}`, path, method: 'GET' }, recorder.handler)
    const last = await recorder.over
    dispatcher.destroy()
    if (last === 'error') throw recorder.error
  }

const asked = async (request: http.ClientRequest): Promise<void> => {
  const [response] = await once(request, 'response')
  response.resume()
  await once(response, 'close')
}

const byOptions: Ask = async (hostname, path, transport) => {
  const agent = new Agent({ client: { transport } })
  await asked(send({ hostname, path, agent }).end()).finally(() => agent.destroy())
}

const byBridge: Ask = async (hostname, path, transport) => {
  const agent = new Agent({ client: { transport } })
  await asked(https.request({ hostname, path, agent }).end()).finally(() => agent.destroy())
}

const bySmithy: Ask = async (hostname, path, transport) => {
  const handler = new HyperHttpHandler({ transport })
  const request = { protocol: 'https:', hostname, path, method: 'GET', headers: {} }
  const { response } = await handler.handle(request).finally(() => setImmediate(() => handler.destroy()))
  response.body.resume()
}

/** Sends of faces that are given a URL. */
const byUrl: { readonly [face: string]: Ask } = {
  'Client.request': async (host, path, transport) => {
    await using client = new Client({ transport })
    await (await client.request(`https://${host}${path}`)).text()
  },
  fetch: async (host, path, transport) => {
    await using client = new Client({ transport })
    await (await client.fetch(`https://${host}${path}`)).text()
  },
  axios: async (host, path, transport) => {
    const agent = new Agent({ client: { transport } })
    const config = { url: `https://${host}${path}`, method: 'get', httpsAgent: agent }
    await hyperAdapter(config).finally(() => agent.destroy())
  },
  connect: async (host, path, transport) => {
    const send = createHttpClient({ transport })
    const response = await send({ url: `https://${host}${path}`, method: 'GET', header: new Headers() })
    for await (const _ of response.body);
    await send.close()
  },
  https: async (host, path, transport) => {
    const agent = new Agent({ client: { transport } })
    await asked(send(`https://${host}${path}`, { agent }).end()).finally(() => agent.destroy())
  },
}

const targets: (readonly [host: string, path: string])[] = [
  ...corpus.hosts.map((host) => [host, '/'] as const),
  ...corpus.paths.map((path) => [SAFE_HOST, path] as const),
]

test('the corpus has what it promises', () => {
  expect(targets.length).toBeGreaterThanOrEqual(200)
  expect(corpus.undici.hosts).toHaveLength(corpus.hosts.length)
  expect(corpus.undici.paths).toHaveLength(corpus.paths.length)
})

/** RFC 9113 §8.3.1: what HTTP/1.1 libraries send all the same is refused, or escaped as a URL has it. */
function asHttp2(path: string): string | undefined {
  return path.includes('#') ? undefined : path.replace(/[\x80-\xff]/g, encodeURIComponent)
}

describe.each(GENERATIONS)('as undici, a handler that is %s', (generation) => {
  const ask = dispatched(generation)

  test.each(corpus.hosts.map((host, at) => [host, corpus.undici.hosts[at]!] as const))(
    'origin https://%s',
    async (host, recorded) => {
      // Nothing listens on port 0.
      const expected = host.endsWith(':0') ? null : recorded
      expect(await arrivalOf(ask, host, '/')).toEqual(expected)
    },
  )

  test.each(corpus.paths.map((path, at) => [path, corpus.undici.paths[at]!] as const))(
    'path %j',
    async (path, recorded) => {
      const sent = asHttp2(path)
      const expected = recorded === null || sent === undefined ? null : [recorded[0], recorded[1], sent]
      expect(await arrivalOf(ask, SAFE_HOST, path)).toEqual(expected)
    },
  )
})

/** A name as URLs, and systems, read it; undefined if it is none. */
function canonical(host: string): string | undefined {
  const address = isIP(host.replace(/^\[|\]$/g, '')) === 6
  if (!address && !isName(host)) return undefined
  try {
    return new URL(`https://${address && !host.startsWith('[') ? `[${host}]` : host}/`).host
  } catch {
    return undefined
  }
}

/** What `node:https` dials and writes, of which nothing is sent; undefined if it throws. */
function nodes(
  hostname: string,
  path: string,
): { host: string; authority: string; path: string } | undefined {
  let host = ''
  const addRequest = (_request: unknown, options: { host: string }): void => {
    host = options.host
  }
  try {
    const agent = { addRequest, protocol: 'https:', defaultPort: 443 } as never
    const request = https.request({ hostname, path, agent })
    request.end()
    const { _header: head } = request as never as { _header: string }
    const [, target = '', authority = ''] = /^GET (.*) HTTP\/1\.1\r\nHost: (.*)\r\n/.exec(head)!
    return { host, authority, path: target }
  } catch {
    return undefined
  }
}

describe.each<[face: string, ask: Ask, starts: RegExp]>([
  // RFC 9112 §3.2.1: where a path is empty, a slash is sent.
  ['hyper-h2/https', byOptions, /^[/?][!-~\x80-\xff]*$/],
  // Node's parser takes no octets beyond ASCII.
  ['node:https through its Agent', byBridge, /^\/[!-~]*$/],
])('as node:https: %s', (_face, ask, fit) => {
  test.each(corpus.hosts)('hostname %j', async (host) => {
    const node = nodes(host, '/')
    const name = canonical(host)
    const arrival = await arrivalOf(ask, host, '/')
    if (node === undefined || name === undefined) {
      expect(arrival).toBe(null)
      return
    }
    expect(node.host).toBe(host)
    // Names of other scripts have a form for requests, which Node does not write.
    const authority = /^[\0-\x7f]*$/.test(host) ? node.authority : name
    expect(arrival).toEqual([name.replace(/^\[|\]$/g, ''), authority.replace(/^\[\[|\]\]$/g, ''), '/'])
  })

  test.each(corpus.paths)('path %j', async (path) => {
    const node = nodes(SAFE_HOST, path)
    const sent = node === undefined ? undefined : asHttp2(node.path)
    const refused = sent === undefined || !fit.test(node!.path)
    const expected = refused ? null : [SAFE_HOST, SAFE_HOST, sent.replace(/^\?/, '/?')]
    expect(await arrivalOf(ask, SAFE_HOST, path)).toEqual(expected)
  })
})

describe('as smithy', () => {
  test.each(corpus.hosts)('hostname %j', async (host) => {
    const name = canonical(host)
    const expected = name === undefined ? null : [name.replace(/^\[|\]$/g, ''), name, '/']
    expect(await arrivalOf(bySmithy, host, '/')).toEqual(expected)
  })

  test.each(corpus.paths)('path %j', async (path) => {
    const sent = asHttp2(path.startsWith('/') ? path : `/${path}`)
    const expected = sent === undefined || /[^!-~]/.test(sent) ? null : [SAFE_HOST, SAFE_HOST, sent]
    expect(await arrivalOf(bySmithy, SAFE_HOST, path)).toEqual(expected)
  })
})

/** Pieces of which names are made that are read in two ways. */
const PIECE = fc.constantFrom(
  ...'good.test evil.test # ? / // \\ @ : :443 % %2e %23 [ ] ::1 . .. \t \n \0 ; 127 0x7f é ß ／ 。'.split(
    ' ',
  ),
)

test.each<[face: string, ask: Ask]>([
  ['hyper-h2/https', byOptions],
  ['smithy', bySmithy],
])('%s: a host is dialled as a whole, or not at all', async (_face, ask) => {
  await fc.assert(
    fc.asyncProperty(fc.array(PIECE, { minLength: 1, maxLength: 5 }), async (pieces) => {
      const host = pieces.join('')
      const arrival = await arrivalOf(ask, host, '/')
      if (arrival !== null) expect(arrival[0]).toBe(canonical(host)?.replace(/^\[|\]$/g, ''))
    }),
    { numRuns: 300 },
  )
})

describe.each(Object.entries(byUrl))('as a URL: %s', (face, ask) => {
  test.each(targets)('https://%s%s', async (host, path) => {
    expect(await arrivalOf(ask, host, path)).toEqual(urlArrival(face, `https://${host}${path}`))
  })
})

/** Faces of this package keep an empty query (RFC 3986 §6.2.3); libraries put a path together without. */
const KEEPS_EMPTY_QUERY: readonly string[] = ['Client.request', 'fetch']
/** These make a field of what is in front of the host. */
const TAKES_CREDENTIALS: readonly string[] = ['axios', 'https']

/** Where the URL standard sends it. */
function urlArrival(face: string, text: string): Arrival {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    return null
  }
  const named = url.username !== '' || url.password !== ''
  // Node takes no port for its own default.
  if (url.port === '0' && face === 'https') url.port = ''
  // RFC 3986 §3.2.2: the standard lets through what no host has.
  if (/["`{}]/.test(url.hostname)) return null
  if (url.port === '0' || (named && !TAKES_CREDENTIALS.includes(face))) return null
  const bare = url.href.replace(/#.*$/s, '')
  const empty = bare.endsWith('?') && url.search === '' && KEEPS_EMPTY_QUERY.includes(face) ? '?' : ''
  return [url.hostname.replace(/^\[|\]$/g, ''), url.host, `${url.pathname}${url.search}${empty}`]
}

describe('one connection of one origin', () => {
  const byTarget: Ask = async (host, path, transport) => {
    await using connection = new HTTP20Connection(host, { transport })
    await (await connection.getResponse(connection.request('GET', path))).text()
  }
  const byPath: Ask = async (host, path, transport) => {
    await using client = new Client({ transport })
    await (await client.request(`https://${host}/`, { path })).text()
  }

  test.each<[string, Ask]>([
    ['HTTP20Connection', byTarget],
    ['Client.request', byPath],
  ])('%s sends each path as it stands, or refuses it', async (_face, ask) => {
    for (const path of corpus.paths) {
      const fit = path === '' || /^\/[!"$-~]*$/.test(path)
      expect(await arrivalOf(ask, SAFE_HOST, path)).toEqual(fit ? [SAFE_HOST, SAFE_HOST, path || '/'] : null)
    }
  })

  test.each(corpus.hosts)(
    'HTTP20Connection of %j: no other host than the one that stands there',
    async (host) => {
      const arrival = await arrivalOf(byTarget, host, '/')
      if (arrival === null) return
      const expected = new URL(host.includes('://') ? host : `https://${host}`)
      expect(arrival).toEqual([expected.hostname.replace(/^\[|\]$/g, ''), expected.host, '/'])
      expect(host).not.toMatch(/[#?@\\\s]|[^:/]\/./)
    },
  )
})
