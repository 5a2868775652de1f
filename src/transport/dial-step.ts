/**
 * The waiting of a dial: a limit joins the time allowed with the caller's
 * signal, and a step waits for one event of a socket under a limit. The one
 * rule: whatever ends a step early also destroys its socket.
 */
import type { Socket } from 'node:net'
import type { H2Error } from '../errors.ts'
import type { DialStep } from './transport.ts'

/** A time limit and the caller's signal as one signal, whose reason is what to reject with. */
export class Limit {
  readonly signal: AbortSignal
  readonly #controller = new AbortController()
  readonly #outer: AbortSignal | undefined
  readonly #onAbort: () => void
  /** Undefined without a time limit. */
  readonly #timer: NodeJS.Timeout | undefined

  constructor(timeoutMs: number, outer: AbortSignal | undefined, expired: () => H2Error) {
    this.signal = this.#controller.signal
    this.#outer = outer
    this.#onAbort = () => this.#controller.abort(outer?.reason)
    this.#timer = timeoutMs > 0 ? setTimeout(() => this.#controller.abort(expired()), timeoutMs) : undefined
    if (outer?.aborted) this.#onAbort()
    else outer?.addEventListener('abort', this.#onAbort)
  }

  /** Lifts the limit. */
  clear(): void {
    clearTimeout(this.#timer)
    this.#outer?.removeEventListener('abort', this.#onAbort)
  }
}

/** How a step is told what it waits for; only the first call of either counts. */
export interface StepControl<T> {
  resolve(value: T): void
  reject(error: unknown): void
}

/**
 * Runs one step on a socket. `begin` attaches its listeners and returns how to
 * detach them; `failure` names what the socket's own error means in this step.
 */
export function step<T>(
  socket: Socket,
  signal: AbortSignal,
  failure: (error: Error) => H2Error,
  begin: (control: StepControl<T>) => () => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let detach: (() => void) | undefined
    const settle = () => {
      socket.off('error', onError)
      socket.off('close', onClose)
      signal.removeEventListener('abort', onAbort)
      detach?.()
    }
    const fail = (error: unknown) => {
      settle()
      socket.destroy()
      reject(error)
    }
    const onError = (error: Error) => fail(failure(error))
    const onClose = () => fail(failure(socket.errored ?? closedEarly()))
    const onAbort = () => fail(signal.reason)
    if (signal.aborted) return onAbort()
    if (socket.destroyed) return onClose()
    socket.on('error', onError)
    socket.on('close', onClose)
    signal.addEventListener('abort', onAbort)
    detach = begin({
      resolve: (value) => {
        settle()
        resolve(value)
      },
      reject: fail,
    })
  })
}

/** The step of one event that brings nothing. */
export function reached(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
  failure: (error: Error) => H2Error,
): Promise<void> {
  return step<void>(socket, signal, failure, ({ resolve }) => {
    const onEvent = () => resolve()
    socket.once(event, onEvent)
    return () => socket.off(event, onEvent)
  })
}

function closedEarly(): Error {
  return Object.assign(new Error('closed by the peer'), { code: 'ECONNRESET' })
}

/** Tells of the steps of a dial, and how long each took. */
export class StepTimes {
  readonly #tell: ((step: DialStep, elapsedMs: number) => void) | undefined
  #last: number

  constructor(tell: ((step: DialStep, elapsedMs: number) => void) | undefined) {
    this.#tell = tell
    this.#last = tell === undefined ? 0 : performance.now()
  }

  /** A step is done. */
  done(step: DialStep): void {
    if (this.#tell === undefined) return
    const now = performance.now()
    this.#tell(step, now - this.#last)
    this.#last = now
  }
}
