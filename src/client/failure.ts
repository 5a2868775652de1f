/**
 * From facts to errors: why an exchange or a connection ended, and the one
 * place where an `H2Error` is made of it. Its one rule: facts are kept, errors
 * are made anew for each promise that waits.
 */
import { H2Error, type H2ErrorCode, type Processed } from '../errors.ts'
import { ErrorCode, errorName } from '../frame/registry.ts'
import type { Failure } from '../protocol/index.ts'

/** Characters of the peer's words that a message repeats. */
const MAX_WORDS = 200

/** A failure found by the client itself has a code that no RFC number tells. */
export interface ClientFailure extends Failure {
  readonly code?: H2ErrorCode | undefined
}

/** What the caller wants to see as it is: an abort signal's reason, a TypeError. */
export class Rejection {
  readonly reason: unknown

  constructor(reason: unknown) {
    this.reason = reason
  }
}

/** Why something ended early. */
export type Ending = ClientFailure | H2Error | Rejection

/** The error for one waiting promise. */
export function errorOf(ending: Ending, streamId: number): unknown {
  if (ending instanceof Rejection) return ending.reason
  if (ending instanceof H2Error) return copyOf(ending)
  return new H2Error(messageOf(ending, streamId), {
    code: codeOf(ending),
    scope: ending.scope,
    initiator: ending.initiator,
    errorCode: ending.errorCode,
    errorName: errorName(ending.errorCode),
    streamId: streamId === 0 ? undefined : streamId,
    processed: ending.processed,
    // The caller's content would be as wrong the next time.
    retryable: ending.code === 'H2_BODY' ? false : undefined,
    debugData: ending.debugData,
    cause: ending.cause,
  })
}

function messageOf(failure: Failure, streamId: number): string {
  const stream = streamId === 0 ? 'request' : `stream ${streamId}`
  return `${failure.scope === 'stream' ? stream : failure.scope} failed: ${failure.reason}${lastWords(failure)}`
}

/** Why the peer left, in its own words, as far as the reason does not say it. */
function lastWords({ kind, errorCode, reason, debugData = '' }: Failure): string {
  if (kind !== 'GOAWAY') return ''
  const name = errorName(errorCode)
  const words = errorCode === ErrorCode.NO_ERROR || reason.includes(name) ? [] : [name]
  // Escaped by whoever received it.
  if (debugData !== '') words.push(`"${cut(debugData)}"`)
  return words.length === 0 ? '' : `; the peer said ${words.join(', ')}`
}

function cut(text: string): string {
  return text.length > MAX_WORDS ? `${text.slice(0, MAX_WORDS)}…` : text
}

function codeOf(failure: ClientFailure): H2ErrorCode {
  if (failure.code !== undefined) return failure.code
  const { kind } = failure
  if (kind === 'CLOSED') return 'H2_CONNECTION_CLOSED'
  if (kind === 'CANCELLED') return 'H2_STREAM_CANCELLED'
  if (kind !== undefined) return `H2_${kind}`
  if (failure.scope === 'transport') return 'H2_CONNECTION_CLOSED'
  if (failure.scope === 'connection') return 'H2_CONNECTION_ERROR'
  if (failure.initiator === 'user') return 'H2_STREAM_CANCELLED'
  if (failure.initiator === 'local') return 'H2_STREAM_ERROR'
  return failure.errorCode === ErrorCode.REFUSED_STREAM ? 'H2_STREAM_REFUSED' : 'H2_STREAM_RESET'
}

function copyOf(error: H2Error): H2Error {
  return new H2Error(error.message, error)
}

/** The same, of a request of which no octet was sent. */
export function unprocessed(ending: Ending): Ending {
  return 'processed' in ending && !(ending instanceof Error) ? { ...ending, processed: 'no' } : ending
}

/** The caller gave the stream up. */
export function cancelled(errorCode: number, processed: Processed): ClientFailure {
  return {
    scope: 'stream',
    initiator: 'user',
    errorCode,
    reason: 'cancelled by the caller',
    processed,
    kind: 'CANCELLED',
  }
}

/**
 * A limit of time passed: `which` is the last part of the code. That it *timed
 * out* is what SDKs look for in a message, where `fetch` gives them no code.
 */
export function timedOut(which: TimeLimit, what: string, processed: Processed): ClientFailure {
  return {
    scope: 'stream',
    initiator: 'local',
    errorCode: ErrorCode.CANCEL,
    reason: `timed out: ${what}`,
    processed,
    code: `H2_TIMEOUT_${which}`,
  }
}

/** The limits of time of one request. */
type TimeLimit = 'QUEUE' | 'HEADERS' | 'BODY' | 'TOTAL'

/** The caller's body source failed. */
export function bodyFailed(reason: string, processed: Processed, cause?: unknown): ClientFailure {
  return {
    scope: 'stream',
    initiator: 'user',
    errorCode: ErrorCode.CANCEL,
    reason,
    processed,
    code: 'H2_BODY',
    cause,
  }
}

/** The content is not of the coding it claims (RFC 9110 §8.4). */
export function notDecodable(reason: string, cause?: unknown): ClientFailure {
  return {
    scope: 'stream',
    initiator: 'peer',
    errorCode: ErrorCode.CANCEL,
    reason,
    processed: 'yes',
    code: 'H2_DECODE',
    cause,
  }
}

