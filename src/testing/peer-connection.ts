/**
 * One connection as a scripted peer has it: what the client sent, in order, and
 * a queue of what the script says. Its one rule: a script's lines take effect
 * in the order in which they stand, however their bytes are cut.
 */
import { cutterOf, type Delivery } from './delivery.ts'
import { FrameCutter } from './frame-cutter.ts'
import {
  difference,
  FrameSpec,
  HEADERS,
  octetsOf,
  PING,
  ping,
  SETTINGS,
  type SettingsInput,
  settings,
  settingsAck,
  WINDOW_UPDATE,
} from './frame-spec.ts'
import { concat, uint32 } from './octets.ts'
import type { PeerLink } from './peer-link.ts'
import { fieldOf, type ReceivedFrame } from './received-frame.ts'

/** How a peer behaves by itself. */
export interface PeerBehaviour {
  /** SETTINGS sent when a connection begins; `false` for none. Default: an empty frame. */
  readonly settings?: SettingsInput | false | undefined
  /** Acknowledge the client's SETTINGS. Default true, unless `settings` is `false`. */
  readonly acknowledge?: boolean | undefined
  /** Answer the client's PINGs. Default true. */
  readonly answerPings?: boolean | undefined
  /** End when the client ends. Default true. */
  readonly hangUp?: boolean | undefined
  /** How bytes arrive at the client. Default `'written'`. */
  readonly delivery?: Delivery | undefined
  /** For `'pieces'`. Default 1. */
  readonly seed?: number | undefined
}

/** A request whose field block arrived whole: as far as a server can tell, it is executed now. */
export interface PeerRequest {
  readonly streamId: number
  readonly method: string
  /** `:path`, of a CONNECT `:authority`. */
  readonly path: string
}

/** What can be sent: a frame, octets, or text of which each character is an octet. */
export type Sendable = FrameSpec | Uint8Array | string

type Line = { bytes: Uint8Array } | { act: 'end' | 'cut' | 'reset' }

/** Frames that `expect` passes over unless one of them is what it waits for. */
const HOUSEKEEPING: readonly number[] = [SETTINGS, PING, WINDOW_UPDATE]

/** Marks the PINGs of `sync`. */
const SYNC_MARK = 0x73796e63

export class PeerConnection {
  /** Every frame that the client sent. */
  readonly frames: ReceivedFrame[] = []
  readonly requests: PeerRequest[] = []
  /** Resolves when nothing is left of the connection. */
  readonly closed: Promise<void>
  readonly #link: PeerLink
  readonly #behaviour: PeerBehaviour
  readonly #cut: (bytes: Uint8Array) => Iterable<Uint8Array>
  readonly #cutter = new FrameCutter()
  readonly #lines: Line[] = []
  /** True while `#run` is under way. */
  #running = false
  #stalled = false
  /** The first frame that no expectation has passed. */
  #next = 0
  /** Why no more frames come. */
  #over: Error | undefined
  #waiting: (() => void)[] = []
  #syncs = 0
  #markClosed!: () => void
  #isClosed = false

  constructor(link: PeerLink, behaviour: PeerBehaviour) {
    this.#link = link
    this.#behaviour = behaviour
    this.#cut = cutterOf(behaviour.delivery ?? 'written', behaviour.seed ?? 1)
    this.closed = new Promise((resolve) => {
      this.#markClosed = resolve
    })
    if (behaviour.settings !== false) this.send(settings(behaviour.settings))
    link.start({
      onChunk: (bytes) => this.#received(bytes),
      onEnd: () => {
        this.#finished(new Error('the client ended the connection'))
        if (behaviour.hangUp !== false) this.end()
      },
      onClosed: () => {
        this.#isClosed = true
        this.#finished(new Error('the connection is closed'))
        this.#markClosed()
      },
    })
  }

  // — lines of a script —

