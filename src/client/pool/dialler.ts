/**
 * Dials for one origin of a pool: how many are under way, and when the next may
 * begin. Its one rule: every dial ends in one call, with a transport or with
 * what went wrong, and one that is not wanted any more leaves no socket.
 */
import type { Transport } from '../../transport/transport.ts'
import { dialFailed, type Ending } from '../failure.ts'
import { dialOptions } from '../session/dial-options.ts'
import { Http2Session } from '../session/http2-session.ts'
import type { Observer, Witness } from '../session/observer.ts'
import type { Session, SessionOwner } from '../session/session.ts'
import type { ConnectionSettings } from '../settings/options.ts'
import type { Target } from '../settings/target.ts'
import type { OriginMemory } from './origin-memory.ts'
import { dialBackoff, LATE_AFTER_MS } from './pool-policy.ts'

/** Makes the session on a transport that stands. */
type Begin = (owner: SessionOwner) => Session

/** Whom it dials for. */
export interface DiallerOwner {
  readonly target: Target
  readonly settings: ConnectionSettings
  readonly observer: Observer
  /** Whether what TLS chose, or the lack of TLS, means HTTP/2. */
  speaksHttp2(alpn: string | undefined): boolean
  /** A connection stands; `begin` makes the session on it. */
  dialled(begin: Begin): void
  /** A dial failed, but not since it was given up. */
  undialled(ending: Ending, dial: DialBegun): void
  /** A dial takes long: it is not counted on any more. */
  delayed(): void
}

/** A dial, by its number and the time at which it began. */
export interface DialBegun {
  /** Dials of one origin are numbered as they begin, from 1. */
  readonly number: number
  /** Milliseconds on the clock. */
  readonly startedAt: number
}

/** A dial that is under way. */
interface DialUnderWay extends DialBegun {
  readonly abort: AbortController
  /** Rings when it is late; undefined once it is. */
  timer: unknown
}

export class Dialler {
  readonly #owner: DiallerOwner
  readonly #memory: OriginMemory
  readonly #underWay: Set<DialUnderWay>
  /** Those of them that are late. */
  #late: number
  /** Dials that have begun, ever. */
  #begun: number
  /** Until then nothing is dialled beside connections that work. */
  #besideAfter: number
  #timer: unknown
  #timerAt: number

  constructor(owner: DiallerOwner, memory: OriginMemory) {
    this.#owner = owner
    this.#memory = memory
    this.#underWay = new Set()
    this.#late = 0
    this.#begun = 0
    this.#besideAfter = 0
    this.#timer = undefined
    this.#timerAt = Number.POSITIVE_INFINITY
  }

  /** Dials under way. */
  get underWay(): number {
    return this.#underWay.size
  }

  /** Those of them that take too long to be counted on. */
  get late(): number {
    return this.#late
  }

  /** The number of the last dial that has begun. */
  get begun(): number {
    return this.#begun
  }

