/** `Client.request` of this repository: a pool, and responses without objects of the platform. */
import { Client } from './built.mjs'

export { mainEntry as packages } from './built.mjs'

export function open(url, { ca }) {
  const client = new Client({ tls: { ca } })
  return {
    async get(path, headers, field) {
      const response = await client.request(url + path, headers === undefined ? undefined : { headers })
      const body = await response.bytes()
      const value = field === undefined ? undefined : response.getHeader(field)
      return { status: response.status, body, value }
    },
    async stream(path, onChunk) {
      const response = await client.request(url + path)
      const reader = response.body.getReader()
      for (let next = await reader.read(); !next.done; next = await reader.read()) onChunk(next.value)
      return { status: response.status }
    },
    async upload(path, bytes) {
      const response = await client.request(url + path, { method: 'POST', body: bytes })
      return { status: response.status, body: await response.bytes() }
    },
    async post(path, value) {
      const response = await client.request(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(value),
      })
      return { status: response.status, value: await response.json() }
    },
    close: () => client.destroy(),
  }
}
