/**
 * Rules for the fields that we send (RFC 9113 §8.2, §8.3): what a caller gives
 * is checked before a byte of it is encoded, and throws `TypeError`.
 */
import {
  CONNECTION_SPECIFIC,
  CONTENT_LENGTH,
  HOST,
  hasSpaceAtEdge,
  INVALID,
  NameMemory,
  ORDINARY,
  shownName,
  TE,
} from './field-rules.ts'
import type { FieldList, RequestHead } from './sinks.ts'

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
const isMethod = remembering(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/)
const isScheme = remembering(/^[a-z][a-z0-9+\-.]*$/)
/** Everything visible but what ends or precedes an authority (RFC 3986 §3.2): no userinfo, no path. */
const isAuthority = remembering(/^[!$%&'()*+,\-.0-9:;=A-Z[\]_a-z~]+$/)
/** Visible ASCII without the fragment mark. */
const isPath = remembering(/^[!"$-~]+$/)
/** RFC 9110 §5.5: no control character but HTAB, nothing that one octet cannot hold. */
const BAD_VALUE = /[^\t\x20-\x7e\x80-\xff]/

const names = new NameMemory((name) => TOKEN.test(name))

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

  constructor() {
    this.#fields = undefined
    this.#authority = ''
  }

  /** Throws TypeError naming the part. */
  check(head: RequestHead): void {
    checkRequestHead(head)
    if (head.fields === this.#fields && head.authority === this.#authority) return
    checkSentFields(head.fields, head.authority)
    // Only a list that cannot change stays checked.
    this.#fields = Object.isFrozen(head.fields) ? head.fields : undefined
    this.#authority = head.authority
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
    const kind = names.kind(name)
    if (kind === ORDINARY || kind === CONTENT_LENGTH) continue
    if (kind === INVALID) throw new TypeError(`field name is not valid: ${shownName(name)}`)
    // RFC 9113 §8.2.2: HTTP/2 has no connection-specific fields, and te says only "trailers".
    if (kind === CONNECTION_SPECIFIC) throw new TypeError(`field ${name} is not allowed in HTTP/2`)
    if (kind === TE && value !== 'trailers') throw new TypeError('field te may only be "trailers" in HTTP/2')
    // RFC 9113 §8.3.1: host may not differ from :authority.
    if (kind === HOST && value !== authority) throw new TypeError('field host differs from the authority')
  }
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
