/**
 * When one origin is dialled, and what becomes of those who wait when a dial
 * ends. How many dials there are is decided by `pool-policy`. Its one rule: a
 * dial holds one of the pool's places from its beginning until its connection
 * is gone, or it has failed.
 */
import { type ClientFailure, closedByCaller, type Ending, errorOf, overtaken } from '../failure.ts'
import { ConnectWaiters } from '../session/connect-waiters.ts'
import type { Observer } from '../session/observer.ts'
import type { Session, SessionOwner } from '../session/session.ts'
import type { ConnectionSettings } from '../settings/options.ts'
import type { Target } from '../settings/target.ts'
import { DialSetbacks } from './dial-setbacks.ts'
import { type DialBegun, Dialler, type DiallerOwner } from './dialler.ts'
import type { OriginMemory } from './origin-memory.ts'
import { dialsWanted } from './pool-policy.ts'
import type { VersionChoice } from './version-choice.ts'

/** The origin, as its dials see it. */
export interface DialsOwner {
  readonly target: Target
  readonly settings: ConnectionSettings
  readonly observer: Observer
  /** Connections that it may have for new requests. */
  readonly limit: number
  /** Requests that wait. */
  readonly waiting: number
  /** Connections that take requests. */
  readonly usable: number
  /** Those of them of which it is not known yet how much they can take. */
  readonly unproved: number
  /** Connections that take no more requests and are not gone. */
  readonly leaving: number
  /** How often a dial that was refused or reset is tried again. */
  readonly redials: number
  /** Asks for one of the pool's places. False: there is none now. */
  admit(): boolean
  /** A place is given back: its dial failed. */
  unadmit(): void
  /** A connection is wanted, and there is no place for it. */
  crowded(): void
  /** A connection stands; `begin` makes the session on it. */
  dialled(begin: (owner: SessionOwner) => Session): void
  /** Dials fail: those requests fail that came at this time or before. */
  failCameBy(time: number, ending: Ending): void
  /** A dial failed, and its place was given back. */
  undialled(): void
}

export class OriginDials implements DiallerOwner {
  readonly #owner: DialsOwner
  readonly #version: VersionChoice
  readonly #dialler: Dialler
  /** Callers of `connect`. */
  readonly #connectors: ConnectWaiters
  /** When the first of them came, in milliseconds on the clock. */
  #connectorsCame: number
  readonly #setbacks: DialSetbacks

  constructor(owner: DialsOwner, memory: OriginMemory, version: VersionChoice) {
    this.#owner = owner
    this.#version = version
    this.#dialler = new Dialler(this, memory)
    this.#connectors = new ConnectWaiters()
    this.#connectorsCame = 0
    this.#setbacks = new DialSetbacks(memory)
  }

  /** Dials under way. */
  get underWay(): number {
    return this.#dialler.underWay
  }

  /** True if somebody waits until a connection stands, and has no request. */
  get awaited(): boolean {
    return this.#connectors.size > 0
  }

  /** Resolves when a connection stands. */
  connect(): Promise<void> {
    if (this.#owner.usable > 0) return Promise.resolve()
    if (this.#connectors.size === 0) this.#connectorsCame = this.settings.clock.now()
    const connected = this.#connectors.wait()
    this.grow()
    return connected
  }

  /** Connections to dial now. */
  get wanted(): number {
    const { waiting, usable, leaving, unproved, limit } = this.#owner
    const { underWay, late } = this.#dialler
    return dialsWanted({
      waiting: waiting + (usable === 0 ? this.#connectors.size : 0),
      dialling: underWay - late,
      late,
      usable,
      leaving,
      unproved,
      serial: this.#version.serial,
      full: this.#owner.settings.unread.full,
      failing: this.#setbacks.failing,
      limit,
    })
  }

  /** Dials as many connections as are wanted and may be had. What it calls may change both. */
  grow(): void {
    while (this.wanted > 0) {
      if (this.#dialler.putOff(this.#owner.usable > 0, () => this.grow())) return
      if (!this.#owner.admit()) {
        this.#owner.crowded()
        return
      }
      this.#dialler.dial()
    }
  }

  /** The next dial waits for so long. */
  delay(delayMs: number): void {
    this.#dialler.delay(delayMs)
  }

  /** The next dial waits, longer with every failure in a row. */
  backOff(): void {
    this.#dialler.backOff()
  }

  /** A connection stands, and is of use. */
  connected(): void {
    this.#setbacks.over()
    this.#connectors.connected()
  }

  /** Callers of `connect` fail. */
  fail(ending: Ending): void {
    this.#connectors.fail(ending)
  }

  /** Gives up every dial under way. */
  giveUp(ending: ClientFailure): void {
    this.#abort(ending, false)
  }

  /** Gives up those that take long: another came to stand, and nobody waits. */
  giveUpLate(): void {
    this.#abort(overtaken(), true)
  }

  #abort(ending: ClientFailure, lateOnly: boolean): void {
    for (let given = this.#dialler.abort(ending.cause, lateOnly); given > 0; given--) {
      this.#tell(ending)
      this.#owner.unadmit()
    }
  }

  /** Gives up what is under way, for whoever waits has left. */
  close(): void {
    this.#connectors.fail(closedByCaller())
    this.giveUp(closedByCaller())
  }

  /** Nobody waits for the next dial. */
  rest(): void {
    this.#dialler.rest()
  }

  #tell(ending: Ending): void {
    const { observer } = this.#owner
    if (observer.hearsFailures) observer.failed(errorOf(ending, 0))
  }

  // — `DiallerOwner` —

  get target(): Target {
    return this.#owner.target
  }

  get settings(): ConnectionSettings {
    return this.#owner.settings
  }

  get observer(): Observer {
    return this.#owner.observer
  }

  speaksHttp2(alpn: string | undefined): boolean {
    return this.#version.isHttp2(alpn)
  }

  dialled(begin: (owner: SessionOwner) => Session): void {
    this.#owner.dialled(begin)
  }

  undialled(ending: Ending, dial: DialBegun): void {
    this.#tell(ending)
    // Where others serve, one more is tried after a while.
    if (this.#owner.usable > 0) this.#dialler.backOffBeside()
    else this.#failed(ending, dial)
    this.#owner.unadmit()
    this.#owner.undialled()
  }

  #failed(ending: Ending, dial: DialBegun): void {
    const { redials, settings } = this.#owner
    const { cameBy, delayMs } = this.#setbacks.failed(ending, dial, {
      now: settings.clock.now(),
      begun: this.#dialler.begun,
      redials,
    })
    this.#dialler.delay(delayMs)
    if (this.#connectorsCame <= cameBy) this.#connectors.fail(ending)
    this.#owner.failCameBy(cameBy, ending)
  }

  delayed(): void {
    this.grow()
  }
}
