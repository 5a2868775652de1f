/**
 * How many connections one origin may have, by version of HTTP: a connection of
 * HTTP/2 carries many requests, one of HTTP/1.1 one. Its one rule: a number
 * counts for both.
 */

/** A number for each version. */
export interface PerVersion {
  readonly http2: number
  readonly http1: number
}

const DEFAULTS: PerVersion = { http2: 6, http1: 256 }

/** `maxConnectionsPerOrigin`, filled in. Throws TypeError or RangeError that names what is wrong. */
export function checkPerOrigin(given: number | Partial<PerVersion> | undefined): PerVersion {
  if (given === undefined) return DEFAULTS
  if (typeof given === 'number') {
    const both = count('', given)
    return { http2: both, http1: both }
  }
  if (typeof given !== 'object' || given === null) {
    throw new TypeError('maxConnectionsPerOrigin must be an integer or { http2, http1 }')
  }
  const limits = { ...DEFAULTS }
  for (const [name, value] of Object.entries<number | undefined>(given)) {
    if (name !== 'http2' && name !== 'http1') {
      throw new TypeError(`maxConnectionsPerOrigin.${name} is not an option; known are http2, http1`)
    }
    if (value !== undefined) limits[name] = count(`.${name}`, value)
  }
  return limits
}

function count(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value
  throw new RangeError(`maxConnectionsPerOrigin${name} must be an integer, 1 or more`)
}
