/**
 * HTTP/1.1 on a transport that stands, carried by `node:http` (RFC 9112). Its
 * one rule: a connection on which anything was not as it should be is closed,
 * and carries nothing more.
 */
import { Agent } from 'node:http'
import type { Duplex } from 'node:stream'
import { adviceForHttp1 } from '../first-octets.ts'
import { NodeHttp1Request, type RequestOwner } from './node-http1-request.ts'
import type {
  Http1Failure,
  Http1Link,
  Http1LinkHandler,
  Http1Request,
  Http1RequestHandler,
  Http1RequestHead,
  Transport,
  TransportInfo,
} from './transport.ts'
import { type DuplexOwner, TransportDuplex } from './transport-duplex.ts'

/** Speaks HTTP/1.1 on a transport that was not started. */
export function http1(transport: Transport): Http1Link {
  return new NodeHttp1Link(transport)
}

/** Gives the one stream to each request, and tells when it is given back. */
class OneConnection extends Agent {
  readonly #stream: Duplex
  readonly #freed: () => void

  constructor(stream: Duplex, freed: () => void) {
    super({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 })
    this.#stream = stream
    this.#freed = freed
  }

  override createConnection(): Duplex {
    return this.#stream
  }

  /** Called only if both messages are complete and the connection persists. */
  override keepSocketAlive(): boolean {
    this.#freed()
    return true
  }
}

class NodeHttp1Link implements Http1Link, DuplexOwner, RequestOwner {
  readonly #transport: Transport
  readonly #stream: TransportDuplex
  readonly #agent: Agent
  #handler: Http1LinkHandler | undefined
  /** The request under way, until both messages are complete. */
  #current: NodeHttp1Request | undefined
  /** No more requests, and `onEnding` was told or is not wanted. */
  #ending: boolean
  #streamClosed: boolean

  constructor(transport: Transport) {
    this.#transport = transport
    this.#stream = new TransportDuplex(transport, this)
    this.#agent = new OneConnection(this.#stream, () => this.#freed())
    this.#handler = undefined
    this.#current = undefined
    this.#ending = false
    this.#streamClosed = false
    this.#stream.on('close', () => {
      this.#streamClosed = true
      this.#lost(undefined)
      this.#closed()
    })
  }

  get alpn(): string | undefined {
    return this.#transport.alpn
  }

  get info(): TransportInfo {
    return this.#transport.info
  }

  get bytesReceived(): number {
    return this.#stream.bytesReceived
  }

  get bytesSent(): number {
    return this.#stream.bytesSent
  }

  start(handler: Http1LinkHandler): void {
    this.#handler = handler
    this.#transport.start(this.#stream)
  }

  request(head: Http1RequestHead, endStream: boolean, handler: Http1RequestHandler): Http1Request {
    this.#current = new NodeHttp1Request(this.#agent, head, endStream, handler, this)
    return this.#current
  }

  end(): void {
    this.#stream.end()
  }

  destroy(): void {
    this.#ending = true
    this.#current?.silence()
    this.#stream.destroy()
  }

  ref(): void {
    this.#transport.ref()
  }

  unref(): void {
    this.#transport.unref()
  }

  #freed(): void {
    // The agent has yet to take the stream back.
    queueMicrotask(() => {
      this.#current = undefined
      if (!this.#ending) this.#handler!.onFree()
    })
  }

  // — `DuplexOwner` and `RequestOwner` —

  get awaiting(): boolean {
    return this.#current?.sent === true && !this.#current.complete
  }

  onStray(): void {
    this.#end({
      kind: 'malformed',
      reason: 'bytes that no request asked for (RFC 9112 §9.2)',
      cause: undefined,
    })
  }

  onWriting(): void {
    this.#current?.markSent()
  }

  onPeerEnd(): void {
    this.#current?.flush()
  }

  onTransportClosed(): void {
    this.#current?.flush()
    this.#closed()
  }

  switched(): void {
    const reason = 'status 101, where no upgrade was asked for (RFC 9110 §15.2.2)'
    this.#end({ kind: 'malformed', reason, cause: undefined })
  }

  requestFailed(error: Error & { code?: string; rawPacket?: Uint8Array }): void {
    const { code = '' } = error
    if (code === 'HPE_HEADER_OVERFLOW') {
      this.#end({ kind: 'oversized', reason: 'head or trailers too large (RFC 9110 §5.4)', cause: error })
    } else if (code.startsWith('HPE_')) {
      const advice = adviceForHttp1(error.rawPacket ?? new Uint8Array(0))
      this.#end({ kind: 'malformed', reason: `${brokenRule(code)}${advice}`, cause: error })
    } else {
      // A reset that the transport knows nothing of is how `node:http` puts an end.
      this.#lost(code === 'ECONNRESET' ? undefined : error)
    }
  }

  // — the end —

  #lost(error: Error | undefined): void {
    const cause = this.#stream.broken ?? error
    if (this.#current?.complete === false) {
      const reason = 'closed by the peer before the response was complete (RFC 9112 §8)'
      this.#end({ kind: 'lost', reason, cause })
      return
    }
    const end = (): void => this.#end({ kind: 'lost', reason: 'closed by the peer', cause })
    if (this.#current === undefined) end()
    else this.#current.whenOver(end)
  }

  /** No more requests. A response that is complete is still read; one that is not has failed. */
  #end(failure: Http1Failure): void {
    if (this.#ending) return
    this.#ending = true
    this.#handler!.onEnding(failure)
    if (this.#current?.complete === false) this.#current.fail(failure)
    if (failure.kind !== 'lost' || this.#current?.complete === false) this.#stream.destroy()
  }

  /** Both the transport and what was read of it are done with. */
  #closed(): void {
    if (!this.#streamClosed || !this.#stream.transportClosed) return
    const tell = (): void => this.#handler!.onClosed()
    if (this.#current === undefined) tell()
    else this.#current.whenOver(tell)
  }
}

const RULES: readonly (readonly [codes: RegExp, rule: string])[] = [
  [/CHUNK|STRICT/, 'a chunk that is not one (RFC 9112 §7.1)'],
  [/CONTENT_LENGTH|TRANSFER_ENCODING/, 'a length of the content that is not clear (RFC 9112 §6.3)'],
  [/HEADER|CR_EXPECTED|LF_EXPECTED/, 'a field line that is not one (RFC 9112 §5)'],
  [/CONSTANT|VERSION|STATUS/, 'a status line that is not one (RFC 9112 §4)'],
]

/** The rule behind a code of Node's parser. */
function brokenRule(code: string): string {
  const row = RULES.find(([codes]) => codes.test(code))
  return `${row === undefined ? 'a response that is not one (RFC 9112 §2.1)' : row[1]}, ${code}`
}
