// runtimes: 20 22 24 26
// import: register/http2

import { NodeHttp2Handler } from '@smithy/node-http-handler'
import { HttpRequest } from '@smithy/protocol-http'
import { checkOverHttp2 } from './over-http2-checks.mjs'

await checkOverHttp2('@smithy/node-http-handler', '@smithy/node-http-handler', async ({ origin, cert }) => {
  const handler = new NodeHttp2Handler({ nodeHttp2ConnectOptions: { ca: cert }, requestTimeout: 10_000 })
  const { protocol, hostname, port } = new URL(origin)
  return {
    async send({ path, method = 'GET', headers = {}, body }) {
      const { pathname, searchParams } = new URL(path, origin)
      const query = Object.fromEntries(searchParams)
      const request = new HttpRequest({
        protocol,
        hostname,
        port: Number(port),
        path: pathname,
        query,
        method,
        headers,
        body,
      })
      const { response } = await handler.handle(request)
      const pieces = []
      for await (const piece of response.body) pieces.push(piece)
      return { status: response.statusCode, headers: response.headers, body: Buffer.concat(pieces) }
    },
    close: () => handler.destroy(),
  }
})
