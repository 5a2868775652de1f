/**
 * What a recording shows of fields. Its one rule: unless every value was asked
 * for, a value is shown only if it says how HTTP went; all others are as many
 * stars as they had octets, and what no hop may index (RFC 7541 §7.1.3) is
 * never shown.
 */
import type { CodedField } from './field-blocks.ts'

/** How much of fields a recording holds: every value, names and lengths, or nothing. */
export type FieldsShown = 'all' | 'names' | 'none'

/** Fields whose values say how HTTP went, and nothing of whom it went for. */
const HARMLESS = new Set([
  ':method',
  ':scheme',
  ':authority',
  ':status',
  ':protocol',
  'age',
  'content-encoding',
  'content-length',
  'content-type',
  'date',
  'priority',
  'retry-after',
])

/** The value that a recording holds of a field. */
export function shownValue({ name, value, form }: CodedField, shown: FieldsShown): string {
  if (HARMLESS.has(name)) return value
  if (form === 'literal, never indexed') return stars(value)
  if (shown === 'all') return value
  return name === ':path' ? shownPath(value) : stars(value)
}

/** A path without what its query says. */
function shownPath(path: string): string {
  const at = path.indexOf('?')
  return at === -1 ? path : path.slice(0, at + 1) + stars(path.slice(at + 1))
}

/** A URL without credentials, what its query says, and its fragment. */
export function shownUrl(url: string): string {
  const [whole = ''] = url.split('#', 1)
  const bare = whole.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?]*@/i, '$1')
  return shownPath(bare)
}

function stars(text: string): string {
  return '*'.repeat(text.length)
}
