// A small API over HTTP/2 for the libraries that stand on fetch.
import { setTimeout as pause } from 'node:timers/promises'
import { startSecure } from './servers.mjs'

const json = (response, status, value, headers = {}) => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(value))
}

async function contentOf(request) {
  const pieces = []
  for await (const piece of request) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** `api.failures` is how often `/flaky` answers 503 before it answers. */
export async function startApi(more = {}) {
  const api = { failures: 0 }
  const routes = {
    '/json': (_request, response) => json(response, 200, { hello: 'there' }),
    '/echo': async (request, response) => {
      const content = await contentOf(request)
      json(response, 200, {
        method: request.method,
        headers: request.headers,
        length: content.length,
        text: content.subarray(0, 100).toString(),
        query: request.url.split('?')[1] ?? '',
      })
    },
    '/missing': (_request, response) => json(response, 404, { error: 'nothing here' }),
    '/flaky': (_request, response) =>
      api.failures-- > 0
        ? json(response, 503, { error: 'busy' }, { 'retry-after': '0' })
        : json(response, 200, {}),
    '/moved': (_request, response) => response.writeHead(302, { location: '/json' }).end(),
    '/nothing': (_request, response) => response.writeHead(204).end(),
    '/bytes': (_request, response) => response.end(Buffer.alloc(1_000_000, 7)),
    '/hang': () => {},
    '/drip': async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' })
      for (const word of ['one ', 'two ', 'three']) {
        response.write(word)
        await pause(5)
      }
      response.end()
    },
    ...more,
  }
  const server = await startSecure(async (request, response) => {
    const path = request.url.split('?')[0]
    response.stream?.on('error', () => {})
    await (routes[path] ?? routes['/missing'])(request, response, contentOf)
  })
  return { ...server, api }
}
