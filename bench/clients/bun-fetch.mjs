/** Bun's own `fetch`, asked for HTTP/2. */
import { fetchClient } from './fetch-client.mjs'

export const packages = []

export function open(url, { ca }) {
  const options = { tls: { ca }, protocol: 'http2' }
  return fetchClient(
    url,
    (target, init) => fetch(target, { ...init, ...options }),
    () => {},
  )
}
