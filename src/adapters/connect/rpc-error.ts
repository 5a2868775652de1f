/**
 * Why a call failed, as Connect's users read it: `ConnectError` is recognised
 * by its shape, so no class of that library is needed (gRPC over HTTP/2,
 * "Errors": the meaning of RST_STREAM codes). Its one rule: whatever a call
 * rejects with has a code, and the error it was made of as its `cause`.
 */
import { H2Error } from '../../index.ts'

/** Codes of gRPC that a transport has a use for. */
const Code = {
  canceled: 1,
  deadlineExceeded: 4,
  permissionDenied: 7,
  resourceExhausted: 8,
  internal: 13,
  unavailable: 14,
} as const

type CodeNumber = (typeof Code)[keyof typeof Code]

const NAMES: Readonly<Record<CodeNumber, string>> = {
  1: 'canceled',
  4: 'deadline_exceeded',
  7: 'permission_denied',
  8: 'resource_exhausted',
  13: 'internal',
  14: 'unavailable',
}

/** Passes for a `ConnectError` of `@connectrpc/connect`: its `instanceof` looks at these members. */
class RpcError extends Error {
  override readonly name = 'ConnectError'
  readonly code: CodeNumber
  /** The message without its code in front. */
  readonly rawMessage: string
  readonly metadata: Headers
  readonly details: unknown[]
  override cause: unknown

  constructor(message: string, code: CodeNumber, cause: unknown) {
    super(`[${NAMES[code]}] ${message}`)
    this.code = code
    this.rawMessage = message
    this.metadata = new Headers()
    this.details = []
    this.cause = cause
  }

  /** Details come from a server; a transport has none. */
  findDetails(): never[] {
    return []
  }
}

/** The error that a call rejects with, for whatever stopped it. */
export function rpcError(reason: unknown, signal: AbortSignal | undefined): unknown {
  if (isConnectError(reason)) return reason
  if (signal?.aborted === true && reason === signal.reason) return abortError(reason)
  if (!H2Error.is(reason)) return new RpcError(textOf(reason), Code.internal, reason)
  // What the caller's messages failed with is no fault of the connection.
  if (reason.code === 'H2_BODY' && reason.cause !== undefined) return rpcError(reason.cause, signal)
  return new RpcError(reason.message, codeOf(reason), reason)
}

/** The call was not acted on, and may be made again. */
export function unavailable(message: string): Error {
  return new RpcError(message, Code.unavailable, undefined)
}

function abortError(reason: unknown): RpcError {
  const timeout = reason instanceof Error && reason.name === 'TimeoutError'
  return new RpcError(textOf(reason), timeout ? Code.deadlineExceeded : Code.canceled, reason)
}

function isConnectError(reason: unknown): boolean {
  return (
    reason instanceof Error &&
    reason.name === 'ConnectError' &&
    'code' in reason &&
    typeof reason.code === 'number' &&
    'rawMessage' in reason
  )
}

/** RST_STREAM and GOAWAY codes that say more than that something broke (RFC 9113 §7). */
const BY_ERROR_NAME: Readonly<Record<string, CodeNumber>> = {
  REFUSED_STREAM: Code.unavailable,
  CANCEL: Code.canceled,
  ENHANCE_YOUR_CALM: Code.resourceExhausted,
  INADEQUATE_SECURITY: Code.permissionDenied,
  HTTP_1_1_REQUIRED: Code.permissionDenied,
}

function codeOf(error: H2Error): CodeNumber {
  const { code, initiator, scope, errorName, processed } = error
  // Nobody answered the dial: later there may be someone.
  if (code === 'H2_TIMEOUT_CONNECT' || code === 'H2_TIMEOUT_TLS') return Code.unavailable
  if (code.startsWith('H2_TIMEOUT_')) return Code.deadlineExceeded
  if (code === 'H2_BODY') return Code.internal
  if (initiator === 'user') return Code.canceled
  if (initiator === 'peer' && BY_ERROR_NAME[errorName] !== undefined) return BY_ERROR_NAME[errorName]
  if (scope === 'transport' || processed === 'no' || code === 'H2_CONNECTION_CLOSED') return Code.unavailable
  return Code.internal
}

function textOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason)
}
