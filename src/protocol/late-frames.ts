/**
 * Frames for streams that are not there: never opened, ended, or reset by either
 * side (RFC 9113 §5.1). What was under way when we reset a stream is nobody's
 * fault; everything else is answered once, and counted. One rule: whatever comes
 * is within what was granted before, or draws on a budget.
 */
import { ErrorCode } from '../frame/registry.ts'
import type { AbuseBudget } from './abuse-budget.ts'
import type { Outbound } from './outbound.ts'
import {
  CLOSED,
  RECV_DATA,
  RECV_HEADERS,
  RECV_RESET,
  RECV_WINDOW_UPDATE,
  RESET_LOCAL,
  STREAM_CLOSED,
  step,
} from './stream-state.ts'
import type { StreamTable } from './stream-table.ts'
import type { PathFacts } from './window-managers.ts'

/** Whom it tells what concerns the whole connection. */
export interface LateFramesHost {
  /** A rule was broken that ends the connection (RFC 9113 §5.4.1). */
  fail(errorCode: number, reason: string): void
  /** A frame that is legal but useless came. */
  glitch(): void
}

/** The parts of the engine that it works with. */
export interface LateFramesParts {
  readonly host: LateFramesHost
  readonly path: PathFacts
  readonly table: StreamTable
  readonly outbound: Outbound
  readonly budget: AbuseBudget
}

export class LateFrames {
  readonly #parts: LateFramesParts

  constructor(parts: LateFramesParts) {
    this.#parts = parts
  }

  /** HEADERS, whose fields were decoded, or RST_STREAM. */
  frame(streamId: number, input: number): void {
    if (!this.#judged(streamId, input)) this.#parts.host.glitch()
  }

  windowUpdate(streamId: number): void {
    if (!this.#judged(streamId, RECV_WINDOW_UPDATE)) this.creditCame()
  }

  /** The beginning of DATA: content is within the window that its stream had, or counted as `dataEnd` counts the rest. */
  data(streamId: number, flowControlledLength: number, contentLength: number): void {
    if (this.#judged(streamId, RECV_DATA) || contentLength === 0) return
    if (!this.#parts.budget.lateContent(flowControlledLength)) this.#parts.host.glitch()
  }

  /** The end of DATA without content. */
  dataEnd(flowControlledLength: number, endStream: boolean): void {
    if (endStream) this.#parts.host.glitch()
    else this.emptyData(flowControlledLength)
  }

  /** A violation that the parser found. */
  error(streamId: number, errorCode: number, reason: string): void {
    const { host, table } = this.#parts
    if (table.isIdle(streamId)) {
      host.fail(errorCode, reason)
    } else if (errorCode === ErrorCode.FRAME_SIZE_ERROR && table.closedRow(streamId) === CLOSED) {
      // PRIORITY may come at any time, so its length is judged at any time (RFC 9113 §6.3).
      this.#answerOnce(streamId, errorCode)
    } else {
      // Under way, or not to be answered: nothing is sent behind RST_STREAM, of whomever (RFC 9113 §5.4.2, §6.4).
      host.glitch()
    }
  }

  /** Counts DATA without content on any stream. */
  emptyData(flowControlledLength: number): void {
    const { host, budget, path } = this.#parts
    // Padding is given back to the window at once, so the window does not limit it.
    if (flowControlledLength > 0) host.glitch()
    else if (!budget.emptyData(path.now)) {
      host.fail(ErrorCode.ENHANCE_YOUR_CALM, 'too many empty DATA frames (RFC 9113 §10.5)')
    }
  }

  /** Counts a WINDOW_UPDATE of any stream, or of the connection. False if that was one too many. */
  creditCame(): boolean {
    const { host, budget, path } = this.#parts
    if (budget.windowUpdate(path.now)) return true
    host.fail(ErrorCode.ENHANCE_YOUR_CALM, 'too many WINDOW_UPDATEs for what was sent (RFC 9113 §10.5)')
    return false
  }

  /** A RST_STREAM that the peer made us send. */
  answer(streamId: number, errorCode: number): void {
    const { host, outbound, budget, path } = this.#parts
    outbound.reset(streamId, errorCode)
    if (!budget.streamError(path.now) || !budget.controlFrame()) {
      host.fail(ErrorCode.ENHANCE_YOUR_CALM, 'too many stream errors (RFC 9113 §10.5)')
    }
  }

  #answerOnce(streamId: number, errorCode: number): void {
    this.#parts.table.updateClosedRow(streamId, RESET_LOCAL)
    this.answer(streamId, errorCode)
  }

  /** True if the frame deserves an error. */
  #judged(streamId: number, input: number): boolean {
    const { host, table } = this.#parts
    if (table.isIdle(streamId)) {
      host.fail(ErrorCode.PROTOCOL_ERROR, `${frameNoun(input)} on an idle stream (RFC 9113 §5.1)`)
      return true
    }
    if (step(table.closedRow(streamId), input) !== STREAM_CLOSED) return false
    this.#answerOnce(streamId, ErrorCode.STREAM_CLOSED)
    return true
  }
}

const NOUN: Readonly<Record<number, string>> = {
  [RECV_HEADERS]: 'HEADERS',
  [RECV_DATA]: 'DATA',
  [RECV_RESET]: 'RST_STREAM',
  [RECV_WINDOW_UPDATE]: 'WINDOW_UPDATE',
}

/** What the frame is called that is an input of `stream-state.ts`. */
export function frameNoun(input: number): string {
  return NOUN[input]!
}
