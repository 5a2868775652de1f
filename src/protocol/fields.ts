/**
 * Field rules (RFC 9113 §8.2, §8.3). What a caller gives is checked before a
 * byte of it is encoded, and throws `TypeError`; what a peer sends is checked
 * before anybody sees it, and yields the rule that was broken.
 */
import type { FieldList, RequestHead } from './sinks.ts'

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const SCHEME = /^[a-z][a-z0-9+\-.]*$/
/** Everything visible but what ends or precedes an authority (RFC 3986 §3.2): no userinfo, no path. */
const AUTHORITY = /^[!$%&'()*+,\-.0-9:;=A-Z[\]_a-z~]+$/
/** Visible ASCII without the fragment mark. */
const PATH = /^[!"$-~]+$/
/** RFC 9110 §5.5: no control character but HTAB, nothing that one octet cannot hold. */
const BAD_VALUE = /[^\t\x20-\x7e\x80-\xff]/
/** RFC 9113 §8.2.1: the octets that a field name must not contain; a colon may only lead. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the point
const BAD_RECEIVED_NAME = /[\x00-\x20A-Z\x7f-\xff]|.:/
const BAD_RECEIVED_VALUE = /[\0\r\n]/

/** What a field name means here. */
const ORDINARY = 0
const CONTENT_LENGTH = 1
const CONNECTION_SPECIFIC = 2
const TE = 3
const HOST = 4
const INVALID = 5

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

/**
 * What field names mean, remembered for the names that recur. Bounded in number
 * and length: a peer cannot make it grow.
 */
class NameMemory {
  static readonly #MAX_NAMES = 256
  static readonly #MAX_LENGTH = 64
  readonly #kinds = new Map<string, number>(KNOWN)
  readonly #valid: (name: string) => boolean

  constructor(valid: (name: string) => boolean) {
    this.#valid = valid
  }

  kind(name: string): number {
    const known = this.#kinds.get(name)
    if (known !== undefined) return known
    const kind = this.#valid(name) ? ORDINARY : INVALID
    if (this.#kinds.size < NameMemory.#MAX_NAMES && name.length <= NameMemory.#MAX_LENGTH) {
      this.#kinds.set(name, kind)
    }
    return kind
  }
}

const sentNames = new NameMemory((name) => TOKEN.test(name))
const receivedNames = new NameMemory(
  (name) => name !== '' && name.charCodeAt(0) !== 0x3a && !BAD_RECEIVED_NAME.test(name),
)

/** Checks the head of a request (RFC 9113 §8.3.1, §8.5; RFC 8441 §4). Throws TypeError naming the part. */
export function checkRequestHead(head: RequestHead): void {
  if (!METHOD.test(head.method)) throw new TypeError(`method is not a token: ${quote(head.method)}`)
  if (!AUTHORITY.test(head.authority)) throw new TypeError(`authority is not valid: ${quote(head.authority)}`)
  const tunnel = head.method === 'CONNECT' && head.protocol === undefined
  if (tunnel) {
    // RFC 9113 §8.5: :scheme and :path are left out.
    if (head.path !== undefined || head.scheme !== undefined) {
      throw new TypeError('CONNECT takes an authority, no scheme and no path')
    }
    return
  }
  if (head.protocol !== undefined && (head.method !== 'CONNECT' || !METHOD.test(head.protocol))) {
    throw new TypeError(`protocol needs the method CONNECT and a token: ${quote(head.protocol)}`)
  }
  if (head.scheme === undefined || !SCHEME.test(head.scheme)) {
    throw new TypeError(`scheme is not valid: ${quote(String(head.scheme))}`)
  }
  checkPath(head.method, head.path)
}

function checkPath(method: string, path: string | undefined): void {
  if (path === undefined || !PATH.test(path)) throw new TypeError(`path is not valid: ${quote(String(path))}`)
  // RFC 9113 §8.3.1: never empty; "*" is for OPTIONS.
  if (path.charCodeAt(0) !== 0x2f && !(path === '*' && method === 'OPTIONS')) {
    throw new TypeError(`path must begin with "/": ${quote(path)}`)
  }
}

/** Checks head and fields of a request, as `open` does. Throws TypeError naming the part. */
export function checkRequest(head: RequestHead): void {
  checkRequestHead(head)
  checkSentFields(head.fields, head.authority)
}

/** Checks the regular fields that we send (RFC 9113 §8.2.1, §8.2.2). Throws TypeError naming the field. */
export function checkSentFields(fields: FieldList, authority?: string): void {
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!
    const value = fields[i + 1]!
    checkSentValue(name, value)
    const kind = sentNames.kind(name)
    if (kind === ORDINARY || kind === CONTENT_LENGTH) continue
    if (kind === INVALID) throw new TypeError(`field name is not valid: ${quote(name)}`)
    // RFC 9113 §8.2.2: HTTP/2 has no connection-specific fields, and te says only "trailers".
    if (kind === CONNECTION_SPECIFIC) throw new TypeError(`field ${name} is not allowed in HTTP/2`)
    if (kind === TE && value !== 'trailers') throw new TypeError('field te may only be "trailers" in HTTP/2')
    // RFC 9113 §8.3.1: host may not differ from :authority.
    if (kind === HOST && value !== authority) throw new TypeError('field host differs from the authority')
  }
}

function checkSentValue(name: string, value: string): void {
  if (value === '') return
  if (BAD_VALUE.test(value)) throw new TypeError(`value of field ${quote(name)} has a forbidden character`)
  if (isSpace(value.charCodeAt(0)) || isSpace(value.charCodeAt(value.length - 1))) {
    throw new TypeError(`value of field ${quote(name)} begins or ends with white space`)
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09
}

function quote(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text)
}

/** No content-length field. */
export const NO_CONTENT_LENGTH = -1

/** Fifteen digits: below 2^53, and more than any body. */
const DIGITS = /^[0-9]{1,15}$/

/**
 * Reads what a peer sent. One reader serves a connection: its properties hold
 * the facts of the last field section that was read.
 */
export class FieldReader {
  /** `content-length`, or `NO_CONTENT_LENGTH`. */
  contentLength = NO_CONTENT_LENGTH

  /** The status of a response whose pseudo-header fields stand first in `fields`; 0 if they are malformed. */
  status(fields: FieldList): number {
    // RFC 9113 §8.3.2: exactly one :status, of three digits, before all else.
    const status = fields[1]
    if (fields[0] !== ':status' || status === undefined || status.length !== 3) return 0
    const value = Number(status)
    return value >= 100 && value <= 999 && /^[0-9]{3}$/.test(status) ? value : 0
  }

  /** Checks the regular fields from `from` on. Returns the rule that was broken. */
  read(fields: FieldList, from: number): string | undefined {
    this.contentLength = NO_CONTENT_LENGTH
    for (let i = from; i < fields.length; i += 2) {
      const kind = receivedNames.kind(fields[i]!)
      const value = fields[i + 1]!
      if (value !== '') {
        if (BAD_RECEIVED_VALUE.test(value)) return 'field value with NUL, CR or LF (RFC 9113 §8.2.1)'
        if (isSpace(value.charCodeAt(0)) || isSpace(value.charCodeAt(value.length - 1))) {
          return 'field value with white space at its edge (RFC 9113 §8.2.1)'
        }
      }
      if (kind === ORDINARY || kind === HOST) continue
      const broken = this.#special(kind, fields[i]!, value)
      if (broken !== undefined) return broken
    }
    return undefined
  }

  #special(kind: number, name: string, value: string): string | undefined {
    if (kind === CONTENT_LENGTH) return this.#length(value)
    if (kind === CONNECTION_SPECIFIC || kind === TE) return `field ${name} (RFC 9113 §8.2.2)`
    if (name.charCodeAt(0) === 0x3a) return 'pseudo-header field out of place (RFC 9113 §8.3)'
    return 'field name that is empty or has a forbidden character (RFC 9113 §8.2.1)'
  }

  #length(value: string): string | undefined {
    // RFC 9110 §8.6: digits alone, and every repetition the same.
    if (!DIGITS.test(value)) return 'content-length that is not a number (RFC 9110 §8.6)'
    const length = Number(value)
    if (this.contentLength !== NO_CONTENT_LENGTH && this.contentLength !== length) {
      return 'content-length fields that differ (RFC 9110 §8.6)'
    }
    this.contentLength = length
    return undefined
  }
}

/** Octets of a field section as SETTINGS_MAX_HEADER_LIST_SIZE counts them (RFC 9113 §6.5.2). */
export function fieldSectionSize(fields: FieldList): number {
  let size = 0
  for (let i = 0; i < fields.length; i += 2) size += fields[i]!.length + fields[i + 1]!.length + 32
  return size
}
