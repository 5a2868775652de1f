// The Eliza service as @grpc/grpc-js serves it.
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import grpc from '@grpc/grpc-js'
import { Eliza } from './eliza.mjs'
import { introductions, Served } from './eliza-service.mjs'
import { makeCertificate } from './servers.mjs'

const definition = Object.fromEntries(
  Eliza.methods.map((method) => [
    method.localName,
    {
      path: `/${Eliza.typeName}/${method.name}`,
      requestStream: method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming',
      responseStream: method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming',
      requestDeserialize: (bytes) => fromBinary(method.input, bytes),
      responseSerialize: (message) => Buffer.from(toBinary(method.output, create(method.output, message))),
    },
  ]),
)

const failed = () =>
  Object.assign(new Error('not here'), { code: grpc.status.NOT_FOUND, details: 'not here' })

function greet(call) {
  const headers = new grpc.Metadata()
  headers.set('x-echo', `${call.metadata.get('x-asked')[0] ?? 'no'}`)
  call.sendMetadata(headers)
  const trailers = new grpc.Metadata()
  trailers.set('x-after', 'said')
  return trailers
}

export async function serveGrpc() {
  const served = new Served()
  const { cert, key } = await makeCertificate()
  const greeted = (call) => {
    call.on('cancelled', () => served.ended())
    call.on('error', () => {})
    return greet(call)
  }
  const handlers = {
    say(call, callback) {
      const trailers = greeted(call)
      const { sentence } = call.request
      if (sentence === 'fail') callback(failed())
      else if (sentence === 'hang') served.began()
      else callback(null, { sentence: `heard ${sentence}` }, trailers)
    },
    async introduce(call) {
      const trailers = greeted(call)
      for (const one of introductions(call.request)) {
        if (!call.write(one)) await new Promise((resolve) => call.once('drain', resolve))
      }
      if (call.request.sentence === 'fail') call.emit('error', failed())
      else if (call.request.sentence === 'hang') served.began()
      else call.end(trailers)
    },
    collect(call, callback) {
      const trailers = greeted(call)
      const sentences = []
      call.on('data', ({ sentence }) => sentences.push(sentence))
      call.on('end', () =>
        callback(null, { sentence: sentences.join(' '), count: sentences.length }, trailers),
      )
    },
    converse(call) {
      const trailers = greeted(call)
      call.on('data', ({ sentence }) => call.write({ sentence: `heard ${sentence}` }))
      call.on('end', () => call.end(trailers))
    },
  }
  const server = new grpc.Server()
  server.addService(definition, handlers)
  const credentials = grpc.ServerCredentials.createSsl(null, [
    { private_key: Buffer.from(key), cert_chain: Buffer.from(cert) },
  ])
  const port = await new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)))
  })
  return { cert, origin: `https://localhost:${port}`, served, close: async () => server.forceShutdown() }
}
