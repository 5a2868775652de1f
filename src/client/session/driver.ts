/**
 * Moves bytes between one transport and one engine, and keeps the one timer.
 * Its one rule: whatever happens in a turn leaves in one write, and the next
 * bytes are pulled only when the last were taken (RFC 9113 §5.2.2: reading
 * never stops).
 */
import type { Failure } from '../../protocol/index.ts'
import type { Transport, TransportHandler } from '../../transport/transport.ts'
import { transportLost } from '../failure.ts'
import type { Clock } from '../settings/clock.ts'
import type { Witness } from './observer.ts'

/** What the driver drives: the engine of HTTP/2, or of HTTP/1.1. */
export interface Engine {
  /** It ended. `pull` may still have bytes. */
  readonly closed: boolean
  receive(chunk: Uint8Array, now: number): void
  transportEnded(failure: Failure | undefined, now: number): void
  handleTimeout(now: number): void
  pull(max: number): Uint8Array | undefined
  /** What was pulled goes to the transport now. */
  departed?(now: number): void
  nextTimeout(): number
}

/** Whom the driver works for. */
export interface DriverOwner {
  /** The earliest deadline of an exchange, Infinity for none. */
  nextDeadline(): number
  /** That moment passed. */
  expire(now: number): void
  /** A turn ends: what is asked now leaves with it. */
  turned(): void
  /** True while something waits that the process has to live for. */
  readonly busy: boolean
  /** The transport is gone. */
  transportClosed(): void
}

/** Octets pulled and written at once. */
const WRITE_SIZE = 65_536
/** Milliseconds that a closed connection may take to send its last bytes. */
const LINGER_MS = 1_000
/**
 * Promise reactions that a turn waits for before it writes: enough that what
 * callers do about an answer (`await` the response, then its body, then ask
 * again) leaves together with what others do.
 */
const REACTIONS = 8
/** The same where nobody got an answer, and so nobody asks again: a reader takes the content that came. */
const READER_REACTIONS = 1

/** Milliseconds by which a timer may be late before that is told. */
const LATE_MS = 2

const NEVER = Number.POSITIVE_INFINITY
/** Its reactions are microtasks without the bookkeeping of `queueMicrotask`. */
const SETTLED = Promise.resolve()

export class Driver implements TransportHandler {
  readonly #engine: Engine
  readonly #clock: Clock
  readonly #owner: DriverOwner
  #transport: Transport | undefined
  /** The engine's time stands still until bytes can flow: what it counts is not the dial. */
  #engineLag: number
  readonly #frozenAt: number
  /** The clock in this turn, NaN outside. */
  #now: number
  #heardAt: number
  /** Reactions still to wait for, -1 if no flush is due. */
  #reactions: number
  #receiving: boolean
  /** True if a caller got an answer from the chunk that is being received. */
  #answered: boolean
  #writing: boolean
  #ended: boolean
  #gone: boolean
  #referenced: boolean
  /** When a transport that lingers is destroyed. */
  #destroyAt: number
  #timer: unknown
  #timerAt: number
  #witness: Witness | undefined
  /** The witness was told that the transport takes no more. */
  #blocked: boolean

  /** @param createdAt the `now` that the engine was made with */
  constructor(engine: Engine, clock: Clock, owner: DriverOwner, createdAt: number) {
    this.#engine = engine
    this.#clock = clock
    this.#owner = owner
    this.#transport = undefined
    this.#engineLag = 0
    this.#frozenAt = createdAt
    this.#now = Number.NaN
    this.#heardAt = Number.NEGATIVE_INFINITY
    this.#reactions = -1
    this.#receiving = false
    this.#answered = false
    this.#writing = false
    this.#ended = false
    this.#gone = false
    this.#referenced = true
    this.#destroyAt = NEVER
    this.#timer = undefined
    this.#timerAt = NEVER
    this.#witness = undefined
    this.#blocked = false
  }

  /** Milliseconds on the clock when the peer's last bytes came; -Infinity before. */
  get heardAt(): number {
    return this.#heardAt
  }

