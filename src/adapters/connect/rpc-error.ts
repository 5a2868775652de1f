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
  aborted: 10,
  internal: 13,
  unavailable: 14,
} as const

type CodeNumber = (typeof Code)[keyof typeof Code]

const NAMES: Readonly<Record<CodeNumber, string>> = {
  1: 'canceled',
  4: 'deadline_exceeded',
  7: 'permission_denied',
  8: 'resource_exhausted',
  10: 'aborted',
  13: 'internal',
  14: 'unavailable',
}

/** Codes that systems have for what went wrong. */
const SYSTEM_CODE = /^E[A-Z]+(?:_AGAIN)?$/
const SYSTEM_FACTS = ['code', 'errno', 'syscall', 'hostname', 'address', 'port'] as const

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

/** What is known of a call that failed. */
export interface CallFacts {
  readonly signal: AbortSignal | undefined
  /** It was on a connection of HTTP/1.1. */
  readonly http1: boolean
  /** The response had begun. */
  readonly responded: boolean
}

/** The error that a call rejects with, for whatever stopped it. */
export function rpcError(reason: unknown, facts: CallFacts): unknown {
  const { signal } = facts
  if (isConnectError(reason)) return reason
  if (signal?.aborted === true && reason === signal.reason) return abortError(reason)
  if (!H2Error.is(reason)) return new RpcError(textOf(reason), Code.internal, reason)
  // What the caller's messages failed with is no fault of the connection.
  if (reason.code === 'H2_BODY' && reason.cause !== undefined) return rpcError(reason.cause, facts)
  if (facts.http1 && isLost(reason)) {
    // The library's own client says so: over HTTP/1.1 nothing tells how far the call came.
    return new RpcError(facts.responded ? 'aborted' : 'socket hang up', Code.aborted, reason)
  }
  const ofSystem = systemErrorOf(reason)
  return new RpcError(ofSystem?.message ?? messageOf(reason), codeOf(reason), ofSystem ?? reason)
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

/** What the system said of a dial, by its code (`ENOTFOUND`), with what this library made of it as its cause. */
function systemErrorOf(reason: H2Error): Error | undefined {
  const { cause, scope } = reason
  if (scope !== 'transport' || !(cause instanceof Error) || !('code' in cause)) return undefined
  if (!SYSTEM_CODE.test(String(cause.code))) return undefined
  const error = new Error(cause.message, { cause: reason })
  for (const name of SYSTEM_FACTS) {
    const value = (cause as unknown as Record<string, unknown>)[name]
    if (value !== undefined) Object.assign(error, { [name]: value })
  }
  return error
}

/** The peer, or the path to it, ended a connection with a call on it. */
function isLost({ code, initiator, processed }: H2Error): boolean {
  return code === 'H2_CONNECTION_CLOSED' && initiator !== 'user' && processed !== 'no'
}

/** Of a reset in the words of the library's own client. */
function messageOf({ code, errorCode, errorName, message }: H2Error): string {
  if (code !== 'H2_STREAM_RESET' && code !== 'H2_STREAM_REFUSED') return message
  return `http/2 stream closed with error code ${errorName} (0x${errorCode.toString(16)})`
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
