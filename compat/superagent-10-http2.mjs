// runtimes: 20 22 24 26
// import: register/http2
import superagent from 'superagent'
import { checkOverHttp2 } from './over-http2-checks.mjs'

const whole = (response, done) => {
  const pieces = []
  response.on('data', (piece) => pieces.push(piece))
  response.on('end', () => done(null, Buffer.concat(pieces)))
}

await checkOverHttp2('superagent, `.http2()`', 'superagent', async ({ origin, cert }) => ({
  async send({ path, method = 'GET', headers = {}, body }) {
    const request = superagent(method, `${origin}${path}`)
      .http2()
      .ca(cert)
      .set(headers)
      .buffer(true)
      .parse(whole)
      .ok(() => true)
    const response = await (body === undefined
      ? request
      : request.type('application/octet-stream').send(body))
    return { status: response.status, headers: response.headers, body: response.body }
  },
}))
