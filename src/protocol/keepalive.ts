/**
 * PING (RFC 9113 §6.7) and the deadlines of a connection: is the peer there,
 * how far away is it, did it begin and acknowledge our SETTINGS in time. Holds
 * no timer: it names the moment at which it wants to be asked again.
 */
import { readUint32 } from '../bytes.ts'
import { ErrorCode } from '../frame/registry.ts'
import { PathDoubt } from './path-doubt.ts'
import { RoundTrip } from './round-trip.ts'
import type { Failure, FailureKind } from './sinks.ts'

/** Silence with requests open after which we ask, and how long we then wait. */
export interface KeepAlive {
  /** Milliseconds. Default 30,000. */
  readonly interval: number
  /** Milliseconds. Default 15,000. */
  readonly timeout: number
}

const DEFAULT_KEEP_ALIVE: KeepAlive = { interval: 30_000, timeout: 15_000 }

/** Fills in defaults. Throws RangeError for a span of time that is none. */
export function checkKeepAlive(given: KeepAlive | false | undefined): KeepAlive | false {
  if (given === undefined || given === false) return given ?? DEFAULT_KEEP_ALIVE
  const { interval, timeout } = given
  if (interval > 0 && timeout > 0) return given
  throw new RangeError('keepAlive must be { interval, timeout } in milliseconds above 0, or false')
}

/** Why a PING was sent. */
export const PING_USER = 0
export const PING_PROBE = 1
export const PING_RESET = 2
export const PING_PATH = 3

/** Milliseconds until the peer's first frame, and until it acknowledges our SETTINGS; 0 for no limit. */
export interface Deadlines {
  readonly prefaceMs: number
  readonly settingsAckMs: number
}

interface OpenPing {
  readonly token: number
  readonly octets: Uint8Array
  readonly reason: number
  sentAt: number
  /** Octets of content that had come, ever, when it was sent. */
  readonly content: number
}

const NEVER = Number.POSITIVE_INFINITY

export class KeepAliveState {
  readonly #interval: number
  readonly #timeout: number
  readonly #prefaceDeadline: number
  readonly #settingsDeadline: number
  readonly #open: OpenPing[] = []
  /** PINGs with tokens below this left; 0 while not even our SETTINGS did. */
  #departed = 0
  #nextToken = 1
  #prefaceSeen = false
  #settingsAcknowledged = false
  /** When our SETTINGS left, as far as is known. */
  #settingsSentAt: number
  #lastReceived: number
  /** When the probe that is under way was sent; NaN if none is. */
  #probeSentAt = Number.NaN
  readonly #roundTrip = new RoundTrip()
  readonly #doubt = new PathDoubt()

  constructor(keepAlive: KeepAlive | false, deadlines: Deadlines, now: number) {
    this.#interval = keepAlive === false ? NEVER : keepAlive.interval
    this.#timeout = keepAlive === false ? NEVER : keepAlive.timeout
    this.#settingsSentAt = now
    this.#lastReceived = now
    this.#prefaceDeadline = deadlines.prefaceMs === 0 ? NEVER : now + deadlines.prefaceMs
    this.#settingsDeadline = deadlines.settingsAckMs === 0 ? NEVER : now + deadlines.settingsAckMs
  }

  /** Bytes arrived: the peer is alive. */
  received(now: number): void {
    this.#lastReceived = now
    this.#doubt.heard()
  }

  prefaceReceived(): void {
    this.#prefaceSeen = true
  }

