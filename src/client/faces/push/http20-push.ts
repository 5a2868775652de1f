/**
 * A request that the server promised to answer unasked (RFC 9113 §8.4), as the
 * application holds it.
 */
import { ErrorCode } from '../../../frame/registry.ts'
import type { PromisedHead } from '../../../protocol/index.ts'
import { type HTTP20Response, toHeaders } from '../../response/http20-response.ts'
import type { Exchange } from '../../session/exchange.ts'

/**
 * A push: what the server answers, and the answer. One that is not wanted
 * should be cancelled, for its content takes up the window.
 *
 * @example
 * for await (const push of conn.getPushes(stream)) {
 *   console.log(push.path, (await push.getResponse()).status)
 * }
 */
export class HTTP20Push {
  readonly #exchange: Exchange
  readonly #head: PromisedHead
  #headers: Headers | undefined

  constructor(exchange: Exchange, head: PromisedHead) {
    this.#exchange = exchange
    this.#head = head
    this.#headers = undefined
  }

  /** The identifier of the promised stream. */
  get streamId(): number {
    return this.#exchange.streamId
  }

  get method(): string {
    return this.#head.method
  }

  get scheme(): string {
    return this.#head.scheme
  }

  get authority(): string {
    return this.#head.authority
  }

  get path(): string {
    return this.#head.path
  }

  /** The fields of the promised request. */
  get requestHeaders(): Headers {
    this.#headers ??= toHeaders(this.#head.fields)
    return this.#headers
  }

  /** The pushed response. Rejects with an `H2Error` if there will be none. */
  getResponse(): Promise<HTTP20Response> {
    return this.#exchange.response()
  }

  /** Refuses the rest: RST_STREAM, with CANCEL unless another code is given. */
  cancel(errorCode: number = ErrorCode.CANCEL): void {
    this.#exchange.cancel(errorCode)
  }
}
