/**
 * An origin for the demo, the examples and the interop table: `node:http2` when
 * it is given a certificate, HTTP/1.1 in plain text (to stand behind a proxy)
 * when it is not. One handler answers on both.
 */
import { createServer } from 'node:http'
import { createSecureServer } from 'node:http2'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { gzipSync } from 'node:zlib'
import { contentOf, sha256 } from './content.mjs'

export const SMALL = 'Hello over HTTP/2.\n'
export const PUSHED = 'body { font-family: serif }\n'
export const PAGE = `<!doctype html>\n<title>Page</title>\n${'<p>The same line, many times over.</p>\n'.repeat(200)}`
export const FIELD_COUNT = 200

/** The fields `x-field-1` to `x-field-200`, each with a value of its own, as pairs. */
export function manyFields() {
  return Array.from({ length: FIELD_COUNT }, (_, i) => [`x-field-${i + 1}`, `value ${(i + 1) * 7919}`])
}

const text = (body) => (_request, response) => response.end(body)

const ROUTES = {
  '/': push('text/html', PAGE),
  '/small.txt': text(SMALL),
  '/page.html': page,
  '/push': push('text/plain', SMALL),
  '/pushed.txt': text(PUSHED),
  '/fields': fields,
  '/trailers': trailers,
  '/upload': async (request, response) => response.end(await sha256(request)),
}

/**
 * Starts to listen on a free port of the loopback interface.
 *
 * @param {{ key: string, cert: string }} [certificate]
 * @returns {Promise<{ port: number, close: () => Promise<void> }>}
 */
export async function startOrigin(certificate) {
  const server = certificate ? createSecureServer({ ...certificate, allowHTTP1: true }) : createServer()
  const sockets = new Set()
  server.on(certificate ? 'secureConnection' : 'connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('request', answer)
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    port: server.address().port,
    close: () =>
      new Promise((closed) => {
        server.close(closed)
        for (const socket of sockets) socket.destroy()
      }),
  }
}

async function answer(request, response) {
  // A client that goes away in the middle is no failure of the origin.
  response.on('error', () => {})
  request.on('error', () => {})
  const { pathname } = new URL(request.url, 'https://localhost')
  try {
    response.setHeader('content-type', 'text/plain')
    await routeOf(pathname)(request, response)
  } catch {
    response.stream?.destroy() ?? response.destroy()
  }
}

function routeOf(path) {
  if (path in ROUTES) return ROUTES[path]
  const bytes = /^\/bytes\/(\d{1,10})$/.exec(path)
  if (bytes) return (_request, response) => sendBytes(Number(bytes[1]), response)
  if (path.startsWith('/httpbin/')) return echo
  return (_request, response) => {
    response.statusCode = 404
    response.end('404: nothing here\n')
  }
}

async function sendBytes(length, response) {
  response.setHeader('content-type', 'application/octet-stream')
  response.setHeader('content-length', length)
  await pipeline(Readable.from(contentOf(length)), response)
}

function page(request, response) {
  response.setHeader('content-type', 'text/html')
  if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return response.end(PAGE)
  response.setHeader('content-encoding', 'gzip')
  response.end(gzipSync(PAGE))
}

function fields(_request, response) {
  for (const [name, value] of manyFields()) response.setHeader(name, value)
  response.end(SMALL)
}

function trailers(_request, response) {
  response.setHeader('trailer', 'x-trailer')
  response.write(SMALL)
  response.addTrailers({ 'x-trailer': 'done' })
  response.end()
}

/** Pushes `/pushed.txt` where the connection allows it, and names it for a proxy that pushes. */
function push(type, body) {
  return (_request, response) => {
    const { stream } = response
    if (stream?.pushAllowed) {
      stream.pushStream({ ':path': '/pushed.txt' }, (error, pushed) => {
        if (error) return
        pushed.on('error', () => {})
        pushed.respond({ ':status': 200, 'content-type': 'text/plain' })
        pushed.end(PUSHED)
      })
    }
    response.setHeader('link', '</pushed.txt>; rel=preload')
    response.setHeader('content-type', type)
    response.end(body)
  }
}

/** Tells the request back as JSON, as httpbin does. */
async function echo(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'https://localhost')
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const data = Buffer.concat(chunks).toString()
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => name[0] !== ':'))
  const status = /^\/httpbin\/status\/(\d{3})$/.exec(pathname)
  if (status) response.statusCode = Number(status[1])
  response.setHeader('content-type', 'application/json')
  const json = headers['content-type']?.includes('json') ? JSON.parse(data) : null
  const told = {
    method: request.method,
    url: request.url,
    args: Object.fromEntries(searchParams),
    headers,
    data,
    json,
  }
  response.end(JSON.stringify(told, null, 2))
}
