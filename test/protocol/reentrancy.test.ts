/**
 * A sink may ask anything from within any call (`sinks.ts`): every callback is
 * paired with every request, and the rules of the border hold in each pair.
 */
import { describe, expect, it } from 'vitest'
import type { Failure, PromisedHead, PushedStream, StreamSink } from '../../src/protocol/index.ts'
import { EnginePair, RecordingSink } from '../support/engine.ts'
import {
  block,
  concat,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  goaway,
  headers,
  latin1,
  PING,
  PUSH_PROMISE,
  ping,
  response,
  rstStream,
  settings,
  settingsAck,
  uint32,
  windowUpdate,
} from '../support/wire.ts'
import { OnConsumption } from './on-consumption.ts'
import { lines } from './sent.ts'

const USER: Failure = {
  scope: 'connection',
  initiator: 'user',
  errorCode: 0,
  reason: 'enough',
  processed: 'unknown',
}

type Act = (stage: Stage) => void

/** Writes down everything in one journal, and acts once, from within the callback that was chosen. */
class ActingSink extends RecordingSink {
  readonly stage: Stage
  readonly name: string

  constructor(stage: Stage, name: string) {
    super()
    this.stage = stage
    this.name = name
  }

  #told(callback: string): void {
    this.stage.told(`${this.name} ${callback}`)
  }

  override onOpened(streamId: number): void {
    super.onOpened(streamId)
    this.#told('onOpened')
  }
  override onInformational(status: number, fields: readonly string[]): void {
    super.onInformational(status, fields)
    this.#told('onInformational')
  }
  override onResponse(status: number, fields: readonly string[], endStream: boolean): void {
    super.onResponse(status, fields, endStream)
    this.#told('onResponse')
  }
  override onData(buf: Uint8Array, start: number, end: number, frameEnd: boolean): void {
    super.onData(buf, start, end, frameEnd)
    this.#told('onData')
  }
  override onTrailers(fields: readonly string[]): void {
    super.onTrailers(fields)
    this.#told('onTrailers')
  }
  override onEnd(): void {
    super.onEnd()
    this.#told('onEnd')
  }
  override onWritable(): void {
    super.onWritable()
    this.#told('onWritable')
  }
  override onPush(stream: PushedStream, head: PromisedHead): StreamSink | undefined {
    super.onPush(stream, head)
    this.#told('onPush')
    return new ActingSink(this.stage, 'pushed')
  }
  override onFailure(failure: Failure): void {
    super.onFailure(failure)
    this.#told('onFailure')
  }
}

/** A scene in which every callback comes: `main` is talked to, `other` is open, `waiting` has no slot. */
class Stage extends EnginePair {
  readonly journal: string[] = []
  readonly sinks = new Map<string, ActingSink>()
  /** Streams that were opened when the connection was closed: they fail at once. */
  readonly tooLate = new Set<string>()
  readonly #when: string
  readonly #act: Act
  acted = false

  constructor(when: string, act: Act) {
    super({ enablePush: true, windowManager: OnConsumption })
    this.#when = when
    this.#act = act
  }