  /** The first measured round trip, and true; false if nothing waited for an acknowledgement. */
  settingsAcknowledged(now: number): boolean {
    if (this.#settingsAcknowledged) return false
    this.#settingsAcknowledged = true
    this.#roundTrip.measured(now - this.#settingsSentAt, now)
    return true
  }

  /** PINGs of the application that wait for their answer. */
  get userPings(): number {
    return this.#open.filter((ping) => ping.reason === PING_USER).length
  }

  /** Smallest round trip measured of late, in milliseconds; NaN before the first. */
  get roundTripTime(): number {
    return this.#roundTrip.time
  }

  /** A request is made. */
  requested(request: object, now: number): void {
    this.#roundTrip.requested(request, now)
    if (this.#prefaceSeen) this.#doubt.requested(now, now - this.#lastReceived)
  }

  /** A response began. True if the round trip is found to be shorter. */
  responded(request: object, now: number): boolean {
    return this.#roundTrip.responded(request, now)
  }

  /** True if a PING should measure the path, now that content came: one at a time. `content`: octets, ever. */
  measureDue(now: number, content: number): boolean {
    return this.#interval !== NEVER && this.#open.length === 0 && this.#roundTrip.due(now, content)
  }

  /** What was put into the output goes to the transport: round trips begin here. `sent`: octets, ever. */
  departed(now: number, sent: number): void {
    this.#roundTrip.departed(now)
    this.#doubt.departed(sent)
    if (this.#departed === 0) this.#settingsSentAt = now
    for (const ping of this.#open) if (ping.token >= this.#departed) ping.sentAt = now
    this.#departed = this.#nextToken
  }

  /** Notes a PING that is being sent, when so many octets of content had come, ever. Returns its token. */
  sent(reason: number, now: number, content: number, octets?: Uint8Array): number {
    const token = this.#nextToken++
    this.#open.push({ token, octets: octets ?? tokenOctets(token), reason, sentAt: now, content })
    this.#roundTrip.asked(now)
    if (reason === PING_PROBE) this.#probeSentAt = now
    return token
  }

  /** The eight octets of a PING. */
  payload(token: number): Uint8Array {
    return this.#open.find((ping) => ping.token === token)!.octets
  }

  /**
   * The answer to a PING, taken off the books; undefined if we sent none like
   * it (RFC 9113 §6.7: nothing to do). `content`: octets that had come, ever.
   */
  answered(buf: Uint8Array, start: number, now: number, content: number): Readonly<OpenPing> | undefined {
    const [high, low] = [readUint32(buf, start), readUint32(buf, start + 4)]
    const at = this.#open.findIndex(
      ({ octets }) => readUint32(octets, 4) === low && readUint32(octets, 0) === high,
    )
    if (at === -1) return undefined
    const ping = this.#open.splice(at, 1)[0]!
    if (ping.reason === PING_PROBE) this.#probeSentAt = Number.NaN
    this.#roundTrip.answered(now - ping.sentAt, now, content, content - ping.content)
    return ping
  }

  /** When `expired` and `probeDue` want to be asked. `busy`: requests or PINGs wait for the peer. */
  nextTimeout(busy: boolean): number {
    let next = NEVER
    if (!this.#prefaceSeen) next = this.#prefaceDeadline
    if (!this.#settingsAcknowledged) next = Math.min(next, this.#settingsDeadline)
    if (busy) next = Math.min(next, this.#probing ? this.#probeDeadline : this.#probeAt)
    return next
  }

  /** When silence has lasted for long enough to ask. */
  get #probeAt(): number {
    const regular = this.#lastReceived + this.#interval
    return this.#interval === NEVER ? NEVER : Math.min(regular, this.#doubt.askAt(this.#roundTrip.time))
  }

  get #probing(): boolean {
    return !Number.isNaN(this.#probeSentAt)
  }

  /** Anything received since the probe was sent proves life as well as its answer. */
  get #probeDeadline(): number {
    const regular = Math.max(this.#lastReceived, this.#probeSentAt) + this.#timeout
    return Math.min(regular, this.#doubt.deadAt(this.#probeSentAt, this.#roundTrip.time))
  }

  /** The deadline that has passed, if any. */
  expired(now: number, busy: boolean): Failure | undefined {
    if (!this.#prefaceSeen && now >= this.#prefaceDeadline) {
      return late(ErrorCode.PROTOCOL_ERROR, 'TIMEOUT_PREFACE', 'no SETTINGS in time (RFC 9113 §3.4)')
    }
    if (!this.#settingsAcknowledged && now >= this.#settingsDeadline) {
      return late(
        ErrorCode.SETTINGS_TIMEOUT,
        'TIMEOUT_SETTINGS',
        'SETTINGS not acknowledged (RFC 9113 §6.5.3)',
      )
    }
    if (busy && this.#probing && now >= this.#probeDeadline) {
      // What came while this side was busy is read after its timers.
      const early = now < this.#probeSentAt + this.#timeout
      if (early && this.#doubt.putOff(now)) return undefined
      return late(ErrorCode.NO_ERROR, 'TIMEOUT_PING', 'no answer to PING (RFC 9113 §6.7)')
    }
    return undefined
  }

  /** True if there was silence for so long that a PING has to be sent. */
  probeDue(now: number, busy: boolean): boolean {
    return busy && !this.#probing && now >= this.#probeAt
  }
}

/** Octets that no other PING of ours has. */
function tokenOctets(token: number): Uint8Array {
  const octets = new Uint8Array(8)
  new DataView(octets.buffer).setUint32(4, token)
  return octets
}

function late(errorCode: number, kind: FailureKind, reason: string): Failure {
  return { scope: 'connection', initiator: 'local', errorCode, kind, reason, processed: 'unknown' }
}
