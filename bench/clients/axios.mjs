/** axios with `httpVersion: 2`. */
import axios from 'axios'

export const packages = ['axios']

export function open(url, { ca }) {
  const client = axios.create({
    baseURL: url,
    adapter: 'http',
    httpVersion: 2,
    http2Options: { ca, maxSessionMemory: 1000 },
    proxy: false,
    decompress: false,
    maxRedirects: 0,
    maxBodyLength: Number.POSITIVE_INFINITY,
    validateStatus: null,
    responseType: 'arraybuffer',
  })
  return {
    async get(path, headers, field) {
      const { status, data, headers: fields } = await client.get(path, { headers })
      return { status, body: data, value: fields[field] }
    },
    async stream(path, onChunk) {
      const { status, data } = await client.get(path, { responseType: 'stream' })
      await new Promise((resolve, reject) => {
        data.on('data', onChunk).on('end', resolve).on('error', reject)
      })
      return { status }
    },
    async upload(path, bytes) {
      const { status, data } = await client.post(
        path,
        Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
      )
      return { status, body: data }
    },
    async post(path, value) {
      const { status, data } = await client.post(path, value, { responseType: 'json' })
      return { status, value: data }
    },
    close() {},
  }
}
