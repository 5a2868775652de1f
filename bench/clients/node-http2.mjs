/** `node:http2`: a session with its defaults, or with large windows; or the `connect` of `hyper-h2/http2` in its place. */
import http2 from 'node:http2'
import { load } from './built.mjs'

export const packages = ['node:http2']

/** MB that a session may hold: with its own 10, it refuses eight uploads of 12.5 MB, and 10,000 streams. */
const MAX_SESSION_MEMORY = 1000

export async function open(url, { ca, window, overHyper = false }) {
  const { connect } = overHyper ? await load('adapters/http2.js') : http2
  return client(connect, url, { ca, window })
}

function client(connect, url, { ca, window }) {
  const options = { ca, maxSessionMemory: MAX_SESSION_MEMORY }
  if (window !== undefined) options.settings = { initialWindowSize: window, enablePush: false }
  const session = connect(url, options)
  if (window !== undefined) session.once('connect', () => session.setLocalWindowSize(2 * window))

  function request(fields, body, onChunk) {
    return new Promise((resolve, reject) => {
      const stream = session.request(fields, { endStream: body === undefined })
      let head
      stream.on('response', (headers) => {
        head = headers
      })
      stream.on('data', onChunk)
      stream.on('end', () => resolve(head))
      stream.on('error', reject)
      if (body !== undefined) stream.end(body)
    })
  }

  async function whole(fields, body) {
    const chunks = []
    const head = await request(fields, body, (chunk) => chunks.push(chunk))
    return { head, status: head[':status'], body: chunks.length === 1 ? chunks[0] : Buffer.concat(chunks) }
  }

  return {
    async get(path, headers, field) {
      const { head, status, body } = await whole({ ':path': path, ...headers })
      return { status, body, value: field === undefined ? undefined : head[field] }
    },
    async stream(path, onChunk) {
      const head = await request({ ':path': path }, undefined, onChunk)
      return { status: head[':status'] }
    },
    upload: (path, bytes) =>
      whole({ ':method': 'POST', ':path': path, 'content-length': bytes.length }, bytes),
    async post(path, value) {
      const text = Buffer.from(JSON.stringify(value))
      const fields = {
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/json',
        'content-length': text.length,
      }
      const { status, body } = await whole(fields, text)
      return { status, value: JSON.parse(body.toString()) }
    },
    close: () => session.destroy(),
  }
}
