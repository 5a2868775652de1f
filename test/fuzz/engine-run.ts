/**
 * The engine between a tape of the peer's octets and an application's calls.
 * Its sinks judge the order in which they are told; what they were told and
 * what was sent are written down, so that two runs can be compared.
 */
import type {
  Connection,
  ConnectionOptions,
  ConnectionSink,
  Failure,
  FieldList,
  PromisedHead,
  PushedStream,
  RequestStream,
  StreamSink,
} from '../../src/protocol/index.ts'
import { AuditedConnection } from '../support/audited-connection.ts'
import { WireValidator } from '../support/wire-validator.ts'
import { chunks } from './mutation.ts'

/** What an owner does of itself when it is told something. */
export const HABITS = [
  'takes all',
  'takes all',
  'takes nothing',
  'resets on response',
  'resets on content',
  'opens another at the end',
] as const

export interface Opening {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'CONNECT'
  readonly upload: boolean
  readonly habit: (typeof HABITS)[number]
}

/** What the application does; `stream` picks one of those that were opened. */
export type AppCall =
  | { readonly call: 'open'; readonly opening: Opening }
  | { readonly call: 'write' | 'consume'; readonly stream: number; readonly length: number }
  | { readonly call: 'end'; readonly stream: number; readonly trailers: boolean }
  | { readonly call: 'reset'; readonly stream: number }
  | { readonly call: 'reprioritize'; readonly stream: number; readonly urgency: number }
  | { readonly call: 'ping' | 'shutdown' }
  | { readonly call: 'wait'; readonly ms: number }

/** One thing that happens: the peer's octets, a call, or the transport taking output, so much at a time. */
export type Event = Uint8Array | AppCall | { readonly pull: number }

const CANCEL = 8

/** An owner of a stream that minds what it is told, and when. */
export class Owner implements StreamSink {
  readonly run: Run
  readonly name: string
  readonly opening: Opening
  stream: RequestStream | PushedStream | undefined = undefined
  id = 0
  /** It reset the stream: nothing more may come. */
  didReset = false
  ends = 0
  failure: Failure | undefined = undefined
  #opened = false
  #responded = false
  #received = 0
  #checksum = 0

  constructor(run: Run, name: string, opening: Opening) {
    this.run = run
    this.name = name
    this.opening = opening
  }

  reset(): void {
    this.didReset = true
    this.stream?.reset(CANCEL)
  }

  #tell(what: string, allowed: boolean): void {
    this.run.told(`${this.name} ${what}`)
    if (!allowed || this.didReset) this.run.faults.push(`${this.name} was told out of turn: ${what}`)
  }

  get #open(): boolean {
    return this.#opened && this.ends === 0
  }

  onOpened(streamId: number): void {
    this.#tell(`opened ${streamId}`, !this.#opened && this.ends === 0)
    this.#opened = true
    this.id = streamId
  }

  onInformational(status: number, fields: FieldList): void {
    this.#tell(`informational ${status} ${fields.join()}`, this.#open && !this.#responded && status < 200)
  }

  onResponse(status: number, fields: FieldList, endStream: boolean): void {
    this.#tell(`response ${status} ${fields.join()} ${endStream}`, this.#open && !this.#responded)
    this.#responded = true
    if (this.opening.habit === 'resets on response') this.reset()
  }

  onData(buf: Uint8Array, start: number, end: number, frameEnd: boolean): void {
    if (start > end || end > buf.length) this.run.faults.push('content out of bounds')
    for (let i = start; i < end; i++) this.#checksum = (Math.imul(this.#checksum, 31) + buf[i]!) | 0
    this.#received += end - start
    this.run.calls += 1
    if (!this.#open || !this.#responded || this.didReset)
      this.run.faults.push(`${this.name} got content out of turn`)
    if (frameEnd) this.#tell(`content ${this.#received} ${this.#checksum}`, true)
    if (this.opening.habit === 'takes all') this.stream!.consume(end - start)
    if (frameEnd && this.opening.habit === 'resets on content') this.reset()
  }

  onTrailers(fields: FieldList): void {
    this.#tell(`trailers ${fields.join()}`, this.#open && this.#responded)
  }

  onEnd(): void {
    this.#tell('end', this.#open && this.#responded)
    this.ends += 1
    if (this.opening.habit === 'opens another at the end') {
      this.run.open({ method: 'GET', upload: false, habit: 'takes all' })
    }
  }

  onWritable(): void {
    this.#tell('writable', this.failure === undefined)
  }

  onPush(stream: PushedStream, head: PromisedHead): StreamSink | undefined {
    this.#tell(`push ${stream.id} ${head.path}`, this.#open)
    return this.opening.habit === 'takes nothing' ? undefined : this.run.accept(stream)
  }

  onFailure(failure: Failure): void {
    // A tunnel has two halves: the peer's may end before the whole fails.
    const halfDone = this.opening.method === 'CONNECT' && this.ends === 1 && this.failure === undefined
    this.#tell(`failure ${failure.reason} ${failure.processed}`, this.ends === 0 || halfDone)
    this.ends = 1
    this.failure = failure
  }
}

