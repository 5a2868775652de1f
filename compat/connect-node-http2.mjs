// runtimes: 20 22 24 26
// import: register/http2
// The transports of @connectrpc/connect-node: all four kinds of call, each protocol.
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node'
import { report } from './checks.mjs'
import { elizaChecks } from './eliza-calls.mjs'
import { serveConnect } from './eliza-connect-server.mjs'
import { serveGrpc } from './eliza-grpc-server.mjs'
import { went } from './registered.mjs'

const connectServer = await serveConnect()
const grpcServer = await serveGrpc()
const options = ({ origin, cert }) => ({ baseUrl: origin, httpVersion: '2', nodeOptions: { ca: cert } })

await report('@connectrpc/connect-node', 'hyper-h2/register', [
  ...elizaChecks('Connect', createConnectTransport(options(connectServer)), connectServer.served),
  ...elizaChecks('gRPC', createGrpcTransport(options(connectServer)), connectServer.served),
  ...elizaChecks('gRPC-Web', createGrpcWebTransport(options(connectServer)), connectServer.served),
  ...elizaChecks('gRPC, grpc-js', createGrpcTransport(options(grpcServer)), grpcServer.served),
  went,
])
process.exit(0)
