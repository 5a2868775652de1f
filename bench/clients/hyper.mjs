/** `HTTP20Connection` of this repository. */
import { AdaptiveWindowManager, FixedWindowManager, HTTP20Connection } from './built.mjs'

export { mainEntry as packages } from './built.mjs'

/** The largest window that any stream's manager has granted, in octets. */
let granted = 0

/** The default manager, watched: it grants the same and keeps count. */
class Watched extends AdaptiveWindowManager {
  held = this.initialWindowSize

  onDataConsumed(length) {
    const credit = super.onDataConsumed(length)
    this.held += credit - length
    granted = Math.max(granted, this.held)
    return credit
  }
}

export function open(url, { ca, fixedWindow, watched }) {
  const options = { tls: { ca } }
  if (fixedWindow !== undefined) {
    options.windowManager = FixedWindowManager
    options.settings = { initialWindowSize: fixedWindow }
    options.limits = { connectionWindowSize: 2 * fixedWindow }
  } else if (watched) {
    options.windowManager = { stream: Watched }
  }
  const connection = new HTTP20Connection(url, options)
  return {
    async get(path, headers, field) {
      const response = await connection.getResponse(connection.request('GET', path, { headers }))
      const body = await response.bytes()
      const value = field === undefined ? undefined : response.getHeader(field)
      return { status: response.status, body, value }
    },
    async stream(path, onChunk) {
      const response = await connection.getResponse(connection.request('GET', path))
      const reader = response.body.getReader()
      for (let next = await reader.read(); !next.done; next = await reader.read()) onChunk(next.value)
      return { status: response.status }
    },
    async pieces(path, onChunk) {
      const response = await connection.getResponse(connection.request('GET', path))
      for await (const piece of response) onChunk(piece)
      return { status: response.status }
    },
    async upload(path, bytes) {
      const response = await connection.getResponse(connection.request('POST', path, { body: bytes }))
      return { status: response.status, body: await response.bytes() }
    },
    async post(path, value) {
      const stream = connection.request('POST', path, {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(value),
      })
      const response = await connection.getResponse(stream)
      return { status: response.status, value: await response.json() }
    },
    granted: () => (granted === 0 ? undefined : granted),
    close: () => connection.destroy(),
  }
}
