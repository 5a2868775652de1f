/**
 * Who watches an origin: the log and the channels always, others where a user
 * asked for them. Its one rule: one who watches alone is told directly.
 */
import { platform } from '#platform'
import type { DialStep, Transport } from '../../transport/transport.ts'
import type { ClientFailure } from '../failure.ts'
import type { HttpVersion } from '../response/incoming.ts'
import { type ObservedRequest, Observer, Witness } from '../session/observer.ts'
import type { Logger } from '../settings/logger.ts'
import { FrameLogs } from './frame-log.ts'
import { Reporter } from './reporter.ts'

/** The observer of an origin. `others` are told, too. */
export function observerOf(
  origin: string,
  logger: Logger | undefined,
  others: readonly Observer[] = [],
): Observer {
  const reporter = new Reporter(origin, logger)
  const { frameLog } = platform
  const all = [reporter, ...(frameLog === undefined ? [] : [new FrameLogs(frameLog)]), ...others]
  return all.length === 1 ? reporter : new Observers(all)
}

/** Several as one. */
class Observers extends Observer {
  readonly #all: readonly Observer[]

  constructor(all: readonly Observer[]) {
    super()
    this.#all = all
  }

  override connecting(now: number): Witness | undefined {
    const all = this.#all.map((one) => one.connecting(now)).filter((witness) => witness !== undefined)
    return all.length > 1 ? new Witnesses(all) : all[0]
  }

  override get hearsFailures(): boolean {
    return this.#all.some((one) => one.hearsFailures)
  }

  override opened(transport: Transport, elapsedMs: number): void {
    for (const one of this.#all) one.opened(transport, elapsedMs)
  }

  override closed(): void {
    for (const one of this.#all) one.closed()
  }

  override failed(error: unknown): void {
    for (const one of this.#all) one.failed(error)
  }

  override draining(errorCode: number, debugData: string): void {
    for (const one of this.#all) one.draining(errorCode, debugData)
  }

  override notice(text: string): void {
    for (const one of this.#all) one.notice(text)
  }

  override requestQueued(request: ObservedRequest, now: number, what: 'connection' | 'stream'): void {
    for (const one of this.#all) one.requestQueued(request, now, what)
  }

  override requestResent(request: ObservedRequest, failure: ClientFailure, delayMs: number): void {
    for (const one of this.#all) one.requestResent(request, failure, delayMs)
  }

  override requestStarted(request: ObservedRequest, now: number): void {
    for (const one of this.#all) one.requestStarted(request, now)
  }

  override informed(request: ObservedRequest, status: number, now: number): void {
    for (const one of this.#all) one.informed(request, status, now)
  }

  override responded(request: ObservedRequest, now: number): void {
    for (const one of this.#all) one.responded(request, now)
  }

  override settled(request: ObservedRequest, now: number): void {
    for (const one of this.#all) one.settled(request, now)
  }
}

/** Several of one connection as one. */
class Witnesses extends Witness {
  readonly #all: readonly Witness[]

  constructor(all: readonly Witness[]) {
    super()
    this.#all = all
  }

  override dialStep(step: DialStep, elapsedMs: number, now: number): void {
    for (const one of this.#all) one.dialStep(step, elapsedMs, now)
  }

  override opened(transport: Transport, httpVersion: HttpVersion, now: number): void {
    for (const one of this.#all) one.opened(transport, httpVersion, now)
  }

  override received(chunk: Uint8Array, now: number): void {
    for (const one of this.#all) one.received(chunk, now)
  }

  override sent(chunk: Uint8Array, now: number): void {
    for (const one of this.#all) one.sent(chunk, now)
  }

  override blocked(now: number): void {
    for (const one of this.#all) one.blocked(now)
  }

  override writable(now: number): void {
    for (const one of this.#all) one.writable(now)
  }

  override late(lagMs: number, now: number): void {
    for (const one of this.#all) one.late(lagMs, now)
  }

  override roundTrip(roundTripTime: number, now: number): void {
    for (const one of this.#all) one.roundTrip(roundTripTime, now)
  }

  override carried(request: ObservedRequest, now: number): void {
    for (const one of this.#all) one.carried(request, now)
  }

  override streamOpened(request: ObservedRequest, streamId: number, now: number): void {
    for (const one of this.#all) one.streamOpened(request, streamId, now)
  }

  override offered(request: ObservedRequest, octets: number, now: number): void {
    for (const one of this.#all) one.offered(request, octets, now)
  }

  override offerEnded(request: ObservedRequest, now: number): void {
    for (const one of this.#all) one.offerEnded(request, now)
  }

  override read(request: ObservedRequest, octets: number, now: number): void {
    for (const one of this.#all) one.read(request, octets, now)
  }

  override closed(error: unknown, now: number): void {
    for (const one of this.#all) one.closed(error, now)
  }
}
