/**
 * The response as a promise, for whoever asks. Its one rule: there is one
 * promise however often it is asked for, and it settles once.
 */
import { HTTP20Response } from '../response/http20-response.ts'
import type { Incoming } from '../response/incoming.ts'

/** Takes `resolve` and `reject` of a promise that is being made. */
let resolveNew: (value: HTTP20Response | PromiseLike<HTTP20Response>) => void
let rejectNew: (reason: unknown) => void
const capture = (resolve: typeof resolveNew, reject: typeof rejectNew): void => {
  resolveNew = resolve
  rejectNew = reject
}

export class Answer {
  readonly promise: Promise<HTTP20Response>
  readonly #incoming: Incoming
  /** Undefined once it settled. */
  #resolve: ((response: HTTP20Response) => void) | undefined
  #reject: ((reason: unknown) => void) | undefined

  constructor(incoming: Incoming) {
    this.#incoming = incoming
    this.#resolve = undefined
    this.#reject = undefined
    if (incoming.status !== 0) this.promise = Promise.resolve(new HTTP20Response(incoming))
    else if (incoming.ending !== undefined) this.promise = Promise.reject(incoming.error())
    else {
      this.promise = new Promise<HTTP20Response>(capture)
      this.#resolve = resolveNew
      this.#reject = rejectNew
    }
  }

  /** The response's head arrived, or there will be none. */
  settle(): void {
    const incoming = this.#incoming
    if (this.#resolve === undefined) return
    if (incoming.status !== 0) this.#resolve(new HTTP20Response(incoming))
    else this.#reject!(incoming.error())
    this.#resolve = undefined
    this.#reject = undefined
  }
}
