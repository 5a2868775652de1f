/** What the tests of HTTP/1.1 on a transport share: a link over memory, and all that it tells. */
import { chunksOf, type MemoryTransport, memoryPair } from '../../src/transport/memory.ts'
import { http1 } from '../../src/transport/node-http1.ts'
import type {
  Http1Failure,
  Http1Link,
  Http1LinkHandler,
  Http1Request,
  Http1RequestHandler,
  Http1ResponseHead,
} from '../../src/transport/transport.ts'
import { settled } from '../support/virtual-clock.ts'

/** Remembers what a link tells, of itself and of its requests. */
export class Teller implements Http1LinkHandler, Http1RequestHandler {
  readonly told: string[] = []
  /** Content between two calls of another kind, joined: how it is cut is nobody's business. */
  #content = ''
  octets = 0

  #tell(text: string): void {
    this.takeContent()
    this.told.push(text)
  }

  takeContent(): void {
    if (this.#content !== '') this.told.push(`data ${this.#content}`)
    this.#content = ''
  }

  onFree(): void {
    this.#tell('free')
  }
  onEnding({ kind, reason }: Http1Failure): void {
    this.#tell(`ending ${kind}: ${reason}`)
  }
  onClosed(): void {
    this.#tell('closed')
  }
  onSent(): void {
    this.#tell('sent')
  }
  onInformational(status: number, fields: readonly string[]): void {
    this.#tell(`${status} ${fields}`)
  }
  onResponse({ version, status, fields, persistent }: Http1ResponseHead): void {
    this.#tell(`${version} ${status} ${fields}${persistent ? '' : ' last'}`)
  }
  onData(chunk: Uint8Array): void {
    this.octets += chunk.length
    if (chunk.length < 1000) this.#content += Buffer.from(chunk).toString('latin1')
  }
  onEnd(trailers: readonly string[]): void {
    this.#tell(`end ${trailers}`)
  }
  onFailure({ kind, cause }: Http1Failure): void {
    this.#tell(`failure ${kind}${cause === undefined ? '' : ` (${cause.message})`}`)
  }
}

/** A link over memory, and the server's end of it. */
export class Pair extends Teller {
  readonly link: Http1Link
  readonly server: MemoryTransport
  readonly client: MemoryTransport
  received = ''
  peerEnded = false

  constructor(chunk?: number) {
    super()
    const [client, server] = memoryPair(chunk === undefined ? {} : { cut: chunksOf(chunk) })
    this.client = client
    this.server = server
    server.start({
      onChunk: (bytes) => {
        this.received += Buffer.from(bytes).toString('latin1')
      },
      onEnd: () => {
        this.peerEnded = true
        server.end()
      },
      onClosed() {},
    })
    this.link = http1(client)
    this.link.start(this)
  }

  ask(
    method = 'GET',
    fields: readonly string[] = ['host', 'a.test', 'connection', 'keep-alive'],
    endStream = true,
  ): Http1Request {
    return this.link.request({ method, target: '/', fields, maxHeadSize: 65_536 }, endStream, this)
  }

  /** Sends and waits until all that follows happened. */
  async say(text: string): Promise<void> {
    this.server.write(Buffer.from(text, 'latin1'), () => {})
    for (let i = 0; i < 4; i++) await settled()
    this.takeContent()
  }

  async hangUp(): Promise<void> {
    this.server.end()
    for (let i = 0; i < 4; i++) await settled()
    this.takeContent()
  }
}

export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
export const TOLD_OK = ['1.1 200 content-length,2', 'data ok', 'end ']
export const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

export function lost(early: boolean): string {
  return `ending lost: closed by the peer${early ? ' before the response was complete (RFC 9112 §8)' : ''}`
}
