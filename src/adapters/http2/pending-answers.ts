/**
 * What waits for the peer's answer: SETTINGS for their acknowledgement, PINGs
 * for their return. One rule: every callback is called once, at the latest when
 * the session ends.
 */
import { AsyncResource } from 'node:async_hooks'
import type { SessionPart } from './contract.ts'
import { plainError } from './errors.ts'
import { outstandingPings, outstandingSettings } from './options.ts'
import { outward } from './outward.ts'
import { type Http2Settings, settingsEntries } from './settings.ts'

export type SettingsCallback = (error: Error | null, settings?: Http2Settings, duration?: number) => void
export type PingCallback = (error: Error | null, duration: number, payload: Buffer) => void

interface SentSettings {
  readonly entries: readonly (readonly [number, number])[]
  readonly callback: SettingsCallback | undefined
  readonly at: number
}

interface SentPing {
  readonly callback: PingCallback
  readonly payload: Buffer
  /** The context of the call that sent it. */
  readonly scope: AsyncResource
}

export class PendingAnswers {
  readonly #core: SessionPart
  readonly #settings: SentSettings[] = []
  readonly #pings = new Map<number, SentPing>()
  /** SETTINGS asked for, sent or not. */
  settingsPending = 0

  constructor(core: SessionPart) {
    this.#core = core
  }

  /** The first SETTINGS are on their way, with the preface. */
  settingsSent(callback: SettingsCallback | undefined): void {
    const entries = settingsEntries(this.#core.options.settings ?? {})
    this.settingsPending += 1
    this.#settings.push({ entries, callback, at: performance.now() })
  }

  sendSettings(settings: Http2Settings, callback: SettingsCallback | undefined): void {
    const core = this.#core
    if (core.destroyed) return
    if (this.#settings.length >= outstandingSettings(core.options)) {
      core.session.destroy(plainError('ERR_HTTP2_MAX_PENDING_SETTINGS_ACK'))
      return
    }
    core.idle.refresh()
    const entries = settingsEntries(settings)
    this.#settings.push({ entries, callback, at: performance.now() })
    core.local.know(entries)
    core.wire!.engine.settings(entries)
    core.wire!.schedule()
  }

  settingsAcknowledged(): void {
    const sent = this.#settings.shift()
    if (sent === undefined) return
    const core = this.#core
    this.settingsPending -= 1
    core.local.apply(sent.entries)
    const settings = core.session.localSettings
    outward(undefined, () => sent.callback?.(null, settings, performance.now() - sent.at))
    core.tell('localSettings', settings)
  }

  /** False if no PING can be sent: then the callback is told so. */
  ping(given: Uint8Array | undefined, callback: PingCallback): boolean {
    const core = this.#core
    const { wire } = core
    const scope = new AsyncResource('HTTP2PING', { requireManualDestroy: true })
    if (wire === undefined || this.#pings.size >= outstandingPings(core.options)) {
      process.nextTick(() => settle(scope, () => cancel(callback)))
      return false
    }
    const payload = given === undefined ? freshOctets() : Buffer.from(given.buffer, given.byteOffset, 8)
    const octets = new Uint8Array(payload)
    const token = wire.engine.ping(wire.now(), octets)
    this.#pings.set(token, { callback, scope, payload: Buffer.from(octets.buffer) })
    wire.schedule()
    return true
  }

  ponged(token: number, roundTripTime: number): void {
    const ping = this.#pings.get(token)
    if (ping === undefined) return
    this.#pings.delete(token)
    this.#core.idle.refresh()
    settle(ping.scope, () => ping.callback(null, roundTripTime, ping.payload))
  }

  /** The session ends: nothing is answered any more. */
  cancel(): void {
    setImmediate(() => {
      for (const { callback } of this.#settings.splice(0)) callback?.(plainError('ERR_HTTP2_SETTINGS_CANCEL'))
      this.settingsPending = 0
      const pings = [...this.#pings.values()]
      this.#pings.clear()
      for (const { scope, callback } of pings) settle(scope, () => cancel(callback))
    })
  }
}

function settle(scope: AsyncResource, call: () => void): void {
  outward(scope, call)
  scope.emitDestroy()
}

/** Tells of a PING that nobody answers. */
export function cancel(callback: PingCallback): void {
  ;(callback as (error: Error) => void)(plainError('ERR_HTTP2_PING_CANCEL'))
}

/** Octets as Node makes them: of the clock, so that no two PINGs are alike. */
function freshOctets(): Buffer {
  const octets = Buffer.alloc(8)
  octets.writeBigUInt64BE(process.hrtime.bigint())
  return octets
}
