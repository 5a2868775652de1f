/** What every `fetch` has in common: the methods of a client over one function. */

/**
 * @param {string} url the origin
 * @param {(url: string, init?: object) => Promise<Response>} fetch
 * @param {() => unknown} close
 */
export function fetchClient(url, fetch, close) {
  return {
    async get(path, headers, field) {
      const response = await fetch(url + path, headers === undefined ? undefined : { headers })
      const body = new Uint8Array(await response.arrayBuffer())
      const value = field === undefined ? undefined : response.headers.get(field)
      return { status: response.status, body, value }
    },
    async stream(path, onChunk) {
      const response = await fetch(url + path)
      const reader = response.body.getReader()
      for (let next = await reader.read(); !next.done; next = await reader.read()) onChunk(next.value)
      return { status: response.status }
    },
    async upload(path, bytes) {
      const response = await fetch(url + path, { method: 'POST', body: bytes })
      return { status: response.status, body: new Uint8Array(await response.arrayBuffer()) }
    },
    async post(path, value) {
      const response = await fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(value),
      })
      return { status: response.status, value: await response.json() }
    },
    close,
  }
}
