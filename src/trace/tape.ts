/**
 * A flight recorder: rows of everything that is told to it, up to a number of
 * octets, the oldest dropped first. Its one rule: what is dropped is folded into
 * the state that the rest begins with, so the rest can be rebuilt, and nothing
 * that it gives away shows a value that was not asked for.
 */

import { Flag } from '../frame/registry.ts'
import { Beginnings } from './beginnings.ts'
import { Columns, ROW_SIZE } from './columns.ts'
import { ConnectionState } from './connection-state.ts'
import { isFrame, Kind, Mark } from './event-kind.ts'
import { foldFrame, OpenBlocks } from './fold.ts'
import { Recording } from './recording.ts'
import { type Head, VERSION } from './recording-head.ts'
import type { FieldsShown } from './secrets.ts'
import { shownColumns } from './shown-columns.ts'
import { Wire } from './wire.ts'

/** How much a recording holds. */
export interface TapeOptions {
  /** Octets at most; the oldest are dropped. Default 8 MiB, at least 64 KiB. */
  readonly maxBytes?: number | undefined
  /**
   * Of fields: `'names'` and the lengths of values, with the few values that say how HTTP went; `'all'`
   * values but those that must never be indexed; `'none'`. Default `'names'`.
   */
  readonly fields?: FieldsShown | undefined
  /** Octets of content that are kept of each message; true for 65,536. Default none. */
  readonly bodies?: boolean | number | undefined
}

const DEFAULT_MAX_BYTES = 8_388_608
const LEAST_BYTES = 65_536
const DEFAULT_BODY = 65_536
/** Requests whose connection is known, at most. */
const CARRIERS = 4096

interface Connection {
  readonly sent: Wire
  readonly received: Wire
  /** As it was in front of the first row that is left; undefined while nothing was dropped. */
  base: ConnectionState | undefined
  readonly blocks: OpenBlocks
}

export class Tape {
  readonly #columns = new Columns()
  readonly #maxBytes: number
  readonly #fields: FieldsShown
  readonly #bodies: number
  readonly #connections = new Map<number, Connection>()
  /** The connection that was told of last: the next is most often the same. */
  #usedId = 0
  #used: Connection | undefined = undefined
  #lastConnection = 0
  #lastRequest = 0
  #dropped = 0
  /** The connections of requests that were started, by the low bits of their numbers. */
  readonly #carriers = new Uint32Array(CARRIERS)
  /** Wall clock, in milliseconds since 1970, at time 0 of the rows. */
  readonly #epoch: number

  /** @param epoch milliseconds since 1970 at time 0 of the recorder's clock. Throws RangeError or TypeError for bad options. */
  constructor(options: TapeOptions = {}, epoch = 0) {
    const { maxBytes = DEFAULT_MAX_BYTES, fields = 'names', bodies = false } = options
    if (!(maxBytes >= LEAST_BYTES)) throw new RangeError(`record.maxBytes is at least ${LEAST_BYTES}`)
    if (fields !== 'names' && fields !== 'all' && fields !== 'none') {
      throw new TypeError("record.fields is 'names', 'all' or 'none'")
    }
    const kept = bodies === true ? DEFAULT_BODY : Number(bodies)
    if (!(kept >= 0)) throw new RangeError('record.bodies is a boolean or a number of octets')
    this.#maxBytes = maxBytes
    this.#fields = fields
    this.#bodies = kept
    this.#epoch = epoch
  }

  /** A dial begins, or a connection is there; returns its number. */
  connect(origin: string, now: number): number {
    const connection = ++this.#lastConnection
    this.#connections.set(connection, {
      sent: new Wire(this.#columns, connection, true, this.#fields, this.#bodies),
      received: new Wire(this.#columns, connection, false, this.#fields, this.#bodies),
      base: undefined,
      blocks: new OpenBlocks(),
    })
    this.text(Kind.DIAL, connection, 0, 0, origin, now)
    return connection
  }

  /** The number of the next request. */
  number(): number {
    return ++this.#lastRequest
  }

  /** A request was asked for. What of its URL is a secret is hidden by `recording`. */
  called(request: number, method: string, origin: string, path: string, now: number): void {
    const columns = this.#columns
    columns.push(now, Kind.CALLED, 0, request, 0)
    columns.keepText(method)
    columns.keepText(' ')
    columns.keepText(origin)
    columns.keepText(path)
    this.#bound()
  }

  /** A request is asked for; returns its number. */
  call(method: string, origin: string, path: string, now: number): number {
    const request = this.number()
    this.called(request, method, origin, path, now)
    return request
  }

