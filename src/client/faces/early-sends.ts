/**
 * Content of a request that is given before there is a connection for it. Its
 * one rule: it is sent in the order in which it was given.
 */
import type { Body } from '../request/request-body.ts'
import type { Exchange } from '../session/exchange.ts'

export class EarlySends {
  /** The last that was given to a request which was not sent yet, or that stands behind such. */
  readonly #last: WeakMap<Exchange, Promise<unknown>>

  constructor() {
    this.#last = new WeakMap()
  }

  /** Resolves once the stream takes more. Throws TypeError once the request was ended. */
  send(exchange: Exchange, body: Body, final: boolean): Promise<void> {
    const waits = exchange.sending === undefined && !exchange.settled && exchange.planned?.final === false
    const before = this.#last.get(exchange) ?? (waits ? carried(exchange) : undefined)
    if (before === undefined) return exchange.send(body, final)
    const sent = before.then(() => {
      const { incoming } = exchange
      if (incoming.ending !== undefined) throw incoming.error()
      return exchange.send(body, final)
    })
    this.#last.set(
      exchange,
      sent.catch(() => {}),
    )
    return sent
  }
}

/** Resolves once the request is put on a connection, or has failed before. */
function carried(exchange: Exchange): Promise<unknown> {
  return new Promise<void>((resolve) => {
    exchange.onConnection = () => resolve()
    exchange.incoming.whenOver(resolve)
  })
}
