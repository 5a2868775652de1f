/** What a recording says of itself, in front of its rows. */
import type { ConnectionFacts } from './connection-state.ts'
import type { FieldsShown } from './secrets.ts'

export const VERSION = 1

export interface Head {
  readonly format: 'hyper-h2 recording'
  readonly version: number
  /** `'names'`: values of fields are hidden, but for the few that say how HTTP went; `'none'`: no fields; `'all'`. */
  readonly fields: FieldsShown
  /** Octets of content kept of each message; 0 for none. */
  readonly bodies: number
  /** Wall clock at time 0, in milliseconds since 1970. */
  readonly epoch: number
  /** Rows that were dropped, for they were the oldest. */
  readonly dropped: number
  /** Connections of which frames were dropped, as they were in front of the first that is left. */
  readonly bases: Readonly<Record<number, ConnectionFacts>>
}
