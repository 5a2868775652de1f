/** The `fetch` that is part of Node 26 and later, which uses HTTP/2 unasked. It learns the certificate from NODE_EXTRA_CA_CERTS. */
import { fetchClient } from './fetch-client.mjs'

export const packages = []

export function open(url) {
  return fetchClient(url, globalThis.fetch, () => {})
}
