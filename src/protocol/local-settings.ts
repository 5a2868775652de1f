/**
 * Our SETTINGS on their way (RFC 9113 §6.5.3): each frame that was sent is in
 * force when the peer acknowledges it, and not before. Frames are acknowledged
 * in the order in which they were sent; an acknowledgement of none is an error.
 */
import { Setting } from '../frame/registry.ts'
import type { SettingsEntries } from './sinks.ts'

/** What a setting of ours changes once the peer goes by it. */
export interface LocalEffects {
  decoderTableSize(size: number): void
  pushAllowed(allowed: boolean): void
  pushedStreams(count: number): void
  recvWindowSize(size: number): void
  maxFrameSize(size: number): void
  fieldSectionLimit(size: number): void
}

/** Applies the entries of a frame that was acknowledged, in their order. */
export function putInForce(entries: SettingsEntries, effects: LocalEffects): void {
  for (const [id, value] of entries) {
    if (id === Setting.HEADER_TABLE_SIZE) effects.decoderTableSize(value)
    else if (id === Setting.ENABLE_PUSH) effects.pushAllowed(value === 1)
    else if (id === Setting.MAX_CONCURRENT_STREAMS) effects.pushedStreams(value)
    else if (id === Setting.INITIAL_WINDOW_SIZE) effects.recvWindowSize(value)
    else if (id === Setting.MAX_FRAME_SIZE) effects.maxFrameSize(value)
    else if (id === Setting.MAX_HEADER_LIST_SIZE) effects.fieldSectionLimit(value)
  }
}

export class UnacknowledgedSettings {
  readonly #frames: SettingsEntries[]

  constructor(first: SettingsEntries) {
    this.#frames = [first]
  }

  /** Frames sent and not acknowledged. */
  get count(): number {
    return this.#frames.length
  }

  sent(entries: SettingsEntries): void {
    this.#frames.push(entries)
  }

  /** The oldest frame, off the books; undefined if none waits. */
  acknowledged(): SettingsEntries | undefined {
    return this.#frames.shift()
  }
}
