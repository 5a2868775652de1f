/**
 * Copies of options as they are now: text, numbers, octets, lists and plain
 * objects of them. Its one rule: no later change of the original reaches the
 * copy. Functions, keys and all else that has no contents to compare is taken
 * for what it is, and equals itself alone.
 */

/** A copy of a value, to keep and to compare with. */
export function snapshotOf<T>(value: T): T {
  return copyOf(value) as T
}

function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (ArrayBuffer.isView(value)) return octetsOf(value).slice()
  if (value instanceof ArrayBuffer) return value.slice(0)
  if (Array.isArray(value)) return value.map(copyOf)
  if (!isPlain(value)) return value
  const copy: Record<string, unknown> = {}
  for (const name of Object.keys(value)) copy[name] = copyOf(value[name])
  return copy
}

/** True if a value is what it was when the snapshot was taken of it, or of its equal. */
export function isUnchanged(snapshot: unknown, value: unknown): boolean {
  if (snapshot === value) return true
  if (typeof snapshot !== 'object' || snapshot === null) return Object.is(snapshot, value)
  if (typeof value !== 'object' || value === null) return false
  if (snapshot instanceof ArrayBuffer || ArrayBuffer.isView(snapshot)) return sameOctets(snapshot, value)
  if (Array.isArray(snapshot)) return Array.isArray(value) && sameItems(snapshot, value)
  if (!isPlain(snapshot) || !isPlain(value)) return false
  const names = Object.keys(snapshot)
  if (names.length !== Object.keys(value).length) return false
  return names.every((name) => Object.hasOwn(value, name) && isUnchanged(snapshot[name], value[name]))
}

function sameItems(snapshot: readonly unknown[], value: readonly unknown[]): boolean {
  return snapshot.length === value.length && snapshot.every((item, index) => isUnchanged(item, value[index]))
}

function sameOctets(snapshot: ArrayBuffer | ArrayBufferView, value: object): boolean {
  if (!(value instanceof ArrayBuffer) && !ArrayBuffer.isView(value)) return false
  const before = octetsOf(snapshot)
  const now = octetsOf(value)
  if (before.length !== now.length) return false
  for (let i = 0; i < before.length; i++) if (before[i] !== now[i]) return false
  return true
}

function octetsOf(value: ArrayBuffer | ArrayBufferView): Uint8Array {
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
}

function isPlain(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