  /** Milliseconds on the clock, read once per turn. */
  now(): number {
    if (Number.isNaN(this.#now)) {
      this.#now = this.#clock.now()
      this.wake()
    }
    return this.#now
  }

  /** Milliseconds as the engine counts them. */
  engineNow(): number {
    return this.#transport === undefined ? this.#frozenAt : this.now() - this.#engineLag
  }

  /** Something was asked of the engine, or a deadline came nearer: looks at the end of the turn. */
  wake(): void {
    this.#wakeAfter(REACTIONS)
  }

  #wakeAfter(reactions: number): void {
    if (this.#reactions !== -1 || this.#receiving || this.#gone) return
    this.#reactions = reactions
    void SETTLED.then(this.#react)
  }

  /** A caller got an answer, or was told of an end: what it asks next is waited for. */
  answered(): void {
    this.#answered = true
  }

  readonly #react = (): void => {
    if (this.#reactions > 0) {
      this.#reactions--
      void SETTLED.then(this.#react)
      return
    }
    this.#reactions = -1
    if (Number.isNaN(this.#now)) this.#now = this.#clock.now()
    this.#flush()
    this.#now = Number.NaN
  }

  /** The transport stands. */
  start(transport: Transport, witness: Witness | undefined): void {
    this.#engineLag = this.now() - this.#frozenAt
    this.#transport = transport
    this.#witness = witness
    this.#call(transport, () => transport.start(this))
    this.wake()
  }

  /** There will be no transport, or nobody cares for it any more. */
  abandon(): void {
    this.#gone = true
    this.#disarm()
  }

  /** Nothing is waited for any more. */
  cut(): void {
    this.#transport?.destroy()
  }

  // — the transport tells —

  onChunk(chunk: Uint8Array): void {
    this.#now = this.#clock.now()
    this.#heardAt = this.#now
    this.#witness?.received(chunk, this.#now)
    this.#receiving = true
    this.#answered = false
    this.#engine.receive(chunk, this.#now - this.#engineLag)
    this.#receiving = false
    this.#wakeAfter(this.#answered ? REACTIONS : READER_REACTIONS)
  }

  onEnd(): void {
    this.#engine.transportEnded(undefined, this.engineNow())
    this.wake()
  }

  onClosed(error: Error | undefined): void {
    if (this.#gone) return
    // After an end of our own the engine is closed, and this changes nothing.
    this.#engine.transportEnded(error === undefined ? undefined : transportLost(error), this.engineNow())
    this.abandon()
    this.#owner.transportClosed()
  }

  // — out —

  #flush(): void {
    if (this.#gone) return
    this.#owner.turned()
    this.#send()
    if (this.#engine.closed && this.#destroyAt === NEVER) this.#destroyAt = this.now() + LINGER_MS
    const transport = this.#transport
    if (transport !== undefined && this.#owner.busy !== this.#referenced) {
      this.#referenced = !this.#referenced
      this.#call(transport, () => (this.#referenced ? transport.ref() : transport.unref()))
    }
    this.#arm()
  }

  #send(): void {
    const transport = this.#transport
    if (this.#writing && this.#witness !== undefined) this.#block(this.#witness)
    while (transport !== undefined && !this.#writing && !this.#ended && !this.#gone) {
      const bytes = this.#engine.pull(WRITE_SIZE)
      if (bytes === undefined) {
        if (!this.#engine.closed) return
        this.#ended = true
        this.#call(transport, () => transport.end())
        return
      }
      this.#writing = true
      // Not the turn's time: what was done since is none of the path's.
      const now = this.#clock.now()
      this.#witness?.sent(bytes, now)
      this.#engine.departed?.(now - this.#engineLag)
      this.#call(transport, () => transport.write(bytes, this.#written))
    }
  }

  /** A transport may be of the owner's making: what it throws ends this connection, and nothing else. */
  #call(transport: Transport, call: () => void): void {
    try {
      call()
    } catch (cause) {
      try {
        transport.destroy()
      } catch {}
      this.onClosed(cause instanceof Error ? cause : new Error('the transport threw', { cause }))
    }
  }

  #block(witness: Witness): void {
    if (this.#blocked) return
    this.#blocked = true
    witness.blocked(this.now())
  }

  readonly #written = (): void => {
    this.#writing = false
    if (this.#blocked) {
      this.#blocked = false
      this.#witness?.writable(this.now())
    }
    // What was asked in this turn leaves with the rest of it.
    this.wake()
  }

  // — the timer —

  #arm(): void {
    const transport = this.#transport
    const engineNext = transport === undefined ? NEVER : this.#engine.nextTimeout() + this.#engineLag
    const next = Math.min(engineNext, this.#owner.nextDeadline(), this.#destroyAt)
    // A timer that comes too early costs less than one that is moved at every step.
    if (next >= this.#timerAt) return
    this.#disarm()
    this.#timerAt = next
    this.#timer = this.#clock.setTimer(this.#ring, Math.max(0, Math.ceil(next - this.now())))
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer)
    this.#timer = undefined
    this.#timerAt = NEVER
  }

  readonly #ring = (): void => {
    const now = this.#clock.now()
    if (this.#witness !== undefined && now >= this.#timerAt + LATE_MS) {
      this.#witness.late(now - this.#timerAt, now)
    }
    this.#timer = undefined
    this.#timerAt = NEVER
    this.#now = now
    if (now >= this.#destroyAt) {
      this.#transport?.destroy()
      return
    }
    this.#owner.expire(now)
    if (this.#transport !== undefined && now - this.#engineLag >= this.#engine.nextTimeout()) {
      this.#engine.handleTimeout(now - this.#engineLag)
    }
    this.wake()
  }
}
