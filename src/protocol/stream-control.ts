/**
 * What the owner of a stream asks of it: content that waits, credit for content
 * that was taken, another priority, or its end (RFC 9113 §5.4.2). One rule: a
 * stream that is not open any more asks for nothing, and is not answered.
 */
import { ErrorCode } from '../frame/registry.ts'
import { type InboundHost, type InboundParts, processed } from './inbound.ts'
import { PING_RESET } from './keepalive.ts'
import type { Stream, StreamHost } from './stream.ts'
import { SEND_RESET, step } from './stream-state.ts'

/** Whom it tells what concerns the whole connection. */
export interface ControlHost extends InboundHost {
  /** Something worth a line in a log. */
  notice(text: string): void
  /** A PING of our own has to be sent, for this reason. */
  pingDue(reason: number): void
}

/** The parts of the engine that it works with. */
export interface ControlParts extends InboundParts {
  readonly host: ControlHost
}

export class StreamControl implements StreamHost {
  readonly #parts: ControlParts

  constructor(parts: ControlParts) {
    this.#parts = parts
  }

  contentQueued(stream: Stream): void {
    this.#parts.outbound.scheduler.added(stream)
  }

  consumed(stream: Stream, count: number): void {
    this.#parts.credit.consume(stream, count)
    const fault = stream.recvWindow?.fault
    if (fault !== undefined && stream.live) this.threw(stream, fault.cause)
  }

  threw(stream: Stream, cause: unknown): void {
    const { host } = this.#parts
    if (stream.done) {
      host.notice(`the owner of a stream that is over threw ${nameOf(cause)}`)
      return
    }
    this.resetRequested(stream, ErrorCode.INTERNAL_ERROR)
    stream.done = false
    stream.fail({
      scope: 'stream',
      initiator: 'local',
      errorCode: ErrorCode.INTERNAL_ERROR,
      reason: `its sink or window manager threw ${nameOf(cause)}`,
      processed: stream.id === 0 ? 'no' : processed(stream),
      cause,
    })
    host.closed()
  }

  resetRequested(stream: Stream, errorCode: number): void {
    const { host, credit, table, outbound } = this.#parts
    credit.release(stream)
    stream.done = true
    if (!stream.live) return
    if (stream.id === 0) {
      table.drop(stream)
    } else {
      table.remove(stream, step(stream.state, SEND_RESET))
      outbound.reset(stream.id, errorCode)
      if (stream.id % 2 === 1) this.#cancelled(stream)
      else this.#unwanted(stream)
    }
    host.closed()
  }

  /** A request was given up: it keeps its slot until the peer must know, and its late frames are excused. */
  #cancelled(stream: Stream): void {
    const { host, budget, holds } = this.#parts
    budget.cancelled(stream.recvWindow)
    if (holds.add()) host.pingDue(PING_RESET)
  }

  /** A push was given up. */
  #unwanted(stream: Stream): void {
    const { host, budget } = this.#parts
    budget.reset(stream.recvWindow)
    if (!budget.controlFrame()) host.fail(ErrorCode.ENHANCE_YOUR_CALM, 'too many pushes (RFC 9113 §10.5)')
  }

  reprioritized(stream: Stream, incremental: boolean): void {
    if (stream.id === 0 || !stream.live) return
    const { outbound } = this.#parts
    if (stream.linked) outbound.scheduler.place(stream)
    outbound.priorityUpdate(stream.id, `u=${stream.urgency}${incremental ? ', i' : ''}`)
  }
}

/** Whatever was thrown: saying so must not throw. */
function nameOf(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : `a ${typeof cause}`
}
