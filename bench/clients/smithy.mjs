/** What SDKs built on smithy send by: its `NodeHttp2Handler`, or ours. Bodies are collected as the SDKs do it. */
import { NodeHttp2Handler, streamCollector } from '@smithy/node-http-handler'
import { HttpRequest } from '@smithy/protocol-http'

export async function open(url, { ca, overHyper }) {
  const handler = overHyper ? await hyperHandler(ca) : http2Handler(ca)
  const { protocol, hostname, port } = new URL(url)
  const to = { protocol, hostname, port: Number(port) }
  async function send(request) {
    const { response } = await handler.handle(new HttpRequest({ ...to, ...request }))
    const { statusCode: status, headers, body } = response
    return { status, headers, body: await streamCollector(body) }
  }
  return {
    async get(path, headers, field) {
      const response = await send({ method: 'GET', path, headers })
      return { status: response.status, body: response.body, value: response.headers[field] }
    },
    async post(path, value) {
      const content = Buffer.from(JSON.stringify(value))
      const headers = { 'content-type': 'application/json', 'content-length': String(content.length) }
      const { status, body } = await send({ method: 'POST', path, headers, body: content })
      return { status, value: JSON.parse(new TextDecoder().decode(body)) }
    },
    close: () => handler.destroy(),
  }
}

function http2Handler(ca) {
  return new NodeHttp2Handler({ nodeHttp2ConnectOptions: { ca } })
}

async function hyperHandler(ca) {
  const { load } = await import('./built.mjs')
  const { HyperHttpHandler } = await load('adapters/smithy.js')
  return new HyperHttpHandler({ tls: { ca } })
}
