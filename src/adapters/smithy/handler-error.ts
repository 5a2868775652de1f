/**
 * Why a request failed, as smithy's retry middleware reads it: by the names
 * `AbortError` and `TimeoutError`, by codes of Node's sockets here or on a
 * `cause`, and by the trait `$retryable`. Its one rule: what the server has
 * proved not to have acted on may be sent again, and nothing else is promised.
 */
import { H2Error } from '../../index.ts'
import type { CallbackSignal } from './contract.ts'

const SYSTEM_CODE = /^E[A-Z]+(?:_AGAIN)?$/

/** An error of this handler. */
class HandlerError extends Error {
  override readonly name: string
  /** A code of Node's sockets where one fits, else the `H2Error`'s. */
  readonly code: string | undefined
  /** Read by the retry middleware: throttling makes it wait for longer. */
  readonly $retryable?: { readonly throttling: boolean }

  constructor(
    name: string,
    message: string,
    cause?: unknown,
    code?: string,
    retryable?: { throttling: boolean },
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = name
    this.code = code
    if (retryable !== undefined) this.$retryable = retryable
  }
}

/** The caller aborted. */
export function abortError(signal: AbortSignal | CallbackSignal): Error {
  const reason: unknown = 'reason' in signal ? signal.reason : undefined
  const text = reason === undefined || reason instanceof Error ? 'Request aborted' : String(reason)
  return new HandlerError('AbortError', text, reason)
}

/** The error that the client above rejects with, for whatever stopped the request. */
export function handlerError(error: unknown, signal: AbortSignal | undefined): Error {
  if (signal?.aborted === true && error === signal.reason) return abortError(signal)
  if (!H2Error.is(error))
    return error instanceof Error ? error : new HandlerError('Error', String(error), error)
  const { message, code, cause } = error
  if (code.startsWith('H2_TIMEOUT_')) return new HandlerError('TimeoutError', message, error, 'ETIMEDOUT')
  // The source of the body has failed: its error is the caller's own.
  if (code === 'H2_BODY' && cause instanceof Error) return cause
  return new HandlerError('Error', message, error, codeOf(error), retryableOf(error))
}

function codeOf(error: H2Error): string {
  const dial = error.cause
  // What the system said of the dial: ECONNREFUSED, ENOTFOUND.
  if (dial instanceof Error && 'code' in dial && SYSTEM_CODE.test(String(dial.code))) return String(dial.code)
  const lost = error.code === 'H2_CONNECTION_CLOSED' && error.initiator !== 'user'
  return lost ? 'ECONNRESET' : error.code
}

function retryableOf({ retryable, initiator, errorName }: H2Error): { throttling: boolean } | undefined {
  const throttling = initiator === 'peer' && errorName === 'ENHANCE_YOUR_CALM'
  return retryable || throttling ? { throttling } : undefined
}
