/**
 * The fields of a request, from what a configuration says to what can be sent.
 * Its one rule: a value that axios would send is no failure here; what HTTP/2
 * has no place for is let fall.
 */
import { isOfConnection } from '../wire/connection-fields.ts'
import { trimmed } from '../wire/trimmed.ts'
import type { Config } from './config.ts'

/** Names as they were given, and their values. */
export interface Fields {
  [name: string]: string | string[]
}

/** Fields that are added where nobody names them: set to `false` or null they are to be left out. Empty they say nothing. */
const ADDED = /^(?:user-agent|accept-encoding)$/i

/** Everything that is not one octet a character, and controls. */
const UNSENDABLE = /[^\t\x20-\x7e\x80-\xff]+/g

/** The fields of a configuration. */
export function fieldsOf(headers: Config['headers']): Fields {
  const given: object = headers?.toJSON?.() ?? headers ?? {}
  const fields: Fields = {}
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false || isOfConnection(name.toLowerCase()))
      continue
    // RFC 9113 §8.2.2: of `te` only this may be said.
    if (/^te$/i.test(name) && value !== 'trailers') continue
    fields[name] = Array.isArray(value) ? value.map(sendable) : sendable(value)
  }
  // Axios's class does not show to `toJSON` what was switched off.
  for (const [name, value] of Object.entries(headers ?? {})) {
    if ((value === false || value === null) && ADDED.test(name)) fields[name] = ''
  }
  return fields
}

function sendable(value: unknown): string {
  return trimmed(String(value).replace(UNSENDABLE, ''), '\t ')
}

/** The fields of a response, in axios's own class where the configuration shows it. */
export function answered({ headers }: Config, fields: Fields): Fields {
  const kind = headers?.constructor as (new (fields: object) => object) | undefined
  return kind === undefined || kind === Object ? fields : (new kind(fields) as Fields)
}

/** The name under which a field stands in `fields`. */
export function nameIn(fields: object, wanted: string): string | undefined {
  return Object.keys(fields).find((name) => name.toLowerCase() === wanted.toLowerCase())
}

/** Sets a field in place of what stands there, however it is written. */
export function setField(fields: Fields, name: string, value: string): void {
  const kept = nameIn(fields, name)
  if (kept !== undefined) delete fields[kept]
  fields[name] = value
}
