/** `node:tls` alone: what a connection costs before there is any HTTP/2. It says the preface and is silent. */
import { once } from 'node:events'
import { connect } from 'node:tls'

export const packages = ['node:tls']

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'

export function open(url, { ca }) {
  const { hostname: host, port } = new URL(url)
  const socket = connect({ host, port: Number(port), ca, ALPNProtocols: ['h2'] })
  socket.resume()
  return {
    async connect() {
      await once(socket, 'secureConnect')
      socket.write(Buffer.from(PREFACE, 'latin1'))
    },
    close: () => socket.destroy(),
  }
}
