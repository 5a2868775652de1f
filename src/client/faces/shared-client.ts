/**
 * The client that every call of the plain `fetch` shares, made at the first.
 */

import type { Fetch } from '../fetch/fetch.ts'
import { Client } from './client.ts'

let shared: Client | undefined

/**
 * `fetch` as the Fetch standard has it, by HTTP/2 where the server takes it, over
 * one pool of connections for the whole process. Beyond the standard, the
 * response has `trailers` and `httpVersion`, and `init` takes `onInformational`,
 * `priority`, `timeouts` and `trailers`. Rejects with a TypeError whose `cause`
 * is an `H2Error`, or with the reason of the signal.
 *
 * @example
 * const response = await fetch('https://example.com/')
 * console.log(response.status, await response.text())
 */
export const fetch: Fetch = (input, init = {}) => {
  shared ??= new Client()
  return shared.fetch(input, init)
}
