// Servers on loopback for compatibility scripts, each with a certificate of its own.
import { createServer } from 'node:http'
import { createSecureServer } from 'node:http2'
import { generate } from 'selfsigned'

/** PEM texts of a certificate for loopback names, its own authority. */
export async function makeCertificate() {
  const altNames = [
    { type: 2, value: 'localhost' },
    { type: 7, ip: '127.0.0.1' },
  ]
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames }],
  })
  return { key, cert }
}

/**
 * An HTTPS server that speaks HTTP/2, and HTTP/1.1 too if `allowHTTP1`. `listen`
 * is given the server before it listens, for handlers of streams and the like.
 */
export async function startSecure(onRequest, options = {}, listen = () => {}) {
  const { key, cert } = await makeCertificate()
  const server = createSecureServer({ key, cert, ...options }, onRequest)
  listen(server)
  return started(server, 'secureConnection', 'https', cert)
}

/** A plain HTTP/1.1 server. */
export async function startPlain(onRequest, listen = () => {}) {
  const server = createServer(onRequest)
  listen(server)
  return started(server, 'connection', 'http', undefined)
}

async function started(server, event, scheme, cert) {
  const sockets = new Set()
  let connections = 0
  server.on(event, (socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    server,
    cert,
    origin: `${scheme}://localhost:${server.address().port}`,
    get connections() {
      return connections
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/** All of a request's content, as text. */
export async function textOf(stream) {
  const pieces = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}
