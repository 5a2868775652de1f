// The server that undici is tried with.
import { gzipSync } from 'node:zlib'
import { startSecure, textOf } from './servers.mjs'
import { acceptConnects } from './websocket-echo.mjs'

export const BIG = Buffer.alloc(3_000_000, 'x')

const ROUTES = {
  '/early': (_request, response) => {
    response.writeEarlyHints({ link: '</a.css>; rel=preload' })
    response.end('late')
  },
  '/trailers': (_request, response) => {
    response.writeHead(200, { trailer: 'x-end' })
    response.write('body')
    response.addTrailers({ 'x-end': 'yes' })
    response.end()
  },
  '/gzip': (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' })
    response.end(gzipSync('unpacked'))
  },
  '/big': (_request, response) => response.end(BIG),
  '/moved': (_request, response) => {
    response.writeHead(302, { location: '/echo' })
    response.end()
  },
  '/silent': () => {},
  '/stalls': (_request, response) => {
    response.writeHead(200)
    response.write('part')
  },
  '/breaks': (_request, response) => {
    response.writeHead(200)
    response.write('part')
    setImmediate(() => response.stream.close(2))
  },
  '/echo': async (request, response) => {
    const body = await textOf(request)
    response.setHeader('set-cookie', ['a=1', 'b=2'])
    response.setHeader('content-type', 'application/json')
    const { method, headers, url, httpVersion } = request
    response.end(JSON.stringify({ method, headers, url, httpVersion, body }))
  },
}

/** Starts the server that every check uses. */
export async function startTarget() {
  let flaky = 0
  const routes = {
    ...ROUTES,
    '/flaky': (_request, response) => {
      flaky += 1
      response.writeHead(flaky % 3 === 0 ? 200 : 503)
      response.end(String(flaky))
    },
  }
  const onRequest = (request, response) => {
    if (request.method === 'CONNECT') return
    response.on('error', () => {})
    const route = routes[request.url.split('?')[0]] ?? routes['/echo']
    Promise.resolve(route(request, response)).catch(() => {})
  }
  return startSecure(onRequest, { settings: { enableConnectProtocol: true } }, acceptConnects)
}
