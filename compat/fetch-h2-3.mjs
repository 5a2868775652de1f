// runtimes: 20 22 24 26
// import: register/http2
import fetchH2 from 'fetch-h2'
import { checkOverHttp2 } from './over-http2-checks.mjs'

await checkOverHttp2('fetch-h2', 'fetch-h2', async ({ origin, cert }) => {
  const { fetch, disconnectAll } = fetchH2.context({ session: { ca: cert } })
  return {
    async send({ path, method = 'GET', headers, body }) {
      const response = await fetch(`${origin}${path}`, { method, headers, body })
      return {
        status: response.status,
        headers: response.headers,
        body: Buffer.from(await response.arrayBuffer()),
      }
    },
    close: disconnectAll,
  }
})
