/**
 * A request as its caller holds it: a handle that gives the response and takes
 * a cancellation. Everything else belongs to its exchange.
 */
import { ErrorCode } from '../../frame/registry.ts'
import type { StreamQueue } from '../../protocol/stream-queue.ts'
import { checkPriority, type Priority } from '../request/request-head.ts'
import type { HTTP20Response } from '../response/http20-response.ts'
import type { Exchange } from '../session/exchange.ts'

/** Given out here, kept by the class: what a handle stands for. */
export let exchangeOf: (stream: HTTP20Stream) => Exchange

/** A request that was made, on its own stream (RFC 9113 §5). */
export class HTTP20Stream {
  readonly #exchange: Exchange
  /** Exchanges whose response nobody has asked for; it takes its own out. */

  static {
    exchangeOf = (stream) => stream.#exchange
  }

  constructor(exchange: Exchange, unasked: StreamQueue<Exchange>) {
    this.#exchange = exchange
    unasked.push(exchange)
  }

  /** The stream's identifier, undefined until HEADERS were sent. */
  get streamId(): number | undefined {
    return this.#exchange.streamId === 0 ? undefined : this.#exchange.streamId
  }

  /** The response; the same promise each time, and the one that `getResponse(stream)` gives. */
  get response(): Promise<HTTP20Response> {
    this.#exchange.unlink()
    return this.#exchange.response()
  }

  /**
   * Changes the priority of the request: a PRIORITY_UPDATE tells the peer (RFC 9218 §7.1), once HEADERS were
   * sent, and our own upload goes by it at once. Throws TypeError or RangeError for a priority that is none.
   */
  reprioritize(priority: Priority): void {
    this.#exchange.reprioritize(checkPriority(priority), priority.incremental ?? false)
  }

  /** Gives the request up: RST_STREAM, with CANCEL unless another code is given. The response rejects with `H2_STREAM_CANCELLED`. */
  cancel(errorCode: number = ErrorCode.CANCEL): void {
    if (!Number.isInteger(errorCode) || errorCode < 0 || errorCode > 0xffffffff) {
      throw new RangeError('errorCode must be an unsigned 32-bit integer')
    }
    this.#exchange.cancel(errorCode)
  }
}
