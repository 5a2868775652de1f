/** gRPC by Connect, with the transport of `@connectrpc/connect-node`, or the same transport over our HTTP client. */
import { createClient } from '@connectrpc/connect'
import { Echo } from './echo-service.mjs'

/** Those of `createGrpcTransport`, which `createTransport` wants to be told; compression is left out of both. */
const OPTIONS = {
  useBinaryFormat: true,
  interceptors: [],
  acceptCompression: [],
  sendCompression: null,
  compressMinBytes: 1024,
  readMaxBytes: 0xffffffff,
  writeMaxBytes: 0xffffffff,
}

export async function open(url, { ca, overHyper }) {
  const options = { ...OPTIONS, baseUrl: url }
  const client = createClient(Echo, await (overHyper ? hyperTransport : http2Transport)(options, ca))
  return {
    say: async (value) => (await client.say({ value })).value,
    close() {},
  }
}

async function http2Transport(options, ca) {
  const { createGrpcTransport } = await import('@connectrpc/connect-node')
  return createGrpcTransport({ ...options, nodeOptions: { ca } })
}

async function hyperTransport(options, ca) {
  const { load } = await import('./built.mjs')
  const { createTransport } = await import('@connectrpc/connect/protocol-grpc')
  const { createHttpClient } = await load('adapters/connect.js')
  return createTransport({ ...options, httpClient: createHttpClient({ tls: { ca } }) })
}
