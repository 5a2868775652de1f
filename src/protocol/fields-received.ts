/**
 * Rules for the fields that a peer sends (RFC 9113 §8.2, §8.3.2): checked before
 * anybody sees them. What breaks a rule yields the rule, and throws nothing.
 */
import {
  CONNECTION_SPECIFIC,
  CONTENT_LENGTH,
  decimal,
  HOST,
  hasSpaceAtEdge,
  INVALID,
  NameMemory,
  ORDINARY,
  TE,
  TOKEN,
  UNFIT,
} from './field-rules.ts'
import type { FieldList } from './sinks.ts'

/** RFC 9113 §8.2.1: the octets that a field name must not contain; a colon may only lead. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the point
const BAD_NAME = /[\x00-\x20A-Z\x7f-\xff]|.:/
const BAD_VALUE = /[\0\r\n]/

const names = new NameMemory((name) => {
  if (TOKEN.test(name)) return ORDINARY
  // RFC 9113 §8.2.1: these octets make a message malformed; others that are no part of a token only may.
  return name === '' || name.charCodeAt(0) === 0x3a || BAD_NAME.test(name) ? INVALID : UNFIT
})

/** What the name of a received field is: `ORDINARY`, `INVALID`, `UNFIT`, or one of those that have a meaning. */
export function nameKind(name: string): number {
  return names.kind(name)
}

/** No content-length field. */
export const NO_CONTENT_LENGTH = -1

/**
 * Reads what a peer sent. One reader serves a connection: its properties hold
 * the facts of the last field section that was read.
 */
export class FieldReader {
  /** `content-length`, or `NO_CONTENT_LENGTH`. */
  contentLength = NO_CONTENT_LENGTH
  /** Made with the second section: many a connection has one response, and idles. */
  #passed: PassedFields | undefined = undefined
  #hasRead = false

  /** The status of a response whose pseudo-header fields stand first in `fields`; 0 if they are malformed. */
  status(fields: FieldList): number {
    // RFC 9113 §8.3.2: exactly one :status, of three digits, before all else.
    const status = fields[1]
    if (fields[0] !== ':status' || status === undefined || status.length !== 3) return 0
    const value = decimal(status)
    return value >= 100 ? value : 0
  }

  /** Checks the regular fields from `from` on. Returns the rule that was broken. */
  read(fields: FieldList, from: number): string | undefined {
    this.contentLength = NO_CONTENT_LENGTH
    if (this.#hasRead) this.#passed ??= new PassedFields()
    this.#hasRead = true
    const passed = this.#passed
    for (let i = from; i < fields.length; i += 2) {
      const place = (i - from) / 2
      const name = fields[i]!
      const value = fields[i + 1]!
      const known = passed?.kind(place, name, value)
      const kind = known ?? names.kind(name)
      const broken =
        (known === undefined ? brokenValue(value) : undefined) ?? this.#meaning(kind, name, value)
      if (broken !== undefined) return broken
      if (known === undefined) passed?.remember(place, name, value, kind)
    }
    return undefined
  }

  #meaning(kind: number, name: string, value: string): string | undefined {
    if (kind === ORDINARY || kind === HOST || kind === UNFIT) return undefined
    if (kind === CONTENT_LENGTH) return this.#length(value)
    if (kind === CONNECTION_SPECIFIC || kind === TE) return `field ${name} (RFC 9113 §8.2.2)`
    if (name.charCodeAt(0) === 0x3a) return 'pseudo-header field out of place (RFC 9113 §8.3)'
    return 'field name that is empty or has a forbidden character (RFC 9113 §8.2.1)'
  }

  #length(value: string): string | undefined {
    // RFC 9110 §8.6: digits alone, and every repetition the same.
    const length = decimal(value)
    if (Number.isNaN(length)) return 'content-length that is not a number (RFC 9110 §8.6)'
    if (this.contentLength !== NO_CONTENT_LENGTH && this.contentLength !== length) {
      return 'content-length fields that differ (RFC 9110 §8.6)'
    }
    this.contentLength = length
    return undefined
  }
}

/**
 * Fields that passed, by their place in the section: a server says much the
 * same in the same order each time, and mostly as an index into the same table.
 */
class PassedFields {
  static readonly #MAX_FIELDS = 32
  static readonly #MAX_LENGTH = 2048
  readonly #names: string[] = []
  readonly #values: string[] = []
  readonly #kinds: number[] = []

  /** What the name means, if this field passed here last; else undefined. */
  kind(place: number, name: string, value: string): number | undefined {
    const same = place < this.#names.length && this.#names[place] === name && this.#values[place] === value
    return same ? this.#kinds[place] : undefined
  }

  remember(place: number, name: string, value: string, kind: number): void {
    if (place >= PassedFields.#MAX_FIELDS) return
    const short = name.length + value.length <= PassedFields.#MAX_LENGTH
    // No field has an empty name.
    this.#names[place] = short ? name : ''
    this.#values[place] = short ? value : ''
    this.#kinds[place] = short ? kind : INVALID
  }
}

function brokenValue(value: string): string | undefined {
  if (value === '') return undefined
  if (BAD_VALUE.test(value)) return 'field value with NUL, CR or LF (RFC 9113 §8.2.1)'
  if (hasSpaceAtEdge(value)) return 'field value with white space at its edge (RFC 9113 §8.2.1)'
  return undefined
}
