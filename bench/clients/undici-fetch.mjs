/** undici's `fetch`. */
import { fetchClient } from './fetch-client.mjs'
import { undiciClient } from './undici-client.mjs'

export const packages = (options) => [options.package]

export async function open(url, options) {
  const undici = await import(options.package)
  const dispatcher = await undiciClient(undici, url, options)
  return fetchClient(
    url,
    (target, init) => undici.fetch(target, { ...init, dispatcher }),
    () => dispatcher.destroy(),
  )
}
