// runtimes: 20 22 24 26
// import: register/http2
import got from 'got14'
import { checkOverHttp2 } from './over-http2-checks.mjs'

await checkOverHttp2('got, `http2: true`', 'got14', async ({ origin, cert }) => {
  const client = got.extend({
    http2: true,
    https: { certificateAuthority: cert },
    retry: { limit: 0 },
    throwHttpErrors: false,
    responseType: 'buffer',
  })
  return {
    cutIsWhole: true,
    async send({ path, method = 'GET', headers, body }) {
      const response = await client(`${origin}${path}`, { method, headers, body })
      return { status: response.statusCode, headers: response.headers, body: Buffer.from(response.body) }
    },
  }
})
