/**
 * The fields of a request as callers of `node:http2` give them, an object or
 * raw pairs, to the section that is sent. What Node refuses is refused with its
 * code; what nghttp2 would not send, or its peer not take, is told by `sendable`.
 */

import { connectionHeader, invalidPseudoHeader, invalidToken, plainError, singleValue } from './errors.ts'
import { constants, sensitiveHeaders } from './runtime.ts'

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

/** What a name means, as callers write it. */
interface NameKind {
  /** In lower case. */
  readonly name: string
  readonly single: boolean
  readonly pseudo: boolean
  readonly token: boolean
  readonly ofConnection: boolean
}

/** Names that recur; callers can make up any number, so no more than so many are remembered. */
const remembered = new Map<string, NameKind>()
const MAX_REMEMBERED = 512

function kindOf(given: string): NameKind {
  const known = remembered.get(given)
  if (known !== undefined) return known
  const name = given.toLowerCase()
  const kind = {
    name,
    single: SINGLE.has(name),
    pseudo: name.charCodeAt(0) === 0x3a,
    token: TOKEN.test(given),
    ofConnection: CONNECTION_SPECIFIC.has(name),
  }
  if (remembered.size < MAX_REMEMBERED && given.length <= 64) remembered.set(given, kind)
  return kind
}

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
  readonly sent: SentFields
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
  readonly #strict: boolean
  #singles: Set<string> | undefined = undefined
  readonly sensitive: ReadonlySet<string> | undefined
  sendable = true

  /** @param strict fields of one value have one */
  constructor(sensitive: unknown, pseudoAllowed: boolean, strict = true) {
    this.#strict = strict
    const names = sensitive as readonly string[] | undefined
    this.sensitive = names?.length ? new Set(names.map((name) => name.toLowerCase())) : undefined
    this.#pseudoAllowed = pseudoAllowed
  }

  get fields(): string[] {
    return this.#regular.length === 0 ? this.#pseudo : [...this.#pseudo, ...this.#regular]
  }

  field(given: string, value: unknown): void {
    if (value === undefined || given === '') return
    const kind = kindOf(given)
    if (!Array.isArray(value)) {
      this.#one(kind, String(value))
      return
    }
    if (value.length === 0) return
    if (value.length > 1 && kind.single && (this.#strict || kind.pseudo)) throw singleValue(kind.name)
    for (const item of value) this.#one(kind, String(item))
  }

  #one({ name, single, pseudo, token, ofConnection }: NameKind, value: string): void {
    if (single && (this.#strict || pseudo)) this.#onlyOnce(name)
    if (pseudo) {
      if (!this.#pseudoAllowed || !PSEUDO.has(name)) throw invalidPseudoHeader(name)
      if (name === ':status' || (name === ':path' && (value === '' || BAD_PATH.test(value))))
        this.sendable = false
      this.#add(this.#pseudo, name, value)
      return
    }
    if (!token) throw invalidToken(name)
    if (ofConnection || (name === 'te' && value !== 'trailers')) throw connectionHeader(name)
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
export function fromObject(given: object, defaults: Defaults, strict: boolean): PreparedRequest {
  const fields = given as OutgoingFields
  const names = Object.keys(fields)
  const sent: unknown[] = []
  for (const name of names) sent.push(name, fields[name])
  const method = String(fields[':method'] ?? constants.HTTP2_METHOD_GET)
  let scheme = fields[':scheme']
  let authority = authorityOf(fields)
  if (fields[':method'] === undefined) sent.push(':method', method)
  if (method !== constants.HTTP2_METHOD_CONNECT || fields[':protocol'] !== undefined) {
    if (authority === undefined) sent.push(':authority', defaults.authority)
    authority ??= defaults.authority
    if (scheme === undefined) sent.push(':scheme', defaults.protocol.slice(0, -1))
    scheme ??= defaults.protocol.slice(0, -1)
    if (fields[':path'] === undefined) sent.push(':path', '/')
  } else {
    checkTunnel(fields[':authority'], scheme, fields[':path'])
  }
  const sensitive = fields[sensitiveHeaders as symbol]
  const writer = new SectionWriter(sensitive, true, strict)
  for (let i = 0; i < sent.length; i += 2) writer.field(sent[i] as string, sent[i + 1])
  return made(writer, method, scheme, authority, new SentFields(sent, sensitive, false))
}

/** RFC 9113 §8.3.1: `host` stands for `:authority` where that is missing. */
function authorityOf(fields: OutgoingFields): unknown {
  return fields[':authority'] ?? fields.host
}

/** Makes a request's section of raw pairs: `[name, value, name, value, …]`. */
export function fromPairs(given: readonly unknown[], defaults: Defaults, strict: boolean): PreparedRequest {
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
  const writer = new SectionWriter(sensitive, true, strict)
  for (let i = 0; i < raw.length; i += 2) writer.field(String(raw[i]), raw[i + 1])
  return made(writer, method, found[':scheme'], authorityOf(found), new SentFields(raw, sensitive, true))
}

function made(
  writer: SectionWriter,
  method: string,
  scheme: unknown,
  authority: unknown,
  sent: SentFields,
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

/** The fields of a request as they were given, for `sentHeaders`: most are never asked for. */
export class SentFields {
  readonly #pairs: readonly unknown[]
  readonly #sensitive: unknown
  /** Raw pairs repeat names: these have arrays then. */
  readonly #raw: boolean
  #object: OutgoingFields | undefined = undefined

  constructor(pairs: readonly unknown[], sensitive: unknown, raw: boolean) {
    this.#pairs = pairs
    this.#sensitive = sensitive
    this.#raw = raw
  }

  get object(): OutgoingFields {
    this.#object ??= this.#make()
    return this.#object
  }

  #make(): OutgoingFields {
    const object = { __proto__: null } as unknown as OutgoingFields
    for (let i = 0; i < this.#pairs.length; i += 2) {
      const name = String(this.#pairs[i])
      const value = this.#pairs[i + 1]
      const known = object[name]
      if (!this.#raw || known === undefined) object[name] = value
      else if (Array.isArray(known)) known.push(value)
      else object[name] = [known, value]
    }
    if (this.#sensitive !== undefined) object[sensitiveHeaders as symbol] = this.#sensitive
    return object
  }
}
