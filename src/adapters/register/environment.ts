/**
 * What the environment says to a preload: options in `HYPER_H2_REGISTER`, and
 * whether to say a line (`NODE_DEBUG=hyper`). One rule: what is wrong fails the
 * start of the process, and names the variable.
 */
import { debuglog } from 'node:util'
import type { ClientOptions } from '../../index.ts'

const VARIABLE = 'HYPER_H2_REGISTER'

/** Options of a `Client`, as JSON can say them. */
export function registeredOptions(): ClientOptions {
  const text = process.env[VARIABLE]
  if (text === undefined || text === '') return {}
  let options: unknown
  try {
    options = JSON.parse(text)
  } catch (cause) {
    throw new TypeError(`${VARIABLE} is not JSON`, { cause })
  }
  if (options === null || typeof options !== 'object' || Array.isArray(options)) {
    throw new TypeError(`${VARIABLE} must be a JSON object of Client options`)
  }
  return options as ClientOptions
}

const log = debuglog('hyper')

/** One line on stderr under `NODE_DEBUG=hyper`. */
export function say(what: string): void {
  log('%s', what)
}
