import { expect, test } from 'vitest'
import { DynamicTable } from '../../src/hpack/dynamic-table.ts'

test.each([31, 32, 33, 64, 65, 100])(
  'a table of %i entries has each name with its value (RFC 7541 §2.3.2)',
  (count) => {
    const table = new DynamicTable(1e6)
    for (let i = 0; i < count; i++) table.insert(`name-${i}`, `value-${i}`)
    const places = Array.from({ length: count }, (_, place) => place)
    expect(places.map((place) => table.nameAt(place))).toEqual(
      places.map((place) => `name-${count - 1 - place}`),
    )
    expect(places.map((place) => table.valueAt(place))).toEqual(
      places.map((place) => `value-${count - 1 - place}`),
    )
  },
)