  /** True if what HEADERS say is kept, so that a request need not say it again. */
  get keepsFields(): boolean {
    return this.#fields !== 'none'
  }

  /** The application took octets of what came on a stream. */
  read(connection: number, request: number, stream: number, octets: number, now: number): void {
    const marked = this.#of(connection)?.received.mark(stream, Mark.READ, 0, octets, now)
    if (marked !== true) this.note(Kind.READ, connection, request, octets, now)
  }

  /** A request was asked for and is on its way, in one. */
  started(connection: number, request: number, stream: number, now: number): void {
    this.#columns.push(now, Kind.STARTED, connection, request, stream)
    this.#carriers[request & (CARRIERS - 1)] = connection
    this.#bound()
  }

  /** A request is over, answered. `stream`: 0 if it was on none. */
  settled(request: number, stream: number, now: number): void {
    const carrier = this.#of(this.#carriers[request & (CARRIERS - 1)]!)
    if (carrier?.received.mark(stream, Mark.SETTLED, Flag.END_STREAM, -1, now) === true) return
    this.note(Kind.SETTLED, 0, request, 0, now)
  }

  /** Octets that a connection sends, borrowed for the call. */
  sent(connection: number, chunk: Uint8Array, now: number): void {
    this.#of(connection)?.sent.take(chunk, now)
    this.#bound()
  }

  /** Octets that a connection received, borrowed for the call. */
  received(connection: number, chunk: Uint8Array, now: number): void {
    this.#of(connection)?.received.take(chunk, now)
    this.#bound()
  }

  #of(id: number): Connection | undefined {
    if (id !== this.#usedId) {
      this.#usedId = id
      this.#used = this.#connections.get(id)
    }
    return this.#used
  }

  /** Something of a kind that has no text. */
  note(kind: number, connection: number, subject: number, value: number, now: number): void {
    this.#columns.push(now, kind, connection, subject, Math.min(0xffffffff, Math.max(0, value)))
    this.#bound()
  }

  /** Something of a kind that has text. */
  text(kind: number, connection: number, subject: number, value: number, text: string, now: number): void {
    this.#columns.push(now, kind, connection, subject, Math.min(0xffffffff, Math.max(0, value)))
    this.#columns.keepText(text)
    this.#bound()
  }

  /** What is kept now. It is a copy: the tape goes on. */
  recording(): Recording {
    const bases: Record<number, ReturnType<ConnectionState['facts']>> = {}
    for (const [id, { base }] of this.#connections) if (base !== undefined) bases[id] = base.facts()
    const head: Head = {
      format: 'hyper-h2 recording',
      version: VERSION,
      fields: this.#fields,
      bodies: this.#bodies,
      epoch: this.#epoch,
      dropped: this.#dropped,
      bases,
    }
    return new Recording(...shownColumns(head, this.#columns))
  }

  /** Drops the oldest half when there is too much. */
  #bound(): void {
    if (this.#columns.size <= this.#maxBytes) return
    this.#drop(true)
    // What is not over may be more than there is room for.
    if (this.#columns.size > this.#maxBytes * 0.875) this.#drop(false)
  }

  /** @param spare the beginnings of what is not over stay */
  #drop(spare: boolean): void {
    const columns = this.#columns
    let octets = 0
    let count = 0
    while (octets < this.#maxBytes / 2 && count < columns.length) octets += ROW_SIZE + columns.kept[count++]!
    this.#fold(count)
    const isOpen = (id: number, stream: number): boolean =>
      this.#connections.get(id)?.base?.isOpen(stream) === true
    const open = new Beginnings(columns, count, isOpen)
    columns.dropFirst(count, (row) => {
      const stays = spare && open.stays(row)
      if (!stays) this.#dropped++
      return stays
    })
    for (const id of open.closed) this.#connections.delete(id)
    this.#usedId = 0
    this.#used = undefined
    for (const { received } of this.#connections.values()) received.dropped()
  }

  /** What the first frames change, they change in what the rest begins with. */
  #fold(count: number): void {
    const { kind, kept, connection } = this.#columns
    let heapAt = 0
    for (let row = 0; row < count; row++) {
      const owner = isFrame(kind[row]!) ? this.#connections.get(connection[row]!) : undefined
      if (owner !== undefined) {
        owner.base ??= new ConnectionState()
        foldFrame(owner.base, owner.blocks, this.#columns, row, heapAt)
      }
      heapAt += kept[row]!
    }
  }
}
