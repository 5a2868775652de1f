/**
 * What the encoder knows about the two tables (RFC 7541 §2.3): where a name and
 * a value stand. One rule: a name is known only while it has an entry in
 * one of the tables, so memory is bounded by the tables.
 *
 * An entry has a position that never changes: its index if it is in the
 * static table, or the number of its insertion, counted from there on. The
 * index on the wire follows from the position and the last insertion.
 */
import { DynamicTable } from './dynamic-table.ts'
import { type Habit, habitOf, ORDINARY } from './indexing-policy.ts'
import { STATIC_LENGTH, STATIC_NAMES, STATIC_VALUES } from './static-table.ts'

/** A name with an entry in either table. Written by `EncoderIndex` only, but for `lastLiteral`. */
export class KnownName {
  /** Lowest static index of the name; 0 if it has none. */
  readonly staticIndex: number
  readonly habit: Habit
  /** Index by value in the static table; undefined for a name that is not in it. */
  readonly inStatic: ReadonlyMap<string, number> | undefined
  /** The newest dynamic entry with the name: its position, 0 if there is none, and its value. */
  newest: number
  newestValue: string
  /** True if no value of the name was found since the newest entry came. */
  unused: boolean
  /** Position by value of the other dynamic entries; most names never have any. */
  older: Map<string, number> | undefined
  /** The value that was last written without an entry, of a name whose values seldom repeat. Written by the encoder. */
  lastLiteral: string | undefined

  constructor(staticIndex: number, habit: Habit, inStatic: ReadonlyMap<string, number> | undefined) {
    this.staticIndex = staticIndex
    this.habit = habit
    this.inStatic = inStatic
    this.newest = 0
    this.newestValue = ''
    this.unused = false
    this.older = undefined
    this.lastLiteral = undefined
  }
}

export class EncoderIndex {
  /** Changed through this class only, so that `names` agrees with it. */
  readonly table: DynamicTable
  private readonly names: Map<string, KnownName>
  /** Position of the newest entry of the dynamic table. */
  private last: number

  constructor(maxSize: number) {
    this.table = new DynamicTable(maxSize)
    this.names = new Map()
    this.last = STATIC_LENGTH
  }

  /** What is known of a name; undefined if no entry has it. */
  find(name: string): KnownName | undefined {
    const known = this.names.get(name)
    if (known !== undefined) return known
    const inStatic = STATIC_ROWS.get(name)
    if (inStatic === undefined) return undefined
    const added = new KnownName(inStatic.staticIndex, habitOf(name), inStatic.indexes)
    this.names.set(name, added)
    return added
  }

  /** The index of the entry with this value; 0 if there is none. */
  indexOf(known: KnownName, value: string): number {
    const position =
      known.newest !== 0 && known.newestValue === value
        ? known.newest
        : (known.inStatic?.get(value) ?? known.older?.get(value))
    if (position === undefined) return 0
    known.unused = false
    return this.toIndex(position)
  }

  /** The index of an entry with this name: the static one if there is one, since it never moves. */
  nameIndexOf(known: KnownName): number {
    return known.staticIndex !== 0 ? known.staticIndex : this.toIndex(known.newest)
  }

  /** Inserts an entry that is not in either table and is not larger than the dynamic one. */
  insert(name: string, value: string, size: number): void {
    this.shrink(this.table.maxSize - size)
    this.table.insert(name, value)
    const position = ++this.last
    let known = this.find(name)
    if (known === undefined) {
      known = new KnownName(0, ORDINARY, undefined)
      this.names.set(name, known)
    }
    if (known.newest !== 0) {
      known.older ??= new Map()
      known.older.set(known.newestValue, known.newest)
    }
    known.newest = position
    known.newestValue = value
    known.unused = true
  }

  /** Sets the maximum size of the dynamic table and evicts what no longer fits (RFC 7541 §4.3). */
  resize(maxSize: number): void {
    this.shrink(maxSize)
    this.table.resize(maxSize)
  }

  private shrink(target: number): void {
    const { table } = this
    while (table.size > target) {
      this.forget(table.nameAt(table.length - 1), table.valueAt(table.length - 1))
      table.evict()
    }
  }

  /** Takes the oldest entry out of what is known of its name. */
  private forget(name: string, value: string): void {
    const known = this.names.get(name)!
    const position = this.last - this.table.length + 1
    // Entries go in order, so none with this name is left; a static name is found again when it is used.
    if (known.newest === position) this.names.delete(name)
    else known.older!.delete(value)
  }

  private toIndex(position: number): number {
    return position <= STATIC_LENGTH ? position : STATIC_LENGTH + 1 + this.last - position
  }
}

/** A name of the static table. */
interface StaticRow {
  /** Its lowest index. */
  readonly staticIndex: number
  /** Index by value. */
  readonly indexes: Map<string, number>
}

/** The static table by name. */
const STATIC_ROWS = indexStaticTable()

function indexStaticTable(): ReadonlyMap<string, StaticRow> {
  const rows = new Map<string, StaticRow>()
  for (let index = 1; index <= STATIC_LENGTH; index++) {
    const name = STATIC_NAMES[index]!
    let row = rows.get(name)
    if (row === undefined) {
      row = { staticIndex: index, indexes: new Map() }
      rows.set(name, row)
    }
    row.indexes.set(STATIC_VALUES[index]!, index)
  }
  return rows
}
