/**
 * A peer that keeps every rule (RFC 9113) and uses all that they allow. It acts
 * on what it has seen of the engine's output and nothing else, so that what is
 * in flight in both directions crosses. Played once, it leaves a tape.
 */
import fc from 'fast-check'
import {
  CONTINUATION,
  concat,
  DATA,
  END_HEADERS,
  END_STREAM,
  frame,
  GOAWAY,
  goaway,
  HEADERS,
  PADDED,
  PING,
  PREFACE,
  PRIORITY,
  PUSH_PROMISE,
  ping,
  RST_STREAM,
  readFrames,
  rstStream,
  SETTINGS,
  settings,
  settingsAck,
  uint32,
  uint32At,
  WINDOW_UPDATE,
  type WireFrame,
  windowUpdate,
} from '../support/wire.ts'
import { type AppCall, type Event, HABITS, type Run } from './engine-run.ts'
import { type Field, PeerEncoder } from './peer-encoder.ts'

const opening = fc.record({
  method: fc.constantFrom(
    'GET' as const,
    'GET' as const,
    'HEAD' as const,
    'POST' as const,
    'CONNECT' as const,
  ),
  upload: fc.boolean(),
  habit: fc.constantFrom(...HABITS),
})
const pick = fc.nat(7)

const appCall: fc.Arbitrary<AppCall> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ call: fc.constant('open' as const), opening }) },
  {
    weight: 4,
    arbitrary: fc.record({
      call: fc.constantFrom('write' as const, 'consume' as const),
      stream: pick,
      length: fc.oneof(fc.nat(300), fc.nat(40_000)),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ call: fc.constant('end' as const), stream: pick, trailers: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ call: fc.constant('reset' as const), stream: pick }) },
  {
    weight: 1,
    arbitrary: fc.record({ call: fc.constant('reprioritize' as const), stream: pick, urgency: fc.nat(7) }),
  },
  { weight: 1, arbitrary: fc.record({ call: fc.constant('ping' as const) }) },
  { weight: 1, arbitrary: fc.record({ call: fc.constant('wait' as const), ms: fc.nat(100) }) },
)
const shutdown = fc.constant({ call: 'shutdown' as const })

const peerStep = fc.record({
  peer: fc.constantFrom(
    'response',
    'response',
    'response',
    'informational',
    'content',
    'content',
    'content',
    'content',
    'trailers',
    'window',
    'window',
    'settings',
    'ping',
    'pong',
    'reset',
    'push',
    'push',
    'unknown',
    'priority',
  ),
  stream: pick,
  length: fc.oneof(fc.constant(0), fc.nat(60), fc.nat(3000)),
  padding: fc.option(fc.nat(30), { nil: undefined }),
  // An end closes what could still be held: most streams go on.
  end: fc.constantFrom(true, false, false, false),
  style: fc.nat(0x7fffffff),
  parts: fc.nat(3),
})
const goawayStep = fc.record({ peer: fc.constant('goaway'), last: fc.nat(3), style: fc.nat(13) })

/** What happens, in order; pulls are frequent, so that the peer learns of requests. */
export const script = fc.array(
  fc.oneof(
    { weight: 50, arbitrary: appCall },
    { weight: 100, arbitrary: peerStep },
    { weight: 60, arbitrary: fc.record({ pull: fc.constantFrom(65_536, 65_536, 100, 16_384) }) },
    { weight: 1, arbitrary: fc.oneof(goawayStep, shutdown) },
  ),
  { minLength: 8, maxLength: 70 },
)
type Step = typeof script extends fc.Arbitrary<(infer T)[]> ? T : never
type PeerStep = typeof peerStep extends fc.Arbitrary<infer T> ? T : never

interface PeerStream {
  readonly id: number
  phase: 'request' | 'content' | 'over'
  /** Nothing is left to be said on it, by an end or a reset of either side. */
  dead: boolean
  window: number
  bodiless: boolean
  tunnel: boolean
  informational: number
}

const LAST_STREAM = 0x7fffffff
const STATUSES = ['200', '200', '200', '204', '304', '404', '999']

export class Conversation {
  readonly tape: Event[] = []
  /** Error codes of the engine's RST_STREAMs. */
  readonly resets: number[] = []
  readonly #run: Run
  readonly #encoder = new PeerEncoder()
  readonly #streams: PeerStream[] = []
  readonly #pings: Uint8Array[] = []
  #rest: Uint8Array = new Uint8Array()
  #window = 65_535
  #initialWindow = 65_535
  #greeted = false
  /** The engine said GOAWAY. */
  #over = false
  #lastStream = LAST_STREAM
  #promised = 0
  #begun = false

  constructor(run: Run) {
    this.#run = run
    run.onSent = (bytes) => this.#see(bytes)
  }

