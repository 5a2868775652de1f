/**
 * What the peer says of itself and of others: its SETTINGS as they stand, its
 * PINGs, the octets of its GOAWAY, alternative services (RFC 7838), origins
 * (RFC 8336). The engine needs nothing of it but what other parts read; an
 * owner that wants to know is told here. One rule: nobody listens, nothing is
 * made.
 */
import { readUint16, readUint32 } from '../bytes.ts'
import type { ConnectionSink } from './sinks.ts'

const ENTRY_SIZE = 6
/** Octets of the length before an origin. */
const LENGTH_SIZE = 2
/** Visible ASCII: RFC 6454 §6.2 has nothing else in an origin, nor RFC 7838 §3 in a service, spaces apart. */
const PRINTABLE = /^[\t\x20-\x7e]*$/

export class PeerNews {
  readonly #sink: ConnectionSink

  constructor(sink: ConnectionSink) {
    this.#sink = sink
  }

  /** SETTINGS that were applied: its entries, `buf[start, end)`. */
  settings(buf: Uint8Array, start: number, end: number): void {
    if (this.#sink.onPeerSettings === undefined) return
    const entries: [number, number][] = []
    for (let at = start; at < end; at += ENTRY_SIZE)
      entries.push([readUint16(buf, at), readUint32(buf, at + 2)])
    this.#sink.onPeerSettings(entries)
  }

  /** A frame of our SETTINGS is in force. */
  settingsAcknowledged(): void {
    this.#sink.onSettingsAcknowledged?.()
  }

  /** A PING, which was answered. */
  ping(buf: Uint8Array, start: number): void {
    this.#sink.onPeerPing?.(buf.slice(start, start + 8))
  }

  goaway(lastStreamId: number, errorCode: number, buf: Uint8Array, start: number, end: number): void {
    this.#sink.onPeerGoaway?.(lastStreamId, errorCode, buf.slice(start, end))
  }

  /** ALTSVC. What breaks a rule is ignored (RFC 7838 §4). */
  altSvc(streamId: number, buf: Uint8Array, start: number, end: number): void {
    if (this.#sink.onAltSvc === undefined || end - start < LENGTH_SIZE) return
    const valueAt = start + LENGTH_SIZE + readUint16(buf, start)
    if (valueAt > end) return
    const origin = text(buf, start + LENGTH_SIZE, valueAt)
    const value = text(buf, valueAt, end)
    // RFC 7838 §4: an origin belongs on stream 0, and only there.
    if (origin === undefined || value === undefined || (streamId === 0) === (origin === '')) return
    this.#sink.onAltSvc(streamId, origin, value)
  }

  /** ORIGIN. RFC 8336 §2.1: on another stream than 0 it is ignored, and what is no origin with it. */
  origin(streamId: number, buf: Uint8Array, start: number, end: number): void {
    if (this.#sink.onOrigin === undefined || streamId !== 0) return
    const origins: string[] = []
    for (let at = start; at < end; ) {
      const next = end - at < LENGTH_SIZE ? Number.POSITIVE_INFINITY : at + LENGTH_SIZE + readUint16(buf, at)
      if (next > end) return
      const origin = text(buf, at + LENGTH_SIZE, next)
      if (origin !== undefined && origin !== '') origins.push(origin)
      at = next
    }
    this.#sink.onOrigin(origins)
  }
}

/** ASCII text; undefined for octets that are none. */
function text(buf: Uint8Array, start: number, end: number): string | undefined {
  let made = ''
  for (let i = start; i < end; i++) made += String.fromCharCode(buf[i]!)
  return PRINTABLE.test(made) ? made : undefined
}
