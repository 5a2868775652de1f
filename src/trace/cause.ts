/**
 * Why a request did not move: the causes, and how they are said. One rule: a
 * millisecond has one cause, the first in the order of the algorithm that fits.
 */

/** What held a request, or moved it. */
export type Cause =
  | 'dial'
  | 'stream limit'
  | 'event loop'
  | 'application not writing'
  | 'peer window'
  | 'socket blocked'
  | 'server'
  | 'network'
  | 'our window'
  | 'application not reading'
  | 'shared wire'
  | 'silence'
  | 'transfer'

/** All causes, in the order of a request's life; the last is no stall. */
export const CAUSES: readonly Cause[] = [
  'dial',
  'stream limit',
  'event loop',
  'application not writing',
  'peer window',
  'socket blocked',
  'network',
  'server',
  'our window',
  'application not reading',
  'shared wire',
  'silence',
  'transfer',
]

/** A part of a request's time. */
export interface Stall {
  /** Milliseconds since the recording's start. */
  readonly from: number
  readonly to: number
  readonly cause: Cause
  /** Of a window: whose it is. */
  readonly of?: 'stream' | 'connection' | undefined
  /** Other streams that had to do with it: they had the wire, or their content lay unread; the most first. */
  readonly streams: readonly number[]
  /** Rows that prove it. */
  readonly rows: readonly number[]
}

/** A cause as a clause, for people. */
export function saidOf({ cause, of, streams }: Pick<Stall, 'cause' | 'of' | 'streams'>): string {
  const others = streams.length === 0 ? '' : ` (stream ${streams.join(', ')})`
  switch (cause) {
    case 'dial':
      return 'connecting'
    case 'stream limit':
      return "waiting for a stream: the peer's MAX_CONCURRENT_STREAMS were open"
    case 'event loop':
      return 'our own event loop was busy'
    case 'application not writing':
      return 'the application gave no content'
    case 'peer window':
      return `the peer's window of the ${of ?? 'stream'} was used up`
    case 'socket blocked':
      return 'the socket took no more'
    case 'network':
      return 'a round trip of the network'
    case 'server':
      return 'the server thought'
    case 'our window':
      return of === 'connection' && streams.length > 0
        ? `our window of the connection was used up, by content that lay unread${others}`
        : `our window of the ${of ?? 'stream'} was used up`
    case 'application not reading':
      return `the application did not read, and our window of the ${of ?? 'stream'} was used up`
    case 'shared wire':
      return `other streams had the wire${others}`
    case 'silence':
      return 'the server or the network was silent'
    case 'transfer':
      return 'content was on its way'
  }
}
