/**
 * `expect: 100-continue`, content that waits for the server's word
 * (RFC 9110 §10.1.1). Its one rule: it waits for 100, for a final response,
 * which means that it is not wanted, or for a second, as no server has to answer.
 */
import type { Clock, Piece, RequestBody } from '../../index.ts'

/** A server that means to answer has done so by then. */
const LIMIT_MS = 1_000

const SYSTEM: Pick<Clock, 'setTimer' | 'clearTimer'> = {
  setTimer: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
}

/** Holds the content of one request back. */
export class Expectation {
  readonly #word: Promise<boolean>
  readonly #clock: Pick<Clock, 'setTimer' | 'clearTimer'>
  readonly #timer: unknown
  #say!: (go: boolean) => void

  constructor(clock: Clock | undefined) {
    this.#clock = clock ?? SYSTEM
    this.#word = new Promise((resolve) => {
      this.#say = resolve
    })
    this.#timer = this.#clock.setTimer(() => this.#say(true), LIMIT_MS)
  }

  /** Content that is given once the server said so; never, if it is not wanted. */
  held(body: RequestBody): AsyncIterable<Piece> {
    const word = this.#word
    let source: AsyncIterator<Piece> | undefined
    const open = async (): Promise<IteratorResult<Piece>> => {
      if (!(await word)) return new Promise(() => {})
      source = piecesOf(body)[Symbol.asyncIterator]()
      return source.next()
    }
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => (source === undefined ? open() : source.next()),
        return: async () => (await source?.return?.()) ?? { done: true, value: undefined },
      }),
    }
  }

  /** 100 (Continue) came. */
  granted(): void {
    this.#settle(true)
  }

  /** A final response or a failure came: content that has not begun is not wanted. */
  over(): void {
    this.#settle(false)
  }

  #settle(go: boolean): void {
    this.#clock.clearTimer(this.#timer)
    this.#say(go)
  }
}

/** True if the caller asked the server to speak first. */
export function expectsContinue(fields: Readonly<Record<string, string>>): boolean {
  return fields.expect?.toLowerCase() === '100-continue'
}

async function* piecesOf(body: RequestBody): AsyncGenerator<Piece, undefined> {
  if (typeof body === 'object' && Symbol.asyncIterator in body) yield* body as AsyncIterable<Piece>
  else yield body as Piece
}
