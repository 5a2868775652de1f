// What the scripts of libraries with the shape of node:https talk to: one server
// whose paths each try one thing.
import { createHash } from 'node:crypto'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { startSecure, textOf } from './servers.mjs'

export const BIG = Buffer.alloc(3_000_000, 'hyper ')

const PATHS = {
  '/json': (_request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end('{"ok":true}')
  },
  '/echo': async (request, response) => {
    const body = await textOf(request)
    const { method, headers, url, httpVersion } = request
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ method, headers, url, httpVersion, body }))
  },
  '/hash': async (request, response) => {
    const hash = createHash('sha256')
    let length = 0
    for await (const piece of request) {
      hash.update(piece)
      length += piece.length
    }
    response.end(JSON.stringify({ length, sha256: hash.digest('hex') }))
  },
  '/big': (_request, response) => response.end(BIG),
  '/gzip': (_request, response) => {
    response.setHeader('content-encoding', 'gzip')
    response.end(gzipSync(BIG))
  },
  '/br': (_request, response) => {
    response.setHeader('content-encoding', 'br')
    response.end(brotliCompressSync('brotli'))
  },
  '/404': (_request, response) => {
    response.statusCode = 404
    response.end('{"missing":true}')
  },
  '/500': (_request, response) => {
    response.statusCode = 500
    response.end('broken')
  },
  '/redirect': (request, response) =>
    redirect(response, 302, `/echo?${new URL(request.url, 'https://a').search.slice(1)}`),
  '/redirect-307': (_request, response) => redirect(response, 307, '/echo'),
  '/redirect-loop': (_request, response) => redirect(response, 302, '/redirect-loop'),
  '/redirect-away': (request, response) =>
    redirect(response, 302, new URL(request.url, 'https://a').searchParams.get('to')),
  '/cookies': (_request, response) => {
    response.setHeader('set-cookie', ['a=1', 'b=2'])
    response.end('two')
  },
  '/trailers': (_request, response) => {
    response.write('body')
    response.addTrailers({ 'x-digest': 'abc' })
    response.end()
  },
  '/hints': (_request, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' })
    response.end('hinted')
  },
  '/slow': () => {},
  '/stall': (_request, response) => response.write('first'),
  '/cut': (_request, response) => {
    response.write('first')
    setTimeout(() => response.stream.close(2), 20)
  },
  '/reset': (_request, response) => response.stream.close(2),
}

/** Starts it. `counts` says how often each path was asked for. */
export async function startLibraryServer() {
  const counts = new Map()
  const open = new Set()
  const server = await startSecure(
    (request, response) => {
      const path = request.url.split('?')[0]
      counts.set(path, (counts.get(path) ?? 0) + 1)
      request.on('error', () => {})
      response.on('error', () => {})
      open.add(response)
      response.stream.once('close', () => open.delete(response))
      const answer = PATHS[path]
      if (answer === undefined) {
        response.statusCode = 404
        response.end()
      } else Promise.resolve(answer(request, response)).catch(() => {})
    },
    {},
    (http2) =>
      http2.on('checkContinue', (request, response) => {
        response.writeContinue()
        PATHS['/echo'](request, response)
      }),
  )
  /** Resolves once the server has no stream open. */
  const quiet = async () => {
    while (open.size > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return Object.assign(server, { counts, quiet })
}

function redirect(response, status, location) {
  response.statusCode = status
  response.setHeader('location', location)
  response.end()
}
