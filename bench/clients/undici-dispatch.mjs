/** undici's `dispatch`, its lowest and fastest interface. */
import { undiciClient } from './undici-client.mjs'

export const packages = (options) => [options.package]

/** Gathers a response; its calls are those of undici 7 and 8. */
class Handler {
  constructor(resolve, reject, onChunk) {
    this.resolve = resolve
    this.reject = reject
    this.chunks = []
    this.onChunk = onChunk
  }

  onRequestStart() {}

  onResponseStart(_controller, status, headers) {
    this.status = status
    this.headers = headers
  }

  onResponseData(_controller, chunk) {
    if (this.onChunk === undefined) this.chunks.push(chunk)
    else this.onChunk(chunk)
  }

  onResponseEnd() {
    const { chunks } = this
    this.resolve({
      status: this.status,
      headers: this.headers,
      body: chunks.length === 1 ? chunks[0] : Buffer.concat(chunks),
    })
  }

  onResponseError(_controller, error) {
    this.reject(error)
  }
}

export async function open(url, options) {
  const undici = await import(options.package)
  const client = await undiciClient(undici, url, options)
  const dispatch = (request, onChunk) =>
    new Promise((resolve, reject) =>
      client.dispatch({ origin: url, ...request }, new Handler(resolve, reject, onChunk)),
    )
  return {
    async get(path, headers, field) {
      const { status, headers: fields, body } = await dispatch({ method: 'GET', path, headers })
      return { status, body, value: fields[field] }
    },
    stream: (path, onChunk) => dispatch({ method: 'GET', path }, onChunk),
    // undici 7 sends requests that are not said to be idempotent one at a time.
    upload: (path, body) => dispatch({ method: 'POST', path, body, idempotent: true }),
    async post(path, value) {
      const headers = { 'content-type': 'application/json' }
      const { status, body } = await dispatch({
        ...{ method: 'POST', path, headers },
        ...{ body: JSON.stringify(value), idempotent: true },
      })
      return { status, value: JSON.parse(body.toString()) }
    },
    close: () => client.destroy(),
  }
}
