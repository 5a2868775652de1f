/**
 * Dispatch options taken apart: what undici's callers may write, to what a
 * `Client` takes. Its one rule: what is wrong is an `InvalidArgumentError`
 * before anything is sent, and nothing is added that the caller did not write.
 */
import { isIP } from 'node:net'
import { stringify } from 'node:querystring'
import type { ClientRequestInit } from '../../index.ts'
import { sendablePath } from '../wire/request-path.ts'
import type { DispatchOptions, HeadersGiven } from './contract.ts'
import { DispatchError, invalidArgument } from './errors.ts'

export type Fields = [name: string, value: string][]

/** A request that can be sent. */
export interface Prepared {
  readonly origin: string
  /** As it is sent; the authority of a tunnel. */
  readonly path: string
  /** Whom TLS has to meet, if not the origin's host. */
  readonly servername: string | undefined
  readonly method: string
  /** `:protocol` of an extended CONNECT (RFC 8441 §4). */
  readonly protocol: string | undefined
  /** True if the answer is a byte stream both ways. */
  readonly tunnel: boolean
  /** Names in lower case. */
  readonly fields: Fields
  /** Names as they were written, where that is otherwise: HTTP/1.1 has them so. */
  readonly written: ReadonlyMap<string, string>
  readonly timeouts: ClientRequestInit['timeouts']
  /** The content waits for 100 (Continue) (RFC 9110 §10.1.1). */
  readonly expects: boolean
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const NOT_IN_PATH = /[^\u0021-\u00ff]/
const NOT_IN_VALUE = /[^\t\u0020-\u007e\u0080-\u00ff]/
/** Fields of HTTP/1.1 connections that undici refuses in a request. */
const REFUSED: readonly string[] = ['transfer-encoding', 'keep-alive', 'upgrade']

/** Fields of requests that are no lists, of which `node:http2` sends none twice. */
const SINGLE: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'content-encoding',
  'content-language',
  'content-location',
  'content-md5',
  'content-range',
  'content-type',
  'date',
  'etag',
  'expires',
  'from',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'range',
  'referer',
  'retry-after',
  'user-agent',
])

/** Takes options apart. Throws `InvalidArgumentError` that says what is wrong. */
export function prepare(options: DispatchOptions): Prepared {
  const { method, upgrade } = options
  if (typeof method !== 'string') throw invalidArgument('method must be a string')
  if (!TOKEN.test(method)) throw invalidArgument('invalid request method')
  if (upgrade && typeof upgrade !== 'string') throw invalidArgument('upgrade must be a string')
  if (upgrade && NOT_IN_VALUE.test(upgrade as string)) throw invalidArgument('invalid upgrade header')
  checkFlags(options)
  const protocol = upgrade ? (upgrade as string).toLowerCase() : undefined
  const tunnel = protocol !== undefined || method === 'CONNECT'
  const origin = originOf(options.origin)
  const fields = fieldsOf(options.headers)
  if (options.expectContinue === true && !tunnel) fields.push(['expect', '100-continue'])
  return {
    origin,
    path: pathOf(options, origin, protocol !== undefined),
    servername: servernameOf(options, fields),
    method: tunnel ? 'CONNECT' : method,
    protocol,
    tunnel,
    fields,
    written: writtenNames(options.headers),
    timeouts: timeoutsOf(options, tunnel),
    expects: options.expectContinue === true && !tunnel,
  }
}

/** What has no effect here is still checked: who gave it hears of a mistake as from undici. */
function checkFlags({ reset, expectContinue, typeOfService, maxRedirections }: DispatchOptions): void {
  if (!isFlag(reset)) throw invalidArgument('invalid reset')
  if (!isFlag(expectContinue)) throw invalidArgument('invalid expectContinue')
  if (maxRedirections !== undefined && maxRedirections !== null && maxRedirections !== 0) {
    throw invalidArgument('maxRedirections is not supported, use the redirect interceptor')
  }
  if (typeOfService === undefined || typeOfService === null) return
  if (!Number.isInteger(typeOfService) || typeOfService < 0 || typeOfService > 255) {
    throw invalidArgument('typeOfService must be an integer between 0 and 255')
  }
}