  told(what: string): void {
    this.journal.push(what)
    if (this.acted || what !== this.#when) return
    this.acted = true
    this.#act(this)
  }

  override onReady(): void {
    this.told('connection onReady')
  }
  override onDraining(): void {
    this.told('connection onDraining')
  }
  override onPong(token: number, roundTripTime: number): void {
    super.onPong(token, roundTripTime)
    this.told('connection onPong')
  }
  override onClosed(failure: Failure | undefined): void {
    super.onClosed(failure)
    this.told('connection onClosed')
  }

  begin(name: string, endStream = true): ActingSink {
    const sink = new ActingSink(this, name)
    this.sinks.set(name, sink)
    if (this.closed) this.tooLate.add(name)
    const head = {
      method: endStream ? 'GET' : 'POST',
      scheme: 'https',
      authority: 'a.test',
      path: '/',
      fields: [],
    }
    sink.stream = this.connection.open(head, endStream, sink, this.now)
    return sink
  }

  sink(name: string): ActingSink {
    return this.sinks.get(name)!
  }

  /** The whole play, to the end of the connection: `ending` is what ends it. */
  play(ending: 'goaway' | 'error' | 'transport'): void {
    this.frames()
    this.receive(settings({ 3: 4 }), settingsAck)
    this.begin('main', false)
    for (const name of ['done', 'reset', 'other', 'waiting']) this.begin(name)
    this.sink('main').stream!.write(new Uint8Array(70_000))
    this.frames()
    this.receive(settings({ 3: 0 }))
    this.connection.ping(this.now)
    const octets = this.frames().find((one) => one.type === PING)?.payload
    if (octets !== undefined) this.receive(ping(octets, true))
    const promised = block([
      [':method', 'GET'],
      [':scheme', 'https'],
      [':authority', 'a.test'],
      [':path', '/p'],
    ])
    this.receive(
      windowUpdate(0, 100_000),
      windowUpdate(1, 100_000),
      response(1, 103),
      frame(PUSH_PROMISE, END_HEADERS, 1, concat(uint32(2), promised)),
      response(1, 200),
      data(1, 'some content'),
      response(2, 200),
      data(2, 'style'),
      response(3, 200, true),
      rstStream(5, 8),
    )
    this.frames()
    this.receive(headers(1, [['x-sum', '1']], END_HEADERS | END_STREAM), data(2, '', true))
    this.frames()
    if (ending === 'goaway') this.receive(goaway(5, 0))
    if (ending === 'error') this.receive(data(101, 'x'))
    if (ending === 'goaway') this.receive(goaway(0, 0))
    this.connection.transportEnded(undefined, this.now)
    this.frames()
  }
}

const ACTS: Readonly<Record<string, Act>> = {
  'opens a request': (stage) => stage.begin('fresh'),
  'opens an upload and resets it': (stage) => stage.begin('fresh', false).stream!.reset(8),
  'resets the stream': (stage) => stage.sink('main')?.stream?.reset(8),
  'resets another stream': (stage) => stage.sink('other')?.stream?.reset(8),
  'resets a stream that waits': (stage) => stage.sink('waiting')?.stream?.reset(8),
  'resets every stream': (stage) => {
    for (const sink of stage.sinks.values()) sink.stream?.reset(8)
  },
  writes: (stage) => stage.sink('main')?.stream?.write(latin1('more')),
  ends: (stage) => stage.sink('main')?.stream?.end(),
  'ends with trailers': (stage) => stage.sink('main')?.stream?.end(['x', 'y']),
  consumes: (stage) => stage.sink('main')?.stream?.consume(5),
  'changes the urgency': (stage) => stage.sink('main')?.stream?.reprioritize(0, true),
  pings: (stage) => stage.connection.ping(stage.now),
  'shuts down': (stage) => stage.connection.shutdown(0, stage.now),
  destroys: (stage) => stage.connection.destroy(USER),
}

const CALLBACKS = [
  'connection onReady',
  'connection onDraining',
  'connection onPong',
  'connection onClosed',
  'main onOpened',
  'main onInformational',
  'main onResponse',
  'main onData',
  'main onTrailers',
  'main onEnd',
  'main onWritable',
  'main onPush',
  'done onResponse',
  'done onEnd',
  'reset onFailure',
  'other onFailure',
  'waiting onFailure',
]

const ENDINGS = ['goaway', 'error', 'transport'] as const

/** The rules that hold whatever is asked, as the list of those that were broken. */
function broken(stage: Stage): string[] {
  const rules: string[] = []
  const { journal, connection } = stage
  const closedAt = journal.indexOf('connection onClosed')
  if (journal.filter((line) => line === 'connection onClosed').length !== 1) rules.push('onClosed once')
  const late = journal.slice(closedAt + 1).filter((line) => !stage.tooLate.has(line.split(' ')[0]!))
  if (late.length > 0) rules.push(`nothing after onClosed: ${late.join(', ')}`)
  for (const [name, sink] of stage.sinks) {
    const own = journal
      .filter((line) => line.startsWith(`${name} `))
      .map((line) => line.slice(name.length + 1))
    const ends = own.filter((line) => line === 'onEnd' || line === 'onFailure')
    if (ends.length > 1) rules.push(`${name} ends once: ${own.join(', ')}`)
    const after = own.slice(own.indexOf('onFailure') + 1)
    if (own.includes('onFailure') && after.length > 0)
      rules.push(`${name} is told nothing after its failure: ${after.join(', ')}`)
    if (sink.stream?.writable) rules.push(`${name} is not writable at the end`)
  }
  if (connection.openStreams !== 0) rules.push(`no stream is open at the end: ${connection.openStreams}`)
  if (connection.queuedStreams !== 0) rules.push(`no stream waits at the end: ${connection.queuedStreams}`)
  const sent = lines(stage.frames())
  if (sent.length > 0) rules.push(`nothing more is sent: ${sent.join(', ')}`)
  return rules
}

describe.each(ENDINGS)('a connection that ends by %s', (ending) => {
  it('has every callback in its play', () => {
    const seen = new Set<string>()
    for (const each of ENDINGS) {
      const stage = new Stage('', () => undefined)
      stage.play(each)
      for (const line of stage.journal) seen.add(line)
      expect(broken(stage)).toEqual([])
    }
    expect(CALLBACKS.filter((callback) => !seen.has(callback))).toEqual([])
  })

  for (const [name, act] of Object.entries(ACTS)) {
    it.each(CALLBACKS)(`keeps the rules when %s ${name}`, (callback) => {
      const stage = new Stage(callback, act)
      stage.play(ending)
      expect(broken(stage)).toEqual([])
    })
  }
})
