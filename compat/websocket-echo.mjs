// A WebSocket server in a few lines: echoes text and close frames of less than 126 octets (RFC 6455 §5.2).
import { createHash } from 'node:crypto'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** Echoes on a stream whose handshake is done. */
export function echo(stream) {
  let rest = Buffer.alloc(0)
  stream.on('error', () => {})
  stream.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 6) {
      const length = rest[1] & 0x7f
      if (rest.length < 6 + length) return
      const opcode = rest[0] & 0x0f
      const mask = rest.subarray(2, 6)
      const payload = Buffer.from(rest.subarray(6, 6 + length).map((octet, i) => octet ^ mask[i % 4]))
      rest = rest.subarray(6 + length)
      stream.write(Buffer.concat([Buffer.from([0x80 | opcode, length]), payload]))
      if (opcode === 8) stream.end()
    }
  })
}

/** WebSockets over HTTP/2 (RFC 8441), and tunnels that echo (RFC 9113 §8.5). */
export function acceptConnects(server) {
  // Without a listener each would be answered 405.
  server.on('connect', () => {})
  server.on('stream', (stream, headers) => {
    if (headers[':method'] !== 'CONNECT') return
    stream.on('error', () => {})
    if (headers[':path'] === '/refused') {
      stream.respond({ ':status': 403 }, { endStream: true })
      return
    }
    stream.respond({ ':status': 200, 'x-authority': headers[':authority'] })
    if (headers[':protocol'] === 'websocket') echo(stream)
    else stream.pipe(stream)
  })
}

/** WebSockets over HTTP/1.1. */
export function acceptUpgrades(server) {
  server.on('upgrade', (request, socket) => {
    const accept = createHash('sha1')
      .update(request.headers['sec-websocket-key'] + GUID)
      .digest('base64')
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    )
    echo(socket)
  })
}

/** Opens, says hello, hears it, closes. */
export function helloOver(WebSocket, url, options) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, options)
    let heard
    socket.onopen = () => socket.send('hello')
    socket.onmessage = ({ data }) => {
      heard = data
      socket.close(1000)
    }
    socket.onerror = (event) => reject(event.error ?? new Error(event.message ?? 'no WebSocket'))
    socket.onclose = () => resolve(heard)
  })
}
