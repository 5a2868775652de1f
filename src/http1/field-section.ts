/**
 * The fields of a head, or the trailers (RFC 9112 §5), line by line. Its one
 * rule: what no other reader could take for another field, or for none, is a
 * field; all else is refused. It notes what a message is framed by, and judges
 * none of it.
 */
import { latin1Text } from '../bytes.ts'
import { CONNECTION_SPECIFIC, CONTENT_LENGTH, INVALID } from '../protocol/field-rules.ts'
import { nameKind } from '../protocol/fields-received.ts'
import { type Fault, malformed, oversized } from './fault.ts'

const COLON = 0x3a
const SPACE = 0x20
const TAB = 0x09
/** RFC 9110 §5.5. LF ends a line, and is in none. */
const BAD_VALUE = /[\0\r]/

export class FieldSection {
  /** Names in lower case and values, flat, in wire order, duplicates kept. */
  readonly fields: string[]
  /** Where in `fields` names are that frame the message, or are of the connection. */
  readonly #notable: number[]
  readonly #maxFields: number

  constructor(maxFields: number) {
    this.fields = []
    this.#notable = []
    this.#maxFields = maxFields
  }

  /** Takes the line `bytes[start, end)`, which is not empty. */
  add(bytes: Uint8Array, start: number, end: number): Fault | undefined {
    if (isSpace(bytes[start]!)) return this.#fold(bytes, start, end)
    if (this.fields.length >= 2 * this.#maxFields) {
      return oversized(`more than ${this.#maxFields} fields (RFC 9110 §5.4)`)
    }
    let colon = start
    while (colon < end && bytes[colon] !== COLON) colon++
    if (colon === end) return malformed('a field line that has no colon (RFC 9112 §5)')
    const name = latin1Text(bytes, start, colon).toLowerCase()
    const kind = nameKind(name)
    // White space before the colon is how fields are hidden (RFC 9112 §5.1). What else is no token is its owner's to drop.
    if (kind === INVALID) return malformed('a field name with a forbidden character (RFC 9112 §5.1)')
    const value = trimmedText(bytes, colon + 1, end)
    if (BAD_VALUE.test(value)) return BAD_OCTET
    if (kind === CONTENT_LENGTH || kind === CONNECTION_SPECIFIC) this.#notable.push(this.fields.length)
    this.fields.push(name, value)
    return undefined
  }

  /** RFC 9112 §5.2: a line that begins with white space goes on where the last one ended, behind a space. */
  #fold(bytes: Uint8Array, start: number, end: number): Fault | undefined {
    const last = this.fields.length - 1
    if (last < 0) return malformed('white space before the first field (RFC 9112 §2.2)')
    const more = trimmedText(bytes, start, end)
    if (BAD_VALUE.test(more)) return BAD_OCTET
    const value = this.fields[last]!
    this.fields[last] = value === '' || more === '' ? value + more : `${value} ${more}`
    return undefined
  }

  /** The values of a field that frames the message or is of the connection, joined; undefined if there is none. */
  valuesOf(name: string): string | undefined {
    let joined: string | undefined
    for (const at of this.#notable) {
      if (this.fields[at] !== name) continue
      const value = this.fields[at + 1]!
      joined = joined === undefined ? value : `${joined}, ${value}`
    }
    return joined
  }
}

const BAD_OCTET = malformed('a field value with CR or NUL (RFC 9110 §5.5)')

/** The octets without the white space around them. */
function trimmedText(bytes: Uint8Array, start: number, end: number): string {
  let from = start
  let to = end
  while (from < to && isSpace(bytes[from]!)) from++
  while (to > from && isSpace(bytes[to - 1]!)) to--
  return latin1Text(bytes, from, to)
}

function isSpace(octet: number): boolean {
  return octet === SPACE || octet === TAB
}
