/**
 * A rule of HTTP/1.1 that the peer broke, as a value. Its one rule: it ends the
 * connection, for nothing behind it can be told apart (RFC 9112 §2.2).
 */
export interface Fault {
  /** One clause with its rule. */
  readonly reason: string
  /** It is more than is taken, though nothing may be wrong with it. */
  readonly oversized: boolean
}

export function malformed(reason: string): Fault {
  return { reason, oversized: false }
}

export function oversized(reason: string): Fault {
  return { reason, oversized: true }
}