  /** True if the next dial has to wait; `due` is called when it need not any more. `beside`: connections work. */
  putOff(beside: boolean, due: () => void): boolean {
    const { clock } = this.#owner.settings
    const at = beside ? Math.max(this.#memory.dialAfter, this.#besideAfter) : this.#memory.dialAfter
    const now = clock.now()
    if (at <= now) return false
    if (at >= this.#timerAt) return true
    this.rest()
    this.#timerAt = at
    const ring = (): void => {
      this.#timer = undefined
      this.#timerAt = Number.POSITIVE_INFINITY
      due()
    }
    this.#timer = clock.setTimer(ring, at - now, true)
    return true
  }

  /** Nobody waits for the next dial. */
  rest(): void {
    if (this.#timer === undefined) return
    this.#owner.settings.clock.clearTimer(this.#timer)
    this.#timer = undefined
    this.#timerAt = Number.POSITIVE_INFINITY
  }

  /** The next dial waits for so long, if not for longer already. */
  delay(delayMs: number): void {
    const { clock } = this.#owner.settings
    if (delayMs > 0) this.#memory.dialAfter = Math.max(this.#memory.dialAfter, clock.now() + delayMs)
  }

  /** The origin asked for calm: the next dial waits, longer with every failure in a row. */
  backOff(): void {
    this.#memory.dialFailures += 1
    this.delay(dialBackoff(this.#memory.dialFailures))
  }

  /** A dial beside connections that work has failed: the next of that kind waits, longer every time. */
  backOffBeside(): void {
    this.#memory.dialFailures += 1
    this.#besideAfter = this.#owner.settings.clock.now() + dialBackoff(this.#memory.dialFailures)
  }

  /** Begins a dial. */
  dial(): void {
    const abort = new AbortController()
    this.#begun += 1
    const { clock } = this.#owner.settings
    const dial: DialUnderWay = { number: this.#begun, startedAt: clock.now(), abort, timer: undefined }
    const isLate = (): void => {
      dial.timer = undefined
      this.#late += 1
      this.#owner.delayed()
    }
    dial.timer = clock.setTimer(isLate, LATE_AFTER_MS)
    this.#underWay.add(dial)
    const witness = this.#owner.observer.connecting(dial.startedAt)
    this.#connect(abort.signal, witness).then(
      ({ transport, begin }) => {
        if (!this.#end(dial)) {
          transport.destroy()
          witness?.closed(abort.signal.reason, clock.now())
          return
        }
        this.#memory.dialFailures = 0
        try {
          this.#owner.dialled(begin)
        } catch (error) {
          // Windows are made by code of the caller's.
          transport.destroy()
          witness?.closed(error, clock.now())
          this.#owner.undialled(dialFailed(error), dial)
        }
      },
      (error: unknown) => {
        witness?.closed(error, clock.now())
        if (this.#end(dial)) this.#owner.undialled(dialFailed(error), dial)
      },
    )
  }

  /** A dial is not under way any more. False if it was given up before. */
  #end(dial: DialUnderWay): boolean {
    if (!this.#underWay.delete(dial)) return false
    if (dial.timer === undefined) this.#late -= 1
    else this.#owner.settings.clock.clearTimer(dial.timer)
    return true
  }

  /** A transport, and what makes the session on it. */
  async #connect(
    signal: AbortSignal,
    witness: Witness | undefined,
  ): Promise<{ transport: Transport; begin: Begin }> {
    const { settings, target, observer } = this.#owner
    const startedAt = settings.clock.now()
    signal.throwIfAborted()
    const alpn = this.#memory.http1Required ? ['http/1.1'] : ['h2', 'http/1.1']
    const forward = !target.secure && !this.#owner.speaksHttp2(undefined)
    const options = {
      ...dialOptions(settings, settings.timeouts, alpn, this.#memory, witness),
      forward,
    }
    const transport = await settings.transport(target, options, signal)
    if (signal.aborted) throw gone(transport, signal)
    observer.opened(transport, settings.clock.now() - startedAt)
    if (this.#owner.speaksHttp2(transport.alpn)) {
      return { transport, begin: (owner) => Http2Session.over(owner, transport, witness) }
    }
    // Loaded by whoever meets a server that has no other.
    const { Http1Session } = await import('../http1/http1-session.ts')
    return { transport, begin: (owner) => new Http1Session(owner, transport, witness) }
  }

  /** Gives up every dial under way, or those that are late, and tells nobody. Returns how many there were. */
  abort(reason: unknown, lateOnly: boolean): number {
    const given = [...this.#underWay].filter(({ timer }) => !lateOnly || timer === undefined)
    for (const dial of given) this.#end(dial)
    if (!lateOnly) this.rest()
    for (const { abort } of given) abort.abort(reason)
    return given.length
  }
}

/** Nobody wants it any more. Returns why. */
function gone(transport: Transport, signal: AbortSignal): unknown {
  transport.destroy()
  return signal.reason
}
