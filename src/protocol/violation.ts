/**
 * A rule that a peer broke, as a value: the error code that it deserves
 * (RFC 9113 §7) and one clause that names the rule. Whoever receives it knows the scope.
 */
export interface Violation {
  readonly errorCode: number
  readonly reason: string
  readonly cause?: unknown
}
