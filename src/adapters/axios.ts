/**
 * `hyper-h2/axios`: an adapter of axios 1 that sends over HTTP/2.
 *
 * @example
 * import axios from 'axios'
 * import { hyperAdapter } from 'hyper-h2/axios'
 *
 * const http = axios.create({ adapter: hyperAdapter, baseURL: 'https://example.com/' })
 * const { data, status } = await http.get('/')
 */
import { Call } from './axios/call.ts'
import type { RequestFacts, Response } from './axios/config.ts'

/** What a request of axios gives; `request` is plain facts. */
export type AxiosResponseShape<C> = Response<C>
export type { RequestFacts }

/**
 * The adapter: a value for axios's option `adapter`. Rejects with errors of
 * axios's own kind, of which `cause` is the failure as `node:https` has it, and
 * the `cause` of that an `H2Error`.
 */
export function hyperAdapter<C extends object>(config: C): Promise<AxiosResponseShape<C>> {
  return new Call(config).run()
}
