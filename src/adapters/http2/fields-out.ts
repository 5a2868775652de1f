/**
 * The fields of a request as callers of `node:http2` give them, an object or
 * raw pairs, to the section that is sent. What Node refuses is refused with its
 * code; what nghttp2 would not send, or its peer not take, is told by `sendable`.
 */
import { constants, sensitiveHeaders } from 'node:http2'
import { connectionHeader, invalidPseudoHeader, invalidToken, plainError, singleValue } from './errors.ts'

/** Field values as callers give them. */
export type OutgoingValue = string | number | readonly (string | number)[] | undefined
/** Fields by name; names that no table may keep under the symbol `sensitiveHeaders`. */
export type OutgoingFields = Record<string | symbol, unknown>

const PSEUDO: ReadonlySet<string> = new Set([
  ':status',
  ':method',
  ':authority',
  ':scheme',
  ':path',
  ':protocol',
])

/** Fields that have one value in Node's table. */
export const SINGLE: ReadonlySet<string> = new Set([
  ...PSEUDO,
  'access-control-allow-credentials',
  'access-control-max-age',
  'access-control-request-method',
  'age',
  'authorization',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-md5',
  'content-range',
  'content-type',
  'date',
  'dnt',
  'etag',
  'expires',
  'from',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'range',
  'referer',
  'retry-after',
  'tk',
  'upgrade-insecure-requests',
  'user-agent',
  'x-content-type-options',
])

const CONNECTION_SPECIFIC: ReadonlySet<string> = new Set([
  'connection',
  'upgrade',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
])

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** RFC 9110 §5.5: no control character but HTAB, nothing that one octet cannot hold. */
const BAD_VALUE = /[^\t\x20-\x7e\x80-\xff]/
/** RFC 9113 §8.3.1: what no peer takes in a path. */
const BAD_PATH = /[^\x21-\x7e\x80-\xff]/

/** A field section made ready. */
export interface Section {
  /** Pseudo-header fields first, in the order given. */
  readonly fields: string[]
  readonly sensitive: ReadonlySet<string> | undefined
  /** False if a value has an octet that no peer may take. */
  readonly sendable: boolean
}

/** A request made ready. */
export interface PreparedRequest extends Section {
  readonly method: string
  readonly scheme: string | undefined
  readonly authority: string | undefined
  /** The object that `sentHeaders` gives; undefined for raw pairs. */
  readonly sent: OutgoingFields | undefined
  readonly raw: readonly unknown[] | undefined
}

/** Where a session's requests go unless they say. */
export interface Defaults {
  readonly authority: string
  /** With its colon. */
  readonly protocol: string
}

class SectionWriter implements Section {
  readonly #pseudo: string[] = []
  readonly #regular: string[] = []
  readonly #pseudoAllowed: boolean
  #singles: Set<string> | undefined = undefined
  readonly sensitive: ReadonlySet<string> | undefined
  sendable = true

  constructor(sensitive: unknown, pseudoAllowed: boolean) {
    const names = sensitive as readonly string[] | undefined
    this.sensitive = names?.length ? new Set(names.map((name) => name.toLowerCase())) : undefined
    this.#pseudoAllowed = pseudoAllowed
  }

  get fields(): string[] {
    return this.#regular.length === 0 ? this.#pseudo : [...this.#pseudo, ...this.#regular]
  }

  field(given: string, value: unknown): void {
    if (value === undefined || given === '') return
    const name = given.toLowerCase()
    const single = SINGLE.has(name)
    if (!Array.isArray(value)) {
      this.#one(name, String(value), single)
      return
    }
    if (value.length === 0) return
    if (value.length > 1 && single) throw singleValue(name)
    for (const item of value) this.#one(name, String(item), single)
  }

  #one(name: string, value: string, single: boolean): void {
    if (single) this.#onlyOnce(name)
    if (name.charCodeAt(0) === 0x3a) {
      if (!this.#pseudoAllowed || !PSEUDO.has(name)) throw invalidPseudoHeader(name)
      if (name === ':status' || (name === ':path' && (value === '' || BAD_PATH.test(value))))
        this.sendable = false
      this.#add(this.#pseudo, name, value)
      return
    }
    if (!TOKEN.test(name)) throw invalidToken(name)
    if (CONNECTION_SPECIFIC.has(name) || (name === 'te' && value !== 'trailers')) throw connectionHeader(name)
    this.#add(this.#regular, name, value)
  }

  #onlyOnce(name: string): void {
    this.#singles ??= new Set()
    if (this.#singles.has(name)) throw singleValue(name)
    this.#singles.add(name)
  }

  #add(list: string[], name: string, value: string): void {
    if (value !== '' && BAD_VALUE.test(value)) this.sendable = false
    list.push(name, value)
  }
}

