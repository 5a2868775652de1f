/**
 * Priorities of RFC 7540, which RFC 9113 §5.3.2 gave up: what callers say of
 * them is checked and not sent. From Node.js 24 on a warning says so, once, in
 * Node's words.
 */
import { deprecate } from 'node:util'
import { checkBoolean, checkNumber, checkObject } from './checks.ts'
import { SINCE_24 } from './runtime.ts'

export interface PriorityOptions {
  exclusive?: boolean | undefined
  parent?: number | undefined
  weight?: number | undefined
  silent?: boolean | undefined
}

const deprecated = (text: string): (() => void) =>
  SINCE_24 ? deprecate(() => {}, text, 'DEP0194') : () => {}
const warnOfWeight = deprecated('Priority signaling has been deprecated as of RFC 9113.')
const warnOfPriority = deprecated(
  'http2Stream.priority is longer supported after priority signalling was deprecated in RFC 9113',
)

/** Those of `request()`. */
export function checkRequestPriority(options: PriorityOptions): void {
  if (options.weight !== undefined) warnOfWeight()
  check(options)
}

/** Those of `stream.priority()`. */
export function checkPriority(options: PriorityOptions | undefined): void {
  warnOfPriority()
  checkObject(options, 'options')
  check(options ?? {})
}

function check({ weight, parent, exclusive, silent }: PriorityOptions): void {
  if (weight !== undefined) checkNumber(weight, 'options.weight')
  if (parent !== undefined) checkNumber(parent, 'options.parent', 0)
  if (exclusive !== undefined) checkBoolean(exclusive, 'options.exclusive')
  if (silent !== undefined) checkBoolean(silent, 'options.silent')
}
