/**
 * From the arguments of `https.request` to what is asked of whom. Its one rule:
 * what is wrong with them throws here, with the codes that Node gives.
 */
import type { RequestOptions as NodeOptions } from 'node:https'
import { isIP } from 'node:net'
import { urlToHttpOptions } from 'node:url'
import { bracketed, originFrom } from '../wire/origin.ts'
import { sendablePath } from '../wire/request-path.ts'
import { misuse, type NodeError } from './node-error.ts'

/** Options of a request: those of `node:https`. What concerns HTTP/1.1 connections alone means nothing here. */
export interface RequestOptions extends Omit<NodeOptions, 'agent'> {
  /** An `Agent` of this module, or one of `node:https` that makes ordinary connections. */
  readonly agent?: object | boolean | null | undefined
  readonly servername?: string | undefined
}

/** Where a request goes. */
export interface RequestTarget {
  readonly protocol: string
  readonly method: string
  /** Without brackets. */
  readonly hostname: string
  /** As the `host` field has it: the port only if it is not the scheme's. */
  readonly authority: string
  /** As the caller wrote it. */
  readonly path: string
  /** As it is sent. */
  readonly sentPath: string
  /** Scheme and authority as a URL has them; undefined if no host has this name. */
  readonly origin: string | undefined
}

const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** What Node refuses in a path, and the mark of a fragment, which no path has (RFC 9113 §8.3.1). */
const UNESCAPED = /[^\u0021-\u00ff]|#/
/** Letters beyond ASCII, and those that no field may hold: with them Node refuses a name. */
const NOT_ASCII = /[^\0-\x7f]/
const NOT_LATIN = /[^\0-\xff]/
const DEFAULT_PORTS: { readonly [protocol: string]: number } = { 'http:': 80, 'https:': 443 }

/** Options of all forms of arguments as one object. */
export function mergeOptions(
  input: string | URL | RequestOptions,
  given: RequestOptions | undefined,
): RequestOptions {
  if (typeof input === 'string') return { ...urlToHttpOptions(new URL(input)), ...given } as RequestOptions
  if (input instanceof URL) return { ...urlToHttpOptions(input), ...given } as RequestOptions
  return given === undefined ? input : { ...input, ...given }
}

/** Where options lead. Throws TypeError for what is wrong with them. */
export function targetOf(options: RequestOptions): RequestTarget {
  const protocol = options.protocol ?? 'https:'
  const defaultPort = DEFAULT_PORTS[protocol]
  if (defaultPort === undefined) {
    const message = `Protocol "${protocol}" not supported. Expected "https:" or "http:"`
    throw misuse(TypeError, 'ERR_INVALID_PROTOCOL', message)
  }
  const hostname = bare(textOf('hostname', options.hostname) ?? textOf('host', options.host) ?? 'localhost')
  const port = portOf(options.port || options.defaultPort || defaultPort)
  const host = bracketed(hostname)
  const origin = originFrom(protocol, hostname, port)
  const written = port === defaultPort ? host : `${host}:${port}`
  // A name with other letters has a form of its own in a request (RFC 9110 §4.2.3).
  const authority =
    !NOT_ASCII.test(host) || NOT_LATIN.test(host) ? written : (origin?.slice(protocol.length + 2) ?? written)
  const method = methodOf(options.method)
  const path = pathOf(options.path, method)
  return { protocol, method, hostname, authority, path, sentPath: sendablePath(path), origin }
}

/** What the system would say of a name that is none; no name is looked up for it. */
export function notFound(hostname: string): NodeError {
  const error = misuse(
    TypeError,
    'ENOTFOUND',
    `hostname is not the name of a host: ${JSON.stringify(hostname)}`,
  )
  return Object.assign(error, { hostname })
}

function textOf(name: string, value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'string') return value
  throw misuse(TypeError, 'ERR_INVALID_ARG_TYPE', `The "options.${name}" property must be of type string`)
}

function portOf(given: unknown): number {
  const port = Number(given)
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port
  throw misuse(RangeError, 'ERR_SOCKET_BAD_PORT', `Port should be >= 0 and < 65536. Received ${given}`)
}

function bare(host: string): string {
  return host.startsWith('[') && host.endsWith(']') && host.includes(':') ? host.slice(1, -1) : host
}

function methodOf(method: unknown): string {
  if (method === undefined || method === null || method === '') return 'GET'
  if (typeof method !== 'string') {
    throw misuse(TypeError, 'ERR_INVALID_ARG_TYPE', 'The "options.method" property must be of type string')
  }
  if (!METHOD.test(method)) {
    throw misuse(TypeError, 'ERR_INVALID_HTTP_TOKEN', `Method must be a valid HTTP token ["${method}"]`)
  }
  const upper = method.toUpperCase()
  if (upper !== 'CONNECT') return upper
  throw misuse(TypeError, 'ERR_METHOD_NOT_SUPPORTED', 'CONNECT is not supported: an HTTP20Connection tunnels')
}

function pathOf(given: unknown, method: string): string {
  const path = given === undefined || given === null || given === '' ? '/' : String(given)
  if (UNESCAPED.test(path)) {
    throw misuse(TypeError, 'ERR_UNESCAPED_CHARACTERS', 'Request path contains unescaped characters')
  }
  if (path.startsWith('?')) return `/${path}`
  if (path.startsWith('/') || (path === '*' && method === 'OPTIONS')) return path
  const message = `path must begin with "/", not ${JSON.stringify(path.slice(0, 64))}: proxies are an option of the Agent`
  throw misuse(TypeError, 'ERR_INVALID_ARG_VALUE', message)
}

/**
 * The name to verify and to send (RFC 6066 §3): the caller's, else that of a
 * `host` field that names another host than the one dialled.
 */
export function servernameOf(
  options: RequestOptions,
  hostname: string,
  hostField: unknown,
): string | undefined {
  if (options.servername !== undefined) return options.servername
  if (typeof hostField !== 'string') return undefined
  const named = hostField.startsWith('[')
    ? bare(hostField.slice(0, hostField.lastIndexOf(']') + 1))
    : hostField.split(':', 1)[0]!
  const other = named !== '' && named.toLowerCase() !== hostname.toLowerCase() && isIP(named) === 0
  return other ? named : undefined
}
