/**
 * When one origin is dialled, and what becomes of those who wait when a dial
 * ends. How many dials there are is decided by `pool-policy`. Its one rule: a
 * dial holds one of the pool's places from its beginning until its connection
 * is gone, or it has failed.
 */
import { type ClientFailure, closedByCaller, type Ending, errorOf } from '../failure.ts'
import { ConnectWaiters } from '../session/connect-waiters.ts'
import type { Observer } from '../session/observer.ts'
import type { Session, SessionOwner } from '../session/session.ts'
import type { ConnectionSettings } from '../settings/options.ts'
import type { Target } from '../settings/target.ts'
import { Dialler, type DiallerOwner } from './dialler.ts'
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
  /** Asks for one of the pool's places. False: there is none now. */
  admit(): boolean
  /** A place is given back: its dial failed. */
  unadmit(): void
  /** A connection is wanted, and there is no place for it. */
  crowded(): void
  /** A connection stands; `begin` makes the session on it. */
  dialled(begin: (owner: SessionOwner) => Session): void
  /** No connection came to stand, and none is on its way: whoever waits fails. */
  failWaiting(ending: Ending): void
  /** A dial failed, and its place was given back. */
  undialled(): void
}

export class OriginDials implements DiallerOwner {
  readonly #owner: DialsOwner
  readonly #version: VersionChoice
  readonly #dialler: Dialler
  /** Callers of `connect`. */
  readonly #connectors: ConnectWaiters

  constructor(owner: DialsOwner, memory: OriginMemory, version: VersionChoice) {
    this.#owner = owner
    this.#version = version
    this.#dialler = new Dialler(this, memory)
    this.#connectors = new ConnectWaiters()
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
    const connected = this.#connectors.wait()
    this.grow()
    return connected
  }

  /** Connections to dial now. */
  get wanted(): number {
    const { waiting, usable, unproved, limit } = this.#owner
    return dialsWanted({
      waiting: waiting + (usable === 0 ? this.#connectors.size : 0),
      dialling: this.#dialler.underWay,
      usable,
      unproved,
      serial: this.#version.serial,
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
    this.#connectors.connected()
  }

  /** Callers of `connect` fail. */
  fail(ending: Ending): void {
    this.#connectors.fail(ending)
  }

  /** Gives up every dial under way. */
  giveUp(ending: ClientFailure): void {
    for (let given = this.#dialler.abort(ending.cause); given > 0; given--) {
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

  undialled(ending: Ending): void {
    this.#tell(ending)
    // Where others serve, one more is tried after a while.
    if (this.#owner.usable > 0) this.#dialler.backOffBeside()
    else if (this.#dialler.underWay === 0) this.#owner.failWaiting(ending)
    this.#owner.unadmit()
    this.#owner.undialled()
  }
}
