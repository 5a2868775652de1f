/**
 * The messages of a call, so that they can be given again: what gRPC calls a
 * transparent retry, where the server has proved that it did not act on the
 * call (RFC 9113 §8.7). Its one rule: the library's source is read once; what
 * it gave is kept until the server answers, or becomes too much to keep.
 */
import { unavailable } from './rpc-error.ts'
import { leave } from './source.ts'

/** Octets that are kept at most. */
const LIMIT = 262_144

type Result = IteratorResult<Uint8Array>

/** The content of one call. Pieces that the library gave it does not write to again. */
export class Resendable {
  readonly #source: AsyncIterator<Uint8Array>
  /** What was given, undefined if it is not kept any more. */
  #kept: Uint8Array[] | undefined
  #keptLength: number
  /** What was asked for and has not come, for whichever attempt is under way then; in the end, the end. */
  #coming: Promise<Result> | undefined
  /** True once the response began: the attempt under way is the last. */
  #answered: boolean

  constructor(body: AsyncIterable<Uint8Array>) {
    this.#source = body[Symbol.asyncIterator]()
    this.#kept = []
    this.#keptLength = 0
    this.#coming = undefined
    this.#answered = false
  }

  /** The content from its beginning. Throws what passes for a `ConnectError` if that is not there any more. */
  open(): AsyncIterable<Uint8Array> {
    if (this.#kept === undefined) {
      throw unavailable('the server did not take the call, and its messages were too many to keep')
    }
    let at = 0
    const next = async (): Promise<Result> => {
      const known = this.#kept?.[at]
      if (known === undefined) {
        this.#coming ??= this.#take()
        const result = await this.#coming
        at += 1
        return result
      }
      at += 1
      return { done: false, value: known }
    }
    const leave = async (): Promise<Result> => {
      if (this.#answered) this.stop()
      return { done: true, value: undefined }
    }
    return { [Symbol.asyncIterator]: () => ({ next, return: leave }) }
  }

  /** The server has answered: nothing is given again. */
  answered(): void {
    this.#answered = true
    this.#kept = undefined
  }

  /** Nobody wants the rest. */
  stop(): void {
    this.#kept = undefined
    leave(this.#source)
  }

  async #take(): Promise<Result> {
    const result = await this.#source.next()
    if (result.done === true) return result
    this.#coming = undefined
    if (this.#kept === undefined) return result
    this.#kept.push(result.value)
    this.#keptLength += result.value.length
    if (this.#keptLength > LIMIT) this.#kept = undefined
    return result
  }
}
