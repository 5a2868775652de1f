/**
 * How `fetch` fails (Fetch §4.1, §5.6): what a request or a body ended with, as
 * its caller sees it. Its one rule: an aborted signal speaks first, and an
 * `H2Error` is the cause of a TypeError with the message that programs look for.
 */

import { H2Error, type Processed } from '../../errors.ts'
import { ErrorCode } from '../../frame/registry.ts'
import { unwatch, watch } from '../session/abort-watch.ts'

/** What `fetch` rejects with. `TypeError`s of misuse pass as they are. */
export function fetchFailure(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) return signal.reason
  if (error instanceof TypeError) return error
  if (H2Error.is(error)) return new TypeError('fetch failed', { cause: error })
  return new TypeError(error instanceof Error ? error.message : String(error), { cause: error })
}

/** What a network error of the standard is here: `reason` reads *what failed: which rule*. Sending again changes nothing. */
export function networkError(reason: string, processed: Processed = 'no'): TypeError {
  const cause = new H2Error(reason, {
    code: 'H2_FETCH',
    scope: 'stream',
    initiator: 'local',
    errorCode: ErrorCode.NO_ERROR,
    errorName: 'NO_ERROR',
    processed,
    retryable: false,
  })
  return new TypeError('fetch failed', { cause })
}

/** What reading a body rejects with. Misuse and syntax errors pass as they are. */
export function bodyFailure(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) return signal.reason
  return H2Error.is(error) ? new TypeError('terminated', { cause: error }) : error
}

/** A promise that an abort does not have to wait for. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const watcher = { aborted: () => reject(signal.reason) }
    const settle = (): void => unwatch(signal, watcher)
    if (signal.aborted) watcher.aborted()
    else watch(signal, watcher)
    promise.then(resolve, reject).then(settle)
  })
}
