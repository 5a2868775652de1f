/**
 * `hyper-h2/https`: the shape of `node:https` over HTTP/2, for libraries and
 * programs that make their requests with it.
 *
 * @example
 * import { get } from 'hyper-h2/https'
 *
 * get('https://example.com/', (response) => {
 *   console.log(response.statusCode, response.httpVersion)
 *   response.resume()
 * })
 */
import { Agent, type AgentOptions, globalAgent } from './https/agent.ts'
import { ClientRequest } from './https/client-request.ts'
import { IncomingMessage } from './https/incoming-message.ts'
import type { RequestOptions } from './https/request-target.ts'

export type { AgentOptions, RequestOptions }
export { Agent, ClientRequest, globalAgent, IncomingMessage }

type OnResponse = (response: IncomingMessage) => void

/**
 * Begins a request, as `https.request` does. `http:` URLs too, by what the
 * client speaks there. Throws TypeError for options that are wrong or have no
 * meaning here; everything else is an `error` event, of which `cause` is an
 * `H2Error`.
 *
 * @example
 * const sent = request('https://example.com/', { method: 'POST' }, (response) => response.resume())
 * sent.on('error', console.error)
 * sent.end('content')
 */
export function request(
  url: string | URL | RequestOptions,
  options?: RequestOptions | OnResponse,
  onResponse?: OnResponse,
): ClientRequest {
  return new ClientRequest(url, options, onResponse)
}

/** As `request`, and ends it: for requests without a body. */
export function get(
  url: string | URL | RequestOptions,
  options?: RequestOptions | OnResponse,
  onResponse?: OnResponse,
): ClientRequest {
  return new ClientRequest(url, options, onResponse).end()
}

export default { request, get, Agent, globalAgent, ClientRequest, IncomingMessage }
