/** `Client.fetch` of this repository: the function that `fetch` is, with options of its own. */
import { Client } from './built.mjs'
import { fetchClient } from './fetch-client.mjs'

export { mainEntry as packages } from './built.mjs'

export function open(url, { ca }) {
  const client = new Client({ tls: { ca } })
  return fetchClient(
    url,
    (target, init) => client.fetch(target, init),
    () => client.destroy(),
  )
}
