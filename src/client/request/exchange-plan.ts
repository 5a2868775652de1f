/**
 * What a caller asked for, apart from head and body: the part of a request that
 * stays with its exchange to the end.
 */

import type { TransportInfo } from '../../transport/transport.ts'
import type { HttpVersion } from '../response/incoming.ts'
import type { Decoding } from '../settings/limits.ts'
import type { TimeLimits } from '../settings/timeouts.ts'
import type { TrailersInput } from './upload.ts'

/** Never changes, however often the request is sent. */
export interface ExchangePlan {
  readonly method: string
  readonly path: string
  readonly limits: TimeLimits
  readonly signal: AbortSignal | undefined
  readonly trailers: TrailersInput | undefined
  /** What undoing content codings of the response may come to; undefined if they are left. */
  readonly decoding: Decoding | undefined
}

/** The connection that a request was put on, as plain data. */
export interface ConnectionInfo extends TransportInfo {
  readonly httpVersion: HttpVersion
  /** True if it was given a request before. */
  readonly reused: boolean
}
