/** The engine as the client of a server of `node:http2`, over a pair of memory streams; what passes is kept. */
import { once } from 'node:events'
import http2 from 'node:http2'
import { type Duplex, duplexPair } from 'node:stream'
import type { LocalSettings, RequestHead } from '../../src/protocol/index.ts'
import { EnginePair, type RecordingSink } from '../support/engine.ts'
import { concat } from '../support/wire.ts'

type Handler = (
  stream: http2.ServerHttp2Stream,
  headers: http2.IncomingHttpHeaders,
  rawHeaders: readonly string[],
) => void

/** An owner that says when it is done. */
export interface Answered {
  readonly sink: RecordingSink
  readonly done: Promise<void>
}

export class NodeServerPair {
  readonly pair: EnginePair
  readonly #client: Duplex
  readonly #server: http2.Http2Server
  readonly #session: Promise<http2.ServerHttp2Session>
  readonly #received: Uint8Array[] = []

  constructor(handler: Handler, serverSettings: http2.Settings, clientSettings: LocalSettings) {
    const [client, server] = duplexPair()
    this.#client = client
    this.#server = http2.createServer({ settings: serverSettings })
    this.#session = once(this.#server, 'session').then(([session]) => session as http2.ServerHttp2Session)
    const onStream = (
      stream: http2.ServerHttp2Stream,
      headers: http2.IncomingHttpHeaders,
      _flags: number,
      rawHeaders: unknown,
    ) => handler(stream, headers, rawHeaders as string[])
    this.#server.on('stream', onStream)
    this.#server.emit('connection', server)
    this.pair = new EnginePair({ settings: clientSettings })
    client.on('data', (chunk: Buffer) => {
      this.#received.push(new Uint8Array(chunk))
      this.pair.receive(chunk)
      this.flush()
    })
    this.flush()
  }

  /** All that the server has sent. */
  get received(): Uint8Array {
    return concat(...this.#received)
  }

  get session(): Promise<http2.ServerHttp2Session> {
    return this.#session
  }

  /** Hands the engine's output to the server. */
  flush(): void {
    const { connection } = this.pair
    for (let out = connection.pull(16_384); out !== undefined; out = connection.pull(16_384)) {
      this.#client.write(Buffer.from(out))
    }
  }

  /** A request, and its answer. */
  ask(head: Partial<RequestHead>, body: Uint8Array, trailers: readonly string[]): Answered {
    const bodiless = body.length === 0 && trailers.length === 0
    const sink = this.pair.open(head, bodiless)
    const done = new Promise<void>((resolve, reject) => {
      sink.onEnd = () => resolve()
      sink.onFailure = (failure) => reject(new Error(failure.reason))
    })
    const { stream } = sink
    if (!bodiless && stream !== undefined) {
      stream.write(body)
      stream.end(trailers)
    }
    this.flush()
    return { sink, done }
  }

  /** Ends both sides. */
  async close(): Promise<void> {
    const session = await this.#session
    const closed = session.closed && session.destroyed ? Promise.resolve() : once(session, 'close')
    this.pair.connection.shutdown(0, 0)
    this.flush()
    this.#client.end()
    session.destroy()
    await closed
    this.#server.close()
  }
}