/** The content decodes to more than a limit allows. */
export function decodedTooLarge(what: string): ClientFailure {
  return {
    scope: 'stream',
    initiator: 'local',
    errorCode: ErrorCode.CANCEL,
    reason: `content decodes to ${what}`,
    processed: 'yes',
    code: 'H2_DECODED_TOO_LARGE',
  }
}

/** The peer said GOAWAY and went on for too long. */
export function notDrained(limitMs: number): ClientFailure {
  return {
    scope: 'connection',
    initiator: 'local',
    errorCode: ErrorCode.NO_ERROR,
    reason: `not drained in ${limitMs} ms from GOAWAY (RFC 9113 §6.8)`,
    processed: 'unknown',
    code: 'H2_TIMEOUT_DRAIN',
  }
}

/** The peer said GOAWAY with an error, which is its last word, and did not close. */
export function notClosed(limitMs: number, errorCode: number, debugData: string): ClientFailure {
  return {
    scope: 'connection',
    initiator: 'peer',
    errorCode,
    kind: 'GOAWAY',
    reason: `GOAWAY with ${errorName(errorCode)}, and not closed in ${limitMs} ms (RFC 9113 §5.4.1)`,
    processed: 'unknown',
    debugData,
  }
}

/** The bytes beneath the connection ended. */
export function transportLost(cause: Error | undefined): ClientFailure {
  if (H2Error.is(cause)) {
    const { code, scope, initiator, errorCode, message } = cause
    const reason = message.slice(message.indexOf(': ') + 2)
    return { code, scope, initiator, errorCode, reason, processed: 'unknown', cause: cause.cause }
  }
  return {
    scope: 'transport',
    initiator: 'peer',
    errorCode: ErrorCode.NO_ERROR,
    reason: cause === undefined ? 'closed by the peer' : `broken, ${cause.message}`,
    processed: 'unknown',
    kind: 'CLOSED',
    cause,
  }
}

/** Why `close()` gives up what it waits for. */
export class NotClosed {
  readonly limitMs: number

  constructor(limitMs: number) {
    this.limitMs = limitMs
  }
}

/** The caller destroyed the connection, or did not wait longer for its end. */
export function destroyed(reason: unknown): ClientFailure {
  if (reason instanceof NotClosed) {
    return {
      scope: 'connection',
      initiator: 'local',
      errorCode: ErrorCode.CANCEL,
      reason: `timed out: not over ${reason.limitMs} ms after close() (timeouts.close)`,
      processed: 'unknown',
      code: 'H2_TIMEOUT_CLOSE',
    }
  }
  return {
    scope: 'connection',
    initiator: 'user',
    errorCode: ErrorCode.CANCEL,
    reason: 'destroyed by the caller',
    processed: 'unknown',
    kind: 'CLOSED',
    cause: reason,
  }
}

/** The caller closed the connection in good order, and something still waited for it. */
export function closedByCaller(): ClientFailure {
  return {
    scope: 'connection',
    initiator: 'user',
    errorCode: ErrorCode.NO_ERROR,
    reason: 'closed by the caller',
    processed: 'no',
    kind: 'CLOSED',
  }
}

/** A dial took long, and another that began after it was faster. */
export function overtaken(): ClientFailure {
  return {
    scope: 'connection',
    initiator: 'local',
    errorCode: ErrorCode.NO_ERROR,
    reason: 'given up, another attempt to connect was faster',
    processed: 'no',
    kind: 'CLOSED',
  }
}

/** A request after `close` or `destroy`. */
export function clientClosed(): ClientFailure {
  return {
    scope: 'connection',
    initiator: 'user',
    errorCode: ErrorCode.NO_ERROR,
    reason: 'the client was closed, and takes no more requests',
    processed: 'no',
    code: 'H2_CLIENT_CLOSED',
  }
}

/** Connections to the origin end one after the other, and none answers: what waits fails with what the last ended with. */
export function unanswered(last: ClientFailure | undefined): ClientFailure {
  return {
    scope: 'connection',
    initiator: 'peer',
    errorCode: last?.errorCode ?? ErrorCode.NO_ERROR,
    reason: `its connections end unanswered, the last: ${last === undefined ? 'closed by the peer' : last.reason + lastWords(last)}`,
    processed: 'no',
    kind: 'CLOSED',
    debugData: last?.debugData,
  }
}

/** TLS agreed on another protocol than HTTP/2 (RFC 9113 §3.2). */
export function wrongProtocol(alpn: string | undefined): H2Error {
  const chosen = alpn === undefined ? 'no protocol' : alpn
  return new H2Error(`connection failed: the server chose ${chosen} where h2 was offered (RFC 9113 §3.2)`, {
    code: 'H2_ALPN',
    scope: 'connection',
    initiator: 'peer',
    errorCode: ErrorCode.PROTOCOL_ERROR,
    errorName: 'PROTOCOL_ERROR',
    processed: 'no',
    retryable: false,
  })
}

/** What a dial rejected with, as something that each waiting promise can be told. */
export function dialFailed(error: unknown): Ending {
  if (H2Error.is(error)) return error
  return {
    scope: 'transport',
    initiator: 'local',
    errorCode: ErrorCode.CONNECT_ERROR,
    reason: error instanceof Error ? error.message : String(error),
    processed: 'no',
    code: 'H2_CONNECT',
    cause: error,
  }
}
