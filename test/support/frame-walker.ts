/**
 * Walks over one side's frames as their octets come, and keeps none of them:
 * a frame is reported with the first octets of its payload, before the rest.
 */
import { DATA, FRAME_HEADER_SIZE, PADDED } from './wire.ts'

/** Octets of a payload that are reported: enough for the SETTINGS of any client. */
const REPORTED = 64

/** A frame whose beginning has come. */
export interface FrameHead {
  readonly type: number
  readonly flags: number
  readonly streamId: number
  /** Octets of the payload, padding included. */
  readonly length: number
  /** The first octets of the payload, good for the call: of DATA its Pad Length alone, of others up to 64. */
  readonly payload: Uint8Array
}

export class FrameWalker {
  readonly #onFrame: (frame: FrameHead) => void
  readonly #head = new Uint8Array(FRAME_HEADER_SIZE + REPORTED)
  #have = 0
  /** Octets to pass over: the preface, or the rest of a payload. */
  #skip: number

  /** `skip`: octets that stand before the first frame. */
  constructor(skip: number, onFrame: (frame: FrameHead) => void) {
    this.#skip = skip
    this.#onFrame = onFrame
  }

  /** Octets still to come of the frame that was reported last; 0 if it is complete. */
  get missing(): number {
    return this.#skip
  }

  walk(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, bytes.length - at)
        this.#skip -= passed
        at += passed
        continue
      }
      this.#head[this.#have++] = bytes[at++]!
      if (this.#have >= FRAME_HEADER_SIZE) this.#report()
    }
  }

  #report(): void {
    const view = new DataView(this.#head.buffer)
    const length = view.getUint32(0) >>> 8
    const [type, flags] = [this.#head[3]!, this.#head[4]!]
    const padLength = (flags & PADDED) === 0 ? 0 : 1
    const reported = Math.min(length, type === DATA ? padLength : REPORTED)
    if (this.#have < FRAME_HEADER_SIZE + reported) return
    this.#have = 0
    this.#skip = length - reported
    const payload = this.#head.subarray(FRAME_HEADER_SIZE, FRAME_HEADER_SIZE + reported)
    this.#onFrame({ type, flags, streamId: view.getUint32(5) & 0x7fffffff, length, payload })
  }
}