const NO_FIELDS: FieldList = Object.freeze(['x-a', 'one', 'x-b', 'two'])

/** One connection from its beginning to its end. */
export class Run implements ConnectionSink {
  readonly connection: Connection
  readonly owners: Owner[] = []
  readonly validator = new WireValidator()
  /** What was told and sent, in order. */
  readonly transcript: string[] = []
  readonly faults: string[] = []
  calls = 0
  received = 0
  sent = 0
  closedWith: Failure | undefined = undefined
  closedTimes = 0
  now = 0
  /** Shown what the engine sends, as it is sent. */
  onSent: (bytes: Uint8Array) => void = () => undefined
  readonly #lengths: readonly number[]

  /** `lengths`: how the peer's octets are cut. */
  constructor(options: ConnectionOptions, lengths: readonly number[]) {
    this.connection = new AuditedConnection(this, options, 0)
    this.#lengths = lengths
  }

  told(what: string): void {
    this.calls += 1
    this.transcript.push(what)
    if (this.closedTimes > 0 && !what.includes('takes no more'))
      this.faults.push(`told after the end: ${what}`)
  }

  onReady(): void {
    this.told('ready')
  }

  onDraining(errorCode: number, debugData: string): void {
    this.told(`draining ${errorCode} ${debugData}`)
  }

  onPong(token: number): void {
    this.told(`pong ${token}`)
  }

  onClosed(failure: Failure | undefined): void {
    this.told(`closed ${failure?.reason}`)
    this.closedTimes += 1
    this.closedWith = failure
  }

  onNotice(text: string): void {
    this.told(`notice ${text}`)
  }

  open(opening: Opening): void {
    const owner = new Owner(this, `#${this.owners.length}`, opening)
    this.owners.push(owner)
    const { method } = opening
    const target = method === 'CONNECT' ? {} : { scheme: 'https', path: `/${this.owners.length}` }
    const head = { method, authority: 'a.test', fields: NO_FIELDS, ...target }
    const stream = this.connection.open(head, !opening.upload && method !== 'CONNECT', owner, this.now)
    owner.stream = stream
  }

  accept(stream: PushedStream): Owner {
    const owner = new Owner(this, `push ${stream.id}`, { method: 'GET', upload: false, habit: 'takes all' })
    owner.stream = stream
    owner.onOpened(stream.id)
    this.owners.push(owner)
    return owner
  }

  play(event: Event): void {
    if (event instanceof Uint8Array) {
      // What comes after the end is not read.
      if (!this.connection.closed) this.validator.peerSent(event)
      this.received += event.length
      for (const chunk of chunks(event, this.#lengths)) {
        this.connection.receive(chunk, this.now)
        chunk.fill(0xee)
      }
    } else if ('pull' in event) this.#pull(event.pull)
    else this.#call(event)
  }

  #pull(max: number): void {
    for (let bytes = this.connection.pull(max); bytes !== undefined; bytes = this.connection.pull(max)) {
      if (bytes.length === 0 || bytes.length > max) this.faults.push(`pulled ${bytes.length} of ${max}`)
      const taken = bytes.slice()
      this.sent += taken.length
      this.transcript.push(`sent ${Buffer.from(taken).toString('hex')}`)
      this.validator.clientSent(taken)
      this.onSent(taken)
    }
  }

  #call(event: AppCall): void {
    if (event.call === 'open') this.open(event.opening)
    else if (event.call === 'ping') this.#ping()
    else if (event.call === 'shutdown') this.connection.shutdown(0, this.now)
    else if (event.call === 'wait') {
      this.now += event.ms
      this.connection.handleTimeout(this.now)
    } else {
      const owner =
        'stream' in event ? this.owners[event.stream % Math.max(1, this.owners.length)] : undefined
      if (owner?.stream !== undefined) this.#ask(owner, owner.stream, event)
    }
  }

  #ping(): void {
    try {
      this.connection.ping(this.now)
    } catch (error) {
      // Too many wait for their answer.
      if (!(error instanceof RangeError)) throw error
    }
  }

  #ask(owner: Owner, stream: RequestStream | PushedStream, event: AppCall): void {
    if (event.call === 'consume') stream.consume(event.length)
    else if (event.call === 'reset') owner.reset()
    else if (!('write' in stream)) return
    else if (event.call === 'write') stream.write(new Uint8Array(event.length).fill(0x61))
    else if (event.call === 'end') stream.end(event.trailers ? ['x-sum', '1'] : undefined)
    else if (event.call === 'reprioritize') stream.reprioritize(event.urgency, true)
  }

  /** The transport ends; what must then be true is checked. */
  finish(): void {
    this.#pull(65_536)
    this.connection.transportEnded(undefined, this.now)
    this.#pull(65_536)
    if (this.closedTimes !== 1) this.faults.push(`the end was told ${this.closedTimes} times`)
    for (const { name, ends, didReset } of this.owners) {
      if (ends !== 1 && !didReset) this.faults.push(`${name} was told ${ends} ends`)
    }
    if (this.connection.openStreams + this.connection.queuedStreams > 0) this.faults.push('streams are left')
  }
}
