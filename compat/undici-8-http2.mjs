// runtimes: 22 24 26
// import: register/http2
import { Agent, request } from 'undici8'
import { checkOverHttp2 } from './over-http2-checks.mjs'

await checkOverHttp2('undici, `allowH2`', 'undici8', async ({ origin, cert }) => {
  const dispatcher = new Agent({ allowH2: true, connect: { ca: cert } })
  return {
    async send({ path, method = 'GET', headers, body }) {
      const response = await request(`${origin}${path}`, { dispatcher, method, headers, body })
      return {
        status: response.statusCode,
        headers: response.headers,
        body: Buffer.from(await response.body.arrayBuffer()),
      }
    },
    close: () => dispatcher.destroy(),
  }
})
