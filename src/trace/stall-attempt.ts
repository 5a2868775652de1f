/**
 * One attempt of a request on one stream, with all that its time is judged by;
 * and the one way in which a span is cut into intervals.
 */
import type { Stall } from './cause.ts'
import type { Columns } from './columns.ts'
import type { ConnectionTimeline, StreamTimeline } from './connection-timeline.ts'
import type { RecordedRequest } from './recorded-request.ts'
import type { Steps } from './steps.ts'

export interface Attempt {
  readonly request: RecordedRequest
  /** The call, or the end of the attempt before; and its own end. */
  readonly from: number
  readonly to: number
  /** Undefined if it got none. */
  readonly connection: ConnectionTimeline | undefined
  readonly streamId: number
  readonly stream: StreamTimeline | undefined
  /** Rows that concern it. */
  readonly rows: readonly number[]
  readonly columns: Columns
  /** Those that are frames. */
  readonly frames: readonly { readonly time: number; readonly row: number }[]
  /** Octets that the application gave; undefined if nobody tells. */
  readonly offered: Steps | undefined
  /** Octets of content that the application holds unread; undefined if nobody tells. */
  readonly unread: Steps | undefined
}

export type Verdict = Pick<Stall, 'cause' | 'of'> & Partial<Pick<Stall, 'streams' | 'rows'>>

/** Cuts a span where any of the numbers changes, and judges each interval by what holds from its beginning on. */
export function* judged(
  from: number,
  to: number,
  numbers: readonly (Steps | undefined)[],
  moments: readonly number[],
  judge: (from: number, to: number) => Verdict,
): Generator<Stall> {
  if (!(to > from)) return
  const cuts = moments.filter((moment) => moment > from && moment < to)
  for (const steps of numbers) steps?.changes(from, to, cuts)
  cuts.sort((a, b) => a - b)
  let at = from
  for (const cut of [...cuts, to]) {
    if (cut <= at) continue
    yield { streams: [], rows: [], ...judge(at, cut), from: at, to: cut }
    at = cut
  }
}

/** A moment within a span; one that never came is its end. */
export function within(moment: number, from: number, to: number): number {
  return Number.isNaN(moment) ? to : Math.min(to, Math.max(from, moment))
}

/** The place of the first that is later than a moment, in a list in order of time. */
export function firstAfter(list: readonly { readonly time: number }[], moment: number): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (list[middle]!.time <= moment) low = middle + 1
    else high = middle
  }
  return low
}