function isFlag(given: unknown): boolean {
  return given === undefined || given === null || typeof given === 'boolean'
}

/** The origin that was asked for last, as text: most requests ask for it again. */
let lastGiven = ''
let lastOrigin = ''

/** What undici takes for an origin: a URL that says nothing more. */
function originOf(given: unknown): string {
  if (given === lastGiven && given !== '') return lastOrigin
  if ((typeof given !== 'string' || given === '') && !(given instanceof URL)) {
    throw invalidArgument('opts.origin must be a non-empty string or URL.')
  }
  const url = parsed(given)
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw invalidArgument('Invalid URL protocol: the URL must start with `http:` or `https:`.')
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') throw invalidArgument('invalid url')
  const { origin, port, hostname: address } = url
  // No connection leads to it, and so say systems.
  if (port === '0') {
    const facts = { code: 'ECONNREFUSED', syscall: 'connect', address, port: 0 }
    throw Object.assign(new Error(`connect ECONNREFUSED ${address}:0`), facts)
  }
  if (typeof given === 'string') {
    lastGiven = given
    lastOrigin = origin
  }
  return origin
}

/** Not asked by `URL.canParse` before: that of Node.js 20 says no to some hosts once it is hot. */
function parsed(given: string | URL): URL | undefined {
  try {
    return new URL(given)
  } catch {
    return undefined
  }
}

function pathOf({ path, query, method }: DispatchOptions, origin: string, upgrades: boolean): string {
  if (typeof path !== 'string') throw invalidArgument('path must be a string')
  if (NOT_IN_PATH.test(path)) throw invalidArgument('invalid request path')
  if (method === 'CONNECT' && !upgrades) return tunnelTarget(path, origin)
  checkTarget(path)
  const own = sendablePath(path)
  if (query === undefined || query === null) return own
  if (own.includes('?')) {
    throw invalidArgument('Query params cannot be passed when url already contains "?" or "#".')
  }
  const text = stringify(query as Parameters<typeof stringify>[0])
  return text === '' ? own : `${own}?${text}`
}

/** RFC 9113 §8.3.1: servers refuse what undici would send here. */
function checkTarget(path: string): void {
  if (/^https?:\/\//.test(path)) {
    const way = 'origin says where it goes, and the option proxy of the dispatcher by which way'
    throw invalidArgument(`path must not be an absolute URL: ${way}`)
  }
  if (!path.startsWith('/')) throw invalidArgument('path must be an absolute URL or start with a slash')
  if (path.includes('#')) throw invalidArgument('invalid request path')
}

