/**
 * A receiver of a body in the async context of who asked for it
 * (`AsyncLocalStorage`). Its one rule: what a connection brings for several
 * requests is told each in its own context, not in the connection's.
 */
import type { AsyncResource } from 'node:async_hooks'
import type { BodyReceiver } from '../../index.ts'

type Trailers = Parameters<BodyReceiver['onEnd']>[0]

export class ScopedReceiver implements BodyReceiver {
  readonly #receiver: BodyReceiver
  readonly #scope: AsyncResource

  constructor(receiver: BodyReceiver, scope: AsyncResource) {
    this.#receiver = receiver
    this.#scope = scope
  }

  onData(piece: Uint8Array): boolean {
    return this.#scope.runInAsyncScope(this.#receiver.onData, this.#receiver, piece)
  }

  onEnd(trailers: Trailers): void {
    this.#scope.runInAsyncScope(this.#receiver.onEnd, this.#receiver, trailers)
  }

  onError(error: unknown): void {
    this.#scope.runInAsyncScope(this.#receiver.onError, this.#receiver, error)
  }
}
