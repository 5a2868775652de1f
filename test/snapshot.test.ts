import { expect, test } from 'vitest'
import { isUnchanged, snapshotOf } from '../src/snapshot.ts'

const opaque = new Map()
const callback = (): void => {}

/** Makes an equal value each time it is called. */
const MAKERS: [string, () => unknown][] = [
  ['text', () => 'a'],
  ['a number', () => Number.NaN],
  ['nothing', () => undefined],
  ['null', () => null],
  ['octets', () => Uint8Array.of(1, 2)],
  ['a Buffer', () => Buffer.from('ab')],
  ['a view of a part', () => new Uint8Array([0, 1, 2, 3]).subarray(1)],
  ['a buffer', () => Uint8Array.of(4, 2).buffer],
  ['a list', () => ['a', Uint8Array.of(1), ['b']]],
  ['an object', () => ({ key: [{ pem: 'a', passphrase: 'b' }] })],
  ['an object without a prototype', () => Object.assign(Object.create(null), { a: 1 })],
  ['a function', () => callback],
  ['an object of a class', () => opaque],
]

test.each(MAKERS)('%s equals its snapshot, and no other value does', (name, make) => {
  const snapshot = snapshotOf(make())
  expect(isUnchanged(snapshot, make())).toBe(true)
  for (const [otherName, other] of MAKERS) {
    if (otherName !== name) expect([otherName, isUnchanged(snapshot, other())]).toEqual([otherName, false])
  }
})

test.each<[string, unknown, (value: never) => void]>([
  ['octets', Uint8Array.of(1, 2), (octets: Uint8Array) => octets.fill(3)],
  ['octets in a list', [Uint8Array.of(1)], ([octets]: [Uint8Array]) => octets.fill(3)],
  ['a list that grows', ['a'], (list: string[]) => list.push('b')],
  ['a list that shrinks', ['a'], (list: string[]) => list.pop()],
  ['an object with more', { a: 1 }, (object: Record<string, number>) => Object.assign(object, { b: 1 })],
  ['an object with less', { a: 1, b: 2 }, (object: Record<string, number>) => delete object.b],
  [
    'another name',
    { a: undefined },
    (object: Record<string, unknown>) => {
      delete object.a
      object.b = undefined
    },
  ],
])('%s: a change is seen, and does not reach the snapshot', (_name, value, change) => {
  const snapshot = snapshotOf(value)
  const before = JSON.stringify(snapshot)
  change(value as never)
  expect(isUnchanged(snapshot, value)).toBe(false)
  expect(JSON.stringify(snapshot)).toBe(before)
})

test('objects of classes are themselves alone', () => {
  expect(isUnchanged(snapshotOf(new Map()), new Map())).toBe(false)
})
