/**
 * Errors as callers of `node:https` know them: a `code` to branch on, and the
 * fields of a system error. Its one rule: an error is made anew for each
 * request, and what this library knows of it is its `cause`.
 */
import { constants } from 'node:os'
import { H2Error } from '../../index.ts'

/** What an error of Node carries beyond `Error`. */
export interface NodeError extends Error {
  code?: string
  errno?: number
  syscall?: string
}

/** Fields of system and TLS errors that callers look at. */
const FACTS = ['errno', 'syscall', 'hostname', 'address', 'port', 'reason', 'host', 'cert'] as const

/** Where an error that the system did not make comes from a function of the caller. */
const OF_CALLERS: ReadonlySet<string> = new Set(['H2_BODY', 'H2_CONNECT', 'H2_DNS', 'H2_TLS'])

/** An error with a code, as Node's own functions throw them for misuse. */
export function misuse(kind: ErrorConstructor, code: string, message: string): NodeError {
  const error: NodeError = new kind(message)
  error.code = code
  return error
}

/** The peer, or the caller, ended a request that was under way. */
export function hangUp(message = 'socket hang up', cause?: unknown): NodeError {
  const error: NodeError = new Error(message, cause === undefined ? undefined : { cause })
  error.code = 'ECONNRESET'
  return error
}

/** What a signal's abort ends a request with. */
export function aborted(signal: AbortSignal): NodeError {
  const error: NodeError = new Error('The operation was aborted', { cause: signal.reason })
  error.name = 'AbortError'
  error.code = 'ABORT_ERR'
  return error
}

/** The error of a request that failed. */
export function toNodeError(error: unknown): Error {
  // The one range that a request has is the length of its body.
  if (error instanceof RangeError) return wrongLength(error)
  if (!H2Error.is(error)) return error instanceof Error ? error : new Error(String(error), { cause: error })
  const { cause, code, initiator, scope } = error
  if (code === 'H2_TLS' && isOfOpenSsl(cause)) return brokenHandshake(cause, error)
  if (scope === 'transport' && cause instanceof Error && 'code' in cause) return systemError(cause, error)
  // A body that failed, or a `lookup` or `checkServerIdentity`, is the caller's, who sees its own error.
  if (OF_CALLERS.has(code) && cause instanceof Error) return cause
  if (code === 'H2_BODY') return wrongLength(error)
  if (code.startsWith('H2_TIMEOUT')) return coded('ETIMEDOUT', error)
  const broken = initiator === 'local' || code === 'H2_ALPN' || code === 'H2_TLS'
  return broken ? coded('EPROTO', error) : hangUp(`socket hang up (${error.message})`, error)
}

function isOfOpenSsl(cause: unknown): cause is Error {
  return cause instanceof Error && 'code' in cause && String(cause.code).startsWith('ERR_SSL_')
}

/** Node writes its request while the handshake is under way, and what breaks that shows as a write that failed. */
function brokenHandshake(source: Error, cause: H2Error): NodeError {
  const error = coded('EPROTO', cause)
  error.message = `write EPROTO ${source.message}`
  return Object.assign(error, { errno: -constants.errno.EPROTO, syscall: 'write' })
}

/** A body that is not as long as its content-length says. */
function wrongLength(cause: Error): NodeError {
  return coded('ERR_HTTP_CONTENT_LENGTH_MISMATCH', cause)
}

function coded(code: string, cause: Error): NodeError {
  const error: NodeError = new Error(cause.message, { cause })
  error.code = code
  return error
}

/** The runtime's error, with the one that this library made of it as its cause. */
function systemError(source: Error & { code?: unknown }, cause: H2Error): NodeError {
  const message = source.message === '' ? cause.message : source.message
  const error = coded(String(source.code), cause)
  error.message = message
  for (const name of FACTS) {
    const value = (source as unknown as Record<string, unknown>)[name]
    if (value !== undefined) Object.assign(error, { [name]: value })
  }
  return error
}
