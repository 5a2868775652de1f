// The Eliza service as @connectrpc/connect-node serves it: Connect, gRPC and gRPC-Web.
import { Code, ConnectError } from '@connectrpc/connect'
import { compressionBrotli, compressionGzip, connectNodeAdapter } from '@connectrpc/connect-node'
import { Eliza } from './eliza.mjs'
import { introductions, Served } from './eliza-service.mjs'
import { startSecure } from './servers.mjs'

const failed = () => new ConnectError('not here', Code.NotFound)

function echo(context) {
  context.responseHeader.set('x-echo', context.requestHeader.get('x-asked') ?? 'no')
  context.responseTrailer.set('x-after', 'said')
}

export async function serveConnect() {
  const served = new Served()
  const watch = (context) => {
    context.signal.addEventListener('abort', () => {
      if (context.signal.reason !== undefined && !context.done) served.ended()
    })
    echo(context)
  }
  const routes = (router) =>
    router.service(Eliza, {
      async say(request, context) {
        watch(context)
        if (request.sentence === 'fail') throw failed()
        if (request.sentence === 'hang') await served.hang(context.signal)
        context.done = true
        return { sentence: `heard ${request.sentence}` }
      },
      async *introduce(request, context) {
        watch(context)
        yield* introductions(request)
        if (request.sentence === 'fail') throw failed()
        if (request.sentence === 'hang') await served.hang(context.signal)
        context.done = true
      },
      async collect(requests, context) {
        watch(context)
        const sentences = []
        for await (const { sentence } of requests) sentences.push(sentence)
        context.done = true
        return { sentence: sentences.join(' '), count: sentences.length }
      },
      async *converse(requests, context) {
        watch(context)
        for await (const { sentence } of requests) yield { sentence: `heard ${sentence}` }
        context.done = true
      },
    })
  const acceptCompression = [compressionGzip, compressionBrotli]
  const handler = connectNodeAdapter({ routes, acceptCompression, compressMinBytes: 1024 })
  return { ...(await startSecure(handler)), served }
}
