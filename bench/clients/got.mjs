/** got with `http2: true`, or over our `request`. */
import got from 'got'

export const packages = ['got']

export async function open(url, { ca, overHyper }) {
  const client = got.extend({
    ...(overHyper ? await hyperTransport() : { http2: true }),
    https: { certificateAuthority: ca },
    retry: { limit: 0 },
    throwHttpErrors: false,
    decompress: false,
    responseType: 'buffer',
  })
  return {
    async get(path, headers, field) {
      const response = await client(url + path, { headers })
      return { status: response.statusCode, body: response.body, value: response.headers[field] }
    },
    async stream(path, onChunk) {
      const stream = client.stream(url + path)
      await new Promise((resolve, reject) => {
        stream.on('data', onChunk).on('end', resolve).on('error', reject)
      })
      return { status: stream.response.statusCode }
    },
    async upload(path, body) {
      const response = await client.post(url + path, { body })
      return { status: response.statusCode, body: response.body }
    },
    async post(path, json) {
      const response = await client.post(url + path, { json, responseType: 'json' })
      return { status: response.statusCode, value: response.body }
    },
    close() {},
  }
}

async function hyperTransport() {
  const { load } = await import('./built.mjs')
  const { request } = await load('adapters/https.js')
  return { request }
}
