/**
 * Moves bytes between a socket that was adopted, at whatever stage, and the
 * engine. Its one rule: what happens in a turn leaves in one write, and the
 * next bytes are pulled only when the last were taken.
 */
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { debuglog } from 'node:util'
import { FrameTrace } from '../../frame/index.ts'
import { Connection, type ConnectionOptions, type ConnectionSink } from '../../protocol/index.ts'
import { outward } from './outward.ts'

const log = debuglog('hyper')

/** A line per frame under `NODE_DEBUG=hyper`. */
function frameLog(way: string, preface: boolean): FrameTrace | undefined {
  return log.enabled ? new FrameTrace((line) => log('%s %s', way, line), { preface }) : undefined
}

/** Octets pulled and written at once. */
const WRITE_SIZE = 65_536

/** Who is shown the octets, borrowed for the call. */
export interface WireTap {
  received(chunk: Uint8Array, now: number): void
  sent(chunk: Uint8Array, now: number): void
}

export class Wire {
  readonly engine: Connection
  readonly #socket: Duplex
  /** A socket of the system's has taken what it calls back for; of others nobody knows. */
  readonly #copies: boolean
  readonly #sentTrace = frameLog('send', true)
  readonly #receivedTrace = frameLog('recv', false)
  readonly #tap: WireTap | undefined
  #scheduled = false
  #writing = false
  /** There may be more to pull when the write under way is done. */
  #more = false
  /** What to call when the octets of the write under way were taken. */
  #taken: (() => void)[] = []
  /** What to call when what waits was handed out. */
  #sent: (() => void)[] = []
  #timer: NodeJS.Timeout | undefined = undefined
  #timerAt = Number.POSITIVE_INFINITY
  /** The chunk that is being received; content in it need not be copied. */
  chunk: Buffer | undefined = undefined
  /** Called once, when the engine is closed and its last octets are handed to the socket. */
  onDrained: (() => void) | undefined = undefined

  /** @param tap shown every octet, both ways */
  constructor(socket: Duplex, options: ConnectionOptions, owner: ConnectionSink, tap?: WireTap) {
    this.#tap = tap
    this.engine = new Connection(owner, options, performance.now())
    this.#socket = socket
    this.#copies = !(socket instanceof Socket)
    this.schedule()
  }

  /** Bytes arrived. */
  receive(chunk: Buffer): void {
    this.chunk = chunk
    this.#receivedTrace?.receive(chunk)
    const now = performance.now()
    this.#tap?.received(chunk, now)
    this.engine.receive(chunk, now)
    this.chunk = undefined
    this.schedule()
  }

  now(): number {
    return performance.now()
  }

  /** Something was asked of the engine. */
  schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#run)
  }

  /** Calls back when what is asked until now was handed to the engine's output. */
  afterSend(callback: () => void): void {
    this.#sent.push(callback)
    this.schedule()
  }

  /** Within a pull: calls back when it is over. */
  whenPulled(callback: () => void): void {
    this.#sent.push(callback)
  }

  /** Calls back when the octets of the pull under way were taken by the socket. */
  whenTaken(callback: () => void): void {
    this.#taken.push(callback)
  }

  /** Nothing is read or written any more. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#timerAt = Number.POSITIVE_INFINITY
    this.#taken = []
  }

  readonly #run = (): void => {
    this.#scheduled = false
    this.#send()
    this.#arm()
  }

  #send(): void {
    if (this.#writing) {
      this.#more = true
      return
    }
    const bytes = this.#socket.destroyed ? undefined : this.engine.pull(WRITE_SIZE)
    const told = this.#sent
    if (told.length > 0) {
      this.#sent = []
      for (const callback of told) outward(undefined, callback)
    }
    if (bytes !== undefined && !this.engine.closed) {
      this.#write(bytes)
      return
    }
    if (!this.engine.closed) return
    this.#writeLast(bytes)
    const drained = this.onDrained
    this.onDrained = undefined
    drained?.()
  }

  /** The rest, in memory of its own: nobody waits for it to be taken. */
  #writeLast(first: Uint8Array | undefined): void {
    for (let bytes = first; bytes !== undefined; bytes = this.engine.pull(WRITE_SIZE)) {
      this.#sentTrace?.receive(bytes)
      this.#tap?.sent(bytes, performance.now())
      const taken = this.#taken.splice(0)
      this.#socket.write(Buffer.from(bytes), () => {
        for (const callback of taken) outward(undefined, callback)
      })
    }
  }

  #write(bytes: Uint8Array): void {
    this.#sentTrace?.receive(bytes)
    this.#tap?.sent(bytes, performance.now())
    const view = this.#copies
      ? Buffer.from(bytes)
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const taken = this.#taken
    this.#taken = []
    this.#writing = true
    this.#more = bytes.length >= WRITE_SIZE
    this.engine.departed(performance.now())
    this.#socket.write(view, () => {
      this.#writing = false
      for (const callback of taken) outward(undefined, callback)
      if (this.#more) this.schedule()
    })
  }

  #arm(): void {
    const next = this.engine.nextTimeout()
    // A timer that comes too early costs less than one that is moved at every step.
    if (next >= this.#timerAt) return
    clearTimeout(this.#timer)
    this.#timerAt = next
    this.#timer = setTimeout(this.#ring, Math.max(0, Math.ceil(next - performance.now())))
    this.#timer.unref()
  }

  readonly #ring = (): void => {
    this.#timerAt = Number.POSITIVE_INFINITY
    const now = performance.now()
    if (now >= this.engine.nextTimeout()) this.engine.handleTimeout(now)
    this.schedule()
  }
}
