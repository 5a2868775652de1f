/** undici's `request`. */
import { undiciClient } from './undici-client.mjs'

export const packages = (options) => [options.package]

export async function open(url, options) {
  const undici = await import(options.package)
  const client = await undiciClient(undici, url, options)
  return {
    async get(path, headers, field) {
      const response = await client.request({ method: 'GET', path, headers })
      const body = new Uint8Array(await response.body.arrayBuffer())
      return { status: response.statusCode, body, value: response.headers[field] }
    },
    async stream(path, onChunk) {
      const response = await client.request({ method: 'GET', path })
      await new Promise((resolve, reject) => {
        response.body.on('data', onChunk).on('end', resolve).on('error', reject)
      })
      return { status: response.statusCode }
    },
    async upload(path, body) {
      // undici 7 sends requests that are not said to be idempotent one at a time.
      const response = await client.request({ method: 'POST', path, body, idempotent: true })
      return { status: response.statusCode, body: new Uint8Array(await response.body.arrayBuffer()) }
    },
    async post(path, value) {
      const headers = { 'content-type': 'application/json' }
      const response = await client.request({
        ...{ method: 'POST', path, headers },
        ...{ body: JSON.stringify(value), idempotent: true },
      })
      return { status: response.statusCode, value: await response.body.json() }
    },
    close: () => client.destroy(),
  }
}
