// got with `http2: true`, in both versions that are tried.
import { checkOverHttp2 } from './over-http2-checks.mjs'

/** `cutIsWhole`: that version takes a response that was cut off for the whole, over the runtime's own sessions too. */
export const checkGotOverHttp2 = (got, packageName, cutIsWhole) =>
  checkOverHttp2('got, `http2: true`', packageName, async ({ origin, cert }) => {
    const client = got.extend({
      http2: true,
      https: { certificateAuthority: cert },
      retry: { limit: 0 },
      throwHttpErrors: false,
      responseType: 'buffer',
    })
    return {
      cutIsWhole,
      async send({ path, method = 'GET', headers, body }) {
        const response = await client(`${origin}${path}`, { method, headers, body })
        return { status: response.statusCode, headers: response.headers, body: Buffer.from(response.body) }
      },
    }
  })
