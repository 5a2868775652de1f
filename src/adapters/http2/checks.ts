/**
 * Checks of what a caller gives, in Node's words and with Node's codes. One
 * rule: they run before anything is changed.
 */
import { inspect } from 'node:util'
import { coded, type NodeError } from './errors.ts'

/** Kinds of value that are named by type; all others are classes. */
const TYPES: ReadonlySet<string> = new Set(['string', 'function', 'number', 'object', 'Object', 'boolean'])

/** `The "options" argument must be of type object. Received null`. */
export function wrongType(name: string, expected: readonly string[], actual: unknown): NodeError {
  const kind = name.includes('.') ? 'property' : 'argument'
  const message = `The "${name}" ${kind} must be ${wanted(expected)}. Received ${received(actual)}`
  return coded(new TypeError(message), 'ERR_INVALID_ARG_TYPE')
}

function wanted(expected: readonly string[]): string {
  const types = expected.filter((name) => TYPES.has(name)).map((name) => name.toLowerCase())
  const classes = expected.filter((name) => !TYPES.has(name))
  if (classes.length > 0 && types.includes('object')) {
    types.splice(types.indexOf('object'), 1)
    classes.push('Object')
  }
  const parts: string[] = []
  if (types.length > 0) parts.push(`${types.length > 1 ? 'one of type' : 'of type'} ${either(types)}`)
  if (classes.length > 0) parts.push(`an instance of ${either(classes)}`)
  return parts.join(' or ')
}

function either(names: readonly string[]): string {
  if (names.length < 3) return names.join(' or ')
  return `${names.slice(0, -1).join(', ')}, or ${names.at(-1)}`
}

function received(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'function') return value.name === '' ? 'function ' : `function ${value.name}`
  if (typeof value === 'object') {
    const name = value.constructor?.name
    return name ? `an instance of ${name}` : inspect(value, { depth: -1 })
  }
  let text = inspect(value, { colors: false })
  if (text.length > 28)
    text = typeof value === 'string' ? `'${value.slice(0, 25)}'...` : `${text.slice(0, 25)}...`
  return `type ${typeof value} (${text})`
}

export function outOfRange(name: string, range: string, actual: unknown): NodeError {
  const separate = typeof actual === 'number' && Number.isInteger(actual) && Math.abs(actual) > 2 ** 32
  const shown = separate ? String(actual).replace(/\B(?=(\d{3})+$)/g, '_') : inspect(actual)
  const message = `The value of "${name}" is out of range. It must be ${range}. Received ${shown}`
  return coded(new RangeError(message), 'ERR_OUT_OF_RANGE')
}

/** An object that is no array, or undefined. */
export function checkObject(value: unknown, name: string, expected: readonly string[] = ['Object']): void {
  if (value === undefined) return
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw wrongType(name, expected, value)
}

export function checkFunction(value: unknown, name: string): void {
  if (typeof value !== 'function') throw wrongType(name, ['Function'.toLowerCase()], value)
}

export function checkBoolean(value: unknown, name: string): void {
  if (typeof value !== 'boolean') throw wrongType(name, ['boolean'], value)
}

/** A number, of `min` at least. */
export function checkNumber(value: unknown, name: string, min?: number): void {
  if (typeof value !== 'number') throw wrongType(name, ['number'], value)
  if (min !== undefined && !(value >= min)) throw outOfRange(name, `>= ${min}`, value)
}

/** An integer from `min` to `max`. */
export function checkInteger(value: unknown, name: string, min: number, max: number): void {
  if (typeof value !== 'number') throw wrongType(name, ['number'], value)
  if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value)
  if (value < min || value > max) throw outOfRange(name, `>= ${min} && <= ${max}`, value)
}

export function checkBytes(value: unknown, name: string): asserts value is Uint8Array {
  if (!ArrayBuffer.isView(value)) throw wrongType(name, ['Buffer', 'TypedArray', 'DataView'], value)
}

export function checkSignal(value: unknown, name: string): asserts value is AbortSignal {
  if (value === null || typeof value !== 'object' || !('aborted' in value)) {
    throw wrongType(name, ['AbortSignal'], value)
  }
}

const MAX_TIMEOUT = 2 ** 31 - 1

/** Milliseconds of a timer. */
export function checkTimeout(value: unknown, name: string): number {
  if (typeof value !== 'number') throw wrongType(name, ['number'], value)
  if (value < 0 || !Number.isFinite(value)) throw outOfRange(name, 'a non-negative finite number', value)
  if (value <= MAX_TIMEOUT) return value
  process.emitWarning(
    `${value} does not fit into a 32-bit signed integer. Timer duration was truncated to ${MAX_TIMEOUT}.`,
    'TimeoutOverflowWarning',
  )
  return MAX_TIMEOUT
}
