/**
 * Dials for one origin of a pool: how many are under way, and when the next may
 * begin. Its one rule: every dial ends in one call, with a transport or with
 * what went wrong, and one that is not wanted any more leaves no socket.
 */
import type { Transport } from '../../transport/transport.ts'
import { dialFailed, type Ending } from '../failure.ts'
import { Http2Session } from '../session/http2-session.ts'
import type { Observer } from '../session/observer.ts'
import type { Session, SessionOwner } from '../session/session.ts'
import type { ConnectionSettings } from '../settings/options.ts'
import type { Target } from '../settings/target.ts'
import type { OriginMemory } from './origin-memory.ts'
import { dialBackoff } from './pool-policy.ts'

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
  undialled(ending: Ending): void
}

export class Dialler {
  readonly #owner: DiallerOwner
  readonly #memory: OriginMemory
  readonly #underWay: Set<AbortController>
  /** Until then nothing is dialled beside connections that work. */
  #besideAfter: number
  #timer: unknown
  #timerAt: number

  constructor(owner: DiallerOwner, memory: OriginMemory) {
    this.#owner = owner
    this.#memory = memory
    this.#underWay = new Set()
    this.#besideAfter = 0
    this.#timer = undefined
    this.#timerAt = Number.POSITIVE_INFINITY
  }

  /** Dials under way. */
  get underWay(): number {
    return this.#underWay.size
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
    this.#besideAfter = this.#owner.settings.clock.now() + dialBackoff(this.#memory.dialFailures)
  }

  /** Begins a dial. */
  dial(): void {
    const abort = new AbortController()
    this.#underWay.add(abort)
    this.#owner.observer.connecting()
    this.#connect(abort.signal).then(
      ({ transport, begin }) => {
        if (!this.#underWay.delete(abort)) {
          transport.destroy()
          return
        }
        this.#memory.dialFailures = 0
        try {
          this.#owner.dialled(begin)
        } catch (error) {
          // Windows are made by code of the caller's.
          transport.destroy()
          this.#owner.undialled(dialFailed(error))
        }
      },
      (error: unknown) => {
        if (!this.#underWay.delete(abort)) return
        this.#memory.dialFailures += 1
        this.#owner.undialled(dialFailed(error))
      },
    )
  }

  /** A transport, and what makes the session on it. */
  async #connect(signal: AbortSignal): Promise<{ transport: Transport; begin: Begin }> {
    const { settings, target, observer } = this.#owner
    const startedAt = settings.clock.now()
    signal.throwIfAborted()
    const options = {
      tls: settings.tls,
      alpn: this.#memory.http1Required ? ['http/1.1'] : ['h2', 'http/1.1'],
      connectTimeoutMs: settings.timeouts.connect,
      tlsTimeoutMs: settings.timeouts.tls,
      socketPath: settings.socketPath,
      proxy: settings.proxy,
      lookup: settings.lookup,
      sessions: this.#memory,
    }
    const transport = await settings.transport(target, options, signal)
    if (signal.aborted) throw gone(transport, signal)
    observer.opened(transport, settings.clock.now() - startedAt)
    if (this.#owner.speaksHttp2(transport.alpn)) {
      return { transport, begin: (owner) => Http2Session.over(owner, transport) }
    }
    // Loaded by whoever meets a server that has no other.
    const { Http1Session } = await import('../http1/http1-session.ts')
    return { transport, begin: (owner) => new Http1Session(owner, transport) }
  }

  /** Gives up every dial under way, and tells nobody. Returns how many there were. */
  abort(reason: unknown): number {
    const aborts = [...this.#underWay]
    this.#underWay.clear()
    this.rest()
    for (const abort of aborts) abort.abort(reason)
    return aborts.length
  }
}

/** Nobody wants it any more. Returns why. */
function gone(transport: Transport, signal: AbortSignal): unknown {
  transport.destroy()
  return signal.reason
}
