/**
 * The engine with a ledger beside it: after every call, and within one after
 * every DATA frame, the books of `window-ledger.ts` must balance. It forwards
 * everything, and changes nothing that can be seen.
 */
import {
  Connection,
  type ConnectionOptions,
  type ConnectionSink,
  type Failure,
  type FieldList,
  type PromisedHead,
  type PushedStream,
  type RequestHead,
  type RequestStream,
  type StreamSink,
} from '../../src/protocol/index.ts'
import { WindowLedger } from './window-ledger.ts'

export class AuditedConnection extends Connection {
  readonly #ledger: WindowLedger

  constructor(sink: ConnectionSink, options: ConnectionOptions, now: number) {
    const ledger = new WindowLedger(true, options.unread !== undefined)
    super(sink, { ...options, windowManager: ledger.managers(options.windowManager) }, now)
    this.#ledger = ledger
  }

  override receive(chunk: Uint8Array, now: number): void {
    if (!this.closed) this.#ledger.peerSent(chunk)
    super.receive(chunk, now)
    if (!this.closed) this.#ledger.check()
    this.#judge()
  }

  override pull(max: number): Uint8Array | undefined {
    const bytes = super.pull(max)
    if (bytes !== undefined) this.#ledger.clientSent(bytes)
    else if (!this.closed) this.#ledger.checkDrained(this.recvWindow, this.sendWindow)
    this.#judge()
    return bytes
  }

  override open(head: RequestHead, endStream: boolean, sink: StreamSink, now: number): RequestStream {
    const stream = super.open(head, endStream, new SinkTap(this.#ledger, sink), now)
    follow(this.#ledger, stream)
    return stream
  }

  #judge(): void {
    const faults = this.#ledger.faults.splice(0)
    if (faults.length > 0) throw new Error(`the window ledger does not balance: ${faults.join('; ')}`)
  }
}

/** Notes what an owner asks of its stream. */
function follow(ledger: WindowLedger, stream: PushedStream): void {
  const [consume, reset] = [stream.consume.bind(stream), stream.reset.bind(stream)]
  stream.consume = (count) => {
    ledger.taken(stream.id, count)
    consume(count)
  }
  stream.reset = (errorCode) => {
    ledger.dropped(stream.id)
    reset(errorCode)
  }
}

/** Notes what the owner of a stream is told. */
class SinkTap implements StreamSink {
  readonly #ledger: WindowLedger
  readonly #sink: StreamSink
  #id: number

  constructor(ledger: WindowLedger, sink: StreamSink, id = 0) {
    this.#ledger = ledger
    this.#sink = sink
    this.#id = id
  }

  onOpened(streamId: number): void {
    this.#id = streamId
    this.#ledger.opened(streamId)
    this.#sink.onOpened(streamId)
  }

  get onSent(): StreamSink['onSent'] {
    return this.#sink.onSent?.bind(this.#sink)
  }

  onInformational(status: number, fields: FieldList): void {
    this.#sink.onInformational(status, fields)
  }

  onResponse(status: number, fields: FieldList, endStream: boolean): void {
    this.#sink.onResponse(status, fields, endStream)
  }

  onData(buf: Uint8Array, start: number, end: number, frameEnd: boolean): void {
    this.#ledger.given(this.#id, end - start)
    this.#sink.onData(buf, start, end, frameEnd)
  }

  onTrailers(fields: FieldList): void {
    this.#sink.onTrailers(fields)
  }

  onEnd(): void {
    this.#ledger.ended(this.#id)
    this.#sink.onEnd()
  }

  onWritable(): void {
    this.#sink.onWritable()
  }

  onPush(stream: PushedStream, head: PromisedHead): StreamSink | undefined {
    follow(this.#ledger, stream)
    this.#ledger.opened(stream.id)
    const sink = this.#sink.onPush(stream, head)
    return sink && new SinkTap(this.#ledger, sink, stream.id)
  }

  onFailure(failure: Failure): void {
    this.#ledger.dropped(this.#id)
    this.#sink.onFailure(failure)
  }
}