/** Makes a request's section of an object of fields. */
export function fromObject(given: object, defaults: Defaults): PreparedRequest {
  const sent: OutgoingFields = Object.assign(Object.create(null), given)
  sent[':method'] ??= constants.HTTP2_METHOD_GET
  const method = String(sent[':method'])
  if (method !== constants.HTTP2_METHOD_CONNECT || sent[':protocol'] !== undefined) {
    if (authorityOf(sent) === undefined) sent[':authority'] = defaults.authority
    sent[':scheme'] ??= defaults.protocol.slice(0, -1)
    sent[':path'] ??= '/'
  } else {
    checkTunnel(sent[':authority'], sent[':scheme'], sent[':path'])
  }
  const writer = new SectionWriter(sent[sensitiveHeaders as symbol], true)
  for (const name of Object.keys(sent)) writer.field(name, sent[name])
  return made(writer, method, sent[':scheme'], authorityOf(sent), sent, undefined)
}

/** RFC 9113 §8.3.1: `host` stands for `:authority` where that is missing. */
function authorityOf(fields: OutgoingFields): unknown {
  return fields[':authority'] ?? fields.host
}

/** Makes a request's section of raw pairs: `[name, value, name, value, …]`. */
export function fromPairs(given: readonly unknown[], defaults: Defaults): PreparedRequest {
  const found: OutgoingFields = Object.create(null)
  for (let i = 0; i < given.length; i += 2) {
    const name = String(given[i]).toLowerCase()
    if (name.charCodeAt(0) === 0x3a || name === 'host') found[name] = given[i + 1]
  }
  const added: unknown[] = []
  const add = (name: string, value: string): void => {
    if (found[name] !== undefined) return
    found[name] = value
    added.push(name, value)
  }
  add(':method', constants.HTTP2_METHOD_GET)
  const method = String(found[':method'])
  if (method !== constants.HTTP2_METHOD_CONNECT || found[':protocol'] !== undefined) {
    if (authorityOf(found) === undefined) add(':authority', defaults.authority)
    add(':scheme', defaults.protocol.slice(0, -1))
    add(':path', '/')
  } else {
    checkTunnel(found[':authority'], found[':scheme'], found[':path'])
  }
  const sensitive = (given as unknown as OutgoingFields)[sensitiveHeaders as symbol]
  const raw = added.length > 0 ? [...added, ...given] : given
  if (sensitive !== undefined) (raw as unknown as OutgoingFields)[sensitiveHeaders as symbol] = sensitive
  const writer = new SectionWriter(sensitive, true)
  for (let i = 0; i < raw.length; i += 2) writer.field(String(raw[i]), raw[i + 1])
  return made(writer, method, found[':scheme'], authorityOf(found), undefined, raw)
}

function made(
  writer: SectionWriter,
  method: string,
  scheme: unknown,
  authority: unknown,
  sent: OutgoingFields | undefined,
  raw: readonly unknown[] | undefined,
): PreparedRequest {
  const { fields, sensitive, sendable } = writer
  return {
    fields,
    sensitive,
    sendable: sendable && TOKEN.test(method),
    method,
    scheme: scheme === undefined ? undefined : String(scheme),
    authority: authority === undefined ? undefined : String(authority),
    sent,
    raw,
  }
}

/** RFC 9113 §8.5: CONNECT has an authority, no scheme and no path. */
function checkTunnel(authority: unknown, scheme: unknown, path: unknown): void {
  if (authority === undefined) throw plainError('ERR_HTTP2_CONNECT_AUTHORITY')
  if (scheme !== undefined) throw plainError('ERR_HTTP2_CONNECT_SCHEME')
  if (path !== undefined) throw plainError('ERR_HTTP2_CONNECT_PATH')
}

/** Makes the section of trailers, which have no pseudo-header fields (RFC 9113 §8.1). */
export function trailerSection(given: OutgoingFields): Section {
  const writer = new SectionWriter(given[sensitiveHeaders as symbol], false)
  for (const name of Object.keys(given)) writer.field(name, given[name])
  return writer
}

/** What `sentHeaders` gives for raw pairs: repeated names have arrays. */
export function pairsAsObject(raw: readonly unknown[]): OutgoingFields {
  const made: OutgoingFields = Object.create(null)
  for (let i = 0; i < raw.length; i += 2) {
    const name = String(raw[i])
    const known = made[name]
    if (known === undefined) made[name] = raw[i + 1]
    else if (Array.isArray(known)) known.push(raw[i + 1])
    else made[name] = [known, raw[i + 1]]
  }
  const sensitive = (raw as unknown as OutgoingFields)[sensitiveHeaders as symbol]
  if (sensitive !== undefined) made[sensitiveHeaders as symbol] = sensitive
  return made
}
