/**
 * From what a tape holds to what a recording shows: field blocks whole, with
 * their last frame, and without the values that were not asked for; times from
 * 0 on, in microseconds, that never run backwards.
 */
import { FrameType } from '../frame/registry.ts'
import { Columns } from './columns.ts'
import type { ConnectionFacts, FrameRow, TableFacts } from './connection-state.ts'
import { isFrame, Kind } from './event-kind.ts'
import { FieldBlocks, hideValues } from './field-blocks.ts'
import { carriesFields, frameRow, OpenBlocks, promisedStream } from './fold.ts'
import type { Head } from './recording-head.ts'
import { type FieldsShown, shownUrl, shownValue } from './secrets.ts'
import { utf8Text } from './text.ts'

/** Frames whose payload is shown as it is. */
const PLAIN: readonly number[] = [
  FrameType.PRIORITY,
  FrameType.RST_STREAM,
  FrameType.SETTINGS,
  FrameType.PING,
  FrameType.GOAWAY,
  FrameType.WINDOW_UPDATE,
  FrameType.ALTSVC,
  FrameType.ORIGIN,
  FrameType.PRIORITY_UPDATE,
  FrameType.DATA,
]

/** The tables of one connection, both ways. */
class Reader {
  readonly #open = new OpenBlocks()
  readonly #sent: FieldBlocks
  readonly #received: FieldBlocks
  readonly #shown: FieldsShown

  constructor(base: ConnectionFacts | undefined, shown: FieldsShown) {
    this.#sent = new FieldBlocks(base?.sendTable.entries, base?.sendTable.maxSize)
    this.#received = new FieldBlocks(base?.recvTable.entries, base?.recvTable.maxSize)
    this.#shown = shown
  }

  /** The octets to show of a frame that carries a part of a field block. */
  take(frame: FrameRow): Uint8Array {
    let shown = NOTHING
    this.#open.take(frame, (buf, start, end) => {
      shown = this.#hide(frame.sent ? this.#sent : this.#received, buf, start, end)
    })
    if (frame.type !== FrameType.PUSH_PROMISE) return shown
    const promised = promisedStream(frame)
    const octets = new Uint8Array(4 + shown.length)
    new DataView(octets.buffer).setUint32(0, promised)
    octets.set(shown, 4)
    return octets
  }

  #hide(blocks: FieldBlocks, buf: Uint8Array, start: number, end: number): Uint8Array {
    if (this.#shown === 'none') return NOTHING
    const fields = blocks.read(buf, start, end)
    return hideValues(buf, start, end, fields, (field) => shownValue(field, this.#shown))
  }
}

const NOTHING: Uint8Array = new Uint8Array(0)

/** The head and rows to show of what a tape holds. */
export function shownColumns(head: Head, columns: Columns): [Head, Columns] {
  const shown = new Columns(Math.max(1, columns.length), Math.max(1, columns.heapLength))
  const readers = new Map<number, Reader>()
  const start = columns.length === 0 ? 0 : columns.time[0]!
  let latest = 0
  let heapAt = 0
  for (let row = 0; row < columns.length; row++) {
    latest = Math.max(latest, Math.round((columns.time[row]! - start) * 1000) / 1000)
    const kept = columns.kept[row]!
    const connection = columns.connection[row]!
    const [kind, type] = [columns.kind[row]!, columns.type[row]!]
    shown.pushFrame(
      latest,
      kind,
      connection,
      columns.subject[row]!,
      columns.value[row]!,
      type,
      columns.flags[row]!,
    )
    shown.mark[row] = columns.mark[row]!
    if (isFrame(kind) && carriesFields(type)) {
      let reader = readers.get(connection)
      if (reader === undefined) {
        reader = new Reader(head.bases[connection], head.fields)
        readers.set(connection, reader)
      }
      const octets = reader.take(frameRow(columns, row, heapAt))
      shown.keep(octets, 0, octets.length)
    } else if (kind === Kind.CALLED && head.fields !== 'all') {
      shown.keepText(shownCall(utf8Text(columns.heap, heapAt, heapAt + kept)))
    } else if (!isFrame(kind) || PLAIN.includes(type) || head.fields === 'all') {
      shown.keep(columns.heap, heapAt, heapAt + kept)
    }
    heapAt += kept
  }
  const bases = Object.fromEntries(Object.entries(head.bases).map(([id, base]) => [id, hideBase(base, head)]))
  return [{ ...head, epoch: head.epoch + start, bases }, shown]
}

/** A method and a URL. */
function shownCall(text: string): string {
  const at = text.indexOf(' ') + 1
  return text.slice(0, at) + shownUrl(text.slice(at))
}

function hideBase(base: ConnectionFacts, { fields }: Head): ConnectionFacts {
  if (fields === 'all') return base
  return { ...base, sendTable: hideTable(base.sendTable), recvTable: hideTable(base.recvTable) }
}

function hideTable(table: TableFacts): TableFacts {
  const form = 'literal, indexed from now on'
  return {
    ...table,
    entries: table.entries.map(([name, value]) => [
      name,
      shownValue({ name, value, form, index: 0, octets: 0 }, 'names'),
    ]),
  }
}
