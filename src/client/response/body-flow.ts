/**
 * A body that is handed over instead of asked for, for callers whose own
 * contract is callbacks. Its one rule: after `onData` returned false nothing is
 * taken until `resume()`, so that the peer's window holds the rest back.
 */
import { ErrorCode } from '../../frame/registry.ts'
import { inContext } from '../context.ts'
import { cancelled } from '../failure.ts'
import type { Incoming } from './incoming.ts'
import type { ResponseBody } from './response-body.ts'

/** Who is given a body; see `HTTP20Response.pushTo`. */
export interface BodyReceiver {
  /** A piece, the receiver's to keep. False: no more until `resume()`. */
  onData(piece: Uint8Array): boolean
  /** The body is complete. Its trailers, as pairs in wire order. */
  onEnd(trailers: [name: string, value: string][]): void
  /** The body broke off. Nothing comes after it, nor after `onEnd`. */
  onError(error: unknown): void
}

/** A body on its way to its receiver. */
export interface BodyFlow {
  /** Goes on after `onData` returned false. */
  resume(): void
}

const ALL = Number.POSITIVE_INFINITY
/** Its reactions are microtasks without the bookkeeping of `queueMicrotask`. */
const SETTLED = Promise.resolve()

/** Starts to hand a body over, at once if some of it is there. */
export function startFlow(
  incoming: Incoming,
  coded: ResponseBody | undefined,
  receiver: BodyReceiver,
): BodyFlow {
  const flow = new Flow(incoming, coded, receiver)
  flow.resume()
  return flow
}

class Flow implements BodyFlow {
  readonly #incoming: Incoming
  /** Who undoes the content codings, if there are any. */
  readonly #coded: ResponseBody | undefined
  readonly #receiver: BodyReceiver
  /** Calls in the context of whoever asked for the body. */
  readonly #inContext: (told: () => void) => void
  #paused: boolean
  /** True while pieces are handed over, or waited for: whoever comes then has nothing to do. */
  #running: boolean
  #over: boolean

  constructor(incoming: Incoming, coded: ResponseBody | undefined, receiver: BodyReceiver) {
    this.#incoming = incoming
    this.#coded = coded
    this.#receiver = receiver
    this.#inContext = inContext((told) => told())
    this.#paused = true
    this.#running = false
    this.#over = false
  }

  resume(): void {
    this.#paused = false
    if (this.#coded === undefined) this.#run()
    else void this.#runCoded(this.#coded)
  }

  readonly #run = (): void => {
    if (this.#running || this.#over) return
    const incoming = this.#incoming
    this.#running = true
    while (!this.#over) {
      // A failure that nothing stands before is told to a receiver that waits, too.
      const may = !this.#paused || incoming.ending !== undefined
      if (incoming.available === 0 && incoming.over && may) this.#end()
      else if (incoming.available > 0 && !this.#paused) this.#give(incoming.take(ALL))
      else break
    }
    this.#running = false
    if (!this.#over) incoming.whenChanged(this.#runLater)
  }

  /** In a promise's reaction, so that what one chunk of the transport brought is one piece. */
  readonly #runLater = (): void => {
    void SETTLED.then(this.#run)
  }

  async #runCoded(body: ResponseBody): Promise<void> {
    if (this.#running || this.#over) return
    this.#running = true
    try {
      while (!this.#paused && !this.#over) {
        const piece = await body.read(ALL)
        if (piece === undefined) this.#end()
        else this.#give(piece)
      }
    } catch (error) {
      if (!this.#over) this.#call(() => this.#receiver.onError(error))
      this.#over = true
    }
    this.#running = false
  }

  #give(piece: Uint8Array): void {
    this.#call(() => {
      if (this.#receiver.onData(piece) === false) this.#paused = true
    })
  }

  #end(): void {
    const incoming = this.#incoming
    this.#over = true
    this.#call(() => {
      if (incoming.ending === undefined) this.#receiver.onEnd(pairs(incoming.trailers ?? []))
      else this.#receiver.onError(incoming.error())
    })
  }

  /** What a receiver throws is its own: it gets no more of the body, and the connection is not touched. */
  #call(told: () => void): void {
    try {
      this.#inContext(told)
    } catch (error) {
      this.#over = true
      this.#incoming.supplier.abort(cancelled(ErrorCode.CANCEL, 'yes'))
      queueMicrotask(() => {
        throw error
      })
    }
  }
}

function pairs(fields: readonly string[]): [string, string][] {
  const found: [string, string][] = []
  for (let i = 0; i < fields.length; i += 2) found.push([fields[i]!, fields[i + 1]!])
  return found
}