  /** Sends frames and octets, together: one chunk if they are delivered as written. */
  send(...parts: readonly Sendable[]): void {
    const bytes = concat(parts.map((part) => this.#octets(part)))
    const last = this.#lines.at(-1)
    if (this.#behaviour.delivery === 'burst' && last !== undefined && 'bytes' in last) {
      last.bytes = concat([last.bytes, bytes])
    } else {
      this.#add({ bytes })
    }
  }

  /** Says no more: FIN behind what was sent. */
  end(): void {
    this.#add({ act: 'end' })
  }

  /** Closes both ways behind what was sent, as a process does that dies. */
  cut(): void {
    this.#add({ act: 'cut' })
  }

  /** Breaks the connection behind what was sent, as TCP does with RST. */
  reset(): void {
    this.#add({ act: 'reset' })
  }

  /** Falls silent: nothing is read, and what is sent waits, until `resume`. */
  stall(): void {
    this.#stalled = true
    this.#link.pause()
  }

  resume(): void {
    this.#stalled = false
    this.#link.resume()
    this.#start()
  }

  /**
   * Waits for the client's next frame, which has to be this one, and returns it.
   * SETTINGS, PING and WINDOW_UPDATE are passed over unless they are meant.
   * Throws Error, naming both, if another comes first or none can come.
   */
  async expect(spec: FrameSpec): Promise<ReceivedFrame> {
    for (;;) {
      const frame = await this.#nextFrame(spec)
      const what = spec.mismatch(frame)
      if (what === undefined) return frame
      if (HOUSEKEEPING.includes(frame.type)) continue
      throw new Error(difference(spec, frame, what))
    }
  }

  /** Waits for this frame, whatever comes before it, and returns it. Throws Error if it cannot come. */
  async until(spec: FrameSpec): Promise<ReceivedFrame> {
    for (;;) {
      const frame = await this.#nextFrame(spec)
      if (spec.mismatch(frame) === undefined) return frame
    }
  }

  /**
   * Resolves when the client has read all that was sent before and said what it
   * had to say: a PING there and back. Throws Error if the connection is over.
   */
  async sync(): Promise<void> {
    this.#syncs += 1
    const octets = concat([uint32(SYNC_MARK), uint32(this.#syncs)])
    const answer = ping(octets).ack()
    this.send(ping(octets))
    for (let at = this.frames.length; ; at++) {
      while (at >= this.frames.length) await this.#more(answer)
      if (answer.mismatch(this.frames[at]!) === undefined) return
    }
  }

  /** Frames not yet expected, taken: nothing more is said of them. */
  rest(): ReceivedFrame[] {
    const rest = this.frames.slice(this.#next)
    this.#next = this.frames.length
    return rest
  }

  /** True once nothing is left of the connection. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  // — out —

  #octets(part: Sendable): Uint8Array {
    if (!(part instanceof FrameSpec)) return octetsOf(part)
    const bytes = part.toBytes()
    if (part.type === SETTINGS && (part.flags & 1) === 0) this.#cutter.settingsSent(bytes.subarray(9))
    return bytes
  }

  #add(line: Line): void {
    this.#lines.push(line)
    this.#start()
  }

  #start(): void {
    if (this.#running || this.#stalled) return
    this.#running = true
    queueMicrotask(() => this.#run())
  }

  async #run(): Promise<void> {
    while (!this.#stalled) {
      const line = this.#lines.shift()
      if (line === undefined) break
      if ('bytes' in line) {
        for (const chunk of this.#cut(line.bytes)) if (!this.#isClosed) await this.#link.send(chunk)
      } else if (line.act === 'end') this.#link.end()
      else if (line.act === 'cut') this.#link.destroy()
      else this.#link.reset()
    }
    this.#running = false
  }

  // — in —

  #received(bytes: Uint8Array): void {
    try {
      for (const frame of this.#cutter.cut(bytes)) {
        this.frames.push(frame)
        this.#answer(frame)
      }
    } catch (error) {
      this.#finished(error as Error)
    }
    this.#wake()
  }

  #answer(frame: ReceivedFrame): void {
    const { acknowledge = this.#behaviour.settings !== false, answerPings = true } = this.#behaviour
    if (frame.type === HEADERS && fieldOf(frame, ':method') !== undefined) {
      const path = fieldOf(frame, ':path') ?? fieldOf(frame, ':authority') ?? ''
      this.requests.push({ streamId: frame.streamId, method: fieldOf(frame, ':method')!, path })
    } else if ((frame.flags & 1) === 1) {
      return
    } else if (frame.type === SETTINGS && acknowledge) {
      this.send(settingsAck())
    } else if (frame.type === PING && answerPings) {
      this.send(ping(frame.payload).ack())
    }
  }

  async #nextFrame(spec: FrameSpec): Promise<ReceivedFrame> {
    while (this.#next >= this.frames.length) await this.#more(spec)
    return this.frames[this.#next++]!
  }

  #more(spec: FrameSpec): Promise<void> {
    if (this.#over !== undefined) throw new Error(`expected ${spec}: ${this.#over.message}`)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #finished(reason: Error): void {
    this.#over ??= reason
    this.#wake()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }
}
