/** The HTTP/1.1 engine with a peer of plain bytes: all that it tells, of itself and of its streams, in one list. */
import { Http1Connection, type Http1ConnectionSink, type Http1Limits } from '../../src/http1/connection.ts'
import type { Failure, FieldList, RequestHead, RequestStream, StreamSink } from '../../src/protocol/index.ts'
import { LIMITS, octetsOf } from './recording.ts'

export class Engine implements Http1ConnectionSink, StreamSink {
  readonly told: string[] = []
  readonly connection: Http1Connection
  failure: Failure | undefined = undefined
  octets = 0
  /** Octets of content of all requests that left, as it was told. */
  sentOctets = 0
  /** Whether content is consumed as it comes. */
  reads = true
  /** Called with what was just told. */
  act: (line: string) => void = () => {}
  stream: RequestStream | undefined = undefined
  now = 0
  /** Content since the last line, joined. */
  #content = ''

  constructor(limits: Http1Limits = { ...LIMITS, maxInformational: 8 }) {
    this.connection = new Http1Connection(this, limits)
  }

  // — what the test does —

  /** Begins a request, and sends what there is of it. */
  ask(head: Partial<RequestHead> = {}, endStream = true, trailers = false): RequestStream {
    const whole = { method: 'GET', scheme: 'http', authority: 'a.test', path: '/', fields: [], ...head }
    this.stream = this.connection.open(whole, endStream, trailers, this)
    return this.stream
  }

  /** What leaves now, in writes of at most `max` octets. */
  sent(max = 65_536): string {
    let text = ''
    for (;;) {
      const bytes = this.connection.pull(max)
      if (bytes === undefined) return text
      text += Buffer.from(bytes).toString('latin1')
    }
  }

  say(...texts: string[]): void {
    for (const text of texts) this.connection.receive(octetsOf(text), this.now)
    this.#flush()
  }

  hangUp(failure?: Failure): void {
    this.connection.transportEnded(failure)
    this.#flush()
  }

  at(now: number): void {
    this.now = now
    this.connection.handleTimeout(now)
  }

  // — what it is told —

  #flush(): void {
    if (this.#content !== '') this.told.push(`content ${this.#content}`)
    this.#content = ''
  }

  #tell(line: string): void {
    this.#flush()
    this.told.push(line)
    this.act(line)
  }

  onFree(): void {
    this.#tell('free')
  }
  onDraining(): void {
    this.#tell('draining')
  }
  onHold(held: boolean): void {
    this.#tell(held ? 'hold' : 'go on')
  }
  onClosed(failure: Failure | undefined): void {
    this.failure ??= failure
    this.#tell(failure === undefined ? 'closed' : `closed, ${failure.reason}`)
  }
  onCut(): void {
    this.#tell('cut')
  }
  onNotice(text: string): void {
    this.#tell(text)
  }
  onOpened(): void {
    this.#tell('sent')
  }
  onSent(octets: number, ended: boolean): void {
    this.sentOctets += octets
    if (ended) this.#tell(`all sent, ${this.sentOctets}`)
  }
  onInformational(status: number): void {
    this.#tell(`${status}`)
  }
  onResponse(status: number, _: FieldList, endStream: boolean, _never: unknown, reason?: string): void {
    this.#tell(`${status} ${reason}${endStream ? ', no content' : ''}`)
  }
  onData(buf: Uint8Array, start: number, end: number): void {
    this.octets += end - start
    if (end - start < 1000) this.#content += Buffer.from(buf.subarray(start, end)).toString('latin1')
    if (this.reads) this.stream!.consume(end - start)
    this.act('data')
  }
  onTrailers(fields: FieldList): void {
    this.#tell(`trailers ${fields}`)
  }
  onEnd(): void {
    this.#tell('end')
  }
  onWritable(): void {
    this.#tell('writable')
  }
  onPush(): undefined {}
  onFailure(failure: Failure): void {
    this.failure = failure
    this.#tell(`failed (${failure.processed})`)
  }
}

export const TOLD_OK = ['200 OK', 'content ok', 'end']
