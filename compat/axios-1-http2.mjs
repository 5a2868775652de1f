// runtimes: 20 22 24 26
// import: register/http2
import axios from 'axios'
import { checkOverHttp2 } from './over-http2-checks.mjs'

await checkOverHttp2('axios, `httpVersion: 2`', 'axios', async ({ origin, cert }) => {
  const client = axios.create({
    adapter: 'http',
    httpVersion: 2,
    http2Options: { ca: cert },
    responseType: 'arraybuffer',
    validateStatus: () => true,
    maxRedirects: 0,
  })
  return {
    async send({ path, method = 'GET', headers, body }) {
      const {
        status,
        headers: fields,
        data,
      } = await client(`${origin}${path}`, { method, headers, data: body })
      return { status, headers: fields, body: Buffer.from(data) }
    },
  }
})
