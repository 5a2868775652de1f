/** The option `record`: how much of what happens is kept. */

/** What a recording holds. */
export interface RecordOptions {
  /** Octets at most, of memory; what is oldest is dropped. Default 8,388,608, at least 65,536. */
  readonly maxBytes?: number | undefined
  /**
   * Of fields: `'names'` and the lengths of values, with the few values that say how HTTP went; `'all'`
   * values but those that no hop may index; `'none'`. Default `'names'`.
   */
  readonly fields?: 'names' | 'all' | 'none' | undefined
  /** Octets of content that are kept of each message; true for 65,536. Default none. */
  readonly bodies?: boolean | number | undefined
}

const NAMES = ['maxBytes', 'fields', 'bodies']

/** Undefined for nothing. Throws TypeError for what is no such option; values are checked by the tape. */
export function checkRecord(given: boolean | RecordOptions | undefined): RecordOptions | undefined {
  if (given === undefined || given === false) return undefined
  if (given === true) return {}
  if (typeof given !== 'object' || given === null)
    throw new TypeError('record must be a boolean or an object')
  for (const name of Object.keys(given)) {
    if (!NAMES.includes(name))
      throw new TypeError(`record.${name} is not an option; known are ${NAMES.join(', ')}`)
  }
  return given
}