/** An authority (RFC 9113 §8.5), in a path; without one, that of the origin. */
function tunnelTarget(path: string, origin: string): string {
  const target = path.replace(/^\//, '')
  return target === '' ? new URL(origin).host : target
}

/** Whom TLS has to meet: as with undici a `host` field says it where nothing else does. */
function servernameOf({ servername }: DispatchOptions, fields: Fields): string | undefined {
  if (servername) return servername
  const host = fields.find(([name]) => name === 'host')?.[1]
  if (host === undefined || host.startsWith('[')) return undefined
  const name = host.split(':', 1)[0]!
  return name === '' || isIP(name) !== 0 ? undefined : name
}

function timeoutsOf(options: DispatchOptions, tunnel: boolean): ClientRequestInit['timeouts'] {
  const headers = milliseconds('headersTimeout', options.headersTimeout)
  const bodyIdle = tunnel ? 0 : milliseconds('bodyTimeout', options.bodyTimeout)
  return headers === undefined && bodyIdle === undefined ? undefined : { headers, bodyIdle }
}

function milliseconds(name: string, given: number | null | undefined): number | undefined {
  if (given === undefined || given === null) return undefined
  if (!Number.isFinite(given) || given < 0) throw invalidArgument(`invalid ${name}`)
  return given
}

/** Every form in which headers are given, as pairs. */
function fieldsOf(headers: HeadersGiven | undefined): Fields {
  const fields: Fields = []
  if (headers === undefined || headers === null) return fields
  if (typeof headers !== 'object') throw invalidArgument('headers must be an object or an array')
  if (Array.isArray(headers)) {
    if (headers.length % 2 !== 0) throw invalidArgument('headers array must be even')
    for (let i = 0; i < headers.length; i += 2) add(fields, headers[i], headers[i + 1])
  } else if (Symbol.iterator in headers) {
    for (const pair of headers) {
      if (!Array.isArray(pair) || pair.length !== 2)
        throw invalidArgument('headers must be in key-value pair format')
      add(fields, pair[0], pair[1])
    }
  } else {
    const record = headers as Readonly<Record<string, unknown>>
    for (const name of Object.keys(record)) add(fields, name, record[name])
  }
  return fields
}

/** The fields with their names as the caller wrote them. */
export function asWritten({ fields, written }: Prepared): Fields {
  return written.size === 0 ? fields : fields.map(([name, value]) => [written.get(name) ?? name, value])
}

const ALL_LOWER: ReadonlyMap<string, string> = new Map()

/** Names that have capitals, by those in lower case. */
function writtenNames(headers: HeadersGiven | undefined): ReadonlyMap<string, string> {
  if (typeof headers !== 'object' || headers === null) return ALL_LOWER
  let written: Map<string, string> | undefined
  const note = (name: unknown): void => {
    if (typeof name !== 'string' || !/[A-Z]/.test(name)) return
    written ??= new Map()
    written.set(name.toLowerCase(), name)
  }
  if (Array.isArray(headers)) for (let i = 0; i < headers.length; i += 2) note(headers[i])
  else if (!(Symbol.iterator in headers)) for (const name of Object.keys(headers)) note(name)
  return written ?? ALL_LOWER
}

/** Adds the authority that is asked for; an empty one is that of the origin. */
function addHost(fields: Fields, value: unknown): void {
  if (Array.isArray(value)) throw invalidArgument('invalid host header')
  if (fields.some(([name]) => name === 'host')) throw invalidArgument('duplicate host header')
  const text = textOf('host', value)
  if (text !== '') fields.push(['host', text])
}

/** RFC 9113 §8.2.2: it speaks of a connection of HTTP/1.1, and is not sent. */
function checkConnection(value: unknown): void {
  const options = typeof value === 'string' ? value.split(',') : ['']
  if (!options.every((option) => TOKEN.test(option.trim())))
    throw invalidArgument('invalid connection header')
}

/** Adds one field as it is sent, or none. */
export function add(fields: Fields, given: unknown, value: unknown): void {
  if (value === undefined) return
  const name = typeof given === 'string' ? given.toLowerCase() : String(given).toLowerCase()
  if (!TOKEN.test(name)) throw invalidArgument('invalid header key')
  if (REFUSED.includes(name)) throw invalidArgument(`invalid ${name} header`)
  if (name === 'expect') throw new DispatchError('UND_ERR_NOT_SUPPORTED', 'expect header not supported')
  if (name === 'connection') checkConnection(value)
  else if (name === 'host') addHost(fields, value)
  else if (!Array.isArray(value)) push(fields, name, textOf(given, value))
  else for (const one of value) push(fields, name, textOf(given, one))
}

/** Adds a field; RFC 9110 §5.3: one that is no list stands once. */
function push(fields: Fields, name: string, value: string): void {
  if (SINGLE.has(name) && fields.some(([other]) => other === name)) {
    const message = `Header field "${name}" must only have a single value`
    const cause = Object.assign(new TypeError(message), { code: 'ERR_HTTP2_HEADER_SINGLE_VALUE' })
    throw new DispatchError('UND_ERR_INFO', message, cause)
  }
  fields.push([name, value])
}

function textOf(name: unknown, value: unknown): string {
  if (value === null) return ''
  if (typeof value === 'string') {
    if (NOT_IN_VALUE.test(value)) throw invalidArgument(`invalid ${name} header`)
    return value
  }
  if (typeof value === 'object' || typeof value === 'function' || typeof value === 'symbol') {
    throw invalidArgument(`invalid ${name} header`)
  }
  return String(value)
}
