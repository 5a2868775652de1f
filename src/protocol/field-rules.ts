/**
 * Rules for fields in either direction (RFC 9113 §8.2): what names mean, where
 * values may have no space, what a number is, what a section counts for. One
 * rule: what is remembered of names is bounded, for a peer can make up any
 * number of them.
 */
import type { FieldList } from './sinks.ts'

/** As much of a name as an error shows. */
const NAME_START = /^:?[!#$%&'*+\-.^_`|~0-9A-Za-z]{0,64}/

export const ORDINARY = 0
export const CONTENT_LENGTH = 1
export const CONNECTION_SPECIFIC = 2
export const TE = 3
export const HOST = 4
export const INVALID = 5
/** A name that HTTP/2 can carry and HTTP has no place for: it is no token (RFC 9110 §5.1). */
export const UNFIT = 6

/** RFC 9110 §5.6.2, in lower case. */
export const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/

const KNOWN: ReadonlyMap<string, number> = new Map([
  ['content-length', CONTENT_LENGTH],
  ['connection', CONNECTION_SPECIFIC],
  ['keep-alive', CONNECTION_SPECIFIC],
  ['proxy-connection', CONNECTION_SPECIFIC],
  ['transfer-encoding', CONNECTION_SPECIFIC],
  ['upgrade', CONNECTION_SPECIFIC],
  ['http2-settings', CONNECTION_SPECIFIC],
  ['te', TE],
  ['host', HOST],
])

/** The kinds of names, remembered for those that recur. */
export class NameMemory {
  static readonly #MAX_NAMES = 256
  static readonly #MAX_LENGTH = 64
  readonly #kinds = new Map<string, number>(KNOWN)
  readonly #judge: (name: string) => number

  /** @param judge the kind of a name that means nothing here */
  constructor(judge: (name: string) => number) {
    this.#judge = judge
  }

  kind(name: string): number {
    const known = this.#kinds.get(name)
    if (known !== undefined) return known
    const kind = this.#judge(name)
    if (this.#kinds.size < NameMemory.#MAX_NAMES && name.length <= NameMemory.#MAX_LENGTH) {
      this.#kinds.set(name, kind)
    }
    return kind
  }
}

/** White space that a value must not have at its edges (RFC 9113 §8.2.1). */
export function hasSpaceAtEdge(value: string): boolean {
  return isSpace(value.charCodeAt(0)) || isSpace(value.charCodeAt(value.length - 1))
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09
}

/** A name in lower case (RFC 9113 §8.2): of ASCII alone, for what is no token must not become one (U+212A is a `k`). */
export function lowerCase(name: string): string {
  return NOT_ASCII.test(name) ? name : name.toLowerCase()
}

const NOT_ASCII = /[^\0-\x7f]/

/** Without the characters at both ends for which `isOuter` holds: one look at each, however many there are. */
export function trimmed(value: string, isOuter: (code: number) => boolean = isSpace): string {
  let start = 0
  let end = value.length
  while (start < end && isOuter(value.charCodeAt(start))) start += 1
  while (end > start && isOuter(value.charCodeAt(end - 1))) end -= 1
  return value.slice(start, end)
}

/** Fifteen digits: below 2^53, and more than any body. */
const MAX_DIGITS = 15

/** What one to fifteen digits say; NaN for anything else. */
export function decimal(text: string): number {
  const { length } = text
  if (length === 0 || length > MAX_DIGITS) return Number.NaN
  let value = 0
  for (let i = 0; i < length; i++) {
    const digit = text.charCodeAt(i) - 0x30
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return value
}

/** Octets of a field section as SETTINGS_MAX_HEADER_LIST_SIZE counts them (RFC 9113 §6.5.2). */
export function fieldSectionSize(fields: FieldList): number {
  let size = 0
  for (let i = 0; i < fields.length; i += 2) size += fields[i]!.length + fields[i + 1]!.length + 32
  return size
}

/**
 * A name in quotes, for an error. What is no name any more is not shown, for
 * whoever writes `authorization: …` in its place writes the secret, too.
 */
export function shownName(name: string): string {
  const [shown = ''] = NAME_START.exec(name) ?? []
  return JSON.stringify(shown.length === name.length ? name : `${shown}…`)
}
