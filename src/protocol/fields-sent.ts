/**
 * Rules for the fields that we send (RFC 9113 §8.2, §8.3; RFC 9110 §6.5.1,
 * §8.6): what a caller gives is checked before a byte of it is encoded, over
 * HTTP/1.1 as well, and throws `TypeError`.
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
  shownName,
  TE,
  TOKEN,
} from './field-rules.ts'
import { NO_CONTENT_LENGTH } from './fields-received.ts'
import type { FieldList, RequestHead } from './sinks.ts'

const isMethod = remembering(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/)
const isScheme = remembering(/^[a-z][a-z0-9+\-.]*$/)
/** Everything visible but what ends or precedes an authority (RFC 3986 §3.2): no userinfo, no path. */
const isAuthority = remembering(/^[!$%&'()*+,\-.0-9:;=A-Z[\]_a-z~]+$/)
/** Visible ASCII without the fragment mark. */
const isPath = remembering(/^[!"$-~]+$/)
/** RFC 9110 §5.5: no control character but HTAB, nothing that one octet cannot hold. */
const BAD_VALUE = /[^\t\x20-\x7e\x80-\xff]/

/**
 * What a recipient must know before the content, or would take for an order: framing, routing, conditions,
 * authentication and how to take the content (RFC 9110 §6.5.1). What else belongs to a connection has no place
 * anywhere.
 */
const NO_TRAILERS: ReadonlySet<string> = new Set([
  'authorization',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'cookie',
  'expect',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'max-forwards',
  'pragma',
  'proxy-authenticate',
  'proxy-authorization',
  'range',
  'set-cookie',
  'te',
  'trailer',
  'www-authenticate',
])

const names = new NameMemory((name) => (TOKEN.test(name) ? ORDINARY : INVALID))

/** A rule that remembers what passed last: callers tend to say the same again. */
function remembering(rule: RegExp): (text: string) => boolean {
  /** No text yet. */
  let passed: string | RegExp = rule
  return (text) => {
    if (text === passed) return true
    if (!rule.test(text)) return false
    passed = text
    return true
  }
}

/** What `checkRequest` does, for one who is given the same fields again and again: they pass once. */
export class RequestCheck {
  #fields: FieldList | undefined
  #authority: string
  #length: number

  constructor() {
    this.#fields = undefined
    this.#authority = ''
    this.#length = NO_CONTENT_LENGTH
  }

  /** Returns the content-length, or `NO_CONTENT_LENGTH`. Throws TypeError naming the part. */
  check(head: RequestHead, endStream: boolean): number {
    // A section of the owner's own is sent as it stands.
    if (head.section !== undefined) return NO_CONTENT_LENGTH
    checkRequestHead(head)
    if (head.fields !== this.#fields || head.authority !== this.#authority) {
      this.#fields = undefined
      this.#length = checkSentFields(head.fields, head.authority)
      // Only a list that cannot change stays checked.
      this.#fields = Object.isFrozen(head.fields) ? head.fields : undefined
      this.#authority = head.authority
    }
    checkSentLength(head, this.#length, endStream)
    return this.#length
  }
}

/** Checks the head of a request (RFC 9113 §8.3.1, §8.5; RFC 8441 §4). Throws TypeError naming the part. */
export function checkRequestHead(head: RequestHead): void {
  if (!isMethod(head.method)) throw new TypeError(`method is not a token: ${quote(head.method)}`)
  if (!isAuthority(head.authority)) throw new TypeError(`authority is not valid: ${quote(head.authority)}`)
  const tunnel = head.method === 'CONNECT' && head.protocol === undefined
  if (tunnel) {
    // RFC 9113 §8.5: :scheme and :path are left out.
    if (head.path !== undefined || head.scheme !== undefined) {
      throw new TypeError('CONNECT takes an authority, no scheme and no path')
    }
    return
  }
  if (head.protocol !== undefined && (head.method !== 'CONNECT' || !isMethod(head.protocol))) {
    throw new TypeError(`protocol needs the method CONNECT and a token: ${quote(head.protocol)}`)
  }
  if (head.scheme === undefined || !isScheme(head.scheme)) {
    throw new TypeError(`scheme is not valid: ${quote(String(head.scheme))}`)
  }
  checkPath(head.method, head.path)
}

function checkPath(method: string, path: string | undefined): void {
  if (path === undefined || !isPath(path)) throw new TypeError(`path is not valid: ${quote(String(path))}`)
  // RFC 9113 §8.3.1: never empty; "*" is for OPTIONS.
  if (path.charCodeAt(0) !== 0x2f && !(path === '*' && method === 'OPTIONS')) {
    throw new TypeError(`path must begin with "/": ${quote(path)}`)
  }
}

/**
 * Checks head and fields of a request, as `open` does. Returns its content-length,
 * or `NO_CONTENT_LENGTH`. Throws TypeError naming the part. `endStream`: it has no content.
 */
export function checkRequest(head: RequestHead, endStream: boolean): number {
  checkRequestHead(head)
  const length = checkSentFields(head.fields, head.authority)
  checkSentLength(head, length, endStream)
  return length
}

/** Throws TypeError for a content-length that the request cannot keep to (RFC 9110 §8.6, §9.3.6). */
function checkSentLength(head: RequestHead, length: number, endStream: boolean): void {
  if (length === NO_CONTENT_LENGTH) return
  if (head.method === 'CONNECT' && head.protocol === undefined) {
    throw new TypeError('content-length of a CONNECT, which has no content (RFC 9110 §9.3.6)')
  }
  if (endStream && length > 0) {
    throw new TypeError(`content-length ${length} of a request without content (RFC 9110 §8.6)`)
  }
}

/**
 * Checks the regular fields of a head that we send (RFC 9113 §8.2.1, §8.2.2).
 * Returns content-length, or `NO_CONTENT_LENGTH`. Throws TypeError naming the field.
 */
export function checkSentFields(fields: FieldList, authority?: string): number {
  let length = NO_CONTENT_LENGTH
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!
    const value = fields[i + 1]!
    checkSentValue(name, value)
    const kind = names.kind(name)
    if (kind === ORDINARY) continue
    if (kind === CONTENT_LENGTH) length = sentLength(value, length)
    if (kind === INVALID) throw new TypeError(`field name is not valid: ${shownName(name)}`)
    // RFC 9113 §8.2.2: HTTP/2 has no connection-specific fields, and te says only "trailers".
    if (kind === CONNECTION_SPECIFIC) throw new TypeError(`field ${name} is not allowed in HTTP/2`)
    if (kind === TE && value !== 'trailers') throw new TypeError('field te may only be "trailers" in HTTP/2')
    // RFC 9113 §8.3.1: host may not differ from :authority.
    if (kind === HOST && value !== authority) throw new TypeError('field host differs from the authority')
  }
  return length
}

/** Checks the fields that we send behind content. Throws TypeError naming the field. */
export function checkSentTrailers(fields: FieldList): void {
  checkSentFields(fields)
  for (let i = 0; i < fields.length; i += 2) {
    if (NO_TRAILERS.has(fields[i]!)) {
      throw new TypeError(`field ${fields[i]} must not come behind the content (RFC 9110 §6.5.1)`)
    }
  }
}

function sentLength(value: string, before: number): number {
  const length = decimal(value)
  if (Number.isNaN(length) || before !== NO_CONTENT_LENGTH) {
    throw new TypeError('content-length must be one number (RFC 9110 §8.6)')
  }
  return length
}

function checkSentValue(name: string, value: string): void {
  if (value === '') return
  if (BAD_VALUE.test(value))
    throw new TypeError(`value of field ${shownName(name)} has a forbidden character`)
  if (hasSpaceAtEdge(value)) {
    throw new TypeError(`value of field ${shownName(name)} begins or ends with white space`)
  }
}

function quote(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text)
}