  play(steps: readonly Step[]): void {
    this.#happen({ pull: 65_536 })
    this.#say(settings({ 3: 50 }))
    for (const step of steps) {
      if (!('peer' in step)) this.#happen(step)
      else if (this.#over) continue
      else if ('last' in step) this.#goaway(step.last, step.style)
      else this.#step(step)
    }
  }

  #happen(event: Event): void {
    this.tape.push(event)
    this.#run.play(event)
  }

  #say(...frames: readonly Uint8Array[]): void {
    this.#happen(concat(...frames))
  }

  // — what it sees —

  #see(bytes: Uint8Array): void {
    this.#rest = concat(this.#rest, bytes)
    if (!this.#begun) {
      if (this.#rest.length < PREFACE.length) return
      this.#rest = this.#rest.slice(PREFACE.length)
      this.#begun = true
    }
    const frames = readFrames(this.#rest)
    this.#rest = this.#rest.slice(frames.reduce((sum, { payload }) => sum + 9 + payload.length, 0))
    for (const one of frames) this.#seen(one)
  }

  #seen({ type, flags, streamId, payload }: WireFrame): void {
    const stream = this.#streams.find(({ id }) => id === streamId)
    if (type === RST_STREAM) this.resets.push(uint32At(payload))
    if (type === HEADERS && stream === undefined) this.#add(streamId)
    else if (type === RST_STREAM && stream !== undefined) stream.dead = true
    else if (type === WINDOW_UPDATE && streamId === 0) this.#window += uint32At(payload)
    else if (type === WINDOW_UPDATE && stream !== undefined) stream.window += uint32At(payload)
    else if (type === PING && flags === 0) this.#pings.push(payload)
    else if (type === GOAWAY) this.#over = true
    else if (type === SETTINGS && flags === 0) {
      for (let at = 0; at < payload.length; at += 6) {
        if (uint32At(payload, at) >>> 16 === 4) this.#initialWindow = uint32At(payload, at + 2)
      }
    }
  }

  #add(id: number): void {
    this.#streams.push({
      id,
      phase: 'request',
      dead: id % 2 === 1 && id > this.#lastStream,
      window: this.#initialWindow,
      bodiless: false,
      tunnel: false,
      informational: 0,
    })
  }

  // — what it says —

  #step(step: PeerStep): void {
    const { peer, style, length } = step
    if (!this.#greeted) {
      this.#greeted = true
      this.#say(settingsAck)
    }
    const live = this.#streams.filter(({ dead, phase }) => !dead && phase !== 'over')
    const stream = live[step.stream % Math.max(1, live.length)]
    if (peer === 'settings') this.#say(settings(changes(style, length)))
    else if (peer === 'ping') this.#say(ping(concat(uint32(style), uint32(length))))
    else if (peer === 'pong') this.#pong()
    else if (peer === 'unknown')
      this.#say(frame(0xb + (style % 5), style & 0xff, style % 3, new Uint8Array(length % 50)))
    else if (peer === 'priority')
      this.#say(frame(PRIORITY, 0, 1 + (style % 9), concat(uint32(0), Uint8Array.of(5))))
    else if (peer === 'window') this.#grant(step)
    else if (stream !== undefined) this.#onStream(stream, step)
  }

  #onStream(stream: PeerStream, step: PeerStep): void {
    if (step.peer === 'reset') this.#reset(stream, step.style)
    else if (step.peer === 'push') this.#push(stream, step)
    else if (stream.phase === 'request') {
      if (step.peer === 'informational') this.#informational(stream, step)
      else if (step.peer === 'response') this.#response(stream, step)
    } else if (step.peer === 'content') this.#content(stream, step)
    else if (step.peer === 'trailers' && !stream.tunnel) this.#trailers(stream, step)
  }

  #pong(): void {
    const octets = this.#pings.shift()
    if (octets !== undefined) this.#say(ping(octets, true))
  }

  #grant({ stream, style, end }: PeerStep): void {
    const known = this.#streams[stream % Math.max(1, this.#streams.length)]
    if (end || known === undefined) this.#say(windowUpdate(0, 1 + (style % 100_000)))
    else if (!known.dead && (known.id % 2 === 1 || known.phase !== 'request')) {
      this.#say(windowUpdate(known.id, 1 + (style % 100_000)))
    }
  }

  #reset(stream: PeerStream, style: number): void {
    stream.dead = true
    this.#say(rstStream(stream.id, style % 15))
  }

  #informational(stream: PeerStream, step: PeerStep): void {
    stream.informational += 1
    if (stream.informational > 8) return
    const status = step.end ? '103' : String(102 + (step.style % 98))
    this.#headers(
      stream,
      [
        [':status', status],
        ['link', '</a>'],
      ],
      false,
      step,
    )
  }

  #response(stream: PeerStream, step: PeerStep): void {
    const { method } = this.#run.owners.find(({ id }) => id === stream.id)?.opening ?? { method: 'GET' }
    const status = STATUSES[step.style % STATUSES.length]!
    stream.tunnel = method === 'CONNECT' && status.startsWith('2')
    stream.bodiless = method === 'HEAD' || (!stream.tunnel && (status === '204' || status === '304'))
    stream.phase = step.end ? 'over' : 'content'
    const fields: Field[] = [
      [':status', status],
      ['server', 'a'],
      ['x-text', 'x'.repeat(step.length % 300)],
    ]
    if (step.end && step.parts === 2) fields.push(['content-length', stream.bodiless ? '9' : '0'])
    this.#headers(stream, fields, step.end, step)
  }

  #trailers(stream: PeerStream, step: PeerStep): void {
    stream.phase = 'over'
    this.#headers(stream, [['x-sum', String(step.style)]], true, step)
  }

  #content(stream: PeerStream, { length, padding, end, style }: PeerStep): void {
    const octets = new Uint8Array(stream.bodiless ? 0 : length).fill(style & 0xff)
    const payload =
      padding === undefined ? octets : concat(Uint8Array.of(padding), octets, new Uint8Array(padding))
    if (payload.length > stream.window || payload.length > this.#window) return
    stream.window -= payload.length
    this.#window -= payload.length
    if (end) stream.phase = 'over'
    this.#say(frame(DATA, (end ? END_STREAM : 0) | (padding === undefined ? 0 : PADDED), stream.id, payload))
  }

  #push(parent: PeerStream, step: PeerStep): void {
    if (parent.id % 2 === 0 || parent.tunnel) return
    if (this.#run.owners.find(({ id }) => id === parent.id)?.opening.method === 'CONNECT') return
    const id = this.#promised + 2 * (1 + (step.style % 3))
    this.#promised = id
    const fields: Field[] = [
      [':method', 'GET'],
      [':scheme', 'https'],
      [':authority', 'a.test'],
      [':path', `/pushed/${id}`],
    ]
    this.#add(id)
    this.#say(...this.#block(PUSH_PROMISE, 0, parent.id, uint32(id), fields, { ...step, padding: undefined }))
  }

  #goaway(last: number, code: number): void {
    const answered = this.#streams.filter(({ id, phase }) => id % 2 === 1 && phase !== 'request')
    const seen = this.#streams.filter(({ id }) => id % 2 === 1).map(({ id }) => id)
    const wanted = [LAST_STREAM, Math.max(0, ...seen), Math.max(0, ...answered.map(({ id }) => id)), 0][last]!
    const least = Math.max(0, ...answered.map(({ id }) => id))
    this.#lastStream = Math.min(this.#lastStream, Math.max(wanted, least))
    for (const stream of this.#streams)
      if (stream.id % 2 === 1 && stream.id > this.#lastStream) stream.dead = true
    this.#say(goaway(this.#lastStream, code, 'why'))
  }

  #headers(stream: PeerStream, fields: readonly Field[], end: boolean, step: PeerStep): void {
    this.#say(...this.#block(HEADERS, end ? END_STREAM : 0, stream.id, new Uint8Array(), fields, step))
  }

  /** A field block in one frame or several, padded or not (RFC 9113 §6.2, §6.6, §6.10). */
  #block(
    type: number,
    flags: number,
    streamId: number,
    before: Uint8Array,
    fields: readonly Field[],
    { style, parts, padding }: PeerStep,
  ): Uint8Array[] {
    const updates = style % 11 === 0 ? [[0, 4096], [100], [4096]][style % 3]! : []
    const block = this.#encoder.encode(fields, style, updates)
    const size = Math.ceil(block.length / (parts + 1))
    const pieces = Array.from({ length: parts + 1 }, (_, i) => block.slice(i * size, (i + 1) * size))
    const padded = padding === undefined ? [] : [Uint8Array.of(padding)]
    const first = concat(...padded, before, pieces[0]!, new Uint8Array(padding ?? 0))
    const all = flags | (padding === undefined ? 0 : PADDED)
    return pieces.map((piece, i) => {
      const last = i === parts ? END_HEADERS : 0
      return i === 0 ? frame(type, all | last, streamId, first) : frame(CONTINUATION, last, streamId, piece)
    })
  }
}

/** Settings that a server may change at any time. */
function changes(style: number, length: number): Record<number, number> {
  const all: Record<number, number>[] = [
    {},
    { 1: length },
    { 1: 0, 4: length * 30 },
    { 2: 0 },
    { 3: style % 9 },
    { 4: style % 100_000 },
    { 5: 16_384 + (style % 1000), 6: 2000 },
    { 30583: style },
  ]
  return all[style % all.length]!
}
