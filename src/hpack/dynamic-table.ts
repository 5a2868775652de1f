/**
 * The dynamic table (RFC 7541 §2.3.2, §4): a ring of parallel arrays, newest
 * entry first. One rule: `size` never exceeds `maxSize`. Both coders use it;
 * entries are the strings they were given, never copies.
 */
import { fieldSize } from './header-field.ts'

/** The table size with which both sides begin (RFC 9113 §6.5.2). */
export const INITIAL_TABLE_SIZE = 4096

/** Returns `size` if it can be the maximum size of a table, in octets; throws RangeError otherwise. */
export function checkedTableSize(size: number): number {
  if (!Number.isInteger(size) || size < 0 || size > 0xffffffff) {
    throw new RangeError(`not a table size in octets: ${size}`)
  }
  return size
}

/** Slots to begin with; the ring doubles when it is full. Always a power of two. */
const FIRST_SLOTS = 8

export class DynamicTable {
  /** Upper bound of `size`, in octets. Changed by `resize` only. */
  maxSize: number
  /** Sum of the sizes of the entries (RFC 7541 §4.1). Changed by this class only. */
  size: number
  /** Number of entries. Changed by this class only. */
  length: number
  /** Slot for the next entry; the newest is one before it, the oldest `length` before it. */
  private next: number
  private names: string[]
  private values: string[]

  constructor(maxSize: number) {
    this.maxSize = maxSize
    this.size = 0
    this.length = 0
    this.next = 0
    this.names = new Array<string>(FIRST_SLOTS).fill('')
    this.values = new Array<string>(FIRST_SLOTS).fill('')
  }

  /** The name of an entry, 0 being the newest. The entry must exist. */
  nameAt(place: number): string {
    return this.names[(this.next - 1 - place) & (this.names.length - 1)]!
  }

  /** The value of an entry, 0 being the newest. The entry must exist. */
  valueAt(place: number): string {
    return this.values[(this.next - 1 - place) & (this.values.length - 1)]!
  }

  /** Adds an entry in front, evicting from the back; one that is too large leaves the table empty. */
  insert(name: string, value: string): void {
    const size = fieldSize(name.length, value.length)
    // RFC 7541 §4.4: evict first, add if it fits then.
    this.shrink(this.maxSize - size)
    if (size > this.maxSize) return
    if (this.length === this.names.length) this.grow()
    this.names[this.next] = name
    this.values[this.next] = value
    this.next = (this.next + 1) & (this.names.length - 1)
    this.length++
    this.size += size
  }

  /** Sets the maximum size and evicts what no longer fits (RFC 7541 §4.3). */
  resize(maxSize: number): void {
    this.maxSize = maxSize
    this.shrink(maxSize)
  }

  /** Evicts the oldest entry. There must be one. */
  evict(): void {
    // An emptied slot keeps no string alive.
    const slot = (this.next - this.length) & (this.names.length - 1)
    this.size -= fieldSize(this.names[slot]!.length, this.values[slot]!.length)
    this.names[slot] = ''
    this.values[slot] = ''
    this.length--
  }

  /** Evicts until `size` is at most `target`, or nothing is left. */
  shrink(target: number): void {
    while (this.length > 0 && this.size > target) this.evict()
  }

  private grow(): void {
    const names = new Array<string>(this.names.length * 2).fill('')
    const values = new Array<string>(this.names.length * 2).fill('')
    for (let i = 0; i < this.length; i++) {
      names[i] = this.nameAt(this.length - 1 - i)
      values[i] = this.valueAt(this.length - 1 - i)
    }
    this.names = names
    this.values = values
    this.next = this.length
  }
}
