/**
 * A flight recorder: rows of everything that is told to it, up to a number of
 * octets, the oldest dropped first. Its one rule: what is dropped is folded into
 * the state that the rest begins with, so the rest can be rebuilt, and nothing
 * that it gives away shows a value that was not asked for.
 */
import { Columns, ROW_SIZE } from './columns.ts'
import { ConnectionState } from './connection-state.ts'
import { isFrame, Kind } from './event-kind.ts'
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
  #lastConnection = 0
  #lastRequest = 0
  #dropped = 0
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

  /** A request is asked for; returns its number. What of the URL is a secret is hidden by `recording`. */
  call(method: string, origin: string, path: string, now: number): number {
    const request = ++this.#lastRequest
    const columns = this.#columns
    columns.push(now, Kind.CALLED, 0, request, 0)
    columns.keepText(method)
    columns.keepText(' ')
    columns.keepText(origin)
    columns.keepText(path)
    this.#bound()
    return request
  }

  /** Octets that a connection sends, borrowed for the call. */
  sent(connection: number, chunk: Uint8Array, now: number): void {
    this.#connections.get(connection)?.sent.take(chunk, now)
    this.#bound()
  }

  /** Octets that a connection received, borrowed for the call. */
  received(connection: number, chunk: Uint8Array, now: number): void {
    this.#connections.get(connection)?.received.take(chunk, now)
    this.#bound()
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

  /** Drops the oldest quarter when there is too much. */
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
    while (octets < this.#maxBytes / 4 && count < columns.length) octets += ROW_SIZE + columns.kept[count++]!
    const open = new Beginnings(columns, count)
    columns.dropFirst(count, (row, heapAt) => {
      if (isFrame(columns.kind[row]!)) this.#fold(row, heapAt)
      const stays = spare && open.stays(row)
      if (!stays) this.#dropped++
      return stays
    })
    for (const id of open.closed) this.#connections.delete(id)
  }

  #fold(row: number, heapAt: number): void {
    const connection = this.#connections.get(this.#columns.connection[row]!)
    if (connection === undefined) return
    connection.base ??= new ConnectionState()
    foldFrame(connection.base, connection.blocks, this.#columns, row, heapAt)
  }
}

/** Of the first rows of a tape: those that begin what is not over within them. */
class Beginnings {
  readonly #columns: Columns
  /** Numbers of requests are given out in order: those of the rows lie between these two. */
  #first = 0xffffffff
  #last = 0
  /** By the number less the first: 1 for a request that is over. */
  readonly #over: Uint8Array
  /** Connections that are over. */
  readonly closed = new Set<number>()

  constructor(columns: Columns, count: number) {
    this.#columns = columns
    const { kind, subject, connection } = columns
    for (let row = 0; row < count; row++) {
      if (kind[row] === Kind.CLOSED) this.closed.add(connection[row]!)
      if (kind[row] !== Kind.SETTLED) continue
      this.#first = Math.min(this.#first, subject[row]!)
      this.#last = Math.max(this.#last, subject[row]!)
    }
    this.#over = new Uint8Array(Math.max(0, this.#last - this.#first + 1))
    for (let row = 0; row < count; row++) {
      if (kind[row] === Kind.SETTLED) this.#over[subject[row]! - this.#first] = 1
    }
  }

  stays(row: number): boolean {
    const { kind, connection, subject } = this.#columns
    const what = kind[row]!
    if (what === Kind.DIAL || what === Kind.DIALLED) return !this.closed.has(connection[row]!)
    if (!(what >= Kind.CALLED && what <= Kind.OPENED) && what !== Kind.OFFER_ENDED) return false
    return this.#over[subject[row]! - this.#first] !== 1
  }
}
