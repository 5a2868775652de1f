/** Deno's own `fetch`. */
import { fetchClient } from './fetch-client.mjs'

export const packages = []

export function open(url, { ca }) {
  const client = globalThis.Deno.createHttpClient({ caCerts: [ca], http1: false, http2: true })
  return fetchClient(
    url,
    (target, init) => fetch(target, { ...init, client }),
    () => client.close(),
  )
}
