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
import type { ClientRequest as NodeClientRequest, IncomingMessage as NodeIncomingMessage } from 'node:http'
import { Agent, type AgentOptions, globalAgent } from './https/agent.ts'
import { ClientRequest } from './https/client-request.ts'
import { IncomingMessage } from './https/incoming-message.ts'
import type { RequestOptions } from './https/request-target.ts'

export type { AgentOptions, RequestOptions }
export { Agent, ClientRequest, globalAgent, IncomingMessage }

/** As Node's own types have it, so that what takes `https.request` takes this. */
type OnResponse = (response: NodeIncomingMessage) => void

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
): NodeClientRequest {
  return made(url, options, onResponse) as object as NodeClientRequest
}

/** As `request`, and ends it: for requests without a body. */
export function get(
  url: string | URL | RequestOptions,
  options?: RequestOptions | OnResponse,
  onResponse?: OnResponse,
): NodeClientRequest {
  return made(url, options, onResponse).end() as object as NodeClientRequest
}

function made(
  url: string | URL | RequestOptions,
  options: RequestOptions | OnResponse | undefined,
  onResponse: OnResponse | undefined,
): ClientRequest {
  return new ClientRequest(
    url,
    options as RequestOptions,
    onResponse as object as (answer: IncomingMessage) => void,
  )
}

export default { request, get, Agent, globalAgent, ClientRequest, IncomingMessage }
