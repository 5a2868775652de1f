/**
 * SETTINGS (RFC 9113 §6.5), both ways. Ours are sent in the preface, and are in
 * force for the peer when it acknowledges them (`local-settings.ts`). The peer's are applied
 * in the order in which they stand, each as soon as it was checked.
 */
import { readUint16, readUint32 } from '../bytes.ts'
import { ErrorCode, Setting } from '../frame/registry.ts'
import { MAX_WINDOW_SIZE } from './flow-control.ts'
import type { checkSettings } from './limits.ts'
import type { SettingsEntries } from './sinks.ts'
import type { Violation } from './violation.ts'

/** What the changes of a peer's settings act upon. */
export interface SettingsEffects {
  headerTableSize(size: number): void
  /** False if an open stream's window would overflow. */
  initialWindowSize(size: number): boolean
}

const ENTRY_SIZE = 6

/** The entries of our SETTINGS frame: what differs from the protocol's defaults, and whether we take pushes. */
export function settingsToSend(
  settings: ReturnType<typeof checkSettings>,
  enablePush: boolean,
): SettingsEntries {
  const entries: [number, number][] = [[Setting.ENABLE_PUSH, enablePush ? 1 : 0]]
  if (settings.headerTableSize !== 4096) entries.push([Setting.HEADER_TABLE_SIZE, settings.headerTableSize])
  if (enablePush) entries.push([Setting.MAX_CONCURRENT_STREAMS, settings.maxConcurrentStreams])
  entries.push([Setting.INITIAL_WINDOW_SIZE, settings.initialWindowSize])
  if (settings.maxFrameSize !== 16_384) entries.push([Setting.MAX_FRAME_SIZE, settings.maxFrameSize])
  entries.push([Setting.MAX_HEADER_LIST_SIZE, settings.maxHeaderListSize])
  // We never send the signals of RFC 7540 (RFC 9218 §2.1).
  entries.push([Setting.NO_RFC7540_PRIORITIES, 1])
  return entries
}

/** The peer's settings as they are now. */
export class PeerSettings {
  /** True once the first SETTINGS frame was applied. */
  seen = false
  /** Infinity until the peer names a limit (RFC 9113 §6.5.2). */
  maxConcurrentStreams = Number.POSITIVE_INFINITY
  maxFrameSize = 16_384
  /** Advisory (RFC 9113 §6.5.2). */
  maxHeaderListSize = Number.POSITIVE_INFINITY
  /** RFC 8441 §3. */
  enableConnectProtocol = false
  /** RFC 9218 §2.1; undefined until the first SETTINGS frame. */
  noRfc7540Priorities: number | undefined = undefined

  /** Applies a frame's entries, `buf[start, end)`. Stops at the first that breaks a rule. */
  apply(buf: Uint8Array, start: number, end: number, effects: SettingsEffects): Violation | undefined {
    for (let at = start; at < end; at += ENTRY_SIZE) {
      const violation = this.#set(readUint16(buf, at), readUint32(buf, at + 2), effects)
      if (violation !== undefined) return violation
    }
    if (!this.seen) {
      this.seen = true
      this.noRfc7540Priorities ??= 0
    }
    return undefined
  }

  #set(id: number, value: number, effects: SettingsEffects): Violation | undefined {
    switch (id) {
      case Setting.HEADER_TABLE_SIZE:
        effects.headerTableSize(value)
        return undefined
      case Setting.ENABLE_PUSH:
        // A server may only say 0 (RFC 9113 §6.5.2).
        return value === 0 ? undefined : invalid(`ENABLE_PUSH ${value} from a server (RFC 9113 §6.5.2)`)
      case Setting.MAX_CONCURRENT_STREAMS:
        this.maxConcurrentStreams = value
        return undefined
      case Setting.INITIAL_WINDOW_SIZE:
        return setInitialWindowSize(value, effects)
      case Setting.MAX_FRAME_SIZE:
        if (value < 16_384 || value > 16_777_215) return invalid(`MAX_FRAME_SIZE ${value} (RFC 9113 §6.5.2)`)
        this.maxFrameSize = value
        return undefined
      case Setting.MAX_HEADER_LIST_SIZE:
        this.maxHeaderListSize = value
        return undefined
      case Setting.ENABLE_CONNECT_PROTOCOL:
        return this.#setConnectProtocol(value)
      case Setting.NO_RFC7540_PRIORITIES:
        return this.#setNoPriorities(value)
      default:
        // Unknown settings are ignored (RFC 9113 §6.5.2).
        return undefined
    }
  }

  #setConnectProtocol(value: number): Violation | undefined {
    if (value > 1) return invalid(`ENABLE_CONNECT_PROTOCOL ${value} (RFC 8441 §3)`)
    if (value === 0 && this.enableConnectProtocol) {
      return invalid('ENABLE_CONNECT_PROTOCOL taken back (RFC 8441 §3)')
    }
    this.enableConnectProtocol = value === 1
    return undefined
  }

  #setNoPriorities(value: number): Violation | undefined {
    if (value > 1) return invalid(`NO_RFC7540_PRIORITIES ${value} (RFC 9218 §2.1)`)
    if (this.seen && value !== this.noRfc7540Priorities) {
      return invalid('NO_RFC7540_PRIORITIES changed after the first SETTINGS (RFC 9218 §2.1)')
    }
    this.noRfc7540Priorities = value
    return undefined
  }
}

function setInitialWindowSize(value: number, effects: SettingsEffects): Violation | undefined {
  if (value > MAX_WINDOW_SIZE) {
    return {
      errorCode: ErrorCode.FLOW_CONTROL_ERROR,
      reason: `INITIAL_WINDOW_SIZE ${value} (RFC 9113 §6.5.2)`,
    }
  }
  if (!effects.initialWindowSize(value)) {
    return {
      errorCode: ErrorCode.FLOW_CONTROL_ERROR,
      reason: 'INITIAL_WINDOW_SIZE overflows the window of a stream (RFC 9113 §6.9.2)',
    }
  }
  return undefined
}

function invalid(reason: string): Violation {
  return { errorCode: ErrorCode.PROTOCOL_ERROR, reason }
}
