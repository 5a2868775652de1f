/**
 * The round trip of a connection: as the client measured it, else as its frames
 * tell, from what has to be answered at once (RFC 9113 §6.5.3, §6.7).
 */
import { Flag, FrameType } from '../frame/registry.ts'
import type { Columns } from './columns.ts'
import { Kind } from './event-kind.ts'

export interface RoundTrip {
  /** When the answer came. */
  readonly time: number
  readonly ms: number
}

/** What is known of one connection. */
class Asked {
  readonly measured: RoundTrip[] = []
  readonly seen: RoundTrip[] = []
  readonly waiting = new Map<string, number>()
}

/** Of each connection: moments and milliseconds of each measurement. */
export function roundTripsOf(columns: Columns, offsets: Uint32Array): Map<number, readonly RoundTrip[]> {
  const connections = new Map<number, Asked>()
  for (let row = 0; row < columns.length; row++) {
    const type = columns.type[row]!
    const kind = columns.kind[row]!
    if (kind !== Kind.ROUND_TRIP && type !== FrameType.PING && type !== FrameType.SETTINGS) continue
    const id = columns.connection[row]!
    let asked = connections.get(id)
    if (asked === undefined) {
      asked = new Asked()
      connections.set(id, asked)
    }
    note(asked, columns, row, offsets[row]!)
  }
  return new Map(
    [...connections].map(([id, { measured, seen }]) => [id, measured.length > 0 ? measured : seen]),
  )
}

function note({ measured, seen, waiting }: Asked, columns: Columns, row: number, heapAt: number): void {
  const [kind, time] = [columns.kind[row]!, columns.time[row]!]
  if (kind === Kind.ROUND_TRIP) {
    measured.push({ time, ms: columns.value[row]! / 1000 })
    return
  }
  const ack = (columns.flags[row]! & Flag.ACK) !== 0
  const ping = columns.type[row] === FrameType.PING
  const key = ping ? columns.heap.subarray(heapAt, heapAt + 8).join() : 'settings'
  if (kind === Kind.SENT && !ack) waiting.set(key, time)
  const since = kind === Kind.RECEIVED && ack ? waiting.get(key) : undefined
  if (since === undefined) return
  waiting.delete(key)
  seen.push({ time, ms: time - since })
}

/** The smallest, in milliseconds; 0 if there is none. */
export function smallest(trips: readonly RoundTrip[] = []): number {
  return trips.reduce((least, { ms }) => Math.min(least, ms), trips[0]?.ms ?? 0)
}
