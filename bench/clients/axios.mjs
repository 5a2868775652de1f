/** axios with `httpVersion: 2`, or over our adapter. */
import axios from 'axios'

export const packages = ['axios']

export async function open(url, { ca, overHyper }) {
  const client = axios.create({
    baseURL: url,
    ...(overHyper ? await hyperTransport(ca) : http2Transport(ca)),
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

function http2Transport(ca) {
  return { adapter: 'http', httpVersion: 2, http2Options: { ca, maxSessionMemory: 1000 } }
}

async function hyperTransport(ca) {
  const { load } = await import('./built.mjs')
  const { hyperAdapter } = await load('adapters/axios.js')
  const { Agent } = await load('adapters/https.js')
  return { adapter: hyperAdapter, httpsAgent: new Agent({ ca }) }
}
