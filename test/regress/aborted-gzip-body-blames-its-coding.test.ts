import { once } from 'node:events'
import { createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { HTTP20Connection } from '../../src/index.ts'

it('rejects a coded body that was aborted with the signal’s reason, not with a decoding error', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' })
    // Half of a body, and no end: the reader has to wait for more.
    response.write(gzipSync(Buffer.alloc(100_000, 'x')).subarray(0, 50))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const conn = new HTTP20Connection(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const controller = new AbortController()
  const stream = conn.request('GET', '/', { signal: controller.signal })
  const response = await conn.getResponse(stream)
  const reason = new Error('enough')
  const body = response.bytes()
  controller.abort(reason)
  await expect(body).rejects.toBe(reason)
  await conn.close()
  server.close()
})
