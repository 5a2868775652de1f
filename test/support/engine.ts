/**
 * The engine with a peer of plain bytes: what the test sends goes in, what the
 * engine sends comes out as frames, and sinks write down what they were told.
 */
import type {
  Connection,
  ConnectionOptions,
  ConnectionSink,
  Failure,
  FieldList,
  PromisedHead,
  PushedStream,
  RequestHead,
  RequestStream,
  StreamSink,
} from '../../src/protocol/index.ts'
import { AuditedConnection } from './audited-connection.ts'
import {
  concat,
  FRAME_HEADER_SIZE,
  PREFACE,
  readFrames,
  settings,
  settingsAck,
  type WireFrame,
} from './wire.ts'

/** Writes down what a stream's owner is told; consumes content at once unless `hold` is set. */
export class RecordingSink implements StreamSink {
  readonly calls: string[] = []
  readonly informational: { status: number; fields: FieldList }[] = []
  status = 0
  fields: FieldList = []
  trailers: FieldList | undefined = undefined
  failure: Failure | undefined = undefined
  ended = false
  content = ''
  received = 0
  hold = false
  stream: RequestStream | undefined = undefined
  readonly pushes: { stream: PushedStream; head: PromisedHead; sink: RecordingSink }[] = []
  acceptPushes = true

  onOpened(streamId: number): void {
    this.calls.push(`opened ${streamId}`)
  }

  onInformational(status: number, fields: FieldList): void {
    this.calls.push(`informational ${status}`)
    this.informational.push({ status, fields })
  }

  onResponse(status: number, fields: FieldList, endStream: boolean): void {
    this.calls.push(`response ${status}${endStream ? ' end' : ''}`)
    this.status = status
    this.fields = fields
  }

  onData(buf: Uint8Array, start: number, end: number, frameEnd: boolean): void {
    if (frameEnd) this.calls.push('frame')
    this.received += end - start
    for (let i = start; i < end && this.content.length < 1000; i++)
      this.content += String.fromCharCode(buf[i]!)
    if (!this.hold) this.stream?.consume(end - start)
  }

  onTrailers(fields: FieldList): void {
    this.calls.push('trailers')
    this.trailers = fields
  }

  onEnd(): void {
    this.calls.push('end')
    this.ended = true
  }

  onWritable(): void {
    this.calls.push('writable')
  }

  onPush(stream: PushedStream, head: PromisedHead): StreamSink | undefined {
    this.calls.push(`push ${stream.id}`)
    if (!this.acceptPushes) return undefined
    const sink = new RecordingSink()
    this.pushes.push({ stream, head, sink })
    return sink
  }

  onFailure(failure: Failure): void {
    this.calls.push(`failure ${failure.reason}`)
    this.failure = failure
  }
}

/** An engine and its peer. Time is a number that the test moves. */
export class EnginePair implements ConnectionSink {
  readonly connection: Connection
  now = 1000
  readonly calls: string[] = []
  closedWith: Failure | undefined = undefined
  closed = false
  pongs: { token: number; roundTripTime: number }[] = []
  /** What the engine has sent and is not read as frames yet. */
  #sent: Uint8Array[] = []
  /** True once the preface was read. */
  #begun = false

  constructor(options: ConnectionOptions = {}) {
    this.connection = new AuditedConnection(this, options, this.now)
  }

  onReady(): void {
    this.calls.push('ready')
  }

  onDraining(errorCode: number, debugData: string): void {
    this.calls.push(`draining ${errorCode} ${debugData}`)
  }

  onPong(token: number, roundTripTime: number): void {
    this.pongs.push({ token, roundTripTime })
  }

  onClosed(failure: Failure | undefined): void {
    this.calls.push('closed')
    this.closed = true
    this.closedWith = failure
  }

  onNotice(text: string): void {
    this.calls.push(`notice ${text}`)
  }

  /** A peer that has said its SETTINGS and acknowledged ours. */
  static ready(
    options: ConnectionOptions = {},
    peerSettings: Readonly<Record<number, number>> = {},
  ): EnginePair {
    const pair = new EnginePair(options)
    pair.frames()
    pair.receive(settings(peerSettings), settingsAck)
    pair.frames()
    return pair
  }

  receive(...chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) this.connection.receive(chunk, this.now)
  }

  open(head: Partial<RequestHead> = {}, endStream = true): RecordingSink {
    const sink = new RecordingSink()
    const full = { method: 'GET', scheme: 'https', authority: 'a.test', path: '/', fields: [], ...head }
    sink.stream = this.connection.open(full, endStream, sink, this.now)
    return sink
  }

  /** What the engine has sent since the last call, pulled in pieces of at most `max` octets. */
  frames(max = 65_536): WireFrame[] {
    for (let bytes = this.connection.pull(max); bytes !== undefined; bytes = this.connection.pull(max)) {
      this.#sent.push(bytes.slice())
    }
    const bytes = concat(...this.#sent)
    const frames = readFrames(bytes)
    const preface = this.#begun ? 0 : PREFACE.length
    const taken = frames.reduce((length, { payload }) => length + FRAME_HEADER_SIZE + payload.length, preface)
    this.#begun ||= frames.length > 0
    this.#sent = frames.length > 0 ? [bytes.subarray(taken)] : [bytes]
    return frames
  }

  /** Moves time on and lets the engine's deadlines pass. */
  advance(ms: number): void {
    this.now += ms
    this.connection.handleTimeout(this.now)
  }
}
