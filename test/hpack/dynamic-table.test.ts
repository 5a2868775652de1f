import { describe, expect, it, test } from 'vitest'
import { checkedTableSize, DynamicTable } from '../../src/hpack/dynamic-table.ts'

function entries(table: DynamicTable): string[] {
  return Array.from({ length: table.length }, (_, i) => `${table.nameAt(i)}=${table.valueAt(i)}`)
}

/** A name and a value of one octet: 34 octets. */
const ENTRY = 34

describe('RFC 7541 §2.3.2: the dynamic table', () => {
  it('puts the newest entry first', () => {
    const table = new DynamicTable(4096)
    table.insert('a', '1')
    table.insert('b', '2')
    expect(entries(table)).toEqual(['b=2', 'a=1'])
  })

  it('keeps duplicates', () => {
    const table = new DynamicTable(4096)
    table.insert('a', '1')
    table.insert('a', '1')
    expect(entries(table)).toEqual(['a=1', 'a=1'])
    expect(table.size).toBe(2 * ENTRY)
  })

  it('keeps the order however often the ring grows and turns', () => {
    const table = new DynamicTable(100 * ENTRY)
    const model: string[] = []
    for (let i = 0; i < 1000; i++) {
      const name = String.fromCharCode(0x61 + (i % 26))
      table.insert(name, '1')
      model.unshift(`${name}=1`)
      if (model.length > 100) model.pop()
      if (i === 40) {
        table.resize(20 * ENTRY)
        model.length = 20
        table.resize(100 * ENTRY)
      }
      if (i % 97 === 0 || i < 150) expect(entries(table)).toEqual(model)
    }
    expect(table.size).toBe(100 * ENTRY)
  })
})

describe('RFC 7541 §4: size and eviction', () => {
  test.each([
    ['§4.4: an entry that fits exactly', 3 * ENTRY, ['c=3', 'b=2', 'a=1']],
    ['§4.4: one octet short evicts the oldest', 3 * ENTRY - 1, ['c=3', 'b=2']],
    ['§4.4: room for one', ENTRY, ['c=3']],
    ['§4.4: room for none', ENTRY - 1, []],
    ['§4.2: size 0', 0, []],
  ])('RFC 7541 %s', (_, maxSize, left) => {
    const table = new DynamicTable(maxSize)
    table.insert('a', '1')
    table.insert('b', '2')
    table.insert('c', '3')
    expect(entries(table)).toEqual(left)
    expect(table.size).toBe(left.length * ENTRY)
  })

  it('RFC 7541 §4.4: an entry larger than the table leaves it empty', () => {
    const table = new DynamicTable(2 * ENTRY)
    table.insert('a', '1')
    table.insert('b', 'x'.repeat(2 * ENTRY))
    expect(entries(table)).toEqual([])
    expect(table.size).toBe(0)
  })

  it('RFC 7541 §4.3: a smaller maximum evicts at once, a larger one brings nothing back', () => {
    const table = new DynamicTable(4096)
    for (const name of ['a', 'b', 'c']) table.insert(name, '1')
    table.resize(2 * ENTRY + 1)
    expect(entries(table)).toEqual(['c=1', 'b=1'])
    table.resize(0)
    expect(entries(table)).toEqual([])
    table.resize(4096)
    expect(entries(table)).toEqual([])
    table.insert('d', '1')
    expect(entries(table)).toEqual(['d=1'])
  })

  test.each([-1, 1.5, Number.NaN, 2 ** 32, Number.POSITIVE_INFINITY])('%d is no table size', (size) => {
    expect(() => checkedTableSize(size)).toThrow(RangeError)
  })
})
