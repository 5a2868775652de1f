/**
 * `hyper-h2/register`: loaded before a program, it makes the process's `fetch`
 * and `http2.connect` run on this stack. Options of a `Client` come as JSON in
 * `HYPER_H2_REGISTER`; `NODE_DEBUG=hyper` says that it is there.
 *
 * @example
 * // node --import hyper-h2/register app.js
 */
import { unregister as unregisterFetch } from './register/fetch.ts'
import { unregister as unregisterHttp2 } from './register/http2.ts'

/** Puts back what was there; done when requests by `fetch` that were open are finished. */
export function unregister(): Promise<void> {
  unregisterHttp2()
  return unregisterFetch()
}
