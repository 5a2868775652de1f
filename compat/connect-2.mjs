// runtimes: 20 22 24 26
// @connectrpc/connect 2 over hyper-h2/connect: a server of @connectrpc/connect-node and one
// of @grpc/grpc-js, all four kinds of call, each protocol that the server has.
import assert from 'node:assert/strict'
import { Code, ConnectError } from '@connectrpc/connect'
import { createTransport as connectTransport } from '@connectrpc/connect/protocol-connect'
import { createTransport as grpcTransport } from '@connectrpc/connect/protocol-grpc'
import { createTransport as grpcWebTransport } from '@connectrpc/connect/protocol-grpc-web'
import { compressionBrotli, compressionGzip } from '@connectrpc/connect-node'
import { report } from './checks.mjs'
import { elizaChecks } from './eliza-calls.mjs'
import { serveConnect } from './eliza-connect-server.mjs'
import { serveGrpc } from './eliza-grpc-server.mjs'
import { adapter } from './hyper.mjs'

const { createHttpClient } = await adapter('connect')
const connectServer = await serveConnect()
const grpcServer = await serveGrpc()
// Each server has a certificate of its own.
const authorities = {
  [connectServer.origin]: { ca: connectServer.cert },
  [grpcServer.origin]: { ca: grpcServer.cert },
}
const httpClient = createHttpClient({ tls: (origin) => authorities[origin] })

const MAX = 0xffffffff
const transport = (make, server, more = {}) =>
  make({
    httpClient,
    baseUrl: server.origin,
    useBinaryFormat: true,
    interceptors: [],
    acceptCompression: [],
    sendCompression: null,
    compressMinBytes: 1024,
    readMaxBytes: MAX,
    writeMaxBytes: MAX,
    ...more,
  })
const compressed = {
  acceptCompression: [compressionGzip, compressionBrotli],
  sendCompression: compressionGzip,
}

const checks = [
  ...elizaChecks('Connect', transport(connectTransport, connectServer), connectServer.served),
  ...elizaChecks(
    'Connect, JSON',
    transport(connectTransport, connectServer, { useBinaryFormat: false }),
    connectServer.served,
  ),
  ...elizaChecks(
    'Connect, GET',
    transport(connectTransport, connectServer, { useHttpGet: true }),
    connectServer.served,
    // It would be in the URL, and node:http2 is silent about heads of that size.
    ['unary, a megabyte each way'],
  ),
  ...elizaChecks(
    'Connect, gzip',
    transport(connectTransport, connectServer, compressed),
    connectServer.served,
  ),
  ...elizaChecks('gRPC', transport(grpcTransport, connectServer), connectServer.served),
  ...elizaChecks('gRPC, gzip', transport(grpcTransport, connectServer, compressed), connectServer.served),
  ...elizaChecks('gRPC-Web', transport(grpcWebTransport, connectServer), connectServer.served),
  ...elizaChecks('gRPC, grpc-js', transport(grpcTransport, grpcServer), grpcServer.served),
  ...elizaChecks('gRPC, grpc-js, gzip', transport(grpcTransport, grpcServer, compressed), grpcServer.served),
  [
    'nobody there',
    async () => {
      const { close, origin } = await serveConnect()
      await close()
      const url = `${origin}/`
      await assert.rejects(httpClient({ url, method: 'POST', header: new Headers() }), (error) => {
        assert.ok(error instanceof ConnectError)
        assert.equal(ConnectError.from(error), error)
        assert.equal(error.code, Code.Unavailable)
        return true
      })
    },
  ],
]

await report('@connectrpc/connect', 'hyper-h2/connect', checks)
assert.equal(httpClient.client.stats().open, 0)
await httpClient.close()
await connectServer.close()
await grpcServer.close()
