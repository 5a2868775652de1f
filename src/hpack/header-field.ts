/**
 * What a header field is to HPACK: two octet strings, a mark, a size
 * (RFC 7541 §1.3, §4.1). One rule: strings hold one character per octet, so a
 * length in characters is a length in octets.
 */

/**
 * A field, name first; the third member marks one that no hop may put into a
 * table (RFC 7541 §6.2.3). Each character stands for one octet.
 *
 * @example
 * const fields: HeaderField[] = [[':method', 'GET'], ['x-token', 's3cret', true]]
 */
export type HeaderField =
  | readonly [name: string, value: string]
  | readonly [name: string, value: string, neverIndexed: true]

/** Octets that a field counts for in a table or a list, given those of its name and value (RFC 7541 §4.1). */
export function fieldSize(nameLength: number, valueLength: number): number {
  return nameLength + valueLength + 32
}
