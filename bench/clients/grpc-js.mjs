/** gRPC by `@grpc/grpc-js`, with the messages of the other clients; or the same in a process with `hyper-h2/register/http2`. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { Client, credentials } from '@grpc/grpc-js'
import { load } from './built.mjs'
import { Echo } from './echo-service.mjs'

const { input, output, name } = Echo.method.say
const path = `/${Echo.typeName}/${name}`
const encode = (message) => Buffer.from(toBinary(input, message))
const decode = (bytes) => fromBinary(output, bytes)

export async function open(url, { ca, overHyper = false }) {
  // It calls `http2.connect` of the module each time it connects.
  if (overHyper) await load('adapters/register/http2.js')
  const client = new Client(new URL(url).host, credentials.createSsl(Buffer.from(ca)))
  return {
    say: (value) =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(path, encode, decode, create(input, { value }), (error, answer) =>
          error === null ? resolve(answer.value) : reject(error),
        )
      }),
    close: () => client.close(),
  }
}
