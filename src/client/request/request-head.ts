/**
 * The head of a request, from what callers write to what the engine takes
 * (RFC 9113 §8.3.1). Its one rule: nothing is checked here that the engine
 * checks; names are lowered, `host` becomes `:authority`, defaults are added.
 */
import { lowerCase, shownName, trimmed } from '../../protocol/field-rules.ts'
import type { FieldList, RequestHead } from '../../protocol/index.ts'
import { acceptedCodings } from '../response/decompress.ts'
import type { Target } from '../settings/target.ts'
import { version } from '../settings/version.ts'

/** Field names and values: a record, pairs, or `Headers`. An array of values is that many fields. */
export type HeadersInput =
  | { readonly [name: string]: string | number | readonly string[] | undefined }
  | Iterable<readonly [name: string, value: string]>
  | Headers

/** Names of fields as the caller wrote them, by those in lower case, where the two differ. */
export interface NamesGiven {
  written: Map<string, string> | undefined
}

/** How urgent a request is (RFC 9218 §4). */
export interface Priority {
  /** 0 (first) to 7 (last). Default 3. */
  readonly urgency?: number | undefined
  /** True if parts of the response are of use before the whole is there. Default false. */
  readonly incremental?: boolean | undefined
}

/** The parts of a head that are the same for every request of a connection. */
export class HeadDefaults {
  readonly target: Target
  /** Shared by all requests without fields of their own, so that the engine checks it once. */
  readonly fields: FieldList
  readonly acceptEncoding: string | undefined

  constructor(target: Target, decompress: boolean) {
    const codings = decompress ? acceptedCodings() : ''
    this.target = target
    this.acceptEncoding = codings === '' ? undefined : codings
    // A copy, for a list that grew has room for more.
    this.fields = Object.freeze(this.complete([], false).slice())
  }

  /** Adds the default fields that the caller did not name. `ranged`: parts of a coded body are of no use. */
  complete(fields: string[], ranged: boolean): string[] {
    if (this.acceptEncoding !== undefined && !ranged && !has(fields, 'accept-encoding')) {
      fields.push('accept-encoding', this.acceptEncoding)
    }
    if (!has(fields, 'user-agent')) fields.push('user-agent', USER_AGENT)
    // An empty user-agent is the way to send none.
    else if (firstValue(fields, 'user-agent') === '') take(fields, 'user-agent')
    return fields
  }
}

const USER_AGENT = `hyper-h2/${version}`

/** A head without its fields: what differs is the caller's. */
export function requestHead(
  defaults: HeadDefaults,
  method: string,
  path: string,
  fields: string[] | undefined,
  priority: Priority | undefined,
  protocol: string | undefined,
  writtenNames?: ReadonlyMap<string, string>,
): RequestHead {
  if (typeof method !== 'string') throw new TypeError('method must be a string')
  if (typeof path !== 'string') throw new TypeError('path must be a string')
  const { target } = defaults
  let authority = target.authority
  let complete = defaults.fields
  if (fields !== undefined) {
    authority = takeSame(fields, 'host') ?? authority
    complete = defaults.complete(fields, has(fields, 'range'))
  }
  const urgency = priority === undefined ? undefined : checkPriority(priority)
  if (urgency !== undefined && !has(complete, 'priority'))
    complete = [...complete, ...priorityField(priority!)]
  if (method === 'CONNECT' && protocol === undefined) {
    // RFC 9113 §8.5: the target of the tunnel is the authority, and there is nothing else.
    return {
      method,
      scheme: undefined,
      authority: path,
      path: undefined,
      protocol,
      fields: complete,
      writtenNames,
      urgency,
    }
  }
  return {
    method,
    scheme: target.scheme,
    authority,
    path: path === '' ? '/' : path,
    protocol,
    fields: complete,
    writtenNames,
    urgency,
  }
}

/** The urgency of a priority. Throws TypeError or RangeError for what is none. */
export function checkPriority(priority: Priority): number {
  if (typeof priority !== 'object' || priority === null) throw new TypeError('priority must be an object')
  const { urgency = 3, incremental = false } = priority
  if (!Number.isInteger(urgency) || urgency < 0 || urgency > 7) {
    throw new RangeError('priority.urgency must be an integer from 0 to 7')
  }
  if (typeof incremental !== 'boolean') throw new TypeError('priority.incremental must be a boolean')
  return urgency
}

/** The `priority` field (RFC 9218 §4); nothing where all is default. */
function priorityField({ urgency = 3, incremental = false }: Priority): string[] {
  const parts: string[] = []
  if (urgency !== 3) parts.push(`u=${urgency}`)
  if (incremental) parts.push('i')
  return parts.length === 0 ? [] : ['priority', parts.join(', ')]
}

/** A flat list, names in lower case (RFC 9113 §8.2), white space around values removed as `Headers` does. */
export function fieldList(headers: HeadersInput | undefined, name = 'headers', names?: NamesGiven): string[] {
  const fields: string[] = []
  if (headers === undefined || headers === null) return fields
  if (typeof headers !== 'object') throw new TypeError(`${name} must be an object, pairs or Headers`)
  if (Symbol.iterator in headers) {
    for (const pair of headers as Iterable<readonly [string, string]>) {
      if (!Array.isArray(pair) || pair.length !== 2)
        throw new TypeError(`${name} must be pairs of name and value`)
      addField(fields, pair[0], pair[1], names)
    }
    return fields
  }
  const record = headers as { readonly [name: string]: string | number | readonly string[] | undefined }
  for (const key of Object.keys(record)) {
    const value = record[key]
    if (value === undefined) continue
    if (Array.isArray(value)) for (const one of value) addField(fields, key, one, names)
    else addField(fields, key, value, names)
  }
  return fields
}

/** Appends one field, name in lower case; notes how it was written. Throws TypeError for what is no text. */
export function addField(fields: string[], name: unknown, value: unknown, names?: NamesGiven): void {
  if (typeof name !== 'string') throw new TypeError('field name must be a string')
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw new TypeError(`value of field ${shownName(name)} must be a string`)
  }
  const lower = lowerCase(name)
  if (names !== undefined && lower !== name) {
    names.written ??= new Map()
    names.written.set(lower, name)
  }
  fields.push(lower, trimmed(typeof value === 'string' ? value : String(value)))
}

export function has(fields: FieldList, name: string): boolean {
  return firstValue(fields, name) !== undefined
}

/** The first value of a field. */
export function firstValue(fields: FieldList, name: string): string | undefined {
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return fields[i + 1]
  return undefined
}

/** All values of a field, taken out of the list. */
function take(fields: string[], name: string): string[] {
  const values: string[] = []
  if (!has(fields, name)) return values
  let kept = 0
  for (let i = 0; i < fields.length; i += 2) {
    const value = fields[i + 1]!
    if (fields[i] === name) values.push(value)
    else {
      fields[kept++] = fields[i]!
      fields[kept++] = value
    }
  }
  fields.length = kept
  return values
}

/** The value that a field has, however often it is said. Throws TypeError if there are two. */
function takeSame(fields: string[], name: string): string | undefined {
  const values = take(fields, name)
  for (const value of values) {
    if (value !== values[0]) throw new TypeError(`field ${name} has two values that differ`)
  }
  return values[0]
}
