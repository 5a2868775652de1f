/**
 * Request fields of `fetch` (Fetch §2.2.2, §5.1): from what `HeadersInit`
 * allows to a list, and what the standard adds to it. Its one rule: a name
 * stands in the list once and in lower case, with its values combined, exactly
 * as a platform `Headers` would have it.
 */

import { shownName, trimmed } from '../../protocol/field-rules.ts'

/** Name in lower case, and value. */
export type Field = readonly [name: string, value: string]

/** `Headers`, a record, or pairs. A record's values may be numbers; an array of values is combined. */
export type FetchHeaders =
  | Headers
  | { readonly [name: string]: string | number | readonly string[] | undefined }
  | Iterable<readonly [name: string, value: string]>
  | Iterable<readonly string[]>

/** How the request treats caches (Fetch §2.2.5, "cache mode"). */
export type CacheMode = 'default' | 'no-store' | 'reload' | 'no-cache' | 'force-cache' | 'only-if-cached'

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const BAD_VALUE = /[\0\n\r]|[^\0-\xff]/

/**
 * RFC 9113 §8.2.2: fields that speak of a connection have no place in HTTP/2.
 * Programs written for HTTP/1.1 set them, and mean nothing by it that is lost.
 */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])
const CONDITIONAL_FIELDS: readonly string[] = [
  'if-modified-since',
  'if-none-match',
  'if-unmodified-since',
  'if-match',
  'if-range',
]

const ACCEPT: Field = ['accept', '*/*']
const ACCEPT_LANGUAGE: Field = ['accept-language', '*']
const PRAGMA: Field = ['pragma', 'no-cache']
const CACHE_CONTROL: Field = ['cache-control', 'no-cache']
const REVALIDATE: Field = ['cache-control', 'max-age=0']
/** RFC 9110 §14.2: a range of coded content is of no use. */
const IDENTITY: Field = ['accept-encoding', 'identity']

/** The list of `init.headers`. Throws TypeError for what `new Headers` throws for. */
export function readFields(headers: unknown): Field[] {
  const fields = new Map<string, string>()
  if (typeof headers !== 'object' || headers === null) {
    throw new TypeError('headers must be an object, pairs or Headers')
  }
  if (Symbol.iterator in headers) {
    for (const pair of headers as Iterable<Iterable<unknown>>) {
      const parts = typeof pair === 'object' && pair !== null ? [...pair] : []
      if (parts.length !== 2) throw new TypeError('headers must be pairs of name and value')
      appendField(fields, parts[0], parts[1])
    }
    return [...fields]
  }
  const record = headers as Record<string, unknown>
  for (const name of Object.keys(record)) {
    const value = record[name]
    appendField(fields, name, Array.isArray(value) ? value.join(', ') : value)
  }
  return [...fields]
}

/** Fetch §2.2.2, "append": combined with what there is of the same name. */
function appendField(fields: Map<string, string>, givenName: unknown, givenValue: unknown): void {
  const text = `${givenName}`
  if (!NAME.test(text)) throw new TypeError(`field name is not valid: ${shownName(text)}`)
  const value = trimmed(`${givenValue}`, isHttpWhitespace)
  if (BAD_VALUE.test(value))
    throw new TypeError(`value of field ${shownName(text)} has a forbidden character`)
  const name = text.toLowerCase()
  if (CONNECTION_FIELDS.has(name) || (name === 'te' && value !== 'trailers')) return
  const before = fields.get(name)
  fields.set(name, before === undefined ? value : `${before}${name === 'cookie' ? '; ' : ', '}${value}`)
}

/** Fetch §2.2.2: HTAB, LF, CR and space. */
function isHttpWhitespace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d
}

export function hasField(fields: readonly Field[], name: string): boolean {
  return fields.some((field) => field[0] === name)
}

/** Adds the fields that the standard adds where the caller named none (Fetch §4.1, §4.5). */
export function addDefaults(fields: Field[], cache: CacheMode): void {
  if (!hasField(fields, 'accept')) fields.push(ACCEPT)
  if (!hasField(fields, 'accept-language')) fields.push(ACCEPT_LANGUAGE)
  if (fields.length > 2 || cache !== 'default') addCacheFields(fields, cache)
}

/** Fetch §4.5: what the cache mode says to caches on the way. */
function addCacheFields(fields: Field[], cache: CacheMode): void {
  const conditional = cache === 'default' && CONDITIONAL_FIELDS.some((name) => hasField(fields, name))
  if (cache === 'no-cache' && !hasField(fields, 'cache-control')) fields.push(REVALIDATE)
  if (cache === 'no-store' || cache === 'reload' || conditional) {
    if (!hasField(fields, 'pragma')) fields.push(PRAGMA)
    if (!hasField(fields, 'cache-control')) fields.push(CACHE_CONTROL)
  }
  if (hasField(fields, 'range') && !hasField(fields, 'accept-encoding')) fields.push(IDENTITY)
}
