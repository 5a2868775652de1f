/**
 * The URL of a request: `baseURL`, `url` and `params`, put together as axios
 * does. Its one rule: the same configuration gives the same text.
 */
import { trimmedEnd } from '../wire/trimmed.ts'
import type { Config, ParamsOptions } from './config.ts'

const ABSOLUTE = /^(?:[a-z][a-z\d+\-.]*:)?\/\//i
/** What parsers of URLs make a URL of all the same, and of another host than its reader would think. */
const HALF_ABSOLUTE =
  /^[\0- ]*[Hh][\t\n\r]*[Tt][\t\n\r]*[Tt][\t\n\r]*[Pp][\t\n\r]*(?:[Ss][\t\n\r]*)?:(?![\t\n\r]*\/[\t\n\r]*\/)/
/** Objects in objects that `params` may hold, unless it is said. */
const MAX_DEPTH = 100

/** The URL as text, not yet parsed. Throws an error with a `code` for what is no URL and for params of no use. */
export function fullUrl(config: Config): string {
  const { baseURL = '', url = '', allowAbsoluteUrls, params, paramsSerializer } = config
  checkScheme(url)
  const relative = !ABSOLUTE.test(url) || allowAbsoluteUrls === false
  if (relative) checkScheme(baseURL)
  const whole = baseURL !== '' && relative ? combined(baseURL, url) : url
  const query = params ? serialized(params, paramsSerializer) : ''
  if (query === '') return whole
  const [path = ''] = whole.split('#', 1)
  return `${path}${path.includes('?') ? '&' : '?'}${query}`
}

/** The text may hold secrets, and is not shown. */
function checkScheme(url: string): void {
  if (!HALF_ABSOLUTE.test(url)) return
  throw Object.assign(new TypeError('Invalid URL: missing "//" after protocol'), { code: 'ERR_INVALID_URL' })
}

function combined(base: string, url: string): string {
  return url === '' ? base : `${trimmedEnd(base, '/')}/${url.replace(/^\/+/, '')}`
}

function serialized(params: unknown, given: Config['paramsSerializer']): string {
  const options: ParamsOptions = typeof given === 'function' ? { serialize: given } : (given ?? {})
  if (options.serialize !== undefined) return options.serialize(params, options)
  if (params instanceof URLSearchParams) return params.toString()
  if (typeof params !== 'object' || params === null) throw new TypeError('params must be an object')
  const pairs: [string, string][] = []
  new Flattener(options, pairs).visit(params, [])
  const encode = (text: string): string =>
    options.encode === undefined ? readable(text) : options.encode(text, escaped)
  return pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')
}

/** Turns nested objects into names and values. */
class Flattener {
  readonly #options: ParamsOptions
  readonly #pairs: [string, string][]
  /** What is being visited: nothing may hold itself. */
  readonly #open: Set<object>

  constructor(options: ParamsOptions, pairs: [string, string][]) {
    this.#options = options
    this.#pairs = pairs
    this.#open = new Set()
  }

  visit(value: object, path: readonly string[]): void {
    const { maxDepth = MAX_DEPTH } = this.#options
    if (path.length > maxDepth) {
      const text = `params are nested too deeply: more than ${maxDepth} levels`
      throw Object.assign(new RangeError(text), { code: 'ERR_FORM_DATA_DEPTH_EXCEEDED' })
    }
    if (this.#open.has(value)) throw new Error(`Circular reference detected in ${path.join('.')}`)
    this.#open.add(value)
    for (const [key, one] of Object.entries(value)) {
      if (one !== undefined && one !== null) this.#one(key.trim(), one, path)
    }
    this.#open.delete(value)
  }

  #one(key: string, value: unknown, path: readonly string[]): void {
    const { metaTokens = true } = this.#options
    if (path.length === 0 && typeof value === 'object' && value !== null) {
      if (key.endsWith('{}')) {
        this.#add(metaTokens ? key : key.slice(0, -2), JSON.stringify(value))
        return
      }
      if (Array.isArray(value) && (key.endsWith('[]') || !value.some(isNested))) {
        this.#list(bare(key), value)
        return
      }
    }
    if (isNested(value)) this.visit(value, [...path, key])
    else this.#add(this.#name(path, key), textOf(value))
  }

  #list(key: string, values: readonly unknown[]): void {
    const { indexes = false } = this.#options
    for (const [index, value] of values.entries()) {
      if (value === undefined || value === null) continue
      const name = indexes === true ? this.#name([key], String(index)) : indexes === null ? key : `${key}[]`
      this.#add(name, textOf(value))
    }
  }

  #name(path: readonly string[], key: string): string {
    const { dots = false } = this.#options
    if (path.length === 0) return key
    const [first = '', ...others] = [...path, key].map(bare)
    return dots ? [first, ...others].join('.') : first + others.map((name) => `[${name}]`).join('')
  }

  #add(name: string, value: string): void {
    this.#pairs.push([name, value])
  }
}

function bare(key: string): string {
  return key.endsWith('[]') ? key.slice(0, -2) : key
}

function isNested(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return Array.isArray(value) || prototype === Object.prototype || prototype === null
}

function textOf(value: unknown): string {
  return value instanceof Date ? value.toISOString() : String(value)
}

/** Everything that a form escapes. */
function escaped(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}

/** Less of it: colon, dollar and comma stay as they are. */
function readable(text: string): string {
  return encodeURIComponent(text)
    .replace(/%3A/gi, ':')
    .replaceAll('%24', '$')
    .replace(/%2C/gi, ',')
    .replaceAll('%20', '+')
}
