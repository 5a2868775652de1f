/** gRPC by `@grpc/grpc-js`, with the messages of the other clients. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { Client, credentials } from '@grpc/grpc-js'
import { Echo } from './echo-service.mjs'

const { input, output, name } = Echo.method.say
const path = `/${Echo.typeName}/${name}`
const encode = (message) => Buffer.from(toBinary(input, message))
const decode = (bytes) => fromBinary(output, bytes)

export function open(url, { ca }) {
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
