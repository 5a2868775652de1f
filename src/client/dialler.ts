/**
 * Dials for one origin of a pool: how many are under way, and when the next may
 * begin. Its one rule: every dial ends in one call, with a transport or with
 * what went wrong, and one that is not wanted any more leaves no socket.
 */
import { platform } from '#platform'
import type { Transport } from '../transport/transport.ts'
import { dialFailed, type Ending } from './failure.ts'
import { Http1Session } from './http1-session.ts'
import { Http2Session } from './http2-session.ts'
import type { Reporter } from './logging.ts'
import type { ConnectionSettings } from './options.ts'
import type { OriginMemory } from './origin-memory.ts'
import { dialBackoff } from './pool-policy.ts'
import type { Session, SessionOwner } from './session.ts'
import type { Target } from './target.ts'

/** Whom it dials for. */
export interface DiallerOwner {
  readonly target: Target
  readonly settings: ConnectionSettings
  readonly reporter: Reporter
  /** Whether what TLS chose, or the lack of TLS, means HTTP/2. */
  speaksHttp2(alpn: string | undefined): boolean
  /** A connection stands; `begin` makes the session on it. */
  dialled(begin: (owner: SessionOwner) => Session): void
  /** A dial failed, or was given up. */
  undialled(ending: Ending): void
}

export class Dialler {
  readonly #owner: DiallerOwner
  readonly #memory: OriginMemory
  readonly #underWay: Set<AbortController>
  #timer: unknown

  constructor(owner: DiallerOwner, memory: OriginMemory) {
    this.#owner = owner
    this.#memory = memory
    this.#underWay = new Set()
    this.#timer = undefined
  }

  /** Dials under way. */
  get underWay(): number {
    return this.#underWay.size
  }

  /** True if the next dial has to wait; `due` is called once when it need not any more. */
  putOff(due: () => void): boolean {
    const { clock } = this.#owner.settings
    const wait = this.#memory.dialAfter - clock.now()
    if (wait <= 0) return false
    this.#timer ??= clock.setTimer(
      () => {
        this.#timer = undefined
        due()
      },
      wait,
      true,
    )
    return true
  }

  /** The next dial waits for so long at least. */
  delay(delayMs: number): void {
    const memory = this.#memory
    memory.dialAfter = Math.max(memory.dialAfter, this.#owner.settings.clock.now() + delayMs)
  }

  /** The next dial waits, longer with every failure in a row. `failure`: what happened is one more. */
  backOff(failure = false): void {
    if (failure) this.#memory.dialFailures += 1
    this.delay(dialBackoff(this.#memory.dialFailures))
  }

  /** Begins a dial. */
  dial(): void {
    const { settings, target, reporter } = this.#owner
    const startedAt = settings.clock.now()
    const abort = new AbortController()
    this.#underWay.add(abort)
    reporter.connecting()
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
    const { signal } = abort
    const dial = async (): Promise<(owner: SessionOwner) => Session> => {
      const transport = await settings.transport(target, options, signal)
      if (signal.aborted) throw gone(transport, signal)
      reporter.opened(transport, settings.clock.now() - startedAt)
      if (this.#owner.speaksHttp2(transport.alpn)) return (owner) => Http2Session.over(owner, transport)
      const link = await platform.http1(transport)
      if (signal.aborted) throw gone(transport, signal)
      return (owner) => new Http1Session(owner, link)
    }
    dial().then(
      (begin) => {
        this.#underWay.delete(abort)
        this.#memory.dialFailures = 0
        this.#owner.dialled(begin)
      },
      (error: unknown) => this.#failed(dialFailed(error), abort),
    )
  }

  #failed(ending: Ending, abort: AbortController): void {
    this.#underWay.delete(abort)
    this.#memory.dialFailures += 1
    this.#owner.undialled(ending)
  }

  /** Gives up every dial under way. */
  abort(reason: unknown): void {
    for (const abort of this.#underWay) abort.abort(reason)
    this.#owner.settings.clock.clearTimer(this.#timer)
    this.#timer = undefined
  }
}

/** Nobody wants it any more. Returns why. */
function gone(transport: Transport, signal: AbortSignal): unknown {
  transport.destroy()
  return signal.reason
}
